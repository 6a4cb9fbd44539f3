/**
 * Expressions as text of a C-like language. A value that is used more than once gets a name in the scope where it is
 * first needed; scopes nest as blocks do. Lines of code are collected as they become necessary.
 */
import {
  childrenOf,
  type Affine,
  type AffineParam,
  type Expression,
  type Index,
  type IndexDivide,
  type Load,
  type Register,
  type Select,
} from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { storedBy } from "../../ir/walk.ts";
import { isLazy } from "../cpu/lazy.ts";
import { termsOf, type Coefficient } from "../cpu/patterns.ts";
import type { Dialect } from "./dialect.ts";

/** What a kernel's text consists of, line by line. */
export class Lines {
  private readonly lines: string[] = [];
  private depth = 0;

  push(...lines: readonly string[]): void {
    for (const line of lines) this.lines.push("  ".repeat(this.depth) + line);
  }

  /** `head {`, what `body` pushes, `}`. */
  block(head: string, body: () => void): void {
    this.push(`${head} {`);
    this.depth++;
    body();
    this.depth--;
    this.push("}");
  }

  toString(): string {
    return `${this.lines.join("\n")}\n`;
  }
}

const NONE: ReadonlySet<number> = new Set();

function nameIn(scopes: readonly Map<Expression, string>[], e: Expression): string | undefined {
  for (const scope of scopes) {
    const name = scope.get(e);
    if (name) return name;
  }
  return undefined;
}

export class Values {
  readonly lines: Lines;
  readonly dialect: Dialect;
  private readonly bound = new Map<Index | Register, string>();
  private readonly uses = new Map<Expression, number>();
  private readonly scopes: Map<Expression, string>[] = [new Map()];
  private readonly changing = new Map<Expression, ReadonlySet<number>>();
  private hazards: ReadonlySet<number> = new Set();
  private names = 0;

  constructor(lines: Lines, dialect: Dialect) {
    this.lines = lines;
    this.dialect = dialect;
  }

  /** Learns which values the statements use more than once, and which loads their stores may change. */
  learn(statements: readonly Statement[]): void {
    const loaded = new Set<number>();
    const visit = (e: Expression): void => {
      const before = this.uses.get(e) ?? 0;
      this.uses.set(e, before + 1);
      if (e.kind === "load") loaded.add(e.buffer);
      if (!before) childrenOf(e).forEach(visit);
    };
    for (const root of expressionsOf(statements)) visit(root);
    this.hazards = new Set([...this.hazards, ...[...storedBy(statements)].filter((b) => loaded.has(b))]);
  }

  /** A name that nothing else has. */
  fresh(letter: string): string {
    return `${letter}_${this.names++}`;
  }

  bind(variable: Index | Register, name: string): void {
    this.bound.set(variable, name);
  }

  /** What is named inside is forgotten afterwards. `stored` are the buffers that it stores to, all by default. */
  scope(body: () => void, stored?: ReadonlySet<number>): void {
    this.forgetStored(stored);
    this.scopes.push(new Map());
    body();
    this.scopes.pop();
  }

  /** To be called after a store, and where one may have happened: loads of what was stored (all by default) are repeated. */
  forgetStored(stored: ReadonlySet<number> = this.hazards): void {
    for (const scope of this.scopes) this.forgetIn(scope, stored);
  }

  protected forgetIn(scope: Map<Expression, string>, stored: ReadonlySet<number> = this.hazards): void {
    if (!this.hazards.size) return;
    for (const e of scope.keys()) if ([...this.loadsOf(e)].some((b) => stored.has(b))) scope.delete(e);
  }

  /** One value. */
  scalar(e: Expression): string {
    switch (e.kind) {
      case "const":
        return this.dialect.literal(e.value, e.dtype);
      case "param":
        return `s${e.slot}`;
      case "index":
      case "register":
        return this.bound.get(e)!;
      default:
        return this.keep(e, this.dialect.type(e.dtype, false), () => this.compute(e));
    }
  }

  /** Computes one value here, for all that follows in this scope. */
  name(e: Expression): void {
    this.named(e, "t", this.dialect.type(e.dtype, false), () => this.compute(e));
  }

