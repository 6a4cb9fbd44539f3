/** Optimizers by Keras's names, with Keras's defaults. */
import { ArgumentError } from "../core/errors.ts";
import { Adadelta, type AdadeltaOptions } from "./adadelta.ts";
import { Adafactor, type AdafactorOptions } from "./adafactor.ts";
import { Adagrad, type AdagradOptions } from "./adagrad.ts";
import { Adam, AdamW, type AdamOptions, type AdaptiveOptions } from "./adam.ts";
import { Adamax } from "./adamax.ts";
import type { Parameters } from "./group.ts";
import { LAMB } from "./lamb.ts";
import { Lion, type LionOptions } from "./lion.ts";
import { Muon, type MuonOptions } from "./muon.ts";
import { NAdam, type NAdamOptions } from "./nadam.ts";
import type { Optimizer } from "./optimizer.ts";
import { RMSprop, type RmspropOptions } from "./rmsprop.ts";
import type { OptimizerOptions } from "./rule.ts";
import { SGD, type SgdOptions } from "./sgd.ts";

/** What a Keras optimizer's options are set to where PyTorch's default, which the classes have, is another. */
interface KerasDefaults {
  readonly sgd: Partial<SgdOptions>;
  readonly rmsprop: Partial<RmspropOptions>;
  readonly adam: Partial<AdamOptions>;
  readonly adamw: Partial<AdamOptions>;
  readonly adadelta: Partial<AdadeltaOptions>;
  readonly adagrad: Partial<AdagradOptions>;
  readonly adamax: Partial<AdaptiveOptions>;
  readonly nadam: Partial<NAdamOptions>;
  readonly adafactor: Partial<AdafactorOptions>;
  readonly lion: Partial<LionOptions>;
  readonly lamb: Partial<AdaptiveOptions>;
  readonly muon: Partial<MuonOptions>;
}

export type KerasOptimizerName = keyof KerasDefaults;

/** Keras 3's defaults, the place where ε is added among them. */
export const kerasDefaults: KerasDefaults = {
  sgd: { lr: 0.01 },
  rmsprop: { lr: 1e-3, alpha: 0.9, eps: 1e-7, epsInside: true },
  adam: { lr: 1e-3, eps: 1e-7, epsInside: true },
  adamw: { lr: 1e-3, eps: 1e-7, epsInside: true, weightDecay: 0.004 },
  adadelta: { lr: 1e-3, rho: 0.95, eps: 1e-7 },
  adagrad: { lr: 1e-3, initialAccumulatorValue: 0.1, eps: 1e-7, epsInside: true },
  adamax: { lr: 1e-3, eps: 1e-7 },
  nadam: { lr: 1e-3, eps: 1e-7, momentumDecay: 1 },
  adafactor: { lr: 1e-3, eps: [1e-15, 1e-3] },
  lion: { lr: 1e-3 },
  lamb: { lr: 1e-3, eps: 1e-7 },
  muon: { lr: 1e-3, weightDecay: 0.004, adjustLrFn: "match_rms_adamw" },
};

type Maker = new (parameters: Parameters<OptimizerOptions>, options: Partial<OptimizerOptions>) => Optimizer;

const CLASSES = {
  sgd: SGD,
  rmsprop: RMSprop,
  adam: Adam,
  adamw: AdamW,
  adadelta: Adadelta,
  adagrad: Adagrad,
  adamax: Adamax,
  nadam: NAdam,
  adafactor: Adafactor,
  lion: Lion,
  lamb: LAMB,
  muon: Muon,
} satisfies Record<KerasOptimizerName, unknown>;

/**
 * The optimizer that one of Keras's names stands for ("adam", "sgd", "rmsprop", …, in any case), with Keras's defaults.
 * @param options in place of the defaults.
 * @throws ArgumentError, listing the names, for any other.
 * @example optim.named("adam", model.parameters()) // lr 1e-3, ε 1e-7
 */
export function named(
  name: string,
  parameters: Parameters<OptimizerOptions>,
  options: Partial<OptimizerOptions> = {},
): Optimizer {
  const key = name.toLowerCase() as KerasOptimizerName;
  if (!Object.hasOwn(CLASSES, key))
    throw new ArgumentError(`optim.named: no "${name}" is known; the names are ${Object.keys(CLASSES).join(", ")}`);
  return new (CLASSES[key] as Maker)(parameters, { ...kerasDefaults[key], ...options });
}
