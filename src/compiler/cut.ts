/**
 * Loops cut where a guard changes: padding, concatenation and sums of padded parts ask every element which part it lies in;
 * one loop per part asks nothing.
 */
import { add, constant, index as freshIndex, strideOf, type Expression, type Index } from "../ir/expression.ts";
import type { Node } from "../graph/node.ts";
import { collapseIndices, dropUnits, splitIndices, type Space } from "./index-space.ts";
import { walk } from "../ir/walk.ts";
import { substitute } from "../ir/substitute.ts";

/** A store of one member before loops exist. */
export interface Output {
  readonly node: Node;
  readonly loops: readonly Index[];
  readonly offset: Expression;
  readonly value: Expression;
}

/** Outputs in parts, and the rows around all of them. */
export interface Cut {
  readonly outputs: readonly Output[];
  readonly rows: readonly Index[];
}

/** More parts than this are worth their code only where each of them says less: of tensors end to end, one. */
const FEW_PARTS = 6;
/** How much longer all parts may be than the whole was, and how many there may be at most. */
const LONGER = 2;
const MOST_PARTS = 64;

/** The outputs part by part, each with its own inner loops, and the rows around them; undefined when nothing is guarded. */
export function cutAtBounds(outputs: readonly Output[], space: Space): Cut | undefined {
  // The innermost guarded variable: its loop is the one that runs most.
  for (let at = space.loops.length - 1; at >= 0; at--) {
    const variable = space.loops[at]!;
    const cuts = boundsOf(space.expressions, variable);
    if (!cuts.length || cuts.length >= MOST_PARTS) continue;
    const parts = partsOf(outputs, space, at, [0, ...cuts, variable.extent]);
    const length = parts.outputs.reduce((sum, { value }) => sum + lengthOf([value]), 0);
    if (cuts.length < FEW_PARTS || length <= LONGER * lengthOf(space.expressions)) return parts;
  }
  return undefined;
}

/** How many different expressions there are in these. */
function lengthOf(roots: readonly Expression[]): number {
  let length = 0;
  walk(roots, () => length++);
  return length;
}

/** The outputs cut where variable `at` passes an edge: each part has inner loops from this one on, within the rows around them. */
function partsOf(outputs: readonly Output[], space: Space, at: number, edges: readonly number[]): Cut {
  const variable = space.loops[at]!;
  const inside = space.loops.slice(at + 1);
  const parts = outputs.flatMap((output, i): Output[] =>
    edges.slice(1).map((to, k): Output => {
      const from = edges[k]!;
      const own = freshIndex(to - from);
      const fresh = inside.map((v) => freshIndex(v.extent));
      const replace = new Map<Expression, Expression>([
        [variable, add(own, constant(from, "i32"))],
        ...inside.map((v, j): [Expression, Expression] => [v, fresh[j]!]),
      ]);
      const memo = new Map<Expression, Expression>();
      const [offset, value] = [
        substitute(space.expressions[2 * i]!, replace, memo),
        substitute(space.expressions[2 * i + 1]!, replace, memo),
      ];
      const part = collapseIndices(
        dropUnits(splitIndices(dropUnits({ loops: [own, ...fresh], expressions: [offset, value] }))),
      );
      return { node: output.node, loops: part.loops, offset: part.expressions[0]!, value: part.expressions[1]! };
    }),
  );
  return { outputs: parts, rows: space.loops.slice(0, at) };
}

/** Fewer steps than these are not worth a loop of their own, with others at its edges. */
const LEAST_INSIDE = 8;
/** Vectors are read in one piece, or in few, where their elements lie so close. */
const CLOSE = 4;

/**
 * Sums of windows along the last variable, cut in three: its edges, where windows hang over, and what lies between. There
 * nothing is asked, and a step of windows and a place within it are variables of their own. Undefined where elements that are
 * read there do not lie side by side.
 */
export function cutAtEdges(outputs: readonly Output[], space: Space): Cut | undefined {
  const at = space.loops.length - 1;
  const { extent } = space.loops[at]!;
  const [from, to] = insideOf(space.expressions, space.loops[at]!);
  if (to - from < Math.max(LEAST_INSIDE, extent / 2)) return undefined;
  const cut = partsOf(
    outputs,
    space,
    at,
    [0, from, to, extent].filter((edge, i, all) => !i || edge > all[i - 1]!),
  );
  const parts = cut.outputs.length / outputs.length;
  const main = cut.outputs.filter((_, i) => i % parts === (from > 0 ? 1 : 0));
  return main.every(({ loops, offset, value }) => liesAlong(loops[0]!, [offset, value])) ? cut : undefined;
}

