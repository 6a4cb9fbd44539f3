/**
 * Loops cut where a guard changes: padding, concatenation and sums of padded parts ask every element which part it lies in;
 * one loop per part asks nothing.
 */
import { add, constant, index as freshIndex, type Expression, type Index } from "../ir/expression.ts";
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

/** More parts than this are not worth their code. */
const MOST_PARTS = 6;

/** The outputs part by part, each with its own inner loops, and the rows around them; undefined when nothing is guarded. */
export function cutAtBounds(
  outputs: readonly Output[],
  space: Space,
): { readonly outputs: readonly Output[]; readonly rows: readonly Index[] } | undefined {
  // The innermost guarded variable: its loop is the one that runs most.
  for (let at = space.loops.length - 1; at >= 0; at--) {
    const variable = space.loops[at]!;
    const cuts = boundsOf(space.expressions, variable);
    if (!cuts.length || cuts.length >= MOST_PARTS) continue;
    const rows = space.loops.slice(0, at);
    const inside = space.loops.slice(at + 1);
    const edges = [0, ...cuts, variable.extent];
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
    return { outputs: parts, rows };
  }
  return undefined;
}

/** Positions of a variable at which a comparison with a constant changes its answer, in order. */
function boundsOf(roots: readonly Expression[], variable: Index): number[] {
  const cuts = new Set<number>();
  walk(roots, (e) => {
    if (e.kind !== "binary" || (e.op !== "lt" && e.op !== "le")) return;
    const [left, right] = [e.left, e.right];
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
