/** How the threads of a workgroup share what is in shared memory, and multiply it. */
import type { Expression } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { plainBinary, plainLoad } from "../../ir/rewrite.ts";
import { WIDTH, type Direction } from "./contract-sides.ts";
import { Code, loopOver, plus, storeTo, times, whole } from "./emit.ts";

/** A block of an operand in shared memory: the direction that lies side by side, and the distance of its lines. */
export interface SharedTile {
  readonly buffer: number;
  readonly inner: Direction;
  readonly pitch: number;
}

export interface ShareOptions {
  readonly tile: SharedTile;
  /** The thread's number, of so many in this direction, and how many rows (or columns) each has. */
  readonly thread: Expression;
  readonly threads: number;
  readonly count: number;
  /** Registers that they are brought into. */
  readonly buffer: number;
  /** Does a thread have runs of WIDTH neighbours even where these do not lie side by side? */
  readonly inRuns?: boolean;
}

/** The rows (or columns) of a tile that one thread multiplies: every so many threads' one, in runs where these lie side by side. */
export class Share {
  readonly count: number;
  /** Do runs lie side by side, or steps of k? */
  readonly isFree: boolean;
  readonly #options: ShareOptions;
  readonly #first: Expression;
  readonly #base: Expression;

  constructor(options: ShareOptions, code: Code) {
    const { tile, thread, count } = options;
    this.#options = options;
    this.count = count;
    this.isFree = tile.inner === "free";
    this.#first = this.#inRuns ? code.name(times(thread, WIDTH)) : thread;
    this.#base = this.isFree ? this.#first : code.name(times(this.#first, tile.pitch));
  }

  /** Where the thread's n-th is in the tile. */
  position(n: number): Expression {
    return plus(this.#first, whole(this.#shift(n)));
  }

  /** Brings into registers what is multiplied at step `k`, or at the WIDTH steps from there on. */
  fetch(k: Expression): Statement[] {
    const { tile, threads, buffer } = this.#options;
    const code = new Code();
    const base = code.name(this.isFree ? plus(this.#base, times(k, tile.pitch)) : plus(this.#base, k));
    const run = (from: Expression, n: Expression): Statement =>
      loopOver("vector", WIDTH, (lane) => [
        storeTo(buffer, plus(times(n, WIDTH), lane), plainLoad(tile.buffer, "f32", plus(from, lane))),
      ]);
    const runs =
      this.#inRuns && !this.isFree
        ? Array.from({ length: this.count }, (_, n) => run(plus(base, whole(this.#shift(n) * tile.pitch)), whole(n)))
        : [
            loopOver("unroll", this.isFree ? this.count / WIDTH : this.count, (n) => [
              run(plus(base, times(n, this.isFree ? threads * WIDTH : threads * tile.pitch)), n),
            ]),
          ];
    return [...code.statements, ...runs];
  }

  /** The thread's n-th element at the u-th of the steps that were fetched. */
  element(n: Expression, u: Expression): Expression {
    return plainLoad(this.#options.buffer, "f32", this.isFree ? n : plus(times(n, WIDTH), u));
  }

  get #inRuns(): boolean {
    return this.isFree || this.#options.inRuns === true;
  }

  #shift(n: number): number {
    const { threads } = this.#options;
    return this.#inRuns ? Math.floor(n / WIDTH) * threads * WIDTH + (n % WIDTH) : n * threads;
  }
}

/** sums += rows × columns, over the block of k in shared memory, which begins in that of the rows at `from`. */
export function multiply(
  rows: Share,
  columns: Share,
  sums: number,
  depth: number,
  from: Expression = whole(0),
): Statement {
  const width = rows.isFree && columns.isFree ? 1 : WIDTH;
  const addTo = (offset: Expression, value: Expression): Statement =>
    storeTo(sums, offset, plainBinary("add", plainLoad(sums, "f32", offset), value));
  return loopOver("sequential", depth / width, (block) => {
    const start = times(block, width);
    const fetch = (side: Share, k: Expression): Statement[] => side.fetch(side === rows ? plus(from, k) : k);
    const products = (u: Expression): Statement =>
      loopOver("unroll", rows.count, (i) => {
        const row = rows.element(i, u);
        const line = times(i, columns.count);
        const product = (j: Expression): Statement =>
          addTo(plus(line, j), plainBinary("mul", row, columns.element(j, u)));
        if (!columns.isFree) return [loopOver("unroll", columns.count, (j) => [product(j)])];
        return [
          loopOver("unroll", columns.count / WIDTH, (run) => [
            loopOver("vector", WIDTH, (lane) => [product(plus(times(run, WIDTH), lane))]),
          ]),
        ];
      });
    return [
      ...[rows, columns].flatMap((side) => (side.isFree ? [] : fetch(side, start))),
      loopOver("unroll", width, (u) => [
        ...[rows, columns].flatMap((side) => (side.isFree ? fetch(side, plus(start, u)) : [])),
        products(u),
      ]),
    ];
  });
}
