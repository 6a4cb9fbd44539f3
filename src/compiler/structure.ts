/** The structure of a graph apart from its values: what a program is cached under, and the order of its inputs and numbers. */
import { topological, type Node, type Source } from "../graph/node.ts";
import { afterOp, customOp } from "../graph/ops/control.ts";
import { isRunTimeNumber } from "../graph/ops/leaf.ts";
import { loopOf } from "../graph/ops/scanBody.ts";

export interface Structure {
  /** Equal for graphs that the same program computes. */
  readonly key: string;
  /** One node per distinct source, in order of first use. */
  readonly leaves: readonly Node[];
  /** Numbers that are run-time scalars, in order of first use. */
  readonly numbers: readonly Node[];
}

/** Describes what `roots` compute. Nodes whose value is known count as leaves. */
export function describe(roots: readonly Node[]): Structure {
  const order = topological(roots);
  const position = new Map<Node, number>();
  const sources = new Map<Source, number>();
  const leaves: Node[] = [];
  const numbers: Node[] = [];
  const parts: string[] = [];
  // Recomputations are told apart within the graph, whatever was recomputed before in other graphs.
  const recomputations = new Map<unknown, number>();
  for (const node of order) {
    position.set(node, position.size);
    if (node.source) {
      let slot = sources.get(node.source);
      if (slot === undefined) {
        sources.set(node.source, (slot = leaves.length));
        leaves.push(node);
      }
      parts.push(`$${slot}${node.dtype}[${node.shape}]`);
    } else if (isRunTimeNumber(node)) {
      numbers.push(node);
      parts.push(`n${node.dtype}[${node.shape}]`);
    } else if (node.op === customOp) parts.push(`=${position.get(node.inputs[0]!)}`);
    else if (node.op === afterOp) {
      const id = node.attributes["recomputation"];
      recomputations.set(id, recomputations.get(id) ?? recomputations.size);
      parts.push(`after(${node.inputs.map((x) => position.get(x)).join(",")})#${recomputations.get(id)}`);
    } else {
      // A loop's own numbers are handed over like all others.
      const loop = loopOf(node);
      if (loop) numbers.push(...topological([...loop.body.next, ...loop.body.outputs]).filter(isRunTimeNumber));
      parts.push(`${node.op.name}(${node.inputs.map((x) => position.get(x)).join(",")})${attributesKey(node)}`);
    }
  }
  return { key: `${parts.join(";")}>${roots.map((r) => position.get(r)).join(",")}`, leaves, numbers };
}

const attributeKeys = new WeakMap<object, string>();

/** The attributes as text. Attribute objects never change, so the text is kept. */
export function attributesKey(node: Node): string {
  let key = attributeKeys.get(node.attributes);
  if (key === undefined) {
    key = JSON.stringify(node.attributes, (_, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? `${value}` : value,
    );
    attributeKeys.set(node.attributes, key);
  }
  return key;
}
