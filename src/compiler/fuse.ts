/**
 * Decides which values are stored, and which stored values one kernel computes together.
 *
 * Every kernel runs over rows: a group's members all have one value (or one line of values) per row, so a member that
 * another one reads row by row is still at hand in a register and need not go through memory. Softmax, layer norm and
 * cross-entropy come out as one kernel each by this rule alone, and so do a contraction and its epilogue.
 */
import { sizeOf, type Shape } from "../core/shape.ts";
import { index as freshIndex, type Expression, type Index } from "../ir/expression.ts";
import { topological, type Node } from "../graph/node.ts";
import { afterOp } from "../graph/ops/control.ts";
import { dotOp } from "../graph/ops/dot.ts";
import { fillOp, iotaOp } from "../graph/ops/leaf.ts";
import { contiguousOp, foldOp, permuteOp, reshapeOp } from "../graph/ops/movement.ts";
import { scanOp, scanOutputOp } from "../graph/ops/scan.ts";
import { argmaxOp, argminOp, maxReduceOp, minReduceOp, prodOp, sumOp } from "../graph/ops/reduce.ts";
import { Inliner } from "./inline.ts";

/** One kernel to be: stored nodes and the index at which each of them is computed. */
export interface Group {
  /** In topological order; the first one fixes the rows. */
  readonly members: Member[];
  readonly rows: readonly Index[];
  /** Why the last candidate was not merged, for `explain`. */
  readonly notes: string[];
  /** Set when the members are the results of a loop, which is scheduled as a whole. */
  readonly scan?: Node;
}
export interface Member {
  readonly node: Node;
  /** The row indices, and further ones inside the row, in the order of the node's axes. */
  readonly index: readonly Expression[];
  /** Whether it must reach memory: false when all its readers are in the group. */
  stored: boolean;
}

const isOp = (node: Node, ...ops: unknown[]): boolean => node.source === undefined && ops.includes(node.op);
const isReduce = (node: Node): boolean => isOp(node, sumOp, prodOp, maxReduceOp, minReduceOp, argmaxOp, argminOp);
/** A contraction, perhaps in another order than it is computed in. */
export const isHeavy = (node: Node): boolean =>
  isOp(node, dotOp) || (isOp(node, permuteOp, reshapeOp, contiguousOp) && isHeavy(node.inputs[0]!));
const EXPENSIVE: ReadonlySet<string> = new Set(["exp", "log", "sin", "cos", "tanh", "erf", "pow", "randomBits"]);
/** Values that cost nothing to make again. */
const isFree = (node: Node): boolean =>
  isOp(node, fillOp, iotaOp) || (node.source === undefined && node.op.movement === true);

export interface Fusion {
  readonly groups: readonly Group[];
  /** The group that computes a stored node. */
  readonly groupOf: ReadonlyMap<Node, Group>;
  /** The stored nodes that each stored node waits for. */
  readonly needs: ReadonlyMap<Node, readonly Node[]>;
}

/** Rows fewer than this do not occupy the machine; a large member then gets a kernel of its own. */
const FEW_ROWS = 16;
const LARGE = 16_384;

/**
 * Groups everything that `roots` need. Roots in `updates` overwrite what they were computed from: they and what is made for
 * them alone join one another only, so that an optimizer's kernels are alike for all parameters and run as one step.
 */
