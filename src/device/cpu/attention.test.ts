import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TypedArray } from "../../core/dtype.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { bringAttention } from "../attention.ts";
import { attentionUse, type AttentionCase, type AttentionUse } from "../attention.testing.ts";
import { NativeDevice } from "../native/device.ts";
import { NEEDS_COMPILER, toolchain } from "../native/native.testing.ts";
import { targetFor } from "../native/target.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WasmDevice } from "../wasm/device.ts";
import { execute, step } from "../wasm/handmade.ts";
import { WASM } from "../wasm/target.ts";
import { attentionLoops, attentionWords } from "./attention.ts";

const forms = ["forward", "queries", "keys", "gradients"] as const;

/** Lengths that do not divide tiles, one row, one key; rows that see nothing; batches; views; masks. */
const cases: readonly Omit<AttentionCase, "form">[] = [
  { queries: 1, keys: 1, e: 1, f: 1 },
  { queries: 1, keys: 300, e: 16, f: 16 },
  { queries: 40, keys: 1, e: 5, f: 3 },
  { queries: 33, keys: 37, e: 8, f: 16, batch: [2, 3], layout: "heads" },
  { queries: 70, keys: 131, e: 20, f: 40, batch: [] },
  { queries: 65, keys: 65, e: 16, f: 33, start: 0, batch: [3] },
  { queries: 300, keys: 290, e: 4, f: 8, start: 0 },
  { queries: 50, keys: 40, e: 8, f: 8, start: -10, batch: [2] },
  { queries: 9, keys: 140, e: 8, f: 8, start: 131 },
  { queries: 35, keys: 150, e: 6, f: 10, mask: "pairs", batch: [2] },
  { queries: 35, keys: 150, e: 6, f: 10, mask: "keys", start: 3 },
  { queries: 34, keys: 20, e: 7, f: 9, layout: "columns", batch: [2], start: 0 },
  { queries: 12, keys: 140, e: 300, f: 260 },
];
const title = ({ batch = [1], ...c }: AttentionCase): string => JSON.stringify({ batch, ...c }).replaceAll('"', "");

/** What a row after another gives. */
function expected({ kernel, arrays }: AttentionUse): TypedArray[] {
  const copies = arrays.map((a) => a.slice());
  const { kernel: made, sizes } = parameterize(kernel);
  interpretKernel(made, [{ buffers: copies, parameters: sizes }]);
  return copies;
}

function check(got: readonly TypedArray[], want: readonly TypedArray[], results: number): void {
  for (let b = want.length - results; b < want.length; b++) {
    const finite = Array.from(want[b]!, Math.abs).filter(Number.isFinite);
    const scale = finite.reduce((most, x) => Math.max(most, x), 1e-3);
    want[b]!.forEach((x, at) => {
      const y = got[b]![at]!;
      if (!Object.is(x, y) && !(Math.abs(x - y) <= 4e-6 * scale))
        expect.fail(`buffer ${b}[${at}]: got ${y}, want ${x}`);
    });
  }
}

bringAttention();

describe("attention as loops, interpreted", () => {
  // Sizes that the interpreter counts through in a moment.
  for (const form of forms)
    for (const c of cases.filter(({ queries, keys, e }) => queries * keys * e < 50_000))
      for (const target of [WASM, targetFor(16), targetFor(8)])
        test(`${title({ form, ...c })} by vectors of ${target.lanes}`, () => {
          const use = attentionUse({ form, ...c });
          const { kernel, sizes } = parameterize(use.kernel);
          const buffers = use.arrays.map((a) => a.slice());
          const parameters = [...sizes, ...attentionWords(kernel, sizes, target)];
          const limits = { threads: 1, sharedBytes: 0, registerBytes: 2 ** 30 };
          interpretKernel(attentionLoops(kernel, target), [{ buffers, parameters }], limits);
          check(buffers, expected(use), use.results);
        });
});

const devices = [
  ...[true, false].map((relaxed) => new WasmDevice({ threads: 1, relaxed })),
  ...(toolchain ? [new NativeDevice({ threads: 1, runsBefore: 0 })] : []),
];
afterAll(() => devices.forEach((device) => device.dispose()));
const run = (device: WasmDevice, { kernel, arrays }: AttentionUse): TypedArray[] =>
  execute(device, [step({ kernel, buffers: arrays.map((_, binding) => ({ binding })) })], arrays);

describe(`attention on devices of the processor${NEEDS_COMPILER}`, () => {
  beforeAll(async () => {
    const tape = forms.flatMap((form) =>
      cases.map((c) => step({ kernel: attentionUse({ form, ...c }).kernel, buffers: [] })),
    );
    const [, , native] = devices;
    if (native instanceof NativeDevice) await native.warm([{ tape, bindings: [], scalars: [], scratchBytes: 0 }]);
  }, 600_000);

  for (const form of forms)
    for (const c of cases)
      test(title({ form, ...c }), () => {
        const use = attentionUse({ form, ...c });
        const want = expected(use);
        for (const device of devices) check(run(device, use), want, use.results);
      });

  test("threads make no difference to bits", () => {
    const many = [
      new WasmDevice({ threads: 3 }),
      ...(toolchain ? [new NativeDevice({ threads: 3, runsBefore: 0 })] : []),
    ];
    const alone = toolchain ? [devices[0]!, devices[2]!] : [devices[0]!];
    for (const form of forms) {
      const use = attentionUse({ form, queries: 200, keys: 300, e: 16, f: 24, start: 50, batch: [3] });
      many.forEach((device, i) => expect(run(device, use)).toEqual(run(alone[i]!, use)));
    }
    many.forEach((device) => device.dispose());
  });
});
