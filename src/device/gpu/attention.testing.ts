/** For tests: kernels of attention by hand, forward and of its gradients. */
import {
  affine,
  binary,
  constant,
  index,
  load,
  register,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { AttentionKernel, Axes, Buffer, Product, Weighed } from "../../ir/kernel.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { at, f32, global, numbers, store } from "../reference/building.ts";
import { dense } from "./contract.testing.ts";

export type Memory = Float32Array | Uint8Array;

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Features of queries and keys, and of values. */
  readonly e: number;
  readonly f: number;
  /** Query i sees the keys before i + start + 1; all by default. */
  readonly start?: number;
  /** Truth values, or numbers that are added to scores, for every query and key; or truth values for the keys of a batch. */
  readonly mask?: "truth" | "numbers" | "keys";
  /** Heads side by side within a position, as layers have them; or features in front of positions. */
  readonly layout?: "heads inside" | "turned";
}

export interface AttentionCase {
  readonly kernel: AttentionKernel;
  readonly buffers: readonly Memory[];
}

interface Indices {
  readonly b: Index;
  readonly h: Index;
  readonly i: Index;
  readonly j: Index;
  readonly e: Index;
  readonly f: Index;
}

const axes = (i: Index): Axes => ({ index: i, extent: i.extent });
const some = (count: number, seed: number): Float32Array => numbers(count, seed).map((x) => Math.fround(x / 4));

const indicesOf = ({ batch, heads, queries, keys, e, f }: AttentionShape): Indices => ({
  b: index(batch),
  h: index(heads),
  i: index(queries),
  j: index(keys),
  e: index(e),
  f: index(f),
});

/** Where an element of [batch, heads, positions, features] is. */
function placeOf({ layout }: AttentionShape, b: Index, h: Index, position: Index, feature: Index): Expression {
  if (layout === "heads inside") return dense([b, position, h, feature]);
  return dense(layout === "turned" ? [b, h, feature, position] : [b, h, position, feature]);
}

const SCALE = 0.3;

interface Scores {
  readonly score: (sum: Expression) => Expression;
  readonly buffers: readonly Buffer[];
  readonly memories: readonly Memory[];
}

/** What becomes of products, and the mask in buffer `number`. */
function scoresOf(shape: AttentionShape, { b, h, i, j }: Indices, number: number): Scores {
  const { batch, heads, queries, keys, mask } = shape;
  const scaled = (sum: Expression): Expression => binary("mul", sum, f32(SCALE));
  const bytes = (count: number): Uint8Array =>
    new Uint8Array(some(count, 9).buffer).filter((_, at) => at % 4 === 2).map((x) => (x & 64 ? 1 : 0));
  const truth: Buffer = { dtype: "bool", space: "global", access: "read" };
  const hidden = (place: Expression) => (sum: Expression) =>
    select(load(number, "bool", place), scaled(sum), f32(-Infinity));
  if (mask === "truth")
    // All heads have the same.
    return { score: hidden(dense([b, i, j])), buffers: [truth], memories: [bytes(batch * queries * keys)] };
  if (mask === "keys") return { score: hidden(dense([b, j])), buffers: [truth], memories: [bytes(batch * keys)] };
  if (mask === "numbers") {
    const memory = some(batch * heads * queries * keys, 9).map((x) => (x > 0.8 ? -Infinity : x));
    const add = (sum: Expression): Expression => binary("add", scaled(sum), at(number, dense([b, h, i, j])));
    return { score: add, buffers: [global("read")], memories: [memory] };
  }
  return { score: scaled, buffers: [], memories: [] };
}

/** softmax(q·kᵀ · scale)·v: buffers are q, k, v, the mask if there is one, the norms and the output. */
export function forward(shape: AttentionShape): AttentionCase {
  const { batch, heads, queries, keys, e, f, start } = shape;
  const all = indicesOf(shape);
  const [sum, weight, norm, result] = [register("f32"), register("f32"), register("f32"), register("f32")];
  const { score, buffers, memories } = scoresOf(shape, all, 3);
  const [norms, output] = [3 + buffers.length, 4 + buffers.length];
  const left = at(0, placeOf(shape, all.b, all.h, all.i, all.e));
  const right = at(1, placeOf(shape, all.b, all.h, all.j, all.e));
  const value = at(2, placeOf(shape, all.b, all.h, all.j, all.f));
  const kernel: AttentionKernel = {
    kind: "attention",
    buffers: [global("read"), global("read"), global("read"), ...buffers, global("write"), global("write")],
    parameters: { scalars: [], sizes: 0 },
    batch: [axes(all.b), axes(all.h)],
    m: axes(all.i),
    n: axes(all.j),
    last: start === undefined ? undefined : affine([{ value: all.i, coefficient: 1 }], start + 1),
    products: [{ k: [axes(all.e)], left, right, sum }],
    softmax: { score: score(sum), weight, norm },
    results: [
      {
        f: [axes(all.f)],
        weight,
        value,
        sum: result,
        stores: [store(output, placeOf(shape, all.b, all.h, all.i, all.f), result)],
      },
    ],
    rowStores: [store(norms, dense([all.b, all.h, all.i]), norm)],
  };
  const rows = batch * heads * queries;
  return {
    kernel,
    buffers: [
      some(rows * e, 1),
      some(batch * heads * keys * e, 2),
      some(batch * heads * keys * f, 3),
      ...memories,
      new Float32Array(rows).fill(7),
      new Float32Array(rows * f).fill(7),
    ],
  };
}

