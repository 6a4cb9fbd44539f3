/**
 * What devices of the processor have in common: one linear memory, a heap in it, and programs as tapes of words there.
 * How kernels are compiled and who walks a tape is theirs. Some have memory on the far side of the heap too, for tensors and
 * scratch that do not fit there.
 */
import { showBytes } from "../../core/bytes.ts";
import { byteSize } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import {
  stepsOf,
  type Device,
  type Limits,
  type Memory,
  type MemoryUse,
  type Program,
  type Runnable,
  type Step,
} from "../device.ts";
import { Heap, NoRoom } from "../heap.ts";
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

/** Memory beyond the heap. Addresses are counted from the heap's start, and may be negative. */
export interface FarSide {
  /** Bytes that it can have, that are in use, and that it has taken from the system. */
  readonly total: number;
  readonly used: number;
  readonly reserved: number;
  /** @throws NoRoom */
  allocate(bytes: number): number;
  free(address: number): void;
  read(address: number, into: Uint8Array): void;
  write(address: number, bytes: Uint8Array): void;
  /** From and to either side. */
  copy(from: number, to: number, bytes: number): void;
  fill(address: number, value: number, bytes: number): void;
}

/** Part of a memory that only ever grows. */
interface Reserve {
  address: number;
  bytes: number;
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
  /** Where its scratch is, which moves as it grows. */
  readonly reserve: Readonly<Reserve>;
  layout!: Layout;
  /** Words of an address. */
  addressWords!: number;
  /** Where the layout's words lie; 0 before they have a place. */
  base = 0;
  readonly bound: Float64Array;
  scratch = 0;

  constructor(program: Program, reserve: Readonly<Reserve>) {
    this.program = program;
    this.reserve = reserve;
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
  /** The scratch that all programs share, and that of those for which the heap has no room. */
  readonly #scratch: Reserve = { address: 0, bytes: 0 };
  readonly #farScratch: Reserve = { address: 0, bytes: 0 };
  /** Memory beyond the heap, once it is needed. */
  protected far: FarSide | undefined;
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
    const { total = 0, used = 0, reserved = 0 } = this.far ?? {};
    return {
      total: Math.max(this.most, total),
      allocated: this.heap.used + used,
      reserved: this.#u8.length + reserved,
    };
  }

