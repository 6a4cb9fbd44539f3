/**
 * Loops over elements that lie side by side along one index where they are read and along another where they are written, such
 * as copies that bring channels last. Whatever index their vectors ran along, every lane of the other side would be somewhere
 * else in memory, in a cache line of its own. So a block of both indices is turned in the thread's scratch, where it stays in
 * the nearest cache, and all that touches memory goes along it.
 */
import {
  childrenOf,
  register,
  type Expression,
  type Index,
  type Load,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { Buffer, Let, Loop, LoopKernel, Statement, Store } from "../../ir/kernel.ts";
import { expressionsOf, mapStatements, plainDivide, plainLoad } from "../../ir/rewrite.ts";
import { loadsIn, storedBy, walk } from "../../ir/walk.ts";
import { Body, i32, least, minus, placed, placer, plus, times, type Places } from "./body.ts";
import { isUnit, patternOf, termsOf } from "./patterns.ts";
import { definedIn } from "./speculate.ts";

/** A block: iterations of the outer loop, as many as fill a cache line, by those of the inner one. */
const ROWS = 16;
const COLUMNS = 128;
/** Elements from row to row of what is turned: a vector more, which is written and not read. */
const PITCH = COLUMNS + ROWS;
/** Fewer columns are not worth it. */
const FEWEST_COLUMNS = 8;

type Divisor = number | Param;

/** Two loops, one right inside the other, and what goes across the inner one but along the outer one. */
interface Nest {
  readonly outer: Loop;
  readonly lets: readonly Let[];
  readonly inner: Loop;
  readonly loads: readonly Load[];
  readonly stores: ReadonlySet<Store>;
  /** Steps of the outer loop at which these jump. */
  readonly within: readonly Divisor[];
}

const known = new WeakMap<LoopKernel, LoopKernel>();

/** A parameterized kernel whose loops go along memory wherever one of two nested ones does; itself where nothing goes across. */
export function turnAcross(kernel: LoopKernel): LoopKernel {
  let made = known.get(kernel);
  if (!made) known.set(kernel, (made = new Turning(kernel).run()));
  return made;
}

class Turning {
  private readonly kernel: LoopKernel;
  private readonly buffers: Buffer[];
  /** Buffers of the thread that all nests use in turn. */
  private readonly shared: { readonly buffer: Buffer; readonly number: number; isFree: boolean }[] = [];

  constructor(kernel: LoopKernel) {
    this.kernel = kernel;
    this.buffers = [...kernel.buffers];
  }

  run(): LoopKernel {
    const body = this.statements(this.kernel.body);
    return this.shared.length ? { ...this.kernel, buffers: this.buffers, body } : this.kernel;
  }

  private statements(list: readonly Statement[]): Statement[] {
    return list.map((s): Statement => {
      if (s.kind === "if") return { ...s, body: this.statements(s.body) };
      if (s.kind !== "loop" || s.axis !== "parallel" || s.accumulators.length) return s;
      const nest = this.nestOf(s);
      return nest ? this.turned(nest) : { ...s, body: this.statements(s.body) };
    });
  }

  private nestOf(outer: Loop): Nest | undefined {
    const lets = outer.body.filter((s): s is Let => s.kind === "let");
    const inner = outer.body.at(-1);
    if (inner?.kind !== "loop" || lets.length !== outer.body.length - 1) return undefined;
    if (inner.axis !== "parallel" || inner.accumulators.length) return undefined;
    if (typeof inner.extent === "number" && inner.extent < FEWEST_COLUMNS) return undefined;
    const own = definedIn(inner.body);
    const varying = new Set<Index | Register>([inner.index]);
    const isAlong = ({ offset }: Load | Store): boolean => isUnit(patternOf(offset, inner.index, varying));
    const within = new Set<Divisor>();
    const goesAcross = ({ buffer, offset }: Load | Store): boolean => {
      if (!offset.free.has(inner.index) || [...offset.free].some((v) => own.has(v))) return false;
      const { dtype, space } = this.buffers[buffer]!;
      if (dtype !== "f32" || space !== "global") return false;
      const pattern = patternOf(offset, inner.index, varying);
      const jumps = pattern.kind === "linear" && !isUnit(pattern) ? jumpsOf(offset, outer.index) : undefined;
      jumps?.forEach((divisor) => within.add(divisor));
      return jumps !== undefined;
    };
    const stored = storedBy(this.kernel.body);
    const all = loadsIn(expressionsOf([inner]));
    const stores = inner.body.filter((s): s is Store => s.kind === "store");
    const read = new Set(all.map(({ buffer }) => buffer));
    if (![...all, ...stores].some(isAlong)) return undefined;
    const loads = all.filter((l) => !stored.has(l.buffer) && goesAcross(l));
    const across = stores.filter((s) => !read.has(s.buffer) && goesAcross(s));
    return loads.length || across.length
      ? { outer, lets, inner, loads, stores: new Set(across), within: [...within] }
      : undefined;
  }

  private turned(nest: Nest): Statement {
    const { outer, inner, loads, stores, within } = nest;
    const count = register("i32");
    const body = new Body();
    const columns = typeof inner.extent === "number" ? i32(inner.extent) : inner.extent;
    const lines = this.take("i32", COLUMNS);
    const turned = loads.map(() => this.take("f32", ROWS * PITCH));
    const results = new Map([...stores].map((s) => [s, this.take("f32", ROWS * PITCH)]));
    const across = stores.size ? this.take("f32", ROWS * COLUMNS) : undefined;
    const chunks = body.let(plainDivide("quotient", plus(columns, i32(COLUMNS - 1)), COLUMNS));
    body.loop("sequential", chunks, (chunk, number) => {
      const first = chunk.let(times(number, COLUMNS));
      const width = chunk.let(least(i32(COLUMNS), minus(columns, first)));
      const at = (column: Expression): Places => new Map([[inner.index, plus(first, column)]]);
      loads.forEach(({ buffer, offset }, i) => {
        chunk.loop("parallel", width, (b, column) => b.store(lines, column, placed(offset, at(column))));
        turn(chunk, { count: width, lines, from: buffer, length: count, to: turned[i]!, pitch: PITCH });
      });
      chunk.loop("sequential", count, (b, row) => {
        const rows = rowPlaces(nest, row);
        b.statements.push(...(mapStatements(nest.lets, placer(rows)) as Let[]));
        b.loop("parallel", width, (innermost, column) => {
          const element = plus(times(row, PITCH), column);
          const place = placer(
            new Map([
              ...rows,
              ...at(column),
              ...loads.map((load, i): [Expression, Expression] => [load, plainLoad(turned[i]!, "f32", element)]),
            ]),
          );
          for (const s of inner.body) {
            const result = s.kind === "store" ? results.get(s) : undefined;
            if (result === undefined) innermost.statements.push(...mapStatements([s], place));
            else innermost.store(result, element, place((s as Store).value));
          }
        });
      });
      for (const [{ buffer, offset }, from] of results) {
        chunk.loop("parallel", count, (b, row) => b.store(lines, row, times(row, PITCH)));
        turn(chunk, { count, lines, from, length: width, to: across!, pitch: ROWS });
        chunk.loop("parallel", width, (b, column) => {
          const start = placed(offset, at(column));
          b.loop("parallel", count, (innermost, row) =>
            innermost.store(buffer, plus(start, row), plainLoad(across!, "f32", plus(times(column, ROWS), row))),
          );
        });
      }
    });
    for (const one of this.shared) one.isFree = true;
    return { ...outer, body: body.statements, block: { count, most: ROWS, within } };
  }

  /** A buffer of the thread's own. */
  private take(dtype: Buffer["dtype"], size: number): number {
    let found = this.shared.find(({ buffer, isFree }) => isFree && buffer.dtype === dtype && buffer.size === size);
    if (!found) {
      const buffer: Buffer = { dtype, space: "shared", access: "readwrite", size };
      this.shared.push((found = { buffer, number: this.buffers.push(buffer) - 1, isFree: true }));
    }
    found.isFree = false;
    return found.number;
  }
}

/** `to[k · pitch + line] := from[lines[line] + k]` for all lines and all k of their length. */
function turn(
  body: Body,
  {
    count,
    lines,
    from,
    length,
    to,
    pitch,
  }: {
    readonly count: Register;
    readonly lines: number;
    readonly from: number;
    readonly length: Register;
    readonly to: number;
    readonly pitch: number;
  },
): void {
  body.loop(
    "sequential",
    length,
    (b, k) =>
      b.loop("sequential", count, (innermost, line) => {
        const at = plus(plainLoad(lines, "i32", line), k);
        innermost.store(to, plus(times(k, pitch), line), plainLoad(from, "f32", at));
      }),
    { turn: { count, lines, from, to, pitch } },
  );
}

/** What stands for the outer index in a row of a block: there quotients stay as they are, and remainders count up. */
function rowPlaces({ outer: { index }, within, inner, lets }: Nest, row: Expression): Map<Expression, Expression> {
  const places = new Map<Expression, Expression>([[index, plus(index, row)]]);
  const visit = (e: Expression): void => {
    if ((e.kind !== "quotient" && e.kind !== "remainder") || e.value !== index || !within.includes(e.divisor)) return;
    places.set(e, e.kind === "quotient" ? e : plus(e, row));
  };
  walk(expressionsOf([...lets, inner]), visit);
  return places;
}

/**
 * Where an offset that moves by one with an index jumps: at multiples of these. Undefined where it does not move by one.
 */
function jumpsOf(offset: Expression, index: Index): readonly Divisor[] | undefined {
  const jumps: Divisor[] = [];
  /** Does the index occur as a quotient only? */
  const stays = (e: Expression): boolean => {
    if (!e.free.has(index)) return true;
    if (e === index) return false;
    if (e.kind === "quotient" && e.value === index) return jumps.push(e.divisor) > 0;
    return childrenOf(e).every(stays);
  };
  let steps = 0;
  for (const { value, coefficient } of termsOf(offset).terms) {
    const isRest = value.kind === "remainder" && value.value === index;
    if (coefficient === undefined && (value === index || isRest)) {
      steps++;
      if (isRest) jumps.push(value.divisor);
    } else if (!stays(value)) return undefined;
  }
  return steps === 1 ? jumps : undefined;
}
