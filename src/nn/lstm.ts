import type { DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { fill } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { tanh } from "../graph/ops/unary.ts";
import { sigmoid } from "../tensor/functional/activations.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { narrow, reverseAxes, stack, transpose, unbind } from "../tensor/functional/movement.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { checkRate, dropout } from "./dropout.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

export interface LSTMOptions {
  /** Layers, each fed with the outputs of the one below; 1 by default. */
  readonly layers?: number | undefined;
  /** Whether biases are added, true by default. */
  readonly bias?: boolean | undefined;
  /** Whether the batch comes before the steps, false by default. */
  readonly batchFirst?: boolean | undefined;
  /** The share of outputs that is dropped between layers while training, 0 by default. */
  readonly dropout?: number | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** Hidden and cell state, each [layers, batch, hidden]. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

/** Parameters of one layer; the rows of the four gates i, f, g, o lie below one another. */
interface Layer {
  /** [4 · hidden, in] */
  readonly inputWeight: Parameter;
  /** [4 · hidden, hidden] */
  readonly hiddenWeight: Parameter;
  /** [4 · hidden] */
  readonly inputBias: Parameter | null;
  readonly hiddenBias: Parameter | null;
}

/**
 * Long short-term memory: Hochreiter and Schmidhuber 1997. At every step, with σ the sigmoid,
 * i, f, o = σ(…), g = tanh(…), each of W·x + U·h + b; c ← f·c + i·g; h ← o·tanh(c). Parameters start uniform in ±1/√hidden.
 *
 * Inputs are [steps, batch, in], outputs [steps, batch, hidden]; with `batchFirst` the first two axes change places.
 * @example const [outputs, [h, c]] = new nn.LSTM(32, 128).forward(x);
 */
export class LSTM extends Module {
  readonly inFeatures: number;
  readonly hiddenFeatures: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly layers: readonly Layer[];

  constructor(inFeatures: number, hiddenFeatures: number, options: LSTMOptions = {}) {
    super();
    const { layers = 1, bias = true, batchFirst = false, dropout: rate = 0, dtype = "f32" } = options;
    this.inFeatures = inFeatures;
    this.hiddenFeatures = hiddenFeatures;
    this.batchFirst = batchFirst;
    this.dropout = rate;
    checkSizes(`${this}`, { inFeatures, hiddenFeatures, layers });
    checkRate(`${this}`, rate);
    const rows = 4 * hiddenFeatures;
    const make = <const S extends readonly number[]>(shape: S, name: string): Parameter<S> =>
      drawn(shape, uniform(1 / Math.sqrt(hiddenFeatures)), dtype, `${this}.${name}`);
    this.layers = Array.from({ length: layers }, (_, i) => ({
      inputWeight: make([rows, i === 0 ? inFeatures : hiddenFeatures], `weight_ih_l${i}`),
      hiddenWeight: make([rows, hiddenFeatures], `weight_hh_l${i}`),
      inputBias: bias ? make([rows], `bias_ih_l${i}`) : null,
      hiddenBias: bias ? make([rows], `bias_hh_l${i}`) : null,
    }));
  }

  override members(): Iterable<readonly [string, unknown]> {
    return this.layers.flatMap((layer, i) => [
      [`weight_ih_l${i}`, layer.inputWeight] as const,
      [`weight_hh_l${i}`, layer.hiddenWeight] as const,
      [`bias_ih_l${i}`, layer.inputBias] as const,
      [`bias_hh_l${i}`, layer.hiddenBias] as const,
    ]);
  }

  /** @param state to start from, zeros by default. Returns the outputs of the top layer and the state after the last step. */
  forward(x: Tensor, state?: LSTMState): [outputs: Tensor, state: LSTMState] {
    if (x.rank !== 3 || x.shape[2] !== this.inFeatures)
      throw new ShapeError(
        `${this}: the input must be [${this.batchFirst ? "batch, steps" : "steps, batch"}, ${this.inFeatures}], got ${show(x.shape)}`,
      );
    const inputs = this.batchFirst ? transpose(x.node, 0, 1) : x.node;
    const [hidden, cell] = this.#initial(inputs, state);
    let outputs = inputs;
    const last = this.layers.map((layer, i) => {
      if (i > 0 && this.training) outputs = dropout(fromNode(outputs), this.dropout).node;
      const result = run(layer, outputs, hidden[i]!, cell[i]!);
      outputs = result.outputs;
      return result;
    });
    return [
      fromNode(this.batchFirst ? transpose(outputs, 0, 1) : outputs),
      [fromNode(stack(last.map((l) => l.hidden))), fromNode(stack(last.map((l) => l.cell)))],
    ];
  }

  /** The state to start from, by layer. */
  #initial(inputs: Node, state: LSTMState | undefined): readonly [readonly Node[], readonly Node[]] {
    const shape = [this.layers.length, inputs.shape[1]!, this.hiddenFeatures];
    const given = state?.map((s) => s.node) ?? [fill(shape, 0, inputs.dtype), fill(shape, 0, inputs.dtype)];
    for (const s of given)
      if (show(s.shape) !== show(shape))
        throw new ShapeError(`${this}: the state must be two of ${show(shape)}, got ${show(s.shape)}`);
    return [unbind(given[0]!, 0), unbind(given[1]!, 0)];
  }

  override toString(): string {
    return `LSTM(${this.inFeatures}, ${this.hiddenFeatures})`;
  }
}

/** One layer over all steps. What does not depend on the state is computed for all of them at once. */
function run(layer: Layer, inputs: Node, hidden: Node, cell: Node): { outputs: Node; hidden: Node; cell: Node } {
  const features = hidden.shape[1]!;
  const { inputBias, hiddenBias } = layer;
  const product = matmul(inputs, reverseAxes(layer.inputWeight.node));
  const projected = inputBias && hiddenBias ? add(product, add(inputBias.node, hiddenBias.node)) : product;
  const recurrent = reverseAxes(layer.hiddenWeight.node);
  const result = scan(
    ([h, c], [x]) => {
      const gates = add(x!, matmul(h!, recurrent));
      const gate = (i: number): Node => narrow(gates, 1, i * features, features);
      const [i, f, g, o] = [sigmoid(gate(0)), sigmoid(gate(1)), tanh(gate(2)), sigmoid(gate(3))];
      const nextCell = add(mul(f, c!), mul(i, g));
      const nextHidden = mul(o, tanh(nextCell));
      return { carry: [nextHidden, nextCell], outputs: [nextHidden] };
    },
    [hidden, cell],
    [projected],
  );
  return { outputs: result.outputs[0]!, hidden: result.carry[0]!, cell: result.carry[1]! };
}
