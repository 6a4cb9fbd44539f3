/** Decides which values are stored: all others are computed inside the kernels that read them. */
import { sizeOf } from "../core/shape.ts";
import { topological, type Node } from "../graph/node.ts";
import { isOp } from "../graph/op.ts";
import { afterOp } from "../graph/ops/control.ts";
import { dotOp, type Pairing } from "../graph/ops/dot.ts";
import { fillOp, iotaOp } from "../graph/ops/leaf.ts";
import { contiguousOp, foldOp, permuteOp, reshapeOp } from "../graph/ops/movement.ts";
import { loopOf, scanOutputOp } from "../graph/ops/scanBody.ts";
import { isReduce } from "./kinds.ts";

const EXPENSIVE: ReadonlySet<string> = new Set(["exp", "log", "sin", "cos", "tanh", "erf", "pow", "randomBits"]);
const isMovement = (node: Node): boolean => node.source === undefined && node.op.movement === true;
/** Values that cost nothing to make again. */
const isFree = (node: Node): boolean => isOp(node, fillOp, iotaOp) || isMovement(node);

/** Roots, contractions and what they read, reductions, loops, and shared values that are dear to make twice. */
export function chooseStored(
  order: readonly Node[],
  roots: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
): Set<Node> {
  const stored = new Set<Node>();
  const store = (node: Node): void => {
    if (!node.source && !isOp(node, fillOp) && !loopOf(node)) stored.add(node);
  };
  for (const root of roots) if (!root.source) stored.add(root);
  const loads = new Map<Node, number>();
  for (const node of order) {
    if (node.source) continue;
    if (isOp(node, dotOp) || node.op.lowerAttention) store(lastOrder(node, roots, users));
    else if (isReduce(node) || node.op.lowerLoops || isOp(node, contiguousOp)) store(node);
    if (isOp(node, dotOp)) for (const x of node.inputs) store(beneath(x, stored));
    // So do those of attention, but masks, of which no element is read twice.
    for (const x of node.inputs.slice(0, node.op.operands ?? 0)) store(beneath(x, stored));
    // Kernels of their own take values as they are: a sum over windows is made before.
    if (node.op.lowerLoops || node.op.lowerAttention)
      for (const x of node.inputs) if (sums(x, stored)) store(beneath(x, stored));
    if (isOp(node, afterOp)) store(beneath(node.inputs[0]!, stored));
    if (isOp(node, scanOutputOp)) store(node);
    // What every step of a loop reads in another order than it is stored in is brought into order once.
    if (loopOf(node))
      node.inputs.forEach((x, i) => {
        const source = sharedBeneath(node, i);
        store(isOp(x, permuteOp) && !source ? x : beneath(source ?? x, stored));
      });
    // How much memory one element's recomputation reads, in elements of this node.
    const own = (x: Node): number =>
      Math.min(1, sizeOf(x.shape) / Math.max(1, sizeOf(node.shape))) * (x.source || stored.has(x) ? 1 : loads.get(x)!);
    const distinct = [...new Set(node.inputs)];
    loads.set(node, distinct.reduce((sum, x) => sum + own(x), 0) * (isOp(node, foldOp) ? 4 : 1));
    if ((users.get(node)?.length ?? 0) < 2) continue;
    if (readersOf(node, users) > 1 && !isFree(node) && (loads.get(node)! > 1.5 || isDear(node, stored))) store(node);
    // A sum over overlapping windows is read once per element, not once per reader.
    if (isOp(node, foldOp)) store(node);
  }
  return stored;
}

/** Nodes that would make it again. Those that want to do so count as one. */
function readersOf(node: Node, users: ReadonlyMap<Node, readonly Node[]>): number {
  const remake = (user: Node, x: Node): boolean => {
    if (user.source) return false;
    if (user.op.remakes) return user.op.remakes(user.inputs, user.attributes).includes(x);
    return isMovement(user) && (users.get(user) ?? []).every((next) => remake(next, user));
  };
  const all = users.get(node) ?? [];
  const others = all.filter((user) => !remake(user, node));
  return others.length + Number(others.length < all.length);
}

/** The first node under movement ops, or the first stored one. */
function beneath(node: Node, stored: ReadonlySet<Node>): Node {
  return !node.source && !stored.has(node) && node.op.movement && !isOp(node, afterOp)
    ? beneath(node.inputs[0]!, stored)
    : node;
}

/**
 * What lies beneath the permutation of a value that all steps of a loop share, where the loop had better read that: its
 * products sum over the last axis of the permuted value, so tiles would have to turn it at every step, and not over that of
 * the other, which they read as it lies. Backward loops share the transposed weights of forward ones.
 */
export function sharedBeneath(scan: Node, position: number): Node | undefined {
  const { body } = loopOf(scan)!;
  const x = scan.inputs[position]!;
  const leaf = body.shared[position - body.carry.length - body.step.length];
  if (!leaf || !isOp(x, permuteOp)) return undefined;
  const last = x.shape.length - 1;
  const lastBeneath = (x.attributes["axes"] as readonly number[]).indexOf(last);
  const turns = (user: Node): boolean => {
    const summed = isOp(user, dotOp) ? (user.attributes as Pairing).contract[user.inputs[0] === leaf ? 0 : 1] : [];
    return summed.includes(last) && !summed.includes(lastBeneath);
  };
  const users = topological([...body.next, ...body.outputs]).filter((n) => !n.source && n.inputs.includes(leaf));
  return users.length && users.every(turns) ? x.inputs[0] : undefined;
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
