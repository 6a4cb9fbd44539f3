/** Kernels of attention and its gradients by hand, and the numbers that they run on, for tests of what lowers them. */
import type { TypedArray } from "../core/dtype.ts";
import { HostRandom } from "../core/random.ts";
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
} from "../ir/expression.ts";
import type { AttentionKernel, Axes, Buffer, Store, Weighed } from "../ir/kernel.ts";
import { parameterize } from "../ir/parameterize.ts";
import { interpretKernel } from "./reference/interpret.ts";

export interface AttentionCase {
  /** What is made: outputs, gradients of queries, those of keys and values, or all three gradients. */
  readonly form: "forward" | "queries" | "keys" | "gradients";
  /** Axes in front, each of which operands have too. */
  readonly batch?: readonly number[];
  readonly queries: number;
  readonly keys: number;
  /** Features of queries and keys, and of values. */
  readonly e: number;
  readonly f: number;
  /** Query i sees keys up to i + start. */
  readonly start?: number;
  /** Which keys may be seen: a bool for each pair, or a number for each key that is added to its scores. */
  readonly mask?: "pairs" | "keys";
  /** How operands lie: features side by side, or one after the last batch axis's … or queries (keys) side by side. */
  readonly layout?: "rows" | "heads" | "columns";
}

export interface AttentionUse {
  readonly kernel: AttentionKernel;
  /** The kernel's buffers, results last. */
  readonly arrays: readonly TypedArray[];
  readonly results: number;
}

const f32 = (value: number): Expression => constant(value, "f32");
const mul = (x: Expression, y: Expression): Expression => binary("mul", x, y);
const sub = (x: Expression, y: Expression): Expression => binary("sub", x, y);
const axes = (i: Index): Axes => ({ index: i, extent: i.extent });

