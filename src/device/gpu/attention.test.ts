import { describe, expect, test } from "vitest";
import type { TypedArray } from "../../core/dtype.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { attentionTitle, attentionUse, expectResults, interpreted, type AttentionCase } from "../attention.testing.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { attentionChoices, lowerAttention } from "./attention.ts";
import { LEAST_GPU, type GpuTarget } from "./kernel.ts";
import { limitsOf } from "./simulator.testing.ts";

/** Runs the passes of attention on copies of the buffers: what is in them then, and what each pass did. */
function runLowered(c: AttentionCase, target: GpuTarget, choice?: number) {
  const { kernel, arrays } = attentionUse(c);
  const { kernel: general, sizes } = parameterize(kernel);
  const { passes, temporaries } = lowerAttention(general, sizes, target, choice);
  const copies = arrays.map((b) => b.slice());
  const memories = temporaries.map((bytes) => new Float32Array(bytes / 4).fill(NaN));
  const statistics = passes.map((pass) => {
    const bound = pass.buffers.map((b): TypedArray => (typeof b === "number" ? copies[b]! : memories[b.temporary]!));
    return interpretKernel(pass.kernel, [{ buffers: bound, parameters: pass.sizes }], limitsOf(target));
  });
  return { arrays: copies, statistics, passes, temporaries };
}

function check(c: AttentionCase, target: GpuTarget, choice?: number): void {
  const use = attentionUse(c);
  expectResults(attentionTitle(c), runLowered(c, target, choice).arrays, interpreted(use), use.results);
}

const MORE: GpuTarget = { threads: 256, sharedBytes: 32_768 };
const SOFTWARE: GpuTarget = { ...LEAST_GPU, software: true };
const FORMS = ["forward", "queries", "keys", "gradients"] as const;

const cases: readonly Omit<AttentionCase, "form">[] = [
  { queries: 1, keys: 1, e: 1, f: 1 },
  { queries: 9, keys: 13, e: 3, f: 5, batch: [2, 2] },
  { queries: 33, keys: 36, e: 32, f: 32, start: 3 },
  { queries: 17, keys: 29, e: 20, f: 12, start: -5, batch: [2] },
  { queries: 14, keys: 40, e: 16, f: 20, mask: "pairs" },
  { queries: 10, keys: 41, e: 8, f: 8, mask: "keys", batch: [2] },
  { queries: 18, keys: 20, e: 12, f: 12, layout: "heads", batch: [1, 3] },
  { queries: 36, keys: 20, e: 8, f: 16, layout: "columns", batch: [] },
  { queries: 17, keys: 19, e: 7, f: 6, layout: "columns", start: 0 },
  { queries: 2, keys: 300, e: 16, f: 24, start: 200 },
  { queries: 12, keys: 290, e: 4, f: 8, start: 250 },
  { queries: 10, keys: 14, e: 24, f: 96 },
  { queries: 5, keys: 9, e: 40, f: 260 },
];

const TARGETS = { "GPUs with little shared memory": LEAST_GPU, "GPUs with more": MORE, software: SOFTWARE };

for (const [name, target] of Object.entries(TARGETS))
  describe(`attention for ${name}`, () => {
    for (const form of FORMS)
      test(form, () => {
        for (const c of cases) check({ form, ...c }, target);
      });
  });

test("every way to do it gives the same, but for rounding", () => {
  const shape = { queries: 11, keys: 19, e: 20, f: 24, start: 2, mask: "keys", batch: [] } as const;
  FORMS.forEach((form, at) => {
    const { kernel, sizes } = parameterize(attentionUse({ form, ...shape }).kernel);
    const choices = attentionChoices(kernel, sizes, MORE);
    expect(choices).toBeGreaterThan(10);
    // A third of them each.
    for (let choice = at; choice < choices; choice += 3) check({ form, ...shape }, MORE, choice);
  });
});

test("heads of every usual size are done in tiles", () => {
  for (const features of [16, 32, 64, 80, 96, 128, 256])
    for (const form of features > 128 ? (["forward"] as const) : FORMS) {
      const { kernel, sizes } = parameterize(
        attentionUse({ form, queries: 64, keys: 64, e: features, f: features }).kernel,
      );
      const { passes } = lowerAttention(kernel, sizes, LEAST_GPU);
      expect(passes[0]!.kernel.buffers.filter((b) => b.space === "shared")).toHaveLength(3);
    }
});

test("weights are never stored, and columns that no row sees are not read", () => {
  const shape = { form: "forward", queries: 96, keys: 96, e: 8, f: 8, batch: [] } as const;
  for (const target of [LEAST_GPU, SOFTWARE]) {
    const all = runLowered(shape, target);
    const seen = runLowered({ ...shape, start: 0 }, target);
    expect(all.temporaries.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(96 * 96 * 2);
    // Of keys and of values.
    for (const buffer of [1, 2])
      expect(seen.statistics[0]!.reads[buffer]! / all.statistics[0]!.reads[buffer]!).toBeLessThan(0.85);
  }
});

test("where rows are few, columns are shared out, and the parts are added up", () => {
  const shape = { form: "forward", queries: 1, keys: 1000, e: 8, f: 8, batch: [2] } as const;
  const { passes, statistics } = runLowered(shape, LEAST_GPU);
  // One pass adds up results, one what becomes of rows.
  expect(passes).toHaveLength(3);
  expect(statistics[0]!.workgroups * statistics[0]!.threads).toBeGreaterThanOrEqual(60);
});

test("nothing is seen where there are no keys, and no queries are no passes", () => {
  const shape = { form: "forward", batch: [2], queries: 5, keys: 0, e: 4, f: 4 } as const;
  for (const target of [LEAST_GPU, SOFTWARE])
    for (const queries of [5, 20]) {
      const { arrays } = runLowered({ ...shape, queries }, target);
      const [output, norms] = arrays.slice(-2) as [TypedArray, TypedArray];
      expect([...output]).toEqual(Array(2 * queries * 4).fill(0));
      expect([...norms]).toEqual(Array(2 * queries).fill(-Infinity));
      expect(runLowered({ ...shape, queries: 0, keys: 5 }, target).passes).toEqual([]);
    }
});

test("other lengths are the same kernel", () => {
  const keys = (queries: number, keys: number): string[] =>
    runLowered({ form: "forward", queries, keys, e: 8, f: 8 }, LEAST_GPU).passes.map((p) => p.key);
  expect(keys(33, 41)).toEqual(keys(47, 39));
});
