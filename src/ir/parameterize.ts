/**
 * Turns the sizes and strides of a kernel into run-time parameters, so that another batch size is the same kernel with
 * other numbers. Numbers that shape the code itself (0, 1, small extents that get unrolled) stay.
 */
import {
  childrenOf,
  param,
  type AffineParam,
  type Expression,
  type IndexDivide,
  type Param,
  type Register,
} from "./expression.ts";
import type {
  AttentionKernel,
  Axes,
  ContractKernel,
  Kernel,
  Loop,
  LoopKernel,
  Statement,
  Store,
  Weighed,
} from "./kernel.ts";
import { mapAccumulators, mapAttention, mapStatements } from "./rewrite.ts";
import { mapChildren } from "./substitute.ts";

/** Loops of at most this many iterations are written out, so their extent is part of the code. */
const UNROLL_LIMIT = 8;

/** So are loops in loops, of at most this many iterations together: a window. */
const NEST_LIMIT = 64;

/** Iterations of a loop and those inside it; no number where one of them is too long to be written out. */
function stepsOf({ extent, body }: Loop): number {
  if (typeof extent !== "number" || extent > UNROLL_LIMIT) return Infinity;
  return body.reduce((most, s) => (s.kind === "loop" ? Math.max(most, extent * stepsOf(s)) : most), extent);
}

/**
 * Heads of attention have few sizes, and what is kept of a row fits into registers where their number is known: features up
 * to so many are part of the code.
 */
const FEATURE_LIMIT = 256;

/** A kernel whose parameters are slots, and the numbers for this use of it. */
export interface Parameterized<K extends Kernel = Kernel> {
  readonly kernel: K;
  /** Value of each size slot; they follow the scalars. */
  readonly sizes: readonly number[];
}

/** Replaces extents, strides, offsets and divisors by parameters. Slots are numbered in the order the kernel names them, one per occurrence. */
export function parameterize<K extends Kernel>(kernel: K): Parameterized<K> {
  const first = kernel.parameters.scalars.length;
  const sizes: number[] = [];
  const slot = (value: number): Param => {
    sizes.push(value);
    return param(first + sizes.length - 1, "i32");
  };
  const memo = new Map<Expression, Expression>();
  const rewrite = (e: Expression): Expression => {
    const known = memo.get(e);
    if (known) return known;
    let made: Expression;
    if (e.kind === "affine") {
      made = {
        ...e,
        kind: "affineParam",
        terms: e.terms.map((t) => ({
          value: rewrite(t.value),
          coefficient: t.coefficient === 1 ? undefined : slot(t.coefficient),
        })),
        constant: e.constant === 0 ? undefined : slot(e.constant),
      } satisfies AffineParam;
    } else if (e.kind === "quotient" || e.kind === "remainder") {
      const value = rewrite(e.value);
      made = {
        ...e,
        value,
        divisor: typeof e.divisor === "number" ? slot(e.divisor) : e.divisor,
      } satisfies IndexDivide;
    } else made = rebuild(e, rewrite, slot);
    memo.set(e, made);
    return made;
  };
  const extent = <R extends Register = never>(n: number | Param | R, least = UNROLL_LIMIT): number | Param | R =>
    typeof n === "number" && n > least ? slot(n) : n;
  const statements = (list: readonly Statement[]): Statement[] => list.map((s) => statement(s));
  const statement = (s: Statement, outermost = false): Statement => {
    switch (s.kind) {
      case "loop":
        return {
          // Only loops that would be written out, with all that they contain, have their size in the code.
          ...s,
          extent: extent(s.extent, outermost || stepsOf(s) > NEST_LIMIT ? 0 : UNROLL_LIMIT),
          body: statements(s.body),
          accumulators: mapAccumulators(s.accumulators, rewrite),
        };
      case "if":
        return { ...s, condition: rewrite(s.condition), body: statements(s.body) };
      default:
        return mapStatements([s], rewrite)[0]!;
    }
  };
  const axes = (list: readonly Axes[], least?: number): Axes[] =>
    list.map((a) => ({ index: a.index, extent: extent<never>(a.extent, least) }));
  const weighed = (list: readonly Weighed[]): Weighed[] => list.map((r) => ({ ...r, f: axes(r.f, FEATURE_LIMIT) }));
  const buffers = kernel.buffers.map((b) => (b.size === undefined ? b : { ...b, size: extent(b.size) }));
  const body = (): Partial<LoopKernel> | Partial<ContractKernel> | Partial<AttentionKernel> => {
    switch (kernel.kind) {
      case "loops":
        return { body: kernel.body.map((s) => statement(s, true)) };
      case "contract":
        return {
          // Batches and rows come in any number, however small; only what is summed over may be written out.
          batch: axes(kernel.batch, 0),
          m: axes(kernel.m, 0),
          n: axes(kernel.n, 0),
          k: axes(kernel.k),
          left: rewrite(kernel.left),
          right: rewrite(kernel.right),
          epilogue: statements(kernel.epilogue) as Store[],
        };
      case "attention":
        return {
          batch: axes(kernel.batch, 0),
          m: axes([kernel.m], 0)[0]!,
          n: axes([kernel.n], 0)[0]!,
          products: kernel.products.map((p) => ({ ...p, k: axes(p.k, FEATURE_LIMIT) })),
          results: weighed(kernel.results),
          across: kernel.across && { ...kernel.across, results: weighed(kernel.across.results) },
        };
    }
  };
  const sized = { ...kernel, ...body() } as Kernel;
  return {
    kernel: {
      ...(sized.kind === "attention" ? mapAttention(sized, rewrite) : sized),
      buffers,
      parameters: { scalars: kernel.parameters.scalars, sizes: sizes.length },
    } as Kernel as K,
    sizes,
  };
}

/** Comparisons against a bound (padding, masks) are sizes too; other constants are part of the formula. */
function rebuild(e: Expression, rewrite: (e: Expression) => Expression, slot: (n: number) => Param): Expression {
  if (
    e.kind === "binary" &&
    e.left.dtype === "i32" &&
    (e.op === "lt" || e.op === "le" || e.op === "eq" || e.op === "ne")
  ) {
    const side = (x: Expression): Expression =>
      x.kind === "const" && Math.abs(x.value) > 1 ? slot(x.value) : rewrite(x);
    return { ...e, left: side(e.left), right: side(e.right) };
  }
  return childrenOf(e).length ? mapChildrenKeeping(e, rewrite) : e;
}

// Parameterized operands must not be simplified again: plain copies, not constructors.
function mapChildrenKeeping(e: Expression, f: (e: Expression) => Expression): Expression {
  switch (e.kind) {
    case "unary":
    case "cast":
    case "bitcast":
      return { ...e, value: f(e.value) };
    case "binary":
      return { ...e, left: f(e.left), right: f(e.right) };
    case "select":
      return { ...e, condition: f(e.condition), yes: f(e.yes), no: f(e.no) };
    case "load":
      return { ...e, offset: f(e.offset) };
    case "reduce":
      return { ...e, body: f(e.body) };
    default:
      return mapChildren(e, f);
  }
}
