/** Graph to smaller graph: equal nodes become one, identities disappear, movement of constants is done at once. */
import { isHalf, rounded } from "../core/dtype.ts";
import { sameShape, sizeOf } from "../core/shape.ts";
import { Node, topological, withInputs } from "../graph/node.ts";
import { isOp } from "../graph/op.ts";
import { add, addOp, div, divOp, mul, mulOp, powOp, sub, subOp } from "../graph/ops/binary.ts";
import { afterOp, customOp, detachOp } from "../graph/ops/control.ts";
import { dotOp, type Pairing } from "../graph/ops/dot.ts";
import { fillOp, fixed, isRunTimeNumber } from "../graph/ops/leaf.ts";
import { expandOp, flipOp, permute, permuteOp, reshape, reshapeOp, sliceOp } from "../graph/ops/movement.ts";
import { maxReduceOp, minReduceOp, prodOp, sumOp } from "../graph/ops/reduce.ts";
import { loopOf } from "../graph/ops/scanBody.ts";
import { cast, castOp, neg, negOp, recip, sqrt } from "../graph/ops/unary.ts";
import { whereOp } from "../graph/ops/where.ts";
import { decompose } from "./decompose.ts";
import { attributesKey } from "./structure.ts";

/** The number of a fill whose value rewrites may use. */
const known = (node: Node): number | undefined =>
  isOp(node, fillOp) && !isRunTimeNumber(node) ? (node.attributes["value"] as number) : undefined;

/** Rewrites everything that `roots` need. Leaves are kept as they are; each root's value, shape and dtype stay. */
export function simplify(roots: readonly Node[]): Node[] {
  const made = new Map<Node, Node>();
  const shared = new Map<string, Node>();
  const bySource = new Map<object, Node>();
  const share = (node: Node): Node => {
    if (node.source) {
      const same = bySource.get(node.source);
      if (!same) bySource.set(node.source, node);
      return same ?? node;
    }
    // Numbers, and loops that hold some, may differ next time although they are equal now.
    const key =
      isRunTimeNumber(node) || loopOf(node)
        ? `n${node.id}`
        : `${node.op.name}(${node.inputs.map((x) => x.id).join(",")})${attributesKey(node)}${node.dtype}`;
    const same = shared.get(key);
    if (same) return same;
    shared.set(key, node);
    return node;
  };
  const composed = decompose(roots);
  for (const node of topological(composed)) {
    if (node.source) {
      made.set(node, share(node));
      continue;
    }
    const inputs = node.inputs.map((x) => made.get(x)!);
    let best = share(withInputs(node, inputs));
    // A rewrite may open another one: a few rounds settle every chain seen in practice.
    for (let round = 0; round < 4; round++) {
      const next = rewrite(best);
      if (next === best) break;
      best = share(next);
    }
    made.set(node, best);
  }
  return composed.map((r) => made.get(r)!);
}

