import type { Module } from "../nn/module.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * Runs something with a note of what the modules of a model return: tensors by path, in the order in which they were returned; what a
 * module returned in its second call has " (2)" after its path.
 */
export function noteActivations<T>(model: Module, run: () => T): { result: T; activations: Map<string, Tensor> } {
  const activations = new Map<string, Tensor>();
  const remove = [...model.namedModules()].map(([path, module]) => {
    let calls = 0;
    return module.onForward((_, __, output) => {
      calls++;
      if (output instanceof Tensor) activations.set(calls === 1 ? path : `${path} (${calls})`, output);
    });
  });
  try {
    return { result: run(), activations };
  } finally {
    for (const undo of remove) undo();
  }
}
