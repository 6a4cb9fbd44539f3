/**
 * Contractions as C: an item is one block of the grid batch × rows × columns. A block's columns are packed k-major (or
 * read in place where few rows use them), its rows are read in place (or packed where they have no even steps along k),
 * the shared register tile sweeps the block once per run of k, and the finished sums, still in the near cache, go
 * through the epilogue.
 */
import type { Param } from "../../ir/expression.ts";
import type { ContractKernel, LoopKernel } from "../../ir/kernel.ts";
import { expandMathematics } from "../../ir/mathematics.ts";
import { DOTS, IN_PLACE, TURNED } from "../cpu/blocking.ts";
import { Boxes, type LevelSlots } from "../cpu/boxes.ts";
import { alwaysInPlace, contractionOf, turnsRows, type Contraction } from "../cpu/contraction.ts";
import type { Target } from "../cpu/target.ts";
import { unrollLoops } from "../../ir/unroll.ts";
import { vectorize } from "../cpu/vectorize.ts";
import { Lines } from "../render/values.ts";
import { declare, KERNEL_HEAD } from "./kernels.ts";
import { Lanes } from "./lanes.ts";
import { renderBody } from "./loops.ts";
import { instructionsOf } from "./target.ts";

/** The thread's buffers, in elements of four bytes. A line of packed rows or columns has up to two tiles of padding. */
function layout({ mostRows, mostColumns, mostDepth, tileColumns }: Target): {
  readonly pointers: number;
  readonly rows: number;
  readonly strips: number;
  readonly columns: number;
  readonly sums: number;
} {
  const line = (elements: number): number => elements + 2 * tileColumns;
  return {
    pointers: line(mostRows + Math.max(mostColumns, mostDepth) + mostDepth),
    rows: mostRows * line(mostDepth),
    strips: Math.max(mostColumns * line(mostDepth), mostDepth * line(mostRows)),
    columns: mostDepth * line(mostColumns),
    sums: mostRows * line(mostColumns),
  };
}

/** Scratch that a thread needs for any contraction, in bytes. */
export function contractScratch(target: Target): number {
  return Object.values(layout(target)).reduce((bytes, elements) => bytes + 4 * elements, 0);
}

/** The C of a contraction; its function is called `kernel$`. */
export function renderContractKernel(kernel: ContractKernel, target: Target): string {
  const lines = new Lines();
  lines.block(KERNEL_HEAD, () => new BlockRenderer(lines, kernel, target).render());
  return lines.toString();
}

class BlockRenderer {
  private readonly lines: Lines;
  private readonly target: Target;
  private readonly contraction: Contraction;
  private readonly boxes: Boxes;

  constructor(lines: Lines, kernel: ContractKernel, target: Target) {
    this.lines = lines;
    this.target = target;
    this.contraction = contractionOf(kernel);
    this.boxes = new Boxes(this.contraction, target);
  }

  render(): void {
    const {
      lines,
      boxes: { slots, parts },
      contraction: { kernel },
    } = this;
    const { scalars } = kernel.parameters;
    declare(lines, { buffers: kernel.buffers, parameters: { scalars, sizes: slots.block - scalars.length } });
    const { pointers, rows, strips, columns } = layout(this.target);
    lines.push(
      `i32 *const b${parts.pointers} = (i32 *)scratch;`,
      `f32 *const b${parts.rows} = (f32 *)scratch + ${pointers};`,
      `f32 *const b${parts.strips} = b${parts.rows} + ${rows};`,
      `f32 *const b${parts.columns} = b${parts.strips} + ${strips};`,
      `f32 *const b${parts.sums} = b${parts.columns} + ${columns};`,
    );
    lines.block("for (u32 item = begin; item < end; item++)", () => {
      this.locate();
      lines.push(`const i32 rows = ${product(slots.rows)}, columns = ${product(slots.columns)};`, `i32 more = 0;`);
      this.runs(slots.depth, () => {
        lines.push(`const i32 depth = ${product(slots.depth)};`, `const f32 *row_base, *column_base;`);
        this.placeRows();
        this.multiply();
        lines.push("more = 1;");
      });
      // A sum over nothing.
      lines.push(`if (!more) __builtin_memset(b${parts.sums}, 0, 4 * (size_t)rows * ${s(slots.pitch)});`);
      this.part(this.boxes.epilogue());
    });
  }

  /** Start and count of every list from an item's number: columns count fastest, then rows, then batch. */
  private locate(): void {
    const { slots } = this.boxes;
    this.lines.push("u32 rest = item;");
    for (const level of [...slots.batch, ...slots.rows, ...slots.columns].reverse()) {
      this.lines.push(`const i32 ${s(level.start)} = (i32)(rest % (u32)${s(level.blocks)}) * ${s(level.step)};`);
      this.limit(level);
      this.lines.push(`rest /= (u32)${s(level.blocks)};`);
    }
  }

  private limit({ step, extent, start, count }: LevelSlots): void {
    this.lines.push(`const i32 ${s(count)} = min_i32(${s(step)}, ${s(extent)} - ${s(start)});`);
  }

  /** `body` for every run of k. */
  private runs(levels: readonly LevelSlots[], body: () => void): void {
    const [level, ...inner] = levels;
    if (!level) return body();
    const { start, extent, step } = level;
    this.lines.block(`for (i32 ${s(start)} = 0; ${s(start)} < ${s(extent)}; ${s(start)} += ${s(step)})`, () => {
      this.limit(level);
      this.runs(inner, body);
    });
  }

