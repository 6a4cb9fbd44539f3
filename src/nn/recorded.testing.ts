// Runs a layer beside what PyTorch made of it: the same numbers in, the same numbers out.
import { expect } from "vitest";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter, spread, type GoldenLayer } from "./golden.testing.ts";
import type { Module } from "./module.ts";

/** A layer in f64 and how it is called, one tensor in and out by default. */
export interface RecordedCase {
  readonly make: () => Module;
  readonly shapes: readonly Shape[];
  readonly call?: (layer: never, ...inputs: Tensor[]) => readonly Tensor[];
  readonly steps?: number;
  readonly training?: boolean;
}

const plain = (layer: Module, ...inputs: Tensor[]): Tensor[] => [Reflect.apply(layer.forward, layer, inputs)];

/** Outputs, gradients of inputs and parameters, and buffers agree with what was recorded. Weights go in by state dict. */
export function expectRecorded(golden: GoldenLayer, given: RecordedCase): void {
  const { make, shapes, call = plain, steps = 1, training = true } = given;
  const layer = make().train(training);
  const parameters = [...layer.namedParameters()].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(parameters.map(([path]) => path)).toEqual(Object.keys(golden.parameterGradients));
  parameters.forEach(([, { cell }], i) => cell.set(spread(cell.shape, i + 1)));
  const inputs = shapes.map((shape, i) => fixedParameter(shape, 101 + i));
  let outputs: readonly Tensor[] = [];
  for (let step = 0; step < steps; step++) outputs = call(layer as never, ...inputs);
  expect(outputs.length).toBe(golden.outputs.length);
  outputs.forEach((output, i) => expectNumbers(`output ${i}`, output, golden.outputs[i]!, 1e-8));
  outputs
    .filter((output) => output.requiresGrad)
    .map((output, i) => output.mul(fixed(output.shape, 201 + i)).sum())
    .reduce((a, b) => a.add(b))
    .backward();
  inputs.forEach((x, i) => expectNumbers(`gradient of input ${i}`, x.grad!, golden.inputGradients[i]!, 1e-8));
  for (const [path, p] of parameters)
    expectNumbers(`gradient of ${path}`, p.grad!, golden.parameterGradients[path]!, 1e-8);
  const buffers = layer.namedBuffers();
  expect([...buffers.keys()]).toEqual(Object.keys(golden.buffers));
  for (const [path, b] of buffers) expectNumbers(path, b, golden.buffers[path]!, 1e-8);
}
