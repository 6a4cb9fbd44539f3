import { expect, test } from "vitest";
import { hostArray } from "myelin";
import { csvOf, prefetchTable } from "./prefetch.ts";

test("[S39] examples a second with prefetch on and off, by batch size, as a table and as CSV", async () => {
  const images = hostArray(
    Uint8Array.from({ length: 64 * 784 }, (_, at) => at % 256),
    [64, 28, 28],
  );
  const labels = hostArray(Uint8Array.from({ length: 64 }, (_, at) => at % 10));
  const rows = await prefetchTable({ images, labels, examples: 64, sizes: [16, 32] });
  expect(rows.map(({ prefetch, batch }) => [prefetch, batch])).toEqual([
    ["off", 16],
    ["on", 16],
    ["off", 32],
    ["on", 32],
  ]);
  for (const { examplesPerSecond, stalled } of rows) {
    expect(examplesPerSecond).toBeGreaterThan(0);
    expect(stalled >= 0 && stalled <= 1).toBe(true);
  }
  const lines = csvOf(rows).trimEnd().split("\n");
  expect(lines[0]).toBe("prefetch,batch,examples_per_second,stalled");
  expect(lines.length).toBe(5);
  expect(lines[4]).toMatch(/^on,32,\d+,[\d.]+$/);
});
