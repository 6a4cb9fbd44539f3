/** Recurrent layers: the units of `nn` under Keras's weights and options. */
import type { Node } from "../graph/node.ts";
import { fill } from "../graph/ops/leaf.ts";
import { dropped } from "../nn/dropout.ts";
import { gruUnit } from "../nn/gru.ts";
import { lstmUnit } from "../nn/lstm.ts";
import { forwards, recurrentWeights, type RecurrentWeights, type Unit } from "../nn/recurrent.ts";
import { plainUnit } from "../nn/rnn.ts";
import { filled } from "../nn/init/drawn.ts";
import { assign } from "../tensor/assign.ts";
import { flip, reshape, transpose } from "../tensor/functional/movement.ts";
import { concat, stack } from "../tensor/functions.ts";
import type { BufferTensor, StateTensor } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { activationFor, type ActivationLike } from "./activations.ts";
import { initializerOf, type InitializerLike } from "./initializers.ts";
import { ActivatedLayer, type KernelOptions } from "./kernel.ts";
import type { CallOptions } from "./layer.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";
import { flat, sizeAt, type KerasShape, type Nest, type SymbolicTensor } from "./symbolic.ts";
import { transposed, type Layout } from "./weight.ts";

export interface SimpleRnnOptions extends KernelOptions {
  /** Features of the state, and so of the output. */
  readonly units: number;
  /** "orthogonal" by default. */
  readonly recurrentInitializer?: InitializerLike | undefined;
  readonly recurrentRegularizer?: RegularizerLike | null | undefined;
  readonly recurrentConstraint?: ConstraintLike | null | undefined;
  /** The share of inputs that is dropped in training, the same features at all steps; 0 by default. */
  readonly dropout?: number | undefined;
  /** The share of the state that is dropped in training before it goes into a step; 0 by default. */
  readonly recurrentDropout?: number | undefined;
  /** Whether all outputs are returned, [n, steps, units], and not the last alone: false by default. */
  readonly returnSequences?: boolean | undefined;
  /** Whether the last state is returned too: [output, state…]. False by default. */
  readonly returnState?: boolean | undefined;
  /** Whether steps are read from the last to the first, and outputs returned in that order: false by default. */
  readonly goBackwards?: boolean | undefined;
  /** Whether a batch goes on from the state where the one before ended, until `resetStates`: false by default. Wants `batchInputShape`. */
  readonly stateful?: boolean | undefined;
}

export interface GatedRnnOptions extends SimpleRnnOptions {
  /** "sigmoid" by default. */
  readonly recurrentActivation?: ActivationLike | null | undefined;
}

/** A call may say what state to start from. */
export interface RecurrentCallOptions extends CallOptions {
  readonly initialState?: Nest<Tensor> | Nest<SymbolicTensor> | undefined;
}

const onNodes =
  (given: ActivationLike | null | undefined) =>
  (x: Node): Node =>
    activationFor(given)(fromNode(x)).node;

/** The base of the three: one direction of one layer. */
abstract class RecurrentLayer<O extends SimpleRnnOptions> extends ActivatedLayer<O> {
  recurrent!: RecurrentWeights;
  /** Where a stateful layer has ended. */
  state: readonly BufferTensor[] = [];
  protected abstract makeUnit(shape: (x: Node) => Node): Unit;

  protected get unit(): Unit {
    const { activation } = this.options;
    return this.makeUnit(onNodes(activation === undefined ? "tanh" : activation));
  }

  /** How kernels and biases lie in those of `nn`. */
  protected get kernelLayout(): Layout {
    return transposed;
  }

  /** One bias is enough where both would be added to the same number. */
  protected get twoBiases(): boolean {
    return false;
  }

  protected holdBiases(input: StateTensor, _hidden: StateTensor | null): void {
    this.holdBias(input);
  }

