/**
 * State. All that changes lives in cells: parameters, buffers, gradients, moments, counters. Tensors are values and never
 * change: reading a cell gives a node bound to its version, assigning makes a new version.
 */
import { numbersIn, stored, type DType, type StoredArray, type TypedArray } from "../core/dtype.ts";
import { DeviceError, ShapeError, TraceError } from "../core/errors.ts";
import { sameShape, show, sizeOf, type Shape } from "../core/shape.ts";
import type { Memory } from "../device/device.ts";
import type { Node, Source } from "../graph/node.ts";
import { detach } from "../graph/ops/control.ts";
import { input } from "../graph/ops/leaf.ts";
import { currentDevice, deviceNamed, isLost } from "./engine.ts";
import { bumpEpoch } from "./epoch.ts";
import { currentTrace } from "./trace.ts";
import { arrayOf, bytesOf, Value } from "./value.ts";

/** One version of a cell, as the source of a leaf. When the cell moves on while the leaf lives, the old elements are kept here. */
export class CellVersion implements Source {
  readonly cell: Cell;
  saved: Value | undefined;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  get requiresGrad(): boolean {
    return this.cell.requiresGrad;
  }
}

/** Stands in a traced program for whatever version the cell has when the program runs. */
export class CellSlot extends CellVersion {}

export interface CellOptions {
  readonly requiresGrad?: boolean;
  /** What the cell is to its owner, for messages: "cell" by default. */
  readonly label?: string;
  /** Name of its device, by default the current one. */
  readonly device?: string;
}

/** Elements of which a copy costs nothing: counts, rates, scales. */
const SMALL = 64;

const memories = /* @__PURE__ */ new FinalizationRegistry<Memory>((memory) => memory.device.free(memory));

export class Cell {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: string;
  #requiresGrad: boolean;
  #memory: Memory | undefined;
  #empty: boolean;
  /**
   * The leaf that readers of this version share. No WeakRef: what one points to lives until the end of the job, and so would the
   * elements saved for it, of every step of a synchronous loop.
   */
  #leaf: Node | undefined;
  /** Shared by all leaves of the version in memory, so that a program knows when it overwrites what it reads. */
  #version: CellVersion | undefined;
  #gradient: Cell | undefined;
  /** The elements that were last read from a device that answers later, or few that were written there; not to be written to. */
  #loaded: StoredArray | undefined;
  /** Whether they are those of the current version. */
  #isLoaded = false;
  /** For messages: what the cell is to its owner. */
  readonly label: string;

  /** A cell with no value yet. */
  constructor(shape: Shape, dtype: DType, options: CellOptions = {}) {
    this.shape = shape;
    this.dtype = dtype;
    this.device = options.device ?? currentDevice();
    this.label = options.label ?? "cell";
    this.#requiresGrad = options.requiresGrad ?? false;
    this.#empty = true;
  }

