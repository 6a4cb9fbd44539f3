/** Where a shader's buffers live, and how their elements are read and written: WGSL has no types below 32 bits but f16. */
import { byteSize, type DType } from "../../core/dtype.ts";
import type { Expression, Load } from "../../ir/expression.ts";
import type { Buffer, Statement, Store } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { loadsIn, storesIn } from "../../ir/walk.ts";
import { WIDTH, type Part, type Parts } from "./vectors.ts";
import type { Wgsl } from "./wgsl.ts";

/** How a launch binds its global buffers. */
export interface ShaderLayout {
  /** The binding of each global buffer, numbers from 0. Buffers of one binding are the same memory, or parts of it that begin at their bases. */
  readonly bindings: readonly number[];
  /** The buffers that do not begin where their binding does: their first element's place in it is among the words of the place. */
  readonly based: readonly boolean[];
  /**
   * How many bindings the memory of each buffer takes, from its binding on; one by default. What is larger than a binding may be
   * is seen through several: windows of `windowBytes`, a power of two, one behind the other. Such buffers are based.
   */
  readonly windows?: readonly number[];
  readonly windowBytes?: number;
  /** Only some of the workgroups run: those from a first one to before an end that are among the words of the place. */
  readonly isPart?: boolean;
}

/** Does a dispatch have a place: words that say where buffers begin and which workgroups run? */
export const isPlaced = ({ based, isPart = false }: ShaderLayout): boolean => isPart || based.some(Boolean);

/** The array that a buffer's elements are in. */
interface Storage {
  readonly name: string;
  /** What it consists of: elements, four at a time, or words that hold elements of any type or parts of them. */
  readonly holds: "elements" | "vectors" | "words";
  /** Words that threads share are written by atomic operations. */
  readonly atomic: boolean;
  readonly binding?: number;
  /** What a window has: shift and mask of a position in an array that is seen through several. */
  readonly windows?: { readonly count: number; readonly shift: number };
}

/** How one buffer is accessed. */
interface Accesses {
  loaded: boolean;
  /** One element at a time. */
  stored: boolean;
  loadedFour: boolean;
  storedFour: boolean;
  /** At offsets that are not numbers. */
  moving: boolean;
}

const LANES = ["x", "y", "z", "w"] as const;

export class Elements {
  private readonly buffers: readonly Buffer[];
  private readonly dialect: Wgsl;
  private readonly parts: Parts;
  private readonly accesses: readonly Accesses[];
  private readonly storage: readonly Storage[];
  private readonly based: ReadonlySet<number>;
  private pending: string[] = [];

  constructor(
    buffers: readonly Buffer[],
    body: readonly Statement[],
    parts: Parts,
    layout: ShaderLayout,
    dialect: Wgsl,
  ) {
    this.buffers = buffers;
    this.dialect = dialect;
    this.parts = parts;
    this.accesses = accessesOf(buffers, body, parts);
    const globals = buffers.flatMap(({ space }, b) => (space === "global" ? [b] : []));
    this.based = new Set(globals.filter((_, i) => layout.based[i]));
    const bindings = new Map(globals.map((b, i) => [b, layout.bindings[i]!]));
    this.storage = buffers.map(({ space }, b): Storage => {
      if (space === "global") return this.seen(this.bound(bindings, bindings.get(b)!), b, layout, globals.indexOf(b));
      const vectors = space === "shared" && this.fitsVectors([b]);
      return { name: `b${b}`, holds: vectors ? "vectors" : "elements", atomic: false };
    });
  }

  /** The storage of a binding. */
  private bound(bindings: ReadonlyMap<number, number>, binding: number): Storage {
    const members = [...bindings].flatMap(([b, at]) => (at === binding ? [b] : []));
    const name = `b${members.join("_")}`;
    const types = new Set(members.map((b) => this.dialect.type(this.buffers[b]!.dtype)));
    if (types.size === 1 && members.every((b) => this.isWhole(b))) {
      const vectors = this.fitsVectors(members);
      return { name, holds: vectors ? "vectors" : "elements", atomic: false, binding };
    }
    const atomic = members.some((b) => this.accesses[b]!.stored && this.isSmall(b));
    return { name, holds: "words", atomic, binding };
  }

  /** The storage, through windows where one binding does not hold it. */
  private seen(storage: Storage, buffer: number, { windows, windowBytes }: ShaderLayout, global: number): Storage {
    const count = windows?.[global] ?? 1;
    if (count === 1) return storage;
    const unit =
      storage.holds === "words" ? 4 : byteSize(this.buffers[buffer]!.dtype) * (storage.holds === "vectors" ? WIDTH : 1);
    return { ...storage, windows: { count, shift: Math.log2(windowBytes! / unit) } };
  }

