/** A model's graph, as TensorBoard draws it: operations in boxes, which are its modules. */
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import { topological, type Node } from "../../graph/node.ts";
import { withGradientMode } from "../../graph/op.ts";
import type { Module } from "../../nn/module.ts";
import { type Cell, CellVersion } from "../../tensor/cell.ts";
import { zeros } from "../../tensor/create.ts";
import type { StateTensor } from "../../tensor/parameter.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { Trace, withTrace } from "../../tensor/trace.ts";
import { tensorsIn } from "../../tensor/tree.ts";
import type { GraphDef } from "./schema.ts";

type GraphNode = NonNullable<GraphDef["node"]>[number];

/** TensorFlow's numbers of dtypes. */
const TYPES: Readonly<Record<DType, number>> = { f32: 1, f64: 2, i32: 3, u8: 4, bool: 10, bf16: 14, f16: 19, u32: 22 };

/** Where TensorFlow's graphs of this kind began; TensorBoard wants a number. */
const PRODUCER = 22;

/**
 * Runs `forward` on tensors without computing anything, and says which operations it is. What a module does stands under its path;
 * parameters and buffers have their names.
 * @param inputs tensors, or shapes that stand for tensors of f32.
 */
export function graphOf(model: Module, inputs: readonly (Shape | Tensor)[]): GraphDef {
  const given = inputs.map((x) => (x instanceof Tensor ? x : zeros([...x])));
  const names = new Map<Node, string>();
  const used = new Map<string, number>();
  const nameNode = (node: Node, wanted: string): void => {
    const times = used.get(wanted) ?? 0;
    used.set(wanted, times + 1);
    names.set(node, times === 0 ? wanted : `${wanted}_${times}`);
  };
  given.forEach((x, i) => nameNode(x.node, `input/${i}`));
  const cells = cellNames(model);
  /** Names what has no name yet, of all that a value was made from. */
  const nameNew = (made: unknown, scope: string): void => {
    for (const node of topological(nodesIn(made), (n) => names.has(n) || n.source !== undefined)) {
      if (names.has(node)) continue;
      const cell = node.source instanceof CellVersion ? cells.get(node.source.cell) : undefined;
      nameNode(node, cell ?? `${scope}${node.op.name}`);
    }
  };
  // What a module is given was made by the one that calls it, and what it returns is its own but for that.
  const running = [""];
  const removals = [...model.namedModules()].flatMap(([path, module]) => [
    module.onForwardStart((_, inputs) => {
      nameNew(inputs, running.at(-1)!);
      running.push(path === "" ? "" : `${path.replaceAll(".", "/")}/`);
    }),
    module.onForward((_, __, output) => nameNew(output, running.pop()!)),
  ]);
  let results: readonly Node[];
  try {
    // A trace that is thrown away: what the modules assign is never carried out.
    results = nodesIn(
      withTrace(new Trace("graph"), () => withGradientMode(false, () => Reflect.apply(model.forward, model, given))),
    );
  } finally {
    for (const undo of removals) undo();
  }
  return {
    node: [
      ...topological(results).map((node) => describe(node, names)),
      ...results.map((node, i) => ({ name: `output/${i}`, op: "output", input: [names.get(node)!] })),
    ],
    versions: { producer: PRODUCER },
  };
}

const nodesIn = (value: unknown): Node[] => tensorsIn(value).map((x) => x.node);

/** The cells of a model's parameters and buffers by their paths, as scopes. */
function cellNames(model: Module): Map<Cell, string> {
  const all: readonly (readonly [string, StateTensor])[] = [...model.namedParameters(), ...model.namedBuffers()];
  return new Map(all.map(([path, { cell }]) => [cell, path.replaceAll(".", "/")]));
}

function describe(node: Node, names: ReadonlyMap<Node, string>): GraphNode {
  const text = new TextEncoder().encode(JSON.stringify(node.attributes) ?? "");
  const isState = node.source instanceof CellVersion;
  return {
    name: names.get(node)!,
    op: isState ? "state" : node.op.name,
    input: node.source ? [] : node.inputs.map((input) => names.get(input)!),
    attr: [
      { key: "_output_shapes", value: { list: { shape: [{ dim: node.shape.map((size) => ({ size })) }] } } },
      { key: "dtype", value: { type: TYPES[node.dtype] } },
      { key: "attributes", value: { s: text } },
    ],
  };
}
