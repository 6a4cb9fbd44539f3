/** Products of two labelled tensors, summed over what the result does not name: matmul, einsum and outer are this. */
import { promote } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { dot } from "../../graph/ops/dot.ts";
import { permute, reshape } from "../../graph/ops/movement.ts";
import { sum } from "../../graph/ops/reduce.ts";
import { cast } from "../../graph/ops/unary.ts";
import { contractionType } from "../precision.ts";
import { toCountable } from "./operands.ts";

/** A tensor whose axes have names, each name once. */
export interface Labelled {
  readonly node: Node;
  readonly labels: readonly string[];
}

/** Without the axes that `drop` names (of size 1). */
function squeezed({ node, labels }: Labelled, drop: (label: string) => boolean): Labelled {
  if (!labels.some(drop)) return { node, labels };
  return {
    node: reshape(
      node,
      node.shape.filter((_, i) => !drop(labels[i]!)),
    ),
    labels: labels.filter((label) => !drop(label)),
  };
}

/** Summed over the axes that are not in `kept`. */
export function summed({ node, labels }: Labelled, kept: readonly string[]): Labelled {
  return {
    node: sum(
      node,
      labels.flatMap((label, i) => (kept.includes(label) ? [] : [i])),
    ),
    labels: labels.filter((label) => kept.includes(label)),
  };
}

/** The axes in the order of `labels`. */
export function ordered(x: Labelled, labels: readonly string[]): Node {
  return permute(
    x.node,
    labels.map((label) => x.labels.indexOf(label)),
  );
}

/**
 * The product of two tensors with axes `result`: axes of equal name are paired (an axis of size 1 fits every size, without
 * being repeated), and those that `result` leaves out are summed over. One `dot`, and at most one `permute`.
 */
export function contract(a: Labelled, b: Labelled, result: readonly string[]): Labelled {
  const sizeIn = ({ node, labels }: Labelled, label: string): number | undefined => node.shape[labels.indexOf(label)];
  const dtype = contractionType(promote(toCountable(a.node).dtype, toCountable(b.node).dtype));
  const typed = ({ node, labels }: Labelled): Labelled => ({ node: cast(node, dtype), labels });
  const one = (x: Labelled, other: Labelled, label: string): boolean =>
    sizeIn(x, label) === 1 && other.labels.includes(label);
  const narrowA = squeezed(typed(a), (label) => one(a, b, label) && sizeIn(b, label) !== 1);
  const narrowB = squeezed(typed(b), (label) => one(b, a, label));
  const left = summed(narrowA, [...result, ...narrowB.labels]);
  const right = summed(narrowB, [...result, ...narrowA.labels]);
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = result.filter((label) => shared.includes(label));
  const inner = shared.filter((label) => !result.includes(label));
  const axesOf = (x: Labelled, labels: readonly string[]): number[] => labels.map((label) => x.labels.indexOf(label));
  const free = (x: Labelled): string[] => x.labels.filter((label) => !shared.includes(label));
  const node = dot(left.node, right.node, {
    batch: [axesOf(left, batch), axesOf(right, batch)],
    contract: [axesOf(left, inner), axesOf(right, inner)],
  });
  const labels = [...batch, ...free(left), ...free(right)];
  return { node: ordered({ node, labels }, result), labels: result };
}
