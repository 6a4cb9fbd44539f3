/** Where to start. */
import { ArgumentError } from "../core/errors.ts";

export interface Recommendation {
  /** The class's name. */
  readonly optimizer: "AdamW" | "Lion" | "SGD";
  readonly options: { readonly lr: number; readonly weightDecay?: number; readonly momentum?: number };
}

/** What matters most. */
export type Purpose = "default" | "fineTuning" | "memory" | "control";

const RECOMMENDATIONS: Readonly<Record<Purpose, Recommendation>> = {
  /** Most tasks. */
  default: { optimizer: "AdamW", options: { lr: 1e-3, weightDecay: 0.01 } },
  /** Pretrained models. */
  fineTuning: { optimizer: "AdamW", options: { lr: 1e-5, weightDecay: 0.01 } },
  /** Half of Adam's state. */
  memory: { optimizer: "Lion", options: { lr: 1e-4, weightDecay: 0.1 } },
  /** Simple tasks, and no state but momentum. */
  control: { optimizer: "SGD", options: { lr: 0.01, momentum: 0.9 } },
};

/**
 * An optimizer to start with, and its options: for most tasks, "fineTuning", little "memory", or full "control".
 * @example const { options } = optim.recommend("fineTuning"); new optim.AdamW(model.parameters(), options)
 * @throws ArgumentError for other purposes.
 */
export function recommend(purpose: Purpose = "default"): Recommendation {
  const found = (RECOMMENDATIONS as Readonly<Record<string, Recommendation>>)[purpose];
  if (!found)
    throw new ArgumentError(
      `recommend: no purpose "${purpose}" is known; they are ${Object.keys(RECOMMENDATIONS).join(", ")}`,
    );
  return found;
}
