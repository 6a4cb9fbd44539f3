/**
 * Random graphs over all ops, for comparing two ways to evaluate them. Every decision is a number from a given source, and
 * 0 is always the simplest one, so that whoever supplies the numbers can look for the smallest graph that fails.
 */
import { isFloat, isHalf, type DType, type TypedArray } from "../core/dtype.ts";
import { sizeOf, type Shape } from "../core/shape.ts";
import { boundOf, boundOfElements, type Bound } from "./error-bound.testing.ts";
import { gradients } from "./grad.ts";
import { topological, type Node, type Source } from "./node.ts";
import { fill, input } from "./ops/leaf.ts";
import { reshape } from "./ops/movement.ts";
import { sum } from "./ops/reduce.ts";
import { STEPS } from "./random-steps.testing.ts";
import { elementsOf, on, type Grid } from "./sample.ts";

/** A whole number from 0 to `count` − 1. */
export type Choose = (count: number) => number;

/** The value of a leaf of a random graph. */
export interface RandomValue extends Source {
  readonly array: TypedArray;
}

export interface RandomGraph {
  readonly roots: readonly Node[];
  /** How far each root may be from another faithful evaluation. */
  readonly bounds: readonly Bound[];
}

/** Graphs stay small, so that thousands can be tried; what goes wrong goes wrong in small ones. */
const MOST_ELEMENTS = 96;
const MOST_STEPS = 20;
/** Larger numbers make errors that hide everything. */
const LARGEST = 1e5;
const LOOSEST = 1e-3;
/** The same for 16-bit floats. */
const LARGEST_HALF = 1e4;
const LOOSEST_HALF = 0.1;

/** A graph in the making: what steps choose their operands from. */
export class Workshop {
  readonly choose: Choose;
  readonly pool: Node[] = [];
  readonly #bounds = new Map<Node, Bound | undefined>();
  #leaves = 0;

  constructor(choose: Choose) {
    this.choose = choose;
  }

  /** One of several, the first being the simplest. */
  pick<T>(options: readonly T[]): T {
    return options[this.choose(options.length)]!;
  }

  /** A shape of at most four axes and few elements; now and then without any. */
  shape(): number[] {
    const sizes = [3, 2, 4, 1, 5, 7, 9, 17, 0];
    const shape: number[] = [];
    for (let rank = this.choose(5); rank > 0; rank--) {
      const size = this.pick(sizes);
      if (sizeOf(shape) * size <= MOST_ELEMENTS) shape.push(size);
    }
    return shape;
  }

  /** A leaf with elements on a lattice of eighths, or small whole numbers. */
  leaf(dtype: DType, shape: Shape, grid: Partial<Grid> = {}): Node {
    const array = elementsOf(on(dtype, shape, grid), `leaf ${this.#leaves++} ${this.choose(16)}`);
    const source: RandomValue = { array, requiresGrad: isFloat(dtype) };
    const node = input(shape, dtype, source);
    this.#bounds.set(node, boundOfElements(array));
    return node;
  }

  /** A known node that satisfies the condition, the newest being the simplest; undefined where there is none. */
  operand(fits: (node: Node) => boolean = () => true): Node | undefined {
    const fitting = this.pool.filter(fits);
    // Half the time the newest, so that graphs grow deep and not only wide.
    return fitting[fitting.length - 1 - (this.choose(2) === 0 ? 0 : this.choose(Math.max(1, fitting.length)))];
  }

  /** A node of this type: a known one, a number repeated, or a new leaf. */
  ofType(dtype: DType, shape: Shape): Node {
    const known = this.operand((n) => n.dtype === dtype && sizeOf(n.shape) === sizeOf(shape));
    const kind = this.choose(known ? 4 : 2);
    if (known && kind !== 3) return reshape(known, shape);
    return kind === 1 && dtype !== "bool"
      ? fill(shape, this.pick([1, 2, 0, 0.5, 3, -1]), dtype)
      : this.leaf(dtype, shape);
  }

  /** What is known about a node's values. */
  bound(root: Node): Bound | undefined {
    for (const node of topological([root], (n) => this.#bounds.has(n))) {
      if (!this.#bounds.has(node))
        this.#bounds.set(
          node,
          boundOf(
            node,
            node.inputs.map((x) => this.#bounds.get(x)),
          ),
        );
    }
    return this.#bounds.get(root);
  }

  /** Whether a node is small enough to go on with, and its values can be compared. */
  usable(node: Node): boolean {
    if (sizeOf(node.shape) > MOST_ELEMENTS || node.shape.length > 5) return false;
    const bound = this.bound(node);
    if (!bound) return false;
    const size = Math.max(Math.abs(bound.low), Math.abs(bound.high));
    const [largest, loosest] = isHalf(node.dtype) ? [LARGEST_HALF, LOOSEST_HALF] : [LARGEST, LOOSEST];
    return !isFloat(node.dtype) || (size <= largest && bound.error <= loosest * Math.max(1, size));
  }
}

/** Makes a graph from decisions. */
export function randomGraph(choose: Choose): RandomGraph {
  const shop = new Workshop(choose);
  const shape = shop.shape();
  for (const dtype of ["bool", "i32", (["f32", "f32", "f32", "f64", "f16", "bf16"] as const)[choose(6)]!] as const)
    shop.pool.push(shop.leaf(dtype, shape));
  // Many steps find nothing that fits them; a few of those are tried again.
  for (let tried = 0; tried < 3 * MOST_STEPS && shop.pool.length < MOST_STEPS && choose(25) > 0; tried++) {
    const made = shop.pick(STEPS)(shop);
    if (made && made.op.name !== "input" && shop.usable(made)) shop.pool.push(made);
  }
  const roots = new Set([shop.pool[shop.pool.length - 1]!]);
  for (let more = choose(4); more > 0; more--) roots.add(shop.operand()!);
  if (choose(3) === 1) for (const grad of gradientsIn(shop)) roots.add(grad);
  // A leaf is no work for anybody.
  const computed = [...roots].filter((n) => n.op.name !== "input");
  return { roots: computed, bounds: computed.map((n) => shop.bound(n)!) };
}

/** Gradients of the sum of a known node with respect to the leaves under it. */
function gradientsIn(shop: Workshop): Node[] {
  const target = shop.operand((n) => n.requiresGrad && isFloat(n.dtype) && n.op.name !== "input");
  if (!target) return [];
  const scalar = sum(
    target,
    target.shape.map((_, axis) => axis),
  );
  const leaves = topological([target]).filter((n) => n.op.name === "input" && n.requiresGrad);
  const grads = gradients([scalar], [fill([], 1, scalar.dtype)], leaves);
  return grads.filter((n): n is Node => n !== undefined && shop.usable(n));
}

/** The graph, one node a line, for messages. */
export function describeGraph(roots: readonly Node[]): string {
  const order = topological(roots);
  const name = (node: Node): string => `n${order.indexOf(node)}`;
  const lines = order.map((node) => {
    const source = node.source as RandomValue | undefined;
    const what = source
      ? `[${source.array.join(", ")}]`
      : `${node.op.name}(${[...node.inputs.map(name), ...Object.entries(node.attributes).map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(", ")})`;
    return `${name(node)}: ${node.dtype} [${node.shape.join(", ")}] = ${what}`;
  });
  return `${lines.join("\n")}\nroots: ${roots.map(name).join(", ")}`;
}
