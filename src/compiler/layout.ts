/**
 * In which order the axes of an intermediate value lie in memory. What the user sees as [n, c, h, w] may be stored with
 * channels last: values that only kernels see are stored in the order in which they are computed best, and everything
 * that reads them follows. Results, state and copies (`contiguous`) keep the order of their axes.
 */
import { sameShape, sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { dotOp } from "../graph/ops/dot.ts";
import { permuteOp, reshapeOp } from "../graph/ops/movement.ts";
import { constant, type Expression, type Index } from "../ir/expression.ts";
import type { Group } from "./fuse.ts";
import { isHeavy, standsAlone } from "./kinds.ts";
import { walk } from "../ir/walk.ts";
import { Inliner, type Layouts } from "./inline.ts";

/** Groups whose rows run in the order of memory, and the order of the axes of what they store, where it is not the usual one. */
export interface LaidOut {
  readonly groups: readonly Group[];
  readonly groupOf: ReadonlyMap<Node, Group>;
  readonly layouts: Layouts;
}

/** Chooses for every group. `fixed` are the nodes that others than kernels read. */
export function layOutValues(
  groups: readonly Group[],
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
  fixed: ReadonlySet<Node>,
): LaidOut {
  const layouts = new Map<Node, readonly number[]>();
  const chosen = new Map<Group, Group>();
  // What a loop reads again and again is copied into the order in which it is asked for.
  const kept = new Set([...fixed, ...groups.filter((g) => g.scan).flatMap((g) => g.scan!.inputs)]);
  // A group knows its order when those that it reads know theirs.
  const choose = (group: Group): void => {
    if (chosen.has(group)) return;
    chosen.set(group, group);
    for (const { node } of group.members)
      for (const x of needs.get(node) ?? []) {
        const before = groupOf.get(x);
        if (before && before !== group) choose(before);
      }
    const rows = mayChange(group, kept) ? orderOf(group, (n) => groupOf.has(n), layouts) : undefined;
    if (!rows) return;
    if (rows.some((v, i) => v !== group.rows[i])) chosen.set(group, { ...group, rows });
    for (const { node, index } of group.members) {
      const axes = rows.map((v) => index.indexOf(v)).filter((axis) => axis >= 0);
      const order = [...node.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
      if (order.some((axis, i) => axis !== i)) layouts.set(node, order);
    }
  };
  groups.forEach(choose);
  for (const { node } of groups.flatMap((g) => g.members))
    if (node.op.lowerAttention && !kept.has(node) && node.shape.length > 3) layouts.set(node, headsInside(node));
  return {
    groups: groups.map((g) => chosen.get(g)!),
    groupOf: new Map([...groupOf].map(([n, g]) => [n, chosen.get(g) ?? g])),
    layouts,
  };
}

/** The heads of attention lie beside their features, as projections read them. */
function headsInside({ shape }: Node): readonly number[] {
  const [features, length, heads] = [1, 2, 3].map((fromEnd) => shape.length - fromEnd) as [number, number, number];
  return [...shape.keys()].slice(0, -3).concat(length, heads, features);
}

/** Only values whose axes are exactly the group's rows, those of size 1 aside, and that nobody else looks at. */
function mayChange({ members, rows, scan }: Group, fixed: ReadonlySet<Node>): boolean {
  return (
    !scan &&
    rows.length > 1 &&
    members.every(
      ({ node, index }) =>
        !fixed.has(node) &&
        !standsAlone(node) &&
        rows.every((v) => v.extent === 1 || index.includes(v)) &&
        index.every((e, axis) => node.shape[axis] === 1 || (e.kind === "index" && rows.includes(e))),
    )
  );
}

/** The rows in the order of the product that the group finishes, or of the largest value that it reads. */
function orderOf(group: Group, isStored: (node: Node) => boolean, layouts: Layouts): readonly Index[] | undefined {
  const heavy = group.members.find((m) => isHeavy(m.node));
  if (heavy) {
    const order = orderOfProduct(heavy.node, heavy.index)?.filter((v): v is Index => group.rows.includes(v as Index));
    // Axes of size 1 that the product itself does not have stand in front.
    return order && [...group.rows.filter((v) => !order.includes(v)), ...order];
  }
  const inside = new Set(group.members.map((m) => m.node));
  const inliner = new Inliner((n) => n.source !== undefined || (isStored(n) && !inside.has(n)), { layouts });
  const loads: { readonly size: number; readonly strides: readonly number[] }[] = [];
  const nodes = (): Node[] => [...inliner.buffers.keys()];
  walk(
    group.members.map((m) => inliner.read(m.node, m.index)),
    (e) => {
      if (e.kind !== "load") return;
      const strides = group.rows.map((v) => strideIn(e.offset, v));
      if (strides.every((stride, i) => stride > 0 || group.rows[i]!.extent === 1))
        loads.push({ size: sizeOf(nodes()[e.buffer]!.shape), strides });
    },
  );
  if (!loads.length) return undefined;
  const { strides } = loads.reduce((a, b) => (b.size > a.size ? b : a));
  return group.rows
    .map((v, i) => ({ v, stride: strides[i]!, i }))
    .sort((a, b) => b.stride - a.stride || a.i - b.i)
    .map(({ v }) => v);
}

/** A product's own axes, under permutations and axes of size 1 that came or went. */
function orderOfProduct(node: Node, index: readonly Expression[]): readonly Expression[] | undefined {
  if (node.op === dotOp) return index;
  const inner: Expression[] = [];
  if (node.op === permuteOp)
    (node.attributes["axes"] as readonly number[]).forEach((axis, i) => (inner[axis] = index[i]!));
  else if (node.op === reshapeOp) {
    const axes = longAxes(node);
    const from = longAxes(node.inputs[0]!);
    if (!sameShape(axes.map(sizeIn(node)), from.map(sizeIn(node.inputs[0]!)))) return undefined;
    node.inputs[0]!.shape.forEach((_, axis) => {
      inner[axis] = from.includes(axis) ? index[axes[from.indexOf(axis)]!]! : constant(0, "i32");
    });
  } else return undefined;
  return orderOfProduct(node.inputs[0]!, inner);
}

const longAxes = ({ shape }: Node): number[] => [...shape.keys()].filter((axis) => shape[axis] !== 1);
const sizeIn =
  ({ shape }: Node) =>
  (axis: number): number =>
    shape[axis]!;

/** How far an offset moves with a variable, about: quotients move it more slowly. 0 where it does not, or goes back. */
function strideIn(offset: Expression, variable: Index): number {
  if (offset === variable) return 1;
  if (!offset.free.has(variable)) return 0;
  switch (offset.kind) {
    case "affine":
      return offset.terms.reduce((sum, t) => sum + t.coefficient * strideIn(t.value, variable), 0);
    case "quotient":
      return typeof offset.divisor === "number" ? strideIn(offset.value, variable) / offset.divisor : 0;
    case "remainder":
      return strideIn(offset.value, variable);
    case "binary":
      return Math.max(strideIn(offset.left, variable), strideIn(offset.right, variable));
    default:
      return 0;
  }
}
