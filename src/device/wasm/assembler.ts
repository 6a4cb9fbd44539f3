/**
 * A small WebAssembly assembler. Instructions carry the names of the text format, so code reads like it:
 *
 * ```ts
 * const module = new ModuleBuilder();
 * module.importMemory("env", "memory", { initial: 1, maximum: 65536, shared: false });
 * const f = module.function(["i32", "i32"], ["i32"], "add");       // exported as "add"
 * f.get(f.params[0]!).get(f.params[1]!).op("i32.add");
 * const bytes = module.toBytes();
 * ```
 */
import type { MemoryType } from "../cpu/device.ts";
import { ByteWriter } from "./bytes.ts";
import {
  ATOMIC,
  LANE,
  LOADS,
  LOAD_LANE,
  PLAIN,
  type AtomicOp,
  type LaneOp,
  type LoadLaneOp,
  type MemoryOp,
  type PlainOp,
} from "./opcodes.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** A parameter or local variable of one function. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** The body of one function, written instruction by instruction. Every instruction returns the builder. */
export class FunctionBuilder {
  /** The function's index in its module, for `call` and tables. */
  readonly index: number;
  readonly params: readonly Local[];
  readonly results: readonly ValueType[];
  private readonly locals: ValueType[] = [];
  private readonly code: ByteWriter = new ByteWriter(1024);

  constructor(index: number, params: readonly ValueType[], results: readonly ValueType[]) {
    this.index = index;
    this.params = params.map((type, i) => ({ index: i, type }));
    this.results = results;
  }

  /** A fresh local variable, zero at first. */
  local(type: ValueType): Local {
    this.locals.push(type);
    return { index: this.params.length + this.locals.length - 1, type };
  }

  /** Bytes of code so far: a measure of size for deciding on unrolling. */
  get size(): number {
    return this.code.length;
  }

  get(local: Local): this {
    return this.immediate(0x20, local.index);
  }
  set(local: Local): this {
    return this.immediate(0x21, local.index);
  }
  tee(local: Local): this {
    return this.immediate(0x22, local.index);
  }

  i32(value: number): this {
    this.code.byte(0x41).signed(value | 0);
    return this;
  }
  i64(value: bigint): this {
    this.code.byte(0x42).signed64(value);
    return this;
  }
  f32(value: number): this {
    this.code.byte(0x43).f32(value);
    return this;
  }
  f64(value: number): this {
    this.code.byte(0x44).f64(value);
    return this;
  }
  /** A constant vector of four 32-bit lanes given by their bits. */
  v128(lanes: readonly [number, number, number, number]): this {
    this.code.byte(0xfd).unsigned(12);
    for (const lane of lanes) this.code.u32(lane);
    return this;
  }
  /** The same f32 in all four lanes. */
  f32x4(value: number): this {
    BITS.setFloat32(0, value, true);
    return this.i32x4(BITS.getInt32(0, true));
  }
  /** The same i32 in all four lanes. */
  i32x4(value: number): this {
    return this.v128([value, value, value, value]);
  }

  /** An instruction without immediates, by its name in the text format. */
  op(name: PlainOp): this {
    const code = PLAIN[name];
    if (code < 0xfc00) this.code.byte(code);
    else if (code < 0xfd_0000) this.code.byte(0xfc).unsigned(code - 0xfc00);
    else this.code.byte(0xfd).unsigned(code - 0xfd_0000);
    return this;
  }

  /** A load or store; the constant `offset` (bytes, unsigned) is added to the address on the stack. */
  memory(name: MemoryOp, offset = 0): this {
    const [code, align] = LOADS[name];
    if (code < 0x100) this.code.byte(code);
    else this.code.byte(0xfd).unsigned(code & 0xff);
    this.code.unsigned(align).unsigned(offset);
    return this;
  }

