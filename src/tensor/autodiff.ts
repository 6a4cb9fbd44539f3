/** Derivatives of functions of tensors, in the manner of JAX: functions in, functions out, any order. */
import { isFloat } from "../core/dtype.ts";
import { ArgumentError, GradientError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { Node, topological } from "../graph/node.ts";
import { gradientsEnabled, withGradientMode } from "../graph/op.ts";
import { customOp, detach } from "../graph/ops/control.ts";
import { fill } from "../graph/ops/leaf.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { mapTensors } from "./tree.ts";
import { gradients } from "./precision.ts";

/** Nodes that stand for the inputs of a function being differentiated. */
const watched = new WeakSet<Node>();

/** The same value as something to differentiate by. Gradients of outer functions flow on to the original. */
export function watch(op: string, x: Node): Node {
  if (!isFloat(x.dtype))
    throw new GradientError(
      `${op}: there are no gradients with respect to ${x.dtype}. Use x.float(), or other argnums`,
    );
  const node = new Node(customOp, [x, x], { name: op, gradient: (grad: Node) => [grad] }, x.shape, x.dtype, true);
  watched.add(node);
  return node;
}

/** True when gradients flow from the results to anything but these inputs: parameters, or inputs of an outer function. */
function flowsOn(results: readonly Node[], inputs: readonly Node[]): boolean {
  const own = new Set(inputs);
  return topological(results, (n) => !n.requiresGrad || own.has(n)).some((n) =>
    own.has(n) ? n.inputs[0]!.requiresGrad : n.requiresGrad && (n.inputs.length === 0 || watched.has(n)),
  );
}

/** Results that do not drag the differentiated graph along, where nobody further out needs it. */
function release(results: readonly Node[], inputs: readonly Node[]): (x: Node) => Node {
  return gradientsEnabled() && flowsOn(results, inputs) ? (x) => x : detach;
}

const zerosOf = (x: Node): Node => fill(x.shape, 0, x.dtype);

/** Arguments as they are, some of their tensors watched. */
function watchArguments<A extends readonly unknown[]>(
  op: string,
  args: A,
  positions: readonly number[],
): { args: A; nodes: Node[] } {
  const nodes: Node[] = [];
  const bad = positions.find((i) => !Number.isInteger(i) || i < 0 || i >= args.length);
  if (bad !== undefined) throw new ArgumentError(`${op}: argnums ${bad} names none of ${args.length} arguments`);
  const replaced = args.map((arg, i) =>
    positions.includes(i)
      ? mapTensors(arg, (x) => {
          const node = watch(op, x.node);
          nodes.push(node);
          return fromNode(node);
        })
      : arg,
  );
  return { args: replaced as unknown as A, nodes };
}

/** The gradient's type for each chosen argument: its own, tensors in place of tensors. */
export type Gradients<A extends readonly unknown[], N> = N extends number
  ? A[N]
  : { -readonly [I in keyof N]: N[I] extends number ? A[N[I]] : never };

export interface GradOptions<N> {
  /** Which argument (or arguments) to differentiate by; 0, the first, by default. */
  readonly argnums?: N | undefined;
  /** The function returns [value, anything else]. */
  readonly hasAux?: boolean | undefined;
}

/**
 * A function that returns what `f` returns, together with the gradient of its value (JAX's value_and_grad). Arguments may be
 * tensors, or arrays and plain objects of them; the gradient has the same form.
 * The function throws GradientError when the value is not a single float, or an argument to differentiate by holds integers.
 */
export function valueAndGrad<A extends readonly unknown[], R, const N extends number | readonly number[] = 0>(
  f: (...args: A) => R,
  { argnums, hasAux = false }: GradOptions<N> = {},
): (...args: A) => [value: R, gradient: Gradients<A, NoInfer<N>>] {
  const chosen: number | readonly number[] = argnums ?? 0;
  const positions = typeof chosen === "number" ? [chosen] : chosen;
  return (...given) => {
    const { args, nodes } = watchArguments("grad", given, positions);
    const returned = withGradientMode(true, () => f(...args));
    const value = (hasAux ? (returned as readonly [Tensor, ...unknown[]])[0] : returned) as Tensor;
    if (value.size !== 1)
      throw new GradientError(
        `grad: the function must return a single element, got ${show(value.shape)}. Reduce it, or use vjp or jacobian`,
      );
    const found = pull("grad", value.node, fill(value.shape, 1, value.dtype), nodes);
    const keep = release([value.node, ...found], nodes);
    let next = 0;
    const parts = positions.map((i) => mapTensors(given[i], () => fromNode(keep(found[next++]!))));
    return [
      mapTensors(returned, (x) => fromNode(keep(x.node))),
      (typeof chosen === "number" ? parts[0] : parts) as Gradients<A, N>,
    ];
  };
}

/** Gradients of Σ output · cotangent, zeros where none flows. */
function pull(op: string, output: Node, cotangent: Node, inputs: readonly Node[]): Node[] {
  if (!isFloat(output.dtype))
    throw new GradientError(`${op}: the function returned ${output.dtype}, which has no gradients`);
  return withGradientMode(true, () =>
    gradients([output], [cotangent], inputs).map((found, i) => found ?? zerosOf(inputs[i]!)),
  );
}

/** A function that returns the gradient of `f` (JAX's grad): `valueAndGrad` without the value. */
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: (...args: A) => Tensor,
  options?: GradOptions<N>,
): (...args: A) => Gradients<A, NoInfer<N>> {
  const both = valueAndGrad(f, options);
  return (...args) => both(...args)[1];
}

