/** Expressions on all lanes of vectors, along one index of a loop: a value for each of some vectors side by side. */
import type { DType } from "../../core/dtype.ts";
import type { Affine, AffineParam, Expression, Index, Load, Register, Select } from "../../ir/expression.ts";
import type { Buffer, Loop, Store } from "../../ir/kernel.ts";
import { isLazy } from "../cpu/lazy.ts";
import { dependsOn, isUnit, patternOf, termsOf, type Coefficient } from "../cpu/patterns.ts";
import { Values, type Lines } from "../render/values.ts";
import { C, cType, splat } from "./c.ts";
import type { Fetch } from "./prefetch.ts";

/** A vector loop at work. */
export interface Vectors {
  readonly index: Index;
  /** Vectors side by side: vector u has iterations index + u · lanes … */
  readonly count: number;
  /** Name of the number of lanes in use, at the end of a loop. */
  readonly some?: string;
}

export class Lanes extends Values {
  readonly buffers: readonly Buffer[];
  /** Lanes of a vector. */
  readonly width: number;
  private readonly wide = new Map<Register, readonly string[]>();
  private readonly vectorScopes: Map<Expression, string>[][] = [];
  private varying: Set<Index | Register> = new Set();
  /** The vector loop that the code is in. */
  vectors: Vectors | undefined;
  /** What loops ask the caches for. */
  readonly fetches: Map<Loop, readonly Fetch[]> = new Map();

  constructor(lines: Lines, buffers: readonly Buffer[], lanes: number) {
    super(lines, C);
    this.buffers = buffers;
    this.width = lanes;
  }

  /** `body` inside a vector loop. */
  inside(vectors: Vectors, body: () => void): void {
    this.vectors = vectors;
    this.varying = new Set([vectors.index]);
    this.scope(body);
    this.vectors = undefined;
    this.varying = new Set();
  }

  override scope(body: () => void, stored?: ReadonlySet<number>): void {
    super.scope(() => {
      const { vectors } = this;
      const own = vectors ? Array.from({ length: vectors.count }, () => new Map<Expression, string>()) : [];
      own.forEach((map, u) => (this.vectorScopes[u] ??= []).push(map));
      body();
      own.forEach((_, u) => this.vectorScopes[u]!.pop());
    }, stored);
  }

  override forgetStored(stored?: ReadonlySet<number>): void {
    super.forgetStored(stored);
    for (const scopes of this.vectorScopes) for (const scope of scopes) this.forgetIn(scope, stored);
  }

  /** Does the value differ between lanes? */
  isVarying(e: Expression): boolean {
    return dependsOn(e, this.varying);
  }

  /** Gives a register one vector per vector side by side. */
  bindWide(register: Register, names: readonly string[]): void {
    this.wide.set(register, names);
    this.varying.add(register);
  }

  /** The lanes of vector `u`. */
  vector(e: Expression, u: number): string {
    if (!this.isVarying(e)) return splat(e.dtype, this.scalar(e));
    if (e.kind === "register") return this.wide.get(e)![u]!;
    if (e.kind === "index") return `(splat_i32v(${this.first(u)}) + LANE)`;
    return this.keep(e, cType(e.dtype, true), () => this.computeVector(e, u), this.vectorScopes[u]);
  }

  /** Stores vector `u` of a value. */
  storeVector({ buffer, offset, value }: Store, u: number): void {
    const { vectors } = this;
    const element = elementType(value.dtype);
    const x = this.vector(value, u);
    const n = vectors!.some ?? "L";
    const pattern = this.patternOf(offset);
    if (isUnit(pattern)) {
      const place = `b${buffer} + ${this.moved(offset, 1, u)}`;
      this.lines.push(
        vectors!.some ? `store_some_${element}(${place}, ${x}, ${n});` : `store_${element}(${place}, ${x});`,
      );
    } else if (pattern.kind === "linear")
      this.lines.push(
        `stride_${element}(b${buffer} + ${this.moved(offset, pattern.step, u)}, ${this.factor(pattern.step ?? 1)}, ${x}, ${n});`,
      );
    else this.lines.push(`scatter_${element}(b${buffer}, ${this.vector(offset, u)}, ${x}, ${n});`);
  }

