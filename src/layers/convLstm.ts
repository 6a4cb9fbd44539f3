import { ConvLSTM2d } from "../nn/convLSTM.ts";
import type { Node } from "../graph/node.ts";
import type { PerAxis } from "../tensor/functional/windows.ts";
import { moveAxis } from "../tensor/functions.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { activationFor, type ActivationLike } from "./activations.ts";
import { channelsOf, type ChannelOptions } from "./channels.ts";
import { ActivatedLayer } from "./kernel.ts";
import { forgetful, type LstmOptions } from "./recurrent.ts";
import type { KerasShape, Nest } from "./symbolic.ts";
import { kernelLayout } from "./weight.ts";

export interface ConvLstmOptions
  extends
    ChannelOptions,
    Omit<LstmOptions, "units" | "dropout" | "recurrentDropout" | "stateful" | "batchInputShape" | "inputShape"> {
  /** Channels of the state, and so of the output. */
  readonly filters: number;
  /** Odd. */
  readonly kernelSize: PerAxis;
  /** 1 by default. */
  readonly strides?: PerAxis | undefined;
  /** "valid" by default, or "same". */
  readonly padding?: "valid" | "same" | undefined;
  /** 1 by default. */
  readonly dilationRate?: PerAxis | undefined;
}

const onNodes =
  (given: ActivationLike | null | undefined, otherwise: ActivationLike) =>
  (x: Node): Node =>
    activationFor(given === undefined ? otherwise : given)(fromNode(x)).node;

/** Weights, gates i, f, c, o side by side: kernel [k, k, in, 4 · filters], recurrent_kernel [k, k, filters, 4 · filters], bias [4 · filters]. */
export class ConvLSTM2D extends ActivatedLayer<ConvLstmOptions> {
  static override readonly className: string = "ConvLSTM2D";
  lstm!: ConvLSTM2d;

  override build(inputShape: KerasShape): void {
    const { options: o } = this;
    // Without the steps it is the shape of images.
    const image = [inputShape[0]!, ...inputShape.slice(2)];
    this.lstm = new ConvLSTM2d(channelsOf(this, image, o), o.filters, o.kernelSize, {
      padding: o.padding ?? "valid",
      stride: o.strides,
      dilation: o.dilationRate,
      bias: o.useBias,
      batchFirst: true,
      activation: onNodes(o.activation, "tanh"),
      recurrentActivation: onNodes(o.recurrentActivation, "sigmoid"),
      dtype: this.dtype,
    });
    this.holdKernel(this.lstm.weight_ih, kernelLayout(2), null);
    this.hold("recurrent_kernel", this.lstm.weight_hh, {
      layout: kernelLayout(2),
      initializer: o.recurrentInitializer ?? "orthogonal",
      regularizer: o.recurrentRegularizer,
      constraint: o.recurrentConstraint,
    });
    if (this.lstm.bias)
      this.hold("bias", this.lstm.bias, {
        initializer: forgetful(o),
        regularizer: o.biasRegularizer,
        constraint: o.biasConstraint,
      });
  }

  call(x: Tensor): Nest<Tensor> {
    const { dataFormat = "channelsLast", goBackwards, returnSequences, returnState } = this.options;
    const last = dataFormat === "channelsLast";
    const ordered = goBackwards ? x.flip(1) : x;
    const [outputs, [hidden, cell]] = this.lstm.forward(last ? moveAxis(ordered, -1, 2) : ordered);
    const turned = (part: Tensor, channels: number): Tensor => (last ? moveAxis(part, channels, -1) : part);
    const result = returnSequences ? turned(outputs, 2) : turned(hidden, 1);
    return returnState ? [result, turned(hidden, 1), turned(cell, 1)] : result;
  }
}

/** An LSTM of images, [n, steps, height, width, in]: its products are convolutions. */
export function convLstm2d(options: ConvLstmOptions): ConvLSTM2D {
  return new ConvLSTM2D(options);
}
