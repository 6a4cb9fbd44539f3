/**
 * What a kernel computes to get a stored value: everything between it and what is in memory. Programs have many that are
 * alike, in layers that repeat and in the updates of parameters; what is asked about one is known for all of them.
 */
import { topological, type Node } from "../graph/node.ts";
import { afterOp } from "../graph/ops/control.ts";
import { isRunTimeNumber } from "../graph/ops/leaf.ts";
import type { Group } from "./fuse.ts";
import type { Layouts } from "./inline.ts";
import { attributesKey } from "./structure.ts";

/** Cones of equal keys differ in nothing but their leaves and numbers. */
export interface Cone {
  readonly key: string;
  /** What is loaded, in the order of first use. */
  readonly leaves: readonly Node[];
  /** Numbers handed over at each run. */
  readonly numbers: readonly Node[];
}

/** Groups of equal keys differ in nothing but their nodes. */
export interface Outline {
  readonly key: string;
  /** What the group's kernel loads and stores, and its run-time numbers, in the order of the key. */
  readonly nodes: readonly Node[];
}

export class Cones {
  readonly #stored: ReadonlySet<Node>;
  readonly #made = new Map<Node, Cone>();

  constructor(stored: ReadonlySet<Node>) {
    this.#stored = stored;
  }

  /** The cone of a stored value. */
  of(node: Node): Cone {
    let cone = this.#made.get(node);
    if (!cone) this.#made.set(node, (cone = coneOf(node, this.#stored)));
    return cone;
  }

  /** A group of stored values, whose kernel sees what it loads in these layouts. */
  outline({ members, rows }: Group, layouts: Layouts): Outline {
    const nodes = new Map<Node, number>();
    const inner = new Map<unknown, number>();
    const name = (node: Node): string => {
      const known = nodes.get(node);
      if (known !== undefined) return `${known}`;
      nodes.set(node, nodes.size);
      const order = layouts.get(node);
      return order ? `new[${order}]` : "new";
    };
    const parts = members.map(({ node, index, stored }) => {
      const axes = index.map((e) => {
        const row = rows.indexOf(e as never);
        if (row >= 0) return `r${row}`;
        if (!inner.has(e)) inner.set(e, inner.size);
        return `i${inner.get(e)}`;
      });
      const { key, leaves, numbers } = this.of(node);
      return `${key}|${leaves.map(name)}|${numbers.map(name)}|${name(node)}|${axes}|${stored}`;
    });
    return { key: `${rows.map((v) => v.extent)}/${parts.join("/")}`, nodes: [...nodes.keys()] };
  }
}

function coneOf(root: Node, stored: ReadonlySet<Node>): Cone {
  const isLeaf = (n: Node): boolean => n !== root && (n.source !== undefined || stored.has(n));
  const position = new Map<Node, number>();
  const leaves: Node[] = [];
  const numbers: Node[] = [];
  let key = "";
  for (const node of topological([root], isLeaf)) {
    position.set(node, position.size);
    if (isLeaf(node)) {
      leaves.push(node);
      key += `$${node.dtype}[${node.shape}];`;
    } else if (isRunTimeNumber(node)) {
      numbers.push(node);
      key += `n${node.dtype}[${node.shape}];`;
    } else {
      key += node.op.name;
      for (const x of node.inputs) key += `,${position.get(x)}`;
      // Which recomputation it belongs to means nothing to a kernel.
      if (node.op !== afterOp) key += attributesKey(node);
      key += ";";
    }
  }
  return { key: `${key}${root.dtype}[${root.shape}]`, leaves, numbers };
}