  /** Asks the caches for what vector `u` will find at a place. */
  fetch({ buffer, offset, store }: Fetch, u: number): void {
    if (!isUnit(this.patternOf(offset))) return;
    this.lines.push(`__builtin_prefetch(b${buffer} + ${this.moved(offset, 1, u)}, ${Number(store)});`);
  }

  private patternOf(offset: Expression): ReturnType<typeof patternOf> {
    return patternOf(offset, this.vectors!.index, this.varying);
  }

  /** The first iteration of vector `u`. */
  private first(u: number): string {
    const index = this.scalar(this.vectors!.index);
    return u ? `(${index} + ${u * this.width})` : index;
  }

  /** An offset that moves by `step`, at the first lane of vector `u`. */
  private moved(offset: Expression, step: Coefficient, u: number): string {
    const start = this.scalar(offset);
    return u ? `(${start} + ${this.factor(step ?? 1)} * ${u * this.width})` : start;
  }

  private computeVector(e: Expression, u: number): string {
    const of = (x: Expression): string => this.vector(x, u);
    switch (e.kind) {
      case "affine":
      case "affineParam":
        return this.vectorSum(e, u);
      case "quotient":
      case "remainder":
        return C.divide(e.kind, of(e.value), this.divisor(e), true);
      case "unary":
        return C.unary(e.op, e.dtype, of(e.value), true);
      case "binary":
        return C.binary(e.op, e.left.dtype, of(e.left), of(e.right), true);
      case "fused":
        return C.fused(of(e.x), of(e.y), of(e.z), true);
      case "select":
        if (!this.isVarying(e.condition)) return `(${this.scalar(e.condition)} ? ${of(e.yes)} : ${of(e.no)})`;
        return isLazy(e) ? this.lazySelect(e, u) : C.select(e.dtype, of(e.condition), of(e.yes), of(e.no), true);
      case "cast":
        return C.cast(e.value.dtype, e.dtype, of(e.value), true);
      case "bitcast":
        return C.bitcast(e.value.dtype, e.dtype, of(e.value), true);
      case "load":
        return this.vectorLoad(e, u);
      default:
        throw new Error(`C: a ${e.kind} has no lanes`);
    }
  }

  /** The first side is computed where a lane takes it. */
  private lazySelect({ dtype, condition, yes, no }: Select, u: number): string {
    const [chosen, mask] = [this.fresh("x"), this.fresh("m")];
    this.lines.push(
      `${cType(dtype, true)} ${chosen} = ${this.vector(no, u)};`,
      `const maskv ${mask} = ${this.vector(condition, u)};`,
    );
    this.lines.block(`if (any(${mask}))`, () =>
      this.scope(() => this.lines.push(`${chosen} = ${C.select(dtype, mask, this.vector(yes, u), chosen, true)};`)),
    );
    return chosen;
  }

  private vectorSum(e: Affine | AffineParam, u: number): string {
    const { terms, constant } = termsOf(e);
    const parts = terms.map(({ value, coefficient }) =>
      coefficient === undefined ? this.vector(value, u) : `${this.vector(value, u)} * ${this.factor(coefficient)}`,
    );
    if (constant !== 0) parts.push(this.factor(constant));
    return `(${parts.join(" + ")})`;
  }

  private vectorLoad({ buffer, dtype, offset }: Load, u: number): string {
    const { some } = this.vectors!;
    const call = (name: string, ...rest: readonly string[]): string =>
      `${name}${some ? "_some" : ""}_${elementType(dtype)}(${[...rest, ...(some ? [some] : [])].join(", ")})`;
    const pattern = this.patternOf(offset);
    if (isUnit(pattern)) return call("load", `b${buffer} + ${this.moved(offset, 1, u)}`);
    if (pattern.kind === "linear") {
      const step = this.factor(pattern.step ?? 1);
      if (pattern.step === 2 && !some) return call("second", `b${buffer} + ${this.moved(offset, 2, u)}`);
      return call("strided", `b${buffer} + ${this.moved(offset, pattern.step, u)}`, step);
    }
    return call("gather", `b${buffer}`, this.vector(offset, u));
  }
}

/** The C type of an element in memory. */
export function elementType(dtype: DType): string {
  return dtype === "bool" ? "truth" : dtype;
}
