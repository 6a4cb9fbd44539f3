/** What RNN, LSTM and GRU share: layers, directions and sequences of different lengths. */
import { classNameOf } from "../core/className.ts";
import type { DType } from "../core/dtype.ts";
import { isFloat } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { fill, iota } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { cast } from "../graph/ops/unary.ts";
import { tensor } from "../tensor/create.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { lt, where } from "../tensor/functional/comparison.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { concat, flip, narrow, reshape, reverseAxes, stack, transpose, unbind } from "../tensor/functional/movement.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { checkRate, dropout } from "./dropout.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

/** What one kind of recurrent unit computes. */
export interface Unit {
  /** Blocks of rows that weights and biases have, one below the other. */
  readonly gates: number;
  /** Values that go from step to step: the hidden state, and perhaps a cell state. */
  readonly states: 1 | 2;
  /** Whether the bias of the hidden state cannot be added to the inputs beforehand. */
  readonly hiddenBiasInside: boolean;
  /**
   * The state after a step, from W·x + b, from U·h (+ b), each [..., gates · hidden], and from the state before. `product` multiplies
   * something else than h by the rows of U of one gate.
   */
  readonly step: (
    input: Node,
    recurrent: Node,
    state: readonly Node[],
    product: (x: Node, gate: number) => Node,
  ) => Node[];
}

/** Parameters of one direction of one layer, under PyTorch's names. */
export interface RecurrentWeights {
  /** [gates · hidden, in] */
  readonly weight_ih: Parameter;
  /** [gates · hidden, output] */
  readonly weight_hh: Parameter;
  /** [gates · hidden] */
  readonly bias_ih: Parameter | null;
  readonly bias_hh: Parameter | null;
  /** [projection, hidden], where the hidden state is projected. */
  readonly weight_hr: Parameter | null;
}

/** Weights for a unit, uniform in ±1/√hidden; `suffix` goes behind their names. */
export function recurrentWeights(
  layer: object,
  { gates }: Unit,
  sizes: { readonly inputs: number; readonly hidden: number; readonly projection: number },
  options: { readonly bias: boolean; readonly dtype: DType; readonly suffix?: string },
): RecurrentWeights {
  const { inputs, hidden, projection } = sizes;
  const { bias, dtype, suffix = "" } = options;
  const rows = gates * hidden;
  const make = (name: string, ...shape: number[]): Parameter =>
    drawn(shape, uniform(1 / Math.sqrt(hidden)), dtype, `${layer}.${name}${suffix}`);
  return {
    weight_ih: make("weight_ih", rows, inputs),
    weight_hh: make("weight_hh", rows, projection || hidden),
    bias_ih: bias ? make("bias_ih", rows) : null,
    bias_hh: bias ? make("bias_hh", rows) : null,
    weight_hr: projection ? make("weight_hr", projection, hidden) : null,
  };
}

/** W·x + b for any number of steps at once. */
export function projectInputs(unit: Unit, { weight_ih, bias_ih, bias_hh }: RecurrentWeights, inputs: Node): Node {
  const product = matmul(inputs, reverseAxes(weight_ih.node));
  if (!bias_ih) return product;
  return add(product, unit.hiddenBiasInside || !bias_hh ? bias_ih.node : add(bias_ih.node, bias_hh.node));
}

/** One step of a unit, from its projected input. */
export function recur(
  unit: Unit,
  { weight_hh, bias_hh, weight_hr }: RecurrentWeights,
  input: Node,
  state: readonly Node[],
): Node[] {
  const all = matmul(state[0]!, reverseAxes(weight_hh.node));
  const recurrent = unit.hiddenBiasInside && bias_hh ? add(all, bias_hh.node) : all;
  const size = weight_hh.node.shape[0]! / unit.gates;
  const product = (x: Node, gate: number): Node => matmul(x, reverseAxes(narrow(weight_hh.node, 0, gate * size, size)));
  const [hidden, ...others] = unit.step(input, recurrent, state, product);
  return [weight_hr ? matmul(hidden!, reverseAxes(weight_hr.node)) : hidden!, ...others];
}

