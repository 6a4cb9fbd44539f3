import { ShapeError } from "../../core/errors.ts";
import { broadcastShapes, show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { contract } from "./contract.ts";

/** What may have been meant, where the operands would fit after a transposition. */
function suggestion(a: Node, b: Node): string {
  const [x, w] = [a.shape, b.shape];
  if (w.length >= 2 && w[w.length - 1] === x[x.length - 1])
    return `. Did you mean ${w.length === 2 ? "x.matmul(w.T)" : "x.matmul(w.transpose(-1, -2))"}?`;
  if (x.length >= 2 && x[x.length - 2] === w[Math.max(0, w.length - 2)])
    return `. Did you mean ${x.length === 2 ? "x.T.matmul(w)" : "x.transpose(-1, -2).matmul(w)"}?`;
  return ". The last axis of the left side must be as long as the second-last of the right side";
}

/**
 * Matrix product by NumPy's rules: the last two axes are matrices, those before them broadcast; one axis is a vector.
 * [.., m, k] × [.., k, n] → [.., m, n]. Dtypes promote; bool and u8 multiply as i32.
 * Throws ShapeError when inner or batch sizes differ, or one side is a scalar.
 */
export function matmul(a: Node, b: Node): Node {
  if (a.shape.length === 0) throw new ShapeError("matmul: the left side is a scalar; use mul");
  if (b.shape.length === 0) throw new ShapeError("matmul: the right side is a scalar; use mul");
  const inner = a.shape[a.shape.length - 1]!;
  const other = b.shape[Math.max(0, b.shape.length - 2)]!;
  if (inner !== other)
    throw new ShapeError(
      `matmul: inner dimensions differ: ${show(a.shape)} × ${show(b.shape)} (${inner} ≠ ${other})${suggestion(a, b)}`,
    );
  if (!broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)))
    throw new ShapeError(
      `matmul: batch dimensions of ${show(a.shape)} and ${show(b.shape)} do not broadcast. ` +
        `Axes before the last two must be equal or 1, counted from the right`,
    );
  const batches = (rank: number): string[] => Array.from({ length: Math.max(0, rank - 2) }, (_, i) => `b${rank - i}`);
  const rows = a.shape.length > 1 ? ["m"] : [];
  const columns = b.shape.length > 1 ? ["n"] : [];
  const longer = batches(Math.max(a.shape.length, b.shape.length));
  return contract(
    { node: a, labels: [...batches(a.shape.length), ...rows, "k"] },
    { node: b, labels: [...batches(b.shape.length), "k", ...columns] },
    [...longer, ...rows, ...columns],
  ).node;
}

/** Every element of `a` times every element of `b`: the shape of `a` followed by the shape of `b`. */
export function outer(a: Node, b: Node): Node {
  const left = a.shape.map((_, i) => `a${i}`);
  const right = b.shape.map((_, i) => `b${i}`);
  return contract({ node: a, labels: left }, { node: b, labels: right }, [...left, ...right]).node;
}
