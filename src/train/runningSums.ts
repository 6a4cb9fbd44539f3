import type { Node } from "../graph/node.ts";
import { cast } from "../graph/ops/unary.ts";
import { Cell } from "../tensor/cell.ts";
import { widestFloat } from "../tensor/engine.ts";
import { read, type Assignment } from "../tensor/evaluate.ts";
import { add, sub } from "../tensor/functional/arithmetic.ts";
import { outsideTraces } from "../tensor/trace.ts";

/**
 * Sums that are added up on the device, in double precision: exact as far as it matters, so that means do not depend on how often they are
 * collected. On devices without f64 what rounding takes from a sum in f32 is added up beside it (Knuth's TwoSum).
 */
export class RunningSums {
  readonly count: number;
  readonly #sums: Cell;
  readonly #lost: Cell | undefined;

  constructor(name: string, count: number) {
    this.count = count;
    const dtype = widestFloat();
    const zeros = (label: string): Cell =>
      outsideTraces(() => Cell.of(zerosOf(dtype, count), [count], dtype, { label: `${label} of ${name}` }));
    this.#sums = zeros("sum");
    this.#lost = dtype === "f32" ? zeros("rounding") : undefined;
  }

  /** The sums with more added to them, to be assigned. */
  added(more: Node): Assignment[] {
    const [sums, value] = [this.#sums.leaf(), cast(more, this.#sums.dtype)];
    const after = add(sums, value);
    if (!this.#lost) return [{ cell: this.#sums, value: after }];
    const arrived = sub(after, sums);
    const lost = add(sub(sums, sub(after, arrived)), sub(value, arrived));
    return [
      { cell: this.#sums, value: after },
      { cell: this.#lost, value: add(this.#lost.leaf(), lost) },
    ];
  }

  /** Reads the sums, and starts over from 0. */
  async take(): Promise<Float64Array> {
    const cells = this.#lost ? [this.#sums, this.#lost] : [this.#sums];
    const [sums, lost] = await Promise.all(cells.map((cell) => read(cell.leaf())));
    const total = Float64Array.from(sums!, (sum, i) => (Number.isFinite(sum) ? sum + (lost?.[i] ?? 0) : sum));
    for (const cell of cells) cell.set(zerosOf(cell.dtype, this.count));
    return total;
  }
}

const zerosOf = (dtype: string, count: number): Float64Array | Float32Array =>
  dtype === "f64" ? new Float64Array(count) : new Float32Array(count);