  /** Loads into, or stores from, one lane: address and vector on the stack. */
  memoryLane(name: LoadLaneOp, lane: number, offset = 0): this {
    const [code, align] = LOAD_LANE[name];
    this.code.byte(0xfd).unsigned(code).unsigned(align).unsigned(offset).byte(lane);
    return this;
  }

  /** `extract_lane` and `replace_lane`. */
  lane(name: LaneOp, lane: number): this {
    this.code.byte(0xfd).unsigned(LANE[name]).byte(lane);
    return this;
  }

  /** `i8x16.shuffle`, its sixteen byte positions given. */
  shuffle(positions: readonly number[]): this {
    this.code.byte(0xfd).unsigned(13);
    for (const p of positions) this.code.byte(p);
    return this;
  }

  /** `i8x16.shuffle` in units of 32-bit lanes: 0–3 name the first vector's, 4–7 the second's. */
  shuffle32(lanes: readonly [number, number, number, number]): this {
    return this.shuffle(lanes.flatMap((l) => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3]));
  }

  /** An atomic access: `i32.atomic.load`, `memory.atomic.wait32` and so on. */
  atomic(name: AtomicOp, offset = 0): this {
    const [code, align] = ATOMIC[name];
    this.code.byte(0xfe).unsigned(code).unsigned(align).unsigned(offset);
    return this;
  }

  /** `body` in a block: `br(0)` inside it leaves. */
  block(body: () => void, result?: ValueType): this {
    return this.region(0x02, body, result);
  }
  /** `body` in a loop: `br(0)` inside it goes round again. */
  loop(body: () => void, result?: ValueType): this {
    return this.region(0x03, body, result);
  }
  /** Takes an i32 from the stack and runs one of the two. */
  if(yes: () => void, no?: () => void, result?: ValueType): this {
    this.code.byte(0x04).byte(result ? TYPE_CODE[result] : 0x40);
    yes();
    if (no) {
      this.code.byte(0x05);
      no();
    }
    this.code.byte(0x0b);
    return this;
  }
  br(depth: number): this {
    return this.immediate(0x0c, depth);
  }
  brIf(depth: number): this {
    return this.immediate(0x0d, depth);
  }
  return(): this {
    this.code.byte(0x0f);
    return this;
  }
  call(f: FunctionBuilder | number): this {
    return this.immediate(0x10, typeof f === "number" ? f : f.index);
  }
  /** Calls the table's entry whose number is on the stack. */
  callIndirect(type: number): this {
    this.code.byte(0x11).unsigned(type).unsigned(0);
    return this;
  }

  /** The body as it stands in the code section. */
  encode(): ByteWriter {
    const runs: [number, ValueType][] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const out = new ByteWriter();
    out.unsigned(runs.length);
    for (const [count, type] of runs) out.unsigned(count).byte(TYPE_CODE[type]);
    return out.append(this.code).byte(0x0b);
  }

  private immediate(code: number, value: number): this {
    this.code.byte(code).unsigned(value);
    return this;
  }

  private region(code: number, body: () => void, result: ValueType | undefined): this {
    this.code.byte(code).byte(result ? TYPE_CODE[result] : 0x40);
    body();
    this.code.byte(0x0b);
    return this;
  }
}

const BITS = new DataView(new ArrayBuffer(4));

/** One module: imports first, then functions, tables and exports in any order. */
export class ModuleBuilder {
  /** May its code use relaxed SIMD instructions? Not unless said. */
  readonly relaxed: boolean;
  private readonly types: string[] = [];
  private readonly typeBytes: ByteWriter[] = [];
  private readonly imports: ByteWriter[] = [];
  private readonly functions: { readonly type: number; readonly builder: FunctionBuilder }[] = [];
  private readonly exports: ByteWriter[] = [];
  private readonly elements: { readonly offset: number; readonly functions: readonly number[] }[] = [];
  private importedFunctions = 0;
  private table: { readonly initial: number; readonly imported: boolean } | undefined;

