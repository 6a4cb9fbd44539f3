/**
 * How the threads of a workgroup bring one operand's part of a tile into shared memory: `size` rows (or columns) times
 * `depth` steps of k. Every thread loads runs of WIDTH elements into registers, one step ahead, and stores each run as
 * one. Neighbouring threads read neighbouring addresses. Where a run is not side by side in memory it goes across that
 * direction, so that the operand is turned on its way through the registers.
 */
import { constant, index as freshIndex, type Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainDivide, plainLoad, plainSelect } from "../../ir/rewrite.ts";
import { WIDTH, type Direction, type Reading, type Side } from "./contract-sides.ts";
import type { SharedTile } from "./contract-share.ts";
import {
  atMost,
  below,
  Code,
  hoist,
  loopOver,
  type Nest,
  placing,
  plus,
  storeTo,
  times,
  whole,
  when,
  type Places,
} from "./emit.ts";
import type { Slots } from "./slots.ts";

/** WIDTH elements that a thread loads: where they are in the operand and in shared memory. */
interface Run {
  readonly free: Position;
  readonly depth: Position;
  readonly shared: Expression;
  /** Whether they are the thread's; always, by default. */
  readonly valid: Expression | undefined;
}

/** A position along one direction: a value of the thread plus a number of the code. */
interface Position {
  readonly base: Expression;
  readonly shift: number;
  /** Tells it from the thread's others. */
  readonly key: number;
}

export interface LoaderOptions {
  readonly side: Side;
  readonly reading: Reading;
  /** Rows (or columns) of the tile, and its steps of k. */
  readonly size: number;
  readonly depth: number;
  readonly threads: number;
  /** The thread's number, and the tile's first row. */
  readonly thread: Expression;
  readonly start: Expression;
  readonly batch: Places;
  readonly k: Nest;
  /** How many steps of k there are; undefined where tiles are always full. */
  readonly end: Expression | undefined;
  readonly slots: Slots;
  /** Buffers: what a thread has loaded, and the tile. */
  readonly stage: number;
  readonly tile: number;
}

export class Loader {
  /** What it loads. */
  readonly tile: SharedTile;
  readonly #options: LoaderOptions;
  /** Code before the loop over k. */
  readonly #ahead: Code;
  readonly #lane = freshIndex(WIDTH);
  readonly #runs: readonly Run[];
  /** By position: the operand along k at a row. */
  readonly #rows = new Map<number, Expression>();
  /** Where the last row's elements begin. */
  readonly #last: Expression;

