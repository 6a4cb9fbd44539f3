/**
 * The parts of a contraction that are ordinary loops over a box of its indices: packing an operand, finding its rows,
 * the epilogue. Each is a loop kernel of its own, over the contraction's buffers and five of the thread's: where rows
 * and columns start, packed rows, packed columns, either of them before it is turned, sums. Its run-time numbers are
 * the contraction's, then the box's.
 */
import {
  constant,
  param,
  type AffineParam,
  type Expression,
  type Index,
  index as freshIndex,
  type Load,
  type Param,
  type Register,
} from "../../ir/expression.ts";
import type { Axes, Axis, Buffer, Loop, LoopKernel, Statement, Store } from "../../ir/kernel.ts";
import { copyWith, replacer } from "../../ir/rewrite.ts";
import type { Contraction } from "./contraction.ts";
import { splitInterior } from "./interior.ts";
import type { Target } from "./target.ts";

/** Where the numbers of one list of indices stand among the size slots. */
export interface LevelSlots {
  readonly axes: Axes;
  /** From the plan: extent, iterations of a block, blocks, distance of neighbours in the block's order. */
  readonly extent: Param;
  readonly step: Param;
  readonly blocks: Param;
  readonly unit: Param;
  /** Of this block: first iteration, number of iterations. */
  readonly start: Param;
  readonly count: Param;
}

/** All numbers that a contraction's parts need beyond its own sizes. */
export interface Slots {
  readonly rowMode: Param;
  readonly columnMode: Param;
  readonly rowStep: Param;
  readonly columnStep: Param;
  readonly rowPitch: Param;
  readonly depthPitch: Param;
  readonly pitch: Param;
  readonly batch: readonly LevelSlots[];
  readonly rows: readonly LevelSlots[];
  readonly columns: readonly LevelSlots[];
  readonly depth: readonly LevelSlots[];
  /** Slots that the plan fills, then those that each block fills: the first of each, and the end. */
  readonly plan: number;
  readonly block: number;
  readonly end: number;
}

/** Numbers the slots of a contraction, after its own. */
function slotsOf({ kernel, batch, rows, columns, depth }: Contraction): Slots {
  const { scalars, sizes } = kernel.parameters;
  const plan = scalars.length + sizes;
  let next = plan;
  const slot = (): Param => param(next++, "i32");
  const head = {
    rowMode: slot(),
    columnMode: slot(),
    rowStep: slot(),
    columnStep: slot(),
    rowPitch: slot(),
    depthPitch: slot(),
    pitch: slot(),
  };
  const lists = [batch, rows, columns, depth].map((list) =>
    list.map((axes) => ({ axes, extent: slot(), step: slot(), blocks: slot(), unit: slot() })),
  );
  const block = next;
  const [b, r, c, d] = lists.map((list) =>
    list.map((level): LevelSlots => ({ ...level, start: slot(), count: slot() })),
  );
  return { ...head, batch: b!, rows: r!, columns: c!, depth: d!, plan, block, end: next };
}

/** The thread's buffers, after the contraction's own. */
export interface Parts {
  /**
   * i32: where each row starts, in elements; from the target's `mostRows` on where each column, or line to be turned,
   * starts; and behind these how far it is to each k, where the target asks for that.
   */
  readonly pointers: number;
  readonly rows: number;
  /** Rows or columns before they are turned. */
  readonly strips: number;
  readonly columns: number;
  readonly sums: number;
}

/**
 * An index within its box: the variable of the box's loop (none for batch, a block being of one), and how far that
 * goes.
 */
interface Place {
  readonly index: Index | undefined;
  readonly extent: number | Param;
  /** Always all of it, from 0 on. */
  readonly isWhole: boolean;
}

/** No list is cut to fewer combinations than this. */
export const SMALLEST_BOX = 32;

/** Builds the loop kernels of one contraction. */
export class Boxes {
  readonly contraction: Contraction;
  readonly slots: Slots;
  readonly parts: Parts;
  private readonly mostRows: number;
  /** The first place behind the columns' and lines' pointers. */
  readonly steps: number;
  private readonly buffers: readonly Buffer[];
  private readonly places = new Map<Index, Place>();
  private readonly starts: ReadonlyMap<Index, Param>;