/** The kernel of a case, and numbers for it: what the compiler would make of attention and its gradients. */
export function attentionUse(c: AttentionCase, seed = 1): AttentionUse {
  const { form, batch = [1], queries, keys, e, f, start, mask, layout = "rows" } = c;
  const random = new HostRandom(seed);
  const volume = batch.reduce((a, b) => a * b, 1);
  const scale = 1 / Math.sqrt(e);
  const arrays: TypedArray[] = [];
  const buffers: Buffer[] = [];
  const hold = (array: TypedArray, access: Buffer["access"] = "read", dtype: Buffer["dtype"] = "f32"): number => {
    buffers.push({ dtype, space: "global", access });
    return arrays.push(array) - 1;
  };
  const numbers = (count: number, scaled = 1): Float32Array =>
    Float32Array.from({ length: count }, () => (random.integer(2001) / 1000 - 1) * scaled);

  const bs = batch.map((extent) => index(extent));
  const [i, j] = [index(queries), index(keys)];
  /** Where (batch, line, feature) lies. */
  const at = (line: Index, feature: Index): Expression => {
    const [lines, features] = [line.extent, feature.extent];
    const strides = (outer: readonly number[], inner: number): number[] =>
      outer.map((_, a) => outer.slice(a + 1).reduce((x, y) => x * y, inner));
    const heads = bs.length ? bs.at(-1)!.extent : 1;
    const outer =
      layout === "heads" ? strides(batch.slice(0, -1), lines * heads * features) : strides(batch, lines * features);
    const ofBatch = bs.map((b, a) => ({
      value: b,
      coefficient: layout === "heads" && a === bs.length - 1 ? features : outer[a]!,
    }));
    const [ofLine, ofFeature] =
      layout === "columns" ? [1, lines] : [layout === "heads" ? heads * features : features, 1];
    return affine([...ofBatch, { value: line, coefficient: ofLine }, { value: feature, coefficient: ofFeature }], 0);
  };
  const ofRow = (line: Index): Expression =>
    affine(
      [
        ...bs.map((b, a) => ({ value: b, coefficient: batch.slice(a + 1).reduce((x, y) => x * y, line.extent) })),
        { value: line, coefficient: 1 },
      ],
      0,
    );
  const q = hold(numbers(volume * queries * e, 2)),
    k = hold(numbers(volume * keys * e, 2)),
    v = hold(numbers(volume * keys * f));
  const masks =
    mask === "pairs"
      ? hold(
          Uint8Array.from({ length: queries * keys }, () => Number(random.integer(3) > 0)),
          "read",
          "bool",
        )
      : mask === "keys"
        ? hold(numbers(keys).map((x, n) => (n % 5 === 2 ? -Infinity : x)))
        : undefined;
  const sees = start === undefined ? undefined : affine([{ value: i, coefficient: 1 }], start + 1);
  const masked = (score: Expression): Expression => {
    if (mask === "pairs") {
      const seen = load(
        masks!,
        "bool",
        affine(
          [
            { value: i, coefficient: keys },
            { value: j, coefficient: 1 },
          ],
          0,
        ),
      );
      return select(seen, score, f32(-Infinity));
    }
    return mask === "keys" ? binary("add", score, load(masks!, "f32", j)) : score;
  };
  const product = register("f32");
  const score = masked(mul(product, f32(scale)));
  const parameters = { scalars: [], sizes: 0 };
  const output = (line: Index, feature: Index, sum: Expression): Store => ({
    kind: "store",
    buffer: hold(new Float32Array(volume * line.extent * feature.extent).fill(7), "write"),
    offset: at(line, feature),
    value: sum,
  });

  if (form === "forward") {
    const [feature, value, sum, weight, norm] = [index(e), index(f), register("f32"), register("f32"), register("f32")];
    const stores = [output(i, value, sum)];
    const norms = hold(new Float32Array(volume * queries).fill(7), "write");
    const kernel: AttentionKernel = {
      kind: "attention",
      buffers,
      parameters,
      batch: bs.map(axes),
      m: axes(i),
      n: axes(j),
      last: sees,
      products: [
        {
          k: [axes(feature)],
          left: load(q, "f32", at(i, feature)),
          right: load(k, "f32", at(j, feature)),
          sum: product,
        },
      ],
      softmax: { score, weight, norm },
      results: [{ f: [axes(value)], weight, value: load(v, "f32", at(j, value)), sum, stores }],
      rowStores: [{ kind: "store", buffer: norms, offset: ofRow(i), value: norm }],
    };
    return { kernel, arrays, results: 2 };
  }

  const gradient = hold(numbers(volume * queries * f)),
    lse = hold(numbers(volume * queries).map((x, n) => (mask && n % 7 === 3 ? -Infinity : x + 2))),
    dots = hold(numbers(volume * queries));
  const second = register("f32");
  const norm = load(lse, "f32", ofRow(i));
  const share = unary("exp", sub(score, norm));
  const weight = mask ? select(binary("eq", norm, f32(-Infinity)), f32(0), share) : share;
  const change = mul(mul(weight, sub(second, load(dots, "f32", ofRow(i)))), f32(scale));
  const [m, n] = form === "queries" ? [i, j] : [j, i];
  const [e1, f1] = [index(e), index(f)];
  const sides = (x: number, y: number, feature: Index): { left: Expression; right: Expression } => {
    const [ofI, ofJ] = [load(x, "f32", at(i, feature)), load(y, "f32", at(j, feature))];
    return form === "queries" ? { left: ofI, right: ofJ } : { left: ofJ, right: ofI };
  };
  const products = [
    { k: [axes(e1)], ...sides(q, k, e1), sum: product },
    { k: [axes(f1)], ...sides(gradient, v, f1), sum: second },
  ];
  /** A result for each line of `of`, from what stands at each of `over`. */
  const result = (of: Index, over: Index, by: Expression, from: number, extent: number): Weighed => {
    const [feature, sum] = [index(extent), register("f32")];
    return {
      f: [axes(feature)],
      weight: by,
      value: load(from, "f32", at(over, feature)),
      sum,
      stores: [output(of, feature, sum)],
    };
  };
  const ofQueries = (): Weighed => result(i, j, change, k, e);
  const results = form === "queries" ? [ofQueries()] : [result(j, i, change, q, e), result(j, i, weight, gradient, f)];
  const ofKeys = { first: start === undefined ? undefined : affine([{ value: j, coefficient: 1 }], -start) };
  const kernel: AttentionKernel = {
    kind: "attention",
    buffers,
    parameters,
    batch: bs.map(axes),
    m: axes(m),
    n: axes(n),
    ...(form === "queries" ? { last: sees } : ofKeys),
    products,
    results,
    ...(form === "gradients" ? { across: { last: sees, results: [ofQueries()] } } : {}),
    rowStores: [],
  };
  return { kernel, arrays, results: results.length + (kernel.across?.results.length ?? 0) };
}

export const attentionTitle = ({ batch = [1], ...c }: AttentionCase): string =>
  JSON.stringify({ batch, ...c }).replaceAll('"', "");

/** What is in the buffers when one row is done after another. */
export function interpreted({ kernel, arrays }: AttentionUse): TypedArray[] {
  const copies = arrays.map((a) => a.slice());
  const { kernel: made, sizes } = parameterize(kernel);
  interpretKernel(made, [{ buffers: copies, parameters: sizes }]);
  return copies;
}

/** Compares the last buffers: sums of weights near 1, in whatever order. */
export function expectResults(
  what: string,
  got: readonly TypedArray[],
  want: readonly TypedArray[],
  results: number,
): void {
  for (let b = want.length - results; b < want.length; b++) {
    const finite = Array.from(want[b]!, Math.abs).filter(Number.isFinite);
    const scale = finite.reduce((most, x) => Math.max(most, x), 1e-3);
    want[b]!.forEach((x, at) => {
      const y = got[b]![at]!;
      if (!Object.is(x, y) && !(Math.abs(x - y) <= 4e-6 * scale))
        throw new Error(`${what}: buffer ${b}[${at}]: got ${y}, want ${x}`);
    });
  }
}
