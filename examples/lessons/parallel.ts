/** Tiles of a product shared out to threads: they read the same memory, and no two write the same tile. */
import { Worker } from "node:worker_threads";

interface Work {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
  readonly sizes: readonly [m: number, k: number, n: number];
  readonly tile: number;
  /** The next tile that nobody has taken. */
  readonly next: Int32Array;
}

/** What each thread does until no tile is left. It is sent as text, so it knows nothing but its argument. */
function work({ a, b, c, sizes: [m, k, n], tile, next }: Work): void {
  const across = Math.ceil(n / tile);
  const tiles = Math.ceil(m / tile) * across;
  for (let taken = Atomics.add(next, 0, 1); taken < tiles; taken = Atomics.add(next, 0, 1)) {
    const i0 = Math.floor(taken / across) * tile;
    const j0 = (taken % across) * tile;
    for (let i = i0; i < Math.min(i0 + tile, m); i++)
      for (let t = 0; t < k; t++) {
        const factor = a[i * k + t]!;
        for (let j = j0; j < Math.min(j0 + tile, n); j++) c[i * n + j]! += factor * b[t * n + j]!;
      }
  }
}

/** A copy that threads can see without copying it again. */
function shared(values: ArrayLike<number>): Float64Array {
  const array = new Float64Array(new SharedArrayBuffer(8 * values.length));
  array.set(values);
  return array;
}

/** [m, k] × [k, n] by as many threads as asked for, in tiles of `tile` × `tile`. */
export async function parallel(
  a: Float64Array,
  b: Float64Array,
  sizes: readonly [m: number, k: number, n: number],
  threads: number,
  tile: number = 64,
): Promise<Float64Array> {
  const task: Work = {
    a: shared(a),
    b: shared(b),
    c: shared(new Float64Array(sizes[0] * sizes[2])),
    sizes,
    tile,
    next: new Int32Array(new SharedArrayBuffer(4)),
  };
  const program = `(${work.toString()})(require("node:worker_threads").workerData)`;
  await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(program, { eval: true, workerData: task });
      return new Promise((resolve, reject) => worker.once("exit", resolve).once("error", reject));
    }),
  );
  return task.c;
}
