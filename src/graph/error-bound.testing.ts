/**
 * How far two faithful evaluations of a graph may be apart, worked out from the graph: intervals for the values, a bound on
 * the error, and which values lie on a lattice so coarse that arithmetic on them is exact. A value for which no bound can
 * be given (a comparison of rounded numbers, a division by something near 0) has none, and neither has what follows from it.
 */
import { isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { topological, type Node } from "./node.ts";
import { pairsOf, type Attention } from "./ops/attentionScores.ts";
import { Placeholder, type ScanAttributes } from "./ops/scanBody.ts";

export interface Bound {
  readonly low: number;
  readonly high: number;
  /** The most that an evaluation may be away from the true value; 0: all evaluations give the same number. */
  readonly error: number;
  /** Values are multiples of 2^−bits; infinite when they need not be. */
  readonly bits: number;
  /** Of a loop: those of its results, all steps together. */
  readonly results?: readonly Bound[];
}

/** Digits of the significand. */
const DIGITS: Readonly<Partial<Record<DType, number>>> = { f16: 11, bf16: 8, f32: 24, f64: 53 };
/** Half the distance of the smallest numbers, where it shows. */
const SUBNORMAL: Readonly<Partial<Record<DType, number>>> = { f16: 2 ** -25 };
const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  u8: [0, 255],
  bool: [0, 1],
};
/** Functions without an instruction are good to a few units in the last place; f64's to about 10⁻¹⁴. */
const FUNCTION_ERROR: Readonly<Partial<Record<DType, number>>> = {
  f16: 2 ** -10,
  bf16: 2 ** -7,
  f32: 2 ** -20,
  f64: 1e-13,
};

const most = ({ low, high }: Bound): number => Math.max(Math.abs(low), Math.abs(high));
const unit = (dtype: DType): number => 2 ** -(DIGITS[dtype] ?? 60);
const whole = (low: number, high: number): Bound => ({ low, high, error: 0, bits: 0 });

/** How many fractional bits a number has. */
function bitsOf(value: number): number {
  for (let bits = 0; bits <= 40; bits++) if (Number.isInteger(value * 2 ** bits)) return bits;
  return Infinity;
}

/** The bound of known elements. */
export function boundOfElements(array: TypedArray): Bound {
  if (!array.length) return whole(0, 0);
  let [low, high, bits] = [Infinity, -Infinity, 0];
  for (const value of array) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    bits = Math.max(bits, bitsOf(value));
  }
  return { low, high, error: 0, bits };
}

/** A result of additions and multiplications: exact on a coarse lattice, otherwise rounded `roundings` times. */
function arithmetic(
  dtype: DType,
  low: number,
  high: number,
  bits: number,
  propagated: number,
  roundings: number = 1,
): Bound {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (propagated === 0 && size * 2 ** bits <= 2 ** DIGITS[dtype]!) return { low, high, error: 0, bits };
  const error = propagated + roundings * (unit(dtype) * (size + propagated) + (SUBNORMAL[dtype] ?? 0));
  return { low, high, error, bits: Infinity };
}

/** An integer result, which wraps when it leaves its dtype. */
function integer(dtype: DType, low: number, high: number): Bound {
  const [least, greatest] = RANGES[dtype]!;
  return low >= least && high <= greatest ? whole(low, high) : whole(least, greatest);
}

function union(...bounds: readonly Bound[]): Bound {
  return {
    low: Math.min(...bounds.map((b) => b.low)),
    high: Math.max(...bounds.map((b) => b.high)),
    error: Math.max(...bounds.map((b) => b.error)),
    bits: Math.max(...bounds.map((b) => b.bits)),
  };
}

function product(a: Bound, b: Bound): [number, number] {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  return [Math.min(...corners), Math.max(...corners)];
}

const productError = (a: Bound, b: Bound): number => a.error * most(b) + b.error * most(a) + a.error * b.error;

/** 0, 1, … `count` − 1. */
const counted = (dtype: DType, count: number): Bound =>
  isFloat(dtype) ? whole(0, Math.max(0, count - 1)) : integer(dtype, 0, Math.max(0, count - 1));

/** A sum of `count` values. */
function total(dtype: DType, x: Bound, count: number): Bound {
  const [low, high] = [Math.min(0, count * x.low), Math.max(0, count * x.high)];
  return isFloat(dtype) ? arithmetic(dtype, low, high, x.bits, count * x.error, count) : integer(dtype, low, high);
}

