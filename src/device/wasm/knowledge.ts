/**
 * What an emitter knows at a point of the code: which variables have a value, what differs between lanes, what was
 * computed.
 */
import { childrenOf, type Expression, type Index, type Register, type Select } from "../../ir/expression.ts";
import type { Local } from "./assembler.ts";
import { isLazy } from "../cpu/lazy.ts";
import { dependsOn, patternOf, type Pattern } from "../cpu/patterns.ts";

/** Values known at some point of the code. Inner scopes see outer ones. */
class Scope {
  readonly scalars: Map<Expression, Local> = new Map();
  readonly splats: Map<Expression, Local> = new Map();
  readonly vectors: Map<Expression, Local>[] = [];
}

export class Knowledge {
  /** Vectors side by side. */
  vectors = 1;
  private vectorIndex: Index | undefined;
  private readonly bound: Map<Index | Register, Local> = new Map();
  private readonly boundVectors: Map<Register, readonly Local[]> = new Map();
  private readonly varying: Set<Index | Register> = new Set();
  private readonly uses: Map<Expression, number> = new Map();
  private readonly volatile: Map<Expression, boolean> = new Map();
  private readonly loading: Map<Expression, boolean> = new Map();
  private readonly lazy: Map<Expression, boolean> = new Map();
  private hazards: ReadonlySet<number> = new Set();
  private readonly scopes: Scope[] = [new Scope()];

  /** Counts how often each value is used, so that one used again is kept; may be called repeatedly. */
  count(roots: Iterable<Expression>): void {
    const visit = (e: Expression): void => {
      const before = this.uses.get(e);
      this.uses.set(e, (before ?? 0) + 1);
      if (before === undefined) for (const child of childrenOf(e)) visit(child);
    };
    for (const root of roots) visit(root);
  }

  /** Buffers that the code both loads and stores: their loads are repeated after each store. */
  setHazards(buffers: ReadonlySet<number>): void {
    this.hazards = buffers;
  }

  /** Gives an index or register its value: a local. Inside a vector loop the index is that of vector 0's first lane. */
  bind(variable: Index | Register, local: Local): void {
    this.bound.set(variable, local);
  }

  /** Gives a register one vector per vector side by side. */
  bindVectors(variable: Register, locals: readonly Local[]): void {
    this.boundVectors.set(variable, locals);
    this.varying.add(variable);
  }

  /** The vectors that a varying register is bound to. */
  vectorsOf(register: Register): readonly Local[] {
    return this.boundVectors.get(register)!;
  }

  /** Is this inside a vector loop? */
  get isVectorized(): boolean {
    return this.vectorIndex !== undefined;
  }

  unbind(variable: Index | Register): void {
    this.bound.delete(variable);
    if (variable.kind === "register") this.boundVectors.delete(variable);
    this.varying.delete(variable);
  }

  /** From here on `vector` runs along `index`, `count` vectors side by side; `undefined` ends that. */
  vectorize(index: Index | undefined, count = 1): void {
    if (this.vectorIndex) this.varying.delete(this.vectorIndex);
    this.vectorIndex = index;
    this.vectors = count;
    if (index) this.varying.add(index);
  }

  /** Does the value differ between lanes? */
  isVarying(e: Expression): boolean {
    return dependsOn(e, this.varying);
  }

  /** The local that an index or register is bound to. */
  localOf(variable: Index | Register): Local {
    const local = this.bound.get(variable);
    if (!local) throw new Error(`wasm: ${variable.kind} ${variable.id} has no value here`);
    return local;
  }

  enter(): void {
    this.scopes.push(new Scope());
  }

  leave(): void {
    this.scopes.pop();
  }

  /** Forgets loads of buffers that are also stored: to be called where such a store may have happened. */
  forgetStored(): void {
    if (!this.hazards.size) return;
    for (const scope of this.scopes)
      for (const map of [scope.scalars, scope.splats, ...scope.vectors])
        for (const e of map.keys()) if (this.isVolatile(e)) map.delete(e);
  }

  /** Can a store of this code change the value? */
  isVolatile(e: Expression): boolean {
    if (!this.hazards.size) return false;
    let known = this.volatile.get(e);
    if (known === undefined) {
      known = (e.kind === "load" && this.hazards.has(e.buffer)) || childrenOf(e).some((c) => this.isVolatile(c));
      this.volatile.set(e, known);
    }
    return known;
  }

  containsLoad(e: Expression): boolean {
    let known = this.loading.get(e);
    if (known === undefined)
      this.loading.set(e, (known = e.kind === "load" || childrenOf(e).some((c) => this.containsLoad(c))));
    return known;
  }

  /** Is everything the value depends on known, and will it stay the same? */
  isInvariant(e: Expression): boolean {
    for (const v of e.free) if (!this.bound.has(v) && !this.boundVectors.has(v as Register)) return false;
    return !this.isVolatile(e);
  }

  /** Does a store to the buffer change what was loaded? */
  isHazard(buffer: number): boolean {
    return this.hazards.has(buffer);
  }

  /** Is the value used more than once? */
  isShared(e: Expression): boolean {
    return (this.uses.get(e) ?? 1) > 1;
  }

  /** How an offset moves along the vector index. */
  pattern(offset: Expression): Pattern {
    return this.vectorIndex ? patternOf(offset, this.vectorIndex, this.varying) : { kind: "uniform" };
  }

  /** Is the first side of this select to be skipped where no lane takes it? */
  isLazy(select: Select): boolean {
    let known = this.lazy.get(select);
    if (known === undefined) this.lazy.set(select, (known = isLazy(select)));
    return known;
  }

  // ---------- what was computed

  knownScalar(e: Expression): Local | undefined {
    return this.find((s) => s.scalars.get(e));
  }
  knownSplat(e: Expression): Local | undefined {
    return this.find((s) => s.splats.get(e));
  }
  knownVector(e: Expression, u: number): Local | undefined {
    return this.find((s) => s.vectors[u]?.get(e));
  }
  keepScalar(e: Expression, local: Local): void {
    this.scopes.at(-1)!.scalars.set(e, local);
  }
  keepSplat(e: Expression, local: Local): void {
    this.scopes.at(-1)!.splats.set(e, local);
  }
  keepVector(e: Expression, u: number, local: Local): void {
    const { vectors } = this.scopes.at(-1)!;
    while (vectors.length <= u) vectors.push(new Map());
    vectors[u]!.set(e, local);
  }

  private find(look: (scope: Scope) => Local | undefined): Local | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = look(this.scopes[i]!);
      if (found) return found;
    }
    return undefined;
  }
}