  override build(inputShape: Nest<KerasShape>): void {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as KerasShape;
    const { units, useBias = true, stateful = false } = this.options;
    const sizes = { inputs: sizeAt(this, shape, -1), hidden: units, projection: 0 };
    const made = recurrentWeights(this, this.unit, sizes, { bias: useBias, dtype: this.dtype });
    this.recurrent = this.twoBiases ? made : { ...made, bias_hh: null };
    this.holdKernel(made.weight_ih, this.kernelLayout, null);
    this.hold("recurrent_kernel", made.weight_hh, {
      layout: this.kernelLayout,
      initializer: this.options.recurrentInitializer ?? "orthogonal",
      regularizer: this.options.recurrentRegularizer,
      constraint: this.options.recurrentConstraint,
    });
    if (made.bias_ih) this.holdBiases(made.bias_ih, this.recurrent.bias_hh);
    if (stateful) {
      // A batch of another size could not go on from these.
      const batch = sizeAt(this, this.batchInputShape ?? shape, 0);
      this.state = Array.from({ length: this.unit.states }, (_, i) =>
        filled([batch, units], 0, this.dtype, `${this.name}.state${i}`),
      );
    }
  }

  /** Makes a stateful layer start from zeros again. */
  resetStates(): void {
    for (const { cell } of this.state)
      cell.set(new (this.dtype === "f64" ? Float64Array : Float32Array)(cell.shape[0]! * cell.shape[1]!));
  }

  protected override arranged<T>(
    inputs: Nest<T>,
    { initialState, ...rest }: RecurrentCallOptions,
  ): readonly [Nest<T>, CallOptions] {
    return initialState === undefined ? [inputs, rest] : [[...flat(inputs), ...flat(initialState as Nest<T>)], rest];
  }

  override computeMask(_: unknown, mask: Nest<Tensor | undefined> | undefined): Tensor | undefined {
    return this.options.returnSequences && mask ? flat(mask)[0] : undefined;
  }

  call(inputs: Nest<Tensor>, { training, mask }: CallOptions): Nest<Tensor> {
    const { units, goBackwards, returnSequences, returnState, dropout = 0, recurrentDropout = 0 } = this.options;
    const [x, ...initial] = flat(inputs);
    const [batch, , features] = x!.shape;
    const { unit } = this;
    const dropping = training ? { input: dropout, state: recurrentDropout } : { input: 0, state: 0 };
    const ones = (shape: number[]): Node => fill(shape, 1, x!.dtype);
    const given = dropped(x!.node, dropping.input, [batch!, 1, features!]);
    const steps = goBackwards ? flip(transpose(given, 0, 1), 0) : transpose(given, 0, 1);
    const from = Array.from(
      { length: unit.states },
      (_, i) => initial[i]?.node ?? this.state[i]?.node ?? fill([batch!, units], 0, x!.dtype),
    );
    const alive = mask && flat(mask)[0];
    const counted = alive && reshape(transpose(alive.node, 0, 1), [x!.shape[1]!, batch!, 1]);
    const { outputs, state } = forwards(unit, this.recurrent, steps, from, {
      within: counted && (goBackwards ? flip(counted, 0) : counted),
      holds: true,
      mask: dropping.state ? dropped(ones([batch!, units]), dropping.state, [batch!, units]) : undefined,
    });
    if (this.state.length > 0) assign(this.state.map(({ cell }, i) => ({ cell, value: state[i]! })));
    // A state that is kept holds the last output too: with a mask it is that of the last step that counts.
    const result = fromNode(returnSequences ? transpose(outputs, 0, 1) : state[0]!);
    return returnState ? [result, ...state.map((part) => fromNode(part))] : result;
  }
}

/** Weights: kernel [in, units], recurrent_kernel [units, units], bias [units]. */
export class SimpleRNN extends RecurrentLayer<SimpleRnnOptions> {
  static override readonly className: string = "SimpleRNN";

  protected makeUnit(shape: (x: Node) => Node): Unit {
    return plainUnit(shape);
  }
}

/** h ← tanh(x·kernel + h·recurrent + bias) at every step of [n, steps, in]; returns the last h, [n, units], or all. */
export function simpleRNN(options: SimpleRnnOptions): SimpleRNN {
  return new SimpleRNN(options);
}

