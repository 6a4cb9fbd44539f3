/** What a random graph may do next: each step takes what it needs from the workshop and gives a node, or nothing. */
import { isFloat, type DType } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Node } from "./node.ts";
import { apply } from "./op.ts";
import { attentionNormOp, attentionOp } from "./ops/attention.ts";
import * as binary from "./ops/binary.ts";
import { detach } from "./ops/control.ts";
import { cumulate, recurrence } from "./ops/cumulate.ts";
import { dot, type Pairing } from "./ops/dot.ts";
import { gather, scatter } from "./ops/gather.ts";
import { fill, iota } from "./ops/leaf.ts";
import * as movement from "./ops/movement.ts";
import { randomBits } from "./ops/random.ts";
import * as reductions from "./ops/reduce.ts";
import { scan } from "./ops/scan.ts";
import { sliceAt, updateAt } from "./ops/sliceAt.ts";
import { argsort } from "./ops/sort.ts";
import { atan } from "./ops/special.ts";
import * as unary from "./ops/unary.ts";
import { where } from "./ops/where.ts";
import type { Workshop } from "./random-graph.testing.ts";

export type Step = (shop: Workshop) => Node | undefined;

const float = (node: Node): boolean => isFloat(node.dtype);
const integral = (node: Node): boolean => node.dtype === "i32" || node.dtype === "u32" || node.dtype === "u8";
const hasAxes = (node: Node): boolean => node.shape.length > 0;
const hasElements = (node: Node): boolean => sizeOf(node.shape) > 0;

/** A step that changes one known node that fits. */
const change =
  (fits: (node: Node) => boolean, make: (node: Node, shop: Workshop) => Node | undefined): Step =>
  (shop) => {
    const node = shop.operand(fits);
    return node && make(node, shop);
  };

/** |x| + 1: where roots, logarithms and quotients are tame. */
const positive = (x: Node): Node => binary.add(unary.abs(x), fill(x.shape, 1, x.dtype));

/** Some of a node's axes, at least one of them. */
function someAxes(node: Node, shop: Workshop): number[] {
  const axes = node.shape.map((_, axis) => axis).filter(() => shop.choose(2) === 0);
  return axes.length ? axes : [shop.choose(node.shape.length)];
}

const elementwise: Step[] = [
  change(float, (x, shop) =>
    shop.pick([binary.add, binary.mul, binary.sub, binary.max, binary.min])(x, shop.ofType(x.dtype, x.shape)),
  ),
  change(float, (x, shop) =>
    shop.pick([unary.neg, unary.abs, unary.tanh, unary.exp, unary.sin, unary.cos, unary.erf, atan])(x),
  ),
  change(float, (x, shop) => shop.pick([unary.floor, unary.round, unary.sign])(x)),
  change(float, (x, shop) => shop.pick([unary.sqrt, unary.log, unary.recip])(positive(x))),
  change(float, (x, shop) => binary.div(x, positive(shop.ofType(x.dtype, x.shape)))),
  change(float, (x, shop) => binary.pow(positive(x), fill(x.shape, shop.pick([2, 0.5, -1, 1, 0]), x.dtype))),
  change(float, (x, shop) =>
    shop.pick([binary.mod, binary.idiv])(x, fill(x.shape, shop.pick([1, 2, 1.5, -0.5]), x.dtype)),
  ),
  change(
    () => true,
    (x, shop) => {
      const condition = shop.pick([binary.lt, binary.le, binary.eq, binary.ne])(x, shop.ofType(x.dtype, x.shape));
      if (!shop.usable(condition)) return undefined;
      return where(condition, x, shop.ofType(x.dtype, x.shape));
    },
  ),
  change(
    () => true,
    (x, shop) => shop.pick([binary.lt, binary.le, binary.eq, binary.ne])(x, shop.ofType(x.dtype, x.shape)),
  ),
  change(
    () => true,
    (x, shop) => unary.cast(x, shop.pick<DType>(["f32", "i32", "bool", "u32", "u8", "f64"])),
  ),
  change(integral, (x, shop) => {
    const operations = [binary.add, binary.sub, binary.mul, binary.max, binary.min, binary.and, binary.or, binary.xor];
    return shop.pick(operations)(x, shop.ofType(x.dtype, x.shape));
  }),
  change(integral, (x, shop) =>
    shop.pick([binary.mod, binary.idiv, binary.shl, binary.shr])(x, fill(x.shape, shop.pick([1, 2, 3, 7]), x.dtype)),
  ),
  change(integral, (x, shop) => shop.pick([unary.neg, unary.abs, unary.sign, unary.not])(x)),
  change(
    (n) => n.dtype === "bool",
    (x, shop) =>
      shop.pick([binary.and, binary.or, binary.xor, binary.max, binary.min])(x, shop.ofType("bool", x.shape)),
  ),
  change(
    (n) => n.dtype === "bool",
    (x) => unary.not(x),
  ),
];

