/**
 * Expressions to instructions: one value, or a vector of four lanes along a loop index.
 *
 * An emitter writes into one function. It knows which indices and registers have a value (`bind`), along which index
 * vectors run (`vectorize`), and what was already computed, so that a shared subexpression is computed once per scope.
 *
 * ```ts
 * // panel[0…15] := right(k, n … n + 15), four vectors side by side
 * const emitter = new KernelEmitter(code, kernel, block, scratch);
 * emitter.count([kernel.right]);                   // which values are used more than once
 * emitter.bind(k, kLocal);                         // i32 locals of the function
 * emitter.bind(n, nLocal);
 * emitter.vectorize(n, 4);                         // vectors u = 0 … 3 stand for n + 4u … n + 4u + 3
 * emitter.hoist([kernel.right], { index: k });     // in front of the loop over k: what does not depend on k
 * code.loop(() => {
 *   emitter.scope(() => {                          // values of one iteration are forgotten at its end
 *     for (let u = 0; u < 4; u++) {
 *       code.get(panel);
 *       emitter.vector(kernel.right, u);           // leaves a v128 on the stack
 *       code.memory("v128.store", 16 * u);
 *     }
 *   });
 *   // … advance, then emitter.advance(k, 1) moves the addresses that follow k
 * });
 * ```
 *
 * Whole statements, loops included, are `emitStatements` in loops.ts.
 */
import { byteSize } from "../../core/dtype.ts";
import { childrenOf, type AffineParam, type Affine, type Expression, type Index, type IndexDivide, type Load, type Register, type Select } from "../../ir/expression.ts";
import type { Buffer, Parameters, Statement, Store } from "../../ir/kernel.ts";
import { Addresses } from "./addresses.ts";
import type { FunctionBuilder, Local } from "./assembler.ts";
import {
  extractLane, LOAD, pushConstant, pushVectorConstant, replaceLane, scalarBinary, scalarBitcast, scalarCast, scalarType, scalarUnary, spill, splat, STORE,
  vectorBinary, vectorCast, vectorLoad, vectorStore, vectorUnary,
} from "./instructions.ts";
import { dependsOn, isUnit, patternOf, termsOf, type Pattern } from "./patterns.ts";

/** What a kernel is bound to: its buffers and run-time parameters. */
export interface Signature {
  readonly buffers: readonly Buffer[];
  readonly parameters: Parameters;
}

/** Values known at some point of the code. Inner scopes see outer ones. */
class Scope {
  readonly scalars: Map<Expression, Local> = new Map();
  readonly splats: Map<Expression, Local> = new Map();
  readonly vectors: Map<Expression, Local>[] = [];
}

export class KernelEmitter {
  readonly code: FunctionBuilder;
  readonly signature: Signature;
  readonly block: Local;
  readonly addresses: Addresses;
  /** Vectors side by side: `vector(e, u)` for u below this. */
  vectors = 1;
  private vectorIndex: Index | undefined;
  private readonly bound: Map<Index | Register, Local> = new Map();
  private readonly boundVectors: Map<Register, readonly Local[]> = new Map();
  private readonly varying: Set<Index | Register> = new Set();
  private readonly uses: Map<Expression, number> = new Map();
  private readonly counted: Set<Expression> = new Set();
  private readonly volatile: Map<Expression, boolean> = new Map();
  private readonly lazy: Map<Expression, boolean> = new Map();
  private readonly loading: Map<Expression, boolean> = new Map();
  private hazards: ReadonlySet<number> = new Set();
  private scopes: Scope[] = [new Scope()];

  /** `block` and `scratch` are the function's parameters of these names (see compile.ts). */
  constructor(code: FunctionBuilder, signature: Signature, block: Local, scratch: Local) {
    this.code = code;
    this.signature = signature;
    this.block = block;
    this.addresses = new Addresses(this, scratch);
  }

  // ---------- what is known

