/**
 * Kernels: loops, stores and accumulators over buffers. The compiler builds them, each target assigns their loops
 * (to vectors, threads, workgroups …) and renders them; the reference device runs them as they stand.
 */
import type { DType } from "../core/dtype.ts";
import type { Expression, Index, Param, ReduceOp, Register } from "./expression.ts";

/**
 * What a loop becomes. The compiler marks loops `parallel` (iterations independent of one another), `reduce`
 * (carries accumulators) or `sequential` (order matters); a target replaces these by the others.
 */
export type Axis =
  | "parallel"
  | "reduce"
  | "sequential"
  | "grid"
  | "workgroup"
  | "thread"
  | "lane"
  | "vector"
  | "unroll";

/** Where a buffer lives: `global` buffers are bound by the program; the others belong to one worker of the kernel. */
export type MemorySpace = "global" | "shared" | "register";

export interface Buffer {
  readonly dtype: DType;
  readonly space: MemorySpace;
  readonly access: "read" | "write" | "readwrite";
  /** Elements, for buffers that are not bound from outside. */
  readonly size?: number | Param;
}

/** `register := combine over the loop's iterations of value`, starting from the identity of `op`. */
export interface Accumulator {
  readonly register: Register;
  readonly op: ReduceOp;
  readonly value: Expression;
  /** For argmax and argmin: the position that an iteration stands for (defaults to the loop's own index). */
  readonly position?: Expression;
  /** A sum of products of f32 that are not rounded before they are added, where the target has an instruction for it. */
  readonly isFused?: boolean;
}

/**
 * Run-time parameters by slot: first the scalars (numbers of the program, such as a learning rate or the step of a scan,
 * which change from run to run), then the sizes (extents, strides and bounds, i32, fixed for one use of the kernel).
 */
export interface Parameters {
  readonly scalars: readonly DType[];
  readonly sizes: number;
}

export interface Loop {
  readonly kind: "loop";
  readonly index: Index;
  /**
   * Iterations. A number is fixed in the code (small and unrollable), a parameter is known at run time. Targets also write a
   * register that was computed in front of the loop.
   */
  readonly extent: number | Param | Register;
  readonly axis: Axis;
  readonly body: readonly Statement[];
  /** Evaluated after `body`, once per iteration; their registers hold the result after the loop. */
  readonly accumulators: readonly Accumulator[];
  /** How many vectors of a `vector` loop are computed side by side, a power of two; undefined where its renderer is to choose. */
  readonly vectors?: number;
  /** What the loop does, in other words: targets that have a routine for it call that instead. */
  readonly turn?: Turn;
  /** Its body takes several iterations at a time: the index is the first of them. */
  readonly block?: Block;
}
/** How many iterations a loop's body takes. */
export interface Block {
  /** Set in front of the body: how many these are. */
  readonly count: Register;
  /** At most so many, and never some before and some behind a multiple of one of these. */
  readonly most: number;
  readonly within: readonly (number | Param)[];
}
/** Lines of numbers, as many as the loop has iterations, become columns. */
export interface Turn {
  /** How many lines, and the buffer that says where each starts in `from`, in elements. */
  readonly count: number | Register;
  readonly lines: number;
  readonly from: number;
  /** The buffer of the columns, and the elements from one to the next. */
  readonly to: number;
  readonly pitch: number;
}
/** Names a value for the statements that follow. */
export interface Let {
  readonly kind: "let";
  readonly register: Register;
  readonly value: Expression;
}
export interface Store {
  readonly kind: "store";
  readonly buffer: number;
  readonly offset: Expression;
  readonly value: Expression;
}
export interface If {
  readonly kind: "if";
  readonly condition: Expression;
  readonly body: readonly Statement[];
}
/** All threads of a workgroup have done what stands before it, and see each other's stores, before any goes on. */
export interface Barrier {
  readonly kind: "barrier";
}

/**
 * Names a value of another thread: of the one whose number, of those in its workgroup, differs from the own in the bits of
 * `mask`. All threads of a workgroup come by, without waiting for one another beyond that, and see no more of each other's
 * stores. Masks are below what `GpuTarget.exchange` says of a GPU.
 */
export interface Exchange {
  readonly kind: "exchange";
  readonly register: Register;
  readonly value: Expression;
  readonly mask: number;
}

export type Statement = Loop | Let | Store | If | Barrier | Exchange;

/** A kernel that is loops and nothing more. The outermost statement is one `parallel` loop, or none when there is nothing to share out. */
export interface LoopKernel {
  readonly kind: "loops";
  readonly buffers: readonly Buffer[];
  readonly parameters: Parameters;
  readonly body: readonly Statement[];
}