export function fuse(roots: readonly Node[], updates: ReadonlySet<Node> = new Set()): Fusion {
  const order = topological(roots);
  const users = new Map<Node, Node[]>();
  for (const node of order)
    if (!node.source) for (const x of new Set(node.inputs)) users.set(x, [...(users.get(x) ?? []), node]);
  const stored = chooseStored(order, roots, users);
  const groupOf = new Map<Node, Group>();
  const groups: Group[] = [];
  const needs = dependencies(order, stored);
  const updating = servingOnly(updates, order, needs);
  // Numbers, like the count of steps, are what updates of many elements read in common.
  const mayMeet = (group: Group, node: Node): boolean => {
    const first = group.members[0]!.node;
    if (!updating.has(node)) return !updating.has(first);
    return updating.has(first) && (sizeOf(first.shape) > 1 || equalShapes(first.shape, node.shape));
  };
  for (const node of order) {
    if (!stored.has(node)) continue;
    if (isOp(node, scanOutputOp)) {
      const scan = node.inputs[0]!;
      let group = groups.find((g) => g.scan === scan);
      if (!group) groups.push((group = { members: [], rows: [], notes: [], scan }));
      group.members.push({ node, index: [], stored: true });
      groupOf.set(node, group);
      continue;
    }
    const home = [...new Set(needs.get(node)!.map((x) => groupOf.get(x)!))]
      .reverse()
      .find((g) => mayMeet(g, node) && join(g, node, stored, groupOf, needs));
    if (home) {
      groupOf.set(node, home);
      continue;
    }
    const sibling = findSibling(
      node,
      groups.filter((g) => !g.scan && mayMeet(g, node)),
      stored,
      groupOf,
      needs,
    );
    if (sibling) {
      groupOf.set(node, sibling);
      continue;
    }
    const index = node.shape.map((d) => freshIndex(d));
    const group: Group = { members: [{ node, index, stored: true }], rows: index, notes: [] };
    groups.push(group);
    groupOf.set(node, group);
  }
  dropInner(groups, roots, needs, groupOf);
  return { groups, groupOf, needs };
}

/** Updates, and the maps of their shape that nothing else reads: these stay in registers of the updates' kernel. */
function servingOnly(
  updates: ReadonlySet<Node>,
  order: readonly Node[],
  needs: ReadonlyMap<Node, readonly Node[]>,
): Set<Node> {
  const serving = new Set(updates);
  if (!updates.size) return serving;
  const readers = new Map<Node, Node[]>();
  for (const [node, reads] of needs) for (const x of reads) readers.set(x, [...(readers.get(x) ?? []), node]);
  const isMap = (node: Node): boolean => !isReduce(node) && !isHeavy(node) && !standsAlone(node);
  for (const node of [...order].reverse())
    if (
      isMap(node) &&
      readers.get(node)?.every((reader) => serving.has(reader) && equalShapes(reader.shape, node.shape))
    )
      serving.add(node);
  return serving;
}

/** Phase one: roots, contractions and what they read, reductions, loops, and shared values that are dear to make twice. */
function chooseStored(
  order: readonly Node[],
  roots: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
): Set<Node> {
  const stored = new Set<Node>();
  const store = (node: Node): void => {
    if (!node.source && !isOp(node, fillOp, scanOp)) stored.add(node);
  };
  for (const root of roots) if (!root.source) stored.add(root);
  const loads = new Map<Node, number>();
  for (const node of order) {
    if (node.source) continue;
    if (isOp(node, dotOp)) store(lastOrder(node, roots, users));
    else if (isReduce(node) || node.op.lowerLoops || isOp(node, contiguousOp)) store(node);
    if (isOp(node, dotOp)) for (const x of node.inputs) store(beneath(x, stored));
    // An op's own loops take values as they are: a sum over windows is made before.
    if (node.op.lowerLoops) for (const x of node.inputs) if (sums(x, stored)) store(beneath(x, stored));
    if (isOp(node, afterOp)) store(beneath(node.inputs[0]!, stored));
    if (isOp(node, scanOutputOp)) store(node);
    // What every step of a loop reads in another order than it is stored in is brought into order once.
    if (isOp(node, scanOp)) for (const x of node.inputs) store(isOp(x, permuteOp) ? x : beneath(x, stored));
    // How much memory one element's recomputation reads, in elements of this node.
    const own = (x: Node): number =>
      Math.min(1, sizeOf(x.shape) / Math.max(1, sizeOf(node.shape))) * (x.source || stored.has(x) ? 1 : loads.get(x)!);
    const distinct = [...new Set(node.inputs)];
    loads.set(node, distinct.reduce((sum, x) => sum + own(x), 0) * (isOp(node, foldOp) ? 4 : 1));
    if ((users.get(node)?.length ?? 0) > 1 && !isFree(node) && (loads.get(node)! > 1.5 || isDear(node, stored)))
      store(node);
    // A sum over overlapping windows is read once per element, not once per reader.
    if (isOp(node, foldOp) && (users.get(node)?.length ?? 0) > 1) store(node);
  }
  return stored;
}

