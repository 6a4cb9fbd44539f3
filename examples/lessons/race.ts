/**
 * 500 × 500 by every way of these lessons, and how long each takes: `node examples/lessons/race.ts` (Node 22.18 or later).
 * The products are compared as well: they are equal.
 */
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { blocked, flat, naive, rowsFirst, typed, type Matrix } from "./matmul.ts";
import { parallel } from "./parallel.ts";

export interface Finish {
  readonly name: string;
  readonly milliseconds: number;
  /** Whether every entry is that of the naive product. */
  readonly equal: boolean;
}

/** Fixed numbers between −1 and 1. */
export function example(rows: number, columns: number, seed: number): Matrix {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => (((i * columns + j) * 0.6180339887 + seed * 0.7548776662) % 1) * 2 - 1),
  );
}

/** Runs every way once on matrices of `size` × `size`. */
export async function race(size: number): Promise<Finish[]> {
  const [a, b] = [example(size, size, 1), example(size, size, 2)];
  const [left, right] = [flat(a), flat(b)];
  const ways: [string, () => Float64Array | Promise<Float64Array>][] = [
    ["naive, i j k", () => flat(naive(a, b))],
    ["rows first, i k j", () => flat(rowsFirst(a, b))],
    ["blocked", () => flat(blocked(a, b))],
    ["typed arrays", () => typed(left, right, size, size, size)],
    ...[1, 2, 4].map((threads): [string, () => Promise<Float64Array>] => [
      `parallel, ${threads} ${threads === 1 ? "worker" : "workers"}`,
      () => parallel(left, right, [size, size, size], threads),
    ]),
  ];
  const finishes: Finish[] = [];
  let first: Float64Array | undefined;
  for (const [name, multiply] of ways) {
    const start = performance.now();
    const product = await multiply();
    const milliseconds = performance.now() - start;
    first ??= product;
    finishes.push({ name, milliseconds, equal: product.every((value, i) => value === first![i]) });
  }
  return finishes;
}

/** The table: time, and how many times as fast as the first. */
export function table(finishes: readonly Finish[]): string {
  const [{ milliseconds: slowest }] = finishes as [Finish];
  return finishes
    .map(({ name, milliseconds, equal }) =>
      [
        name.padEnd(20),
        `${milliseconds.toFixed(0)} ms`.padStart(9),
        `${(slowest / milliseconds).toFixed(1)}×`.padStart(7),
        equal ? "  equal" : "  DIFFERS",
      ].join(""),
    )
    .join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
  console.log(table(await race(500)));