  constructor(options: { readonly relaxed?: boolean } = {}) {
    this.relaxed = options.relaxed ?? false;
  }

  /** The number of a function type, made on first use. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    const bytes = new ByteWriter().byte(0x60).unsigned(params.length);
    for (const t of params) bytes.byte(TYPE_CODE[t]);
    bytes.unsigned(results.length);
    for (const t of results) bytes.byte(TYPE_CODE[t]);
    this.typeBytes.push(bytes);
    return this.types.push(key) - 1;
  }

  /** The memory that all loads and stores use. */
  importMemory(module: string, name: string, memory: MemoryType): void {
    const entry = new ByteWriter().name(module).name(name).byte(0x02);
    entry.byte((memory.maximum === undefined ? 0 : 1) | (memory.shared ? 2 : 0)).unsigned(memory.initial);
    if (memory.maximum !== undefined) entry.unsigned(memory.maximum);
    this.imports.push(entry);
  }

  /** A function from outside; its index is for `call` and tables. To be imported before any function is defined. */
  importFunction(module: string, name: string, params: readonly ValueType[], results: readonly ValueType[]): number {
    if (this.functions.length) throw new Error("WebAssembly: functions are imported before others are defined");
    this.imports.push(new ByteWriter().name(module).name(name).byte(0x00).unsigned(this.type(params, results)));
    return this.importedFunctions++;
  }

  /** A table of at least `initial` functions from outside, as table 0. */
  importTable(module: string, name: string, initial: number): void {
    this.imports.push(new ByteWriter().name(module).name(name).byte(0x01).byte(0x70).byte(0).unsigned(initial));
    this.table = { initial, imported: true };
  }

  /** A table of its own with room for `initial` functions, as table 0, exported under `name` when there is one. */
  defineTable(initial: number, name?: string): void {
    this.table = { initial, imported: false };
    if (name !== undefined) this.exports.push(new ByteWriter().name(name).byte(0x01).unsigned(0));
  }

  /** Puts functions into the table from position `offset` on, when the module is instantiated. */
  fillTable(offset: number, functions: readonly (FunctionBuilder | number)[]): void {
    this.elements.push({ offset, functions: functions.map((f) => (typeof f === "number" ? f : f.index)) });
  }

  /** A new function to be written, exported when it has a name. */
  function(params: readonly ValueType[], results: readonly ValueType[], name?: string): FunctionBuilder {
    const index = this.importedFunctions + this.functions.length;
    const builder = new FunctionBuilder(index, params, results);
    this.functions.push({ type: this.type(params, results), builder });
    if (name !== undefined) this.exports.push(new ByteWriter().name(name).byte(0x00).unsigned(index));
    return builder;
  }

  /** The finished module. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.u32(0x6d736100).u32(1);
    section(out, 1, this.typeBytes);
    section(out, 2, this.imports);
    section(
      out,
      3,
      this.functions.map((f) => new ByteWriter().unsigned(f.type)),
    );
    if (this.table && !this.table.imported)
      section(out, 4, [new ByteWriter().byte(0x70).byte(0).unsigned(this.table.initial)]);
    section(out, 7, this.exports);
    section(
      out,
      9,
      this.elements.map(({ offset, functions }) => {
        const entry = new ByteWriter().byte(0).byte(0x41).signed(offset).byte(0x0b).unsigned(functions.length);
        for (const f of functions) entry.unsigned(f);
        return entry;
      }),
    );
    section(
      out,
      10,
      this.functions.map(({ builder }) => {
        const body = builder.encode();
        return new ByteWriter().unsigned(body.length).append(body);
      }),
    );
    return out.toBytes();
  }
}

/** One section: a vector of entries, left out when empty. */
function section(out: ByteWriter, id: number, entries: readonly ByteWriter[]): void {
  if (!entries.length) return;
  const body = new ByteWriter().unsigned(entries.length);
  for (const entry of entries) body.append(entry);
  out.byte(id).unsigned(body.length).append(body);
}
