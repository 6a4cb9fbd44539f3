/** Attention as it is defined, one row after another: scores, weights, results. */
import type { AttentionKernel, Axes } from "../../ir/kernel.ts";
import type { Closures, Frame } from "./closures.ts";
import { compileStore, countStatements, type Runner } from "./statements.ts";
import type { Workers } from "./workers.ts";

/** Every row is a workgroup of its own: whatever shares them out may do so in any way. */
export function compileAttention(kernel: AttentionKernel, closures: Closures, workers: Workers): Runner {
  const { batch, m, n, first, last, products, softmax, results, rowStores } = kernel;
  for (const e of [first, last, softmax?.score]) if (e) closures.count(e);
  for (const { left, right } of products) [left, right].forEach((e) => closures.count(e));
  for (const { weight, value, stores } of results) {
    [weight, value].forEach((e) => closures.count(e));
    countStatements(closures, stores);
  }
  countStatements(closures, rowStores);
  const write = (s: (typeof rowStores)[number]): Runner =>
    compileStore(closures, s, (buffer, offset, value) => workers.writer(buffer, offset, value));

  const rows = nestOf(closures, [...batch, m], 0);
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
  const weighed = results.map(({ f, weight, value, sum, stores }) => {
    const nest = nestOf(closures, f, rowDepth + 1);
    return {
      nest,
      weight: closures.compile(weight),
      value: closures.compile(value),
      sum: closures.bind(sum, rowDepth + 1 + f.length),
      stores: stores.map(write),
    };
  });
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
    rows(frame, () => {
      workers.group(frame);
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
      const totals: number[][] = weighed.map(() => []);
      for (let i = begin; share !== 0 && i < end; i++) {
        multiply(i);
        if (score) frame.values[weightSlot!] = Math.fround(Math.exp(score(frame) - largest));
        weighed.forEach(({ nest, weight, value }, r) => {
          const by = weight(frame);
          let at = 0;
          nest(frame, () => {
            totals[r]![at] = (totals[r]![at] ?? 0) + by * value(frame);
            at++;
          });
        });
      }
      weighed.forEach(({ nest, sum, stores }, r) => {
        let at = 0;
        nest(frame, () => {
          frame.values[sum] = Math.fround((totals[r]![at++] ?? 0) * share);
          for (const run of stores) run(frame);
        });
      });
      for (const run of ends) run(frame);
    });
  };
}

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