/** Gradients: buffers are q, k, v, that of the output, norms, inner products of rows, the mask, and the gradients. */
function gradients(
  shape: AttentionShape,
  make: (
    all: Indices,
    products: { readonly scores: Product; readonly changes: Product },
    weight: { readonly share: Expression; readonly change: Expression },
    result: number,
  ) => Pick<AttentionKernel, "m" | "n" | "first" | "last" | "results">,
  turned: boolean,
): AttentionCase {
  const { batch, heads, queries, keys, e, f } = shape;
  const all = indicesOf(shape);
  const { b, h, i, j } = all;
  const { score, buffers, memories } = scoresOf(shape, all, 6);
  const element = (buffer: number, position: Index, feature: Index): Expression =>
    at(buffer, placeOf(shape, b, h, position, feature));
  const product = (k: Index, query: Expression, key: Expression): Product => ({
    k: [axes(k)],
    left: turned ? key : query,
    right: turned ? query : key,
    sum: register("f32"),
  });
  const scores = product(all.e, element(0, i, all.e), element(1, j, all.e));
  const changes = product(all.f, element(3, i, all.f), element(2, j, all.f));
  const row = dense([b, h, i]);
  const seen = binary("ne", at(4, row), f32(-Infinity));
  const share = select(seen, unary("exp", binary("sub", score(scores.sum), at(4, row))), constant(0, "f32"));
  const change = binary("mul", binary("mul", share, binary("sub", changes.sum, at(5, row))), f32(SCALE));
  const rows = batch * heads * queries;
  const columns = batch * heads * keys;
  const norms = some(rows, 5).map((x, n) => (n % 7 === 3 ? -Infinity : x + 2));
  const made = make(all, { scores, changes }, { share, change }, 6 + buffers.length);
  return {
    kernel: {
      kind: "attention",
      buffers: [
        ...Array.from({ length: 6 }, () => global("read")),
        ...buffers,
        ...made.results.map(() => global("write")),
      ],
      parameters: { scalars: [], sizes: 0 },
      batch: [axes(b), axes(h)],
      products: [scores, changes],
      rowStores: [],
      ...made,
    },
    buffers: [
      some(rows * e, 1),
      some(columns * e, 2),
      some(columns * f, 3),
      some(rows * f, 4),
      norms,
      some(rows, 6),
      ...memories,
      ...(turned ? [columns * e, columns * f] : [rows * e]).map((count) => new Float32Array(count).fill(7)),
    ],
  };
}

const resultOf = (
  shape: AttentionShape,
  { b, h }: Indices,
  [row, column, feature]: readonly [Index, Index, Index],
  weight: Expression,
  from: number,
  to: number,
): Weighed => {
  const sum = register("f32");
  return {
    f: [axes(feature)],
    weight,
    value: at(from, placeOf(shape, b, h, column, feature)),
    sum,
    stores: [store(to, placeOf(shape, b, h, row, feature), sum)],
  };
};

/** The gradient of the queries. */
export const queryGradient = (shape: AttentionShape): AttentionCase =>
  gradients(
    shape,
    (all, _, { change }, result) => ({
      m: axes(all.i),
      n: axes(all.j),
      last: shape.start === undefined ? undefined : affine([{ value: all.i, coefficient: 1 }], shape.start + 1),
      results: [resultOf(shape, all, [all.i, all.j, all.e], change, 1, result)],
    }),
    false,
  );

/** The gradients of keys and values: rows are keys. */
export const keyGradients = (shape: AttentionShape): AttentionCase =>
  gradients(
    shape,
    (all, _, { share, change }, result) => ({
      m: axes(all.j),
      n: axes(all.i),
      first: shape.start === undefined ? undefined : affine([{ value: all.j, coefficient: 1 }], -shape.start),
      results: [
        resultOf(shape, all, [all.j, all.i, all.e], change, 0, result),
        resultOf(shape, all, [all.j, all.i, all.f], share, 3, result + 1),
      ],
    }),
    true,
  );

export const FORMS: Readonly<Record<string, (shape: AttentionShape) => AttentionCase>> = {
  forward: forward,
  "gradient of queries": queryGradient,
  "gradients of keys and values": keyGradients,
};

export const titleOf = ({ batch, heads, queries, keys, e, f, ...rest }: AttentionShape): string =>
  `${[batch, heads, queries, keys, e, f].join(" × ")}${Object.entries(rest)
    .map(([key, value]) => `, ${key} ${value}`)
    .join("")}`;

/** What is in the buffers when the kernel was interpreted as it stands. */
export function runPlain({ kernel, buffers }: AttentionCase): Memory[] {
  const copies = buffers.map((b) => b.slice());
  interpretKernel(kernel, [{ buffers: copies, parameters: [] }]);
  return copies;
}

/** Sums of weights near 1 are near one another, in whatever order. */
export function expectNear(title: string, got: Memory, expected: Memory): void {
  const largest = Math.max(1, ...[...expected].filter((x) => Number.isFinite(x)).map((x) => Math.abs(x)));
  const wrong = [...got].findIndex((x, i) => {
    const y = expected[i]!;
    return Number.isFinite(y) ? !(Math.abs(x - y) <= 4e-6 * largest) : !Object.is(x, y);
  });
  if (wrong >= 0) throw new Error(`${title}: element ${wrong} is ${got[wrong]}, expected ${expected[wrong]}`);
}