/** Another shape with as many elements: two neighbouring axes joined, one split, or all flat. */
function reshaped(x: Node, shop: Workshop): Node {
  const { shape } = x;
  const flat = [sizeOf(shape)];
  if (!shape.length || shop.choose(3) === 0) return movement.reshape(x, flat);
  const axis = shop.choose(shape.length);
  if (axis + 1 < shape.length && shop.choose(2) === 0)
    return movement.reshape(x, [...shape.slice(0, axis), shape[axis]! * shape[axis + 1]!, ...shape.slice(axis + 2)]);
  const divisor = [2, 3, 5, 1].find((d) => shape[axis]! % d === 0)!;
  return movement.reshape(x, [...shape.slice(0, axis), divisor, shape[axis]! / divisor, ...shape.slice(axis + 1)]);
}

/** An order of the axes. */
function permuted(x: Node, shop: Workshop): Node {
  const left = x.shape.map((_, axis) => axis);
  // The last first: leaving everything in its place is no step.
  return movement.permute(
    x,
    x.shape.map(() => left.splice(left.length - 1 - shop.choose(left.length), 1)[0]!),
  );
}

/** A new axis, or those of size 1, repeated. */
function expanded(x: Node, shop: Workshop): Node {
  const ones = x.shape.includes(1) && shop.choose(2) === 0;
  const at = shop.choose(x.shape.length + 1);
  const base = ones ? x : movement.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
  return movement.expand(
    base,
    base.shape.map((d) => (d === 1 ? shop.pick([3, 2, 1, 5]) : d)),
  );
}

function sliced(x: Node, shop: Workshop): Node {
  const step = x.shape.map(() => shop.pick([1, 1, 2, 3]));
  const start = x.shape.map((d) => shop.choose(Math.max(1, Math.min(d, 3))));
  const size = x.shape.map((d, i) => Math.max(0, Math.ceil((d - start[i]!) / step[i]!) - shop.choose(2)));
  return movement.slice(x, start, size, step);
}

function windows(x: Node, shop: Workshop): Node | undefined {
  const axis = shop.choose(x.shape.length);
  const attributes = { axis, size: shop.pick([2, 3, 1]), stride: shop.pick([1, 2, 3]), dilation: shop.pick([1, 2]) };
  if ((attributes.size - 1) * attributes.dilation >= x.shape[axis]!) return undefined;
  const made = movement.window(x, attributes);
  // Half the time what was spread is gathered again.
  if (!isFloat(x.dtype) || !shop.usable(made) || shop.choose(2) === 0) return made;
  return movement.fold(movement.contiguous(made), { ...attributes, length: x.shape[axis]! });
}

/** The largest of each padded window, as in pooling. */
function pooled(x: Node, shop: Workshop): Node | undefined {
  const axis = shop.choose(x.shape.length);
  const padded = movement.pad(
    x,
    x.shape.map((_, i) => (i === axis ? ([1, 1] as const) : ([0, 0] as const))),
    -1000,
  );
  const attributes = { axis, size: 3, stride: shop.pick([1, 2]), dilation: 1 };
  return x.shape[axis]! > 0 ? reductions.maxReduce(movement.window(padded, attributes), [x.shape.length]) : undefined;
}

const moving: Step[] = [
  change(() => true, reshaped),
  change(hasAxes, permuted),
  change(() => true, expanded),
  change(hasAxes, sliced),
  change(hasAxes, (x, shop) => {
    const widths = x.shape.map(() => [shop.pick([1, 0, 2]), shop.pick([0, 1])] as const);
    return movement.pad(x, widths, x.dtype === "bool" ? 0 : shop.pick([0, 1, 3]));
  }),
  change(hasAxes, (x, shop) => movement.flip(x, someAxes(x, shop))),
  change(hasAxes, (x, shop) => {
    const axis = shop.choose(x.shape.length);
    const like = (size: number): Node =>
      shop.ofType(
        x.dtype,
        x.shape.map((d, i) => (i === axis ? size : d)),
      );
    const parts = [x, like(shop.pick([1, 2, 3]))];
    if (shop.choose(3) === 1) parts.unshift(like(2));
    return movement.concat(parts, axis);
  }),
  change(hasAxes, windows),
  change((n) => hasAxes(n) && float(n), pooled),
  change(
    (n) => hasAxes(n) && n.dtype !== "bool",
    (x, shop) =>
      movement.dilate(
        x,
        x.shape.map(() => shop.pick([2, 1, 3])),
      ),
  ),
  change(
    () => true,
    (x, shop) => shop.pick([movement.contiguous, detach])(x),
  ),
];

