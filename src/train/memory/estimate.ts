/** What training will need, before it starts. */
import { showBytes } from "../../core/bytes.ts";
import { byteSize, type DType } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Module } from "../../nn/module.ts";
import { zeros } from "../../tensor/create.ts";
import { autocast } from "../../tensor/autocast.ts";
import { plannedMemory } from "../../tensor/plannedMemory.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorsIn } from "../../tensor/tree.ts";

/** Numbers that optimizers keep for each parameter. Adafactor keeps rows and columns: give the optimizer itself. */
const STATE = {
  sgd: 0,
  momentum: 1,
  lion: 1,
  rmsprop: 1,
  adagrad: 1,
  muon: 1,
  adam: 2,
  adamw: 2,
  adamax: 2,
  nadam: 2,
  radam: 2,
  lamb: 2,
} as const;

/** Optimizers by name, for an estimate. */
export type OptimizerState = keyof typeof STATE;

export interface EstimateOptions {
  /** An optimizer, whose state is counted, or the name of a usual one; "adam" by default. */
  readonly optimizer?: OptimizerState | { readonly stateBytes: number } | undefined;
  /** Of parameters, gradients and optimizer state where only a number of parameters is given; f32 by default. */
  readonly dtype?: DType | undefined;
  /** Examples in a batch, 1 by default. */
  readonly batch?: number | undefined;
  /** Of a model: the shape of one example, without the batch. Its activations are planned by tracing; nothing runs. */
  readonly input?: Shape | undefined;
  /** Of a model: what examples are made of, f32 by default. Whole numbers (tokens) are 0. */
  readonly inputDtype?: DType | undefined;
  /** Of a number of parameters: activations of one example, in numbers of 4 bytes; 0 by default. */
  readonly activations?: number | undefined;
  /** Of a model: whether products are stored in 16 bits (see `autocast`). */
  readonly precision?: "f16" | "bf16" | undefined;
}

/** Bytes that training needs, item by item. */
export interface MemoryEstimate {
  readonly parameters: number;
  readonly model: number;
  readonly gradients: number;
  readonly optimizer: number;
  /** Of the whole batch. For a model: the batch itself, and all that its forward and backward pass hold in between. */
  readonly activations: number;
  /** The sum of these. */
  readonly total: number;
  /**
   * The rule of thumb of many texts: model + gradients (2 × model) + optimizer (2 × model) + activations, 5 × the model; and
   * the range that they give, 4 to 6 × the model in f32 and 2 to 3 × in 16 bits (of the model in f32).
   */
  readonly ruleOfThumb: { readonly total: number; readonly low: number; readonly high: number };
  toString(): string;
}

/**
 * Bytes that training a model, or so many parameters, will need. For a model with `input`, activations are those of a program
 * planned for this batch, gradients included; otherwise they are `activations × batch × 4`.
 * @throws ArgumentError for numbers that make no sense.
 * @example
 * estimateMemory(100e6).total // 1.6e9: 0.4 model, 0.4 gradients, 0.8 Adam
 * `${estimateMemory(model, { input: [3, 224, 224], batch: 32, optimizer: "adamw" })}`
 */
export function estimateMemory(model: Module | number, options: EstimateOptions = {}): MemoryEstimate {
  const { optimizer = "adam", dtype = "f32", batch = 1, input, activations: each = 0 } = options;
  wholeNumber("estimateMemory", "the batch", batch, 1);
  if (typeof model === "number" && !(model >= 0 && Number.isFinite(model)))
    throw new ArgumentError(`estimateMemory: the number of parameters must be 0 or more, got ${model}`);
  if (typeof optimizer === "string" && !(optimizer in STATE))
    throw new ArgumentError(
      `estimateMemory: "${optimizer}" is not known. Give the optimizer itself, or one of ${Object.keys(STATE).join(", ")}`,
    );
  const trainable = typeof model === "number" ? [] : model.parameters().filter((p) => p.requiresGrad);
  const count = typeof model === "number" ? model : model.parameters().reduce((sum, p) => sum + p.size, 0);
  const bytesOf = (list: readonly Tensor[]): number => list.reduce((sum, x) => sum + x.nbytes, 0);
  const own =
    typeof model === "number" ? model * byteSize(dtype) : bytesOf([...model.parameters(), ...model.buffers()]);
  const gradients = typeof model === "number" ? own : bytesOf(trainable);
  const state = typeof optimizer === "string" ? STATE[optimizer] * gradients : optimizer.stateBytes;
  const activations =
    typeof model === "number" || !input ? each * batch * 4 : activationsOf(model, [batch, ...input], options);
  const total = own + gradients + state + activations;
  const single = typeof model === "number" ? model * 4 : own;
  const isHalf = byteSize(dtype) === 2 && typeof model === "number";
  const [low, high] = isHalf ? [2, 3] : [4, 6];
  const estimate = {
    parameters: count,
    model: own,
    gradients,
    optimizer: state,
    activations,
    total,
    ruleOfThumb: { total: 5 * own + activations, low: low * single, high: high * single },
  };
  return { ...estimate, toString: () => table(estimate, isHalf) };
}

function table(e: Omit<MemoryEstimate, "toString">, isHalf: boolean): string {
  const line = (name: string, bytes: number): string => `${name.padEnd(12)} ${showBytes(bytes).padStart(10)}`;
  const { total, low, high } = e.ruleOfThumb;
  return [
    `${e.parameters.toLocaleString("en-US")} parameters`,
    line("model", e.model),
    line("gradients", e.gradients),
    line("optimizer", e.optimizer),
    line("activations", e.activations),
    line("total", e.total),
    `By rule of thumb: ${showBytes(total)} (model + 2 × gradients + 2 × optimizer + activations); texts say ${isHalf ? "2-3× the model of f32 in 16 bits" : "4-6× the model in f32"}: ${showBytes(low)} to ${showBytes(high)}`,
  ].join("\n");
}

/** Bytes of a batch and of what a forward and a backward pass hold in between: the planned peak of intermediate values. */
function activationsOf(model: Module, shape: Shape, { inputDtype = "f32", precision }: EstimateOptions): number {
  const forward = (x: Tensor): Tensor[] =>
    tensorsIn((model.forward as (x: Tensor) => unknown).call(model, x)).filter((y) => y.requiresGrad);
  const pass = (x: Tensor): Tensor => {
    // The gradient of any loss has the outputs' shapes.
    const loss = autocast(precision, () => forward(x).reduce<Tensor | undefined>((sum, y) => sumOf(sum, y), undefined));
    if (!loss) throw new ArgumentError("estimateMemory: the model returned nothing that leads to its parameters");
    loss.backward();
    return loss;
  };
  // Never computed: only its type is asked for.
  const plan = plannedMemory(pass, zeros([...shape], { dtype: inputDtype }));
  return plan.scratchBytes + plan.argumentBytes;
}

const sumOf = (sum: Tensor | undefined, y: Tensor): Tensor => {
  const own = y.square().sum();
  return sum ? sum.add(own) : own;
};
