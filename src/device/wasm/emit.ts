/**
 * Expressions to instructions: one value, or a vector of four lanes along a loop index.
 *
 * An emitter writes into one function. It knows which indices and registers have a value (`bind`), along which index
 * vectors run (`vectorize`), and what was already computed, so that a shared subexpression is computed once per scope.
 *
 * ```ts
 * // panel[0…15] := right(k, n … n + 15), four vectors side by side, for k = 0, 1, …
 * const emitter = new KernelEmitter(code, kernel, block, scratch);
 * emitter.count([kernel.right]);                   // which values are used more than once
 * emitter.bind(n, nLocal);                         // an i32 local of the function
 * emitter.vectorize(n, 4);                         // vectors u = 0 … 3 stand for n + 4u … n + 4u + 3
 * emitter.hoist([kernel.right], { index: k });     // in front of the loop over k: what does not depend on k
 * code.i32(0).set(kLocal);
 * emitter.bind(k, kLocal);
 * emitter.startLoop(k);                            // addresses that follow k start
 * code.loop(() => {
 *   emitter.scope(() => {                          // values of one iteration are forgotten at its end
 *     for (let u = 0; u < 4; u++) {
 *       code.get(panel);
 *       emitter.vector(kernel.right, u);           // leaves a v128 on the stack
 *       code.memory("v128.store", 16 * u);
 *     }
 *   });
 *   emitter.advance(k, 1);                         // addresses that follow k move
 *   code.get(kLocal).i32(1).op("i32.add").tee(kLocal).get(end).op("i32.lt_s").brIf(0);
 * });
 * emitter.finishLoop(k);
 * ```
 *
 * Whole statements, loops included, are `emitStatements` in loops.ts.
 */
import {
  childrenOf,
  type Affine,
  type AffineParam,
  type Expression,
  type Index,
  type IndexDivide,
  type Register,
  type Select,
} from "../../ir/expression.ts";
import type { Buffer, Parameters, Store } from "../../ir/kernel.ts";
import { Addresses } from "./addresses.ts";
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import {
  extractLane,
  LOAD,
  pushConstant,
  scalarBinary,
  scalarBitcast,
  scalarCast,
  scalarType,
  scalarUnary,
  spill,
  STORE,
} from "./instructions.ts";
import { Knowledge } from "./knowledge.ts";
import { Lanes } from "./lanes.ts";
import { termsOf } from "../cpu/patterns.ts";

/** What a kernel is bound to: its buffers and run-time parameters. */
export interface Signature {
  readonly buffers: readonly Buffer[];
  readonly parameters: Parameters;
}

export class KernelEmitter {
  readonly code: FunctionBuilder;
  readonly signature: Signature;
  readonly block: Local;
  readonly known: Knowledge = new Knowledge();
  readonly addresses: Addresses;
  readonly module: ModuleBuilder;
  private readonly lanes: Lanes;

  /** `block` and `scratch` are the function's parameters of these names (see kernels.ts). */
  constructor(code: FunctionBuilder, signature: Signature, block: Local, scratch: Local, module: ModuleBuilder) {
    this.module = module;
    this.code = code;
    this.signature = signature;
    this.block = block;
    this.addresses = new Addresses(this, scratch);
    this.lanes = new Lanes(this);
  }

  // ---------- what is known

  /** Counts how often each value is used, so that one used again is kept; may be called repeatedly. */
  count(roots: Iterable<Expression>): void {
    this.known.count(roots);
  }

  /** Gives an index or register its value: a local. Inside a vector loop the index is that of vector 0's first lane. */
  bind(variable: Index | Register, local: Local): void {
    this.known.bind(variable, local);
  }

  /** From here on `vector` runs along `index`, `count` vectors side by side; `undefined` ends that. */
  vectorize(index: Index | undefined, count = 1): void {
    this.known.vectorize(index, count);
  }

  /** Runs `body` with what it computes forgotten afterwards. */
  scope(body: () => void): void {
    this.known.enter();
    this.addresses.enter();
    body();
    this.addresses.leave();
    this.known.leave();
  }

  /** Forgets loads of buffers that are also stored: to be called where such a store may have happened. */
  forgetStored(): void {
    this.known.forgetStored();
    this.addresses.forgetStored();
  }

  // ---------- hoisting

  /**
   * Computes, here, what the values need and what does not depend on anything without a value yet. To be called in
   * front of a loop whose index is not bound. With `index`, addresses that move with that index get a running offset, to be
   * set by `startLoop` and moved by `advance`.
   */
  hoist(
    roots: Iterable<Expression>,
    options: { readonly index?: Index; readonly vector?: boolean; readonly loads?: boolean } = {},
  ): void {
    const seen = [new Set<Expression>(), new Set<Expression>()] as const;
    const { index, loads = true } = options;
    const visit = (e: Expression, wanted: boolean): void => {
      const vector = wanted && this.known.isVarying(e);
      if (seen[Number(wanted)].has(e)) return;
      seen[Number(wanted)].add(e);
      if (e.kind === "const" || e.kind === "index") return;
      if (e.kind === "register" && !wanted) return;
      if (this.known.isInvariant(e) && (loads || !this.known.containsLoad(e))) {
        if (e.kind === "register" && vector) return;
        if (vector) for (let u = 0; u < this.known.vectors; u++) this.keepVector(e, u);
        else if (wanted) this.keepSplat(e);
        else this.keepScalar(e);
        return;
      }
      if (e.kind === "load") {
        this.addresses.hoist(e.buffer, e.offset, index);
        const pattern = this.known.pattern(e.offset);
        if (vector && (pattern.kind === "nearly" || pattern.kind === "scattered")) visit(e.offset, true);
        else this.addresses.visitTerms(e.offset, (term) => visit(term, false));
        return;
      }
      if (vector && e.kind === "binary" && (e.op === "shl" || e.op === "shr") && !this.known.isVarying(e.right)) {
        visit(e.left, true);
        visit(e.right, false);
        return;
      }
      for (const child of childrenOf(e)) visit(child, vector && !isDivisor(e, child));
    };
    for (const root of roots) visit(root, options.vector ?? this.known.isVectorized);
  }

