/** For tests: contractions by hand. */
import { affine, index, register, type Expression, type Index } from "../../ir/expression.ts";
import type { Axes, Buffer, ContractKernel, Store } from "../../ir/kernel.ts";
import { at, global, numbers, store } from "../kernels.testing.ts";

/** Extents of the indices, from outermost to innermost. */
export interface Indices {
  readonly batch: readonly Index[];
  readonly m: readonly Index[];
  readonly n: readonly Index[];
  readonly k: readonly Index[];
}

const axesOf = (list: readonly Index[]): Axes[] => list.map((i) => ({ index: i, extent: i.extent }));

/** By default left = buffer 0, right = buffer 1, and buffer 2 is the result. */
export function contraction(
  { batch, m, n, k }: Indices,
  left: Expression,
  right: Expression,
  epilogue: (sum: Expression) => readonly Store[],
  buffers: readonly Buffer[] = [global("read"), global("read"), global("readwrite")],
): ContractKernel {
  const sum = register("f32");
  return {
    kind: "contract",
    buffers,
    parameters: { scalars: [], sizes: 0 },
    batch: axesOf(batch),
    m: axesOf(m),
    n: axesOf(n),
    k: axesOf(k),
    left,
    right,
    sum,
    epilogue: epilogue(sum),
  };
}

/** The place in a dense array of these extents, first outermost. */
export const dense = (list: readonly Index[]): Expression => {
  let pitch = 1;
  return affine(
    [...list].reverse().map((value) => {
      const coefficient = pitch;
      pitch *= value.extent;
      return { value, coefficient };
    }),
    0,
  );
};

/** [batch, m, k] × [batch, k, n] with either operand turned or not. */
export function product(
  b: number,
  m: number,
  n: number,
  k: number,
  turnLeft = false,
  turnRight = false,
): ContractKernel {
  const [batch, i, j, l] = [index(b), index(m), index(n), index(k)];
  return contraction(
    { batch: [batch], m: [i], n: [j], k: [l] },
    at(0, dense(turnLeft ? [batch, l, i] : [batch, i, l])),
    at(1, dense(turnRight ? [batch, j, l] : [batch, l, j])),
    (sum) => [store(2, dense([batch, i, j]), sum)],
  );
}

export const memoriesOf = (b: number, m: number, n: number, k: number): Float32Array[] => [
  numbers(b * m * k, 1),
  numbers(b * k * n, 2),
  new Float32Array(b * m * n),
];
