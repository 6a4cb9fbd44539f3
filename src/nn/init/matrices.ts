/** Initial values that are made as a whole: orthogonal, sparse, identities. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import type { HostRandom } from "../../core/random.ts";
import { show, sizeOf, type Shape } from "../../core/shape.ts";
import type { Initializer } from "./distributions.ts";

/** An initializer from a function that fills an array of zeros. */
const whole =
  (fill: (array: Float64Array, shape: Shape, random: HostRandom) => void): Initializer =>
  (shape, random) => {
    const array = new Float64Array(sizeOf(shape));
    fill(array, shape, random);
    let next = 0;
    return () => array[next++]!;
  };

/** Rows and columns. Throws ShapeError for anything but a matrix. */
function matrix(name: string, shape: Shape): readonly [rows: number, columns: number] {
  if (shape.length !== 2) throw new ShapeError(`init.${name}: needs a matrix, got ${show(shape)}`);
  return [shape[0]!, shape[1]!];
}

/** Makes vectors orthonormal, one after another (Gram and Schmidt, each taken off at once): the Q of a QR with positive R. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, i) => {
    for (const other of vectors.slice(0, i)) {
      let share = 0;
      for (let k = 0; k < vector.length; k++) share += vector[k]! * other[k]!;
      for (let k = 0; k < vector.length; k++) vector[k]! -= share * other[k]!;
    }
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    for (let k = 0; k < vector.length; k++) vector[k]! /= length;
  });
}

/**
 * Orthonormal rows (or columns, where there are fewer) times `gain`, 1 by default: Saxe et al. 2014. Axes after the first
 * are taken together. Throws ShapeError below two axes.
 */
export function orthogonal({ gain = 1 }: { readonly gain?: number | undefined } = {}): Initializer {
  return whole((array, shape, random) => {
    if (shape.length < 2) throw new ShapeError(`init.orthogonal: needs two axes or more, got ${show(shape)}`);
    const rows = shape[0]!;
    const columns = array.length / Math.max(1, rows);
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const vectors = Array.from({ length: count }, () => Float64Array.from({ length }, () => random.normal()));
    orthonormalize(vectors);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        array[row * columns + column] = gain * (rows < columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

/**
 * Normal (standard deviation 0.01 by default), with a share `sparsity` of each column at zero: Martens 2010.
 * Throws ShapeError for anything but a matrix.
 */
export function sparse({
  sparsity,
  deviation = 0.01,
}: {
  readonly sparsity: number;
  readonly deviation?: number | undefined;
}): Initializer {
  if (!(sparsity >= 0 && sparsity <= 1))
    throw new ArgumentError(`init.sparse: sparsity must lie in [0, 1], got ${sparsity}`);
  return whole((array, shape, random) => {
    const [rows, columns] = matrix("sparse", shape);
    for (let i = 0; i < array.length; i++) array[i] = random.normal(0, deviation);
    for (let column = 0; column < columns; column++)
      for (const row of random.permutation(rows).subarray(0, Math.ceil(sparsity * rows)))
        array[row * columns + column] = 0;
  });
}

/** 1 on the diagonal of a matrix, 0 elsewhere: inputs pass a linear layer unchanged. Keras's Identity has a `gain`. */
export function eye({ gain = 1 }: { readonly gain?: number | undefined } = {}): Initializer {
  return whole((array, shape) => {
    const [rows, columns] = matrix("eye", shape);
    for (let i = 0; i < Math.min(rows, columns); i++) array[i * columns + i] = gain;
  });
}

/**
 * 1 in the middle of the window where output and input channel are the same, in each group: inputs pass a convolution
 * unchanged. Throws ShapeError unless there are three to five axes, ArgumentError where channels do not fall into groups.
 */
export function dirac({ groups = 1 }: { readonly groups?: number | undefined } = {}): Initializer {
  return whole((array, shape) => {
    const [outputs, inputs, ...window] = shape;
    if (!(shape.length >= 3 && shape.length <= 5))
      throw new ShapeError(`init.dirac: needs the weight of a convolution, three to five axes, got ${show(shape)}`);
    if (outputs! % groups !== 0)
      throw new ArgumentError(`init.dirac: ${outputs} output channels do not fall into ${groups} groups`);
    const middle = window.reduce((at, size) => at * size + Math.floor(size / 2), 0);
    const [reach, own] = [sizeOf(window), outputs! / groups];
    for (let output = 0; output < outputs!; output++)
      if (output % own < inputs!) array[(output * inputs! + (output % own)) * reach + middle] = 1;
  });
}
