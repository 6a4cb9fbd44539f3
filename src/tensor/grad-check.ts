import { isFloat } from "../core/dtype.ts";
import { GradientError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { show } from "../core/shape.ts";
import { grad, noGrad } from "./autodiff.ts";
import { tensor } from "./create.ts";
import type { Tensor } from "./tensor.ts";

export interface GradCheckOptions {
  /** Step of the central differences, 1e-6 by default. */
  readonly eps?: number;
  /** Largest relative difference of a gradient as a whole (or absolute, where the gradient is 0), 1e-6 by default. */
  readonly tolerance?: number;
  /** 2 checks the derivatives of the gradient as well; 1 by default. */
  readonly order?: 1 | 2;
}

type TensorFunction = (...inputs: readonly Tensor[]) => Tensor;

/** A fixed random tensor like `x`, so that sums of outputs that happen to be constant do not hide anything. */
function weights(random: HostRandom, x: Tensor): Tensor {
  const values = Float64Array.from({ length: x.size }, () => random.normal());
  return tensor(values, [...x.shape]);
}

/** A single number from all elements of a function. */
const reduced =
  (f: TensorFunction, seed: number): TensorFunction =>
  (...inputs) => {
    const output = f(...inputs);
    return output.mul(weights(new HostRandom(seed), output)).sum();
  };

/** The gradient of a scalar function, all inputs together, as a single number again. */
const gradientOf =
  (f: TensorFunction, positions: readonly number[], seed: number): TensorFunction =>
  (...inputs) => {
    const random = new HostRandom(seed);
    return grad(f, { argnums: positions })(...inputs)
      .map((part) => (part as Tensor).mul(weights(random, part as Tensor)).sum())
      .reduce((a, b) => a.add(b));
  };

const normOf = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

/** Compares the gradient of a scalar function with central differences; the largest relative error. */
function check(what: string, f: TensorFunction, inputs: readonly Tensor[], eps: number, tolerance: number): number {
  const positions = inputs.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const found = grad(f, { argnums: positions })(...inputs) as readonly Tensor[];
  const errors = positions.map((position, k) => {
    const input = inputs[position]!;
    const values = input.dataSync();
    const valueAt = (i: number, shift: number): number =>
      noGrad(() => {
        const moved = values.slice();
        moved[i]! += shift;
        return f(...inputs.map((x, j) => (j === position ? tensor(moved, [...x.shape]) : x))).itemSync();
      });
    const numeric = Float64Array.from(values, (_, i) => (valueAt(i, eps) - valueAt(i, -eps)) / (2 * eps));
    const exact = found[k]!.dataSync();
    const distance = Float64Array.from(exact, (v, i) => v - numeric[i]!);
    const largest = distance.reduce((most, d) => (Math.abs(d) <= most ? most : Math.abs(d)), 0);
    const scale = normOf(exact) + normOf(numeric);
    const error = Math.min(largest, scale === 0 ? 0 : normOf(distance) / scale);
    if (!(error <= tolerance)) {
      const worst = distance.findIndex((d) => !(Math.abs(d) < largest));
      throw new GradientError(
        `gradCheck: ${what} of input ${position} ${show(input.shape)}: element ${worst} is ${exact[worst]}, ` +
          `central differences give ${numeric[worst]} (relative error ${error.toExponential(2)}, allowed ${tolerance})`,
      );
    }
    return error;
  });
  return Math.max(0, ...errors);
}

/**
 * Compares gradients of `f` with central differences in float64, and with `order: 2` the gradients of the gradients too.
 * Float inputs are taken as f64, others are passed on. Returns the largest relative error.
 * Meant for CPU devices and small inputs: `f` runs twice for every element.
 * Throws GradientError naming input, element and both numbers where they differ.
 */
export function gradCheck<A extends readonly Tensor[]>(
  f: (...inputs: A) => Tensor,
  inputs: readonly [...A],
  { eps = 1e-6, tolerance = 1e-6, order = 1 }: GradCheckOptions = {},
): number {
  const exact = inputs.map((x) =>
    isFloat(x.dtype) ? tensor(Float64Array.from(x.dataSync()), [...x.shape]) : x.detach(),
  );
  const scalar = reduced(f as TensorFunction, 1);
  const first = check("the gradient", scalar, exact, eps, tolerance);
  if (order === 1) return first;
  const positions = exact.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  return Math.max(first, check("the second derivative", gradientOf(scalar, positions, 2), exact, eps, tolerance));
}
