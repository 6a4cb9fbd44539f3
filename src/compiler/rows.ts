/** Whether a value is read row by row where it is made: then it need not go through memory. */
import type { Node } from "../graph/node.ts";
import { index as freshIndex, type Index } from "../ir/expression.ts";
import type { Cones } from "./cones.ts";
import type { Group } from "./fuse.ts";
import { Inliner } from "./inline.ts";

/** One read of a cone's leaf: axis by axis, the axis of the cone's value whose index it is read at; undefined where it is no such index. */
interface Read {
  readonly leaf: number;
  readonly axes: readonly (number | undefined)[];
}

export class Rows {
  readonly #cones: Cones;
  /** Reads by the keys of cones. */
  readonly #reads = new Map<string, readonly Read[]>();

  constructor(cones: Cones) {
    this.#cones = cones;
  }

  /** The row of the group that each axis of the node stands for, where there is one; undefined when it does not read the members row by row. */
  of({ members, rows }: Group, node: Node): ReadonlyMap<number, Index> | undefined {
    const longRows = rows.filter((r) => r.extent > 1);
    if (!longRows.every((r) => node.shape.includes(r.extent))) return undefined;
    const { leaves } = this.#cones.of(node);
    const inGroup = new Map(members.map((m) => [m.node, m]));
    let rowOf: Map<number, Index> | undefined;
    for (const { leaf, axes } of this.#readsOf(node)) {
      const member = inGroup.get(leaves[leaf]!);
      if (!member) continue;
      // Only the part of a member's index that is a row of the group must agree.
      const own = new Map<number, Index>();
      for (const [axis, e] of member.index.entries()) {
        if (e.kind !== "index" || !rows.includes(e) || member.node.shape[axis] === 1) continue;
        const at = axes[axis];
        if (at === undefined || node.shape[at] !== e.extent) return undefined;
        own.set(at, e);
      }
      if (own.size !== longRows.length) return undefined;
      if (rowOf) for (const [at, row] of own) if (rowOf.get(at) !== row) return undefined;
      rowOf ??= own;
    }
    return rowOf;
  }

  #readsOf(node: Node): readonly Read[] {
    const { key, leaves } = this.#cones.of(node);
    const known = this.#reads.get(key);
    if (known) return known;
    const own = node.shape.map((d) => freshIndex(d));
    const position = new Map(leaves.map((leaf, i) => [leaf, i]));
    const reads: Read[] = [];
    const inliner = new Inliner((n) => position.has(n), {
      visit(n, index) {
        const leaf = position.get(n);
        if (leaf === undefined) return;
        reads.push({
          leaf,
          axes: index.map((e) => (e.kind === "index" && own.includes(e) ? own.indexOf(e) : undefined)),
        });
      },
    });
    inliner.compute(node, own);
    this.#reads.set(key, reads);
    return reads;
  }
}