  /** Are elements smaller than words? */
  private isSmall(buffer: number): boolean {
    return byteSize(this.buffers[buffer]!.dtype) < 4;
  }

  /** Are there arrays of such elements in global memory? */
  private isWhole(buffer: number): boolean {
    return !this.isSmall(buffer) || this.dialect.type(this.buffers[buffer]!.dtype) === "f16";
  }

  /** Is the memory of these buffers best accessed four elements at a time? Then no element may be stored alone. */
  private fitsVectors(members: readonly number[]): boolean {
    const accesses = members.map((b) => this.accesses[b]!);
    const sizes = members.map((b) => this.buffers[b]!.size ?? 0);
    return (
      accesses.some((a) => a.loadedFour || a.storedFour) &&
      accesses.every((a) => !a.stored) &&
      sizes.every((size) => typeof size === "number" && size % WIDTH === 0) &&
      members.every((b) => this.dialect.type(this.buffers[b]!.dtype) !== "bool")
    );
  }

  /** Is the buffer's every element a variable? */
  private isScattered(buffer: number): boolean {
    return this.buffers[buffer]!.space === "register" && !this.accesses[buffer]!.moving;
  }

  /** Do threads read what others stored to global memory? */
  get sharesStorage(): boolean {
    return this.buffers.some(({ space }, b) => {
      const { loaded, loadedFour, stored, storedFour } = this.accesses[b]!;
      return space === "global" && (loaded || loadedFour) && (stored || storedFour);
    });
  }

  /** Names of the buffers whose first element is among the words of the place. */
  bases(): string[] {
    return [...this.based].map((b) => `base${b}`);
  }

  /** Global and shared memory. */
  declarations(): string[] {
    const seen = new Set<string>();
    const out: { readonly binding: number; readonly line: string }[] = [];
    this.buffers.forEach(({ space, dtype, size }, b) => {
      const { name, holds, atomic, binding = Infinity, windows } = this.storage[b]!;
      if (space === "register" || seen.has(name)) return;
      seen.add(name);
      const element = this.dialect.type(dtype);
      const type =
        holds === "words" ? (atomic ? "atomic<u32>" : "u32") : holds === "vectors" ? `vec4<${element}>` : element;
      const count = holds === "vectors" ? sizeOf(size ?? 0) / WIDTH : size;
      if (space !== "global") out.push({ binding, line: `var<workgroup> ${name}: array<${type}, ${sizeOf(count)}>;` });
      else
        for (let w = 0; w < (windows?.count ?? 1); w++)
          out.push({
            binding: binding + w,
            line: `@group(0) @binding(${binding + w}) var<storage, read_write> ${name}${windows ? `_w${w}` : ""}: array<${type}>;`,
          });
    });
    return out.sort((a, b) => (a.binding === b.binding ? 0 : a.binding - b.binding)).map(({ line }) => line);
  }

  /** Functions that look through windows, and that read and write parts of words. */
  functions(): string[] {
    const seen = new Set<string>();
    const windowed = this.storage.flatMap((storage, b) => {
      if (!storage.windows || seen.has(storage.name)) return [];
      seen.add(storage.name);
      return this.windowFunctions(storage, this.dialect.type(this.buffers[b]!.dtype));
    });
    return [...windowed, ...this.buffers.flatMap((_, b) => (this.isPartial(b) ? this.packedFunctions(b) : []))];
  }

  /** Functions that do something at a position of an array, in whichever window it is. */
  private windowFunctions({ name, holds, atomic, windows }: Storage, element: string): string[] {
    const type = holds === "words" ? "u32" : holds === "vectors" ? `vec4<${element}>` : element;
    const { count, shift } = windows!;
    const each = (head: string, act: (place: string) => string): string[] => [
      `fn ${head} {`,
      `  let within = u32(at) & ${2 ** shift - 1}u;`,
      `  switch (u32(at) >> ${shift}u) {`,
      ...Array.from({ length: count - 1 }, (_, w) => `    case ${w}u: { ${act(`${name}_w${w}[within]`)} }`),
      `    default: { ${act(`${name}_w${count - 1}[within]`)} }`,
      "  }",
      "}",
    ];
    if (!atomic)
      return [
        ...each(`get_${name}(at: i32) -> ${type}`, (place) => `return ${place};`),
        ...each(`set_${name}(at: i32, x: ${type})`, (place) => `${place} = x;`),
      ];
    return [
      ...each(`get_${name}(at: i32) -> u32`, (place) => `return atomicLoad(&${place});`),
      ...each(`set_${name}(at: i32, x: u32)`, (place) => `atomicStore(&${place}, x);`),
      ...each(
        `put_${name}(at: i32, mask: u32, x: u32)`,
        (place) => `atomicAnd(&${place}, mask); atomicOr(&${place}, x);`,
      ),
    ];
  }

