/** Norms by channel whose statistics are remembered for the time after training. */
import { classNameOf } from "../core/className.ts";
import { isHalf, type DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { rsqrt } from "../tensor/functional/elementary.ts";
import { mean, variance } from "../tensor/functional/reductions.ts";
import type { BufferTensor, Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";
import { checkSizes } from "./checks.ts";
import { ones, zeros } from "./init/distributions.ts";
import { drawn, filled } from "./init/drawn.ts";
import { normalize } from "./normalize.ts";

export interface RunningNormOptions {
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number | undefined;
  /** How far running statistics move towards a batch's, 0.1 by default; null takes the mean over all batches. */
  readonly momentum?: number | null | undefined;
  /** Whether the result is scaled and shifted. */
  readonly affine?: boolean | undefined;
  /** Whether running statistics are kept; without them every batch is normalised by its own. */
  readonly trackRunningStats?: boolean | undefined;
  /** Whether the running variance is that of the population that the batch is drawn from, true by default; in Keras it is the batch's own. */
  readonly unbiased?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What follows the channels in inputs of each rank, for messages. */
const AXES_OF_RANK: Readonly<Record<number, string>> = { 2: "", 3: ", length", 4: ", h, w", 5: ", d, h, w" };

interface Running {
  readonly mean: BufferTensor;
  readonly variance: BufferTensor;
  readonly batches: BufferTensor;
}

/** What batch and instance norms share: they differ in the axes that they gather statistics over. */
export abstract class RunningNorm extends Keep {
  /** Ranks of the inputs. */
  readonly ranks: readonly number[];
  /** Whether statistics are gathered over the batch, or for each example alone. */
  readonly over: "batch" | "example";
  readonly features: number;
  readonly eps: number;
  /** See {@link RunningNormOptions}. What was traced before keeps the old one. */
  momentum: number | null;
  readonly unbiased: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  readonly running: Running | null;

  constructor(ranks: readonly number[], over: "batch" | "example", features: number, options: RunningNormOptions) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine, trackRunningStats, unbiased = true, dtype = "f32" } = options;
    this.ranks = ranks;
    this.over = over;
    this.features = features;
    this.eps = eps;
    this.momentum = momentum;
    this.unbiased = unbiased;
    checkSizes(`${this}`, { features });
    this.weight = affine ? drawn([features], ones, dtype, `${this}.weight`) : null;
    this.bias = affine ? drawn([features], zeros, dtype, `${this}.bias`) : null;
    this.running = trackRunningStats
      ? {
          mean: filled([features], 0, dtype, `${this}.running_mean`),
          variance: filled([features], 1, dtype, `${this}.running_var`),
          batches: filled([], 0, "i32", `${this}.num_batches_tracked`),
        }
      : null;
  }

  override members(): Iterable<readonly [string, unknown]> {
    return Object.entries({
      weight: this.weight,
      bias: this.bias,
      running_mean: this.running?.mean,
      running_var: this.running?.variance,
      num_batches_tracked: this.running?.batches,
    });
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const { shape } = x.node;
    if (!this.ranks.includes(shape.length) || shape[1] !== this.features) {
      const shown = this.ranks.map((rank) => `[n, ${this.features}${AXES_OF_RANK[rank]}]`);
      throw new ShapeError(`${this}: the input must be ${shown.join(" or ")}, got ${show(shape)}`);
    }
    const column = (value: Node): Node => reshape(value, [this.features, ...shape.slice(2).map(() => 1)]);
    const unit = this.training || !this.running ? this.#byBatch(x.node) : this.#byHistory(x.node, this.running, column);
    const scaled = this.weight ? mul(unit, column(this.weight.node)) : unit;
    const result = this.bias ? add(scaled, column(this.bias.node)) : scaled;
    return fromNode(isHalf(x.dtype) ? cast(result, x.dtype) : result);
  }

  #byBatch(x: Node): Node {
    const first = this.over === "batch" ? 0 : 2;
    const axes = x.shape.flatMap((_, axis) => (axis === 1 || axis < first ? [] : [axis]));
    const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
    if (this.training && this.unbiased && count <= 1)
      throw new ShapeError(`${this}: needs more than one value a channel to train, got ${show(x.shape)}. Use eval()`);
    if (this.training && this.running) this.#remember(x, axes, count, this.running);
    return normalize(x, axes, this.eps);
  }

  #byHistory(x: Node, running: Running, column: (value: Node) => Node): Node {
    return mul(sub(x, column(running.mean.node)), column(rsqrt(add(running.variance.node, this.eps))));
  }

  #remember(x: Node, axes: readonly number[], count: number, running: Running): void {
    withGradientMode(false, () => {
      const batches = add(running.batches.node, 1);
      const rate = this.momentum ?? div(1, cast(batches, running.mean.dtype));
      const moved = (now: Node, towards: Node): Node => add(now, mul(sub(cast(towards, now.dtype), now), rate));
      // Statistics of each example alone are averaged over the batch.
      const overall = (each: Node): Node => (each.shape.length === 1 ? each : mean(each, 0));
      const own = overall(variance(x, axes, false, 0));
      const spread = this.unbiased ? mul(own, count / (count - 1)) : own;
      assign(
        [
          { cell: running.mean.cell, value: moved(running.mean.node, overall(mean(x, axes))) },
          { cell: running.variance.cell, value: moved(running.variance.node, spread) },
          { cell: running.batches.cell, value: batches },
        ],
        // Outside a trace this computes at once: the input is kept, so that the loss does not compute it again.
        [x],
      );
    });
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.features})`;
  }
}