export interface RecurrentOptions {
  /** Layers, each fed with the outputs of the one below; 1 by default. */
  readonly layers?: number | undefined;
  /** Whether biases are added, true by default. */
  readonly bias?: boolean | undefined;
  /** Whether the batch comes before the steps, false by default. */
  readonly batchFirst?: boolean | undefined;
  /** The share of outputs that is dropped between layers while training, 0 by default. */
  readonly dropout?: number | undefined;
  /** Whether a second set of weights reads each sequence from its end, false by default. Outputs then stand side by side. */
  readonly bidirectional?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** What a call of a recurrent layer may say. */
export interface RecurrentCall {
  /**
   * Steps of each sequence of the batch, all by default: numbers, or integers [batch] that are data. Outputs behind the end
   * are 0, the last state is that of the last step of each sequence, and the backward direction starts there, as for
   * PyTorch's packed sequences.
   */
  readonly lengths?: readonly number[] | Tensor | undefined;
}

/** The base of RNN, LSTM and GRU. State-dict names are PyTorch's: `weight_ih_l0`, `weight_hh_l0_reverse`, … */
export abstract class Recurrent extends Module {
  readonly inFeatures: number;
  readonly hiddenFeatures: number;
  /** Features of the hidden state that leaves a direction: `hiddenFeatures`, or those of the projection. */
  readonly outFeatures: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  /** Weights by layer and direction. */
  readonly layers: readonly (readonly RecurrentWeights[])[];
  readonly #unit: Unit;

  constructor(
    unit: Unit,
    inFeatures: number,
    hiddenFeatures: number,
    options: RecurrentOptions = {},
    projection: number = 0,
  ) {
    super();
    const { layers = 1, bias = true, batchFirst = false, dropout: rate = 0, bidirectional = false } = options;
    this.#unit = unit;
    this.inFeatures = inFeatures;
    this.hiddenFeatures = hiddenFeatures;
    this.outFeatures = projection || hiddenFeatures;
    this.batchFirst = batchFirst;
    this.dropout = rate;
    checkSizes(`${this}`, { inFeatures, hiddenFeatures, layers });
    checkRate(`${this}`, rate);
    const suffixes = bidirectional ? ["", "_reverse"] : [""];
    const { outFeatures } = this;
    this.layers = Array.from({ length: layers }, (_, i) =>
      suffixes.map((direction) =>
        recurrentWeights(
          this,
          unit,
          { inputs: i === 0 ? inFeatures : suffixes.length * outFeatures, hidden: hiddenFeatures, projection },
          { bias, dtype: options.dtype ?? "f32", suffix: `_l${i}${direction}` },
        ),
      ),
    );
  }

  override members(): Iterable<readonly [string, unknown]> {
    return this.layers.flatMap((directions, i) =>
      directions.flatMap((weights, back) =>
        Object.entries(weights).map(([name, value]) => [`${name}_l${i}${back ? "_reverse" : ""}`, value] as const),
      ),
    );
  }