/**
 * Σ over k of left · right, for all batch, m and n: matrix products and convolutions of every layout.
 * `left` depends on batch, m and k only, `right` on batch, n and k only; both and the sum are f32. Each finished sum is
 * handed to the epilogue in `sum`, whose stores say what becomes of it.
 * Index lists go from outermost to innermost; any list may be empty except k.
 */
export interface ContractKernel {
  readonly kind: "contract";
  readonly buffers: readonly Buffer[];
  readonly parameters: Parameters;
  readonly batch: readonly Axes[];
  readonly m: readonly Axes[];
  readonly n: readonly Axes[];
  readonly k: readonly Axes[];
  readonly left: Expression;
  readonly right: Expression;
  readonly sum: Register;
  readonly epilogue: readonly Store[];
}
export interface Axes {
  readonly index: Index;
  readonly extent: number | Param;
}

/**
 * Products whose results weigh the rows of other operands and are never stored: attention and its gradients.
 * For all batch and m: result[f] = Σ over n of weight · value[f], where weights are made of the products
 * Σ over k of left · right, at m and n. `left` depends on batch, m and k, `right` on batch, n and k, `value` on batch, n and
 * f; all these and the sums are f32. Scores and weights may load whatever belongs to batch, m and n.
 */
export interface AttentionKernel {
  readonly kind: "attention";
  readonly buffers: readonly Buffer[];
  readonly parameters: Parameters;
  readonly batch: readonly Axes[];
  readonly m: Axes;
  readonly n: Axes;
  /**
   * Row m sees the n from `first` on and before `last` only: what lies outside weighs nothing, and scores and weights do not
   * say so again. Both are i32 expressions of batch and m that never fall as m grows, and may lie outside the extent of n. All
   * n by default.
   */
  readonly first?: Expression | undefined;
  readonly last?: Expression | undefined;
  readonly products: readonly Product[];
  readonly softmax?: Softmax | undefined;
  readonly results: readonly Weighed[];
  readonly across?: Across | undefined;
  /** What becomes of the softmax's `norm`: stores over batch and m. */
  readonly rowStores: readonly Store[];
}
/** Σ over k of left · right, at m and n, in `sum`. */
export interface Product {
  readonly k: readonly Axes[];
  readonly left: Expression;
  readonly right: Expression;
  readonly sum: Register;
}
/**
 * Over all n that a row sees: `weight` is exp(score − the largest score of the row), the results are divided by the sum of
 * these, and `norm` is the logarithm of the sum of exp(score). Where every score is −∞, results are 0 and `norm` is −∞.
 * One pass over n will do (online softmax: Milakov and Gimelshein 2018).
 */
export interface Softmax {
  readonly score: Expression;
  readonly weight: Register;
  readonly norm: Register;
}
/**
 * The same the other way round, by the same products: results of n, which sum over m, and whose values depend on batch, m and
 * f. By `first` and `last`, of batch and n, n is seen by some m only, as these say themselves. There is no softmax then: its
 * weights are not known before the end of a row.
 */
export interface Across {
  readonly first?: Expression | undefined;
  readonly last?: Expression | undefined;
  readonly results: readonly Weighed[];
}
/** Σ over n of weight · value, for every batch, m and f, in `sum`, whose stores say what becomes of it. */
export interface Weighed {
  readonly f: readonly Axes[];
  readonly weight: Expression;
  readonly value: Expression;
  readonly sum: Register;
  readonly stores: readonly Store[];
}

export type Kernel = LoopKernel | ContractKernel | AttentionKernel;

export const isArg = (op: ReduceOp): op is "argmax" | "argmin" => op === "argmax" || op === "argmin";
/** What an iteration does to the value of a reduction. */
export const COMBINE = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
export type PlainReduceOp = keyof typeof COMBINE;

/** The value a reduction starts from; argmax and argmin start from no position at all. */
export function identityOf(op: ReduceOp, dtype: DType): number {
  const least = dtype === "f32" || dtype === "f64" ? -Infinity : dtype === "i32" ? -(2 ** 31) : 0;
  const most =
    dtype === "f32" || dtype === "f64"
      ? Infinity
      : dtype === "i32"
        ? 2 ** 31 - 1
        : dtype === "u32"
          ? 2 ** 32 - 1
          : dtype === "u8"
            ? 255
            : 1;
  switch (op) {
    case "sum":
      return 0;
    case "prod":
      return 1;
    case "max":
    case "argmax":
      return least;
    case "min":
    case "argmin":
      return most;
  }
}