  /** Do accesses to single elements go through functions, because they are parts of words? */
  private isPartial(buffer: number): boolean {
    return this.storage[buffer]!.holds === "words" && this.isSmall(buffer);
  }

  private packedFunctions(buffer: number): string[] {
    const { name, windows } = this.storage[buffer]!;
    const { loaded, stored } = this.accesses[buffer]!;
    const { shift, bits, mask } = this.packing(buffer);
    const place = [
      `  let at = ${this.based.has(buffer) ? `place.base${buffer} + u32(i)` : "u32(i)"};`,
      `  let shift = (at & ${2 ** shift - 1}u) * ${bits}u;`,
    ];
    const word = `at >> ${shift}u`;
    const put = windows
      ? [`  put_${name}(i32(${word}), ~(${mask} << shift), x << shift);`]
      : [`  atomicAnd(&${name}[${word}], ~(${mask} << shift));`, `  atomicOr(&${name}[${word}], x << shift);`];
    const load = [
      `fn load_b${buffer}(i: i32) -> u32 {`,
      ...place,
      `  return (${this.get(buffer, windows ? `i32(${word})` : word)} >> shift) & ${mask};`,
      "}",
    ];
    const store = [`fn store_b${buffer}(i: i32, x: u32) {`, ...place, ...put, "}"];
    return [...(loaded ? load : []), ...(stored ? store : [])];
  }

  /** Elements of a word, as a shift and in bits. */
  private packing(buffer: number): { readonly shift: number; readonly bits: number; readonly mask: string } {
    return byteSize(this.buffers[buffer]!.dtype) === 1
      ? { shift: 2, bits: 8, mask: "255u" }
      : { shift: 1, bits: 16, mask: "65535u" };
  }

  /** The thread's own memory. */
  registers(): string[] {
    return this.buffers.flatMap(({ space, dtype, size = 0 }, b) => {
      if (space !== "register") return [];
      const type = this.dialect.type(dtype);
      return this.isScattered(b)
        ? Array.from({ length: sizeOf(size) }, (_, k) => `var b${b}_${k}: ${type};`)
        : [`var b${b}: array<${type}, ${sizeOf(size)}>;`];
    });
  }

  // ---------- loads

  /** The element is a variable, or part of a vector that has a name: it needs no name of its own. */
  isNamed(e: Expression): e is Load {
    return e.kind === "load" && (this.isScattered(e.buffer) || this.partOf(e) !== undefined);
  }

  /** The vector that a load is part of, where memory is accessed by vectors. */
  partOf(e: Load): Part | undefined {
    return this.byFour(e.buffer) ? this.parts.loads.get(e) : undefined;
  }

  private byFour(buffer: number): boolean {
    return this.storage[buffer]!.holds === "vectors" || this.isPartial(buffer);
  }

  /** Four elements, or the words that they are in. */
  loadFour({ buffer, offset }: Load, text: (e: Expression) => string): string {
    const { holds } = this.storage[buffer]!;
    if (holds === "vectors") return this.get(buffer, `${this.index(buffer, offset, text)} >> 2u`);
    const { shift } = this.packing(buffer);
    const word = (next: string): string =>
      this.get(buffer, `(${this.index(buffer, offset, text)} >> ${shift}u)${next}`);
    return shift === 2 ? word("") : `vec2<u32>(${word("")}, ${word(" + 1")})`;
  }

  /** One of four that were loaded. */
  lane({ buffer, dtype }: Load, lane: number, whole: string): string {
    if (this.storage[buffer]!.holds === "vectors") return `${whole}.${LANES[lane]!}`;
    const { shift, bits, mask } = this.packing(buffer);
    const word = shift === 2 ? whole : `${whole}.${LANES[lane >> 1]!}`;
    return this.fromBits(dtype, `((${word} >> ${(lane * bits) % 32}u) & ${mask})`);
  }

  load({ buffer, dtype, offset }: Load, text: (e: Expression) => string): string {
    const { name, holds } = this.storage[buffer]!;
    if (this.isScattered(buffer)) return `${name}_${(offset as { readonly value?: number }).value}`;
    if (this.isPartial(buffer)) return this.fromBits(dtype, `load_b${buffer}(${text(offset)})`);
    const at = this.index(buffer, offset, text);
    if (holds === "vectors") return `${this.get(buffer, `${at} >> 2u`)}[${at} & 3]`;
    const value = this.get(buffer, at);
    return holds === "elements" ? value : this.fromBits(dtype, value);
  }

