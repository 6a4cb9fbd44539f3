import type { TypedArray } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { tensor } from "../../tensor/create.ts";
import { readSync } from "../../tensor/evaluate.ts";
import { nextKey } from "../../tensor/random.ts";
import { SparseMatrix } from "../../tensor/sparse/sparseMatrix.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSizes } from "../checks.ts";
import { edgeList, type Edges } from "./edges.ts";

export interface SampleOptions {
  /** Where the numbers come from: u32 [2]. The global generator's next key by default. */
  readonly key?: Tensor | undefined;
}

/**
 * At most `count` of the edges that arrive at each node, drawn anew at every call, none twice: i32 [2, kept], what GraphSAGE
 * trains on where nodes have many neighbours (Hamilton et al. 2017). The number of edges kept is the same at every call, so
 * traced functions that take them are traced once. Edges are read on the host: not inside a traced function.
 * @param nodes of the graph.
 */
export function sampleNeighbours(edges: Edges, nodes: number, count: number, options: SampleOptions = {}): Tensor {
  checkSizes("sampleNeighbours", { nodes, count });
  const list = edgeList("sampleNeighbours", edges, nodes);
  // A list of edges is read as it was given: taken apart, it would be computed on the device.
  const [source, target] =
    edges instanceof SparseMatrix
      ? [readSync(list.source.node), readSync(list.target.node)]
      : halves(readSync(edges.node));
  const arriving = Array.from({ length: nodes }, (): number[] => []);
  target.forEach((node, edge) => {
    const there = arriving[node];
    if (!there) throw new ArgumentError(`sampleNeighbours: edges must join nodes 0 to ${nodes - 1}, got node ${node}`);
    there.push(edge);
  });
  const [seed, stream] = readSync(options.key?.node ?? nextKey()) as Uint32Array;
  const random = new HostRandom(seed!, stream!);
  const kept = arriving.flatMap((there) => (there.length <= count ? there : random.shuffle(there).slice(0, count)));
  const at = (ends: ArrayLike<number>): number[] => kept.map((edge) => ends[edge]!);
  return tensor(Int32Array.from([...at(source), ...at(target)]), [2, kept.length]);
}

function halves(values: TypedArray): [TypedArray, TypedArray] {
  return [values.subarray(0, values.length / 2), values.subarray(values.length / 2)];
}
