import { knownOptions } from "../core/knownOptions.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Cell } from "../tensor/cell.ts";
import { tensor } from "../tensor/create.ts";
import { read, readSync } from "../tensor/evaluate.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { grouped } from "./group.ts";
import { checkOption } from "./rule.ts";
import type { OptimizerState } from "./state.ts";
import { strongWolfe, type LinePoint } from "./strongWolfe.ts";

export interface LbfgsOptions {
  /** The step to take, or to try first; 1 by default. */
  readonly lr: number;
  /** Iterations of a call of `step`, 20 by default. */
  readonly maxIter: number;
  /** Evaluations of a call of `step`, 5/4 of `maxIter` by default. */
  readonly maxEval: number;
  /** Enough where no gradient is larger, 1e-7 by default. */
  readonly toleranceGrad: number;
  /** Enough where neither loss nor parameters change by more, 1e-9 by default. */
  readonly toleranceChange: number;
  /** Steps that are remembered, 100 by default. */
  readonly historySize: number;
  /** "strong_wolfe" looks for a good step length; null (the default) takes `lr`. */
  readonly lineSearchFn: "strong_wolfe" | null;
}

/** A remembered step s, the change y of the gradient along it, and 1 / (y·s). */
interface Memory {
  readonly change: Float64Array;
  readonly step: Float64Array;
  readonly rho: number;
}

interface Progress {
  readonly evaluations: number;
  readonly iterations: number;
  readonly direction: Float64Array;
  readonly t: number;
  readonly scale: number;
  readonly gradient: Float64Array;
  readonly loss: number;
  readonly memories: readonly Memory[];
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const largest = (a: Float64Array): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** −H·g, by the two loops of L-BFGS, where H is made of the remembered steps. */
function directionOf(gradient: Float64Array, memories: readonly Memory[], scale: number): Float64Array {
  const q = gradient.map((x) => -x);
  const shares = [...memories].reverse().map(({ change, step, rho }) => {
    const share = dot(step, q) * rho;
    for (let i = 0; i < q.length; i++) q[i]! -= share * change[i]!;
    return share;
  });
  const r = q.map((x) => x * scale);
  memories.forEach(({ change, step, rho }, k) => {
    const share = shares[memories.length - 1 - k]! - dot(change, r) * rho;
    for (let i = 0; i < r.length; i++) r[i]! += share * step[i]!;
  });
  return r;
}

/**
 * L-BFGS (Nocedal 1980; Liu and Nocedal 1989) as PyTorch runs it, for small models and whole data sets: directions from the
 * last gradients, computed on the host in double precision. It evaluates the loss several times in a step, so it is given
 * a function for that.
 *
 * @example
 * const optimizer = new optim.LBFGS(model.parameters(), { lineSearchFn: "strong_wolfe" });
 * const evaluate = jit(() => {
 *   optimizer.zeroGrad();
 *   const loss = losses.mse(model.forward(x), y);
 *   loss.backward();
 *   return loss;
 * });
 * for (let i = 0; i < 10; i++) console.log(await optimizer.step(evaluate));
 */
export class LBFGS {
  readonly options: LbfgsOptions;
  readonly #cells: readonly Cell[];
  #progress: Progress | undefined;

  /** @throws ArgumentError for options that make no sense, no parameters, and more than one group. */
  constructor(parameters: Iterable<Parameter>, options: Partial<LbfgsOptions> = {}) {
    knownOptions("LBFGS", options, {
      lr: true,
      maxIter: true,
      maxEval: true,
      toleranceGrad: true,
      toleranceChange: true,
      historySize: true,
      lineSearchFn: true,
    });
    const { lr = 1, maxIter = 20, maxEval = Math.floor((maxIter * 5) / 4) } = options;
    const { toleranceGrad = 1e-7, toleranceChange = 1e-9, historySize = 100, lineSearchFn = null } = options;
    if (lineSearchFn !== null && lineSearchFn !== "strong_wolfe")
      throw new ArgumentError(`LBFGS: lineSearchFn must be "strong_wolfe" or null, got "${lineSearchFn as string}"`);
    for (const [name, value] of Object.entries({ maxIter, maxEval, historySize })) checkOption("LBFGS", name, value, 1);
    for (const [name, value] of Object.entries({ lr, toleranceGrad, toleranceChange }))
      checkOption("LBFGS", name, value, 0);
    this.options = { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn };
    const groups = grouped<object>(parameters);
    if (groups.length !== 1) throw new ArgumentError(`LBFGS: takes one group of parameters, got ${groups.length}`);
    this.#cells = groups[0]!.parameters;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const cell of this.#cells) cell.gradient.clear();
  }

