import { gradientsEnabled } from "../../graph/op.ts";
import type { Module } from "../../nn/module.ts";
import { Dropping } from "../../nn/dropout.ts";
import { RunningNorm } from "../../nn/runningNorm.ts";

/** A mistake in how a model is used. */
export interface Misuse {
  readonly kind: "predicts in training mode" | "no zeroGrad";
  readonly text: string;
}

/**
 * Watches a loop of one's own for two mistakes that raise no error: outputs taken in training mode where no gradients are recorded (dropout
 * drops, batch norm uses the batch), and steps whose gradients were not cleared since the step before, so that they add up. Each is told
 * once.
 * @param warn what to do with a warning; `console.warn` by default.
 * @returns the warnings so far, and what ends the watch.
 */
export function watchUse(
  model: Module,
  optimizer?: { step(): void; zeroGrad(): void },
  warn: (text: string) => void = (text) => console.warn(`myelin: ${text}`),
): { readonly warnings: readonly Misuse[]; remove(): void } {
  const warnings: Misuse[] = [];
  const say = (kind: Misuse["kind"], text: string): void => {
    if (warnings.some((one) => one.kind === kind)) return;
    warnings.push({ kind, text });
    warn(text);
  };
  const removals = [
    model.onForwardStart(() => {
      const moody = model
        .modules()
        .find((one) => one.training && (one instanceof Dropping || one instanceof RunningNorm));
      if (moody && !gradientsEnabled())
        say(
          "predicts in training mode",
          `${model} predicts in training mode, and ${moody} behaves otherwise there; call model.eval() first`,
        );
    }),
  ];
  if (optimizer) {
    let stepped = false;
    removals.push(
      before(optimizer, "step", () => {
        if (stepped)
          say(
            "no zeroGrad",
            "optimizer.step() was called twice without zeroGrad() in between, so gradients add up; call optimizer.zeroGrad() before backward()",
          );
        stepped = true;
      }),
      before(optimizer, "zeroGrad", () => (stepped = false)),
      before(model, "zeroGrad", () => (stepped = false)),
    );
  }
  return { warnings, remove: () => removals.splice(0).forEach((undo) => undo()) };
}

/** Shadows a method of one object with one that does something first. */
function before<K extends string>(object: Record<K, () => void>, name: K, action: () => void): () => void {
  const original: () => void = object[name];
  const value = (): void => {
    action();
    original.call(object);
  };
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false });
  return () => Reflect.deleteProperty(object, name);
}
