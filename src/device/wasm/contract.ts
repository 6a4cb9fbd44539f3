/**
 * Contractions as functions of the same kind as loop kernels: an item is one block of the grid batch × rows ×
 * columns.
 *
 * A block's columns are packed k-major (or read in place where few rows use them), its rows are read in place through
 * one pointer each (or packed where they have no even steps along k), the register tile sweeps the block once per run
 * of k, and the finished block of sums, still in the near cache, goes through the epilogue as ordinary vector code.
 */
import type { Param } from "../../ir/expression.ts";
import type { ContractKernel, LoopKernel } from "../../ir/kernel.ts";
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { DOTS, IN_PLACE, TURNED } from "../cpu/blocking.ts";
import { Boxes, type LevelSlots } from "../cpu/boxes.ts";
import { alwaysInPlace, contractionOf, turnsRows } from "../cpu/contraction.ts";
import { emitLoopKernel, KERNEL_PARAMETERS } from "./kernels.ts";
import { emitDots } from "./dots.ts";
import { emitClear, emitCount, emitTurn } from "./panels.ts";
import { WASM } from "./target.ts";
import { emitSweep, TILE_COLUMNS } from "./tile.ts";

const { mostRows: MOST_ROWS, mostColumns: MOST_COLUMNS, mostDepth: MOST_DEPTH } = WASM;

/**
 * The thread's buffers, by byte offset in its scratch. A line of packed rows or columns has up to two tiles of
 * padding.
 */
const line = (elements: number): number => 4 * (elements + 2 * TILE_COLUMNS);
const FRAME_BYTES = 2048;
const POINTERS_AT = FRAME_BYTES;
const ROWS_AT: number = POINTERS_AT + line(MOST_ROWS + Math.max(MOST_COLUMNS, MOST_DEPTH));
const STRIPS_AT: number = ROWS_AT + MOST_ROWS * line(MOST_DEPTH);
const COLUMNS_AT: number = STRIPS_AT + Math.max(MOST_COLUMNS * line(MOST_DEPTH), MOST_DEPTH * line(MOST_ROWS));
const SUMS_AT: number = COLUMNS_AT + MOST_DEPTH * line(MOST_COLUMNS);
const TEMPORARIES = 5;
/** Scratch that a thread needs for any contraction. */
export const CONTRACT_SCRATCH_BYTES: number = SUMS_AT + MOST_ROWS * line(MOST_COLUMNS);