  /** A cell holding a copy of these elements. */
  static of(array: TypedArray, shape: Shape, dtype: DType, options: CellOptions = {}): Cell {
    const cell = new Cell(shape, dtype, options);
    cell.set(array);
    return cell;
  }

  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  /** Freezing and unfreezing make traced programs stale, so the next call traces again. */
  set requiresGrad(on: boolean) {
    if (on === this.#requiresGrad) return;
    // A leaf made before would carry the old flag into new graphs.
    this.beforeOverwrite();
    this.#requiresGrad = on;
    bumpEpoch();
  }

  /** True before the first assignment and after `clear`. */
  get empty(): boolean {
    const trace = currentTrace();
    return trace ? trace.isEmpty(this) : this.#empty;
  }

  /** As `empty`, without asking the trace. */
  get emptyNow(): boolean {
    return this.#empty;
  }

  /** The current version as a node. */
  read(): Node {
    const trace = currentTrace();
    if (trace) return trace.read(this);
    if (this.#empty) throw new TraceError(`${this.label}: read before it was given a value. Assign one first`);
    return (this.#leaf ??= this.version());
  }

  /** The current version, through which no gradient flows. */
  readDetached(): Node {
    const leaf = this.read();
    if (currentTrace() || !leaf.requiresGrad) return detach(leaf);
    return input(this.shape, this.dtype, leaf.source!, false);
  }

  /** The gradients that `backward` has accumulated here; empty until it runs. */
  get gradient(): Cell {
    return (this.#gradient ??= new Cell(this.shape, this.dtype, { label: `${this.label}.grad`, device: this.device }));
  }

  /**
   * The current version for a graph that is run before the cell changes again (an optimizer's update): the cell does not
   * remember the leaf, so the old version is not kept for it.
   */
  leaf(): Node {
    const trace = currentTrace();
    return trace ? trace.read(this) : this.version();
  }

  /** A leaf bound to the version in memory, whatever is being traced. */
  version(): Node {
    return input(this.shape, this.dtype, (this.#version ??= new CellVersion(this)));
  }

  /** A leaf for a trace: it is bound to the version that the cell has when the program runs. */
  slot(): Node {
    return input(this.shape, this.dtype, new CellSlot(this));
  }

  /** Bytes of the current version on its device. */
  get memory(): Memory {
    if (!this.#memory) {
      this.#memory = deviceNamed(this.device).alloc(Math.max(1, bytesOf(this)));
      memories.register(this, this.#memory);
    }
    return this.#memory;
  }

  /**
   * Elements of the current version as memory has them; not to be written to. Undefined where the device answers later and nobody has read
   * this version yet.
   */
  known(): StoredArray | undefined {
    const { device } = this.memory;
    if (device.readSync) return arrayOf(device.readSync(this.memory, 0, bytesOf(this)), this);
    return this.#isLoaded ? this.#loaded : undefined;
  }

  /** As `known`, on all devices. Of a device that was lost: those that were read last, if any were. */
  async load(): Promise<StoredArray> {
    const known = this.known();
    if (known) return known;
    const version = this.version().source;
    const { memory } = this;
    const loaded = await memory.device.read(memory, 0, bytesOf(this)).then(
      (bytes) => arrayOf(bytes, this),
      (error: unknown) => {
        if (this.#loaded && isLost(memory.device)) return this.#loaded;
        throw error;
      },
    );
    this.#loaded = loaded;
    // Meanwhile the cell may have moved on.
    this.#isLoaded = this.#version === version;
    return loaded;
  }

  /** The elements of the current version, to stay when the cell moves on. */
  #copied(): Value {
    const { device } = this.memory;
    const known = this.known();
    let copy: Memory | undefined;
    if (!device.readSync) {
      copy = device.alloc(this.memory.bytes);
      device.copy(this.memory, copy);
    }
    const value = new Value(copy ?? known!, this.shape, this.dtype, false, this.device);
    value.array ??= known;
    return value;
  }

  /** Elements of the current version as numbers; not to be written to. Throws DeviceError where `known` has none. */
  snapshot(): TypedArray {
    const known = this.known();
    if (!known) throw notOnHost(this.label, this.device);
    return numbersIn(known, this.dtype);
  }

  /** Gives the cell new elements from the host: numbers, which f16 and bf16 round to the nearest. */
  set(array: TypedArray): void {
    if (array.length !== sizeOf(this.shape))
      throw new ShapeError(`${this.label}: ${array.length} elements do not fill ${show(this.shape)}`);
    const trace = currentTrace();
    if (trace)
      throw new TraceError(
        `${this.label}: given elements from the host inside a traced function. Do it outside, or assign a tensor`,
      );
    this.beforeOverwrite();
    const { buffer, byteOffset, byteLength } = stored(array, this.dtype);
    const { device } = this.memory;
    device.write(this.memory, new Uint8Array(buffer, byteOffset, byteLength));
    if (!device.readSync && array.length <= SMALL) {
      this.#loaded = stored(array, this.dtype).slice();
      this.#isLoaded = true;
    }
    this.#empty = false;
  }

  /** Forgets the value (a gradient set to nothing). */
  clear(): void {
    const trace = currentTrace();
    if (trace) return trace.clear(this);
    this.beforeOverwrite();
    this.#empty = true;
  }

  /** Called before the memory changes: nodes made from this version outside the program keep its elements. */
  beforeOverwrite(): void {
    if (!this.#empty && this.#leaf) (this.#leaf.source as CellVersion).saved = this.#copied();
    this.#leaf = undefined;
    this.#version = undefined;
    this.#isLoaded = false;
  }

  /** Called when a program has written the memory, or cleared it. */
  afterProgram(empty: boolean): void {
    this.#empty = empty;
  }

  /** Checks that a node can become this cell's next version. */
  checkFits(node: Node): void {
    if (!sameShape(node.shape, this.shape))
      throw new ShapeError(`${this.label}: holds ${show(this.shape)}, was assigned ${show(node.shape)}`);
    if (node.dtype !== this.dtype)
      throw new ShapeError(`${this.label}: holds ${this.dtype}, was assigned ${node.dtype}. Use cast("${this.dtype}")`);
  }
}

/** What to say where elements are wanted at once that are on a device which answers later. */
export function notOnHost(what: string, device: string): DeviceError {
  return new DeviceError(
    `${what}: the values are on ${device}, which answers later. Use await x.data(); from then on they are here too`,
  );
}

/** Brings the elements of cells to the host. A promise only where one of them is on a device that answers later, and was not read yet. */
export function loadAll(cells: readonly Cell[]): void | Promise<void> {
  const unknown = cells.filter((cell) => !cell.known());
  if (unknown.length) return Promise.all(unknown.map((cell) => cell.load())).then(() => undefined);
}