/** Do reductions read what lies along a variable? */
function liesAlong(variable: Index, expressions: readonly Expression[]): boolean {
  let [close, others] = [0, 0];
  walk(expressions, (e) => {
    if (e.kind !== "load" || !e.offset.free.has(variable)) return;
    const stride = strideOf(e.offset, variable);
    if (stride && stride <= CLOSE) close++;
    else others++;
  });
  return close > 0 && others === 0;
}

/** The steps of a variable in which no window hangs over: from the first on, before the last. */
function insideOf(roots: readonly Expression[], variable: Index): [from: number, to: number] {
  let [from, to] = [0, variable.extent];
  let phase: { readonly start: number; readonly stride: number } | undefined;
  walk(roots, (e) => {
    if (!e.free.has(variable)) return;
    if (e.kind === "quotient" || e.kind === "remainder") phase ??= phaseOf(e, variable);
    if (e.kind !== "binary" || e.left.dtype !== "i32") return;
    const isClamp = e.op === "max" || e.op === "min";
    if (!isClamp && e.op !== "lt" && e.op !== "le") return;
    const when = (x: Expression, step: number): Expression =>
      substitute(x, new Map([[variable, constant(step, "i32")]]));
    const middle = variable.extent >> 1;
    const settled = when(e, middle);
    const side = [e.left, e.right].find((x) => when(x, middle) === settled);
    if (isClamp ? !side : settled.kind !== "const") return;
    // Both sides of these grow or fall with the variable, if they change.
    const holds = (step: number): boolean => when(e, step) === (isClamp ? when(side!, step) : settled);
    const bisect = (outside: number, inside: number): number => {
      while (Math.abs(outside - inside) > 1) {
        const step = (outside + inside) >> 1;
        if (holds(step)) inside = step;
        else outside = step;
      }
      return inside;
    };
    from = Math.max(from, bisect(-1, middle));
    to = Math.min(to, bisect(variable.extent, middle) + 1);
  });
  if (phase) {
    const { start, stride } = phase;
    const after = (step: number): number => (((step - start) % stride) + stride) % stride;
    from += (stride - after(from)) % stride;
    to -= after(to);
  }
  return [from, to];
}

/** Where v + c is divided by a short stride: the first v that starts one. */
function phaseOf(
  { value, divisor }: Extract<Expression, { kind: "quotient" | "remainder" }>,
  variable: Index,
): { readonly start: number; readonly stride: number } | undefined {
  const stride = divisor as number;
  if (stride > LEAST_INSIDE || strideOf(value, variable) !== 1) return undefined;
  if (value.kind === "affine" && value.terms.length > 1) return undefined;
  const shift = value.kind === "affine" ? value.constant : 0;
  return { start: (stride - (shift % stride)) % stride, stride };
}

/** Positions of a variable at which a comparison with a constant changes its answer, in order. */
function boundsOf(roots: readonly Expression[], variable: Index): number[] {
  const cuts = new Set<number>();
  walk(roots, (e) => {
    if (e.kind !== "binary" || (e.op !== "lt" && e.op !== "le")) return;
    const [left, right] = [unclamped(e.left), unclamped(e.right)];
    // v + c < k turns at k − c, v + c ≤ k at k − c + 1; k < v + c at k − c + 1, k ≤ v + c at k − c.
    const [index, bound, turn] =
      right.kind === "const"
        ? [left, right, e.op === "lt" ? 0 : 1]
        : left.kind === "const"
          ? [right, left, e.op === "lt" ? 1 : 0]
          : [undefined, undefined, 0];
    if (!index || bound?.kind !== "const") return;
    const shift =
      index === variable
        ? 0
        : index.kind === "affine" &&
            index.terms.length === 1 &&
            index.terms[0]!.value === variable &&
            index.terms[0]!.coefficient === 1
          ? index.constant
          : undefined;
    if (shift === undefined) return;
    const at = bound.value - shift + turn;
    if (at > 0 && at < variable.extent) cuts.add(at);
  });
  return [...cuts].sort((a, b) => a - b);
}

/** A value without the bounds that it is kept in: where it turns is where the clamped one does, if that does at all. */
function unclamped(e: Expression): Expression {
  if (e.kind !== "binary" || e.dtype !== "i32" || (e.op !== "min" && e.op !== "max")) return e;
  return e.right.kind === "const" ? unclamped(e.left) : e.left.kind === "const" ? unclamped(e.right) : e;
}
