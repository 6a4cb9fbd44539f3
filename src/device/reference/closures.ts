/**
 * Expressions as JavaScript closures: compiled once, called once per element. No code is generated from text, because
 * pages may forbid it.
 */
import type { StoredArray } from "../../core/dtype.ts";
import {
  childrenOf,
  type Expression,
  type Index,
  type Param,
  type Reduce,
  type Register,
} from "../../ir/expression.ts";
import { identityOf } from "../../ir/kernel.ts";
import { beats, binaryFunction, bitcastFunction, castFunction, combineFunction, unaryFunction } from "./arithmetic.ts";

/** What one thread of a kernel knows: the numbers of its variables and the memories it sees. */
export interface Frame {
  /** Indices, registers, parameters, kept values and their stamps, by slot. */
  readonly values: Float64Array;
  /** By the kernel's buffer number. */
  readonly buffers: StoredArray[];
}

export type Closure = (frame: Frame) => number;

export interface ClosureOptions {
  /** How an element is read; the offset counts elements. */
  readonly load: (buffer: number, offset: Closure) => Closure;
  /** Whether the kernel writes the buffer, so that a value read from it holds for one statement only. */
  readonly writes: (buffer: number) => boolean;
  /** Round every f32 result as a device would, not only what is stored. */
  readonly rounding: boolean;
  /** Compute both sides of every choice, as vectors do, so that a read which only luck keeps in bounds is noticed. */
  readonly eager: boolean;
}

/** Slots of `values` with a meaning of their own: counts statements and iterations. */
const TICK = 0;

/**
 * Compiles the expressions of one kernel. Values used several times, and values that do not change in the loop that uses
 * them, are computed once: each is kept with the version of the innermost loop it depends on, and every iteration of a
 * loop raises its version.
 */
export class Closures {
  readonly #options: ClosureOptions;
  readonly #compiled = new Map<Expression, Closure>();
  readonly #uses = new Map<Expression, number>();
  readonly #slots = new Map<Index | Register | number, number>();
  readonly #depths = new Map<Index | Register, number>();
  /** By depth: the slot of the loop's version. */
  readonly #versions: number[] = [];
  readonly #volatile = new Map<Expression, boolean>();
  #size = TICK + 1;

  constructor(options: ClosureOptions) {
    this.#options = options;
  }

