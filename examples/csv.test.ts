import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { main } from "./csv.ts";

test("a regression learns from a CSV file of invented molluscs", async () => {
  const lines: string[] = [];
  const { error, ofMean } = await main({ epochs: 20, print: (line) => void lines.push(line) });
  expect(error).toBeLessThan(ofMean / 2);
  expect(lines[0]).toBe("1000 rows: length, diameter, height, whole, shucked, viscera, shell, rings, male, infant");
  expect(lines.at(-1)).toMatch(/^mean error on 200 others: [\d.]+ rings; by always saying the mean, [\d.]+$/);
});

const abalone = `${process.env["MYELIN_DATA"] || "../shared/data"}/tabular/abalone.csv`;
test.skipIf(!existsSync(abalone))(
  "and from that of the UCI repository (skipped without MYELIN_DATA or ../shared/data)",
  async () => {
    const { error, ofMean } = await main({ file: abalone, epochs: 10, print: () => undefined });
    // The best that is reported of this data is about 1.5 rings; the mean's error 2.4.
    expect(error).toBeLessThan(1.75);
    expect(ofMean).toBeGreaterThan(2.2);
  },
);