/** The first node under movement ops, or the first stored one. */
function beneath(node: Node, stored: ReadonlySet<Node>): Node {
  return !node.source && !stored.has(node) && node.op.movement && !isOp(node, afterOp)
    ? beneath(node.inputs[0]!, stored)
    : node;
}

/** The order in which the only reader of a contraction wants it: stored like that at once, the reader reads straight on. A copy is its last. */
function lastOrder(node: Node, roots: readonly Node[], users: ReadonlyMap<Node, readonly Node[]>): Node {
  const [user, ...others] = users.get(node) ?? [];
  if (!user || others.length || roots.includes(node)) return node;
  if (isOp(user, contiguousOp)) return user;
  return isOp(user, permuteOp, reshapeOp) ? lastOrder(user, roots, users) : node;
}

/** Whether reading an element means summing over windows. */
function sums(node: Node, stored: ReadonlySet<Node>): boolean {
  return !node.source && !stored.has(node) && (isOp(node, foldOp) || node.inputs.some((x) => sums(x, stored)));
}

function isDear(node: Node, stored: ReadonlySet<Node>): boolean {
  if (node.source) return false;
  if (EXPENSIVE.has(node.op.name)) return true;
  return node.inputs.some((x) => !stored.has(x) && !x.source && !isFree(x) && isDear(x, stored));
}

/** The stored nodes that each stored node reads. */
function dependencies(order: readonly Node[], stored: ReadonlySet<Node>): Map<Node, Node[]> {
  const reads = new Map<Node, ReadonlySet<Node>>();
  const out = new Map<Node, Node[]>();
  for (const node of order) {
    const own = new Set<Node>();
    if (!node.source)
      for (const x of node.inputs) {
        if (stored.has(x)) own.add(x);
        else for (const y of reads.get(x)!) own.add(y);
      }
    reads.set(node, own);
    if (stored.has(node)) out.set(node, [...own]);
  }
  return out;
}

/** Ops that are a kernel (or a loop of kernels) of their own. */
const standsAlone = (node: Node): boolean => node.op.lowerLoops !== undefined || isOp(node, contiguousOp, scanOutputOp);

/** Adds a node to a group whose members it reads row by row, if nothing is computed twice and no circle arises. */
function join(
  group: Group,
  node: Node,
  stored: ReadonlySet<Node>,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  if (standsAlone(node) || isHeavy(node) || standsAlone(group.members[0]!.node)) return false;
  const inGroup = new Map(group.members.map((m) => [m.node, m]));
  const own = node.shape.map((d) => freshIndex(d));
  let rowOf: Map<Index, Index> | undefined;
  let fits = true;
  const match = (member: Member, index: readonly Expression[]): void => {
    // Only the part of a member's index that is a row of the group must agree.
    const rows = new Map<Index, Index>();
    member.index.forEach((e, axis) => {
      if (e.kind !== "index" || !group.rows.includes(e)) return;
      const at = index[axis]!;
      if (member.node.shape[axis] === 1) return;
      if (at.kind !== "index" || !own.includes(at) || at.extent !== e.extent) fits = false;
      else rows.set(at, e);
    });
    const long = group.rows.filter((r) => r.extent > 1).length;
    if (rows.size !== long) fits = false;
    if (rowOf && [...rows].some(([at, row]) => rowOf!.get(at) !== row)) fits = false;
    rowOf ??= rows;
  };
  const inliner = new Inliner((n) => n.source !== undefined || (stored.has(n) && n !== node), {
    visit(n, index) {
      const member = inGroup.get(n);
      if (member && n !== node) match(member, index);
    },
  });
  inliner.compute(node, own);
  if (!rowOf || !fits) return false;
  const inner = own.filter((i) => !rowOf!.has(i));
  // A contraction's epilogue works on finished sums, one by one.
  const heavy = group.members.some((m) => isHeavy(m.node));
  if (heavy && (isReduce(node) || inner.some((i) => i.extent > 1))) return false;
  const rows = group.rows.reduce((p, r) => p * r.extent, 1);
  if (
    rows < FEW_ROWS &&
    (sizeOf(node.shape) > LARGE || needs.get(node)!.some((x) => sizeOf(x.shape) > LARGE && !inGroup.has(x)))
  )
    return false;
  if (isReduce(node) && readsMoreThan(node, group, LARGE) && rows < FEW_ROWS) return false;
  if (circular(group, node, groupOf, needs)) return false;
  group.members.push({ node, index: own.map((i) => rowOf!.get(i) ?? i), stored: true });
  return true;
}

