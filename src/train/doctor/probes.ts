/** Small experiments that tell early what is wrong. */
import type { Module } from "../../nn/module.ts";
import type { Shape } from "../../core/shape.ts";
import { Adam } from "../../optim/adam.ts";
import { noGrad } from "../../tensor/autodiff.ts";
import { randn } from "../../tensor/create.ts";
import { jit } from "../../tensor/jit.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { noteActivations } from "../activations.ts";
import { inMode, type Batch, type Model, type Score } from "../model.ts";

export interface OverfitOptions {
  /** Steps at most, 1000 by default. */
  readonly steps?: number | undefined;
  /** The loss to reach, 1e-3 by default. */
  readonly below?: number | undefined;
  /** Adam with the rate 0.01 by default. */
  readonly optimizer?: { zeroGrad(): void; step(): void } | undefined;
}

/**
 * Trains on one batch until the loss is small: a model that cannot learn eight examples by heart has a fault. The model is changed; make
 * one for this.
 * @returns the last loss, the steps it took, and whether the goal was reached.
 */
export async function overfitOneBatch<X, Y, O>(
  model: Model<X, O>,
  [inputs, targets]: Batch<X, Y>,
  loss: Score<O, Y>,
  { steps = 1000, below = 1e-3, optimizer = new Adam(model.parameters(), { lr: 0.01 }) }: OverfitOptions = {},
): Promise<{ readonly loss: number; readonly steps: number; readonly reached: boolean }> {
  const step = jit(function overfitOneBatch(x: X, y: Y): Tensor {
    optimizer.zeroGrad();
    const value = loss(model.forward(x), y);
    value.backward();
    optimizer.step();
    return value;
  });
  return inMode(model as Module, true, async () => {
    let last = Infinity;
    for (let done = 1; done <= steps; done++) {
      last = await step(inputs, targets).item();
      if (last < below) return { loss: last, steps: done, reached: true };
    }
    return { loss: last, steps, reached: false };
  });
}

/** What a layer returns for a batch. */
export interface LayerReading {
  readonly path: string;
  readonly shape: Shape;
  readonly mean: number;
  /** Standard deviation. */
  readonly std: number;
  /** Share of elements that are 0. */
  readonly zeros: number;
}

/** Readings that print as a table. */
export interface LayerReadings {
  readonly layers: readonly LayerReading[];
  toString(): string;
}

/**
 * Runs a model on a small batch, in the mode it is in, and says what every layer returns: mean, standard deviation and share of zeros. Values
 * that grow or shrink from layer to layer tell of a bad initialisation, shares of zeros near 1 of dead units.
 * @param input a tensor, or the shape of one that is drawn from the standard normal distribution.
 */
export async function readLayers(model: Model<Tensor, unknown>, input: Tensor | Shape): Promise<LayerReadings> {
  const x = Array.isArray(input) ? (randn([...(input as Shape)]) as Tensor) : (input as Tensor);
  const { activations } = noteActivations(model, () => noGrad(() => model.forward(x)));
  const layers: LayerReading[] = [];
  for (const [path, tensor] of activations) {
    if (path === "") continue;
    const values = await tensor.data();
    let [sum, zeros] = [0, 0];
    for (const value of values) {
      sum += value;
      if (value === 0) zeros++;
    }
    const mean = sum / values.length;
    let squares = 0;
    for (const value of values) squares += (value - mean) ** 2;
    const { shape } = tensor;
    layers.push({ path, shape, mean, std: Math.sqrt(squares / values.length), zeros: zeros / values.length });
  }
  const width = Math.max(5, ...layers.map(({ path }) => path.length));
  const line = (path: string, ...rest: readonly string[]): string =>
    [path.padEnd(width), ...rest.map((text) => text.padStart(10))].join(" ");
  return {
    layers,
    toString: () =>
      [
        line("layer", "mean", "std", "zeros"),
        ...layers.map(({ path, mean, std, zeros }) =>
          line(path, mean.toFixed(4), std.toFixed(4), `${(100 * zeros).toFixed(1)} %`),
        ),
      ].join("\n"),
  };
}