const reducing: Step[] = [
  change(
    (n) => hasAxes(n) && n.dtype !== "bool",
    (x, shop) => reductions.sum(x, someAxes(x, shop)),
  ),
  change(
    (n) => hasAxes(n) && n.dtype !== "bool",
    (x, shop) => reductions.prod(x, someAxes(x, shop)),
  ),
  change(
    (n) => hasAxes(n) && hasElements(n),
    (x, shop) =>
      shop.pick([reductions.maxReduce, reductions.minReduce, reductions.argmax, reductions.argmin])(
        x,
        someAxes(x, shop),
      ),
  ),
  // The shape of softmax: a row, less its largest, over its sum.
  change(
    (n) => hasAxes(n) && hasElements(n) && float(n),
    (x, shop) => {
      const axes = someAxes(x, shop);
      const powers = unary.exp(binary.sub(x, reductions.spread(reductions.maxReduce(x, axes), x.shape, axes)));
      if (!shop.usable(powers)) return undefined;
      const total = positive(reductions.spread(reductions.sum(powers, axes), x.shape, axes));
      return binary.div(powers, total);
    },
  ),
  // The shape of a norm: a row, less its mean.
  change(
    (n) => hasAxes(n) && float(n),
    (x, shop) => {
      const axes = someAxes(x, shop);
      const mean = binary.mul(reductions.sum(x, axes), fill(reductions.sum(x, axes).shape, 0.125, x.dtype));
      const centred = binary.sub(x, reductions.spread(mean, x.shape, axes));
      const variance = reductions.sum(binary.mul(centred, centred), axes);
      return binary.div(centred, reductions.spread(unary.sqrt(positive(variance)), x.shape, axes));
    },
  ),
];

/** A contraction of one axis or two, with or without a batch axis, with what is at hand or something new. */
function contracted(x: Node, shop: Workshop): Node {
  const axes = x.shape.map((_, axis) => axis);
  const contract = [axes.splice(shop.choose(axes.length), 1)[0]!];
  if (axes.length > 1 && shop.choose(3) === 1) contract.push(axes.splice(shop.choose(axes.length), 1)[0]!);
  const batch = axes.length && shop.choose(3) === 1 ? [axes.splice(shop.choose(axes.length), 1)[0]!] : [];
  const free = shop.pick([[3], [], [2], [1], [9], [2, 2]]);
  // The other side's axes in one of two orders, so that both sides are read along and across.
  const sizes = [...batch, ...contract].map((axis) => x.shape[axis]!);
  const freeFirst = shop.choose(2) === 1;
  const other = shop.ofType(x.dtype, freeFirst ? [...free, ...sizes] : [...sizes, ...free]);
  const from = freeFirst ? free.length : 0;
  const place = (i: number): number => from + i;
  const pairing: Pairing = {
    batch: [batch, batch.map((_, i) => place(i))],
    contract: [contract, contract.map((_, i) => place(batch.length + i))],
  };
  if (shop.choose(2) === 0) return dot(x, other, pairing);
  return dot(other, x, {
    batch: [pairing.batch[1], pairing.batch[0]],
    contract: [pairing.contract[1], pairing.contract[0]],
  });
}

/** Attention of a known node's rows to keys and values that are at hand or new, with masks of each kind. */
function attended(q: Node, shop: Workshop): Node {
  const front = q.shape.slice(0, -2);
  const [queries, e] = [q.shape.at(-2)!, q.shape.at(-1)!];
  const keys = shop.pick([3, 2, 4, 1, 5, 9]);
  const k = shop.ofType(q.dtype, [...front, keys, e]);
  const v = shop.ofType(q.dtype, [...front, keys, shop.pick([2, 3, 1])]);
  const pairs = [...front, queries, keys];
  const kinds = shop.pick([[], [], [q.dtype], ["bool"], ["bool", q.dtype]] as const);
  const dropout = shop.pick([0, 0, 0.25]);
  const masks = [...kinds, ...(dropout ? (["bool"] as const) : [])].map((dtype) => shop.ofType(dtype, pairs));
  const attributes = {
    scale: shop.pick([0.5, 1, -0.25]),
    causal: shop.choose(2) === 1,
    start: shop.pick([0, 1, 3]),
    apart: 0,
    dropout,
  };
  return apply(shop.choose(6) === 5 ? attentionNormOp : attentionOp, [q, k, v, ...masks], attributes);
}