/** Products of up to `count` values. */
function powers(dtype: DType, x: Bound, count: number): Bound | undefined {
  const size = Math.max(1, most(x)) ** count;
  if (!isFloat(dtype)) return integer(dtype, -size, size);
  return size < 1e6 ? arithmetic(dtype, -size, size, x.bits * count, count * size * x.error, count) : undefined;
}

/** All y of y ← a · y + b, from y = 0. */
function recurred(dtype: DType, a: Bound, b: Bound, count: number): Bound {
  let y = whole(0, 0);
  let all = y;
  for (let i = 0; i < count; i++) {
    const [low, high] = product(a, y);
    const scaled = isFloat(dtype)
      ? arithmetic(dtype, low, high, a.bits + y.bits, productError(a, y))
      : integer(dtype, low, high);
    const [least, greatest] = [scaled.low + b.low, scaled.high + b.high];
    y = isFloat(dtype)
      ? arithmetic(dtype, least, greatest, Math.max(scaled.bits, b.bits), scaled.error + b.error)
      : integer(dtype, least, greatest);
    all = union(all, y);
  }
  return all;
}

/** The results of a loop, from those of its inputs: step by step. */
function looped({ body, length }: ScanAttributes, inputs: readonly Bound[]): Bound | undefined {
  const [carries, steps] = [body.carry.length, body.step.length];
  let carry = inputs.slice(0, carries);
  let results: Bound[] | undefined;
  for (let step = 0; step < length; step++) {
    const known = new Map<Node, Bound | undefined>();
    for (const n of topological([...body.next, ...body.outputs])) {
      const { source } = n;
      if (source instanceof Placeholder) {
        const { role, index } = source;
        known.set(
          n,
          role === "carry" ? carry[index] : inputs[role === "step" ? carries + index : carries + steps + index],
        );
      } else
        known.set(
          n,
          boundOf(
            n,
            n.inputs.map((x) => known.get(x)),
          ),
        );
    }
    const next = body.next.map((n) => known.get(n));
    const made = [...next, ...body.outputs.map((n) => known.get(n))];
    if (made.includes(undefined)) return undefined;
    const before = results ?? [...carry, ...(made as Bound[]).slice(carries)];
    results = (made as Bound[]).map((bound, i) => union(before[i]!, bound));
    carry = next as Bound[];
  }
  return { ...whole(0, 0), results: results! };
}

/** A function of one float with slope at most `slope` between `low` and `high`, its values at the ends or at `extremes`. */
function smooth(
  dtype: DType,
  x: Bound,
  f: (x: number) => number,
  slope: number,
  extremes: readonly number[] = [],
): Bound {
  const values = [f(x.low), f(x.high), ...extremes];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (![low, high, slope].every(Number.isFinite)) return { low, high, error: Infinity, bits: Infinity };
  return {
    low,
    high,
    error: slope * x.error + FUNCTION_ERROR[dtype]! * Math.max(1, Math.abs(low), Math.abs(high)),
    bits: Infinity,
  };
}

function unaryBound({ op, dtype }: Node, x: Bound): Bound | undefined {
  const negative = { ...x, low: -x.high, high: -x.low };
  const magnitude = { ...x, low: x.low > 0 ? x.low : x.high < 0 ? -x.high : 0, high: most(x) };
  const least = x.low - x.error;
  switch (op.name) {
    case "neg":
      return isFloat(dtype) ? negative : integer(dtype, negative.low, negative.high);
    case "abs":
      return isFloat(dtype) ? magnitude : integer(dtype, magnitude.low, magnitude.high);
    case "not":
      return whole(...RANGES[dtype]!);
    case "floor":
    case "round":
    case "sign":
      if (x.error > 0) return undefined;
      return op.name === "sign" ? whole(-1, 1) : whole(Math.floor(x.low), Math.ceil(x.high));
    case "exp":
      return x.high < 20 ? smooth(dtype, x, Math.exp, Math.exp(x.high + x.error)) : undefined;
    case "atan":
      return smooth(dtype, x, Math.atan, 1);
    case "tanh":
      return smooth(dtype, x, Math.tanh, 1);
    case "erf":
      return smooth(dtype, x, (y) => (y < 0 ? -1 : y > 0 ? 1 : 0), 1.13);
    case "sin":
    case "cos":
      return most(x) < 1000 ? { ...smooth(dtype, x, Math.sin, 1, [-1, 1]) } : undefined;
    case "log":
      return least > 0 ? smooth(dtype, x, Math.log, 1 / least) : undefined;
    case "sqrt":
      return least > 0 ? smooth(dtype, x, Math.sqrt, 0.5 / Math.sqrt(least)) : undefined;
    case "recip":
      return quotient(dtype, whole(1, 1), x);
    default:
      return undefined;
  }
}

