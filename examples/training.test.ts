// What docs/training.md shows is what the example does.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { main } from "./training.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
/** The document begins its pieces at the margin, the example within a function. */
const unindented = (code: string): string => code.replaceAll(/^ +/gm, "");

test("every piece of code in docs/training.md stands in the example", () => {
  const program = unindented(read("training.ts"));
  const blocks = [...read("../docs/training.md").matchAll(/```ts\n(.*?)\n```/gs)].map(([, code]) => code!);
  expect(blocks).toHaveLength(7);
  for (const block of blocks) expect(program.includes(unindented(block)) ? "" : block).toBe("");
});

test("the example learns, watches, keeps checkpoints and searches", async () => {
  const folder = await mkdtemp(join(tmpdir(), "myelin-training-"));
  try {
    const { right, batch, searched } = await main(folder, 1000, () => undefined);
    expect(right).toBeGreaterThan(0.8);
    expect(batch).toBeGreaterThan(100);
    expect(searched).toBeLessThan(0.6);
    for (const made of ["best.safetensors", "log.csv", "run.html", "study.jsonl", "tensorboard/train", "checkpoints"])
      expect(existsSync(join(folder, made)), made).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);
