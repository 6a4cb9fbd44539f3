/**
 * Decides which stored values one kernel computes together.
 *
 * Every kernel runs over rows: a group's members all have one value (or one line of values) per row, so a member that
 * another one reads row by row is still at hand in a register and need not go through memory. Softmax, layer norm and
 * cross-entropy come out as one kernel each by this rule alone, and so do a contraction and its epilogue.
 */
import { sameShape, sizeOf } from "../core/shape.ts";
import { index as freshIndex, type Expression, type Index } from "../ir/expression.ts";
import { topological, type Node } from "../graph/node.ts";
import { isOp } from "../graph/op.ts";
import { scanOutputOp } from "../graph/ops/scanBody.ts";
import { areOneFamily, attentionBeneath } from "./attention.ts";
import { Cones } from "./cones.ts";
import { isHeavy, isReduce, standsAlone } from "./kinds.ts";
import { Rows } from "./rows.ts";
import { Siblings } from "./siblings.ts";
import { chooseStored } from "./stored.ts";

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
  /** What is computed to get each stored node. */
  readonly cones: Cones;
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
  const stored = chooseStored(order, roots, usersIn(order));
  const groupOf = new Map<Node, Group>();
  const groups: Group[] = [];
  const cones = new Cones(stored);
  const needs = new Map<Node, readonly Node[]>();
  for (const node of order)
    if (stored.has(node))
      needs.set(
        node,
        cones.of(node).leaves.filter((x) => stored.has(x)),
      );
  const updating = servingOnly(updates, order, needs);
  const rows = new Rows(cones);
  const siblings = new Siblings(cones);
  // Numbers, like the count of steps, are what updates of many elements read in common.
  const mayMeet = (group: Group, node: Node): boolean => {
    const first = group.members[0]!.node;
    if (!updating.has(node)) return !updating.has(first);
    return updating.has(first) && (sizeOf(first.shape) > 1 || sameShape(first.shape, node.shape));
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
      .find((g) => mayMeet(g, node) && join(g, node, rows, groupOf, needs));
    if (home) {
      groupOf.set(node, home);
      siblings.add(node, home);
      if (!updating.has(node)) continue;
      for (const other of new Set(needs.get(node)!.map((x) => groupOf.get(x)!)))
        if (other !== home && mayMeet(other, node) && unite(home, other, node, rows, groupOf, needs)) {
          groups.splice(groups.indexOf(other), 1);
          siblings.remove(other);
          for (const m of other.members) siblings.add(m.node, home);
        }
      home.members.sort((a, b) => position.get(a.node)! - position.get(b.node)!);
      continue;
    }
    let group = siblings.of(node).find((g) => mayMeet(g, node) && isApart(g, node, groupOf, needs));
    if (group) group.members.push({ node, index: group.members[0]!.index, stored: true });
    else {
      const index = node.shape.map((d) => freshIndex(d));
      groups.push((group = { members: [{ node, index, stored: true }], rows: index, notes: [] }));
    }
    groupOf.set(node, group);
    siblings.add(node, group);
  }
  dropInner(groups, roots, needs, groupOf);
  return { groups, groupOf, needs, cones };
}

/** The nodes that read each node. */
function usersIn(order: readonly Node[]): Map<Node, Node[]> {
  const users = new Map<Node, Node[]>();
  for (const node of order) {
    if (node.source) continue;
    for (const x of new Set(node.inputs)) {
      const known = users.get(x);
      if (known) known.push(node);
      else users.set(x, [node]);
    }
  }
  return users;
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
  for (const [node, reads] of needs)
    for (const x of reads) {
      const known = readers.get(x);
      if (known) known.push(node);
      else readers.set(x, [node]);
    }
  const isMap = (node: Node): boolean => !isReduce(node) && !isHeavy(node) && !standsAlone(node);
  for (const node of [...order].reverse())
    if (isMap(node) && readers.get(node)?.every((reader) => serving.has(reader) && sameShape(reader.shape, node.shape)))
      serving.add(node);
  return serving;
}

/** Adds a node to a group whose members it reads row by row, if nothing is computed twice and no circle arises. */
function join(
  group: Group,
  node: Node,
  rowsOf: Rows,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  if (standsAlone(node) || isHeavy(node) || standsAlone(group.members[0]!.node)) return false;
  const rowOf = rowsOf.of(group, node);
  if (!rowOf) return false;
  // A contraction's epilogue works on finished sums, one by one.
  const heavy = group.members.some((m) => isHeavy(m.node));
  if (heavy && (isReduce(node) || node.shape.some((d, axis) => d > 1 && !rowOf.has(axis)))) return false;
  const rows = group.rows.reduce((p, r) => p * r.extent, 1);
  if (
    rows < FEW_ROWS &&
    (sizeOf(node.shape) > LARGE || needs.get(node)!.some((x) => sizeOf(x.shape) > LARGE && groupOf.get(x) !== group))
  )
    return false;
  if (isReduce(node) && readsMoreThan(node, group, LARGE) && rows < FEW_ROWS) return false;
  // Of rows that do not lie in memory one after the other, such as channels, neighbours are computed side by side.
  const isLarge = isReduce(node) ? readsMoreThan(node, group, LARGE) : sizeOf(node.shape) > LARGE;
  if (isLarge && scatters(node, rowOf)) return false;
  if (circular([group], [node], groupOf, needs)) return false;
  group.members.push({ node, index: node.shape.map((d, axis) => rowOf.get(axis) ?? freshIndex(d)), stored: true });
  return true;
}

/** Does an axis within the row stand before one of the rows: do neighbours in memory belong to different rows? */
function scatters({ shape }: Node, rowOf: ReadonlyMap<number, Index>): boolean {
  const long = [...shape.keys()].filter((axis) => shape[axis]! > 1);
  return long.some((axis, i) => !rowOf.has(axis) && long.slice(i).some((after) => rowOf.has(after)));
}

/** Brings the members of `other` into `group`, whose member `node` reads both row by row. */
function unite(
  group: Group,
  other: Group,
  node: Node,
  rowsOf: Rows,
  groupOf: Map<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean {
  const here = group.members.find((m) => m.node === node)!.index;
  const there = rowsOf.of(other, node);
  if (!there) return false;
  const rowOf = new Map<Expression, Expression>([...there].map(([axis, row]) => [row, here[axis]!]));
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
  const stack: Group[] = [];
  const follow = (node: Node): void => {
    for (const x of needs.get(node)!) {
      const next = groupOf.get(x)!;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(next);
    }
  };
  const waits = (group: Group): boolean =>
    group.members.some((m) => needs.get(m.node)!.some((x) => together.includes(groupOf.get(x)!)));
  nodes.forEach(follow);
  for (let group = stack.pop(); group; group = stack.pop()) {
    if (waits(group)) return true;
    for (const m of group.members) follow(m.node);
  }
  return false;
}

/** Does a node neither need a group nor feed it? */
const isApart = (
  group: Group,
  node: Node,
  groupOf: ReadonlyMap<Node, Group>,
  needs: ReadonlyMap<Node, readonly Node[]>,
): boolean => !needs.get(node)!.some((x) => groupOf.get(x) === group) && !circular([group], [node], groupOf, needs);

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