export interface LstmOptions extends GatedRnnOptions {
  /** Whether the forget gate's bias begins with 1, true by default. */
  readonly unitForgetBias?: boolean | undefined;
}

/** Weights, gates i, f, c, o side by side: kernel [in, 4 · units], recurrent_kernel [units, 4 · units], bias [4 · units]. */
export class LSTM extends RecurrentLayer<LstmOptions> {
  static override readonly className: string = "LSTM";

  protected makeUnit(shape: (x: Node) => Node): Unit {
    const { recurrentActivation } = this.options;
    return lstmUnit(shape, onNodes(recurrentActivation === undefined ? "sigmoid" : recurrentActivation));
  }

  protected override holdBiases(input: StateTensor): void {
    const { biasRegularizer: regularizer, biasConstraint: constraint } = this.options;
    this.hold("bias", input, { initializer: forgetful(this.options), regularizer, constraint });
  }
}

/** A bias of four gates, 1 for the second unless options say otherwise. */
export function forgetful({
  biasInitializer = "zeros",
  unitForgetBias = true,
}: Pick<LstmOptions, "biasInitializer" | "unitForgetBias">): InitializerLike {
  return ([size], random) => {
    const next = initializerOf(biasInitializer)([size!], random);
    let at = 0;
    return () => {
      const value = next();
      const gate = Math.floor((4 * at++) / size!);
      return unitForgetBias && gate === 1 ? 1 : value;
    };
  };
}

/**
 * Long short-term memory over [n, steps, in]; returns the last output, [n, units], or all.
 * @example layers.lstm({ units: 64, returnSequences: true })
 */
export function lstm(options: LstmOptions): LSTM {
  return new LSTM(options);
}

export interface GruOptions extends GatedRnnOptions {
  /** Whether the reset gate acts on the product of the state, true by default, or on the state itself. */
  readonly resetAfter?: boolean | undefined;
}

/** The gates z, r, h of Keras from r, z, n of `nn`, along the first axis; and back. */
function exchanged(x: Tensor): Tensor {
  const [first, second, third] = x.split(x.shape[0]! / 3, 0) as Tensor[];
  return concat([second!, first!, third!], 0);
}

const gateLayout: Layout = {
  toKeras: ([held]) => exchanged(held!).transpose(0, 1),
  fromKeras: (value) => [exchanged(value.transpose(0, 1))],
};

/**
 * Weights, gates z, r, h side by side: kernel [in, 3 · units], recurrent_kernel [units, 3 · units], bias [2, 3 · units] (of inputs and of the
 * state), or [3 · units] with `resetAfter: false`.
 */
export class GRU extends RecurrentLayer<GruOptions> {
  static override readonly className: string = "GRU";

  protected makeUnit(shape: (x: Node) => Node): Unit {
    const { recurrentActivation, resetAfter } = this.options;
    return gruUnit(shape, onNodes(recurrentActivation === undefined ? "sigmoid" : recurrentActivation), resetAfter);
  }

  protected override get kernelLayout(): Layout {
    return gateLayout;
  }

  protected override get twoBiases(): boolean {
    return this.options.resetAfter ?? true;
  }

  protected override holdBiases(input: StateTensor, hidden: StateTensor | null): void {
    const { biasInitializer = "zeros", biasRegularizer: regularizer, biasConstraint: constraint } = this.options;
    const layout: Layout = hidden
      ? {
          toKeras: (held) => stack(held.map(exchanged), 0),
          fromKeras: (value) => (value.unbind(0) as Tensor[]).map(exchanged),
        }
      : { toKeras: ([held]) => exchanged(held!), fromKeras: (value) => [exchanged(value)] };
    const held = hidden ? [input, hidden] : [input];
    this.hold("bias", held, { layout, initializer: biasInitializer, regularizer, constraint });
  }
}

/** Gated recurrent units over [n, steps, in]; returns the last output, [n, units], or all. */
export function gru(options: GruOptions): GRU {
  return new GRU(options);
}
