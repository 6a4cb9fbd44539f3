/**
 * Byte addresses. An address is a buffer's base plus a sum; the part of the sum that is known in front of a loop is
 * added there, and the part that follows the loop's index is a running offset that grows by a fixed step, shared by all
 * addresses with the same stride: what remains in the loop is one addition.
 */
import { byteSize } from "../../core/dtype.ts";
import type { Expression, Index } from "../../ir/expression.ts";
import type { Local } from "./assembler.ts";
import type { KernelEmitter } from "./emit.ts";
import { spill } from "./instructions.ts";
import { termsOf, type Coefficient, type Term } from "../cpu/patterns.ts";

/** The start of each buffer that lives in scratch memory is a multiple of this. */
const SCRATCH_ALIGNMENT = 64;

/** The known part of an address, and what is still to be added. */
interface Prefix {
  readonly local: Local | undefined;
  readonly terms: readonly Term[];
  readonly constant: Expression | number;
}

/** index · coefficient · bytes, kept up to date by the loop. */
interface Running {
  readonly coefficient: Coefficient;
  readonly bytes: number;
  readonly local: Local;
  /** Bytes per iteration. */
  readonly step: number | Local;
}

interface AddressScope {
  readonly bases: Map<number, Local>;
  readonly prefixes: Map<Expression, Map<number, Prefix>>;
}

export class Addresses {
  private readonly emitter: KernelEmitter;
  private readonly scratch: Local;
  private readonly scopes: AddressScope[] = [{ bases: new Map(), prefixes: new Map() }];
  private readonly running: Map<Index, Running[]> = new Map();

  constructor(emitter: KernelEmitter, scratch: Local) {
    this.emitter = emitter;
    this.scratch = scratch;
  }

  enter(): void {
    this.scopes.push({ bases: new Map(), prefixes: new Map() });
  }

  leave(): void {
    this.scopes.pop();
  }

  /** Forgets addresses computed from values that a store may have changed. */
  forgetStored(): void {
    for (const { prefixes } of this.scopes)
      for (const offset of prefixes.keys()) if (this.emitter.known.isVolatile(offset)) prefixes.delete(offset);
  }

  /** Leaves a buffer's first byte address on the stack. */
  base(buffer: number): void {
    const { code, signature, block } = this.emitter;
    for (const scope of this.scopes) {
      const known = scope.bases.get(buffer);
      if (known) {
        code.get(known);
        return;
      }
    }
    const { buffers } = signature;
    if (buffers[buffer]!.space === "global") {
      const word = buffers.slice(0, buffer).filter((b) => b.space === "global").length;
      code.get(block).memory("i32.load", 4 * word);
    } else {
      code.get(this.scratch);
      for (const before of buffers.slice(0, buffer)) {
        if (before.space === "global") continue;
        const size = before.size ?? 0;
        if (typeof size === "number") code.i32(size);
        else this.emitter.scalar(size);
        code
          .i32(byteSize(before.dtype))
          .op("i32.mul")
          .i32(SCRATCH_ALIGNMENT - 1)
          .op("i32.add")
          .i32(-SCRATCH_ALIGNMENT)
          .op("i32.and")
          .op("i32.add");
      }
    }
    const local = code.local("i32");
    code.tee(local);
    this.scopes.at(-1)!.bases.set(buffer, local);
  }

  /**
   * Leaves the address of an element on the stack (in a vector loop, of vector 0's first lane) and returns the constant
   * offset that belongs to it.
   */
  push(buffer: number, offset: Expression): number {
    const { terms, constant } = this.pushPrefix(buffer, offset);
    for (const term of terms) this.addTerm(term, this.bytesOf(buffer));
    this.addConstant(constant, this.bytesOf(buffer));
    return 0;
  }

  /** Computes the part of an address that is known here; with `index`, prepares a running offset for its part. */
  hoist(buffer: number, offset: Expression, index: Index | undefined): void {
    const known = this.find(buffer, offset) ?? this.whole(offset);
    const ready = known.terms.filter((t) => this.emitter.known.isInvariant(t.value));
    const rest = known.terms.filter((t) => !ready.includes(t));
    const bytes = this.bytesOf(buffer);
    if (index) for (const t of rest) if (t.value === index) this.run(index, t.coefficient, bytes);
    const { code } = this.emitter;
    if (!ready.length && known.constant === 0) {
      if (!known.local) {
        this.base(buffer);
        code.op("drop");
      }
      return;
    }
    this.pushPrefix(buffer, offset);
    for (const term of ready) this.addTerm(term, bytes);
    this.addConstant(known.constant, bytes);
    const { prefixes } = this.scopes.at(-1)!;
    let ofOffset = prefixes.get(offset);
    if (!ofOffset) prefixes.set(offset, (ofOffset = new Map()));
    ofOffset.set(buffer, { local: spill(code, "i32"), terms: rest, constant: 0 });
  }

