import type { DType } from "../core/dtype.ts";
import { allocate } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { sameShape, show, sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { iota } from "../graph/ops/leaf.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { add } from "../tensor/functional/arithmetic.ts";
import { le, where } from "../tensor/functional/comparison.ts";
import { updateAt } from "../tensor/functional/offset.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";

export interface KeyValueCacheSizes {
  readonly batch: number;
  /** Heads of keys and values. */
  readonly heads: number;
  /** Positions that fit. */
  readonly capacity: number;
  /** Features of one head. */
  readonly features: number;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * Keys and values of all positions so far, for generation token by token. Room for `capacity` positions is there from the
 * start and the length is data, so that one traced step serves all of them. Gradients do not go through what is stored.
 */
export class KeyValueCache {
  readonly capacity: number;
  readonly #keys: Cell;
  readonly #values: Cell;
  readonly #length: Cell;

  constructor({ batch, heads, capacity, features, dtype = "f32" }: KeyValueCacheSizes) {
    checkSizes("KeyValueCache", { batch, heads, capacity, features });
    this.capacity = capacity;
    const shape = [batch, heads, capacity, features];
    const cell = (label: string): Cell => Cell.of(allocate(dtype, sizeOf(shape)), shape, dtype, { label });
    this.#keys = cell("KeyValueCache.keys");
    this.#values = cell("KeyValueCache.values");
    this.#length = Cell.of(new Int32Array(1), [], "i32", { label: "KeyValueCache.length" });
  }

  /** Positions stored so far: i32 []. */
  get length(): Tensor<[]> {
    return fromNode(this.#length.read());
  }

  /**
   * Stores keys and values [batch, heads, new, features] behind those that are there.
   * @returns all of them, [batch, heads, capacity, features], and the mask [new, capacity] of what each new position may
   * see: itself and all before it. NaN where more positions were stored than fit.
   */
  append(keys: Tensor, values: Tensor): { readonly keys: Tensor; readonly values: Tensor; readonly mask: Tensor } {
    const [batch, heads, , features] = this.#keys.shape;
    const count = keys.shape[2] ?? 0;
    for (const x of [keys, values])
      if (!sameShape(x.shape, [batch!, heads!, count, features!]) || count > this.capacity)
        throw new ShapeError(
          `KeyValueCache: new keys and values must be [${batch}, ${heads}, up to ${this.capacity}, ${features}], ` +
            `got ${show(keys.shape)} and ${show(values.shape)}`,
        );
    const start = this.#length.leaf();
    const end = add(start, count);
    const stored = (cell: Cell, x: Tensor): Node =>
      where(le(end, this.capacity), updateAt(cell.leaf(), x.node, start, 2), NaN);
    const [allKeys, allValues] = [stored(this.#keys, keys), stored(this.#values, values)];
    const shape = [count, this.capacity];
    const mask = le(iota(shape, 1), add(iota(shape, 0), start));
    assign(
      [
        { cell: this.#keys, value: allKeys },
        { cell: this.#values, value: allValues },
        { cell: this.#length, value: end },
      ],
      [allKeys, allValues, mask],
    );
    return { keys: fromNode(allKeys), values: fromNode(allValues), mask: fromNode(mask) };
  }

  /** Forgets all positions. */
  clear(): void {
    this.#length.set(new Int32Array(1));
  }
}
