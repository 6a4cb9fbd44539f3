/** Kernels as text: for people in `explain`, and as the content address under which compiled kernels are shared. */
import type { Expression, Index, Param, Register } from "./expression.ts";
import type { Axes, Kernel, Statement, Weighed } from "./kernel.ts";

const SYMBOL: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  lt: "<",
  le: "<=",
  eq: "==",
  ne: "!=",
  and: "&",
  or: "|",
  xor: "^",
  shl: "<<",
  shr: ">>",
};

/** The kernel's text. Names are given in order of appearance, so equal kernels print equally. */
export function printKernel(kernel: Kernel): string {
  const names = new Map<Index | Register, string>();
  const name = (v: Index | Register): string => {
    let known = names.get(v);
    if (!known) names.set(v, (known = `${v.kind === "index" ? "i" : "r"}${names.size}`));
    return known;
  };
  const shared = new Map<Expression, number>();
  const size = (n: number | Param | Register): string =>
    typeof n === "number" ? `${n}` : n.kind === "param" ? `p${n.slot}` : name(n);
  const show = (e: Expression): string => {
    // A value used again prints as a back reference: the text stays linear in the size of the graph.
    const seen = shared.get(e);
    if (seen !== undefined) return `#${seen}`;
    const text = plain(e);
    if (e.kind === "const" || e.kind === "param" || e.kind === "index" || e.kind === "register") return text;
    shared.set(e, shared.size);
    return text;
  };
  const plain = (e: Expression): string => {
    switch (e.kind) {
      case "const":
        return `${Object.is(e.value, -0) ? "-0" : e.value}${e.dtype}`;
      case "param":
        return `p${e.slot}`;
      case "index":
      case "register":
        return name(e);
      case "affine":
        return `(${[...e.terms.map((t) => (t.coefficient === 1 ? show(t.value) : `${show(t.value)}*${t.coefficient}`)), ...(e.constant ? [`${e.constant}`] : [])].join(" + ")})`;
      case "affineParam":
        return `(${[...e.terms.map((t) => (t.coefficient ? `${show(t.value)}*${show(t.coefficient)}` : show(t.value))), ...(e.constant ? [show(e.constant)] : [])].join(" + ")})`;
      case "quotient":
        return `(${show(e.value)} // ${size(e.divisor)})`;
      case "remainder":
        return `(${show(e.value)} % ${size(e.divisor)})`;
      case "unary":
        return `${e.op}(${show(e.value)})`;
      case "binary":
        return SYMBOL[e.op]
          ? `(${show(e.left)} ${SYMBOL[e.op]} ${show(e.right)})`
          : `${e.op}(${show(e.left)}, ${show(e.right)})`;
      case "fused":
        return `fma(${show(e.x)}, ${show(e.y)}, ${show(e.z)})`;
      case "select":
        return `(${show(e.condition)} ? ${show(e.yes)} : ${show(e.no)})`;
      case "cast":
        return `${e.dtype}(${show(e.value)})`;
      case "bitcast":
        return `bits_${e.dtype}(${show(e.value)})`;
      case "load":
        return `b${e.buffer}[${show(e.offset)}]`;
      case "reduce":
        return `${e.op}{${e.axes.map((a) => `${name(a)}<${a.extent}`).join(", ")}}(${show(e.body)})`;
    }
  };
  const lines: string[] = [];
  const statement = (s: Statement, indent: string): void => {
    switch (s.kind) {
      case "loop":
        lines.push(`${indent}for ${name(s.index)} < ${size(s.extent)} ${s.axis}`);
        for (const inner of s.body) statement(inner, `${indent}  `);
        for (const a of s.accumulators)
          lines.push(
            `${indent}  ${name(a.register)} ${a.op}= ${show(a.value)}${a.position ? ` @ ${show(a.position)}` : ""}`,
          );
        break;
      case "let":
        lines.push(`${indent}${name(s.register)} = ${show(s.value)}`);
        break;
      case "store":
        lines.push(`${indent}b${s.buffer}[${show(s.offset)}] = ${show(s.value)}`);
        break;
      case "if":
        lines.push(`${indent}if ${show(s.condition)}`);
        for (const inner of s.body) statement(inner, `${indent}  `);
        break;
      case "barrier":
        lines.push(`${indent}barrier`);
        break;
      case "exchange":
        lines.push(`${indent}${name(s.register)} = ${show(s.value)} of thread ^ ${s.mask}`);
    }
  };
  lines.push(
    `${kernel.kind}(${kernel.buffers.map((b, i) => `b${i}: ${b.access} ${b.dtype}${b.space === "global" ? "" : ` ${b.space}[${size(b.size ?? 0)}]`}`).join(", ")}; ${kernel.parameters.scalars.map((d, i) => `p${i}: ${d}`).join(", ")}; ${kernel.parameters.sizes} sizes)`,
  );
  const axes = (list: readonly Axes[]): string => list.map((a) => `${name(a.index)} < ${size(a.extent)}`).join(", ");
  if (kernel.kind === "loops") for (const s of kernel.body) statement(s, "  ");
  else if (kernel.kind === "attention") {
    lines.push(`  batch: ${axes(kernel.batch)}`, `  m: ${axes([kernel.m])}`, `  n: ${axes([kernel.n])}`);
    if (kernel.first) lines.push(`  first: ${show(kernel.first)}`);
    if (kernel.last) lines.push(`  last: ${show(kernel.last)}`);
    for (const { k, left, right, sum } of kernel.products)
      lines.push(`  ${name(sum)} = sum over ${axes(k)} of ${show(left)} * ${show(right)}`);
    if (kernel.softmax)
      lines.push(
        `  ${name(kernel.softmax.weight)}, ${name(kernel.softmax.norm)} = softmax of ${show(kernel.softmax.score)}`,
      );
    const weighed = (over: string, { f, weight, value, sum, stores }: Weighed): void => {
      lines.push(`  f: ${axes(f)}`, `  ${name(sum)} = sum over ${over} of ${show(weight)} * ${show(value)}`);
      for (const s of stores) statement(s, "  ");
    };
    for (const result of kernel.results) weighed("n", result);
    for (const s of kernel.rowStores) statement(s, "  ");
    if (kernel.across?.first) lines.push(`  first m: ${show(kernel.across.first)}`);
    if (kernel.across?.last) lines.push(`  last m: ${show(kernel.across.last)}`);
    for (const result of kernel.across?.results ?? []) weighed("m", result);
  } else {
    for (const group of ["batch", "m", "n", "k"] as const) lines.push(`  ${group}: ${axes(kernel[group])}`);
    lines.push(`  ${name(kernel.sum)} = sum of ${show(kernel.left)} * ${show(kernel.right)}`);
    for (const s of kernel.epilogue) statement(s, "  ");
  }
  return lines.join("\n");
}
