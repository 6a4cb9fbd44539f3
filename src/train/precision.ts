/** Mixed precision in a step of training: what `fit` does around forward pass, gradients and update. */
import { GradScaler, type Stepping } from "../optim/gradScaler.ts";
import { autocast, policy, type PolicyName } from "../tensor/autocast.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** "mixed_float16" or "mixed_bfloat16": 16 bits to compute with, f32 to keep. "float32" is as without. */
export type Precision = Extract<PolicyName, "float32" | "mixed_float16" | "mixed_bfloat16">;

/** What is around each part of a step. */
export interface StepPrecision {
  /** Runs model and loss. */
  forward<T>(compute: () => T): T;
  backward(loss: Tensor): void;
  /** Called once when all gradients of a step are there, before they are looked at or clipped. */
  unscale(): void;
  /** Updates the parameters. */
  step(): void;
  /** Of f16: its scale is part of what a checkpoint keeps. */
  readonly scaler: GradScaler | undefined;
}

/** Precision for a model and its optimizer. Throws ArgumentError for another name. */
export function stepPrecision(
  name: Precision,
  model: { parameters(): readonly Parameter[] },
  optimizer: { step(): void },
): StepPrecision {
  const { autocast: dtype } = policy(name);
  const scaler = dtype === "f16" ? new GradScaler() : undefined;
  // Optimizers of other makers have no groups.
  const stepping: Stepping = {
    groups: [{ slots: model.parameters().map(({ cell: parameter }) => ({ parameter })) }],
    step: () => optimizer.step(),
  };
  return {
    scaler,
    forward: (compute) => (dtype ? autocast(dtype, compute) : compute()),
    backward: (loss) => (scaler ? scaler.scale(loss) : loss).backward(),
    unscale: () => scaler?.unscale(stepping),
    step() {
      if (!scaler) return optimizer.step();
      scaler.step(stepping);
      scaler.update();
    },
  };
}
