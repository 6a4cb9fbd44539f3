import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { iota } from "../graph/ops/leaf.ts";
import { cast, cos, neg, sin } from "../graph/ops/unary.ts";
import { tensor } from "../tensor/create.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { concat, flatten, narrow, reshape, stack, unbind, unsqueeze } from "../tensor/functional/movement.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { checkLast } from "./checks.ts";
import { Module } from "./module.ts";

export interface RotaryOptions {
  /** The slowest pair turns by about 1/base for each position, 10000 by default. */
  readonly base?: number | undefined;
  /** Whether neighbouring features are a pair (GPT-J), or features half the width apart (GPT-NeoX, LLaMA; the default). */
  readonly interleaved?: boolean | undefined;
}

/**
 * Rotary positions: Su et al. 2021. Pairs of features of queries and keys, [..., length, features], are turned by angles
 * position · base^(−2i / features), so that products depend on distances only. Nothing is trained or saved.
 */
export class RotaryPositions extends Module {
  readonly features: number;
  readonly base: number;
  readonly interleaved: boolean;

  /** @param features of one head. */
  constructor(features: number, { base = 10_000, interleaved = false }: RotaryOptions = {}) {
    super();
    this.features = features;
    this.base = base;
    this.interleaved = interleaved;
    if (!(Number.isInteger(features) && features > 0 && features % 2 === 0))
      throw new ArgumentError(`${this}: features of a head must be an even number above 0, got ${features}`);
    if (!(base > 0)) throw new ArgumentError(`${this}: the base must be above 0, got ${base}`);
  }

  /** @param start the position of the first of them, 0 by default; i32 [] where it is data. */
  forward(x: Tensor, start: number | Tensor = 0): Tensor {
    checkLast(this, x, [this.features]);
    if (x.rank < 2) throw new ShapeError(`${this}: the input must be [..., length, features], got ${show(x.shape)}`);
    const positions = add(iota([x.shape.at(-2)!], 0), typeof start === "number" ? start : start.node);
    return fromNode(this.#turn(x.node, positions));
  }

  #turn(x: Node, positions: Node): Node {
    const half = this.features / 2;
    // Exact on the host: an error of a frequency grows with the position.
    const rates = Float64Array.from({ length: half }, (_, i) => this.base ** (-i / half));
    const angles = mul(unsqueeze(cast(positions, x.dtype), -1), tensor(rates).cast(x.dtype).node);
    const [first, second] = this.interleaved
      ? unbind(reshape(x, [...x.shape.slice(0, -1), half, 2]), -1)
      : [narrow(x, -1, 0, half), narrow(x, -1, half, half)];
    const turned = [
      add(mul(first!, cos(angles)), neg(mul(second!, sin(angles)))),
      add(mul(second!, cos(angles)), mul(first!, sin(angles))),
    ];
    return this.interleaved ? flatten(stack(turned, -1), x.shape.length - 1) : concat(turned, -1);
  }

  override toString(): string {
    return `RotaryPositions(${this.features})`;
  }
}