/** Writes a parameterized contraction as a function of the module, exported when it has a name. */
export function emitContractKernel(module: ModuleBuilder, kernel: ContractKernel, name?: string): FunctionBuilder {
  const contraction = contractionOf(kernel);
  const { row, column } = contraction;
  const boxes = new Boxes(contraction, WASM);
  const { slots, parts } = boxes;
  const emitter = new BlockEmitter(module, boxes);
  const part = (loops: LoopKernel): (() => void) => emitter.part(loops);

  // Only the ways that the operands' structure allows are written.
  const rowPointers = row.plain && part(boxes.rowPointers(row.plain));
  const turns = turnsRows(contraction);
  const packRows = alwaysInPlace(contraction)
    ? undefined
    : turns
      ? part(boxes.pack(row.value, parts.strips, slots.depth, slots.rowPitch, slots.rows))
      : part(boxes.pack(row.value, parts.rows, slots.rows, slots.depthPitch, slots.depth));
  const rowLinePointers = row.plain && turns ? part(boxes.rowLinePointers(row.plain)) : undefined;
  const columnPointer = column.plain && column.unitFree ? part(boxes.columnPointer(column.plain)) : undefined;
  const columnPointers = column.plain && column.unitDepth ? part(boxes.columnPointers(column.plain)) : undefined;
  const alwaysFlat = column.plain !== undefined && slots.depth.length === 1;
  const packStrips =
    !column.unitDepth || alwaysFlat
      ? undefined
      : part(boxes.pack(column.value, parts.strips, slots.columns, slots.depthPitch, slots.depth));
  const packColumns = column.unitDepth
    ? undefined
    : part(boxes.pack(column.value, parts.columns, slots.depth, slots.pitch, slots.columns));
  const epilogue = part(boxes.epilogue());
  const sweep = emitSweep(module),
    count = emitCount(module),
    clear = emitClear(module),
    turn = emitTurn(module);

  const dots = contraction.mayDot ? emitDots(module) : undefined;

  const f = emitter.start(module.function(KERNEL_PARAMETERS, [], name));
  const { frame } = emitter;
  const item = f.params[1]!,
    last = f.params[2]!;
  const rows = f.local("i32"),
    columns = f.local("i32"),
    depth = f.local("i32"),
    more = f.local("i32");
  const rowBase = f.local("i32"),
    columnBase = f.local("i32");
  const bytes = (slot: Param): FunctionBuilder => emitter.number(slot).i32(2).op("i32.shl");
  const at = (offset: number): FunctionBuilder => f.get(frame).i32(offset).op("i32.add");

  const turnRows = (pushBase: () => void): void => {
    at(POINTERS_AT + 4 * MOST_ROWS).get(depth);
    pushBase();
    f.get(rows);
    at(ROWS_AT);
    bytes(slots.depthPitch).call(turn);
  };
  const placeRows = (): void => {
    const packed = (): void => {
      const fromStrips = (): void => {
        packRows!();
        at(POINTERS_AT + 4 * MOST_ROWS).get(depth);
        emitter.number(slots.rowPitch).call(count);
        turnRows(() => at(STRIPS_AT));
      };
      if (!turns) packRows!();
      else if (!rowLinePointers) fromStrips();
      else
        emitter
          .number(slots.rowMode)
          .i32(TURNED)
          .op("i32.eq")
          .if(() => {
            rowLinePointers();
            turnRows(() => emitter.address(row.plain!.buffer));
          }, fromStrips);
      at(ROWS_AT).set(rowBase);
      // Where packed rows start does not change from one run of k to the next.
      f.get(more)
        .op("i32.eqz")
        .if(() => {
          at(POINTERS_AT).get(rows);
          emitter.number(slots.depthPitch).call(count);
        });
    };
    const inPlace = (): void => {
      rowPointers!();
      emitter.address(row.plain!.buffer).set(rowBase);
    };
    if (!packRows) inPlace();
    else if (!rowPointers) packed();
    else emitter.number(slots.rowMode).i32(IN_PLACE).op("i32.eq").if(inPlace, packed);
  };
  const turnColumns = (pushBase: () => void): void => {
    at(POINTERS_AT + 4 * MOST_ROWS).get(columns);
    pushBase();
    f.get(depth);
    at(COLUMNS_AT);
    bytes(slots.pitch).call(turn);
  };
  const pack = (): void => {
    const inPlace = (): void => {
      columnPointers!();
      turnColumns(() => emitter.address(column.plain!.buffer));
    };
    const fromStrips = (): void => {
      packStrips!();
      at(POINTERS_AT + 4 * MOST_ROWS).get(columns);
      emitter.number(slots.depthPitch).call(count);
      turnColumns(() => at(STRIPS_AT));
    };
    if (packColumns) packColumns();
    else if (!columnPointers) fromStrips();
    else if (!packStrips) inPlace();
    else emitter.number(slots.columnMode).i32(TURNED).op("i32.eq").if(inPlace, fromStrips);
  };
  const placeColumns = (): void => {
    const packed = (): void => {
      pack();
      at(COLUMNS_AT).set(columnBase);
      f.get(columns)
        .i32(TILE_COLUMNS - 1)
        .op("i32.and")
        .if(() => {
          at(COLUMNS_AT);
          bytes(slots.pitch).get(depth).get(columns).call(clear);
        });
    };
    if (!columnPointer) packed();
    else
      emitter
        .number(slots.columnMode)
        .i32(IN_PLACE)
        .op("i32.eq")
        .if(() => {
          columnPointer();
          emitter
            .address(column.plain!.buffer)
            .get(frame)
            .memory("i32.load", POINTERS_AT + 4 * MOST_ROWS)
            .i32(2)
            .op("i32.shl")
            .op("i32.add")
            .set(columnBase);
        }, packed);
  };
  const tiles = (): void => {
    placeColumns();
    at(POINTERS_AT).get(rows).get(rowBase);
    bytes(slots.rowStep).get(columnBase);
    bytes(slots.columnStep).get(depth);
    at(SUMS_AT);
    bytes(slots.pitch).get(columns).i32(2).op("i32.shl").get(more).call(sweep);
  };
  const singly = (): void => {
    columnPointers!();
    at(POINTERS_AT).get(rows).get(rowBase);
    at(POINTERS_AT + 4 * MOST_ROWS).get(columns);
    emitter.address(column.plain!.buffer).get(depth);
    at(SUMS_AT);
    bytes(slots.pitch).get(more).call(dots!);
  };
  const block = (): void => {
    emitter.box(slots.depth, depth);
    placeRows();
    if (!dots) tiles();
    else if (alwaysFlat) singly();
    else emitter.number(slots.columnMode).i32(DOTS).op("i32.eq").if(singly, tiles);
    f.i32(1).set(more);
  };

  f.loop(() => {
    emitter.locate(item);
    emitter.box(slots.rows, rows);
    emitter.box(slots.columns, columns);
    f.i32(0).set(more);
    emitter.runs(slots.depth, block);
    // A sum over nothing.
    f.get(more)
      .op("i32.eqz")
      .if(() => {
        at(SUMS_AT);
        bytes(slots.pitch).get(rows).i32(0).call(clear);
      });
    epilogue();
    f.get(item).i32(1).op("i32.add").tee(item).get(last).op("i32.lt_u").brIf(0);
  });
  return f;
}