function quotient(dtype: DType, a: Bound, b: Bound): Bound | undefined {
  const nearest = (b.low > 0 ? b.low : b.high < 0 ? -b.high : 0) - b.error;
  if (nearest <= 0) return undefined;
  const [low, high] = product(a, { ...b, low: 1 / b.high, high: 1 / b.low });
  const size = Math.max(Math.abs(low), Math.abs(high));
  return {
    low,
    high,
    error: (a.error + size * b.error) / nearest + 2 * unit(dtype) * size + (SUBNORMAL[dtype] ?? 0),
    bits: Infinity,
  };
}

/** A power of a positive number: monotone in both operands, so everything is found at the corners. */
function power(dtype: DType, a: Bound, b: Bound): Bound | undefined {
  const [low, high] = [a.low - a.error, a.high + a.error];
  if (low <= 0) return undefined;
  const corners = [low, high].flatMap((x) => [b.low, b.high].map((y) => ({ x, y, value: x ** y })));
  const values = corners.map(({ value }) => value);
  const size = Math.max(...values);
  if (!(size < 1e6)) return undefined;
  const slopes = corners.map(
    ({ x, y, value }) => (Math.abs(y) * value * a.error) / x + value * Math.abs(Math.log(x)) * b.error,
  );
  return {
    low: Math.min(...values),
    high: size,
    error: 4 * Math.max(...slopes) + FUNCTION_ERROR[dtype]! * Math.max(1, size),
    bits: Infinity,
  };
}

function binaryBound({ op, dtype, inputs }: Node, a: Bound, b: Bound): Bound | undefined {
  const operands = inputs[0]!.dtype;
  const exact = a.error === 0 && b.error === 0;
  switch (op.name) {
    case "add":
    case "sub": {
      const [low, high] = op.name === "add" ? [a.low + b.low, a.high + b.high] : [a.low - b.high, a.high - b.low];
      return isFloat(dtype)
        ? arithmetic(dtype, low, high, Math.max(a.bits, b.bits), a.error + b.error)
        : integer(dtype, low, high);
    }
    case "mul": {
      const [low, high] = product(a, b);
      return isFloat(dtype)
        ? arithmetic(dtype, low, high, a.bits + b.bits, productError(a, b))
        : integer(dtype, low, high);
    }
    case "div":
      return quotient(dtype, a, b);
    case "pow":
      return power(dtype, a, b);
    case "max":
      return { ...union(a, b), low: Math.max(a.low, b.low) };
    case "min":
      return { ...union(a, b), high: Math.min(a.high, b.high) };
    case "mod":
    case "idiv": {
      const smallest = b.low > 0 ? b.low : b.high < 0 ? -b.high : 0;
      // On a lattice a quotient is whole or far from it, however it is rounded.
      if (
        smallest === 0 ||
        !exact ||
        (isFloat(dtype) && (most(a) / smallest) * 2 ** Math.max(a.bits, b.bits) > 2 ** 20)
      )
        return undefined;
      if (op.name === "mod")
        return { low: Math.min(0, b.low), high: Math.max(0, b.high), error: 0, bits: Math.max(a.bits, b.bits) };
      const size = Math.ceil(most(a) / smallest) + 1;
      return isFloat(dtype) ? whole(-size, size) : integer(dtype, -size, size);
    }
    case "lt":
    case "le":
    case "eq":
    case "ne": {
      const apart = a.high + a.error < b.low - b.error || b.high + b.error < a.low - a.error;
      return exact || apart || !isFloat(operands) ? whole(0, 1) : undefined;
    }
    case "and":
    case "or":
    case "xor":
    case "shl":
    case "shr":
      return whole(...RANGES[dtype]!);
    default:
      return undefined;
  }
}

function castBound({ dtype, inputs }: Node, x: Bound): Bound | undefined {
  const from = inputs[0]!.dtype;
  if (isFloat(dtype)) return arithmetic(dtype, x.low, x.high, x.bits, x.error, isFloat(from) && x.error > 0 ? 1 : 0);
  if (x.error > 0) return undefined;
  if (dtype === "bool") return whole(0, 1);
  const [least, greatest] = RANGES[dtype]!;
  const into = (y: number): number => Math.min(Math.max(Math.trunc(y), least), greatest);
  return isFloat(from) ? whole(into(x.low), into(x.high)) : integer(dtype, x.low, x.high);
}

