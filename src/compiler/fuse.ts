/**
 * Decides which stored values one kernel computes together.
 *
 * Every kernel runs over rows: a group's members all have one value (or one line of values) per row, so a member that
 * another one reads row by row is still at hand in a register and need not go through memory. Softmax, layer norm and
 * cross-entropy come out as one kernel each by this rule alone, and so do a contraction and its epilogue.
 */
import { sizeOf, type Shape } from "../core/shape.ts";
import { index as freshIndex, type Expression, type Index } from "../ir/expression.ts";
import { topological, type Node } from "../graph/node.ts";
import { scanOutputOp } from "../graph/ops/scan.ts";
import { areOneFamily, attentionBeneath } from "./attention.ts";
import { Inliner } from "./inline.ts";
import { isHeavy, isOp, isReduce, standsAlone } from "./kinds.ts";
import { chooseStored, dependencies } from "./stored.ts";

/** One kernel to be: stored nodes and the index at which each of them is computed. */
export interface Group {
  /** In topological order, all computed over the same rows. */
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
  const position = new Map(order.map((node, i) => [node, i]));
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
    const relative = relatives(node, groups, stored);
    if (relative) {
      relative.members.push({ node, index: node.shape.map((d) => freshIndex(d)), stored: true });
      groupOf.set(node, relative);
      continue;
    }
    const home = [...new Set(needs.get(node)!.map((x) => groupOf.get(x)!))]
      .reverse()
      .find((g) => mayMeet(g, node) && join(g, node, stored, groupOf, needs));
    if (home) {
      groupOf.set(node, home);
      if (!updating.has(node)) continue;
      for (const other of new Set(needs.get(node)!.map((x) => groupOf.get(x)!)))
        if (other !== home && mayMeet(other, node) && unite(home, other, node, stored, groupOf, needs))
          groups.splice(groups.indexOf(other), 1);
      home.members.sort((a, b) => position.get(a.node)! - position.get(b.node)!);
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

/** The group whose kernel computes this value too: that of another result of the same attention. */
function relatives(node: Node, groups: readonly Group[], stored: ReadonlySet<Node>): Group | undefined {
  const own = attentionBeneath(node, (n) => stored.has(n));
  return (
    own &&
    groups.find(({ members: [first] }) => {
      const other = attentionBeneath(first!.node, (n) => stored.has(n));
      return other && areOneFamily(own, other);
    })
  );
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

/** Adds a node to a group whose members it reads row by row, if nothing is computed twice and no circle arises. */
function join(
  group: Group,
  node: Node,
  stored: ReadonlySet<Node>,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  if (standsAlone(node) || isHeavy(node) || standsAlone(group.members[0]!.node)) return false;
  const own = node.shape.map((d) => freshIndex(d));
  const rowOf = rowsOf(group, node, own, stored);
  if (!rowOf) return false;
  const inner = own.filter((i) => !rowOf.has(i));
  // A contraction's epilogue works on finished sums, one by one.
  const heavy = group.members.some((m) => isHeavy(m.node));
  if (heavy && (isReduce(node) || inner.some((i) => i.extent > 1))) return false;
  const rows = group.rows.reduce((p, r) => p * r.extent, 1);
  if (
    rows < FEW_ROWS &&
    (sizeOf(node.shape) > LARGE || needs.get(node)!.some((x) => sizeOf(x.shape) > LARGE && groupOf.get(x) !== group))
  )
    return false;
  if (isReduce(node) && readsMoreThan(node, group, LARGE) && rows < FEW_ROWS) return false;
  // Of rows that do not lie in memory one after the other, such as channels, neighbours are computed side by side.
  const isLarge = isReduce(node) ? readsMoreThan(node, group, LARGE) : sizeOf(node.shape) > LARGE;
  if (isLarge && scatters(own, rowOf)) return false;
  if (circular([group], [node], groupOf, needs)) return false;
  group.members.push({ node, index: own.map((i) => rowOf.get(i) ?? i), stored: true });
  return true;
}

/** Does an axis within the row stand before one of the rows: do neighbours in memory belong to different rows? */
function scatters(own: readonly Index[], rowOf: ReadonlyMap<Index, Index>): boolean {
  const long = own.filter((v) => v.extent > 1);
  return long.some((v, axis) => !rowOf.has(v) && long.slice(axis).some((after) => rowOf.has(after)));
}

/** The row of the group that each index of the node stands for; undefined when it does not read the members row by row. */
function rowsOf(
  group: Group,
  node: Node,
  own: readonly Index[],
  stored: ReadonlySet<Node>,
): ReadonlyMap<Index, Index> | undefined {
  const inGroup = new Map(group.members.map((m) => [m.node, m]));
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
  return fits ? rowOf : undefined;
}

/** Brings the members of `other` into `group`, whose member `node` reads both row by row. */
function unite(
  group: Group,
  other: Group,
  node: Node,
  stored: ReadonlySet<Node>,
  groupOf: Map<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  const own = node.shape.map((d) => freshIndex(d));
  const here = group.members.find((m) => m.node === node)!.index;
  const there = rowsOf(other, node, own, stored);
  if (!there) return false;
  const rowOf = new Map<Expression, Expression>();
  own.forEach((v, axis) => there.has(v) && rowOf.set(there.get(v)!, here[axis]!));
  if ([...rowOf.values()].some((e) => !(group.rows as readonly Expression[]).includes(e))) return false;
  if (group.rows.filter((r) => r.extent > 1).length !== rowOf.size) return false;
  const members = [...group.members, ...other.members].map((m) => m.node);
  if (members.some((n) => isHeavy(n) || standsAlone(n)) || circular([group, other], members, groupOf, needs))
    return false;
  for (const m of other.members) {
    group.members.push({ ...m, index: m.index.map((e) => rowOf.get(e) ?? e) });
    groupOf.set(m.node, group);
  }
  return true;
}

const readsMoreThan = (node: Node, group: Group, limit: number): boolean =>
  node.inputs.some((x) => sizeOf(x.shape) > limit && !group.members.some((m) => m.node === x));

/** Would the kernel of these groups, with `nodes` in it, wait for itself? */
function circular(
  together: readonly Group[],
  nodes: readonly Node[],
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  const seen = new Set(together);
  const groupsFor = (node: Node): Group[] => needs.get(node)!.map((x) => groupOf.get(x)!);
  const stack = nodes.flatMap(groupsFor).filter((g) => !seen.has(g));
  while (stack.length) {
    const g = stack.pop()!;
    if (seen.has(g)) continue;
    seen.add(g);
    for (const next of g.members.flatMap((m) => groupsFor(m.node))) {
      if (together.includes(next)) return true;
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
    if (circular([group], [node], groupOf, needs) || needs.get(node)!.some((x) => groupOf.get(x) === group)) continue;
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