function rewrite(node: Node): Node {
  if (node.source) return node;
  const [a, b, c] = node.inputs as [Node, Node, Node];
  switch (node.op) {
    case detachOp:
    case customOp:
      return a;
    case addOp:
      if (known(b) === 0) return a;
      if (known(a) === 0) return b;
      if (isOp(b, negOp)) return sub(a, b.inputs[0]!);
      if (isOp(a, negOp)) return sub(b, a.inputs[0]!);
      return fold(node, (x, y) => x + y);
    case subOp:
      if (known(b) === 0) return a;
      if (known(a) === 0) return neg(b);
      if (isOp(b, negOp)) return add(a, b.inputs[0]!);
      return fold(node, (x, y) => x - y);
    case mulOp:
      if (known(b) === 1) return a;
      if (known(a) === 1) return b;
      if (known(b) === -1) return neg(a);
      if (known(a) === -1) return neg(b);
      if (isOp(a, negOp) && isOp(b, negOp)) return mul(a.inputs[0]!, b.inputs[0]!);
      return fold(node, (x, y) => x * y);
    case divOp:
      if (known(b) === 1) return a;
      if (isOp(a, negOp)) return neg(div(a.inputs[0]!, b));
      return fold(node, (x, y) => x / y);
    case powOp:
      switch (known(b)) {
        case 0:
          return fixed(node.shape, 1, node.dtype);
        case 1:
          return a;
        case 2:
          return mul(a, a);
        case -1:
          return recip(a);
        case 0.5:
          return sqrt(a);
      }
      return node;
    case negOp: {
      if (isOp(a, negOp)) return a.inputs[0]!;
      const value = known(a);
      return value === undefined ? node : fixed(node.shape, -value, node.dtype);
    }
    case whereOp: {
      const condition = known(a);
      if (condition !== undefined) return condition ? b : c;
      return b === c ? b : node;
    }
    case castOp: {
      const number = known(a);
      const value = number === undefined ? undefined : rounded(number, a.dtype);
      if (
        value !== undefined &&
        (node.dtype === "f32" ||
          node.dtype === "f64" ||
          (value === Math.trunc(value) && value >= 0 && node.dtype !== "bool" && rounded(value, node.dtype) === value))
      )
        return fixed(node.shape, value, node.dtype);
      return node;
    }
    case reshapeOp:
      if (sameShape(a.shape, node.shape)) return a;
      if (isOp(a, reshapeOp)) return reshape(a.inputs[0]!, node.shape);
      return moveFill(node, a);
    case permuteOp: {
      const axes = node.attributes["axes"] as number[];
      if (isOp(a, permuteOp)) {
        const inner = a.attributes["axes"] as number[];
        return permute(
          a.inputs[0]!,
          axes.map((i) => inner[i]!),
        );
      }
      if (axes.every((axis, i) => axis === i)) return a;
      return moveFill(node, a);
    }
    case expandOp:
    case flipOp:
    case sliceOp:
      return moveFill(node, a);
    case afterOp:
      return moveFill(node, a);
    case dotOp:
      // Products of nothing sum to 0.
      return (node.attributes["contract"] as Pairing["contract"])[0].some((axis) => a.shape[axis] === 0)
        ? fixed(node.shape, 0, node.dtype)
        : node;
    case sumOp: {
      const axes = node.attributes["axes"] as number[];
      if (axes.every((i) => a.shape[i] === 1)) return reshape(a, node.shape);
      if (axes.some((i) => a.shape[i] === 0)) return fixed(node.shape, 0, node.dtype);
      const value = known(a);
      if (value !== undefined) return fixed(node.shape, value * axes.reduce((p, i) => p * a.shape[i]!, 1), node.dtype);
      return splitReduction(node, a, axes);
    }
    case prodOp:
    case maxReduceOp:
    case minReduceOp: {
      const axes = node.attributes["axes"] as number[];
      if (axes.every((i) => a.shape[i] === 1)) return reshape(a, node.shape);
      // Only a product may be empty: an empty maximum was refused when the node was built.
      if (axes.some((i) => a.shape[i] === 0)) return fixed(node.shape, 1, node.dtype);
      return splitReduction(node, a, axes);
    }
    default:
      return node;
  }
}

function fold(node: Node, f: (x: number, y: number) => number): Node {
  const x = known(node.inputs[0]!),
    y = known(node.inputs[1]!);
  if (x === undefined || y === undefined || (node.dtype !== "f32" && node.dtype !== "f64")) return node;
  return fixed(node.shape, f(x, y), node.dtype);
}

/** Moving equal elements gives equal elements. */
function moveFill(node: Node, from: Node): Node {
  return isOp(from, fillOp) && !isRunTimeNumber(from)
    ? fixed(node.shape, from.attributes["value"] as number, node.dtype)
    : node;
}

/**
 * Inputs above this many elements that reduce to few results are reduced in two steps, so that threads can share the first:
 * fewer than `FEW`, or, where the outermost axis is reduced and threads would all go through all of it, `FEW_COLUMNS`.
 */
const LARGE = 32_768;
const FEW = 32;
const FEW_COLUMNS = 512;
/**
 * Parts of a reduction, and results of the first step, at most. More than `PARTS` where each would have more elements than
 * `PART`: what is added up in a row for long loses digits.
 */
const PARTS = 256;
const PART = 4096;
const PARTIAL = 8192;

function splitReduction(node: Node, x: Node, axes: readonly number[]): Node {
  const results = sizeOf(node.shape);
  const axis = axes.find((i) => x.shape[i]! > 1)!;
  const isOutermost = x.shape.slice(0, axis).every((size) => size === 1);
  if (sizeOf(x.shape) < LARGE || results >= (isOutermost ? FEW_COLUMNS : FEW)) return node;
  // Parts of sums are not to be rounded.
  if (isHalf(node.dtype))
    return cast(
      new Node(node.op, [cast(x, "f32")], node.attributes, node.shape, "f32", false, node.origin),
      node.dtype,
    );
  const size = x.shape[axis]!;
  const most = Math.max(PARTS, sizeOf(x.shape) / results / PART);
  let parts = 1;
  for (let d = 2; d <= Math.min(most, PARTIAL / results); d++) if (size % d === 0) parts = d;
  if (parts === 1 || (parts === size && axes.length === 1)) return node;
  const split = reshape(x, [...x.shape.slice(0, axis), parts, size / parts, ...x.shape.slice(axis + 1)]);
  const shifted = axes.map((i) => (i >= axis ? i + 1 : i));
  const inner = split.shape.filter((_, i) => !shifted.includes(i));
  const first = new Node(node.op, [split], { axes: shifted }, inner, node.dtype, false, node.origin);
  const at = split.shape.slice(0, axis).filter((_, i) => !shifted.includes(i)).length;
  return new Node(node.op, [first], { axes: [at] }, node.shape, node.dtype, false, node.origin);
}
