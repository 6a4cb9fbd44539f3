/** Statements as WGSL. */
import { childrenOf, type Expression, type Load } from "../../ir/expression.ts";
import { isArg, type Loop, type Statement } from "../../ir/kernel.ts";
import { start, step } from "../render/accumulate.ts";
import { storedBy } from "../../ir/walk.ts";
import { Values, type Lines } from "../render/values.ts";
import type { Elements } from "./elements.ts";
import { bitsOf, type Wgsl } from "./wgsl.ts";

/** Arithmetic that compilers fold: what stands on one side undoes or joins what stands on the other. */
const FOLDED: Readonly<Record<string, string>> = { add: "sum", sub: "sum", mul: "product", div: "product" };

export class ShaderValues extends Values {
  readonly elements: Elements;
  readonly wgsl: Wgsl;

  constructor(lines: Lines, dialect: Wgsl, elements: Elements) {
    super(lines, dialect);
    this.wgsl = dialect;
    this.elements = elements;
  }

  override scalar(e: Expression): string {
    return this.elements.isNamed(e) ? this.element(e) : super.scalar(e);
  }

  protected override element(e: Load): string {
    const part = this.elements.partOf(e);
    const text = (inner: Expression): string => this.scalar(inner);
    if (!part) return this.elements.load(e, text);
    const { whole, lane } = part;
    return this.elements.lane(
      whole,
      lane,
      this.named(whole, "v", "", () => this.elements.loadFour(whole, text)),
    );
  }

  protected override operand(e: Expression, operation: Expression): string {
    if (e.kind === "const" && mustHide(e, operation)) return this.hidden(e.value, e.dtype);
    return isUndone(e, operation) ? this.wgsl.rounded(this.scalar(e)) : this.scalar(e);
  }

  /** A number that compilers do not know. */
  private hidden(value: number, dtype: Expression["dtype"]): string {
    switch (dtype) {
      case "f32":
        return `bitcast<f32>(${bitsOf(value)} | launch.zero)`;
      case "i32":
        return `(${this.dialect.literal(value, dtype)} | i32(launch.zero))`;
      case "bool":
        return `(launch.zero ${value ? "==" : "!="} 0u)`;
      default:
        return `(${value}u | launch.zero)`;
    }
  }
}

/**
 * May an operation not know this number? Where all operands are known the result would have to be finite; x · 0 and
 * x + 0 would be 0 and x whatever x is; and (x + c) − c would not round.
 */
function mustHide(e: Expression & { kind: "const" }, operation: Expression): boolean {
  const operands = childrenOf(operation);
  if (operands.every((o) => o.kind === "const")) return true;
  if (operation.kind !== "binary" || e.dtype !== "f32" || !FOLDED[operation.op]) return false;
  if (e.value === 0) return true;
  const other = operation.left === e ? operation.right : operation.left;
  const inner = other.kind === "unary" && other.op === "neg" ? other.value : other;
  return (
    inner.kind === "binary" &&
    FOLDED[inner.op] === FOLDED[operation.op] &&
    (inner.left.kind === "const" || inner.right.kind === "const")
  );
}

/** Does an operation take back a part of a sum? (a + b) − a would be b, whatever was rounded in between. */
function isUndone(e: Expression, operation: Expression): boolean {
  if (operation.kind !== "binary" || e.kind !== "binary" || e.dtype !== "f32") return false;
  if (FOLDED[operation.op] === undefined || FOLDED[operation.op] !== FOLDED[e.op]) return false;
  const other = operation.left === e ? operation.right : operation.left;
  return e.left === other || e.right === other;
}

/** Writes statements in order. */
export function renderStatements(values: ShaderValues, statements: readonly Statement[]): void {
  const { lines, elements } = values;
  for (const s of statements) {
    switch (s.kind) {
      case "let": {
        const name = values.fresh("r");
        const type = values.dialect.type(s.register.dtype, false);
        lines.push(values.dialect.constant(type, name, values.scalar(s.value)));
        values.bind(s.register, name);
        break;
      }
      case "exchange": {
        const name = values.fresh("r");
        lines.push(`let ${name} = ${values.wgsl.exchange(values.scalar(s.value), s.mask)};`);
        values.bind(s.register, name);
        break;
      }
      case "store": {
        const line = elements.store(s, (e) => values.scalar(e));
        if (line === undefined) break;
        lines.push(line);
        values.forgetStored(new Set([s.buffer]));
        break;
      }
      case "if":
        lines.block(`if (${values.scalar(s.condition)})`, () => inside(values, s.body));
        values.forgetStored(storedBy(s.body));
        break;
      case "loop":
        renderLoop(values, s);
        break;
      case "barrier":
        lines.push("workgroupBarrier();");
        if (elements.sharesStorage) lines.push("storageBarrier();");
        values.forgetStored();
        break;
    }
  }
}

function inside(values: ShaderValues, body: readonly Statement[]): void {
  values.scope(() => renderStatements(values, body), changedBy(body));
}

function renderLoop(values: ShaderValues, loop: Loop): void {
  const { lines, dialect } = values;
  const running = loop.accumulators.map((a) => start(values, a));
  const end = typeof loop.extent === "number" ? String(loop.extent) : values.scalar(loop.extent);
  const i = values.fresh("i");
  lines.block(dialect.count(i, "0", end), () => {
    values.bind(loop.index, i);
    values.scope(() => {
      renderStatements(values, loop.body);
      for (const r of running) {
        const { op, value, position = loop.index } = r.accumulator;
        const candidate = values.scalar(value);
        step(values, r, { candidate, position: isArg(op) ? values.scalar(position) : "" });
      }
    }, changedBy(loop.body));
  });
  values.forgetStored(changedBy(loop.body));
  for (const { accumulator, values: names, positions } of running) {
    const { op, register } = accumulator;
    // An argmax over nothing is at 0.
    values.bind(register, isArg(op) ? `max(${positions[0]!}, 0)` : names[0]!);
  }
}

/** What statements may change: behind a barrier, everything that any thread stores. */
function changedBy(body: readonly Statement[]): ReadonlySet<number> | undefined {
  const waits = (list: readonly Statement[]): boolean =>
    list.some((s) => s.kind === "barrier" || ((s.kind === "loop" || s.kind === "if") && waits(s.body)));
  return waits(body) ? undefined : storedBy(body);
}
