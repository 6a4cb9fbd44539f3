import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { fill } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { tanh } from "../graph/ops/unary.ts";
import { sigmoid } from "../tensor/functional/activations.ts";
import { add } from "../tensor/functional/arithmetic.ts";
import { convolution } from "../tensor/functional/convolution.ts";
import { reshape, split, transpose } from "../tensor/functional/movement.ts";
import { perAxis, type PerAxis } from "../tensor/functional/windows.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { lstmStep } from "./lstm.ts";
import { Module } from "./module.ts";

export interface ConvLSTMOptions {
  /** Around the input images: "same" by default, or "valid". The state's own convolution keeps the size. */
  readonly padding?: "same" | "valid" | undefined;
  /** Step between windows of the input images, 1 by default. */
  readonly stride?: PerAxis | undefined;
  /** Distance between the elements of a window of the input images, 1 by default. */
  readonly dilation?: PerAxis | undefined;
  /** What bends cells, tanh by default. */
  readonly activation?: ((x: Node) => Node) | undefined;
  /** What opens gates, the sigmoid by default. */
  readonly recurrentActivation?: ((x: Node) => Node) | undefined;
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
 * An LSTM of images: its products are convolutions, which keep the size unless told otherwise; Shi et al. 2015, without peepholes, as in
 * Keras. Inputs are [steps, batch, in, height, width], outputs [steps, batch, hidden, height, width]; with `batchFirst` the first two
 * axes change places. Parameters start uniform in ±1/√(inputs of a window).
 * @example const [outputs, [h, c]] = new nn.ConvLSTM2d(1, 8, 3).forward(frames);
 */
export class ConvLSTM2d extends Module {
  readonly inChannels: number;
  readonly hiddenChannels: number;
  readonly kernelSize: PerAxis;
  readonly batchFirst: boolean;
  /** [4 · hidden, in, k, k]; the gates i, f, g, o below one another. */
  weight_ih: Parameter;
  /** [4 · hidden, hidden, k, k] */
  weight_hh: Parameter;
  /** [4 · hidden] */
  bias: Parameter | null;
  readonly #options: ConvLSTMOptions;

  constructor(inChannels: number, hiddenChannels: number, kernelSize: PerAxis, options: ConvLSTMOptions = {}) {
    super();
    this.#options = options;
    const { bias = true, batchFirst = false, dtype = "f32" } = options;
    this.inChannels = inChannels;
    this.hiddenChannels = hiddenChannels;
    this.kernelSize = kernelSize;
    this.batchFirst = batchFirst;
    checkSizes(`${this}`, { inChannels, hiddenChannels });
    const window = perAxis(`${this}`, "kernelSize", kernelSize, 2, 1);
    if (window.some((size) => size % 2 === 0))
      throw new ArgumentError(`${this}: kernelSize must be odd, so that images keep their size, got ${kernelSize}`);
    const make = (name: string, inputs: number, ...shape: number[]): Parameter =>
      drawn(shape, uniform(1 / Math.sqrt(inputs * window[0]! * window[1]!)), dtype, `${this}.${name}`);
    const rows = 4 * hiddenChannels;
    this.weight_ih = make("weight_ih", inChannels, rows, inChannels, ...window);
    this.weight_hh = make("weight_hh", hiddenChannels, rows, hiddenChannels, ...window);
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
    const [steps, batch, ...image] = inputs.shape as [number, number, ...number[]];
    const { padding = "same", stride, dilation, activation = tanh, recurrentActivation = sigmoid } = this.#options;
    const flat = reshape(inputs, [steps * batch, ...image]);
    const given = { padding, stride, dilation, bias: this.bias?.node };
    const projected = convolution(2, flat, this.weight_ih.node, given, `${this}`);
    const shape = [batch, this.hiddenChannels, ...projected.shape.slice(2)];
    const from = [0, 1].map((part) => state?.[part]?.node ?? fill(shape, 0, inputs.dtype));
    for (const part of from)
      if (show(part.shape) !== show(shape))
        throw new ShapeError(`${this}: the state must be ${show(shape)}, got ${show(part.shape)}`);
    const { outputs, carry } = scan(
      ([hidden, cell], [input]) => {
        const gates = add(input!, convolution(2, hidden!, this.weight_hh.node, { padding: "same" }));
        const next = lstmStep(split(gates, this.hiddenChannels, 1), cell!, activation, recurrentActivation);
        return { carry: next, outputs: [next[0]] };
      },
      from,
      [reshape(projected, [steps, batch, ...projected.shape.slice(1)])],
    );
    const all = this.batchFirst ? transpose(outputs[0]!, 0, 1) : outputs[0]!;
    return [fromNode(all), [fromNode(carry[0]!), fromNode(carry[1]!)]];
  }

  override toString(): string {
    return `ConvLSTM2d(${this.inChannels}, ${this.hiddenChannels}, ${this.kernelSize})`;
  }
}
