// What docs/keras.md shows is what the example does.
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("every piece of code in docs/keras.md stands in the example", () => {
  const program = read("keras.ts");
  const blocks = [...read("../docs/keras.md").matchAll(/```ts\n(.*?)\n```/gs)].map(([, code]) => code!);
  expect(blocks).toHaveLength(4);
  for (const block of blocks) expect(program.includes(block) ? "" : block).toBe("");
});

test("[P2] [P7] [P26] the example learns, saves, loads and has a step of its own", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import("./keras.ts");
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  expect(lines[0]).toContain("│ conv2d (Conv2D)");
  expect(Number(/validation accuracy ([\d.]+) %/.exec(lines.join("\n"))?.[1])).toBeGreaterThan(75);
  expect(lines.join("\n")).toMatch(/loaded: loss 0\.\d+\nepoch 0: .*\nepoch 1: .*\nreconstruction 0\.\d+/);
}, 60_000);
