/** Where a token stands, added to what it is. */
import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import { mul } from "../tensor/functional/arithmetic.ts";
import { concat, flatten, unsqueeze } from "../tensor/functional/movement.ts";
import { cos, sin } from "../graph/ops/unary.ts";
import { sliceAt } from "../tensor/functional/offset.ts";
import { toFloat } from "../tensor/functional/operands.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { checkRate, dropout } from "./dropout.ts";
import { normal } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";

/**
 * sin and cos of position / 10000^(2i / features), side by side: [length, features], Vaswani et al. 2017. Position 0 is
 * 0, 1, 0, 1, …
 */
export function sinusoidalPositions(length: number, features: number, dtype: DType = "f32"): Tensor {
  checkSizes("sinusoidalPositions", { length, features });
  const value = (place: number): number => {
    const [position, i] = [Math.floor(place / features), place % features];
    const angle = position / 10_000 ** ((i - (i % 2)) / features);
    return i % 2 ? Math.cos(angle) : Math.sin(angle);
  };
  return tensor(
    Float64Array.from({ length: length * features }, (_, place) => value(place)),
    [length, features],
    {
      dtype,
    },
  );
}

/** The rows of a table for positions from `start` on (0 by default), which may be data. */
function rowsOf(layer: object, table: Tensor, x: Tensor, start: number | Tensor): Tensor {
  const [length, capacity] = [x.shape.at(-2)!, table.shape[0]!];
  checkLast(layer, x, [table.shape[1]!]);
  if (x.rank < 2) throw new ShapeError(`${layer}: the input must be [..., length, features], got ${show(x.shape)}`);
  const end = length + (typeof start === "number" ? start : 0);
  if (end > capacity) throw new ShapeError(`${layer}: there are ${capacity} positions, the input ends at ${end}`);
  return fromNode(sliceAt(table.node, typeof start === "number" ? start : start.node, length));
}

export interface SinusoidalPositionsOptions {
  /** Positions that there are, 5000 by default. */
  readonly maxLength?: number | undefined;
  /** The share of the sum that is dropped while training, 0.1 by default, as in PyTorch's tutorial. */
  readonly dropout?: number | undefined;
}

/** Adds `sinusoidalPositions` to [..., length, features]. Nothing is trained or saved. */
export class SinusoidalPositions extends Module {
  readonly features: number;
  readonly maxLength: number;
  readonly dropout: number;
  readonly #tables = new Map<DType, Tensor>();

  constructor(features: number, { maxLength = 5000, dropout: rate = 0.1 }: SinusoidalPositionsOptions = {}) {
    super();
    this.features = features;
    this.maxLength = maxLength;
    this.dropout = rate;
    checkSizes(`${this}`, { features, maxLength });
    checkRate(`${this}`, rate);
  }

  /** @param start the position of the first of them, 0 by default; i32 [] where it is data. */
  forward(x: Tensor, start: number | Tensor = 0): Tensor {
    let table = this.#tables.get(x.dtype);
    if (!table) this.#tables.set(x.dtype, (table = sinusoidalPositions(this.maxLength, this.features, x.dtype)));
    const sum: Tensor = x.add(rowsOf(this, table, x, start));
    return this.training ? dropout(sum, this.dropout) : sum;
  }

  override toString(): string {
    return `SinusoidalPositions(${this.features})`;
  }
}

/** Adds a trained row for each position to [..., length, features]. Rows start normal with deviation 0.02, as in GPT-2. */
export class LearnedPositions extends Module {
  /** [maxLength, features] */
  weight: Parameter;

  constructor(maxLength: number, features: number, { dtype = "f32" }: { readonly dtype?: DType | undefined } = {}) {
    super();
    checkSizes(`LearnedPositions(${maxLength}, ${features})`, { maxLength, features });
    this.weight = drawn([maxLength, features], normal(0, 0.02), dtype, "LearnedPositions.weight");
  }

  /** @param start the position of the first of them, 0 by default; i32 [] where it is data. */
  forward(x: Tensor, start: number | Tensor = 0): Tensor {
    return x.add(rowsOf(this, this.weight, x, start));
  }

  override toString(): string {
    return `LearnedPositions(${this.weight.shape.join(", ")})`;
  }
}

export interface FrequencyEncodingOptions {
  /** Whether the coordinates themselves come first, true by default. */
  readonly includeInput?: boolean | undefined;
}

/**
 * sin(2ᵏπx) and cos(2ᵏπx) for k below `frequencies`, for each coordinate: [..., c] → [..., c · (1 + 2 · frequencies)], the
 * encoding of NeRF (Mildenhall et al. 2020). First the coordinates, then all sines, then all cosines.
 */
export function frequencyEncoding(
  x: Tensor,
  frequencies: number,
  { includeInput = true }: FrequencyEncodingOptions = {},
): Tensor {
  checkSizes("frequencyEncoding", { frequencies });
  if (x.rank === 0) throw new ArgumentError("frequencyEncoding: needs coordinates [..., c], got a scalar");
  const given = toFloat(x.node);
  const octaves = tensor(Float64Array.from({ length: frequencies }, (_, k) => 2 ** k * Math.PI)).cast(given.dtype);
  const angles = flatten(mul(unsqueeze(given, -1), octaves.node), x.rank - 1);
  return fromNode(concat([...(includeInput ? [given] : []), sin(angles), cos(angles)], -1));
}
