/** Functions of one example made functions of many, in the manner of JAX and torch.func. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { normalizeAxis, show } from "../core/shape.ts";
import { batchGraph, type Example } from "../graph/batch.ts";
import type { Node } from "../graph/node.ts";
import { watch } from "./autodiff.ts";
import { moveAxis } from "./functional/movement.ts";
import { fromNode } from "./tensor.ts";
import { Trace } from "./trace.ts";
import { mapTensors, tensorsIn } from "./tree.ts";

export interface VmapOptions {
  /** The axis of the examples in the tensors of each argument, or of all arguments; null where the examples share it. 0 by default. */
  readonly inAxes?: number | null | readonly (number | null)[] | undefined;
  /** Where the axis of the examples goes in each result of an array, or in all results. 0 by default. */
  readonly outAxes?: number | readonly number[] | undefined;
}

/**
 * A function over many examples at once, from a function of one: what runs for each example becomes one graph with one more
 * axis, so a loop over examples becomes larger kernels, and what they share is computed once. Arguments and results may be
 * tensors, or arrays and plain objects of them. Works inside and around `grad`, `jvp`, `vmap` and `jit`.
 * Random numbers are the same for all examples, unless they follow from an argument.
 * The function throws ArgumentError where no argument has examples or `inAxes` names too few or too many arguments, ShapeError
 * where their numbers differ, and TraceError where `f` reads a value.
 * @example
 * const perExample = vmap(grad(loss), { inAxes: [null, 0, 0] })(weights, xs, ys);
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  { inAxes = 0, outAxes = 0 }: VmapOptions = {},
): (...args: A) => R {
  return (...args) => {
    const axes = args.map((_, i) => (inAxes === null || typeof inAxes === "number" ? inAxes : inAxes[i]));
    if (typeof inAxes === "object" && inAxes && inAxes.length !== args.length)
      throw new ArgumentError(`vmap: inAxes names ${inAxes.length} arguments, got ${args.length}`);
    const trace = new Trace("vmap");
    const leaves = new Map<Node, Example>();
    let size: number | undefined;
    const single = args.map((arg, i) => {
      const axis = axes[i];
      if (typeof axis !== "number") return arg;
      return mapTensors(arg, ({ node }) => {
        const moved = moveAxis(node, normalizeAxis("vmap", axis, node.shape), 0);
        size ??= moved.shape[0]!;
        if (moved.shape[0] !== size)
          throw new ShapeError(
            `vmap: axis ${axis} of argument ${i}, ${show(node.shape)}, holds ${moved.shape[0]} examples, the ones before it ${size}`,
          );
        const leaf = trace.argument(moved.shape.slice(1), node.dtype);
        const one = node.requiresGrad ? watch("vmap", leaf) : leaf;
        leaves.set(one, { node: moved, mapped: true });
        return fromNode(one);
      });
    }) as unknown as A;
    if (size === undefined)
      throw new ArgumentError(
        "vmap: no argument has an axis of examples. Give one a tensor, and an axis other than null",
      );
    const count = size;
    const returned = closing(trace, () => f(...single));
    const results = batchGraph(
      tensorsIn(returned).map((x) => x.node),
      leaves,
      count,
    );
    const place = (value: unknown, axis: number): unknown =>
      mapTensors(value, () => fromNode(moveAxis(results.shift()!, 0, axis)));
    if (typeof outAxes === "number") return place(returned, outAxes) as R;
    if (!Array.isArray(returned) || returned.length !== outAxes.length)
      throw new ArgumentError(
        `vmap: outAxes names ${outAxes.length} results, the function returned ${Array.isArray(returned) ? returned.length : "no array"}`,
      );
    return returned.map((value, i) => place(value, outAxes[i]!)) as R;
  };
}

/** What is made meanwhile has no value; what is used later never gets one. */
function closing<T>(trace: Trace, run: () => T): T {
  try {
    return run();
  } finally {
    trace.open = false;
  }
}
