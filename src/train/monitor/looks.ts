/** What there is to see in a step, measured on the device in the step itself: what is read of it is small. */
import { isFloat, type TypedArray } from "../../core/dtype.ts";
import { BUCKET_COUNT, BUCKET_SHIFT, histogramFrom, type Histogram } from "../../core/histogram.ts";
import { shr } from "../../graph/ops/binary.ts";
import { fill, fixed } from "../../graph/ops/leaf.ts";
import { bitcast, cast } from "../../graph/ops/unary.ts";
import { scatter } from "../../tensor/functional/indexing.ts";
import { stack, where } from "../../tensor/functions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { TracedStep } from "../callback.ts";

/** The kinds of things in a step. */
export type Kind = "weights" | "gradients" | "activations";

/** A tensor in numbers; but for `size`, of its finite elements. */
export interface Measures {
  readonly size: number;
  readonly finite: number;
  readonly zeros: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly mean: number;
  /** The mean of squared distances from the mean. */
  readonly variance: number;
  readonly sumSquares: number;
  /** The length of the vector of all elements. */
  readonly norm: number;
  /** Where it was asked for. */
  readonly histogram: Histogram | undefined;
}

/** What was seen in a step: measures by path. */
export interface Look {
  readonly loss: number;
  readonly weights: ReadonlyMap<string, Measures>;
  readonly gradients: ReadonlyMap<string, Measures>;
  readonly activations: ReadonlyMap<string, Measures>;
}

/** The tensors of a traced step by names such as `gradients/fc1.weight`. What the model returns as a whole is left out. */
function* tensorsIn(step: TracedStep, kinds: readonly Kind[]): Generator<readonly [string, Tensor]> {
  for (const [path, parameter] of step.model.namedParameters()) {
    if (kinds.includes("weights")) yield [`weights/${path}`, parameter];
    if (kinds.includes("gradients") && parameter.grad) yield [`gradients/${path}`, parameter.grad];
  }
  if (!kinds.includes("activations")) return;
  for (const [path, tensor] of step.activations)
    if (path !== "" && isFloat(tensor.dtype) && tensor.size > 0) yield [`activations/${path}`, tensor];
}

/**
 * Measures a step while it is traced.
 * @param kinds what to measure.
 * @param counted of what histograms are made, too.
 * @returns few tensors, because each that is read costs a little: their names say of what the rows are.
 */
export function measure(step: TracedStep, kinds: readonly Kind[], counted: readonly Kind[]): Record<string, Tensor> {
  const numbers = new Map<string, Tensor>();
  const counts = new Map<string, Tensor>();
  for (const [name, tensor] of tensorsIn(step, kinds)) {
    const x = tensor.flatten().cast("f32") as Tensor;
    numbers.set(name, numbersOf(x));
    if (counted.some((kind) => name.startsWith(kind))) counts.set(name, countsOf(x));
  }
  const seen: Record<string, Tensor> = { loss: step.loss };
  for (const [what, rows] of Object.entries({ numbers, counts }))
    if (rows.size > 0) seen[[what, ...rows.keys()].join("\n")] = stack([...rows.values()]) as Tensor;
  return seen;
}

/** What `numbersOf` measures, in its order. */
const NUMBERS = ["size", "finite", "zeros", "min", "max", "sum", "mean", "variance", "sumSquares"] as const;

function numbersOf(x: Tensor): Tensor {
  const finite = x.isFinite() as Tensor;
  const kept = where(finite, x, 0) as Tensor;
  const count = finite.cast("f32").sum() as Tensor;
  const some = count.maximum(1) as Tensor;
  const mean = kept.sum().div(some) as Tensor;
  const distance = where(finite, x.sub(mean) as Tensor, 0) as Tensor;
  const measured: Record<(typeof NUMBERS)[number], Tensor> = {
    size: fromNode(fill([], x.size, "f32")),
    finite: count,
    zeros: x.eq(0).cast("f32").sum() as Tensor,
    min: where(finite, x, Infinity).min() as Tensor,
    max: where(finite, x, -Infinity).max() as Tensor,
    sum: kept.sum() as Tensor,
    mean,
    variance: distance.mul(distance).sum().div(some) as Tensor,
    sumSquares: kept.mul(kept).sum() as Tensor,
  };
  return stack(NUMBERS.map((name) => measured[name])) as Tensor;
}

/** How many elements lie in each bucket of a histogram. */
function countsOf(x: Tensor): Tensor {
  const bucket = cast(shr(bitcast(x.node, "u32"), fixed([x.size], BUCKET_SHIFT, "u32")), "i32");
  return fromNode(scatter("add", fill([BUCKET_COUNT], 0, "i32"), bucket, fill([x.size], 1, "i32")));
}

/** Reads what a step has shown. */
export async function readLook(seen: Readonly<Record<string, Tensor>>): Promise<Look> {
  const rows = { numbers: new Map<string, TypedArray>(), counts: new Map<string, TypedArray>() };
  for (const [key, tensor] of Object.entries(seen)) {
    const [what, ...names] = key.split("\n");
    if (what === "loss") continue;
    const values = await tensor.data();
    const size = values.length / names.length;
    for (const [at, name] of names.entries())
      rows[what as "numbers" | "counts"].set(name, values.subarray(at * size, (at + 1) * size));
  }
  const look = { weights: new Map(), gradients: new Map(), activations: new Map() } as Record<
    Kind,
    Map<string, Measures>
  >;
  for (const [name, values] of rows.numbers) {
    const [, kind, path] = /^(\w+)\/(.*)/s.exec(name)!;
    const numbers = Object.fromEntries(NUMBERS.map((key, at) => [key, values[at]!])) as Record<
      (typeof NUMBERS)[number],
      number
    >;
    const counts = rows.counts.get(name);
    const histogram = counts && histogramFrom(counts, numbers);
    look[kind as Kind].set(path!, { ...numbers, norm: Math.sqrt(numbers.sumSquares), histogram });
  }
  return { ...look, loss: await seen["loss"]!.item() };
}