/** Positions along an axis: mostly inside it. */
function positions(x: Node, axis: number, count: number, shop: Workshop): Node {
  const shape = x.shape.map((d, i) => (i === axis ? count : d));
  const dtype = shop.pick<DType>(["i32", "u32", "u8"]);
  const outside = shop.choose(6) === 5;
  return shop.leaf(dtype, shape, { from: outside && dtype === "i32" ? -2 : 0, to: x.shape[axis]! - (outside ? 0 : 1) });
}

/** An offset: mostly one that fits. */
const offset = (x: Node, axis: number, shop: Workshop): Node => shop.leaf("i32", [], { from: -1, to: x.shape[axis]! });

/** A loop along the first axis, whose step is made of two or three operations; its last carry or all that it hands out. */
function looped(xs: Node, shop: Workshop): Node {
  const inner = xs.shape.slice(1);
  const shared = shop.ofType(xs.dtype, inner);
  const half = fill(inner, 0.5, xs.dtype);
  const mix = shop.pick([binary.add, binary.max, binary.sub]);
  const shape = shop.pick([(c: Node) => c, unary.tanh, unary.abs, (c: Node) => binary.mul(c, half)]);
  const isShared = shop.choose(2) === 1;
  const { carry, outputs } = scan(
    ([c], [x]) => {
      const mixed = mix(shape(c!), x!);
      const next = isShared ? binary.add(mixed, shared) : mixed;
      return { carry: [next], outputs: [binary.mul(next, half)] };
    },
    [shop.ofType(xs.dtype, inner)],
    [xs],
  );
  return shop.pick([carry, outputs])[0]!;
}

const others: Step[] = [
  change(
    (n) => hasAxes(n) && n.dtype !== "bool",
    (x, shop) => cumulate(shop.pick(["sum", "max", "min", "prod"]), x, shop.choose(x.shape.length)),
  ),
  change(
    (n) => hasAxes(n) && float(n),
    (x, shop) => recurrence(shop.ofType(x.dtype, x.shape), x, shop.choose(x.shape.length)),
  ),
  change(
    (n) => hasAxes(n) && hasElements(n),
    (x, shop) => argsort(x, shop.choose(x.shape.length), shop.choose(2) === 1, shop.pick([32, 2, 4])),
  ),
  change(
    (n) => hasAxes(n) && hasElements(n),
    (x, shop) => {
      const axis = shop.choose(x.shape.length);
      const start = offset(x, axis, shop);
      const size = 1 + shop.choose(x.shape[axis]!);
      if (shop.choose(2) === 0) return sliceAt(x, start, size, axis);
      const part = x.shape.map((d, a) => (a === axis ? size : d));
      return updateAt(x, shop.ofType(x.dtype, part), start, axis);
    },
  ),
  change((n) => hasAxes(n) && n.shape[0]! > 0 && float(n), looped),
  change((n) => hasAxes(n) && float(n), contracted),
  change((n) => hasAxes(n) && n.dtype === "i32", contracted),
  change((n) => n.shape.length > 1 && float(n), attended),
  change(
    (n) => hasAxes(n) && hasElements(n),
    (x, shop) => {
      const axis = shop.choose(x.shape.length);
      return gather(x, positions(x, axis, shop.pick([2, 1, 4, 7]), shop), axis);
    },
  ),
  change(
    (n) => hasAxes(n) && hasElements(n) && n.dtype !== "bool",
    (x, shop) => {
      const axis = shop.choose(x.shape.length);
      const index = positions(x, axis, shop.pick([2, 1, 4, 7]), shop);
      return scatter(
        shop.pick(["add", "set", "max", "min"] as const),
        x,
        index,
        shop.ofType(x.dtype, index.shape),
        axis,
      );
    },
  ),
  (shop) => randomBits(shop.leaf("u32", [2], { to: 1000 }), shop.shape()),
  (shop) => {
    const shape = shop.shape();
    return shape.length ? iota(shape, shop.choose(shape.length), shop.pick<DType>(["i32", "f32"])) : undefined;
  },
  (shop) => {
    const leaf = shop.leaf(shop.pick<DType>(["f32", "i32", "bool", "u8", "u32"]), shop.shape());
    shop.pool.push(leaf);
    return undefined;
  },
];

/** All steps, the plainest first. */
export const STEPS: readonly Step[] = [...elementwise, ...moving, ...reducing, ...others];
