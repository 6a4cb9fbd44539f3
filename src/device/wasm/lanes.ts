/** Four lanes at a time: vectors of expressions, their loads and stores. Part of `KernelEmitter`, which see. */
import { byteSize } from "../../core/dtype.ts";
import type { Affine, AffineParam, Expression, IndexDivide, Load, Select } from "../../ir/expression.ts";
import type { Store } from "../../ir/kernel.ts";
import type { FunctionBuilder } from "./assembler.ts";
import type { KernelEmitter } from "./emit.ts";
import {
  extractLane,
  LOAD,
  pushVectorConstant,
  replaceLane,
  scalarBinary,
  spill,
  splat,
  STORE,
  vectorBinary,
  vectorCast,
  vectorLoad,
  vectorStore,
  vectorUnary,
} from "./instructions.ts";
import { isUnit, termsOf } from "../cpu/patterns.ts";

export class Lanes {
  private readonly emitter: KernelEmitter;
  private readonly code: FunctionBuilder;

  constructor(emitter: KernelEmitter) {
    this.emitter = emitter;
    this.code = emitter.code;
  }

  /** Leaves the lanes of vector `u` on the stack. */
  vector(e: Expression, u: number): void {
    const { code } = this;
    if (!this.emitter.known.isVarying(e)) {
      this.splat(e);
      return;
    }
    if (e.kind === "register") {
      code.get(this.emitter.known.vectorsOf(e)[u]!);
      return;
    }
    const known = this.emitter.known.knownVector(e, u);
    if (known) {
      code.get(known);
      return;
    }
    this.computeVector(e, u);
    if (!this.emitter.known.isShared(e)) return;
    const local = code.local("v128");
    code.tee(local);
    this.emitter.known.keepVector(e, u, local);
  }

  /** The same value in all lanes. */
  splat(e: Expression): void {
    const { code } = this;
    if (e.kind === "const") {
      pushVectorConstant(code, e.value, e.dtype);
      return;
    }
    const before = this.emitter.known.knownSplat(e);
    if (before) {
      code.get(before);
      return;
    }
    const { known } = this.emitter;
    const again = known.isShared(e);
    if (e.kind === "load" && byteSize(e.dtype) === 4 && !again)
      code.memory("v128.load32_splat", this.emitter.addresses.push(e.buffer, e.offset));
    else {
      this.emitter.scalar(e);
      splat(code, e.dtype);
    }
    // Every vector side by side asks for it.
    if (!again && known.vectors === 1) return;
    const local = code.local("v128");
    code.tee(local);
    this.emitter.known.keepSplat(e, local);
  }

