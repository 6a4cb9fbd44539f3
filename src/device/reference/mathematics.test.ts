import { describe, expect, test } from "vitest";
import {
  childrenOf,
  register,
  type Binary,
  type BinaryOp,
  type Expression,
  type UnaryOp,
} from "../../ir/expression.ts";
import { expandBinary, expandUnary } from "../../ir/mathematics.ts";
import { ulps } from "../wasm/runs.testing.ts";
import { binaryFunction, bitcastFunction, castFunction, unaryFunction } from "./arithmetic.ts";
import { erf } from "./erf.ts";

/** What a machine's arithmetic may be like. */
interface Machine {
  /** Products are fused with the sums that they are in: with the first operand's, or the second's. */
  readonly fused?: "first" | "second";
  /** Quotients are off by so many units in the last place. */
  readonly off?: number;
}

const product = (e: Expression): e is Binary => e.kind === "binary" && e.op === "mul";

/** A formula as a function of its operands, on a machine for f32. */
function compiled(formula: Expression, operands: readonly Expression[], { fused, off = 0 }: Machine) {
  const slots = new Map<Expression, number>();
  const steps: ((v: Float64Array) => number)[] = [];
  const at = (e: Expression): number => slots.get(e)!;
  const step = (e: Expression): ((v: Float64Array) => number) => {
    const of = childrenOf(e).map(at);
    const [a, b, c] = of as [number, number, number];
    const round = e.dtype === "f32" ? Math.fround : (x: number): number => x;
    switch (e.kind) {
      case "const":
        return () => e.value;
      case "unary": {
        const f = unaryFunction(e.op, e.dtype);
        return (v) => round(f(v[a]!));
      }
      case "cast": {
        const f = castFunction(e.value.dtype, e.dtype);
        return (v) => f(v[a]!);
      }
      case "bitcast": {
        const f = bitcastFunction(e.value.dtype, e.dtype);
        return (v) => f(v[a]!);
      }
      case "select":
        return (v) => (v[a] ? v[b]! : v[c]!);
      case "affine":
        return (v) => e.terms.reduce((sum, t, i) => (sum + Math.imul(v[of[i]!]!, t.coefficient)) | 0, e.constant);
      case "binary": {
        const isSum = e.dtype === "f32" && (e.op === "add" || e.op === "sub");
        const sides = fused === "second" ? [e.right, e.left] : [e.left, e.right];
        const part = fused && isSum ? sides.find(product) : undefined;
        if (part) {
          const [x, y] = [at(part.left), at(part.right)];
          const sign = e.op === "sub" ? -1 : 1;
          return part === e.left
            ? (v) => Math.fround(v[x]! * v[y]! + sign * v[b]!)
            : (v) => Math.fround(v[a]! + sign * (v[x]! * v[y]!));
        }
        const f = binaryFunction(e.op, e.left.dtype);
        if (e.op === "div" && off) return (v) => Math.fround(Math.fround(f(v[a]!, v[b]!)) * (1 + off * 2 ** -23));
        return (v) => round(f(v[a]!, v[b]!));
      }
      default:
        throw new Error(`no formula has a ${e.kind}`);
    }
  };
  const place = (e: Expression): void => {
    if (slots.has(e)) return;
    childrenOf(e).forEach(place);
    slots.set(e, slots.size);
    steps.push(operands.includes(e) ? (v) => v[at(e)]! : step(e));
  };
  for (const operand of operands) place(operand);
  place(formula);
  const values = new Float64Array(steps.length);
  return (...given: readonly number[]): number => {
    values.set(given);
    for (let i = given.length; i < steps.length; i++) values[i] = steps[i]!(values);
    return values[steps.length - 1]!;
  };
}

const unary = (op: UnaryOp, machine: Machine): ((x: number) => number) => {
  const x = register("f32");
  return compiled(expandUnary(op, x)!, [x], machine);
};
const binary = (op: BinaryOp, machine: Machine): ((x: number, y: number) => number) => {
  const [x, y] = [register("f32"), register("f32")];
  return compiled(expandBinary(op, x, y)!, [x, y], machine);
};

/** Every so many-th bit pattern of f32. */
const PATTERNS = new Float32Array(Uint32Array.from({ length: 85_000 }, (_, i) => i * 50_021).buffer);

describe.each([
  ["every product and sum rounds", {}],
  ["products are fused with sums", { fused: "first" }],
  ["products are fused with sums, the second first", { fused: "second" }],
  ["quotients are a little small", { off: -2 }],
  ["quotients are a little large", { off: 2 }],
] as const)("f32 functions where %s", (_, machine: Machine) => {
  test.each([
    ["exp", Math.exp, 1],
    ["log", Math.log, 2],
    ["tanh", Math.tanh, 3],
    ["erf", erf, 3],
  ] as const)("%s", (op, exact, limit) => {
    const f = unary(op, machine);
    // A quotient that is off is told apart from what the formula adds.
    const allowed = limit + 2 * Math.abs(machine.off ?? 0);
    for (const x of PATTERNS) {
      const got = f(x);
      if (ulps(got, Math.fround(exact(x))) > allowed) expect(got, `${op}(${x})`).toBe(Math.fround(exact(x)));
    }
  });

  test.each([
    ["sin", Math.sin],
    ["cos", Math.cos],
  ] as const)("%s", (op, exact) => {
    const f = unary(op, machine);
    for (let i = 0; i < 50_000; i++) {
      const x = Math.fround((i - 25_000) / 248.3);
      if (ulps(f(x), Math.fround(exact(x))) > 3) expect(f(x), `${op}(${x})`).toBe(Math.fround(exact(x)));
    }
  });

  test("pow", () => {
    const f = binary("pow", machine);
    for (let i = 0; i < 50_000; i++) {
      const x = Math.fround(2 ** (((i * 7919) % 30_011) / 120 - 125));
      const y = Math.fround((((i * 104_729) % 20_011) - 10_005) / 1000);
      const got = f(x, y);
      if (ulps(got, Math.fround(x ** y)) > 4) expect(got, `${x} ** ${y}`).toBe(Math.fround(x ** y));
    }
  });

  test("mod and idiv", () => {
    const [mod, idiv] = [binary("mod", machine), binary("idiv", machine)];
    for (let i = 0; i < 50_000; i++) {
      const y = Math.fround(((i * 104_729) % 2003) - 1001 || 1) * 2 ** (((i * 31) % 60) - 30);
      // Multiples, their neighbours, and anything.
      const near = Math.fround(y * (((i * 7919) % 4001) - 2000));
      const x = [near, near * (1 + 2 ** -23), near * (1 - 2 ** -24), near * 1.37][i % 4]!;
      const exact = Math.fround(x);
      const rest = exact % y;
      const floored = Math.fround(rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest);
      if (mod(exact, y) !== floored) expect(mod(exact, y), `${exact} mod ${y}`).toBe(floored);
      const quotient = Math.floor(exact / y);
      if (idiv(exact, y) !== quotient) expect(idiv(exact, y), `floor(${exact} / ${y})`).toBe(quotient);
    }
  });
});
