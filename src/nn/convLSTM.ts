import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { fill } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { tanh } from "../graph/ops/unary.ts";
import { sigmoid } from "../tensor/functional/activations.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { convolution } from "../tensor/functional/convolution.ts";
import { reshape, split, transpose } from "../tensor/functional/movement.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

export interface ConvLSTMOptions {
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** Whether the batch comes before the steps, false by default. */
  readonly batchFirst?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** Hidden and cell state, each [batch, hidden, height, width]. */
export type ConvLSTMState = readonly [hidden: Tensor, cell: Tensor];

/**
 * An LSTM of images: its products are convolutions that keep the size; Shi et al. 2015, without peepholes, as in Keras.
 * Inputs are [steps, batch, in, height, width], outputs [steps, batch, hidden, height, width]; with `batchFirst` the first two
 * axes change places. Parameters start uniform in ±1/√(inputs of a window).
 * @example const [outputs, [h, c]] = new nn.ConvLSTM2d(1, 8, 3).forward(frames);
 */
export class ConvLSTM2d extends Module {
  readonly inChannels: number;
  readonly hiddenChannels: number;
  readonly kernelSize: number;
  readonly batchFirst: boolean;
  /** [4 · hidden, in, k, k]; the gates i, f, g, o below one another. */
  weight_ih: Parameter;
  /** [4 · hidden, hidden, k, k] */
  weight_hh: Parameter;
  /** [4 · hidden] */
  bias: Parameter | null;

  constructor(inChannels: number, hiddenChannels: number, kernelSize: number, options: ConvLSTMOptions = {}) {
    super();
    const { bias = true, batchFirst = false, dtype = "f32" } = options;
    this.inChannels = inChannels;
    this.hiddenChannels = hiddenChannels;
    this.kernelSize = kernelSize;
    this.batchFirst = batchFirst;
    checkSizes(`${this}`, { inChannels, hiddenChannels, kernelSize });
    if (kernelSize % 2 === 0)
      throw new ArgumentError(`${this}: kernelSize must be odd, so that images keep their size, got ${kernelSize}`);
    const make = (name: string, inputs: number, ...shape: number[]): Parameter =>
      drawn(shape, uniform(1 / Math.sqrt(inputs * kernelSize ** 2)), dtype, `${this}.${name}`);
    const rows = 4 * hiddenChannels;
    this.weight_ih = make("weight_ih", inChannels, rows, inChannels, kernelSize, kernelSize);
    this.weight_hh = make("weight_hh", hiddenChannels, rows, hiddenChannels, kernelSize, kernelSize);
    this.bias = bias ? make("bias", inChannels, rows) : null;
  }

  /** @param state to start from, zeros by default. Returns all outputs and the state after the last step. */
  forward(x: Tensor, state?: ConvLSTMState): [outputs: Tensor, state: ConvLSTMState] {
    if (x.rank !== 5 || x.shape[2] !== this.inChannels)
      throw new ShapeError(
        `${this}: the input must be [${this.batchFirst ? "batch, steps" : "steps, batch"}, ${this.inChannels}, height, width], ` +
          `got ${show(x.shape)}`,
      );
    const inputs = this.batchFirst ? transpose(x.node, 0, 1) : x.node;
    const [steps, batch, , ...image] = inputs.shape as unknown as [number, number, number, number, number];
    const shape = [batch, this.hiddenChannels, ...image];
    const from = [0, 1].map((part) => state?.[part]?.node ?? fill(shape, 0, inputs.dtype));
    for (const part of from)
      if (show(part.shape) !== show(shape))
        throw new ShapeError(`${this}: the state must be ${show(shape)}, got ${show(part.shape)}`);
    const padding = (this.kernelSize - 1) / 2;
    const flat = reshape(inputs, [steps * batch, this.inChannels, ...image]);
    const projected = convolution(2, flat, this.weight_ih.node, { padding, bias: this.bias?.node });
    const { outputs, carry } = scan(
      ([hidden, cell], [input]) => {
        const gates = add(input!, convolution(2, hidden!, this.weight_hh.node, { padding }));
        const [i, f, g, o] = split(gates, this.hiddenChannels, 1) as [Node, Node, Node, Node];
        const next = add(mul(sigmoid(f), cell!), mul(sigmoid(i), tanh(g)));
        const shown = mul(sigmoid(o), tanh(next));
        return { carry: [shown, next], outputs: [shown] };
      },
      from,
      [reshape(projected, [steps, batch, 4 * this.hiddenChannels, ...image])],
    );
    const all = this.batchFirst ? transpose(outputs[0]!, 0, 1) : outputs[0]!;
    return [fromNode(all), [fromNode(carry[0]!), fromNode(carry[1]!)]];
  }

  override toString(): string {
    return `ConvLSTM2d(${this.inChannels}, ${this.hiddenChannels}, ${this.kernelSize})`;
  }
}
