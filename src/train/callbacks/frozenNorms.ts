import { RunningNorm } from "../../nn/runningNorm.ts";
import type { Callback } from "../callback.ts";

/**
 * Keeps norms whose weights are all frozen in evaluation mode while the model trains, as Keras does with `trainable = false`: they
 * go on with the statistics that they came with. Without it a frozen batch norm still gathers those of the new data, as in
 * PyTorch.
 */
export function frozenNorms(): Callback {
  return {
    name: "frozenNorms",
    beginEpoch({ model }) {
      for (const module of model.modules())
        if (module instanceof RunningNorm && module.parameters().every(({ requiresGrad }) => !requiresGrad))
          module.eval();
    },
  };
}