  /** The value whose bits these are. */
  private fromBits(dtype: DType, bits: string): string {
    return dtype === "bool" ? `(${bits} != 0u)` : this.dialect.bitcast("u32", dtype, bits);
  }

  /** The bits of a value. */
  private toBits(dtype: DType, x: string): string {
    return dtype === "bool" ? `u32(${x})` : this.dialect.bitcast(dtype, "u32", x);
  }

  /** What is at a position of the array that a buffer's elements are in. */
  private get(buffer: number, at: string): string {
    const { name, atomic, windows } = this.storage[buffer]!;
    if (windows) return `get_${name}(${at})`;
    return atomic ? `atomicLoad(&${name}[${at}])` : `${name}[${at}]`;
  }

  /** The statement that writes there. */
  private set(buffer: number, at: string, x: string): string {
    const { name, atomic, windows } = this.storage[buffer]!;
    if (windows) return `set_${name}(${at}, ${x});`;
    return atomic ? `atomicStore(&${name}[${at}], ${x});` : `${name}[${at}] = ${x};`;
  }

  private index(buffer: number, offset: Expression, text: (e: Expression) => string): string {
    return this.based.has(buffer) ? `(i32(place.base${buffer}) + ${text(offset)})` : text(offset);
  }

  // ---------- stores

  /** The statement that stores; undefined where the element waits for its neighbours. */
  store(s: Store, text: (e: Expression) => string): string | undefined {
    const { buffer, offset, value } = s;
    const { name, holds } = this.storage[buffer]!;
    const part = this.byFour(buffer) ? this.parts.stores.get(s) : undefined;
    if (part) return this.storeLane(part, text(value), text);
    const x = text(value);
    if (this.isScattered(buffer)) return `${name}_${(offset as { readonly value?: number }).value} = ${x};`;
    if (this.isPartial(buffer)) return `store_b${buffer}(${text(offset)}, ${this.toBits(value.dtype, x)});`;
    return this.set(buffer, this.index(buffer, offset, text), holds === "elements" ? x : this.toBits(value.dtype, x));
  }

  private storeLane({ whole, lane }: Part, x: string, text: (e: Expression) => string): string | undefined {
    const { buffer, offset, dtype } = whole;
    const { holds } = this.storage[buffer]!;
    this.pending.push(holds === "vectors" ? x : this.toBits(dtype, x));
    if (lane < WIDTH - 1) return undefined;
    const values = this.pending;
    this.pending = [];
    const at = this.index(buffer, offset, text);
    if (holds === "vectors") {
      const [vector] = x.split(".");
      const moved = values.every((v, i) => v === `${vector}.${LANES[i]!}`);
      return this.set(
        buffer,
        `${at} >> 2u`,
        moved ? vector! : `vec4<${this.dialect.type(dtype)}>(${values.join(", ")})`,
      );
    }
    const { shift, bits } = this.packing(buffer);
    const perWord = 2 ** shift;
    const words = Array.from({ length: WIDTH / perWord }, (_, k) => {
      const parts = values.slice(k * perWord, (k + 1) * perWord).map((v, i) => (i ? `(${v} << ${i * bits}u)` : v));
      return this.set(buffer, `(${at} >> ${shift}u)${k ? ` + ${k}` : ""}`, parts.join(" | "));
    });
    return words.join(" ");
  }
}

function sizeOf(size: Buffer["size"]): number {
  if (typeof size !== "number") throw new Error("WGSL: memory of workgroups and threads has a fixed size");
  return size;
}

function accessesOf(buffers: readonly Buffer[], body: readonly Statement[], parts: Parts): Accesses[] {
  const out = buffers.map((): Accesses => ({
    loaded: false,
    stored: false,
    loadedFour: false,
    storedFour: false,
    moving: false,
  }));
  for (const e of loadsIn(expressionsOf(body))) {
    const accesses = out[e.buffer]!;
    accesses[parts.loads.has(e) ? "loadedFour" : "loaded"] = true;
    if (e.offset.kind !== "const") accesses.moving = true;
  }
  for (const s of storesIn(body)) {
    const accesses = out[s.buffer]!;
    accesses[parts.stores.has(s) ? "storedFour" : "stored"] = true;
    if (s.offset.kind !== "const") accesses.moving = true;
  }
  return out;
}