  private placeRows(): void {
    const {
      boxes,
      contraction,
      lines,
      boxes: { slots, parts },
      contraction: { row, depth, mayDot },
    } = this;
    const steps = `b${parts.pointers} + ${boxes.steps}`;
    const inPlace = (): void => {
      this.part(boxes.rowPointers(row.plain!));
      lines.push(`row_base = b${row.plain!.buffer};`);
      if (depth.length === 1) return;
      lines.block(`if (${s(slots.rowStep)} == INT32_MIN)`, () => {
        this.part(boxes.depthPointers(row.plain!));
        lines.push(`for (i32 k = depth - 1; k >= 0; k--) (${steps})[k] -= (${steps})[0];`);
      });
    };
    const turned = (base: string): void => lines.push(this.turn("depth", base, "rows", parts.rows, slots.depthPitch));
    const packed = (): void => {
      const fromStrips = (): void => {
        this.part(boxes.pack(row.value, parts.strips, slots.depth, slots.rowPitch, slots.rows));
        this.count("depth", slots.rowPitch, this.target.mostRows);
        turned(`b${parts.strips}`);
      };
      if (!turnsRows(contraction))
        this.part(boxes.pack(row.value, parts.rows, slots.rows, slots.depthPitch, slots.depth));
      else if (!row.plain) fromStrips();
      else
        this.choose(
          slots.rowMode,
          TURNED,
          () => {
            this.part(boxes.rowLinePointers(row.plain!));
            turned(`b${row.plain!.buffer}`);
          },
          fromStrips,
        );
      this.count("rows", slots.depthPitch, 0);
      lines.push(`row_base = b${parts.rows};`);
    };
    if (alwaysInPlace(contraction) || (row.plain && !row.unitFree && !mayDot)) inPlace();
    else if (!row.plain) packed();
    else this.choose(slots.rowMode, IN_PLACE, inPlace, packed);
  }

  private multiply(): void {
    const {
      boxes,
      lines,
      boxes: { slots, parts },
      contraction: { column, depth, mayDot },
    } = this;
    const alwaysFlat = column.plain !== undefined && depth.length === 1;
    const rows = `b${parts.pointers}, rows, row_base`;
    const sums = `b${parts.sums}, ${s(slots.pitch)}`;
    const linePointers = `b${parts.pointers} + ${this.target.mostRows}`;
    const singly = (): void => {
      this.part(boxes.columnPointers(column.plain!));
      lines.push(`rt->dots(${rows}, ${linePointers}, columns, b${column.plain!.buffer}, depth, ${sums}, more);`);
    };
    const turned = (base: string): void => lines.push(this.turn("columns", base, "depth", parts.columns, slots.pitch));
    const inPlace = (): void => {
      this.part(boxes.columnPointer(column.plain!));
      lines.push(`column_base = b${column.plain!.buffer} + b${parts.pointers}[${this.target.mostRows}];`);
    };
    const packed = (): void => {
      const fromStrips = (): void => {
        this.part(boxes.pack(column.value, parts.strips, slots.columns, slots.depthPitch, slots.depth));
        this.count("columns", slots.depthPitch, this.target.mostRows);
        turned(`b${parts.strips}`);
      };
      const fromPlace = (): void => {
        this.part(boxes.columnPointers(column.plain!));
        turned(`b${column.plain!.buffer}`);
      };
      if (!column.unitDepth)
        this.part(boxes.pack(column.value, parts.columns, slots.depth, slots.pitch, slots.columns));
      else if (!column.plain) fromStrips();
      else if (alwaysFlat) fromPlace();
      else this.choose(slots.columnMode, TURNED, fromPlace, fromStrips);
      lines.push(`column_base = b${parts.columns};`);
    };
    const tiles = (): void => {
      if (column.plain && column.unitFree) this.choose(slots.columnMode, IN_PLACE, inPlace, packed);
      else packed();
      lines.push(
        `rt->sweep(${rows}, ${s(slots.rowStep)}, b${parts.pointers} + ${boxes.steps}, column_base, ${s(slots.columnStep)}, depth, ${sums}, columns, more);`,
      );
    };
    if (!mayDot) tiles();
    else if (alwaysFlat) singly();
    else this.choose(slots.columnMode, DOTS, singly, tiles);
  }

  /** Lines that start where the second half of the pointers says, turned into packed rows or columns. */
  private turn(count: string, base: string, length: string, into: number, pitch: Param): string {
    const lines = `b${this.boxes.parts.pointers} + ${this.target.mostRows}`;
    return `rt->turn(${lines}, ${count}, ${base}, ${length}, b${into}, ${s(pitch)});`;
  }

  /** Pointers of packed lines: 0, step, 2 · step … */
  private count(lines: string, step: Param, from: number): void {
    const to = `b${this.boxes.parts.pointers}[${from} + i]`;
    this.lines.push(`for (i32 i = 0; i < ${lines}; i++) ${to} = i * ${s(step)};`);
  }

  private choose(slot: Param, mode: number, yes: () => void, no: () => void): void {
    this.lines.block(`if (${s(slot)} == ${mode})`, yes);
    this.lines.block("else", no);
  }

  /** Loops over the block, as a block of C with names of its own. */
  private part(loops: LoopKernel): void {
    const { body } = unrollLoops(vectorize(expandMathematics(loops, instructionsOf(this.target)), this.target));
    this.lines.block("", () => {
      const lanes = new Lanes(this.lines, loops.buffers, this.target.lanes);
      renderBody(lanes, body);
    });
  }
}

const s = ({ slot }: Param): string => `s${slot}`;
const product = (levels: readonly LevelSlots[]): string => levels.map((l) => s(l.count)).join(" * ") || "1";