  private computeVector(e: Expression, u: number): void {
    const { code } = this;
    switch (e.kind) {
      case "index":
        code
          .get(this.emitter.known.localOf(e))
          .op("i32x4.splat")
          .v128([4 * u, 4 * u + 1, 4 * u + 2, 4 * u + 3])
          .op("i32x4.add");
        return;
      case "affine":
      case "affineParam":
        this.vectorSum(e, u);
        return;
      case "quotient":
      case "remainder":
        this.vectorDivide(e, u);
        return;
      case "unary":
        this.vector(e.value, u);
        if (!vectorUnary(code, e.op, e.dtype)) throw new Error(`wasm: no vector form of ${e.op} on ${e.dtype}`);
        return;
      case "binary": {
        const shift = e.op === "shl" || e.op === "shr";
        if (shift ? this.emitter.known.isVarying(e.right) : !hasVectorForm(e)) {
          this.lanewise([e.left, e.right], u, e.dtype, () => scalarBinary(code, e.op, e.left.dtype));
          return;
        }
        this.vector(e.left, u);
        if (shift) this.emitter.scalar(e.right);
        else this.vector(e.right, u);
        vectorBinary(code, e.op, e.left.dtype);
        return;
      }
      case "select":
        this.vectorSelect(e, u);
        return;
      case "cast":
        this.vector(e.value, u);
        vectorCast(code, e.value.dtype, e.dtype, isSmall(e.value));
        return;
      case "bitcast":
        this.vector(e.value, u);
        return;
      case "load":
        this.vectorLoad(e, u);
        return;
      default:
        throw new Error(`wasm: no vector of a ${e.kind} expression`);
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
    const pattern = this.emitter.known.pattern(e.value);
    const each = (): void =>
      this.lanewise([e.value], u, "i32", () => {
        this.emitter.divisor(e);
        code.op(e.kind === "quotient" ? "i32.div_u" : "i32.rem_u");
      });
    if (!isUnit(pattern)) {
      each();
      return;
    }
    this.emitter.scalar(e.value);
    if (u) code.i32(4 * u).op("i32.add");
    const value = spill(code, "i32"),
      rest = code.local("i32");
    code.get(value);
    this.emitter.divisor(e);
    code.op("i32.rem_u").tee(rest).i32(3).op("i32.add");
    this.emitter.divisor(e);
    code.op("i32.lt_u").if(
      () => {
        if (e.kind === "remainder") code.get(rest).op("i32x4.splat").v128([0, 1, 2, 3]).op("i32x4.add");
        else {
          code.get(value);
          this.emitter.divisor(e);
          code.op("i32.div_u").op("i32x4.splat");
        }
      },
      () => this.emitter.scope(each),
      "v128",
    );
  }

  private vectorSelect(e: Select, u: number): void {
    const { code } = this;
    const { condition, yes, no } = e;
    if (!this.emitter.known.isVarying(condition)) {
      this.vector(yes, u);
      this.vector(no, u);
      this.emitter.scalar(condition);
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
    if (this.emitter.known.isLazy(e)) {
      this.vector(no, u);
      const otherwise = spill(code, "v128");
      this.vector(condition, u);
      const chosen = spill(code, "v128");
      code
        .get(chosen)
        .op("v128.any_true")
        .if(
          () =>
            this.emitter.scope(() => {
              this.vector(yes, u);
              code.get(otherwise).get(chosen).op("v128.bitselect");
            }),
          () => code.get(otherwise),
          "v128",
        );
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

  // ---------- memory

  private vectorLoad(e: Load, u: number): void {
    const { code } = this;
    const pattern = this.emitter.known.pattern(e.offset);
    const bytes = byteSize(e.dtype);
    if (isUnit(pattern)) {
      vectorLoad(code, e.dtype, this.emitter.addresses.push(e.buffer, e.offset) + 4 * bytes * u);
      return;
    }
    if (pattern.kind === "linear") {
      const at = this.emitter.addresses.lanes(e.buffer, e.offset, pattern.step, u);
      this.gather(e.dtype, (lane) => at.push(lane), at.offset);
      return;
    }
    this.vector(e.offset, u);
    if (bytes > 1) code.i32(Math.log2(bytes)).op("i32x4.shl");
    this.emitter.addresses.base(e.buffer);
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
    code
      .op("i32x4.eq")
      .op("i32x4.all_true")
      .if(
        () => {
          code.get(first);
          if (pattern.step === 1) vectorLoad(code, e.dtype, 0);
          else if (bytes === 4) code.memory("v128.load32_splat");
          else splat(code.memory(LOAD[e.dtype]), e.dtype);
        },
        each,
        "v128",
      );
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

  /** Stores vector `u` of a store's value, which `push` leaves on the stack. */
  store(s: Store, u: number, push: () => void): void {
    const { code } = this;
    const { dtype } = s.value;
    const pattern = this.emitter.known.pattern(s.offset);
    if (isUnit(pattern)) {
      const offset = this.emitter.addresses.push(s.buffer, s.offset);
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
      const at = this.emitter.addresses.lanes(s.buffer, s.offset, pattern.step, u);
      scatter((lane) => at.push(lane), at.offset);
      return;
    }
    this.vector(s.offset, u);
    if (byteSize(dtype) > 1) code.i32(Math.log2(byteSize(dtype))).op("i32x4.shl");
    this.emitter.addresses.base(s.buffer);
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

/** Is a u32 value below 2³¹? */
function isSmall(e: Expression): boolean {
  return e.kind === "binary" && e.op === "shr" && e.right.kind === "const" && e.right.value >= 1;
}