/**
 * The value of `f`, and the function that carries a gradient of the result (all ones by default) back to the inputs: a product
 * with the transposed Jacobian.
 */
export function vjp<A extends readonly Tensor[], R extends Tensor>(
  f: (...inputs: A) => R,
  ...primals: A
): [value: R, pullback: (cotangent?: Tensor) => A] {
  const { args, nodes } = watchArguments("vjp", primals, [...primals.keys()]);
  const output = withGradientMode(true, () => f(...args)).node;
  const keep = release([output], nodes);
  const pullback = (cotangent?: Tensor): A => {
    const seed = cotangent?.node ?? fill(output.shape, 1, output.dtype);
    if (!sameShape(seed.shape, output.shape))
      throw new ShapeError(
        `vjp: the cotangent ${show(seed.shape)} must have the shape of the value, ${show(output.shape)}`,
      );
    const found = pull("vjp", output, seed, nodes);
    const keepFound = release(found, nodes);
    return found.map((x) => fromNode(keepFound(x))) as readonly Tensor[] as A;
  };
  return [fromNode(keep(output)) as R, pullback];
}

/**
 * The value of `f` and its directional derivative along the tangents: a product with the Jacobian. The pullback is linear in
 * its cotangent, and the derivative of a linear function is its transpose, so two of them make a pushforward.
 */
export function jvp<A extends readonly Tensor[], R extends Tensor>(
  f: (...inputs: A) => R,
  primals: readonly [...A],
  tangents: readonly [...A],
): [value: R, tangent: R] {
  primals.forEach((x, i) => {
    const tangent = tangents[i];
    if (!tangent || !sameShape(tangent.shape, x.shape))
      throw new ShapeError(
        `jvp: input ${i} has shape ${show(x.shape)}, its tangent ${tangent ? show(tangent.shape) : "is missing"}`,
      );
  });
  const { args, nodes } = watchArguments("jvp", primals as A, [...primals.keys()]);
  const output = withGradientMode(true, () => f(...args)).node;
  const seed = watch("jvp", zerosOf(output));
  const pulled = pull("jvp", output, seed, nodes);
  const [pushed] = withGradientMode(true, () =>
    gradients(
      pulled,
      tangents.map((x) => x.node),
      [seed],
    ),
  );
  const tangent = pushed ?? zerosOf(output);
  const keep = release([output, tangent], [...nodes, seed]);
  return [output, tangent].map((x) => fromNode(keep(x))) as readonly Tensor[] as [R, R];
}

/** Runs `f` without recording for gradients: what it makes has `requiresGrad` false. */
export function noGrad<T>(f: () => T): T {
  return withGradientMode(false, f);
}