/** What queries of attention score: numbers are added as masks. */
function scoreBound({ inputs: [q], attributes }: Node, [x, y]: readonly Bound[], masks: readonly Bound[]): Bound {
  const dtype = q!.dtype === "f64" ? "f64" : "f32";
  const dots = contraction(dtype, x!, y!, q!.shape.at(-1)!);
  const size = Math.abs((attributes as Attention).scale);
  const scaled = { ...dots, low: -size * most(dots), high: size * most(dots), error: size * dots.error };
  return masks.reduce(
    (a, b) => arithmetic(dtype, a.low + b.low, a.high + b.high, Infinity, a.error + b.error),
    arithmetic(dtype, scaled.low, scaled.high, Infinity, scaled.error),
  );
}

/** Attention and its gradients; none where a norm may be infinite. */
function attentionBound(node: Node, inputs: readonly Bound[]): Bound | undefined {
  const { op, dtype, inputs: nodes } = node;
  const attributes = node.attributes as Attention;
  const from = op.name === "attention" || op.name === "attentionNorm" ? 3 : 6;
  const { masks } = pairsOf(
    nodes.map((mask, i) => ({ mask, bound: inputs[i]! })),
    from,
    attributes,
  );
  const numbers = masks.filter(({ mask }) => mask.dtype !== "bool").map(({ bound }) => bound);
  const mayBlind = numbers.length < masks.length;
  const wide = dtype === "f64" ? "f64" : "f32";
  const stored = (x: Bound): Bound => arithmetic(dtype, x.low, x.high, Infinity, x.error);
  const score = scoreBound(node, inputs, numbers);
  const [queries, keys] = [nodes[0]!.shape.at(-2)!, nodes[1]!.shape.at(-2)!];
  const growth = 1 / (1 - attributes.dropout);
  const rounding = (keys + 4) * unit(wide) + 4 * FUNCTION_ERROR[wide]!;
  if (op.name === "attentionNorm") {
    if (mayBlind || keys === 0) return undefined;
    const [low, high] = [score.low, score.high + Math.log(keys)];
    return stored({
      low,
      high,
      error: score.error + rounding * Math.max(1, Math.abs(low), Math.abs(high)),
      bits: Infinity,
    });
  }
  if (op.name === "attention") {
    // Shares of a softmax move by twice as much as its scores, and add up to 1.
    const size = growth * most(inputs[2]!);
    const moved = Math.expm1(2 * score.error) + rounding;
    return stored({ low: -size, high: size, error: size * moved + growth * inputs[2]!.error, bits: Infinity });
  }
  const [q, k, v, grad, norm, dots] = inputs as [Bound, Bound, Bound, Bound, Bound, Bound];
  const largest = Math.exp(score.high - norm.low);
  if (!(largest < 1e6)) return undefined;
  const share = {
    low: 0,
    high: largest,
    error:
      largest * (Math.expm1(score.error + norm.error) + 2 * FUNCTION_ERROR[wide]! * (1 + most(score) + most(norm))),
    bits: Infinity,
  };
  const raise = (x: Bound): Bound => ({
    ...x,
    low: -growth * most(x),
    high: growth * most(x),
    error: growth * x.error,
  });
  const rows = op.name === "attentionQueryGradient" ? keys : queries;
  const times = (x: Bound): Bound => ({ ...x, error: x.error + 4 * unit(wide) * most(x) });
  if (op.name === "attentionValueGradient") return stored(contraction(wide, times(raise(share)), grad, rows));
  const towards = raise(contraction(wide, grad, v, nodes[2]!.shape.at(-1)!));
  const left = arithmetic(wide, towards.low - dots.high, towards.high - dots.low, Infinity, towards.error + dots.error);
  const [low, high] = product(share, left);
  const ofScore = times({ low, high, error: productError(share, left), bits: Infinity });
  const size = Math.abs(attributes.scale);
  const scaled = times({
    ...ofScore,
    low: -size * most(ofScore),
    high: size * most(ofScore),
    error: size * ofScore.error,
  });
  return stored(contraction(wide, scaled, op.name === "attentionQueryGradient" ? k : q, rows));
}