  /** Counts how often each value is used, so that one used again is kept; may be called repeatedly. */
  count(roots: Iterable<Expression>): void {
    const visit = (e: Expression): void => {
      this.uses.set(e, (this.uses.get(e) ?? 0) + 1);
      if (this.counted.has(e)) return;
      this.counted.add(e);
      for (const child of childrenOf(e)) visit(child);
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

  /** Runs `body` with what it computes forgotten afterwards. */
  scope(body: () => void): void {
    this.scopes.push(new Scope());
    this.addresses.enter();
    body();
    this.addresses.leave();
    this.scopes.pop();
  }

  /** Forgets loads of buffers that are also stored: to be called where such a store may have happened. */
  forgetStored(): void {
    if (!this.hazards.size) return;
    for (const scope of this.scopes)
      for (const map of [scope.scalars, scope.splats, ...scope.vectors]) for (const e of map.keys()) if (this.isVolatile(e)) map.delete(e);
    this.addresses.forgetStored();
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

  private containsLoad(e: Expression): boolean {
    let known = this.loading.get(e);
    if (known === undefined) this.loading.set(e, (known = e.kind === "load" || childrenOf(e).some((c) => this.containsLoad(c))));
    return known;
  }

  /** Is everything the value depends on known, and will it stay the same? */
  isInvariant(e: Expression): boolean {
    for (const v of e.free) if (!this.bound.has(v) && !this.boundVectors.has(v as Register)) return false;
    return !this.isVolatile(e);
  }

  // ---------- hoisting

  /**
   * Computes, here, what the values need and what does not depend on anything without a value yet. To be called in front
   * of a loop whose index is not bound. With `index`, addresses that move with that index get a running offset, to be
   * set by `startLoop` and moved by `advance`.
   */
  hoist(roots: Iterable<Expression>, options: { readonly index?: Index; readonly vector?: boolean; readonly loads?: boolean } = {}): void {
    const seen = [new Set<Expression>(), new Set<Expression>()] as const;
    const { index, loads = true } = options;
    const visit = (e: Expression, wanted: boolean): void => {
      const vector = wanted && this.isVarying(e);
      if (seen[Number(wanted)].has(e)) return;
      seen[Number(wanted)].add(e);
      if (e.kind === "const" || e.kind === "index") return;
      if (e.kind === "register" && !wanted) return;
      if (this.isInvariant(e) && (loads || !this.containsLoad(e))) {
        if (e.kind === "register" && vector) return;
        if (vector) for (let u = 0; u < this.vectors; u++) this.keepVector(e, u);
        else if (wanted) this.keepSplat(e);
        else this.keepScalar(e);
        return;
      }
      if (e.kind === "load") {
        this.addresses.hoist(e.buffer, e.offset, index);
        const pattern = this.pattern(e.offset);
        if (vector && (pattern.kind === "nearly" || pattern.kind === "scattered")) visit(e.offset, true);
        else this.addresses.visitTerms(e.offset, (term) => visit(term, false));
        return;
      }
      if (vector && e.kind === "binary" && (e.op === "shl" || e.op === "shr") && !this.isVarying(e.right)) {
        visit(e.left, true);
        visit(e.right, false);
        return;
      }
      for (const child of childrenOf(e)) visit(child, vector && !isDivisor(e, child));
    };
    for (const root of roots) visit(root, options.vector ?? this.vectorIndex !== undefined);
  }

  /** `hoist` for the address of a store. */
  hoistAddress(buffer: number, offset: Expression, index: Index | undefined, vector: boolean): void {
    this.addresses.hoist(buffer, offset, index);
    const { kind } = this.pattern(offset);
    if (vector && (kind === "nearly" || kind === "scattered")) this.hoist([offset], { vector, ...(index ? { index } : {}) });
    else this.addresses.visitTerms(offset, (term) => this.hoist([term], { vector: false, ...(index ? { index } : {}) }));
  }

  /** Sets the running offsets of a loop's index from the index's local. */
  startLoop(index: Index): void {
    this.addresses.start(index);
  }

  /** Moves the running offsets of an index by so many iterations; the index's own local is the caller's. */
  advance(index: Index, iterations: number): void {
    this.addresses.advance(index, iterations);
  }

  /** Forgets the running offsets of a loop that is done. */
  finishLoop(index: Index): void {
    this.addresses.finish(index);
  }

  private keepScalar(e: Expression): void {
    if (this.find((s) => s.scalars.get(e))) return;
    this.scalar(e);
    this.scopes.at(-1)!.scalars.set(e, spill(this.code, scalarType(e.dtype)));
  }

  private keepSplat(e: Expression): void {
    if (this.find((s) => s.splats.get(e))) return;
    this.splat(e);
    this.scopes.at(-1)!.splats.set(e, spill(this.code, "v128"));
  }

  private keepVector(e: Expression, u: number): void {
    if (this.find((s) => s.vectors[u]?.get(e))) return;
    this.vector(e, u);
    this.remember(e, u, spill(this.code, "v128"));
  }

  private remember(e: Expression, u: number, local: Local): void {
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

  private isShared(e: Expression): boolean {
    return (this.uses.get(e) ?? 1) > 1;
  }

  // ---------- one value

  /** Leaves the value on the stack; in a vector loop, that of vector 0's first lane. */
  scalar(e: Expression): void {
    const { code } = this;
    switch (e.kind) {
      case "const": pushConstant(code, e.value, e.dtype); return;
      case "index": code.get(this.localOf(e)); return;
      case "register": {
        const vectors = this.boundVectors.get(e);
        if (!vectors) code.get(this.localOf(e));
        else extractLane(code.get(vectors[0]!), e.dtype, 0);
        return;
      }
    }
    const known = this.find((s) => s.scalars.get(e));
    if (known) {
      code.get(known);
      return;
    }
    this.compute(e);
    if (!this.isShared(e)) return;
    const local = code.local(scalarType(e.dtype));
    code.tee(local);
    this.scopes.at(-1)!.scalars.set(e, local);
  }

  private compute(e: Expression): void {
    const { code } = this;
    switch (e.kind) {
      case "param": this.parameter(e.slot, e.dtype); return;
      case "affine": case "affineParam": this.sum(e); return;
      case "quotient": case "remainder":
        this.scalar(e.value);
        this.divisor(e);
        code.op(e.kind === "quotient" ? "i32.div_u" : "i32.rem_u");
        return;
      case "unary":
        this.scalar(e.value);
        scalarUnary(code, e.op, e.dtype);
        return;
      case "binary":
        this.scalar(e.left);
        this.scalar(e.right);
        scalarBinary(code, e.op, e.left.dtype);
        return;
      case "select": this.scalarSelect(e); return;
      case "cast":
        this.scalar(e.value);
        scalarCast(code, e.value.dtype, e.dtype);
        return;
      case "bitcast":
        this.scalar(e.value);
        scalarBitcast(code, e.value.dtype, e.dtype);
        return;
      case "load": code.memory(LOAD[e.dtype], this.addresses.push(e.buffer, e.offset)); return;
      default: throw new Error(`wasm: a kernel cannot hold a ${e.kind} expression here`);
    }
  }

  private scalarSelect(e: Select): void {
    const { code } = this;
    const arm = (x: Expression) => (): void => this.scope(() => this.scalar(x));
    if (this.isLazy(e)) {
      this.scalar(e.condition);
      code.if(arm(e.yes), arm(e.no), scalarType(e.dtype));
      return;
    }
    this.scalar(e.yes);
    this.scalar(e.no);
    this.scalar(e.condition);
    code.op("select");
  }

  /** Is one side long enough to be jumped over when no lane wants it? */
  private isLazy(e: Select): boolean {
    let known = this.lazy.get(e);
    if (known === undefined) this.lazy.set(e, (known = exclusiveNodes(e.yes, [e.no, e.condition]) > LAZY_NODES));
    return known;
  }

  /** Scalar slots hold addresses, size slots hold values. */
  private parameter(slot: number, dtype: Expression["dtype"]): void {
    const { buffers, parameters } = this.signature;
    const word = buffers.filter((b) => b.space === "global").length + slot;
    this.code.get(this.block).memory("i32.load", 4 * word);
    if (slot < parameters.scalars.length) this.code.memory(LOAD[dtype]);
  }

  private sum(e: Affine | AffineParam): void {
    const { terms, constant } = termsOf(e);
    let first = true;
    const plus = (): void => {
      if (!first) this.code.op("i32.add");
      first = false;
    };
    for (const { value, coefficient } of terms) {
      this.scalar(value);
      if (coefficient !== undefined) {
        if (typeof coefficient === "number") this.code.i32(coefficient);
        else this.scalar(coefficient);
        this.code.op("i32.mul");
      }
      plus();
    }
    if (constant === 0 && !first) return;
    if (typeof constant === "number") this.code.i32(constant);
    else this.scalar(constant);
    plus();
  }

  private divisor(e: IndexDivide): void {
    if (typeof e.divisor === "number") this.code.i32(e.divisor);
    else this.scalar(e.divisor);
  }

  // ---------- four lanes

  /** Leaves the lanes of vector `u` on the stack. */
  vector(e: Expression, u: number): void {
    const { code } = this;
    if (!this.isVarying(e)) {
      this.splat(e);
      return;
    }
    if (e.kind === "register") {
      code.get(this.boundVectors.get(e)![u]!);
      return;
    }
    const known = this.find((s) => s.vectors[u]?.get(e));
    if (known) {
      code.get(known);
      return;
    }
    this.computeVector(e, u);
    if (!this.isShared(e)) return;
    const local = code.local("v128");
    code.tee(local);
    this.remember(e, u, local);
  }

  /** The same value in all lanes. */
  private splat(e: Expression): void {
    const { code } = this;
    if (e.kind === "const") {
      pushVectorConstant(code, e.value, e.dtype);
      return;
    }
    const known = this.find((s) => s.splats.get(e));
    if (known) {
      code.get(known);
      return;
    }
    if (e.kind === "load" && byteSize(e.dtype) === 4 && !this.isShared(e)) code.memory("v128.load32_splat", this.addresses.push(e.buffer, e.offset));
    else {
      this.scalar(e);
      splat(code, e.dtype);
    }
    if (!this.isShared(e)) return;
    const local = code.local("v128");
    code.tee(local);
    this.scopes.at(-1)!.splats.set(e, local);
  }

  private computeVector(e: Expression, u: number): void {
    const { code } = this;
    switch (e.kind) {
      case "index":
        code.get(this.localOf(e)).op("i32x4.splat").v128([4 * u, 4 * u + 1, 4 * u + 2, 4 * u + 3]).op("i32x4.add");
        return;
      case "affine": case "affineParam": this.vectorSum(e, u); return;
      case "quotient": case "remainder": this.vectorDivide(e, u); return;
      case "unary":
        this.vector(e.value, u);
        if (!vectorUnary(code, e.op, e.dtype)) throw new Error(`wasm: no vector form of ${e.op} on ${e.dtype}`);
        return;
      case "binary": {
        const shift = e.op === "shl" || e.op === "shr";
        if (shift ? this.isVarying(e.right) : !hasVectorForm(e)) {
          this.lanewise([e.left, e.right], u, e.dtype, () => scalarBinary(code, e.op, e.left.dtype));
          return;
        }
        this.vector(e.left, u);
        if (shift) this.scalar(e.right);
        else this.vector(e.right, u);
        vectorBinary(code, e.op, e.left.dtype);
        return;
      }
      case "select": this.vectorSelect(e, u); return;
      case "cast":
        this.vector(e.value, u);
        vectorCast(code, e.value.dtype, e.dtype, isSmall(e.value));
        return;
      case "bitcast": this.vector(e.value, u); return;
      case "load": this.vectorLoad(e, u); return;
      default: throw new Error(`wasm: no vector of a ${e.kind} expression`);
    }
  }

  private vectorSum(e: Affine | AffineParam, u: number): void {
    const { code } = this;
    const { terms, constant } = termsOf(e);
    // Vector multiplication is slow: subtract and shift where that does. A subtracted term is not to come first.
    const ordered = [...terms].sort((a, b) => Number(a.coefficient === -1) - Number(b.coefficient === -1));
    ordered.forEach(({ value, coefficient }, i) => {
      this.vector(value, u);
      if (coefficient === -1 && i > 0) {
        code.op("i32x4.sub");
        return;
      }
      if (typeof coefficient === "number") {
        const shift = Math.log2(coefficient);
        if (coefficient === -1) code.op("i32x4.neg");
        else if (Number.isInteger(shift)) code.i32(shift).op("i32x4.shl");
        else code.i32x4(coefficient).op("i32x4.mul");
      } else if (coefficient) {
        this.splat(coefficient);
        code.op("i32x4.mul");
      }
      if (i > 0) code.op("i32x4.add");
    });
    if (constant === 0) return;
    if (typeof constant === "number") code.i32x4(constant);
    else this.splat(constant);
    code.op("i32x4.add");
  }

  /**
   * There is no vector division. Where the dividend counts up by one, the first lane's remainder usually says that all
   * four share a quotient; otherwise each lane divides.
   */
  private vectorDivide(e: IndexDivide, u: number): void {
    const { code } = this;
    const pattern = this.pattern(e.value);
    const each = (): void => this.lanewise([e.value], u, "i32", () => {
      this.divisor(e);
      code.op(e.kind === "quotient" ? "i32.div_u" : "i32.rem_u");
    });
    if (!isUnit(pattern)) {
      each();
      return;
    }
    this.scalar(e.value);
    if (u) code.i32(4 * u).op("i32.add");
    const value = spill(code, "i32"), rest = code.local("i32");
    code.get(value);
    this.divisor(e);
    code.op("i32.rem_u").tee(rest).i32(3).op("i32.add");
    this.divisor(e);
    code.op("i32.lt_u").if(() => {
      if (e.kind === "remainder") code.get(rest).op("i32x4.splat").v128([0, 1, 2, 3]).op("i32x4.add");
      else {
        code.get(value);
        this.divisor(e);
        code.op("i32.div_u").op("i32x4.splat");
      }
    }, () => this.apart(each), "v128");
  }

  private vectorSelect(e: Select, u: number): void {
    const { code } = this;
    const { condition, yes, no } = e;
    if (!this.isVarying(condition)) {
      this.vector(yes, u);
      this.vector(no, u);
      this.scalar(condition);
      code.op("select");
      return;
    }
    // a < b ? b : a and a < b ? a : b are one instruction each.
    if (e.dtype === "f32" && condition.kind === "binary" && condition.op === "lt" && condition.left.dtype === "f32") {
      const { left, right } = condition;
      if ((yes === right && no === left) || (yes === left && no === right)) {
        const max = yes === right;
        this.vector(max ? left : right, u);
        this.vector(max ? right : left, u);
        code.op(max ? "f32x4.pmax" : "f32x4.pmin");
        return;
      }
    }
    if (this.isLazy(e)) {
      this.vector(no, u);
      const otherwise = spill(code, "v128");
      this.vector(condition, u);
      const chosen = spill(code, "v128");
      code.get(chosen).op("v128.any_true").if(() => this.scope(() => {
        this.vector(yes, u);
        code.get(otherwise).get(chosen).op("v128.bitselect");
      }), () => code.get(otherwise), "v128");
      return;
    }
    const zero = (x: Expression): boolean => x.kind === "const" && Object.is(x.value, 0);
    if (zero(no) || zero(yes)) {
      this.vector(zero(no) ? yes : no, u);
      this.vector(condition, u);
      code.op(zero(no) ? "v128.and" : "v128.andnot");
      return;
    }
    this.vector(yes, u);
    this.vector(no, u);
    this.vector(condition, u);
    code.op("v128.bitselect");
  }

  /** Runs scalar code on each lane of some operands. */
  private lanewise(operands: readonly Expression[], u: number, result: Expression["dtype"], body: () => void): void {
    const { code } = this;
    const vectors = operands.map((o) => {
      this.vector(o, u);
      return spill(code, "v128");
    });
    code.i32x4(0);
    for (let lane = 0; lane < 4; lane++) {
      vectors.forEach((v, i) => extractLane(code.get(v), operands[i]!.dtype, lane));
      body();
      replaceLane(code, result, lane);
    }
  }

  /** Runs `body` in code that may be jumped over: what it computes is unknown afterwards. */
  private apart(body: () => void): void {
    this.scope(body);
  }

  // ---------- memory

  /** How an offset moves along the vector index. */
  pattern(offset: Expression): Pattern {
    return this.vectorIndex ? patternOf(offset, this.vectorIndex, this.varying) : { kind: "uniform" };
  }

  private vectorLoad(e: Load, u: number): void {
    const { code } = this;
    const pattern = this.pattern(e.offset);
    const bytes = byteSize(e.dtype);
    if (isUnit(pattern)) {
      vectorLoad(code, e.dtype, this.addresses.push(e.buffer, e.offset) + 4 * bytes * u);
      return;
    }
    if (pattern.kind === "linear") {
      const at = this.addresses.lanes(e.buffer, e.offset, pattern.step, u);
      this.gather(e.dtype, (lane) => at.push(lane), at.offset);
      return;
    }
    this.vector(e.offset, u);
    if (bytes === 4) code.i32(2).op("i32x4.shl");
    this.addresses.base(e.buffer);
    code.op("i32x4.splat").op("i32x4.add");
    const at = spill(code, "v128");
    const each = (): void => this.gather(e.dtype, (lane) => extractLane(code.get(at), "i32", lane), 0);
    if (pattern.kind !== "nearly") {
      each();
      return;
    }
    // Clamped and wrapped offsets are neighbours nearly always: one comparison finds out.
    const first = code.local("i32");
    code.get(at).get(at).lane("i32x4.extract_lane", 0).tee(first).op("i32x4.splat");
    if (pattern.step === 1) code.v128([0, bytes, 2 * bytes, 3 * bytes]).op("i32x4.add");
    code.op("i32x4.eq").op("i32x4.all_true").if(() => {
      code.get(first);
      if (pattern.step === 1) vectorLoad(code, e.dtype, 0);
      else if (bytes === 4) code.memory("v128.load32_splat");
      else splat(code.memory(LOAD[e.dtype]), e.dtype);
    }, each, "v128");
  }

  /** Four elements from four addresses. */
  private gather(dtype: Expression["dtype"], address: (lane: number) => void, offset: number): void {
    const { code } = this;
    if (byteSize(dtype) !== 4) {
      code.i32x4(0);
      for (let lane = 0; lane < 4; lane++) {
        address(lane);
        code.memory(LOAD[dtype], offset);
        replaceLane(code, dtype, lane);
      }
      return;
    }
    address(0);
    code.memory("v128.load32_zero", offset);
    const lanes = spill(code, "v128");
    for (let lane = 1; lane < 4; lane++) {
      address(lane);
      code.get(lanes).memoryLane("v128.load32_lane", lane, offset);
      if (lane < 3) code.set(lanes);
    }
  }

  /** Stores that may read each other's buffers in any order: all values are computed before the first is written. */
  stores(group: readonly Store[], u: number): void {
    const { code } = this;
    const vector = (s: Store): boolean => this.vectorIndex !== undefined && (this.isVarying(s.value) || this.isVarying(s.offset));
    const values = group.length === 1 ? [] : group.map((s) => {
      if (vector(s)) this.vector(s.value, u);
      else this.scalar(s.value);
      return spill(code, vector(s) ? "v128" : scalarType(s.value.dtype));
    });
    group.forEach((s, i) => {
      const value = values[i];
      const { dtype } = s.value;
      if (vector(s)) this.storeVector(s, u, () => (value ? code.get(value) : this.vector(s.value, u)));
      else if (u === 0 || this.vectorIndex === undefined) {
        const offset = this.addresses.push(s.buffer, s.offset);
        if (value) code.get(value);
        else this.scalar(s.value);
        code.memory(STORE[dtype], offset);
      }
    });
    if (group.some((s) => this.hazards.has(s.buffer))) this.forgetStored();
  }

  private storeVector(s: Store, u: number, push: () => void): void {
    const { code } = this;
    const { dtype } = s.value;
    const pattern = this.pattern(s.offset);
    if (isUnit(pattern)) {
      const offset = this.addresses.push(s.buffer, s.offset);
      push();
      vectorStore(code, dtype, offset + 4 * byteSize(dtype) * u);
      return;
    }
    push();
    const lanes = spill(code, "v128");
    const scatter = (address: (lane: number) => void, offset: number): void => {
      for (let lane = 0; lane < 4; lane++) {
        address(lane);
        if (byteSize(dtype) === 4) code.get(lanes).memoryLane("v128.store32_lane", lane, offset);
        else {
          extractLane(code.get(lanes), dtype, lane);
          code.memory(STORE[dtype], offset);
        }
      }
    };
    if (pattern.kind === "linear") {
      const at = this.addresses.lanes(s.buffer, s.offset, pattern.step, u);
      scatter((lane) => at.push(lane), at.offset);
      return;
    }
    this.vector(s.offset, u);
    if (byteSize(dtype) === 4) code.i32(2).op("i32x4.shl");
    this.addresses.base(s.buffer);
    code.op("i32x4.splat").op("i32x4.add");
    const at = spill(code, "v128");
    scatter((lane) => extractLane(code.get(at), "i32", lane), 0);
  }
}

/** Is the operation one that vectors have? Shifts are, by a uniform count. */
function hasVectorForm(e: Expression): boolean {
  if (e.kind !== "binary") return true;
  if (e.left.dtype === "f32") return true;
  if (e.left.dtype === "bool") return true;
  return e.op !== "idiv" && e.op !== "mod" && e.op !== "div";
}

/** From this many operations on, a side of a select is skipped where no lane takes it. */
const LAZY_NODES = 24;

/** Nodes that only `root` needs, not the others. */
function exclusiveNodes(root: Expression, others: readonly Expression[]): number {
  const seen = new Set<Expression>();
  let count = 0;
  const visit = (e: Expression): void => {
    if (seen.has(e) || e.kind === "const") return;
    seen.add(e);
    count++;
    childrenOf(e).forEach(visit);
  };
  others.forEach(visit);
  count = 0;
  visit(root);
  return count;
}

/** Is a u32 value below 2³¹? */
function isSmall(e: Expression): boolean {
  return e.kind === "binary" && e.op === "shr" && e.right.kind === "const" && e.right.value >= 1;
}

function isDivisor(e: Expression, child: Expression): boolean {
  return (e.kind === "quotient" || e.kind === "remainder") && child === e.divisor;
}

/** All expressions of statements, those of inner loops included, with the offsets of stores. */
export function expressionsOf(statements: readonly Statement[]): Expression[] {
  const out: Expression[] = [];
  const visit = (s: Statement): void => {
    switch (s.kind) {
      case "loop":
        if (typeof s.extent !== "number") out.push(s.extent);
        s.body.forEach(visit);
        for (const a of s.accumulators) out.push(a.value, ...(a.position ? [a.position] : []));
        break;
      case "let": out.push(s.value); break;
      case "store": out.push(s.offset, s.value); break;
      case "if":
        out.push(s.condition);
        s.body.forEach(visit);
        break;
      case "barrier": break;
    }
  };
  statements.forEach(visit);
  return out;
}