  /** The text of a value, or its name if it is used again. */
  protected keep(
    e: Expression,
    type: string,
    compute: () => string,
    scopes: readonly Map<Expression, string>[] = this.scopes,
  ): string {
    const known = nameIn(scopes, e);
    if (known) return known;
    const text = compute();
    return (this.uses.get(e) ?? 0) < 2 ? text : this.give(e, "t", type, text, scopes);
  }

  /** The name of a value that always gets one. */
  protected named(e: Expression, letter: string, type: string, compute: () => string): string {
    return nameIn(this.scopes, e) ?? this.give(e, letter, type, compute(), this.scopes);
  }

  private give(
    e: Expression,
    letter: string,
    type: string,
    text: string,
    scopes: readonly Map<Expression, string>[],
  ): string {
    const name = this.fresh(letter);
    this.lines.push(this.dialect.constant(type, name, text));
    scopes.at(-1)!.set(e, name);
    return name;
  }

  /** The buffers that a value is loaded from and that are stored to as well. */
  private loadsOf(e: Expression): ReadonlySet<number> {
    let known = this.changing.get(e);
    if (known === undefined) {
      const parts = childrenOf(e)
        .map((c) => this.loadsOf(c))
        .filter((set) => set.size);
      const own = e.kind === "load" && this.hazards.has(e.buffer) ? [e.buffer] : [];
      known =
        !own.length && parts.length < 2 ? (parts[0] ?? NONE) : new Set([...own, ...parts.flatMap((set) => [...set])]);
      this.changing.set(e, known);
    }
    return known;
  }

  protected compute(e: Expression): string {
    const { dialect } = this;
    switch (e.kind) {
      case "affine":
      case "affineParam":
        return this.sum(e);
      case "quotient":
      case "remainder":
        return dialect.divide(e.kind, this.scalar(e.value), this.divisor(e), false);
      case "unary":
        return dialect.unary(e.op, e.dtype, this.operand(e.value, e), false);
      case "binary":
        return dialect.binary(e.op, e.left.dtype, this.operand(e.left, e), this.operand(e.right, e), false);
      case "fused":
        return dialect.fused(this.scalar(e.x), this.scalar(e.y), this.scalar(e.z), false);
      case "select":
        if (isLazy(e)) return this.lazyChoice(e);
        return dialect.select(e.dtype, this.scalar(e.condition), this.scalar(e.yes), this.scalar(e.no), false);
      case "cast":
        return dialect.cast(e.value.dtype, e.dtype, this.operand(e.value, e), false);
      case "bitcast":
        return dialect.bitcast(e.value.dtype, e.dtype, this.operand(e.value, e), false);
      case "load":
        return this.element(e);
      default:
        throw new Error(`render: a ${e.kind} is no value`);
    }
  }

  /** One value, as an operation takes it. */
  protected operand(e: Expression, _operation: Expression): string {
    return this.scalar(e);
  }

  /** A load. */
  protected element({ buffer, offset }: Load): string {
    return `b${buffer}[${this.scalar(offset)}]`;
  }

  /** The first side is computed where it is taken. */
  private lazyChoice({ dtype, condition, yes, no }: Select): string {
    const chosen = this.fresh("x");
    this.lines.push(this.dialect.variable(this.dialect.type(dtype, false), chosen, this.scalar(no)));
    this.lines.block(`if (${this.scalar(condition)})`, () =>
      this.scope(() => this.lines.push(`${chosen} = ${this.scalar(yes)};`)),
    );
    return chosen;
  }

  protected divisor({ divisor }: IndexDivide): number | string {
    return typeof divisor === "number" ? divisor : this.scalar(divisor);
  }

  /** A coefficient. */
  protected factor(c: Exclude<Coefficient, undefined>): string {
    return typeof c === "number" ? this.dialect.literal(c, "i32") : this.scalar(c);
  }

  private sum(e: Affine | AffineParam): string {
    const { terms, constant } = termsOf(e);
    const parts = terms.map(({ value, coefficient }) =>
      coefficient === undefined ? this.scalar(value) : `${this.scalar(value)} * ${this.factor(coefficient)}`,
    );
    if (constant !== 0 || !parts.length) parts.push(this.factor(constant));
    return `(${parts.join(" + ")})`;
  }
}
