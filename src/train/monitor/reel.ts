import { byteSize } from "../../core/dtype.ts";
import { Cell } from "../../tensor/cell.ts";
import { assign } from "../../tensor/assign.ts";
import { add, mod } from "../../tensor/functional/arithmetic.ts";
import { updateAt } from "../../tensor/functional/offset.ts";
import { concat, contiguous, reshape } from "../../graph/ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { outsideTraces } from "../../tensor/trace.ts";

/** Room for so many rows, or fewer where they would take more bytes: each row that is added is a pass over all of them. */
const ROWS = 8;
const BYTES = 2 ** 19;

/** Rows of one length. */
interface Strip {
  readonly cell: Cell;
  readonly rows: number;
}

/** A row, and the strip that it was added to. */
export interface Frame {
  readonly strip: string;
  readonly numbers: Int32Array;
}

/**
 * Rows of numbers that traced steps leave on the device, to be read several at a time. A result of a step costs more than its bytes: host code
 * that runs once in a hundred steps is in no cache, and threads of the device fall asleep meanwhile.
 */
export class Reel {
  readonly #strips = new Map<string, Strip>();
  /** Rows that were added so far. Each begins with its number, from 1. */
  readonly #added = Cell.of(new Int32Array(1), [], "i32", { label: "rows added" });
  #taken = 0;

  /** How many rows there is room for until they are taken. */
  get rows(): number {
    return Math.min(ROWS, ...[...this.#strips.values()].map(({ rows }) => rows));
  }

  /** Bytes of all rows. */
  get bytes(): number {
    return [...this.#strips.values()].reduce((sum, { cell }) => sum + cell.memory.bytes, 0);
  }

  /**
   * Adds a row, in a traced step: one in each run of it.
   * @param strip names rows of one length.
   * @param numbers i32 [length].
   */
  add(strip: string, numbers: Tensor): void {
    const width = numbers.size + 1;
    const { cell, rows } = this.#stripOf(strip, width);
    const before = this.#added.leaf();
    const after = add(before, 1);
    // In memory before it is looked up for each row.
    const row = contiguous(reshape(concat([reshape(after, [1]), numbers.node], 0), [1, width]));
    assign([
      { cell, value: updateAt(cell.leaf(), row, mod(before, rows)) },
      { cell: this.#added, value: after },
    ]);
  }

  #stripOf(name: string, width: number): Strip {
    const known = this.#strips.get(name);
    if (known) return known;
    const rows = Math.max(1, Math.min(ROWS, Math.floor(BYTES / (width * byteSize("i32")))));
    const zeros = new Int32Array(rows * width);
    const cell = outsideTraces(() => Cell.of(zeros, [rows, width], "i32", { label: "rows of numbers" }));
    const made = { cell, rows };
    this.#strips.set(name, made);
    return made;
  }

  /**
   * The rows that were added since the last call, in order. They are those of now: what is added while a device is waited for is not among them.
   * @param count how many they are.
   */
  async take(count: number): Promise<Frame[]> {
    const first = this.#taken + 1;
    this.#taken += count;
    const loaded = [...this.#strips].map(async ([strip, { cell, rows }]) => ({ strip, rows, all: await cell.load() }));
    const frames: Frame[] = new Array(count);
    for (const { strip, rows, all } of await Promise.all(loaded)) {
      const width = all.length / rows;
      for (let row = 0; row < rows; row++) {
        const at = (all[row * width] as number) - first;
        if (at >= 0 && at < count)
          frames[at] = { strip, numbers: (all as Int32Array).subarray(row * width + 1, (row + 1) * width) };
      }
    }
    return frames;
  }
}