  /** A frame for one thread. To be called when everything is compiled. */
  frame(buffers: StoredArray[]): Frame {
    const values = new Float64Array(this.#size);
    this.refresh({ values, buffers });
    return { values, buffers };
  }

  /** Forgets kept values, as is needed when the memories or parameters of a frame were changed from outside. */
  refresh(frame: Frame): void {
    frame.values[TICK]!++;
    for (const slot of this.#versions) frame.values[slot]!++;
  }

  /** A fresh slot. */
  reserve(): number {
    return this.#size++;
  }

  /** The slot of a parameter. */
  parameter(slot: number): number {
    return this.#slotOf(slot);
  }

  /** The slot of a variable that changes `depth` loops deep. */
  bind(variable: Index | Register, depth: number): number {
    this.#depths.set(variable, depth);
    this.version(depth);
    return this.#slotOf(variable);
  }

  /** The slot of the version of loops `depth` deep: raised whenever a variable of that depth changes. */
  version(depth: number): number {
    while (this.#versions.length <= depth) this.#versions.push(this.reserve());
    return this.#versions[depth]!;
  }

  /** Tells which expressions are used, so that those used twice are kept. To be called for all before compiling any. */
  count(e: Expression): void {
    const uses = this.#uses.get(e) ?? 0;
    this.#uses.set(e, uses + 1);
    if (uses === 0) for (const child of childrenOf(e)) this.count(child);
  }

  /** The closure of an expression whose variables are bound. */
  compile(e: Expression): Closure {
    let known = this.#compiled.get(e);
    if (!known) {
      known = this.#build(e);
      if (childrenOf(e).length && ((this.#uses.get(e) ?? 0) > 1 || e.kind === "reduce")) known = this.#keep(e, known);
      this.#compiled.set(e, known);
    }
    return known;
  }

  /** The value of an extent or divisor. */
  size(n: number | Param | Register): Closure {
    return typeof n === "number" ? () => n : this.compile(n);
  }

  #slotOf(key: Index | Register | number): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) this.#slots.set(key, (slot = this.reserve()));
    return slot;
  }

  #depthOf(e: Expression): number {
    let depth = 0;
    for (const variable of e.free) {
      const own = this.#depths.get(variable);
      if (own === undefined)
        throw new Error(`reference: ${variable.kind} ${variable.id} is used outside the loop that sets it`);
      depth = Math.max(depth, own);
    }
    return depth;
  }

  #isVolatile(e: Expression): boolean {
    let known = this.#volatile.get(e);
    if (known === undefined) {
      known =
        (e.kind === "load" && this.#options.writes(e.buffer)) || childrenOf(e).some((child) => this.#isVolatile(child));
      this.#volatile.set(e, known);
    }
    return known;
  }

  #keep(e: Expression, compute: Closure): Closure {
    const value = this.reserve();
    const stamp = this.reserve();
    const version = this.#isVolatile(e) ? TICK : this.version(this.#depthOf(e));
    return (frame) => {
      const { values } = frame;
      if (values[stamp] !== values[version]) {
        values[value] = compute(frame);
        // After, not before: computing may itself raise the version.
        values[stamp] = values[version]!;
      }
      return values[value]!;
    };
  }

  /** An operand: kept when it stays the same while the expression that uses it changes. */
  #operand(e: Expression, user: Expression): Closure {
    const closure = this.compile(e);
    const plain = !childrenOf(e).length || (this.#uses.get(e) ?? 0) > 1 || e.kind === "reduce";
    return plain || this.#isVolatile(e) || this.#depthOf(e) >= this.#depthOf(user) ? closure : this.#keep(e, closure);
  }

  #rounded(e: Expression, compute: Closure): Closure {
    return this.#options.rounding && e.dtype === "f32" ? (frame) => Math.fround(compute(frame)) : compute;
  }

  #build(e: Expression): Closure {
    switch (e.kind) {
      case "const": {
        const value = e.value;
        return () => value;
      }
      case "param":
      case "index":
      case "register": {
        if (e.kind !== "param") this.#depthOf(e);
        const slot = this.#slotOf(e.kind === "param" ? e.slot : e);
        return (frame) => frame.values[slot]!;
      }
      case "affine":
        return sum(
          e.terms.map(({ value, coefficient }) => product(this.#operand(value, e), coefficient)),
          e.constant,
        );
      case "affineParam": {
        const terms = e.terms.map(({ value, coefficient }): Closure => {
          const factor = this.compile(value);
          const by = coefficient && this.compile(coefficient);
          return by ? (frame) => Math.imul(factor(frame), by(frame)) : factor;
        });
        return sum(e.constant ? [...terms, this.compile(e.constant)] : terms, 0);
      }
      case "quotient":
      case "remainder": {
        const value = this.#operand(e.value, e);
        const divisor = this.size(e.divisor);
        return e.kind === "quotient"
          ? (frame) => Math.floor(value(frame) / divisor(frame))
          : (frame) => value(frame) % divisor(frame);
      }
      case "unary": {
        const apply = unaryFunction(e.op, e.dtype);
        const value = this.#operand(e.value, e);
        return this.#rounded(e, (frame) => apply(value(frame)));
      }
      case "binary": {
        const apply = binaryFunction(e.op, e.left.dtype);
        const left = this.#operand(e.left, e);
        const right = this.#operand(e.right, e);
        return this.#rounded(e, (frame) => apply(left(frame), right(frame)));
      }
      case "fused": {
        const [x, y, z] = [this.#operand(e.x, e), this.#operand(e.y, e), this.#operand(e.z, e)];
        return this.#rounded(e, (frame) => x(frame) * y(frame) + z(frame));
      }
      case "select": {
        const condition = this.#operand(e.condition, e);
        const yes = this.#operand(e.yes, e);
        const no = this.#operand(e.no, e);
        if (!this.#options.eager) return (frame) => (condition(frame) === 0 ? no(frame) : yes(frame));
        return (frame) => {
          const chosen = yes(frame);
          const otherwise = no(frame);
          return condition(frame) === 0 ? otherwise : chosen;
        };
      }
      case "cast":
      case "bitcast": {
        const apply = (e.kind === "cast" ? castFunction : bitcastFunction)(e.value.dtype, e.dtype);
        const value = this.#operand(e.value, e);
        return (frame) => apply(value(frame));
      }
      case "load":
        return this.#options.load(e.buffer, this.#operand(e.offset, e));
      case "reduce":
        return this.#reduce(e);
    }
  }

  #reduce(e: Reduce): Closure {
    const depth = this.#depthOf(e) + 1;
    const slots = e.axes.map((axis) => this.bind(axis, depth));
    const extents = e.axes.map((axis) => axis.extent);
    const total = extents.reduce((size, extent) => size * extent, 1);
    const version = this.version(depth);
    const body = this.compile(e.body);
    /** Visits all positions in row-major order. */
    const visit = (frame: Frame, each: (value: number, position: number) => void): void => {
      const { values } = frame;
      for (const slot of slots) values[slot] = 0;
      for (let position = 0; position < total; position++) {
        values[version]!++;
        values[TICK]!++;
        each(body(frame), position);
        for (let axis = slots.length - 1; axis >= 0; axis--) {
          if (++values[slots[axis]!]! < extents[axis]!) break;
          values[slots[axis]!] = 0;
        }
      }
    };
    const { op } = e;
    if (op === "argmax" || op === "argmin") {
      const better = beats(op);
      return (frame) => {
        let best = 0;
        let winner = 0;
        visit(frame, (value, position) => {
          if (position > 0 && !better(value, best)) return;
          best = value;
          winner = position;
        });
        return winner;
      };
    }
    const combine = combineFunction(op, e.dtype);
    const identity = identityOf(op, e.dtype);
    return this.#rounded(e, (frame) => {
      let total = identity;
      visit(frame, (value) => {
        total = combine(total, value);
      });
      return total;
    });
  }
}

/** Raises the statement count: values read from memories that the kernel writes are read again. */
export function tick(frame: Frame): void {
  frame.values[TICK]!++;
}

function product(value: Closure, coefficient: number): Closure {
  return coefficient === 1 ? value : (frame) => Math.imul(value(frame), coefficient);
}

/** The wrapping sum, without a loop for the usual few terms. */
function sum(terms: readonly Closure[], constant: number): Closure {
  const [a, b, c] = terms;
  if (terms.length === 1 && constant === 0) return a!;
  if (terms.length === 1) return (frame) => (a!(frame) + constant) | 0;
  if (terms.length === 2) return (frame) => (a!(frame) + b!(frame) + constant) | 0;
  if (terms.length === 3) return (frame) => (a!(frame) + b!(frame) + c!(frame) + constant) | 0;
  return (frame) => {
    let total = constant;
    for (const term of terms) total = (total + term(frame)) | 0;
    return total;
  };
}