  constructor(contraction: Contraction, { mostRows, mostColumns, mostDepth }: Target) {
    this.mostRows = mostRows;
    this.steps = mostRows + Math.max(mostColumns, mostDepth);
    this.contraction = contraction;
    this.slots = slotsOf(contraction);
    const own = contraction.kernel.buffers;
    this.parts = {
      pointers: own.length,
      rows: own.length + 1,
      strips: own.length + 2,
      columns: own.length + 3,
      sums: own.length + 4,
    };
    const temporary = (dtype: Buffer["dtype"]): Buffer => ({ dtype, space: "global", access: "readwrite" });
    this.buffers = [...own, temporary("i32"), ...Array.from({ length: 4 }, () => temporary("f32"))];
    const { batch, rows, columns, depth } = this.slots;
    for (const {
      axes: { index },
    } of batch)
      this.places.set(index, { index: undefined, extent: 1, isWhole: false });
    for (const list of [rows, columns, depth]) {
      let inner = 1;
      for (const {
        axes: { index, extent },
        count,
      } of [...list].reverse()) {
        inner *= typeof extent === "number" ? extent : Infinity;
        const isWhole = inner <= SMALLEST_BOX;
        // Only innermost loops are worth writing out.
        this.places.set(index, {
          index: freshIndex(index.extent),
          extent: isWhole && inner === extent ? extent : count,
          isWhole,
        });
      }
    }
    this.starts = new Map([...batch, ...rows, ...columns, ...depth].map((level) => [level.axes.index, level.start]));
  }

  /** `buffer[line · pitch + position] := value`, lines and positions counting through the levels. */
  pack(
    value: Expression,
    buffer: number,
    lines: readonly LevelSlots[],
    pitch: Param,
    positions: readonly LevelSlots[],
  ): LoopKernel {
    const offset = this.offset([
      [positions, undefined],
      [lines, pitch],
    ]);
    const store: Store = { kind: "store", buffer, offset, value: this.within(value) };
    const levels = [...lines, ...positions];
    const innermost = positions.at(-1);
    if (!innermost) return this.kernel(levels, [store]);
    const split = splitInterior(this.loop(innermost, []), store);
    // Extents that differ from line to line keep vectors from running across lines.
    return this.kernel(levels.slice(0, -1), split, split.length > 1 ? "sequential" : "parallel");
  }

  /** `pointers[row] := offset of the load`, k at its start. Offsets are in elements. */
  rowPointers(load: Load): LoopKernel {
    const { rows, depth } = this.slots;
    const value = this.within(this.atStart(load.offset, depth));
    return this.kernel(rows, [
      { kind: "store", buffer: this.parts.pointers, offset: this.offset([[rows, undefined]]), value },
    ]);
  }

  /** Where the first row's elements of each k are. */
  depthPointers(load: Load): LoopKernel {
    const { rows, depth } = this.slots;
    const value = this.within(this.atStart(load.offset, rows));
    return this.kernel(depth, [
      { kind: "store", buffer: this.parts.pointers, offset: this.offset([[depth, undefined]], this.steps), value },
    ]);
  }

  /** Where each column starts, behind those of the rows. */
  columnPointers(load: Load): LoopKernel {
    const { columns, depth } = this.slots;
    const value = this.within(this.atStart(load.offset, depth));
    return this.kernel(columns, [
      { kind: "store", buffer: this.parts.pointers, offset: this.offset([[columns, undefined]], this.mostRows), value },
    ]);
  }

  /** In the same place where the rows' elements of each k start. */
  rowLinePointers(load: Load): LoopKernel {
    const { rows, depth } = this.slots;
    const value = this.within(this.atStart(load.offset, rows));
    return this.kernel(depth, [
      { kind: "store", buffer: this.parts.pointers, offset: this.offset([[depth, undefined]], this.mostRows), value },
    ]);
  }

  /** The first column's alone. */
  columnPointer(load: Load): LoopKernel {
    const { columns, depth } = this.slots;
    const value = this.within(this.atStart(load.offset, [...columns, ...depth]));
    return this.kernel(
      [],
      [{ kind: "store", buffer: this.parts.pointers, offset: constant(this.mostRows, "i32"), value }],
    );
  }

