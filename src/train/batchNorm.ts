import { ArgumentError } from "../core/errors.ts";
import type { Module } from "../nn/module.ts";
import { RunningNorm } from "../nn/runningNorm.ts";
import { onesLike, zerosLike } from "../tensor/create.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { roomToRun } from "../tensor/engine.ts";
import { jit } from "../tensor/jit.ts";
import { Tensor } from "../tensor/tensor.ts";
import { inMode, type Model } from "./model.ts";

/**
 * Gathers the statistics of batch and instance norms anew, as means over all batches: after weights were averaged, which has
 * made the old ones useless. As `torch.optim.swa_utils.update_bn`. Weights and modes stay as they are; a model without such
 * norms is left alone.
 *
 * @param data batches of inputs, or of pairs of inputs and targets.
 * @throws ArgumentError when there are no batches.
 */
export async function updateBatchNorm<X>(
  model: Model<X, unknown>,
  data: AsyncIterable<X | readonly [X, unknown]> | Iterable<X | readonly [X, unknown]>,
): Promise<void> {
  const norms = normsOf(model);
  if (norms.length === 0) return;
  const momenta = norms.map(({ momentum }) => momentum);
  for (const { running } of norms) {
    running!.mean.assign(zerosLike(running!.mean));
    running!.variance.assign(onesLike(running!.variance));
    running!.batches.assign(zerosLike(running!.batches));
  }
  let batches = 0;
  try {
    // null takes the mean over all batches.
    for (const norm of norms) norm.momentum = null;
    const step = jit(function updateBatchNorm(inputs: X): void {
      noGrad(() => void model.forward(inputs));
    });
    await inMode(model, true, async () => {
      for await (const batch of data) {
        step(Array.isArray(batch) && !(batch instanceof Tensor) ? (batch[0] as X) : (batch as X));
        batches++;
        await roomToRun();
      }
    });
  } finally {
    norms.forEach((norm, i) => (norm.momentum = momenta[i]!));
  }
  if (batches === 0) throw new ArgumentError("updateBatchNorm: the data has no batches; check where it comes from");
}

/** Norms that remember. */
function normsOf(model: Module): RunningNorm[] {
  return model.modules().filter((module) => module instanceof RunningNorm && module.running !== null) as RunningNorm[];
}
