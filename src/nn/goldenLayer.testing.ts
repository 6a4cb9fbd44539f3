// A layer against what PyTorch recorded of it: outputs, gradients of inputs and parameters, buffers.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter, spread, type GoldenLayer } from "./golden.testing.ts";
import type { Module } from "./module.ts";

type Recorded = Readonly<Record<string, GoldenLayer>>;

/** What tools/goldens/layers.py recorded. */
export const goldenLayers: {
  readonly spatial: Recorded;
  readonly features: Recorded;
  /** Rows of an embedding with a limit to their norm. */
  readonly renormalized: readonly number[];
} = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/layers.json", import.meta.url), "utf8"),
) as typeof goldenLayers;

export interface LayerCase {
  readonly make: () => Module;
  /** Shapes of the inputs. */
  readonly shapes: readonly Shape[];
  /** How the layer is called, one tensor in and out by default. */
  readonly call?: (layer: never, ...inputs: Tensor[]) => readonly Tensor[];
  /** How many times it is called, once by default. */
  readonly steps?: number;
  readonly training?: boolean;
}

const plain = (layer: Module, ...inputs: Tensor[]): Tensor[] => [Reflect.apply(layer.forward, layer, inputs) as Tensor];

/** Runs a case forwards and backwards. The gradients that come in are of the first output where others are integers. */
export function expectGolden(
  golden: GoldenLayer,
  { make, shapes, call = plain, steps = 1, training = true }: LayerCase,
): void {
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