  /** The epilogue, over the block of sums. */
  epilogue(): LoopKernel {
    const {
      kernel: { sum: register, epilogue },
    } = this.contraction;
    const { rows, columns, pitch } = this.slots;
    const offset = this.offset([
      [columns, undefined],
      [rows, pitch],
    ]);
    const value: Load = { ...UNKNOWN, kind: "load", dtype: "f32", buffer: this.parts.sums, offset, free: offset.free };
    return this.kernel(
      [...rows, ...columns],
      [
        { kind: "let", register, value },
        ...epilogue.map((s): Statement => ({ ...s, offset: this.within(s.offset), value: this.within(s.value) })),
      ],
    );
  }

  private atStart(e: Expression, levels: readonly LevelSlots[]): Expression {
    return replacer(new Map(levels.map((level) => [level.axes.index as Expression, level.start as Expression])))(e);
  }

  private kernel(levels: readonly LevelSlots[], body: readonly Statement[], axis: Axis = "parallel"): LoopKernel {
    let statements = body;
    for (let i = levels.length - 1; i >= 0; i--) statements = [this.loop(levels[i]!, statements, axis)];
    const { parameters } = this.contraction.kernel;
    return {
      kind: "loops",
      buffers: this.buffers,
      parameters: { scalars: parameters.scalars, sizes: this.slots.end - parameters.scalars.length },
      body: statements,
    };
  }

  private loop({ axes }: LevelSlots, body: readonly Statement[], axis: Axis = "parallel"): Loop {
    const { index, extent } = this.places.get(axes.index)!;
    return { kind: "loop", index: index!, extent, axis, body, accumulators: [] };
  }

  /** An offset in a thread's buffer: each list counts through its levels, times its pitch. */
  private offset(
    lists: readonly (readonly [levels: readonly LevelSlots[], pitch: Param | undefined])[],
    start = 0,
  ): Expression {
    const terms = lists.flatMap(([levels, pitch]) =>
      levels.map((level, i): Term => {
        const last = i === levels.length - 1;
        const coefficient = last ? pitch : pitch ? product(level.unit, pitch) : level.unit;
        return { value: this.places.get(level.axes.index)!.index!, coefficient };
      }),
    );
    return sum(terms, start ? constant(start, "i32") : undefined);
  }

  /** The expression with every index as start of the box + place within it. */
  private within(e: Expression): Expression {
    const memo = new Map<Expression, Expression>();
    const split = ({ value, coefficient }: Term): Term[] => {
      const place = value.kind === "index" ? this.places.get(value) : undefined;
      if (!place) return [{ value: visit(value), coefficient: coefficient && visit(coefficient) }];
      const { index, isWhole } = place;
      return [
        ...(isWhole ? [] : [{ value: this.starts.get(value as Index)!, coefficient }]),
        ...(index ? [{ value: index, coefficient }] : []),
      ];
    };
    const visit = (x: Expression): Expression => {
      let made = memo.get(x);
      if (made) return made;
      if (x.kind === "index") made = sum(split({ value: x, coefficient: undefined }), undefined);
      else if (x.kind === "affineParam") made = sum(x.terms.flatMap(split), x.constant);
      else made = copyWith(x, visit);
      memo.set(x, made);
      return made;
    };
    return visit(e);
  }
}

type Term = AffineParam["terms"][number];

// Plain nodes, as everything about parameterized kernels (see ir/rewrite.ts).
const UNKNOWN = { id: -1, low: -Infinity, high: Infinity };

function sum(terms: readonly Term[], rest: Expression | undefined): Expression {
  if (!terms.length && !rest) return constant(0, "i32");
  if (terms.length === 1 && terms[0]!.coefficient === undefined && !rest) return terms[0]!.value;
  const variables = new Set<Index | Register>(terms.flatMap((t) => [...t.value.free]));
  return {
    ...UNKNOWN,
    kind: "affineParam",
    dtype: "i32",
    terms,
    constant: rest,
    free: variables,
  } satisfies AffineParam;
}

function product(left: Expression, right: Expression): Expression {
  return {
    ...UNKNOWN,
    kind: "binary",
    dtype: "i32",
    op: "mul",
    left,
    right,
    free: new Set([...left.free, ...right.free]),
  };
}
