import { describe, expect, test } from "vitest";
import { parameterize } from "../../ir/parameterize.ts";
import { interpretKernel } from "../reference/interpret.ts";
import type { Statistics } from "../reference/workers.ts";
import {
  expectNear,
  FORMS,
  forward,
  runPlain,
  titleOf,
  type AttentionCase,
  type AttentionShape,
  type Memory,
} from "./attention.testing.ts";
import { lowerAttention } from "./attention.ts";
import { LEAST_GPU, type GpuTarget } from "./kernel.ts";
import { limitsOf } from "./simulator.testing.ts";

/** Runs the passes of attention on copies of the buffers: what is in them then, and what each pass did. */
function runLowered({ kernel, buffers }: AttentionCase, target: GpuTarget) {
  const { kernel: general, sizes } = parameterize(kernel);
  const { passes, temporaries } = lowerAttention(general, sizes, target);
  const copies = buffers.map((b) => b.slice());
  const memories = temporaries.map((bytes) => new Float32Array(bytes / 4).fill(NaN));
  const statistics = passes.map((pass): Statistics => {
    const bound = pass.buffers.map((b): Memory => (typeof b === "number" ? copies[b]! : memories[b.temporary]!));
    return interpretKernel(pass.kernel, [{ buffers: bound, parameters: pass.sizes }], limitsOf(target));
  });
  return { buffers: copies, statistics, passes };
}

function check(title: string, one: AttentionCase, target: GpuTarget): void {
  const expected = runPlain(one);
  const { buffers } = runLowered(one, target);
  buffers.forEach((b, i) => expectNear(`${title}, buffer ${i}`, b, expected[i]!));
}

const TARGETS: Readonly<Record<string, GpuTarget>> = {
  "16 KiB": LEAST_GPU,
  "32 KiB": { threads: 256, sharedBytes: 32_768 },
  software: { ...LEAST_GPU, software: true },
};

const SHAPES: readonly AttentionShape[] = [
  { batch: 1, heads: 1, queries: 1, keys: 1, e: 1, f: 1 },
  { batch: 2, heads: 2, queries: 9, keys: 13, e: 3, f: 5 },
  { batch: 1, heads: 2, queries: 40, keys: 70, e: 16, f: 16 },
  { batch: 1, heads: 2, queries: 33, keys: 36, e: 32, f: 32, start: 3 },
  { batch: 2, heads: 1, queries: 37, keys: 29, e: 20, f: 12, start: -5 },
  { batch: 1, heads: 2, queries: 34, keys: 40, e: 16, f: 20, mask: "truth" },
  { batch: 1, heads: 2, queries: 34, keys: 40, e: 16, f: 8, mask: "numbers", start: 0 },
  { batch: 2, heads: 1, queries: 20, keys: 41, e: 8, f: 8, mask: "keys" },
  { batch: 1, heads: 3, queries: 36, keys: 36, e: 12, f: 12, layout: "heads inside" },
  { batch: 1, heads: 2, queries: 36, keys: 44, e: 16, f: 16, layout: "turned" },
  { batch: 1, heads: 2, queries: 17, keys: 19, e: 7, f: 6, layout: "turned", start: 0 },
  { batch: 1, heads: 1, queries: 2, keys: 300, e: 16, f: 24, start: 200 },
  { batch: 1, heads: 1, queries: 18, keys: 24, e: 64, f: 96 },
  { batch: 1, heads: 1, queries: 5, keys: 9, e: 40, f: 260 },
];
for (const [name, target] of Object.entries(TARGETS))
  describe(`attention for ${name}`, () => {
    for (const [form, make] of Object.entries(FORMS))
      test(form, () => {
        for (const shape of SHAPES) check(titleOf(shape), make(shape), target);
      });
  });

test("nothing is seen where there are no keys, and no queries are no passes", () => {
  const shape = { batch: 1, heads: 2, queries: 5, keys: 0, e: 4, f: 4 };
  for (const target of Object.values(TARGETS)) {
    const { buffers } = runLowered(forward(shape), target);
    expect([...buffers[3]!]).toEqual(Array(10).fill(-Infinity));
    expect([...buffers[4]!]).toEqual(Array(40).fill(0));
    expect(runLowered(forward({ ...shape, queries: 0, keys: 5 }), target).passes).toEqual([]);
  }
});
