import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, mul } from "../../graph/ops/binary.ts";
import { input } from "../../graph/ops/leaf.ts";
import { contiguous, expand, pad, permute, reshape, window } from "../../graph/ops/movement.ts";
import { sum } from "../../graph/ops/reduce.ts";
import { exp } from "../../graph/ops/unary.ts";
import { compiledOn } from "../compiled.testing.ts";
import { stepsOf, type Device } from "../device.ts";
import { NativeDevice } from "../native/device.ts";
import { toolchain } from "../native/native.testing.ts";
import { evaluateGraph } from "../reference/graph.ts";
import type { SampleValue } from "../suite.ts";
import { WasmDevice } from "../wasm/device.ts";
import { turnAcross } from "./across.ts";

let drawn = 0;
function leaf(...shape: number[]): Node {
  const array = Float32Array.from({ length: sizeOf(shape) }, () => ((drawn = (drawn * 7 + 3) % 1009) % 97) / 8);
  return input(shape, "f32", { array, requiresGrad: false } as SampleValue);
}
const channelsLast = (x: Node): Node => contiguous(permute(x, [0, 2, 3, 1]));

/** Blocks with rests on both sides, and rows that jump inside of one. */
const shapes: readonly [number, number, number, number][] = [
  [2, 64, 16, 16],
  [3, 19, 7, 9],
  [1, 200, 5, 5],
  [2, 9, 33, 31],
  [1, 300, 1, 18],
];

/** Graphs that read along one axis and write along another. */
const across: Readonly<Record<string, (shape: readonly number[]) => Node>> = {
  "channels last": (shape) => channelsLast(leaf(...shape)),
  "channels first": ([n, c, h, w]) => contiguous(permute(leaf(n!, h!, w!, c!), [0, 3, 1, 2])),
  "channels last with a border": (shape) =>
    contiguous(
      pad(permute(leaf(...shape), [0, 2, 3, 1]), [
        [0, 0],
        [1, 1],
        [2, 1],
        [0, 0],
      ]),
    ),
  "values of both orders": (shape) =>
    contiguous(add(permute(leaf(...shape), [0, 2, 3, 1]), leaf(shape[0]!, shape[2]!, shape[3]!, shape[1]!))),
  "sums of windows, written channels first": ([n, c, h, w]) => {
    const x = channelsLast(leaf(n!, c!, h! + 2, w!));
    const seen = window(x, { axis: 1, size: 3, stride: 1, dilation: 1 });
    const weights = expand(reshape(leaf(3), [1, 1, 1, 1, 3]), seen.shape);
    return contiguous(permute(sum(mul(seen, weights), [4]), [0, 3, 1, 2]));
  },
};

const devices: readonly Device[] = [
  new WasmDevice({ threads: 1 }),
  ...(toolchain ? [new NativeDevice({ threads: 2, runsBefore: 0 })] : []),
];

for (const [title, build] of Object.entries(across)) {
  const graphs = shapes.map(build);

  test(`${title}: blocks are turned`, () => {
    const kernels = graphs.flatMap((node) => stepsOf(compile({ results: [node], updates: [] }).program.tape));
    const turned = kernels.filter(({ kernel }) => kernel.kind === "loops" && turnAcross(kernel) !== kernel);
    expect(turned.length).toBeGreaterThanOrEqual(graphs.length);
  });

  for (const device of devices)
    test(`${title}, ${device.name}`, async () => {
      const run = compiledOn(device);
      for (const node of graphs) {
        const [want] = evaluateGraph([node], ({ source }) => (source as SampleValue | undefined)?.array);
        expect((await run([node]))[0]).toEqual(want);
      }
    });
}

test("what goes along memory on both sides stays as it is", () => {
  const kernels = [
    contiguous(permute(leaf(4, 6, 32, 16), [0, 2, 1, 3])),
    add(leaf(8, 100), expand(leaf(1, 100), [8, 100])),
    contiguous(permute(leaf(3, 40), [1, 0])),
  ].flatMap((node) => stepsOf(compile({ results: [node], updates: [] }).program.tape));
  for (const { kernel } of kernels) expect(kernel.kind === "loops" && turnAcross(kernel) === kernel).toBe(true);
});

test("a sum of windows that others go on with under other axes is stored as it was computed", () => {
  const [n, c, h, w] = [2, 48, 20, 20];
  const x = leaf(n, h + 2, w, 1, c);
  const sums = sum(window(x, { axis: 1, size: 3, stride: 1, dilation: 1 }), [5]);
  const seen = reshape(permute(sums, [0, 4, 3, 1, 2]), [n, c, h, w]);
  // Dear, and asked for by two: it is stored.
  const power = exp(mul(seen, expand(reshape(leaf(c), [1, c, 1, 1]), seen.shape)));
  const results = [sum(power, [2, 3]), sum(power, [0, 1])];
  const kernels = stepsOf(compile({ results, updates: [] }).program.tape);
  expect(kernels.length).toBeGreaterThan(2);
  for (const { kernel } of kernels) expect(kernel.kind === "loops" && turnAcross(kernel) === kernel).toBe(true);
});
