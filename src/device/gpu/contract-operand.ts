/** How one thread reads its rows and columns of a contraction where they lie, and multiplies them. */
import { constant, index as freshIndex, type Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainLoad, plainSelect } from "../../ir/rewrite.ts";
import { WIDTH, type Direction, type Side } from "./contract-sides.ts";
import {
  atMost,
  below,
  type Code,
  hoist,
  loopOver,
  type Nest,
  placing,
  plus,
  storeTo,
  times,
  whole,
  type Places,
} from "./emit.ts";

export interface StepsOptions {
  readonly depth: Nest;
  readonly start: Expression;
  /** How many steps, and how far apart. */
  readonly run: number;
  readonly distance: number;
  /** Are they neighbours that are read together? */
  readonly neighbours: boolean;
  /** How many steps of k there are; undefined where these are all inside. */
  readonly end: Expression | undefined;
}

/** Steps of k that a thread takes at a time. Beyond the last they are that one, and count for nothing. */
export class Steps {
  readonly run: number;
  readonly #depth: Nest;
  readonly #neighbours: boolean;
  readonly #steps: readonly { readonly places: Places; readonly inside: Expression | undefined }[];

  constructor({ depth, start, run, distance, neighbours, end }: StepsOptions, code: Code) {
    this.run = run;
    this.#depth = depth;
    this.#neighbours = neighbours;
    this.#steps = Array.from({ length: neighbours ? 1 : run }, (_, u) => {
      const step = code.name(plus(start, whole(u * distance)));
      if (!end) return { places: depth.locate(code, step), inside: undefined };
      const clamped = code.name(atMost(step, plus(end, whole(neighbours ? -run : -1))));
      return { places: depth.locate(code, clamped), inside: code.name(below(step, end)) };
    });
  }

  /** An operand at the u-th step, `ahead` of the first, and at these places. */
  element(value: Expression, u: number, ahead: Expression, at: Places): Expression {
    const { places, inside } = this.#steps[this.#neighbours ? 0 : u]!;
    const moved = this.#neighbours ? this.#depth.move(places, ahead) : places;
    const made = placing(new Map([...moved, ...at]))(value);
    return inside ? plainSelect(inside, made, constant(0, "f32")) : made;
  }
}

export interface OperandOptions {
  readonly side: Side;
  readonly batch: Places;
  readonly depth: Nest;
  /** The direction in which WIDTH elements are loaded at once, if there is one. */
  readonly vector: Direction | undefined;
  /** The first row (or column), how many there are, and how many there are of all. */
  readonly first: Expression;
  readonly count: number;
  readonly limit: Expression;
  /** Steps of k that are read at a time. */
  readonly run: number;
  /** The buffer of registers that they are read into: [steps, rows], or [rows, steps] where several steps are loaded at once. */
  readonly buffer: number;
}

export class Operand {
  readonly count: number;
  readonly vector: Direction | undefined;
  readonly #run: number;
  readonly #buffer: number;
  /** The operand at each row, or at one of each run of them, k still open. */
  readonly #values: readonly Expression[];
  readonly #neighbour = freshIndex(WIDTH);

  constructor({ side, batch, depth, vector, first, count, limit, run, buffer }: OperandOptions, code: Code) {
    this.count = count;
    this.vector = vector;
    this.#run = run;
    this.#buffer = buffer;
    const varying = new Set<Expression>([...depth.axes.map((axes) => axes.index), this.#neighbour]);
    const step = vector === "free" ? WIDTH : 1;
    this.#values = Array.from({ length: count / step }, (_, n) => {
      const number = code.name(atMost(plus(first, whole(n * step)), plus(limit, whole(-step))));
      const places = side.nest.locate(code, number);
      const moved = vector === "free" ? side.nest.move(places, this.#neighbour) : places;
      return hoist(placing(new Map([...batch, ...moved]))(side.value), varying, code);
    });
  }

  /** Reads all rows at these steps. */
  fetch(steps: Steps): Statement[] {
    const { vector, count } = this;
    const out: Statement[] = [];
    for (let u = 0; u < this.#run; u += vector === "depth" ? WIDTH : 1)
      this.#values.forEach((value, n) => {
        if (vector === undefined) {
          out.push(storeTo(this.#buffer, whole(u * count + n), steps.element(value, u, whole(u), new Map())));
          return;
        }
        const run = loopOver("vector", WIDTH, (lane) => {
          const [place, element] =
            vector === "depth"
              ? [whole(n * this.#run + u), steps.element(value, 0, plus(whole(u), lane), new Map())]
              : [whole(u * count + n * WIDTH), steps.element(value, u, whole(u), new Map([[this.#neighbour, lane]]))];
          return [storeTo(this.#buffer, plus(place, lane), element)];
        });
        out.push(run);
      });
    return out;
  }

  /** The n-th row's element at the u-th of the steps that were read. */
  element(n: Expression, u: number): Expression {
    const at = this.vector === "depth" ? plus(times(n, this.#run), whole(u)) : plus(whole(u * this.count), n);
    return plainLoad(this.#buffer, "f32", at);
  }
}

/** sums += `count` rows × columns at the u-th step; sums are [rows, columns]. */
export function multiplyStep(
  sums: number,
  count: number,
  row: (i: Expression) => Expression,
  columns: Operand,
  u: number,
): Statement {
  const together = columns.vector !== "depth" && columns.count % WIDTH === 0;
  return loopOver("unroll", count, (i) => {
    const left = row(i);
    const addTo = (j: Expression): Statement => {
      const at = plus(times(i, columns.count), j);
      const product = plainBinary("mul", left, columns.element(j, u));
      return storeTo(sums, at, plainBinary("add", plainLoad(sums, "f32", at), product));
    };
    if (!together) return [loopOver("unroll", columns.count, (j) => [addTo(j)])];
    return [
      loopOver("unroll", columns.count / WIDTH, (n) => [
        loopOver("vector", WIDTH, (lane) => [addTo(plus(times(n, WIDTH), lane))]),
      ]),
    ];
  });
}