  /** `hoist` for the address of a store. */
  hoistAddress(buffer: number, offset: Expression, index: Index | undefined, vector: boolean): void {
    this.addresses.hoist(buffer, offset, index);
    const { kind } = this.known.pattern(offset);
    if (vector && (kind === "nearly" || kind === "scattered"))
      this.hoist([offset], { vector, ...(index ? { index } : {}) });
    else
      this.addresses.visitTerms(offset, (term) => this.hoist([term], { vector: false, ...(index ? { index } : {}) }));
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
    if (this.known.knownScalar(e)) return;
    this.scalar(e);
    this.known.keepScalar(e, spill(this.code, scalarType(e.dtype)));
  }

  private keepSplat(e: Expression): void {
    if (this.known.knownSplat(e)) return;
    this.lanes.splat(e);
    this.known.keepSplat(e, spill(this.code, "v128"));
  }

  private keepVector(e: Expression, u: number): void {
    if (this.known.knownVector(e, u)) return;
    this.vector(e, u);
    this.known.keepVector(e, u, spill(this.code, "v128"));
  }

  // ---------- one value

  /** Leaves the value on the stack; in a vector loop, that of vector 0's first lane. */
  scalar(e: Expression): void {
    const { code } = this;
    switch (e.kind) {
      case "const":
        pushConstant(code, e.value, e.dtype);
        return;
      case "index":
        code.get(this.known.localOf(e));
        return;
      case "register": {
        if (this.known.isVarying(e)) extractLane(code.get(this.known.vectorsOf(e)[0]!), e.dtype, 0);
        else code.get(this.known.localOf(e));
        return;
      }
    }
    const known = this.known.knownScalar(e);
    if (known) {
      code.get(known);
      return;
    }
    this.compute(e);
    if (!this.known.isShared(e)) return;
    const local = code.local(scalarType(e.dtype));
    code.tee(local);
    this.known.keepScalar(e, local);
  }

  private compute(e: Expression): void {
    const { code } = this;
    switch (e.kind) {
      case "param":
        this.parameter(e.slot, e.dtype);
        return;
      case "affine":
      case "affineParam":
        this.sum(e);
        return;
      case "quotient":
      case "remainder":
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
      case "select":
        this.scalarSelect(e);
        return;
      case "cast":
        this.scalar(e.value);
        scalarCast(code, e.value.dtype, e.dtype);
        return;
      case "bitcast":
        this.scalar(e.value);
        scalarBitcast(code, e.value.dtype, e.dtype);
        return;
      case "load":
        code.memory(LOAD[e.dtype], this.addresses.push(e.buffer, e.offset));
        return;
      default:
        throw new Error(`wasm: a kernel cannot hold a ${e.kind} expression here`);
    }
  }

  private scalarSelect(e: Select): void {
    const { code } = this;
    const arm = (x: Expression) => (): void => this.scope(() => this.scalar(x));
    if (this.known.isLazy(e)) {
      this.scalar(e.condition);
      code.if(arm(e.yes), arm(e.no), scalarType(e.dtype));
      return;
    }
    this.scalar(e.yes);
    this.scalar(e.no);
    this.scalar(e.condition);
    code.op("select");
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

  /** Leaves the divisor on the stack. */
  divisor(e: IndexDivide): void {
    if (typeof e.divisor === "number") this.code.i32(e.divisor);
    else this.scalar(e.divisor);
  }

  // ---------- four lanes, and stores

  /** Leaves the lanes of vector `u` on the stack. */
  vector(e: Expression, u: number): void {
    this.lanes.vector(e, u);
  }

  /** Stores that may read each other's buffers in any order: all values are computed before the first is written. */
  stores(group: readonly Store[], u: number): void {
    const { code } = this;
    const vector = (s: Store): boolean => this.known.isVarying(s.value) || this.known.isVarying(s.offset);
    const values =
      group.length === 1
        ? []
        : group.map((s) => {
            if (vector(s)) this.vector(s.value, u);
            else this.scalar(s.value);
            return spill(code, vector(s) ? "v128" : scalarType(s.value.dtype));
          });
    group.forEach((s, i) => {
      const value = values[i];
      const { dtype } = s.value;
      if (vector(s)) this.lanes.store(s, u, () => (value ? code.get(value) : this.vector(s.value, u)));
      else if (u === 0) {
        const offset = this.addresses.push(s.buffer, s.offset);
        if (value) code.get(value);
        else this.scalar(s.value);
        code.memory(STORE[dtype], offset);
      }
    });
    if (group.some((s) => this.known.isHazard(s.buffer))) this.forgetStored();
  }
}

function isDivisor(e: Expression, child: Expression): boolean {
  return (e.kind === "quotient" || e.kind === "remainder") && child === e.divisor;
}