  constructor(options: LoaderOptions, ahead: Code) {
    this.#options = options;
    this.#ahead = ahead;
    const { side, reading, size, depth, threads, thread, slots } = options;
    this.#last = slots.add(side.nest.count - (reading.vector && reading.along === "free" ? WIDTH : 1));
    const { along, vector } = reading;
    const inner = innerOf(reading);
    const pitch = (inner === "free" ? size : depth) + WIDTH;
    this.tile = { buffer: options.tile, inner, pitch };
    const [alongUnit, acrossUnit] = vector ? [WIDTH, 1] : [1, WIDTH];
    // Threads count along the direction first.
    const length = (along === "free" ? size : depth) / alongUnit;
    const total = (size * depth) / WIDTH;
    const run = (a: Position, b: Position, base: Expression, valid: Expression | undefined): Run => {
      const [free, k] = along === "free" ? [a, b] : [b, a];
      const [near, far] = inner === along ? [a, b] : [b, a];
      return { free, depth: k, shared: plus(base, whole(far.shift * pitch + near.shift)), valid };
    };
    const placeOf = (alongBase: Expression, acrossBase: Expression): Expression => {
      const [near, far] = inner === along ? [alongBase, acrossBase] : [acrossBase, alongBase];
      return ahead.name(plus(times(far, pitch), near));
    };
    if (total % threads || (length % threads && threads % length)) {
      // Runs that do not come out even are found one by one; threads beyond the last load that one.
      this.#runs = Array.from({ length: Math.ceil(total / threads) }, (_, n) => {
        const number = ahead.name(plus(thread, whole(n * threads)));
        const isLast = (n + 1) * threads > total;
        const inside = isLast ? ahead.name(atMost(number, whole(total - 1))) : number;
        const a = ahead.name(times(plainDivide("remainder", inside, length), alongUnit));
        const b = ahead.name(times(plainDivide("quotient", inside, length), acrossUnit));
        const valid = isLast ? ahead.name(below(number, whole(total))) : undefined;
        return run({ base: a, shift: 0, key: n * WIDTH }, { base: b, shift: 0, key: n * WIDTH }, placeOf(a, b), valid);
      });
      return;
    }
    const isLong = length > threads;
    const first = isLong ? thread : ahead.name(plainDivide("remainder", thread, length));
    const second = isLong ? whole(0) : ahead.name(plainDivide("quotient", thread, length));
    const alongBase = ahead.name(times(first, alongUnit));
    const acrossBase = ahead.name(times(second, acrossUnit));
    const shared = placeOf(alongBase, acrossBase);
    const turns = isLong ? length / threads : 1;
    this.#runs = Array.from({ length: total / threads }, (_, n) => {
      const position = (base: Expression, shift: number): Position => ({ base, shift, key: shift });
      const a = position(alongBase, (n % turns) * threads * alongUnit);
      const turn = isLong ? Math.floor(n / turns) : n * (threads / length);
      return run(a, position(acrossBase, turn * acrossUnit), shared, undefined);
    });
  }

  /** Elements of the tile, and of what a thread loads. */
  get tileSize(): number {
    const { reading, size, depth } = this.#options;
    return tileSize(reading, size, depth);
  }
  get stageSize(): number {
    return this.#runs.length * WIDTH;
  }

  /** Reads the part of the tile that begins at `start` of k. */
  fetch(start: Expression): Statement[] {
    const { reading, stage } = this.#options;
    const code = new Code();
    const steps = new Map<number, Step>();
    const stepAt = ({ base, shift, key }: Position, lane: number): Step => {
      const known = steps.get(key + lane) ?? this.#stepAt(code, plus(start, base, whole(shift + lane)));
      steps.set(key + lane, known);
      return known;
    };
    this.#runs.forEach(({ free, depth }, run) => {
      if (reading.vector) {
        const step = stepAt(depth, 0);
        const row = this.#rowAt(free, 0);
        code.statements.push(
          loopOver("vector", WIDTH, (lane) => [
            storeTo(stage, plus(whole(run * WIDTH), lane), this.#element(row, step, lane)),
          ]),
        );
        return;
      }
      for (let lane = 0; lane < WIDTH; lane++) {
        const row = this.#rowAt(free, this.tile.inner === "free" ? lane : 0);
        const step = stepAt(depth, this.tile.inner === "depth" ? lane : 0);
        code.statements.push(storeTo(stage, whole(run * WIDTH + lane), this.#element(row, step)));
      }
    });
    return code.statements;
  }

  /** Stores what was fetched to shared memory. */
  deposit(): Statement[] {
    const { stage, tile } = this.#options;
    return this.#runs.map(({ shared, valid }, run) => {
      const stores = loopOver("vector", WIDTH, (lane) => [
        storeTo(tile, plus(shared, lane), plainLoad(stage, "f32", plus(whole(run * WIDTH), lane))),
      ]);
      return valid ? when(valid, stores) : stores;
    });
  }

  /** The operand at one of the thread's rows, k still open. Beyond the last row it is that one. */
  #rowAt({ base, shift, key }: Position, lane: number): Expression {
    let known = this.#rows.get(key + lane);
    if (known) return known;
    const { side, reading, start, batch, k } = this.#options;
    const row = this.#ahead.name(atMost(plus(start, base, whole(shift + lane)), this.#last));
    const first = side.nest.locate(this.#ahead, row);
    const places = reading.vector && reading.along === "free" ? side.nest.move(first, this.#lane) : first;
    const varying = new Set<Expression>([...k.axes.map((axes) => axes.index), this.#lane]);
    known = hoist(placing(new Map([...batch, ...places]))(side.value), varying, this.#ahead);
    this.#rows.set(key + lane, known);
    return known;
  }

  /** A step of k. Beyond the last it is that one, and counts for nothing. */
  #stepAt(code: Code, position: Expression): Step {
    const { reading, k, end } = this.#options;
    const step = code.name(position);
    if (!end) return { places: k.locate(code, step), inside: undefined };
    const last = plus(end, whole(reading.vector && reading.along === "depth" ? -WIDTH : -1));
    return { places: k.locate(code, code.name(atMost(step, last))), inside: code.name(below(step, end)) };
  }

  #element(row: Expression, { places, inside }: Step, lane?: Expression): Expression {
    const { k, reading } = this.#options;
    const moved = lane && reading.along === "depth" ? k.move(places, lane) : places;
    const value = placing(new Map([...moved, ...(lane ? ([[this.#lane, lane]] as const) : [])]))(row);
    return inside ? plainSelect(inside, value, constant(0, "f32")) : value;
  }
}

/** Elements that a tile takes in shared memory. */
export function tileSize(reading: Reading, size: number, depth: number): number {
  const [near, far] = innerOf(reading) === "free" ? [size, depth] : [depth, size];
  return (near + WIDTH) * far;
}

/** The direction that lies side by side in shared memory: that of vectors, or the one across that of threads. */
export const innerOf = ({ along, vector }: Reading): Direction => (vector === (along === "free") ? "free" : "depth");

interface Step {
  readonly places: Places;
  readonly inside: Expression | undefined;
}
