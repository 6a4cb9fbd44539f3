/**
 * What devices of the processor have in common: one linear memory, a heap in it, and programs as tapes of words there.
 * How kernels are compiled and who walks a tape is theirs.
 */
import { showBytes } from "../../core/bytes.ts";
import { DeviceError } from "../../core/errors.ts";
import type { Device, Limits, Memory, MemoryUse, Program, Runnable, Step } from "../device.ts";
import { Heap } from "../heap.ts";
import { layOut, SCALAR_BYTES, type Layout } from "./tape.ts";
import type { Target } from "./target.ts";

const PAGE = 65_536;
/** No address; not 0 either, which freed memories have. */
const NOWHERE = -1;
/** Memory 32-bit addresses reach, less a page so that no end of anything is 2³². Engines that allow less get less. */
const MOST_PAGES: readonly number[] = [65_535, 32_768, 16_384, 8_192];
/** Vector loads may run over the end of the last block. */
const TAIL = 4096;
/** Memory grows by at least this: growing has a price of its own, pages that nobody touches have none. */
const GROWTH = 64 * 2 ** 20;

/** A WebAssembly memory, in pages. */
export interface MemoryType {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared: boolean;
}

class HeapMemory implements Memory {
  readonly device: HeapDevice;
  readonly bytes: number;
  /** 0 once it was freed. */
  address: number;

  constructor(device: HeapDevice, bytes: number, address: number) {
    this.device = device;
    this.bytes = bytes;
    this.address = address;
  }
}

/** A program's words in the heap, and the addresses that they hold now. */
export class Tape {
  readonly program: Program;
  layout!: Layout;
  /** Where the layout's words lie; 0 before they have a place. */
  base = 0;
  readonly bound: Float64Array;
  scratch = 0;

  constructor(program: Program) {
    this.program = program;
    this.bound = new Float64Array(program.bindings.length);
  }
}

export abstract class HeapDevice implements Device {
  abstract readonly name: string;
  abstract readonly about: string;
  abstract readonly limits: Limits;
  abstract readonly threads: number;
  protected readonly memory: WebAssembly.Memory;
  protected readonly memoryType: MemoryType;
  protected readonly heap: Heap;
  /** The scratch heap that all programs share. */
  readonly #scratch = { address: 0, bytes: 0 };
  /** Words of programs that were collected. */
  readonly #collected = new FinalizationRegistry<Tape>(({ base }) => this.heap.free(base));
  #u8!: Uint8Array;
  #i32!: Int32Array;
  #f32!: Float32Array;
  #f64!: Float64Array;

