/** Attention and its gradients to kernels: ops of a family over the same inputs are results of one. */
import type { Node } from "../graph/node.ts";
import { isOp, type AttentionResult, type Op } from "../graph/op.ts";
import { contiguousOp, permuteOp, reshapeOp } from "../graph/ops/movement.ts";
import { quotient, register, remainder, type Expression, type Index } from "../ir/expression.ts";
import { toStored } from "../ir/half.ts";
import type { AttentionKernel, Axes, Store, Weighed } from "../ir/kernel.ts";
import { mapAttention } from "../ir/rewrite.ts";
import { storesOf as storesOfKernel } from "../ir/walk.ts";
import type { Group } from "./fuse.ts";
import { collapseIndices, splitIndices, type Space } from "./index-space.ts";
import { flatten, type Inliner } from "./inline.ts";
import { finish, globals, type Kernelized, type Surroundings } from "./kernelize.ts";
import { attributesKey } from "./structure.ts";

/** The op whose result a stored value is, perhaps in another order; undefined where it is another kind of value. */
export function attentionBeneath(node: Node, isStored: (node: Node) => boolean): Node | undefined {
  if (node.source) return undefined;
  if (node.op.lowerAttention) return node;
  if (!isOp(node, permuteOp, reshapeOp, contiguousOp) || isStored(node.inputs[0]!)) return undefined;
  return attentionBeneath(node.inputs[0]!, isStored);
}

/** Whether one kernel computes both. */
export const areOneFamily = (a: Node, b: Node): boolean =>
  a.op.lowerAttention === b.op.lowerAttention &&
  a.op !== b.op &&
  a.inputs.length === b.inputs.length &&
  a.inputs.every((x, i) => x === b.inputs[i]) &&
  attributesKey(a) === attributesKey(b);

/** Where an element of an op's result is in a value that shows it in another order. */
function indexIn(node: Node, op: Node, index: readonly Expression[]): readonly Expression[] {
  if (node === op) return index;
  const [from] = node.inputs as [Node];
  const inner = indexIn(from, op, index);
  if (isOp(node, permuteOp)) return (node.attributes["axes"] as readonly number[]).map((axis) => inner[axis]!);
  if (isOp(node, contiguousOp)) return inner;
  const offset = flatten(from, inner);
  let pitch = 1;
  return node.shape
    .map((_, i) => {
      const extent = node.shape[node.shape.length - 1 - i]!;
      const at = remainder(quotient(offset, pitch), extent);
      pitch *= extent;
      return at;
    })
    .reverse();
}

/** Its offset: another shape is the same memory. */
const offsetIn = (node: Node, op: Node, index: readonly Expression[], inliner: Inliner): Expression =>
  node !== op && isOp(node, reshapeOp, contiguousOp)
    ? offsetIn(node.inputs[0]!, op, index, inliner)
    : inliner.place(node, indexIn(node, op, index));

/** Lowers a group whose members are results of attention; undefined where they are not. */
export function lowerAttentionKernel(
  group: Group,
  isStored: (node: Node) => boolean,
  inliner: Inliner,
  surroundings?: Surroundings,
): Kernelized | undefined {
  const inside = new Set(group.members.map((m) => m.node));
  const members = group.members
    .filter((m) => m.stored)
    .map(({ node }) => ({ node, op: attentionBeneath(node, (n) => n !== node && (isStored(n) || inside.has(n))) }));
  const [first] = members;
  if (!first?.op) return undefined;
  const { inputs, attributes } = first.op;
  const lowered = first.op.op.lowerAttention!({
    inputs: inputs.map((x) => (i: readonly Expression[]) => inliner.read(x, i)),
    nodes: inputs,
    attributes,
    wanted: new Set(members.map((m) => m.op!.op)),
  });
  const storesOf = (op: Op, index: readonly Expression[], value: Expression): Store[] =>
    members
      .filter((m) => m.op!.op === op)
      .flatMap((m) => {
        const destinations = surroundings?.destinations(m.node, indexIn(m.node, m.op!, index), inliner) ?? [
          { node: m.node, offset: offsetIn(m.node, m.op!, index, inliner) },
        ];
        return destinations.map(({ node, offset }): Store => ({
          kind: "store",
          buffer: inliner.bufferOf(node),
          offset,
          value: toStored(value, node.dtype),
        }));
      });
  const { batch, m, n, products, softmax, norm, across } = lowered;
  const weighed = (list: readonly AttentionResult[], line: Index): Weighed[] =>
    list.map(({ op, f, weight, value }) => {
      const sum = register("f32");
      return { f: axes(f), weight, value, sum, stores: storesOf(op, [...batch, line, ...f], sum) };
    });
  const kernel = inLoops({
    kind: "attention",
    parameters: { scalars: [], sizes: 0 },
    buffers: [],
    batch: axes(batch),
    m: axes([m])[0]!,
    n: axes([n])[0]!,
    first: lowered.first,
    last: lowered.last,
    products: products.map((p) => ({ ...p, k: axes(p.k) })),
    softmax,
    results: weighed(lowered.results, m),
    across: across && { ...across, results: weighed(across.results, n) },
    rowStores: norm ? storesOf(norm, [...batch, m], softmax!.norm) : [],
  });
  const written = new Set(storesOfKernel(kernel).map((s) => [...inliner.buffers.keys()][s.buffer]!));
  const volume = (list: readonly { readonly extent: number }[]): number => list.reduce((p, v) => p * v.extent, 1);
  const multiplied = [...products.map((p) => p.k), ...[...lowered.results, ...(across?.results ?? [])].map((r) => r.f)];
  const flops = 2 * lowered.pairs * multiplied.reduce((sum, list) => sum + volume(list), 0);
  return finish(
    group,
    { ...kernel, parameters: { scalars: inliner.scalarTypes, sizes: 0 }, buffers: globals(inliner, written) },
    inliner,
    volume(batch) * m.extent,
    "attention",
    flops,
  );
}

const axes = (list: readonly Index[]): Axes[] => list.map((v) => ({ index: v, extent: v.extent }));

/** Index arithmetic of views taken out of expressions: batches, and what is summed over, become as many loops as that takes, and as few. */
function inLoops(kernel: AttentionKernel): AttentionKernel {
  let expressions: Expression[] = [];
  mapAttention(kernel, (e) => {
    expressions.push(e);
    return e;
  });
  const through = (list: readonly Axes[], change: (space: Space) => Space): Axes[] => {
    const space = change({ loops: list.map((a) => a.index), expressions });
    expressions = [...space.expressions];
    return axes(space.loops);
  };
  // What is summed over has one loop at least.
  const features = (list: readonly Axes[]): Axes[] => {
    const split = through(list, splitIndices);
    return split.length > 1 ? through(split, collapseIndices) : split;
  };
  const weighed = (list: readonly Weighed[]): Weighed[] => list.map((r) => ({ ...r, f: features(r.f) }));
  const { across } = kernel;
  const changed: AttentionKernel = {
    ...kernel,
    batch: through(kernel.batch, (space) => collapseIndices(splitIndices(space))),
    products: kernel.products.map((p) => ({ ...p, k: features(p.k) })),
    results: weighed(kernel.results),
    across: across && { ...across, results: weighed(across.results) },
  };
  return mapAttention(changed, () => expressions.shift()!);
}
