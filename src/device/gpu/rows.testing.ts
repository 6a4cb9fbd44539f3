/** For tests: graphs whose rows are long, short, many and few, so that GPUs share them out in every way they have. */
import type { TypedArray } from "../../core/dtype.ts";
import { HostRandom } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { add, div, mul, sub } from "../../graph/ops/binary.ts";
import { scatter } from "../../graph/ops/gather.ts";
import { fill, input } from "../../graph/ops/leaf.ts";
import { expand, permute, reshape } from "../../graph/ops/movement.ts";
import { argmax, argmin, maxReduce, minReduce, prod, sum } from "../../graph/ops/reduce.ts";
import { cast, exp } from "../../graph/ops/unary.ts";
import { evaluateGraph } from "../reference/graph.ts";
import type { SampleValue } from "../suite.ts";

export const leaf = (array: Float32Array | Int32Array, shape: Shape): Node =>
  input(shape, array instanceof Float32Array ? "f32" : "i32", { array, requiresGrad: false } as SampleValue);

/** Multiples of 1/8 from −4 to 4, of which sums are exact. */
export function eighths(shape: Shape, seed: number = 1): Node {
  const random = new HostRandom(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return leaf(
    Float32Array.from({ length: size }, () => random.integer(65) / 8 - 4),
    shape,
  );
}

const along = (value: Node, shape: Shape): Node => expand(reshape(value, [...shape.slice(0, -1), 1]), shape);

export function softmax(x: Node): Node {
  const last = x.shape.length - 1;
  const power = exp(sub(x, along(maxReduce(x, [last]), x.shape)));
  return div(power, along(sum(power, [last]), x.shape));
}

export function normalized(x: Node): Node {
  const last = x.shape.length - 1;
  const share = fill(x.shape.slice(0, -1), 1 / x.shape[last]!, "f32");
  const centred = sub(x, along(mul(sum(x, [last]), share), x.shape));
  const variance = along(mul(sum(mul(centred, centred), [last]), share), x.shape);
  return div(centred, add(variance, fill(x.shape, 1e-5, "f32")));
}

/** Extremes that stand at several places, of the last row two NaN among them. */
function withEquals(rows: number, length: number): Node {
  const values = new Float32Array(rows * length).fill(1);
  const last = (rows - 1) * length;
  for (const at of [7, 8, 11, length - 1]) {
    values[at] = 3;
    values[last + at] = -5;
  }
  if (rows > 1) values[last + 9] = values[last + length - 2] = NaN;
  return leaf(values, [rows, length]);
}

export interface RowCase {
  readonly title: string;
  readonly root: Node;
  /** Units in the last place that the result may be off by. */
  readonly ulps: number;
}

/** The first element of a result that is not what the reference device has, to so many units in the last place. */
export function differenceOf(
  { root, ulps }: Pick<RowCase, "root" | "ulps">,
  actual: TypedArray,
): { readonly at: number; readonly is: number; readonly wanted: number } | undefined {
  const [expected] = evaluateGraph([root], (node) => (node.source as SampleValue | undefined)?.array);
  if (actual.length !== expected!.length) throw new Error(`${actual.length} elements, expected ${expected!.length}`);
  const isNear = (is: number, wanted: number): boolean =>
    Object.is(is, wanted) || Math.abs(is - wanted) <= ulps * 2 ** -23 * Math.abs(wanted);
  const at = [...expected!].findIndex((wanted, i) => !isNear(actual[i]!, wanted));
  return at < 0 ? undefined : { at, is: actual[at]!, wanted: expected![at]! };
}

export function rowCases(): RowCase[] {
  const cases: RowCase[] = [];
  const put = (title: string, root: Node, ulps = 0): void => void cases.push({ title, root, ulps });
  for (const shape of [
    [4, 300],
    [70, 20],
    [500, 5],
    [2, 20_000],
  ]) {
    const x = eighths(shape);
    put(`sum of [${shape}]`, sum(x, [1]));
    put(`maximum of [${shape}]`, maxReduce(x, [1]));
    put(`minimum of [${shape}]`, minReduce(x, [1]));
    put(`sum of [${shape}] as integers`, sum(cast(x, "i32"), [1]));
    const near1 = add(mul(x, fill(shape, 2 ** -10, "f32")), fill(shape, 1, "f32"));
    put(`product of [${shape}]`, prod(near1, [1]), 200);
    put(`softmax of [${shape}]`, softmax(x), 32);
    put(`normalized [${shape}]`, normalized(x), 256);
  }
  for (const [rows, length] of [
    [3, 600],
    [40, 20],
    [1, 40_000],
  ] as const) {
    put(`the first largest of [${rows},${length}]`, argmax(withEquals(rows, length), [1]));
    put(`the first smallest of [${rows},${length}]`, argmin(withEquals(rows, length), [1]));
    const least = leaf(new Float32Array(rows * length).fill(-Infinity), [rows, length]);
    put(`the first of equals of [${rows},${length}]`, argmax(least, [1]));
  }
  for (const shape of [
    [200, 70],
    [3, 5000],
    [9000, 5],
  ])
    put(`columns of [${shape}]`, sum(eighths(shape), [0]));
  const random = new HostRandom(5);
  for (const [into, from, across] of [
    [40, 300, 6],
    [7, 100, 1],
    [64, 1000, 33],
  ] as const) {
    // Some positions are outside.
    const index = leaf(
      Int32Array.from({ length: from * across }, () => random.integer(into + 2) - 1),
      [from, across],
    );
    for (const mode of ["add", "set", "max"] as const) {
      const [x, updates] = [eighths([into, across]), eighths([from, across], 2)];
      put(`${mode} ${from} into [${into},${across}]`, scatter(mode, x, index, updates, 0));
    }
  }
  put("sum over several axes", sum(eighths([8, 5, 12, 12]), [0, 2, 3]));
  put("a transposed operand", add(permute(eighths([37, 130]), [1, 0]), eighths([130, 37], 2)));
  return cases;
}