  /** The memory's first bytes are the device's own. */
  constructor(shared: boolean, own: number) {
    const { memory, type } = createMemory(shared);
    this.memory = memory;
    this.memoryType = type;
    this.#refresh();
    this.heap = new Heap(own, this.#u8.length - TAIL, (end) => this.#grow(end));
  }

  /** Largest single allocation, bytes. */
  protected get most(): number {
    return this.memoryType.maximum! * PAGE - 2 * TAIL;
  }

  /** Bytes in use: state, results, programs and scratch. */
  get bytesInUse(): number {
    return this.heap.used;
  }

  memoryUse(): MemoryUse {
    return { total: this.most, allocated: this.heap.used, reserved: this.#u8.length };
  }

  alloc(bytes: number): Memory {
    return new HeapMemory(this, bytes, this.heap.allocate(bytes));
  }

  free(memory: Memory): void {
    const own = this.#own(memory);
    this.heap.free(own.address);
    own.address = 0;
  }

  write(memory: Memory, bytes: Uint8Array, offset = 0): void {
    const to = this.#range("write", memory, offset, bytes.length);
    this.settle();
    this.#u8.set(bytes, to);
  }

  readSync(memory: Memory, offset = 0, length: number = memory.bytes - offset): Uint8Array<ArrayBuffer> {
    const from = this.#range("read", memory, offset, length);
    this.settle();
    const out = new Uint8Array(length);
    out.set(this.#u8.subarray(from, from + length));
    return out;
  }

  read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    return Promise.resolve(this.readSync(memory, offset, length));
  }

  copy(from: Memory, to: Memory): void {
    const source = this.#range("copy", from, 0, from.bytes);
    const target = this.#range("copy", to, 0, from.bytes);
    this.settle();
    this.#u8.copyWithin(target, source, source + from.bytes);
  }

  fill(memory: Memory, value: number): void {
    const from = this.#range("fill", memory, 0, memory.bytes);
    this.settle();
    this.#u8.fill(value, from, from + memory.bytes);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  abstract prepare(program: Program): Runnable;
  abstract run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void;

  // ---------- for the devices

  /** Returns when nothing runs any more: whoever touches memory from here waits for that. */
  protected settle(): void {}

  /** Puts a program into the heap. Its words go when `owner` is collected. */
  protected place(program: Program, target: Target, functionOf: (step: Step) => number, owner: object): Tape {
    // What runs may use memory that was freed meanwhile, the old scratch heap among it.
    this.settle();
    this.#reserveScratch(program.scratchBytes);
    const tape = new Tape(program);
    this.rewrite(tape, target, functionOf);
    this.#collected.register(owner, tape);
    return tape;
  }

  /** Writes a tape's words, anew where functions have moved. */
  protected rewrite(tape: Tape, target: Target, functionOf: (step: Step) => number): void {
    const layout = layOut(tape.program, target, this.threads, functionOf);
    const base = this.heap.allocate(layout.words.length * 4);
    if (tape.base) this.heap.free(tape.base);
    const words = this.#i32.subarray(base >>> 2, (base >>> 2) + layout.words.length);
    words.set(layout.words);
    for (const position of layout.relative) words[position]! += base;
    tape.base = base;
    tape.layout = layout;
    tape.bound.fill(NOWHERE);
    tape.scratch = 0;
  }

  /** Writes what a run needs into a tape: addresses that are others than before, and the scalars. */
  protected bind(tape: Tape, bindings: readonly Memory[], scalars: readonly number[]): void {
    const { program, base, bound } = tape;
    if (bindings.length !== bound.length || scalars.length !== program.scalars.length)
      throw new DeviceError(
        `run: the program has ${bound.length} bindings and ${program.scalars.length} scalars, ` +
          `got ${bindings.length} and ${scalars.length}.`,
      );
    for (let i = 0; i < bound.length; i++) {
      const { address } = bindings[i] as HeapMemory;
      if (address !== bound[i]) this.#bindOne(tape, i, bindings[i]!);
    }
    if (tape.scratch !== this.#scratch.address) this.#moveScratch(tape);
    for (let i = 0; i < scalars.length; i++) {
      const at = base + i * SCALAR_BYTES;
      const dtype = program.scalars[i];
      if (dtype === "f32") this.#f32[at >>> 2] = scalars[i]!;
      else if (dtype === "f64") this.#f64[at >>> 3] = scalars[i]!;
      else this.#i32[at >>> 2] = scalars[i]!;
    }
  }

  /** Writes one word of the device's own bytes. */
  protected setWord(address: number, value: number): void {
    this.#i32[address >>> 2] = value;
  }

  /** Makes a region as large as this, elsewhere when it must grow: nothing in it outlives a run. */
  protected reserve(region: { address: number; bytes: number }, bytes: number): void {
    if (bytes <= region.bytes) return;
    const { bytes: before } = region;
    if (before) this.heap.free(region.address);
    try {
      region.address = this.heap.allocate(bytes);
      region.bytes = bytes;
    } catch (error) {
      if (before) region.address = this.heap.allocate(before);
      throw error;
    }
  }

  // ---------- where things lie

  #reserveScratch(bytes: number): void {
    this.reserve(this.#scratch, bytes);
  }

  #own(memory: Memory): HeapMemory {
    if (!(memory instanceof HeapMemory) || memory.device !== this)
      throw new DeviceError(`${this.name}: the memory belongs to another device.`);
    if (memory.address === 0) throw new DeviceError(`${this.name}: the memory was freed before.`);
    return memory;
  }

  #range(what: string, memory: Memory, offset: number, length: number): number {
    const { address, bytes } = this.#own(memory);
    if (offset < 0 || length < 0 || offset + length > bytes)
      throw new DeviceError(`${what}: bytes ${offset} to ${offset + length} of a memory of ${showBytes(bytes)}.`);
    return address + offset;
  }

  #bindOne(tape: Tape, binding: number, memory: Memory): void {
    const { address, bytes } = this.#own(memory);
    const wanted = tape.program.bindings[binding]!;
    if (bytes < wanted)
      throw new DeviceError(`run: binding ${binding} needs ${showBytes(wanted)}, got a memory of ${showBytes(bytes)}.`);
    const start = tape.base >>> 2;
    for (const position of tape.layout.bindings[binding]!) this.#i32[start + position] = address;
    tape.bound[binding] = address;
  }

  #moveScratch(tape: Tape): void {
    const start = tape.base >>> 2;
    for (const { position, offset } of tape.layout.scratch)
      this.#i32[start + position] = this.#scratch.address + offset;
    tape.scratch = this.#scratch.address;
  }

  #grow(end: number): number {
    const have = this.#u8.length;
    const most = this.memoryType.maximum! * PAGE;
    for (const wanted of [Math.max(end + TAIL, have + GROWTH), end + TAIL]) {
      const pages = Math.ceil((Math.min(wanted, Math.max(most, end + TAIL)) - have) / PAGE);
      try {
        this.memory.grow(pages);
        this.#refresh();
        break;
      } catch {
        // Refused: less, or nothing.
      }
    }
    return this.#u8.length - TAIL;
  }

  /** Growing makes older views useless. */
  #refresh(): void {
    const { buffer } = this.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }
}

/** The largest memory that the engine allows. */
function createMemory(shared: boolean): { memory: WebAssembly.Memory; type: MemoryType } {
  let cause: unknown;
  for (const maximum of MOST_PAGES) {
    const type = { initial: 16, maximum, shared };
    try {
      return { memory: new WebAssembly.Memory(type), type };
    } catch (error) {
      cause = error;
    }
  }
  throw new DeviceError("the engine refuses to create a memory. Close other programs or pages, then try again.", {
    cause,
  });
}