  /** Outputs of the top layer, and the last state, each part [layers · directions, batch, features]. No batch is one of 1. */
  protected run(x: Tensor, given: readonly Tensor[] | undefined, { lengths }: RecurrentCall): [Tensor, Tensor[]] {
    if (x.rank === 2) {
      const axis = this.batchFirst ? 0 : 1;
      const states = given?.map((part) => part.unsqueeze(1));
      const [outputs, last] = this.run(x.unsqueeze(axis), states, { lengths });
      return [outputs.squeeze(axis), last.map((part) => part.squeeze(1))];
    }
    if (x.rank !== 3 || x.shape[2] !== this.inFeatures)
      throw new ShapeError(
        `${this}: the input must be [${this.batchFirst ? "batch, steps" : "steps, batch"}, ${this.inFeatures}], got ${show(x.shape)}`,
      );
    let outputs = this.batchFirst ? transpose(x.node, 0, 1) : x.node;
    const initial = this.#initial(outputs, given);
    const within = lengths && this.#within(outputs, lengths);
    const last: (readonly Node[])[] = [];
    this.layers.forEach((directions, i) => {
      if (i > 0 && this.training) outputs = dropout(fromNode(outputs), this.dropout).node;
      const ran = directions.map((weights, back) => {
        const from = initial.map((part) => part[last.length + back]!);
        return back
          ? inReverse(this.#unit, weights, outputs, from, within)
          : forwards(this.#unit, weights, outputs, from, { within });
      });
      last.push(...ran.map(({ state }) => state));
      outputs =
        ran.length === 1
          ? ran[0]!.outputs
          : concat(
              ran.map((r) => r.outputs),
              2,
            );
    });
    return [
      fromNode(this.batchFirst ? transpose(outputs, 0, 1) : outputs),
      initial.map((_, part) => fromNode(stack(last.map((state) => state[part]!)))),
    ];
  }

  /** The state to start from: by part, then by layer and direction. */
  #initial(inputs: Node, given: readonly Tensor[] | undefined): Node[][] {
    const count = this.layers.length * this.layers[0]!.length;
    const batch = inputs.shape[1]!;
    const shapes = [this.outFeatures, this.hiddenFeatures].slice(0, this.#unit.states).map((f) => [count, batch, f]);
    return shapes.map((shape, part) => {
      const state = given?.[part]?.node ?? fill(shape, 0, inputs.dtype);
      if (show(state.shape) !== show(shape))
        throw new ShapeError(
          `${this}: the ${part ? "cell state" : "state"} must be ${show(shape)} [layers · directions, batch, features], ` +
            `got ${show(state.shape)}`,
        );
      return unbind(state, 0);
    });
  }

  /** Whether a step lies within its sequence: bool [steps, batch, 1]. */
  #within({ shape: [steps, batch] }: Node, lengths: readonly number[] | Tensor): Node {
    if ("node" in lengths) {
      if (isFloat(lengths.dtype) || lengths.dtype === "bool")
        throw new DTypeError(`${this}: lengths must be integers, got ${lengths.dtype}. Use lengths.int()`);
      if (show(lengths.shape) !== show([batch!]))
        throw new ShapeError(`${this}: lengths must be one for each sequence, [${batch}], got ${show(lengths.shape)}`);
    } else {
      if (lengths.length !== batch)
        throw new ShapeError(`${this}: lengths must be one for each of ${batch} sequences, got ${lengths.length}`);
      const wrong = lengths.find((length) => !(Number.isInteger(length) && length >= 1 && length <= steps!));
      if (wrong !== undefined)
        throw new ArgumentError(`${this}: lengths must be whole numbers from 1 to ${steps} (the steps), got ${wrong}`);
    }
    const ends = "node" in lengths ? cast(lengths.node, "i32") : tensor(Int32Array.from(lengths)).node;
    return lt(iota([steps!, batch!, 1], 0), reshape(ends, [1, batch!, 1]));
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.inFeatures}, ${this.hiddenFeatures})`;
  }
}

/** What a run over steps gives. */
export interface Ran {
  readonly outputs: Node;
  readonly state: readonly Node[];
}

/** What else a run over steps may be told. */
export interface StepOptions {
  /** Whether a step counts: bool [steps, batch, 1]. One that does not leaves the state as it is. */
  readonly within?: Node | undefined;
  /** Whether the output of such a step is the state, which it leaves as it is (Keras), and not 0 (the default, PyTorch). */
  readonly holds?: boolean | undefined;
  /** What the hidden state is multiplied by before each step, [batch, output]: the mask of a dropout. */
  readonly mask?: Node | undefined;
}

/**
 * One direction over all steps of [steps, batch, in]: all outputs, and the state after the last. What does not depend on the state is
 * computed for all of them at once.
 */
export function forwards(
  unit: Unit,
  weights: RecurrentWeights,
  inputs: Node,
  from: readonly Node[],
  { within, holds = false, mask }: StepOptions = {},
): Ran {
  const { carry, outputs } = scan(
    (state, [x, alive]) => {
      const [hidden, ...others] = state;
      const next = recur(unit, weights, x!, mask ? [mul(hidden!, mask), ...others] : state);
      if (!alive) return { carry: next, outputs: [next[0]!] };
      const kept = next.map((n, i) => where(alive, n, state[i]!));
      return { carry: kept, outputs: [holds ? kept[0]! : where(alive, next[0]!, 0)] };
    },
    from,
    [projectInputs(unit, weights, inputs), ...(within ? [within] : [])],
  );
  return { outputs: outputs[0]!, state: carry };
}

/** From the last step to the first: behind its end a sequence stays in the state that it starts from. */
function inReverse(unit: Unit, weights: RecurrentWeights, inputs: Node, from: readonly Node[], within?: Node): Ran {
  const { outputs, state } = forwards(unit, weights, flip(inputs, 0), from, { within: within && flip(within, 0) });
  return { outputs: flip(outputs, 0), state };
}
