/**
 * Which elements of its global buffers some workgroups of a kernel may touch: bounds of offsets, by interval arithmetic on
 * their expressions. Conditions are taken to be true, so that bounds may be wider than what is touched, and never narrower.
 */
import type { Expression, Param } from "../../ir/expression.ts";
import type { Loop, Statement } from "../../ir/kernel.ts";
import { childrenOf } from "../../ir/expression.ts";
import type { Pass } from "./kernel.ts";

/** From one number to another, both included. */
export type Bounds = readonly [low: number, high: number];

const ANY: Bounds = [-Infinity, Infinity];

/** Bounds of the offsets of every global buffer, for the workgroups from `first` to before `end`. */
export function reachOf({ kernel, sizes }: Pick<Pass, "kernel" | "sizes">, first: number, end: number): Bounds[] {
  const bounds = new Map<number, Bounds>();
  const [grid] = kernel.body;
  const intervals = new Intervals(sizes, kernel.parameters.scalars.length, (buffer, offset) => {
    const known = bounds.get(buffer);
    bounds.set(buffer, known ? union(known, offset) : offset);
  });
  intervals.bind(grid.index, [first, end - 1]);
  intervals.statements(grid.body);
  return kernel.buffers.flatMap(({ space }, b) => (space === "global" ? [bounds.get(b) ?? ([0, 0] as const)] : []));
}

class Intervals {
  private readonly sizes: readonly number[];
  private readonly scalars: number;
  private readonly touch: (buffer: number, offset: Bounds) => void;
  /** Indices and registers. */
  private readonly names = new Map<Expression, Bounds>();
  private known = new Map<Expression, Bounds>();

  constructor(sizes: readonly number[], scalars: number, touch: (buffer: number, offset: Bounds) => void) {
    this.sizes = sizes;
    this.scalars = scalars;
    this.touch = touch;
  }

  bind(name: Expression, bounds: Bounds): void {
    // What was made of another value of it is not known any more.
    if (this.names.has(name)) this.known = new Map();
    this.names.set(name, bounds);
  }

  statements(list: readonly Statement[]): void {
    for (const s of list)
      switch (s.kind) {
        case "let":
          this.bind(s.register, this.of(s.value));
          break;
        case "store":
          this.touch(s.buffer, this.of(s.offset));
          this.of(s.value);
          break;
        case "if":
          this.of(s.condition);
          this.statements(s.body);
          break;
        case "loop":
          this.loop(s);
          break;
        case "exchange":
          this.of(s.value);
          break;
        case "barrier":
          break;
      }
  }

  private loop({ index, extent, body, accumulators }: Loop): void {
    const most = typeof extent === "number" ? extent : this.of(extent)[1];
    if (most <= 0) return;
    this.bind(index, [0, most - 1]);
    this.statements(body);
    for (const { value, position } of accumulators) {
      this.of(value);
      if (position) this.of(position);
    }
  }

  /** Bounds of a whole number; of other values nothing is known. Notes what is loaded. */
  private of(e: Expression): Bounds {
    let bounds = this.known.get(e);
    if (!bounds) this.known.set(e, (bounds = this.find(e)));
    return bounds;
  }

  private find(e: Expression): Bounds {
    switch (e.kind) {
      case "const":
        return [e.value, e.value];
      case "param":
        return this.param(e);
      case "index":
      case "register":
        return this.names.get(e) ?? ANY;
      case "affine":
        return e.terms.reduce(
          (sum, { value, coefficient }) => add(sum, multiply(this.of(value), [coefficient, coefficient])),
          [e.constant, e.constant] as Bounds,
        );
      case "affineParam":
        return e.terms.reduce(
          (sum, { value, coefficient }) =>
            add(sum, coefficient ? multiply(this.of(value), this.of(coefficient)) : this.of(value)),
          e.constant ? this.of(e.constant) : ([0, 0] as Bounds),
        );
      case "quotient":
      case "remainder": {
        const value = this.of(e.value);
        const [divisor] = typeof e.divisor === "number" ? [e.divisor] : this.param(e.divisor);
        return e.kind === "quotient" ? quotient(value, divisor) : remainder(value, divisor);
      }
      case "select": {
        this.of(e.condition);
        return union(this.of(e.yes), this.of(e.no));
      }
      case "cast": {
        const value = this.of(e.value);
        if (e.value.dtype === "bool") return [0, 1];
        return e.dtype === "i32" && e.value.dtype === "i32" ? value : ANY;
      }
      case "load":
        this.touch(e.buffer, this.of(e.offset));
        return ANY;
      case "binary": {
        const [left, right] = [this.of(e.left), this.of(e.right)];
        return e.dtype === "i32" ? binary(e.op, left, right) : ANY;
      }
      default:
        for (const child of childrenOf(e)) this.of(child);
        return ANY;
    }
  }

  /** Sizes are known, scalars are not. */
  private param({ slot }: Param): Bounds {
    const size = this.sizes[slot - this.scalars];
    return size === undefined ? ANY : [size, size];
  }
}

const union = (a: Bounds, b: Bounds): Bounds => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
const add = (a: Bounds, b: Bounds): Bounds => [a[0] + b[0], a[1] + b[1]];

function multiply(a: Bounds, b: Bounds): Bounds {
  // Nothing times any number is nothing.
  const products = a.flatMap((x) => b.map((y) => (x === 0 || y === 0 ? 0 : x * y)));
  return [Math.min(...products), Math.max(...products)];
}

/** Of numbers that are not negative, as indices are. */
function quotient([low, high]: Bounds, divisor: number): Bounds {
  return divisor > 0 ? [Math.floor(Math.max(0, low) / divisor), Math.floor(Math.max(0, high) / divisor)] : ANY;
}

function remainder([low, high]: Bounds, divisor: number): Bounds {
  if (!(divisor > 0)) return ANY;
  const isOnePeriod = low >= 0 && Math.floor(low / divisor) === Math.floor(high / divisor);
  return isOnePeriod ? [low % divisor, high % divisor] : [0, divisor - 1];
}

function binary(op: string, left: Bounds, right: Bounds): Bounds {
  switch (op) {
    case "add":
      return add(left, right);
    case "sub":
      return [left[0] - right[1], left[1] - right[0]];
    case "mul":
      return multiply(left, right);
    case "min":
      return [Math.min(left[0], right[0]), Math.min(left[1], right[1])];
    case "max":
      return [Math.max(left[0], right[0]), Math.max(left[1], right[1])];
    default:
      return ANY;
  }
}
