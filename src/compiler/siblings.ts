/** Values that read the same, over equal rows: one kernel computes them side by side and loads what they read once. */
import { sameShape, sizeOf, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import type { Cones } from "./cones.ts";
import type { Group } from "./fuse.ts";
import { isHeavy, isReduce, standsAlone } from "./kinds.ts";

export class Siblings {
  readonly #cones: Cones;
  /** The groups that read a value, and their places in the order in which groups were made. */
  readonly #readers = new Map<Node, Set<Group>>();
  readonly #order = new Map<Group, number>();

  constructor(cones: Cones) {
    this.#cones = cones;
  }

  /** Notes a member of a group. */
  add(node: Node, group: Group): void {
    if (!this.#order.has(group)) this.#order.set(group, this.#order.size);
    for (const x of this.#cones.of(node).leaves) {
      const readers = this.#readers.get(x);
      if (readers) readers.add(group);
      else this.#readers.set(x, new Set([group]));
    }
  }

  /** Forgets a group whose members another one has. */
  remove(group: Group): void {
    for (const { node } of group.members)
      for (const x of this.#cones.of(node).leaves) this.#readers.get(x)!.delete(group);
  }

  /** The groups, in the order in which they were made, that read a large value which the node reads too, and whose members are made like it. */
  of(node: Node): readonly Group[] {
    if (isHeavy(node) || standsAlone(node)) return [];
    const found = new Set<Group>();
    for (const x of this.#cones.of(node).leaves) {
      // Numbers belong to nobody in particular.
      if (x.shape.length === 0 || sizeOf(x.shape) < sizeOf(node.shape) / 2) continue;
      for (const group of this.#readers.get(x) ?? []) if (isAlike(group, node)) found.add(group);
    }
    return [...found].sort((a, b) => this.#order.get(a)! - this.#order.get(b)!);
  }
}

const reducedShape = (node: Node): Shape => (isReduce(node) ? node.inputs[0]!.shape : node.shape);

function isAlike({ members, scan }: Group, node: Node): boolean {
  const first = members[0]!.node;
  if (scan || isHeavy(first) || standsAlone(first)) return false;
  const domain = reducedShape(node);
  return members.every((m) => sameShape(m.node.shape, node.shape) && sameShape(reducedShape(m.node), domain));
}