/**
 * Writes the function's frame: a copy of its words, with the thread's buffers and the present block's numbers added.
 */
class BlockEmitter {
  private readonly module: ModuleBuilder;
  private readonly boxes: Boxes;
  private readonly own: number;
  private f!: FunctionBuilder;
  /** Address of the frame, which is the thread's scratch. */
  frame!: Local;

  constructor(module: ModuleBuilder, boxes: Boxes) {
    this.module = module;
    this.boxes = boxes;
    this.own = boxes.contraction.kernel.buffers.length;
    if (this.word(boxes.slots.end) > FRAME_BYTES)
      throw new Error("wasm: a contraction with too many buffers and sizes");
  }

  /** Writes a part as a function of its own; returns what calls it. */
  part(loops: LoopKernel): () => void {
    const callee = emitLoopKernel(this.module, loops);
    const [outer] = loops.body;
    return () => {
      this.f.get(this.frame).i32(0);
      if (outer?.kind !== "loop") this.f.i32(1);
      else if (typeof outer.extent === "number") this.f.i32(outer.extent);
      else if (outer.extent.kind === "param") this.number(outer.extent);
      else throw new Error("wasm: items are a number or a parameter");
      this.f.get(this.frame).call(callee);
    };
  }

  /** Begins the function: fills what stays the same for all its blocks. */
  start(f: FunctionBuilder): FunctionBuilder {
    this.f = f;
    this.frame = f.params[3]!;
    const {
      own,
      boxes: { parts, slots },
    } = this;
    const [block] = f.params;
    for (let i = 0; i < own; i++)
      f.get(this.frame)
        .get(block!)
        .memory("i32.load", 4 * i)
        .memory("i32.store", 4 * i);
    const places = [
      [parts.pointers, POINTERS_AT],
      [parts.rows, ROWS_AT],
      [parts.strips, STRIPS_AT],
      [parts.columns, COLUMNS_AT],
      [parts.sums, SUMS_AT],
    ] as const;
    for (const [buffer, offset] of places)
      f.get(this.frame)
        .get(this.frame)
        .i32(offset)
        .op("i32.add")
        .memory("i32.store", 4 * buffer);
    for (let slot = 0; slot < slots.block; slot++)
      f.get(this.frame)
        .get(block!)
        .memory("i32.load", 4 * (own + slot))
        .memory("i32.store", this.word(slot));
    return f;
  }

  /** Leaves a number of the frame on the stack. */
  number(slot: Param): FunctionBuilder {
    return this.f.get(this.frame).memory("i32.load", this.word(slot.slot));
  }

  /** Leaves the address of one of the contraction's buffers on the stack. */
  address(buffer: number): FunctionBuilder {
    return this.f.get(this.frame).memory("i32.load", 4 * buffer);
  }

  /** Sets the start and count of every list from an item's number: columns count fastest, then rows, then batch. */
  locate(item: Local): void {
    const {
      f,
      boxes: { slots },
    } = this;
    const rest = f.local("i32");
    f.get(item).set(rest);
    for (const level of [...slots.batch, ...slots.rows, ...slots.columns].reverse()) {
      this.set(level.start, () => {
        f.get(rest);
        this.number(level.blocks).op("i32.rem_u");
        this.number(level.step).op("i32.mul");
      });
      this.limit(level);
      f.get(rest);
      this.number(level.blocks).op("i32.div_u").set(rest);
    }
  }

  /** Computes how many combinations the present block has in some lists. */
  box(levels: readonly LevelSlots[], into: Local): void {
    this.f.i32(1);
    for (const { count } of levels) this.number(count).op("i32.mul");
    this.f.set(into);
  }

  /** `body` for every run of k. */
  runs(levels: readonly LevelSlots[], body: () => void): void {
    const [level, ...inner] = levels;
    if (!level) {
      body();
      return;
    }
    const { f } = this;
    this.set(level.start, () => f.i32(0));
    f.block(() =>
      f.loop(() => {
        this.number(level.start);
        this.number(level.extent).op("i32.ge_u").brIf(1);
        this.limit(level);
        this.runs(inner, body);
        this.set(level.start, () => {
          this.number(level.start);
          this.number(level.step).op("i32.add");
        });
        f.br(0);
      }),
    );
  }

  /** count := min(step, extent − start) */
  private limit({ step, extent, start, count }: LevelSlots): void {
    const { f } = this;
    const rest = f.local("i32"),
      most = f.local("i32");
    this.number(extent);
    this.number(start).op("i32.sub").set(rest);
    this.number(step).set(most);
    this.set(count, () => f.get(rest).get(most).get(rest).get(most).op("i32.lt_u").op("select"));
  }

  private set(slot: Param, push: () => void): void {
    this.f.get(this.frame);
    push();
    this.f.memory("i32.store", this.word(slot.slot));
  }

  /** Byte offset of a slot in the frame. */
  private word(slot: number): number {
    return 4 * (this.own + TEMPORARIES + slot);
  }
}
