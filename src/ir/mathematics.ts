/**
 * exp, log, tanh, erf, sin, cos, pow and the other functions without an instruction, written in the operations that
 * every target has. One definition serves scalars, vectors and all renderers, so their bits agree.
 *
 * `expandMathematics` runs after `parameterize`: the constants of these formulas are code, not sizes.
 */
import { isHalf } from "../core/dtype.ts";
import {
  constant,
  register,
  type Binary,
  type BinaryOp,
  type Cast,
  type Expression,
  type Register,
  type UnaryOp,
} from "./expression.ts";
import type { ContractKernel, Kernel, LoopKernel, Store } from "./kernel.ts";
import { narrow, widen } from "./half.ts";
import * as double from "./mathematics64.ts";
import * as single from "./mathematics32.ts";
import { integerPower, signOf } from "./mathematics-integer.ts";
import { copyWith, mapAttention, mapStatements, plainFused, plainUnary, replacer } from "./rewrite.ts";

/** A formula over stand-ins for its arguments. */
interface Template {
  readonly parameters: readonly Register[];
  readonly body: Expression;
}

const templates = new Map<string, Template | null>();

/** The formula of an operation on a dtype; null when the operation is basic. */
function templateOf(op: UnaryOp | BinaryOp, operands: readonly Expression[], fused: boolean): Template | null {
  // Formulas of two arguments are about remainders, which products that are not rounded would change.
  const fuses = fused && operands.length === 1 && operands[0]!.dtype === "f32";
  const key = `${op} ${operands[0]!.dtype}${fuses ? " fused" : ""}`;
  let known = templates.get(key);
  if (known === undefined) {
    const parameters = operands.map((o) => register(o.dtype));
    const [x, y] = parameters;
    const body = y ? expandBinary(op as BinaryOp, x!, y) : expandUnary(op as UnaryOp, x!);
    templates.set(key, (known = body ? { parameters, body: fuses ? fuseProducts(body) : body } : null));
  }
  return known;
}

/** The formula with every product of f32 that is added to something in one operation with that sum: rounded once, not twice. */
function fuseProducts(body: Expression): Expression {
  const memo = new Map<Expression, Expression>();
  const isProduct = (e: Expression): e is Binary => e.kind === "binary" && e.op === "mul" && e.dtype === "f32";
  const negative = (e: Expression): Expression =>
    e.kind === "const" ? constant(-e.value, e.dtype) : plainUnary("neg", e);
  const fuse = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known) return known;
    if (e.kind === "binary" && e.dtype === "f32" && (e.op === "add" || e.op === "sub")) {
      const { op, left, right } = e;
      if (isProduct(left))
        known = plainFused(fuse(left.left), fuse(left.right), op === "add" ? fuse(right) : negative(fuse(right)));
      else if (isProduct(right)) {
        const factor = fuse(right.right);
        known = plainFused(fuse(right.left), op === "add" ? factor : negative(factor), fuse(left));
      }
    }
    memo.set(e, (known ??= copyWith(e, fuse)));
    return known;
  };
  return fuse(body);
}

/** A unary operation in basic ones, or undefined when it is one. */
export function expandUnary(op: UnaryOp, x: Expression): Expression | undefined {
  if (op === "sign") return signOf(x);
  const set = x.dtype === "f32" ? single : x.dtype === "f64" ? double : undefined;
  switch (op) {
    case "exp":
      return set?.exp(x);
    case "log":
      return set?.log(x);
    case "tanh":
      return set?.tanh(x);
    case "erf":
      return set?.erf(x);
    case "sin":
      return set?.sin(x);
    case "cos":
      return set?.cos(x);
    default:
      return undefined;
  }
}

/** A binary operation in basic ones, or undefined when it is one. */
export function expandBinary(op: BinaryOp, x: Expression, y: Expression): Expression | undefined {
  const set = x.dtype === "f32" ? single : x.dtype === "f64" ? double : undefined;
  switch (op) {
    case "pow":
      return set ? set.pow(x, y) : integerPower(x, y);
    case "mod":
      return set?.mod(x, y);
    case "idiv":
      return set?.idiv(x, y);
    default:
      return undefined;
  }
}

/** What a target has instructions for beyond the basic operations. */
export interface Instructions {
  /** Casts between f16 and f32. */
  readonly f16?: boolean;
  /** x · y + z of f32, rounded once. */
  readonly fused?: boolean;
  /** exp of f32, as a function of the target's own. */
  readonly exp?: boolean;
}

/** A function that replaces operations without an instruction throughout an expression; shared values stay shared. */
export function mathematicsExpander(instructions: Instructions = {}): (e: Expression) => Expression {
  const memo = new Map<Expression, Expression>();
  const expand = (e: Expression): Expression => {
    let known = memo.get(e);
    if (known === undefined) memo.set(e, (known = replaced(copyWith(e, expand), instructions)));
    return known;
  };
  return expand;
}

function replaced(e: Expression, { f16 = false, fused = false, exp = false }: Instructions): Expression {
  if (e.kind === "cast") return f16 && (e.dtype === "f16" || e.value.dtype === "f16") ? e : replacedCast(e);
  if (e.kind !== "unary" && e.kind !== "binary") return e;
  if (exp && e.op === "exp" && e.dtype === "f32") return e;
  const operands = e.kind === "unary" ? [e.value] : [e.left, e.right];
  const template = templateOf(e.op, operands, fused);
  if (!template) return e;
  return replacer(new Map(template.parameters.map((p, i) => [p, operands[i]!])))(template.body);
}

/** Casts from and to f16 and bf16 are formulas over bits. */
function replacedCast(e: Cast): Expression {
  const from = e.value.dtype;
  if (!isHalf(e.dtype) && !isHalf(from)) return e;
  const key = `${from} to ${e.dtype}`;
  let template = templates.get(key);
  if (!template) {
    const x = register(from);
    template = { parameters: [x], body: isHalf(e.dtype) ? narrow(x, e.dtype) : widen(x) };
    templates.set(key, template);
  }
  return replacer(new Map([[template.parameters[0]!, e.value]]))(template.body);
}

/** The kernel with basic operations only: those that `expandUnary` and `expandBinary` leave alone. */
export function expandMathematics<K extends Kernel>(kernel: K, instructions?: Instructions): K {
  const expand = mathematicsExpander(instructions);
  if (kernel.kind === "loops") return { ...kernel, body: mapStatements((kernel as LoopKernel).body, expand) };
  if (kernel.kind === "attention") return mapAttention(kernel, expand) as K;
  const { left, right, epilogue } = kernel as ContractKernel;
  return { ...kernel, left: expand(left), right: expand(right), epilogue: mapStatements(epilogue, expand) as Store[] };
}