  /**
   * Up to `maxIter` iterations.
   * @param closure clears gradients, computes the loss and its gradients, and returns the loss; it may be traced.
   * @returns the loss before.
   */
  async step(closure: () => Tensor | PromiseLike<Tensor>): Promise<number> {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn } = this.options;
    const evaluate = async (): Promise<{ loss: number; gradient: Float64Array }> => ({
      loss: await (await closure()).item(),
      gradient: await this.#gather((cell) => cell.gradient),
    });
    let { loss, gradient } = await evaluate();
    const before = loss;
    let { evaluations = 0, iterations = 0 } = this.#progress ?? {};
    evaluations++;
    if (largest(gradient) <= toleranceGrad) {
      if (this.#progress) this.#progress = { ...this.#progress, evaluations };
      return before;
    }
    let at = await this.#gather((cell) => cell);
    for (let [iteration, calls] = [1, 1]; ; iteration++) {
      iterations++;
      const { direction, scale, memories } = this.#next(gradient, historySize);
      const slope = dot(gradient, direction);
      const norm = gradient.reduce((sum, x) => sum + Math.abs(x), 0);
      let t = this.#progress ? lr : Math.min(1, 1 / norm) * lr;
      const [oldLoss, oldGradient] = [loss, gradient];
      const remember = (): void => {
        const made = { direction, scale, memories, t, loss: oldLoss, gradient: oldGradient };
        this.#progress = { ...made, evaluations, iterations };
      };
      remember();
      if (slope > -toleranceChange) return before;

      const [start, from] = [{ t: 0, loss, gradient, slope }, at];
      const along = (far: number): Float64Array => from.map((x, i) => x + far * direction[i]!);
      const pointAt = async (far: number): Promise<LinePoint> => {
        this.#place(along(far));
        const found = await evaluate();
        return { t: far, ...found, slope: dot(found.gradient, direction) };
      };
      let used = 0;
      if (lineSearchFn) {
        const search = { tolerance: 1e-9, limit: maxEval - calls };
        const { point, evaluations: own } = await strongWolfe(pointAt, start, t, largest(direction), search);
        ({ t, loss, gradient } = point);
        used = own;
        this.#place((at = along(t)));
      } else {
        this.#place((at = along(t)));
        if (iteration !== maxIter) {
          ({ loss, gradient } = await evaluate());
          used = 1;
        }
      }
      calls += used;
      evaluations += used;
      remember();
      if (iteration === maxIter || calls >= maxEval || largest(gradient) <= toleranceGrad) return before;
      if (largest(direction) * t <= toleranceChange || Math.abs(loss - oldLoss) < toleranceChange) return before;
    }
  }

  /** Takes note of the last step, and says where to go now. */
  #next(gradient: Float64Array, historySize: number): Pick<Progress, "direction" | "scale" | "memories"> {
    const last = this.#progress;
    if (!last) return { direction: gradient.map((x) => -x), scale: 1, memories: [] };
    let { memories, scale } = last;
    const change = gradient.map((x, i) => x - last.gradient[i]!);
    const step = last.direction.map((x) => x * last.t);
    const product = dot(change, step);
    if (product > 1e-10) {
      memories = [...memories, { change, step, rho: 1 / product }].slice(-historySize);
      scale = product / dot(change, change);
    }
    return { direction: directionOf(gradient, memories, scale), scale, memories };
  }