/** A sum of so many products. */
function contraction(dtype: DType, x: Bound, y: Bound, count: number): Bound {
  const [low, high] = product(x, y);
  return total(dtype, arithmetic(dtype, low, high, x.bits + y.bits, productError(x, y)), count);
}

/** The bound of a node from those of its inputs; undefined where none can be given. */
export function boundOf(node: Node, inputs: readonly (Bound | undefined)[]): Bound | undefined {
  const { op, dtype, attributes, inputs: nodes } = node;
  if (inputs.includes(undefined)) return undefined;
  const [x, y, z] = inputs as Bound[];
  switch (op.name) {
    case "fill": {
      const value = isFloat(dtype) ? (attributes["value"] as number) : Math.trunc(attributes["value"] as number);
      return Number.isFinite(value) ? { low: value, high: value, error: 0, bits: bitsOf(value) } : undefined;
    }
    case "iota":
      return counted(dtype, node.shape[attributes["axis"] as number]!);
    case "randomBits":
      return whole(...RANGES.u32!);
    case "reshape":
    case "permute":
    case "expand":
    case "slice":
    case "flip":
    case "window":
    case "contiguous":
    case "detach":
    case "after":
    case "custom":
      return x;
    case "pad": {
      const value = attributes["value"] as number;
      return Number.isFinite(value) ? union(x!, { low: value, high: value, error: 0, bits: bitsOf(value) }) : undefined;
    }
    case "dilate":
      return union(x!, whole(0, 0));
    case "concat":
      return union(...(inputs as Bound[]));
    case "where":
      return union(y!, z!);
    case "fold":
      return total(dtype, x!, attributes["size"] as number);
    case "sum":
      return total(dtype, x!, reducedCount(node));
    case "prod":
      return powers(dtype, x!, reducedCount(node));
    case "max":
    case "min":
      if (nodes.length === 1) return x;
      return binaryBound(node, x!, y!);
    case "argmax":
    case "argmin":
      return x!.error === 0 ? whole(0, Math.max(0, reducedCount(node) - 1)) : undefined;
    case "dot": {
      const [a, b] = nodes as [Node, Node];
      const axes = (attributes["contract"] as readonly (readonly number[])[])[0]!;
      const count = axes.reduce((size, axis) => size * a.shape[axis]!, 1);
      if (isFloat(b.dtype)) return contraction(dtype, x!, y!, count);
      const [low, high] = product(x!, y!);
      return integer(dtype, Math.min(0, count * low), Math.max(0, count * high));
    }
    case "attention":
    case "attentionNorm":
    case "attentionQueryGradient":
    case "attentionKeyGradient":
    case "attentionValueGradient":
      return attentionBound(node, inputs as readonly Bound[]);
    case "gather":
      return union(x!, whole(0, 0));
    case "cumulate":
      switch (attributes["mode"]) {
        case "sum":
          return total(dtype, x!, node.shape[attributes["axis"] as number]!);
        case "prod":
          return powers(dtype, x!, node.shape[attributes["axis"] as number]!);
        default:
          return x;
      }
    case "recurrence":
      return recurred(dtype, x!, y!, node.shape[attributes["axis"] as number]!);
    case "countRuns":
    case "mergeRuns":
      return x!.error === 0 ? whole(0, nodes[0]!.shape[attributes["axis"] as number]! - 1) : undefined;
    case "sliceAt":
      return x;
    case "updateAt":
      return union(x!, y!);
    case "scan":
      return looped(attributes as ScanAttributes, inputs as Bound[]);
    case "scanOutput":
      return x!.results![op.tuplePosition!(node)];
    case "scatter": {
      const count = nodes[1]!.shape[attributes["axis"] as number]!;
      if (attributes["mode"] !== "add") return union(x!, z!);
      const added = total(dtype, z!, count);
      const [low, high] = [x!.low + added.low, x!.high + added.high];
      return isFloat(dtype)
        ? arithmetic(dtype, low, high, Math.max(x!.bits, z!.bits), x!.error + added.error, count + 1)
        : integer(dtype, low, high);
    }
    case "cast":
      return castBound(node, x!);
    default:
      return nodes.length === 1 ? unaryBound(node, x!) : binaryBound(node, x!, y!);
  }
}

function reducedCount({ inputs: [x], attributes }: Node): number {
  return sizeOf((attributes["axes"] as readonly number[]).map((axis) => x!.shape[axis]!));
}
