// Layers against what Keras makes of them: tools/goldens/keras_layers.py.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../core/shape.ts";
import { parameter } from "../nn/state.ts";
import { spread } from "../nn/golden.testing.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { layerFromJSON } from "./load.ts";

interface Case {
  readonly className: string;
  readonly config: Record<string, unknown>;
  readonly shapes: readonly (readonly number[])[];
  readonly integers?: readonly (readonly number[])[];
  readonly training?: boolean;
  /** Keras has computed in single precision. */
  readonly single?: boolean;
  readonly mask?: readonly (readonly boolean[])[];
  readonly call?: Record<string, unknown>;
  readonly weights: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly outputs: readonly (readonly [shape: readonly number[], values: readonly number[]])[];
  readonly inputGradients: readonly (readonly number[] | null)[];
  readonly weightGradients: readonly (readonly number[] | null)[];
  readonly after?: readonly (readonly number[])[];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/keras_layers.json", import.meta.url), "utf8"),
) as { readonly cases: Readonly<Record<string, Case>> };

/** The same configuration in double precision, layers inside too. */
function exact(config: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(config).map(([name, value]) => {
    const inner = value as { readonly className?: string; readonly config: Record<string, unknown> } | null;
    return [name, inner?.className ? { className: inner.className, config: exact(inner.config) } : value];
  });
  return { ...(Object.fromEntries(entries) as object), dtype: "f64" };
}

const fixed = (shape: readonly number[], seed: number, shift: number = 0): Tensor =>
  tensor(
    spread(shape, seed).map((value) => value + shift),
    [...shape],
  );

function expectNumbers(got: Tensor | null, wanted: readonly number[] | null, single: boolean = false): void {
  if (wanted === null) return;
  const values = got!.dataSync();
  expect(values).toHaveLength(wanted.length);
  let worst = 0;
  wanted.forEach((value, i) => (worst = Math.max(worst, Math.abs(values[i]! - value) / Math.max(1, Math.abs(value)))));
  expect(worst).toBeLessThan(single ? 1e-6 : 1e-8);
}

describe("layers give what Keras's give, in double precision: outputs, gradients, weights", () => {
  test.each(Object.entries(cases))("[AK22] %s", (_, recorded) => {
    const { className, config, shapes, integers, training, single, mask, call } = recorded;
    const layer = layerFromJSON({ className, config: exact(config) });
    const inputs = integers
      ? [tensor(Int32Array.from(integers.flat()), [...shapes[0]!])]
      : shapes.map((shape, i) => parameter(fixed(shape, 101 + i)));
    const given = inputs.length === 1 ? inputs[0]! : inputs;
    layer.apply(given, call);
    if (recorded.weights.length > 0) {
      expect(layer.weights.map(({ shape }) => shape)).toEqual(recorded.weights.map(([, shape]) => shape));
      layer.setWeights(
        recorded.weights.map(([name, shape], i) => fixed(shape, i + 1, name.includes("variance") ? 1.5 : 0)),
      );
    }
    const alive =
      mask && tensor(Uint8Array.from(mask.flat(), Number), [mask.length, mask[0]!.length], { dtype: "bool" });
    const result = layer.apply<Tensor | Tensor[]>(given, { ...call, training, mask: alive });
    const outputs = [result].flat();
    expect(outputs.map(({ shape }) => shape)).toEqual(recorded.outputs.map(([shape]) => shape));
    outputs.forEach((output, i) => expectNumbers(output, recorded.outputs[i]![1], single));
    const sums = outputs.map((output, i) => output.mul(fixed(output.shape, 201 + i)).sum());
    const total = sums.reduce((a, b) => a.add(b));
    if (sizeOf(inputs[0]!.shape) > 0 && [...recorded.inputGradients, ...recorded.weightGradients].some((g) => g))
      total.backward();
    recorded.inputGradients.forEach((wanted, i) => expectNumbers(inputs[i]!.grad, wanted, single));
    recorded.weightGradients.forEach((wanted, i) => expectNumbers(layer.weights[i]!.grad, wanted));
    recorded.after?.forEach((wanted, i) => expectNumbers(layer.getWeights()[i]!, wanted));
  });
});