  alloc(bytes: number): Memory {
    return new HeapMemory(this, bytes, this.#allocate(bytes));
  }

  free(memory: Memory): void {
    const own = this.#own(memory);
    this.#release(own.address);
    own.address = 0;
  }

  write(memory: Memory, bytes: Uint8Array, offset = 0): void {
    const to = this.#range("write", memory, offset, bytes.length);
    this.settle();
    if (this.#isFar(to)) this.far!.write(to, bytes);
    else this.#u8.set(bytes, to);
  }

  readSync(memory: Memory, offset = 0, length: number = memory.bytes - offset): Uint8Array<ArrayBuffer> {
    const from = this.#range("read", memory, offset, length);
    this.settle();
    const out = arrayOf(length);
    if (this.#isFar(from)) this.far!.read(from, out);
    else out.set(this.#u8.subarray(from, from + length));
    return out;
  }

  read(memory: Memory, offset?: number, length?: number): Promise<Uint8Array> {
    return Promise.resolve(this.readSync(memory, offset, length));
  }

  copy(from: Memory, to: Memory): void {
    const source = this.#range("copy", from, 0, from.bytes);
    const target = this.#range("copy", to, 0, from.bytes);
    this.settle();
    if (this.#isFar(source) || this.#isFar(target)) this.far!.copy(source, target, from.bytes);
    else this.#u8.copyWithin(target, source, source + from.bytes);
  }

  fill(memory: Memory, value: number): void {
    const from = this.#range("fill", memory, 0, memory.bytes);
    this.settle();
    if (this.#isFar(from)) this.far!.fill(from, value, memory.bytes);
    else this.#u8.fill(value, from, from + memory.bytes);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  abstract prepare(program: Program): Runnable;
  abstract run(runnable: Runnable, bindings: readonly Memory[], scalars: readonly number[]): void;

  // ---------- for the devices

  /** Returns when nothing runs any more: whoever touches memory from here waits for that. */
  protected settle(): void {}

  /** May so many bytes of the heap be in use for data? Where there is a far side, the last part is for programs. */
  protected hasRoom(_bytes: number): boolean {
    return true;
  }

  /** Memory beyond the heap, where this device has any. */
  protected openFar(): FarSide | undefined {
    return undefined;
  }

  /** Is one of these on the far side, where only some programs can go? */
  protected anyFar(bindings: readonly Memory[]): boolean {
    return this.far !== undefined && bindings.some((memory) => this.#isFar((memory as HeapMemory).address));
  }

  /**
   * Puts a program into the heap, its scratch there too or on the far side. Its words go when `owner` is collected.
   * @throws NoRoom
   */
  protected place(program: Program, target: Target, functionOf: (step: Step) => number, owner: object): Tape {
    checkCounts(program);
    // What runs may use memory that was freed meanwhile, the old scratch heap among it.
    this.settle();
    const tape = new Tape(program, this.#reserveScratch(program.scratchBytes, target.addressWords > 1));
    this.rewrite(tape, target, functionOf);
    this.#collected.register(owner, tape);
    return tape;
  }

  /** Writes a tape's words, anew where functions have moved. */
  protected rewrite(tape: Tape, target: Target, functionOf: (step: Step) => number): void {
    const layout = layOut(tape.program, target, this.limits.threads, functionOf);
    const base = this.heap.allocate(layout.words.length * 4);
    if (tape.base) this.heap.free(tape.base);
    const words = this.#i32.subarray(base >>> 2, (base >>> 2) + layout.words.length);
    words.set(layout.words);
    for (const position of layout.relative) words[position]! += base;
    tape.base = base;
    tape.layout = layout;
    tape.addressWords = target.addressWords;
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
    if (tape.scratch !== tape.reserve.address) this.#moveScratch(tape);
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
  protected reserve(region: Reserve, bytes: number, side: Pick<FarSide, "allocate" | "free"> = this.heap): void {
    if (bytes <= region.bytes) return;
    const { bytes: before } = region;
    if (before) side.free(region.address);
    try {
      region.address = side.allocate(bytes);
      region.bytes = bytes;
    } catch (error) {
      if (before) region.address = side.allocate(before);
      throw error;
    }
  }

  // ---------- where things lie

  #isFar(address: number): boolean {
    return address < 0 || address >= this.memoryType.maximum! * PAGE;
  }

  /** A block for data, in the heap where it has room. */
  #allocate(bytes: number): number {
    const near = this.hasRoom(this.heap.used + bytes) ? this.#attempt(bytes) : undefined;
    return near ?? this.openFar()?.allocate(bytes) ?? this.heap.allocate(bytes);
  }

  #attempt(bytes: number): number | undefined {
    try {
      return this.heap.allocate(bytes);
    } catch (error) {
      if (error instanceof NoRoom) return undefined;
      throw error;
    }
  }

  #release(address: number): void {
    if (this.#isFar(address)) this.far!.free(address);
    else this.heap.free(address);
  }

  /** Scratch of so many bytes: in the heap where it has room, or else on the far side where the program can go there. */
  #reserveScratch(bytes: number, mayBeFar: boolean): Readonly<Reserve> {
    const near = this.#scratch;
    if (bytes <= near.bytes) return near;
    const others = this.heap.used - near.bytes;
    try {
      if (!this.hasRoom(others + bytes))
        throw new NoRoom(
          `prepare: ${showBytes(bytes)} of scratch were asked for, and ${showBytes(others)} of WebAssembly's memory are in use.`,
        );
      this.reserve(near, bytes);
      return near;
    } catch (error) {
      const side = mayBeFar && error instanceof NoRoom ? this.openFar() : undefined;
      if (!side) throw error;
      this.reserve(this.#farScratch, bytes, side);
      return this.#farScratch;
    }
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
    for (const position of tape.layout.bindings[binding]!) this.#setAddress(tape, position, address);
    tape.bound[binding] = address;
  }

  #moveScratch(tape: Tape): void {
    const { address } = tape.reserve;
    for (const { position, offset } of tape.layout.scratch) this.#setAddress(tape, position, address + offset);
    tape.scratch = address;
  }

  #setAddress({ base, addressWords }: Tape, position: number, address: number): void {
    const word = (base >>> 2) + position;
    // Larger numbers are stored modulo 2³².
    this.#i32[word] = address;
    if (addressWords > 1) this.#i32[word + 1] = Math.floor(address / 2 ** 32);
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

/** Kernels count elements in 32 bits, with a sign. */
function checkCounts({ tape, bindings }: Program): void {
  for (const { kernel, launches } of stepsOf(tape)) {
    const sizes = kernel.buffers.filter(({ space }) => space === "global").map(({ dtype }) => byteSize(dtype));
    for (const { buffers } of launches)
      buffers.forEach((region, i) => {
        const bytes = "binding" in region ? bindings[region.binding]! : region.bytes;
        if (bytes / sizes[i]! >= 2 ** 31)
          throw new DeviceError(
            `prepare: a tensor of ${showBytes(bytes)} has ${bytes / sizes[i]!} elements, and kernels count to ${2 ** 31 - 1}. Split it.`,
          );
      });
  }
}

function arrayOf(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new DeviceError(
      `read: this engine has no room for an array of ${showBytes(length)}. Split the tensor into several.`,
      { cause },
    );
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