  /** Elements of all parameters, or of their gradients (0 where there is none), end to end. */
  async #gather(of: (cell: Cell) => Cell): Promise<Float64Array> {
    const parts: (TypedArray | undefined)[] = [];
    for (const cell of this.#cells) parts.push(of(cell).empty ? undefined : await read(of(cell).version()));
    const sizes = this.#cells.map((cell) => sizeOf(cell.shape));
    const all = new Float64Array(sizes.reduce((sum, size) => sum + size, 0));
    let offset = 0;
    parts.forEach((part, i) => {
      if (part) all.set(part, offset);
      offset += sizes[i]!;
    });
    return all;
  }

  /** Gives all parameters new elements. */
  #place(all: Float64Array): void {
    let offset = 0;
    for (const cell of this.#cells) {
      const array = allocate(cell.dtype, sizeOf(cell.shape));
      array.set(all.subarray(offset, offset + array.length));
      cell.set(array);
      offset += array.length;
    }
  }

  /** What is remembered, as state of the first parameter, by PyTorch's names; lists are matrices here. */
  stateDict(): OptimizerState {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn } = this.options;
    const group = {
      lr,
      max_iter: maxIter,
      max_eval: maxEval,
      tolerance_grad: toleranceGrad,
      tolerance_change: toleranceChange,
      history_size: historySize,
      line_search_fn: lineSearchFn,
      params: this.#cells.map((_, i) => i),
    };
    if (!this.#progress) return { state: {}, param_groups: [group] };
    const { evaluations, iterations, direction, t, scale, gradient, loss, memories } = this.#progress;
    const one = (value: number): Tensor => tensor(Float64Array.of(value), []);
    const rows = (name: "change" | "step"): Tensor => {
      const all = Float64Array.from(memories.flatMap((memory) => [...memory[name]]));
      return tensor(all, [memories.length, direction.length]);
    };
    const state = {
      func_evals: one(evaluations),
      n_iter: one(iterations),
      d: tensor(direction),
      t: one(t),
      old_dirs: rows("change"),
      old_stps: rows("step"),
      ro: tensor(Float64Array.from(memories, ({ rho }) => rho)),
      H_diag: one(scale),
      prev_flat_grad: tensor(gradient),
      prev_loss: one(loss),
    };
    return { state: { 0: state }, param_groups: [group] };
  }

  /** Goes on where `stateDict` was taken. Throws FormatError for the state of other parameters, or a part of one. */
  loadStateDict({ state, param_groups: groups }: OptimizerState): void {
    const size = this.#cells.reduce((sum, cell) => sum + sizeOf(cell.shape), 0);
    const saved = state["0"];
    if (groups.length !== 1 || groups[0]!.params.length !== this.#cells.length || (saved && saved["d"]?.size !== size))
      throw new FormatError(`LBFGS: the state is not one of ${this.#cells.length} parameters with ${size} numbers`);
    if (!saved) {
      this.#progress = undefined;
      return;
    }
    const take = (name: string): Float64Array => {
      const found = saved[name];
      if (!found) throw new FormatError(`LBFGS: the state has no ${name}. Nothing was loaded`);
      return Float64Array.from(readSync(found.node));
    };
    const number = (name: string): number => take(name)[0]!;
    const [changes, steps] = [take("old_dirs"), take("old_stps")];
    const row = (all: Float64Array, i: number): Float64Array => all.slice(i * size, (i + 1) * size);
    this.#progress = {
      evaluations: number("func_evals"),
      iterations: number("n_iter"),
      direction: take("d"),
      t: number("t"),
      scale: number("H_diag"),
      gradient: take("prev_flat_grad"),
      loss: number("prev_loss"),
      memories: Array.from(take("ro"), (rho, i) => ({ change: row(changes, i), step: row(steps, i), rho })),
    };
  }
}
