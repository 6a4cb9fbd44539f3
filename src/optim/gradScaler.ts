import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { fill } from "../graph/ops/leaf.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign, assignWhere } from "../tensor/assign.ts";
import { loadAll, type Cell } from "../tensor/cell.ts";
import { add, div, mul } from "../tensor/functional/arithmetic.ts";
import { eq, logicalAnd, logicalNot, where } from "../tensor/functional/comparison.ts";
import { toSingle } from "../tensor/functional/operands.ts";
import { sum } from "../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { scalarCell } from "./group.ts";

export interface GradScalerOptions {
  /** The scale at first, 65536 by default. */
  readonly initScale?: number | undefined;
  /** What the scale is multiplied by after `growthInterval` steps without overflow, 2 by default. */
  readonly growthFactor?: number | undefined;
  /** What it is multiplied by after an overflow, 0.5 by default. */
  readonly backoffFactor?: number | undefined;
  /** 2000 by default. */
  readonly growthInterval?: number | undefined;
  /** With `false` losses, gradients and steps stay as they are. True by default. */
  readonly enabled?: boolean | undefined;
}

/** What is scaled and stepped: any optimizer. */
export interface Stepping {
  readonly groups: readonly { readonly slots: readonly { readonly parameter: Cell }[] }[];
  step(): void;
}

/** A scaler's state under PyTorch's names. */
export interface GradScalerState {
  readonly scale: number;
  readonly growth_factor: number;
  readonly backoff_factor: number;
  readonly growth_interval: number;
  readonly _growth_tracker: number;
}

/**
 * Keeps gradients of f16 in its range: the loss is multiplied by a large scale and gradients are divided by it again, in f32. A step
 * whose gradients overflowed changes nothing and lowers the scale; many good ones raise it (PyTorch's `GradScaler`, same defaults).
 * The scale is state on the device and nothing is read back: all of it may stand in a traced function.
 *
 * @example
 * const scaler = new optim.GradScaler();
 * const step = jit((x: Tensor, y: Tensor) => {
 *   optimizer.zeroGrad();
 *   const loss = autocast("f16", () => losses.crossEntropy(model.forward(x), y));
 *   scaler.scale(loss).backward();
 *   scaler.step(optimizer);
 *   scaler.update();
 *   return loss;
 * });
 */
export class GradScaler {
  readonly enabled: boolean;
  readonly #growthFactor: number;
  readonly #backoffFactor: number;
  readonly #growthInterval: number;
  readonly #scale: Cell;
  /** Good steps since the scale changed. */
  readonly #good: Cell;
  /** Whether the gradients of an optimizer are finite, of those that were unscaled since the last update. */
  readonly #finite = new Map<Stepping, Node>();

  /** @throws ArgumentError for factors and intervals that make no sense. */
  constructor(options: GradScalerOptions = {}) {
    knownOptions("GradScaler", options, {
      initScale: true,
      growthFactor: true,
      backoffFactor: true,
      growthInterval: true,
      enabled: true,
    });
    const {
      initScale = 65_536,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      enabled = true,
    } = options;
    if (!(initScale > 0)) throw new ArgumentError(`GradScaler: initScale must be above 0, got ${initScale}`);
    if (!(growthFactor > 1)) throw new ArgumentError(`GradScaler: growthFactor must be above 1, got ${growthFactor}`);
    if (!(backoffFactor > 0 && backoffFactor < 1))
      throw new ArgumentError(`GradScaler: backoffFactor must lie between 0 and 1, got ${backoffFactor}`);
    wholeNumber("GradScaler", "growthInterval", growthInterval, 1);
    this.enabled = enabled;
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
    this.#scale = scalarCell(initScale, "f32", "GradScaler.scale");
    this.#good = scalarCell(0, "f32", "GradScaler.growth_tracker");
  }

  /** The scale as it is now, read from the device; 1 where the scaler is not enabled. */
  get currentScale(): number {
    return this.enabled ? this.#scale.snapshot()[0]! : 1;
  }

  /** A loss times the scale, f32. Call `backward` on it. */
  scale(loss: Tensor): Tensor {
    return this.enabled ? fromNode(mul(toSingle(loss.node), this.#scale.read())) : loss;
  }

  /** Divides the gradients of an optimizer's parameters by the scale, once before its step: to clip them, or look at them. */
  unscale(optimizer: Stepping): void {
    if (!this.enabled) return;
    if (this.#finite.has(optimizer))
      throw new ArgumentError(
        "GradScaler: gradients were unscaled since the last update. Call update() after each step",
      );
    withGradientMode(false, () => {
      const cells = optimizer.groups
        .flatMap(({ slots }) => slots.map(({ parameter }) => parameter.gradient))
        .filter((cell) => !cell.empty);
      const share = div(1, this.#scale.leaf());
      const values = cells.map((cell) => cast(mul(toSingle(cell.leaf()), share), cell.dtype));
      // Zero times what is infinite or no number is no number, and stays so in a sum.
      const zeros = values.map((value) => sum(mul(toSingle(value), fill(value.shape, 0, toSingle(value).dtype))));
      const zero = fill([], 0, "f32");
      const finite = eq(
        zeros.reduce((total, one) => add(total, cast(one, "f32")), zero),
        0,
      );
      this.#finite.set(optimizer, finite);
      assign(
        cells.map((cell, i) => ({ cell, value: values[i]! })),
        [finite],
      );
    });
  }

  /** `optimizer.step()` on unscaled gradients; where one of them is not finite, nothing changes. */
  step(optimizer: Stepping): void {
    if (!this.enabled) return optimizer.step();
    if (!this.#finite.has(optimizer)) this.unscale(optimizer);
    assignWhere(this.#finite.get(optimizer)!, () => optimizer.step());
  }

  /** Lowers the scale if gradients since the last update were not finite, raises it after enough that were. */
  update(): void {
    if (!this.enabled) return;
    if (this.#finite.size === 0)
      throw new ArgumentError("GradScaler: update() before any step(). Call scaler.step(optimizer) first");
    withGradientMode(false, () => {
      const finite = [...this.#finite.values()].reduce((a, b) => logicalAnd(a, b));
      const [scale, good] = [this.#scale.leaf(), add(this.#good.leaf(), 1)];
      const due = eq(good, this.#growthInterval);
      const grown = mul(scale, this.#growthFactor);
      // Not beyond what f32 holds.
      const raised = where(eq(grown, Infinity), scale, grown);
      assign([
        { cell: this.#scale, value: where(finite, where(due, raised, scale), mul(scale, this.#backoffFactor)) },
        { cell: this.#good, value: where(logicalAnd(finite, logicalNot(due)), good, 0) },
      ]);
    });
    this.#finite.clear();
  }

  /** To be awaited on devices that answer later (GPUs), before `currentScale` and `stateDict` are asked for. */
  ready(): void | Promise<void> {
    return loadAll([this.#scale, this.#good]);
  }

  /** Scale, factors and count under PyTorch's names. */
  stateDict(): GradScalerState {
    return {
      scale: this.#scale.snapshot()[0]!,
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#good.snapshot()[0]!,
    };
  }

  /** Takes over scale and count; factors stay those of this scaler. Throws FormatError for what is no such state. */
  loadStateDict({ scale, _growth_tracker: good }: GradScalerState): void {
    if (!(scale > 0) || !(good >= 0))
      throw new FormatError(`GradScaler: a state needs a scale above 0 and a count, got ${scale} and ${good}`);
    this.#scale.set(Float32Array.of(scale));
    this.#good.set(Float32Array.of(good));
  }
}