  /** The values inside an offset that are still to be computed in the loop. */
  visitTerms(offset: Expression, visit: (e: Expression) => void): void {
    for (const { value, coefficient } of termsOf(offset).terms) {
      if (value.kind === "index" || this.emitter.known.isInvariant(value)) continue;
      visit(value);
      if (typeof coefficient === "object") visit(coefficient);
    }
  }

  /** Sets the running offsets of a loop's index. */
  start(index: Index): void {
    const { code } = this.emitter;
    for (const { local, step } of this.running.get(index) ?? []) {
      code.get(this.emitter.known.localOf(index));
      if (typeof step === "number") code.i32(step);
      else code.get(step);
      code.op("i32.mul").set(local);
    }
  }

  /** Moves the running offsets of an index. */
  advance(index: Index, iterations: number): void {
    const { code } = this.emitter;
    for (const { local, step } of this.running.get(index) ?? []) {
      code.get(local);
      this.pushStep(step, iterations);
      code.op("i32.add").set(local);
    }
  }

  /** Forgets the running offsets of an index whose loop is done. */
  finish(index: Index): void {
    this.running.delete(index);
  }

  /**
   * The four addresses of vector `u` for an offset that moves by `coefficient` per lane. `push` is to be called for
   * lane 0, 1, 2, 3 in this order; all of them take the constant `offset`.
   */
  lanes(
    buffer: number,
    offset: Expression,
    coefficient: Coefficient,
    u: number,
  ): { readonly push: (lane: number) => void; readonly offset: number } {
    const { code } = this.emitter;
    const bytes = this.bytesOf(buffer);
    const step = this.stepOf(coefficient, bytes);
    const constant = this.push(buffer, offset);
    if (u) {
      this.pushStep(step, 4 * u);
      code.op("i32.add");
    }
    const at = spill(code, "i32");
    const push = (lane: number): void => {
      code.get(at);
      if (lane === 0) return;
      this.pushStep(step, 1);
      code.op("i32.add").tee(at);
    };
    return { push, offset: constant };
  }

  private pushStep(step: number | Local, times: number): void {
    const { code } = this.emitter;
    if (typeof step === "number") code.i32(step * times);
    else {
      code.get(step);
      if (times !== 1) code.i32(times).op("i32.mul");
    }
  }

  /** Bytes per iteration of a coefficient; a running offset has it already. */
  private stepOf(coefficient: Coefficient, bytes: number): number | Local {
    if (typeof coefficient !== "object") return (coefficient ?? 1) * bytes;
    for (const list of this.running.values())
      for (const r of list) if (r.coefficient === coefficient && r.bytes === bytes) return r.step;
    this.emitter.scalar(coefficient);
    if (bytes !== 1) this.emitter.code.i32(bytes).op("i32.mul");
    return spill(this.emitter.code, "i32");
  }

  private run(index: Index, coefficient: Coefficient, bytes: number): void {
    let list = this.running.get(index);
    if (!list) this.running.set(index, (list = []));
    if (list.some((r) => r.coefficient === coefficient && r.bytes === bytes)) return;
    // Consecutive bytes need no offset of their own: it is the index.
    if (coefficient === undefined && bytes === 1) return;
    const step = this.stepOf(coefficient, bytes);
    list.push({ coefficient, bytes, local: this.emitter.code.local("i32"), step });
  }

  private bytesOf(buffer: number): number {
    return byteSize(this.emitter.signature.buffers[buffer]!.dtype);
  }

  private whole(offset: Expression): Prefix {
    return { local: undefined, ...termsOf(offset) };
  }

  private find(buffer: number, offset: Expression): Prefix | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const known = this.scopes[i]!.prefixes.get(offset)?.get(buffer);
      if (known) return known;
    }
    return undefined;
  }

  private pushPrefix(buffer: number, offset: Expression): Prefix {
    const known = this.find(buffer, offset) ?? this.whole(offset);
    if (known.local) this.emitter.code.get(known.local);
    else this.base(buffer);
    return known;
  }

  private addTerm({ value, coefficient }: Term, bytes: number): void {
    const { code } = this.emitter;
    const running =
      value.kind === "index"
        ? this.running.get(value)?.find((r) => r.coefficient === coefficient && r.bytes === bytes)
        : undefined;
    if (running) code.get(running.local);
    else {
      this.emitter.scalar(value);
      if (typeof coefficient === "object") {
        this.emitter.scalar(coefficient);
        code.op("i32.mul");
      }
      const factor = (typeof coefficient === "number" ? coefficient : 1) * bytes;
      if (factor !== 1) code.i32(factor).op("i32.mul");
    }
    code.op("i32.add");
  }

  private addConstant(constant: Expression | number, bytes: number): void {
    const { code } = this.emitter;
    if (constant === 0) return;
    if (typeof constant === "number") code.i32(constant * bytes);
    else {
      this.emitter.scalar(constant);
      if (bytes !== 1) code.i32(bytes).op("i32.mul");
    }
    code.op("i32.add");
  }
}
