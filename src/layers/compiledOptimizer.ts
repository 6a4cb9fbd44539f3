/** The optimizer of a compiled model. */
import { ArgumentError } from "../core/errors.ts";
import { kerasDefaults, named, type KerasOptimizerName } from "../optim/keras.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { OptimizerOptions } from "../optim/rule.ts";
import type { OptimizerState } from "../optim/state.ts";
import { assign } from "../tensor/assign.ts";
import { noGrad } from "../tensor/autodiff.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Clip, Updates } from "../train/step.ts";
import { isDescribed, lookUp, snakeCase, type Described } from "./described.ts";
import type { OptimizerSettings } from "./optimizers.ts";
import { rateOf } from "./schedules.ts";
import type { Weight } from "./weight.ts";

/**
 * What a model can be compiled with: a name, a description such as `optimizers.adam({ learningRate: 1e-3 })`, a function that makes an
 * optimizer for the model's parameters, or one that was made for them.
 */
export type OptimizerLike =
  | KerasOptimizerName
  | Described
  | ((parameters: readonly Parameter[]) => Optimizer<never>)
  | Optimizer<never>;

/** Settings of Keras by the names of `optim`. What is missing here has the same name. */
const RENAMED: Readonly<Record<string, string>> = { learningRate: "lr", epsilon: "eps" };

/** The options of `optim` that settings of Keras stand for. */
function optionsOf(name: KerasOptimizerName, config: Readonly<Record<string, unknown>>): Partial<OptimizerOptions> {
  const defaults = kerasDefaults[name] as { readonly betas?: readonly [number, number] };
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (key === "beta1") options["betas"] = [value, (options["betas"] as number[] | undefined)?.[1] ?? undefined];
    else if (key === "beta2") options["betas"] = [(options["betas"] as number[] | undefined)?.[0] ?? undefined, value];
    else if (key === "rho") options[name === "rmsprop" ? "alpha" : "rho"] = value;
    else if (!["clipnorm", "clipvalue", "globalClipnorm"].includes(key)) options[RENAMED[key] ?? key] = value;
  }
  const [first, second] = defaults.betas ?? (name === "lion" ? [0.9, 0.99] : [0.9, 0.999]);
  const betas = options["betas"] as (number | undefined)[] | undefined;
  if (betas) options["betas"] = [betas[0] ?? first, betas[1] ?? second];
  // In Keras a weight decay is never a penalty.
  if (options["weightDecay"] !== undefined && name === "adam") options["decoupledWeightDecay"] = true;
  return options as Partial<OptimizerOptions>;
}

/** Updates a model's weights, keeps them within their constraints, and knows its rate before it is made. */
export class CompiledOptimizer implements Updates {
  readonly given: OptimizerLike;
  #made: Optimizer | undefined;
  #constrained: readonly Weight[] = [];
  #rate: number;
  /** The rate at a step, where there is a schedule. */
  readonly schedule: ((step: number) => number) | undefined;
  readonly clip: Clip | undefined;

  constructor(given: OptimizerLike) {
    this.given = given;
    const { name, config } = settingsOf(given);
    const { learningRate, clipnorm: norm, clipvalue: value, globalClipnorm: globalNorm } = config;
    this.schedule = isDescribed(learningRate) ? rateOf(learningRate) : undefined;
    this.clip = (norm ?? value ?? globalNorm) ? { norm, value, globalNorm } : undefined;
    this.#rate = isDescribed(learningRate)
      ? this.schedule!(0)
      : (learningRate ?? (name === undefined ? NaN : kerasDefaults[name].lr!));
    if (typeof given === "object" && !isDescribed(given)) this.#made = given as Optimizer;
  }

  /** The optimizer itself. Throws ArgumentError before it is made, which it is with the model's weights. */
  get inner(): Optimizer {
    if (!this.#made) throw new ArgumentError("optimizer: is made when the model has weights; call fit or build first");
    return this.#made;
  }

  get isMade(): boolean {
    return this.#made !== undefined;
  }

  /** Makes the optimizer for all parameters, frozen ones too: those may be unfrozen later. */
  make(parameters: readonly Parameter[], weights: readonly Weight[]): void {
    this.#constrained = weights.filter(({ constraint }) => constraint);
    if (this.#made || parameters.length === 0) return;
    const { given } = this;
    if (typeof given === "function") this.#made = given(parameters) as Optimizer;
    else {
      const { name, config } = settingsOf(given);
      this.#made = named(name!, parameters, { ...optionsOf(name!, config as Record<string, unknown>), lr: this.#rate });
    }
  }

  get lr(): number {
    return this.#made?.lr ?? this.#rate;
  }

  set lr(value: number) {
    if (this.#made) this.#made.lr = value;
    this.#rate = value;
  }

  /** Keras's name of `lr`. */
  get learningRate(): number {
    return this.lr;
  }

  set learningRate(value: number) {
    this.lr = value;
  }

  /** Parameters and their options, as callbacks and checkpoints want them. Throws ArgumentError before the optimizer is made. */
  get groups(): Optimizer["groups"] {
    return this.inner.groups;
  }

  stateDict(): OptimizerState {
    return this.inner.stateDict();
  }

  loadStateDict(state: OptimizerState): void {
    this.inner.loadStateDict(state);
  }

  zeroGrad(): void {
    this.#made?.zeroGrad();
  }

  /** A step along these gradients. */
  applyGradients(pairs: Iterable<readonly [gradient: Tensor, parameter: Parameter]>): void {
    this.inner.applyGradients(pairs);
    this.#constrain();
  }

  step(): void {
    this.#made?.step();
    this.#constrain();
  }

  #constrain(): void {
    if (this.#constrained.length === 0) return;
    noGrad(() => {
      assign(
        this.#constrained
          .filter(({ trainable }) => trainable)
          .flatMap((weight) => weight.assignments(weight.constraint!(weight.read()))),
      );
    });
  }
}

interface Settings {
  readonly name: KerasOptimizerName | undefined;
  readonly config: OptimizerSettings;
}

const NAMES: Readonly<Record<string, KerasOptimizerName>> = /* @__PURE__ */ Object.fromEntries(
  (Object.keys(kerasDefaults) as KerasOptimizerName[]).map((name) => [name, name]),
);

function settingsOf(given: OptimizerLike): Settings {
  if (typeof given === "string") return { name: lookUp("optimizer", NAMES, snakeCase(given)), config: {} };
  if (isDescribed(given)) return { name: lookUp("optimizer", NAMES, given.className), config: given.config };
  return { name: undefined, config: {} };
}
