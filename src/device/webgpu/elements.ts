/** Where a shader's buffers live, and how their elements are read and written: WGSL has no types below 32 bits but f16. */
import { byteSize, type DType } from "../../core/dtype.ts";
import type { Expression, Load } from "../../ir/expression.ts";
import { childrenOf } from "../../ir/expression.ts";
import type { Buffer, Statement, Store } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { storedBy } from "../render/values.ts";
import type { Wgsl } from "./wgsl.ts";

/** How a launch binds its global buffers. */
export interface ShaderLayout {
  /** The binding of each global buffer, numbers from 0. Buffers of one binding are the same memory, or parts of it that begin at their bases. */
  readonly bindings: readonly number[];
  /** The buffers that begin in the middle of their binding: at an element that is among the launch's words. */
  readonly based: readonly boolean[];
}

/** Storage of one binding. */
interface Binding {
  readonly name: string;
  /** What an element of the array is. */
  readonly type: "f32" | "i32" | "u32" | "f16" | "atomic<u32>";
}

export class Elements {
  private readonly buffers: readonly Buffer[];
  private readonly layout: ShaderLayout;
  private readonly dialect: Wgsl;
  /** By global buffer. */
  private readonly bindings: readonly Binding[];
  private readonly stored: ReadonlySet<number>;
  /** Register buffers whose every offset is a number: each element is a variable. */
  private readonly scattered: ReadonlySet<number>;
  private readonly loaded: ReadonlySet<number>;

  constructor(buffers: readonly Buffer[], body: readonly Statement[], layout: ShaderLayout, dialect: Wgsl) {
    this.buffers = buffers;
    this.layout = layout;
    this.dialect = dialect;
    this.stored = storedBy(body);
    const { loads, moving } = accessesOf(body);
    this.loaded = loads;
    this.scattered = new Set(buffers.flatMap((b, i) => (b.space === "register" && !moving.has(i) ? [i] : [])));
    this.bindings = layout.bindings.map((binding) => this.bindingOf(binding));
  }

  /** Does the shader have f16 in memory? */
  get needsF16(): boolean {
    return this.buffers.some((b) => this.dialect.type(b.dtype) === "f16");
  }

  /** Do threads read what others stored to global memory? */
  get sharesStorage(): boolean {
    return this.buffers.some((b, i) => b.space === "global" && this.stored.has(i) && this.loaded.has(i));
  }

  private bindingOf(binding: number): Binding {
    const members = this.layout.bindings.flatMap((b, buffer) => (b === binding ? [buffer] : []));
    const name = `b${members.join("_")}`;
    const types = new Set(members.map((b) => this.memoryType(this.buffers[b]!.dtype)));
    const [type] = types;
    if (types.size === 1 && type) return { name, type };
    const parts = members.some((b) => this.stored.has(b) && this.isPart(b));
    return { name, type: parts ? "atomic<u32>" : "u32" };
  }

  /** The type of an element in storage, undefined where words hold several. */
  private memoryType(dtype: DType): "f32" | "i32" | "u32" | "f16" | undefined {
    if (byteSize(dtype) === 4) return dtype as "f32" | "i32" | "u32";
    return this.dialect.type(dtype) === "f16" ? "f16" : undefined;
  }

  /** Are elements parts of words in its binding? */
  private isPart(buffer: number): boolean {
    return byteSize(this.buffers[buffer]!.dtype) < 4;
  }

  /** Does an access go through a function, because elements are parts of words? */
  private isPacked(buffer: number): boolean {
    const { space } = this.buffers[buffer]!;
    return space === "global" && this.isPart(buffer) && this.bindings[buffer]!.type !== "f16";
  }

  /** Global and shared memory. */
  declarations(): string[] {
    const names = new Map<number, Binding>();
    this.layout.bindings.forEach((binding, buffer) => names.set(binding, this.bindings[buffer]!));
    const storage = [...names].sort(([a], [b]) => a - b);
    return [
      ...storage.map(
        ([binding, { name, type }]) =>
          `@group(0) @binding(${binding}) var<storage, read_write> ${name}: array<${type}>;`,
      ),
      ...this.buffers.flatMap(({ space, dtype, size }, b) =>
        space === "shared" ? [`var<workgroup> b${b}: array<${this.dialect.type(dtype)}, ${sizeOf(size)}>;`] : [],
      ),
    ];
  }

  /** Functions that read and write parts of words. */
  functions(): string[] {
    return this.layout.bindings.flatMap((_, buffer) => (this.isPacked(buffer) ? this.packedFunctions(buffer) : []));
  }

