/** Activations forgotten and computed again, by module and by stretch of a chain. */
import { ArgumentError } from "../core/errors.ts";
import { checkpoint } from "../tensor/checkpoint.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import { Sequential } from "./sequential.ts";

type Function = (x: Tensor) => Tensor;

/**
 * Lets a module forget its activations: its backward pass computes them again from its inputs (see `checkpoint`). What it returns and
 * what its layers hold are the same as before; random numbers come out again, and state is updated once.
 * @param module takes tensors, and returns one tensor.
 * @returns what undoes it.
 * @example for (const block of model.blocks) nn.checkpointModule(block);
 */
export function checkpointModule(module: Module): () => void {
  const original = module.forward as (...inputs: unknown[]) => unknown;
  const forward = (...inputs: unknown[]): Tensor => {
    // Options and other things that are no tensors are the same the second time.
    const tensors = inputs.filter((x): x is Tensor => x instanceof Tensor);
    const run = checkpoint((...given: Tensor[]) => {
      let next = 0;
      const output = original.apply(
        module,
        inputs.map((x) => (x instanceof Tensor ? given[next++] : x)),
      );
      if (!(output instanceof Tensor))
        throw new ArgumentError(`checkpointModule: ${module} must return one tensor. Checkpoint the modules inside it`);
      return output;
    });
    return run(...tensors);
  };
  const shadowed = Object.hasOwn(module, "forward");
  // Not enumerable: the walk over fields shall not meet it.
  Object.defineProperty(module, "forward", { value: forward, configurable: true, writable: true, enumerable: false });
  return () => {
    if (shadowed)
      Object.defineProperty(module, "forward", {
        value: original,
        configurable: true,
        writable: true,
        enumerable: false,
      });
    else Reflect.deleteProperty(module, "forward");
  };
}

/**
 * Runs a chain of layers in stretches whose activations are forgotten, all but the last (PyTorch's `checkpoint_sequential`): about √n
 * stretches of n layers keep the least.
 * @param layers modules and functions of one tensor, or an `nn.Sequential`.
 * @param segments how many stretches, 1 or more, at most as many as layers.
 * @throws ArgumentError for another number of segments.
 */
export function checkpointSequential(
  layers: Sequential | readonly (Module | Function)[],
  segments: number,
  x: Tensor,
): Tensor {
  const list = (layers instanceof Sequential ? layers.layers : layers) as readonly (Module | Function)[];
  if (!(Number.isInteger(segments) && segments >= 1 && segments <= Math.max(1, list.length)))
    throw new ArgumentError(
      `checkpointSequential: segments must be a whole number from 1 to the ${list.length} layers, got ${segments}`,
    );
  const size = Math.floor(list.length / segments);
  const run =
    (from: number, to: number): Function =>
    (input) =>
      list
        .slice(from, to)
        .reduce(
          (value, layer) => (layer instanceof Module ? Reflect.apply(layer.forward, layer, [value]) : layer(value)),
          input,
        );
  let value = x;
  for (let i = 0; i < segments - 1; i++) value = checkpoint(run(i * size, (i + 1) * size))(value);
  return run((segments - 1) * size, list.length)(value);
}
