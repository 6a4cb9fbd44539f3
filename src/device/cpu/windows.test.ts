// Windows along rows long enough for vectors: what hangs over the edges is computed apart from what lies between.
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { sizeOf } from "../../core/shape.ts";
import { gradients } from "../../graph/grad.ts";
import type { Node } from "../../graph/node.ts";
import { input } from "../../graph/ops/leaf.ts";
import { pad, window } from "../../graph/ops/movement.ts";
import { argmax, argmin, maxReduce, minReduce, sum } from "../../graph/ops/reduce.ts";
import type { Loop } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { walk } from "../../ir/walk.ts";
import { expectClose } from "../compare.ts";
import { compiledOn } from "../compiled.testing.ts";
import { stepsOf, type Device, type Step } from "../device.ts";
import { SimulatedGpu } from "../gpu/simulator.testing.ts";
import { NativeDevice } from "../native/device.ts";
import { toolchain } from "../native/native.testing.ts";
import { evaluateGraph } from "../reference/graph.ts";
import { InterpretingDevice } from "../reference/interpreting.ts";
import type { SampleValue } from "../suite.ts";
import { WasmDevice } from "../wasm/device.ts";

let drawn = 0;
/** Few different numbers, so that windows hold several largest ones, and now and then none at all. */
function leaf(shape: readonly number[], odd: readonly number[] = []): Node {
  const array = Float32Array.from({ length: sizeOf(shape) }, () => {
    drawn = (drawn * 75 + 74) % 65_537;
    return odd[drawn % 61] ?? (drawn % 9) / 8 - 0.5;
  });
  return input(shape, "f32", { array, requiresGrad: true } as SampleValue);
}

interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly widths: readonly [number, number];
}

/** Windows over the last two axes of a value: shape, rows, columns. Widths of two sizes are those of a last window that hangs over. */
const windowed: readonly (readonly [shape: readonly number[], y: Axis, x: Axis])[] = [
  [[2, 3, 9, 40], of(3, 2, 1, [1, 1]), of(3, 2, 1, [1, 1])],
  [[3, 7, 33], of(3, 2, 1, [0, 0]), of(3, 2, 1, [0, 1])],
  [[2, 8, 29], of(3, 1, 1, [1, 1]), of(3, 1, 1, [1, 1])],
  [[2, 11, 50], of(5, 3, 1, [2, 2]), of(5, 3, 1, [2, 2])],
  [[2, 9, 45], of(7, 2, 1, [3, 3]), of(7, 2, 1, [3, 3])],
  [[3, 6, 24], of(2, 2, 1, [0, 0]), of(2, 2, 1, [0, 0])],
  [[2, 6, 37], of(2, 3, 1, [0, 2]), of(2, 3, 1, [0, 2])],
  [[2, 9, 41], of(3, 2, 2, [1, 1]), of(3, 1, 2, [1, 1])],
  [[2, 4, 70], of(1, 1, 1, [0, 0]), of(4, 4, 2, [2, 2])],
];

function of(size: number, stride: number, dilation: number, widths: readonly [number, number]): Axis {
  return { size, stride, dilation, widths };
}

function view(
  value: Node,
  y: Axis,
  x: Axis,
  around: number,
): { readonly seen: Node; readonly axes: readonly number[] } {
  const rank = value.shape.length;
  const widths = value.shape.map(
    (_, i) => (i === rank - 2 ? y : i === rank - 1 ? x : { widths: [0, 0] as const }).widths,
  );
  const rows = window(pad(value, widths, around), { ...y, axis: rank - 2 });
  return { seen: window(rows, { ...x, axis: rank - 1 }), axes: [rank, rank + 1] };
}

const withGradient = (value: Node, result: Node): Node[] => {
  const [grad] = gradients([result], [leaf(result.shape)], [value]);
  return [result, grad!];
};

const INFINITE = [NaN, -Infinity, Infinity, -0];

const pools: Readonly<Record<string, (shape: readonly number[], y: Axis, x: Axis) => readonly Node[]>> = {
  largest: (shape, y, x) => {
    const value = leaf(shape, INFINITE);
    const { seen, axes } = view(value, y, x, -Infinity);
    return [...withGradient(value, maxReduce(seen, axes)), argmax(seen, axes)];
  },
  smallest: (shape, y, x) => {
    const value = leaf(shape, INFINITE);
    const { seen, axes } = view(value, y, x, Infinity);
    return [...withGradient(value, minReduce(seen, axes)), argmin(seen, axes)];
  },
  sums: (shape, y, x) => {
    const value = leaf(shape);
    const { seen, axes } = view(value, y, x, 0);
    return withGradient(value, sum(seen, axes));
  },
};

const devices: readonly Device[] = [
  new InterpretingDevice(),
  new SimulatedGpu(),
  new WasmDevice({ threads: 1 }),
  ...(toolchain ? [new NativeDevice({ threads: 2, runsBefore: 0 })] : []),
];

for (const [title, build] of Object.entries(pools)) {
  const graphs = windowed.flatMap((given) => build(...given));
  for (const device of devices)
    test(`${title} of windows, and their gradients, ${device.name}`, async () => {
      const want = evaluateGraph(graphs, ({ source }) => (source as SampleValue | undefined)?.array);
      const got = await compiledOn(device)(graphs);
      graphs.forEach(({ dtype, shape }, i) =>
        expectClose(`${i}, ${shape}`, dtype, got[i], want[i]!, { ulps: 8, scale: 1 }),
      );
    });
}

/** The loops of a kernel's rows that vectors run along. */
const alongRows = ({ kernel }: Step): Loop[] =>
  kernel.kind === "loops"
    ? kernel.body.flatMap((rows) =>
        rows.kind === "loop" ? rows.body.filter((s): s is Loop => s.kind === "loop" && s.axis === "parallel") : [],
      )
    : [];

test("between the edges of an image nobody asks where a window hangs over, nor divides", () => {
  const value = leaf([2, 3, 112, 112]);
  const axis = of(3, 2, 1, [1, 1]);
  const { seen, axes } = view(value, axis, axis, -Infinity);
  const program = compile({ results: withGradient(value, maxReduce(seen, axes)), updates: [] }).program;
  const loops = stepsOf(program.tape).flatMap(alongRows);
  expect(loops).toHaveLength(2);
  for (const loop of loops)
    walk(expressionsOf([loop]), (e) => {
      // Of every element it is asked which place of a window was the largest.
      const asks =
        e.kind === "quotient" ||
        e.kind === "remainder" ||
        (e.kind === "binary" && e.op !== "eq" && e.left.dtype === "i32");
      if (asks) expect(e.free).not.toContain(loop.index);
    });
});