const readsMoreThan = (node: Node, group: Group, limit: number): boolean =>
  node.inputs.some((x) => sizeOf(x.shape) > limit && !group.members.some((m) => m.node === x));

/** Would the group, with `node` in it, wait for itself? */
function circular(
  group: Group,
  node: Node,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  const seen = new Set<Group>([group]);
  const stack = needs
    .get(node)!
    .map((x) => groupOf.get(x)!)
    .filter((g) => g !== group);
  while (stack.length) {
    const g = stack.pop()!;
    if (seen.has(g)) continue;
    seen.add(g);
    for (const m of g.members)
      for (const x of needs.get(m.node)!) {
        const next = groupOf.get(x)!;
        if (next === group) return true;
        stack.push(next);
      }
  }
  return false;
}

/** A group over equal rows that reads the same large value and neither needs nor feeds the node. */
function findSibling(
  node: Node,
  groups: readonly Group[],
  stored: ReadonlySet<Node>,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): Group | undefined {
  if (isHeavy(node) || standsAlone(node)) return undefined;
  const inputs = new Set(leavesOf(node, stored));
  const domain = reducedShape(node);
  for (const group of groups) {
    const first = group.members[0]!.node;
    if (isHeavy(first) || standsAlone(first) || !equalShapes(first.shape, node.shape)) continue;
    if (group.members.some((m) => !equalShapes(m.node.shape, node.shape) || !equalShapes(reducedShape(m.node), domain)))
      continue;
    if (
      !group.members.some((m) =>
        leavesOf(m.node, stored).some(
          // Numbers belong to nobody in particular.
          (x) => inputs.has(x) && x.shape.length > 0 && sizeOf(x.shape) >= sizeOf(node.shape) / 2,
        ),
      )
    )
      continue;
    if (circular(group, node, groupOf, needs) || needs.get(node)!.some((x) => groupOf.get(x) === group)) continue;
    group.members.push({ node, index: group.members[0]!.index, stored: true });
    return group;
  }
  return undefined;
}

const equalShapes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);
const reducedShape = (node: Node): Shape => (isReduce(node) ? node.inputs[0]!.shape : node.shape);

/** What the kernel of a node loads. */
function leavesOf(node: Node, stored: ReadonlySet<Node>): Node[] {
  return topological([node], (n) => n !== node && (n.source !== undefined || stored.has(n))).filter(
    (n) => n !== node && (n.source !== undefined || stored.has(n)),
  );
}

/** A member that only its own group reads never reaches memory, nor does one without elements. */
function dropInner(
  groups: readonly Group[],
  roots: readonly Node[],
  needs: ReadonlyMap<Node, readonly Node[]>,
  groupOf: ReadonlyMap<Node, Group>,
): void {
  const readOutside = new Set<Node>(roots);
  for (const [node, reads] of needs)
    for (const x of reads) if (groupOf.get(x) !== groupOf.get(node)) readOutside.add(x);
  for (const group of groups)
    for (const member of group.members) member.stored = readOutside.has(member.node) && sizeOf(member.node.shape) > 0;
}
