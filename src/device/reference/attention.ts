/** Attention as it is defined, one row after another: scores, weights, results. */
import { resultsOf } from "../../ir/attention.ts";
import type { AttentionKernel, Axes, Weighed } from "../../ir/kernel.ts";
import type { Closures, Frame } from "./closures.ts";
import { compileStore, countStatements, type Runner } from "./statements.ts";
import type { Workers } from "./workers.ts";

/**
 * Every row is a workgroup of its own, or where columns have results too, every batch: whatever shares them out may do so in any
 * way.
 */
export function compileAttention(kernel: AttentionKernel, closures: Closures, workers: Workers): Runner {
  const { batch, m, n, first, last, products, softmax, results, across, rowStores } = kernel;
  for (const e of [first, last, softmax?.score]) if (e) closures.count(e);
  for (const { left, right } of products) [left, right].forEach((e) => closures.count(e));
  for (const { weight, value, stores } of resultsOf(kernel)) {
    [weight, value].forEach((e) => closures.count(e));
    countStatements(closures, stores);
  }
  countStatements(closures, rowStores);
  const write = (s: (typeof rowStores)[number]): Runner =>
    compileStore(closures, s, (buffer, offset, value) => workers.writer(buffer, offset, value));

  const batches = nestOf(closures, batch, 0);
  const rows = nestOf(closures, [m], batch.length);
  const rowDepth = batch.length + 1;
  const [count, slot] = [closures.size(n.extent), closures.bind(n.index, rowDepth + 1)];
  const version = closures.version(rowDepth + 1);
  const visit = (frame: Frame, i: number): void => {
    frame.values[slot] = i;
    frame.values[version]!++;
  };
  const [from, to] = [first, last].map((e) => e && closures.compile(e));
  const sums = products.map(({ k, left, right, sum }) => ({
    nest: nestOf(closures, k, rowDepth + 1),
    left: closures.compile(left),
    right: closures.compile(right),
    register: closures.bind(sum, rowDepth + 1),
  }));
  const normSlot = softmax && closures.bind(softmax.norm, rowDepth);
  const weightSlot = softmax && closures.bind(softmax.weight, rowDepth + 1);
  const score = softmax && closures.compile(softmax.score);
  const weighed = (list: readonly Weighed[]): readonly Sums[] =>
    list.map(({ f, weight, value, sum, stores }) => {
      const nest = nestOf(closures, f, rowDepth + 1);
      const [by, of] = [closures.compile(weight), closures.compile(value)];
      const slot = closures.bind(sum, rowDepth + 1 + f.length);
      const runs = stores.map(write);
      return {
        add(frame, totals) {
          const factor = by(frame);
          let at = 0;
          nest(frame, () => {
            totals[at] = (totals[at] ?? 0) + factor * of(frame);
            at++;
          });
        },
        finish(frame, totals, share) {
          let at = 0;
          nest(frame, () => {
            frame.values[slot] = Math.fround((totals[at++] ?? 0) * share);
            for (const run of runs) run(frame);
          });
        },
      };
    });
  const [ofRows, ofColumns] = [weighed(results), weighed(across?.results ?? [])];
  const ends = rowStores.map(write);

  return (frame) => {
    const multiply = (i: number): void => {
      visit(frame, i);
      for (const { nest, left, right, register } of sums) {
        let total = 0;
        nest(frame, () => (total += left(frame) * right(frame)));
        frame.values[register] = Math.fround(total);
      }
    };
    const row = (columns: readonly Totals[]): void => {
      if (!across) workers.group(frame);
      const begin = Math.max(0, from?.(frame) ?? 0);
      const end = Math.min(count(frame), to?.(frame) ?? Infinity);
      let [largest, share] = [-Infinity, 1];
      if (score) {
        const scores: number[] = [];
        for (let i = begin; i < end; i++) {
          multiply(i);
          scores.push(score(frame));
        }
        largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
        const sum = largest === -Infinity ? 0 : scores.reduce((a, s) => a + Math.exp(s - largest), 0);
        share = sum === 0 ? 0 : 1 / sum;
        frame.values[normSlot!] = sum === 0 ? -Infinity : Math.fround(largest + Math.log(sum));
      }
      const totals: number[][] = ofRows.map(() => []);
      for (let i = begin; share !== 0 && i < end; i++) {
        multiply(i);
        if (score) frame.values[weightSlot!] = Math.fround(Math.exp(score(frame) - largest));
        ofRows.forEach((sums, r) => sums.add(frame, totals[r]!));
        ofColumns.forEach((sums, r) => sums.add(frame, (columns[r]![i] ??= [])));
      }
      ofRows.forEach((sums, r) => sums.finish(frame, totals[r]!, share));
      for (const run of ends) run(frame);
    };
    batches(frame, () => {
      if (across) workers.group(frame);
      const columns: Totals[] = ofColumns.map(() => []);
      rows(frame, () => row(columns));
      ofColumns.forEach((sums, r) => {
        for (let i = 0; i < count(frame); i++) {
          visit(frame, i);
          sums.finish(frame, columns[r]![i] ?? [], 1);
        }
      });
    });
  };
}

/** A result: what a pair adds to its sums, and what becomes of these. */
interface Sums {
  add(frame: Frame, totals: number[]): void;
  finish(frame: Frame, totals: readonly number[], share: number): void;
}
/** Sums of each column. */
type Totals = number[][];

/** Loops inside `depth` others. */
export function nestOf(
  closures: Closures,
  axes: readonly Axes[],
  depth: number,
): (frame: Frame, each: () => void) => void {
  const extents = axes.map((axis) => closures.size(axis.extent));
  const slots = axes.map((axis, i) => closures.bind(axis.index, depth + 1 + i));
  const versions = axes.map((_, i) => closures.version(depth + 1 + i));
  return (frame, each) => {
    const counts = extents.map((extent) => extent(frame));
    const walk = (axis: number): void => {
      if (axis === axes.length) return each();
      for (let i = 0; i < counts[axis]!; i++) {
        frame.values[slots[axis]!] = i;
        frame.values[versions[axis]!]!++;
        walk(axis + 1);
      }
    };
    walk(0);
  };
}
