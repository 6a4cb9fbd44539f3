/** Layers around layers. */
import { ArgumentError } from "../core/errors.ts";
import { TimeDistributed as NnTimeDistributed, Masking as NnMasking } from "../nn/sequence.ts";
import { concat } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Layer, type CallOptions, type LayerOptions } from "./layer.ts";
import { maskOf } from "./masks.ts";
import { flat, type KerasShape, type Nest } from "./symbolic.ts";

export interface TimeDistributedOptions extends LayerOptions {
  /** For each step. */
  readonly layer: Layer;
}

export class TimeDistributed extends Layer<TimeDistributedOptions> {
  static override readonly className: string = "TimeDistributed";
  readonly steps: NnTimeDistributed;

  constructor(options: TimeDistributedOptions) {
    super(options);
    this.steps = new NnTimeDistributed(options.layer);
  }

  override get supportsMasking(): boolean {
    return true;
  }

  override build([batch, _, ...rest]: KerasShape): void {
    this.options.layer.buildFor([batch!, ...rest]);
  }

  call(x: Tensor): Tensor {
    return this.steps.forward(x);
  }
}

/** A layer for every step of [n, steps, …] as if each were an example. */
export function timeDistributed(options: TimeDistributedOptions): TimeDistributed {
  return new TimeDistributed(options);
}

/** What recurrent layers have that can read both ways. */
type Directed = Layer<
  LayerOptions & { readonly goBackwards?: boolean | undefined; readonly returnSequences?: boolean | undefined }
>;

export interface BidirectionalOptions extends LayerOptions {
  /** Reads forwards; its copy reads backwards. */
  readonly layer: Layer;
  /** Reads backwards, in place of the copy. */
  readonly backwardLayer?: Layer | undefined;
  /** How both outputs become one: "concat" (the default), "sum", "mul", "ave", or null, which returns both. */
  readonly mergeMode?: "concat" | "sum" | "mul" | "ave" | null | undefined;
}

/** Weights: those of the layer that reads forwards, then those of the other. */
export class Bidirectional extends Layer<BidirectionalOptions> {
  static override readonly className: string = "Bidirectional";
  readonly forwardLayer: Directed;
  readonly backwardLayer: Directed;

  constructor(options: BidirectionalOptions) {
    super(options);
    this.forwardLayer = options.layer;
    const { goBackwards = false, returnSequences } = this.forwardLayer.options;
    this.backwardLayer =
      options.backwardLayer ??
      this.forwardLayer.copy({ name: `backward_${this.forwardLayer.name}`, goBackwards: !goBackwards });
    if (
      this.backwardLayer.options.goBackwards === goBackwards ||
      this.backwardLayer.options.returnSequences !== returnSequences
    )
      throw new ArgumentError(
        `${this}: backwardLayer must have the opposite goBackwards and the same returnSequences as the layer`,
      );
  }

  override build(inputShape: Nest<KerasShape>): void {
    this.forwardLayer.buildFor(inputShape);
    this.backwardLayer.buildFor(inputShape);
  }

  override computeMask(_: unknown, mask: Nest<Tensor | undefined> | undefined): Tensor | undefined {
    return this.forwardLayer.options.returnSequences && mask ? flat(mask)[0] : undefined;
  }

  call(inputs: Nest<Tensor>, { mask }: CallOptions): Nest<Tensor> {
    const [x, ...states] = flat(inputs);
    const half = states.length / 2;
    const run = (layer: Directed, from: readonly Tensor[]): readonly Tensor[] =>
      flat(layer.forward(from.length > 0 ? [x!, ...from] : x!, { mask: mask && flat(mask)[0] }));
    const [ahead, ...stateAhead] = run(this.forwardLayer, states.slice(0, half));
    const [behind, ...stateBehind] = run(this.backwardLayer, states.slice(half));
    const turned = this.forwardLayer.options.returnSequences ? behind!.flip(1) : behind!;
    const merged = this.#merged(ahead!, turned);
    const state = [...stateAhead, ...stateBehind];
    return state.length > 0 ? [...flat(merged), ...state] : merged;
  }

  #merged(a: Tensor, b: Tensor): Nest<Tensor> {
    const { mergeMode = "concat" } = this.options;
    switch (mergeMode) {
      case "concat":
        return concat([a, b], -1);
      case "sum":
        return a.add(b);
      case "mul":
        return a.mul(b);
      case "ave":
        return a.add(b).mul(0.5);
      case null:
        return [a, b];
      default:
        throw new ArgumentError(
          `${this}: mergeMode must be "concat", "sum", "mul", "ave" or null, got "${mergeMode as string}"`,
        );
    }
  }
}

/**
 * A recurrent layer that reads each sequence from both ends.
 * @example layers.bidirectional({ layer: layers.lstm({ units: 32 }) })
 */
export function bidirectional(options: BidirectionalOptions): Bidirectional {
  return new Bidirectional(options);
}

export interface MaskingOptions extends LayerOptions {
  /** 0 by default. */
  readonly maskValue?: number | undefined;
}

export class Masking extends Layer<MaskingOptions> {
  static override readonly className: string = "Masking";
  readonly masking: NnMasking;

  constructor(options: MaskingOptions) {
    super(options);
    this.masking = new NnMasking(options.maskValue);
  }

  override computeMask(x: Tensor): Tensor {
    const before = maskOf(x);
    const own = this.masking.mask(x);
    return before ? own.logicalAnd(before) : own;
  }

  call(x: Tensor): Tensor {
    return this.masking.forward(x);
  }
}

/** Steps of [n, steps, features] whose features all equal a number count as none in the layers that follow. */
export function masking(options: MaskingOptions = {}): Masking {
  return new Masking(options);
}