  private packedFunctions(buffer: number): string[] {
    const { dtype } = this.buffers[buffer]!;
    const { name, type } = this.bindings[buffer]!;
    const [perWord, bits] = byteSize(dtype) === 1 ? [2, 8] : [1, 16];
    const at = this.layout.based[buffer] ? `launch.base${buffer} + u32(i)` : "u32(i)";
    const mask = `${2 ** bits - 1}u`;
    const place = [`  let at = ${at};`, `  let shift = (at & ${2 ** perWord - 1}u) * ${bits}u;`];
    const word = `${name}[at >> ${perWord}u]`;
    const out: string[] = [];
    if (this.loaded.has(buffer))
      out.push(
        `fn load_b${buffer}(i: i32) -> u32 {`,
        ...place,
        `  return (${type === "u32" ? word : `atomicLoad(&${word})`} >> shift) & ${mask};`,
        "}",
      );
    if (this.stored.has(buffer))
      out.push(
        `fn store_b${buffer}(i: i32, x: u32) {`,
        ...place,
        `  atomicAnd(&${word}, ~(${mask} << shift));`,
        `  atomicOr(&${word}, x << shift);`,
        "}",
      );
    return out;
  }

  /** The thread's own memory. */
  registers(): string[] {
    return this.buffers.flatMap(({ space, dtype, size }, b) => {
      if (space !== "register") return [];
      const type = this.dialect.type(dtype);
      return this.scattered.has(b)
        ? Array.from({ length: sizeOf(size) }, (_, k) => `var b${b}_${k}: ${type};`)
        : [`var b${b}: array<${type}, ${sizeOf(size)}>;`];
    });
  }

  load({ buffer, dtype, offset }: Load, text: (e: Expression) => string): string {
    if (this.isPacked(buffer)) {
      const word = `load_b${buffer}(${text(offset)})`;
      return dtype === "bool" ? `(${word} != 0u)` : word;
    }
    const place = this.place(buffer, offset, text);
    const type = this.bindings[buffer]?.type;
    const own = this.dialect.type(dtype);
    if (type === undefined || type === own) return place;
    const word = type === "atomic<u32>" ? `atomicLoad(&${place})` : place;
    return own === "u32" ? word : `bitcast<${own}>(${word})`;
  }

  store({ buffer, offset, value }: Store, text: (e: Expression) => string): string {
    const x = text(value);
    const { dtype } = value;
    if (this.isPacked(buffer)) return `store_b${buffer}(${text(offset)}, ${dtype === "bool" ? `u32(${x})` : x});`;
    const place = this.place(buffer, offset, text);
    const type = this.bindings[buffer]?.type;
    const own = this.dialect.type(dtype);
    if (type === undefined || type === own) return `${place} = ${x};`;
    const word = own === "u32" ? x : `bitcast<u32>(${x})`;
    return type === "atomic<u32>" ? `atomicStore(&${place}, ${word});` : `${place} = ${word};`;
  }

  /** Is the element a variable of its own? */
  isVariable(e: Expression): boolean {
    return e.kind === "load" && this.scattered.has(e.buffer);
  }

  /** The element of an array, in memory of whole elements. */
  private place(buffer: number, offset: Expression, text: (e: Expression) => string): string {
    if (this.scattered.has(buffer) && offset.kind === "const") return `b${buffer}_${offset.value}`;
    const name = this.bindings[buffer]?.name ?? `b${buffer}`;
    const at = text(offset);
    return this.layout.based[buffer] ? `${name}[launch.base${buffer} + u32(${at})]` : `${name}[${at}]`;
  }
}

function sizeOf(size: Buffer["size"]): number {
  if (typeof size !== "number") throw new Error("WGSL: memory of workgroups and threads has a fixed size");
  return size;
}

/** Which buffers are loaded from, and which are accessed at offsets that are not numbers. */
function accessesOf(body: readonly Statement[]): {
  readonly loads: ReadonlySet<number>;
  readonly moving: ReadonlySet<number>;
} {
  const [loads, moving, seen] = [new Set<number>(), new Set<number>(), new Set<Expression>()];
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "load") {
      loads.add(e.buffer);
      if (e.offset.kind !== "const") moving.add(e.buffer);
    }
    childrenOf(e).forEach(visit);
  };
  expressionsOf(body).forEach(visit);
  const stores = (list: readonly Statement[]): void => {
    for (const s of list) {
      if (s.kind === "store" && s.offset.kind !== "const") moving.add(s.buffer);
      if (s.kind === "loop" || s.kind === "if") stores(s.body);
    }
  };
  stores(body);
  return { loads, moving };
}
