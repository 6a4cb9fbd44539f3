/** What there is to see in a step, measured on the device in the step itself: what is read of it is small. */
import { isFloat } from "../../core/dtype.ts";
import {
  BUCKET_COUNT,
  BUCKET_SHIFT,
  histogramFrom,
  histogramOf,
  type Histogram,
  type Moments,
} from "../../core/histogram.ts";
import { shr } from "../../graph/ops/binary.ts";
import { fill, fixed } from "../../graph/ops/leaf.ts";
import { bitcast, cast } from "../../graph/ops/unary.ts";
import { scatter } from "../../graph/ops/gather.ts";
import { contiguous } from "../../graph/ops/movement.ts";
import { concat, stack, where } from "../../tensor/functions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { TracedStep } from "../callback.ts";

/** The kinds of things in a step. */
export const KINDS = ["weights", "gradients", "activations"] as const;
export type Kind = (typeof KINDS)[number];

/** A tensor in numbers, of its finite elements. */
export interface Measures extends Moments {
  /** The length of the vector of all elements. */
  readonly norm: number;
  /** Where it was asked for. */
  readonly spread: Spread | undefined;
  /** Where it was asked for. */
  readonly histogram: Histogram | undefined;
}

/** More numbers of a tensor; but for `size`, of its finite elements. */
export interface Spread {
  readonly size: number;
  readonly finite: number;
  readonly zeros: number;
  readonly mean: number;
  /** The mean of squared distances from the mean. */
  readonly variance: number;
}

/** What was seen in a step: measures by path. */
export interface Look {
  readonly loss: number;
  readonly weights: ReadonlyMap<string, Measures>;
  readonly gradients: ReadonlyMap<string, Measures>;
  readonly activations: ReadonlyMap<string, Measures>;
}

/** Of which kinds what is measured. */
export interface Measuring {
  readonly kinds: readonly Kind[];
  readonly histograms?: readonly Kind[] | undefined;
  readonly spread?: readonly Kind[] | undefined;
}

/** What looks into steps. */
export interface Looks {
  /** Measures a step while it is traced. Returns one tensor, i32, by a name of what is in it. */
  trace(step: TracedStep): Record<string, Tensor>;
  /** Reads what a step has shown that was traced here. */
  read(seen: Readonly<Record<string, Tensor>>): Promise<Look>;
  /** The same of the elements that tensors of this name have. */
  decode(name: string, elements: Int32Array): Look;
}

/** Where a tensor's measures are found. */
interface Place {
  readonly kind: Kind;
  readonly path: string;
  readonly size: number;
  readonly spread: boolean;
  readonly counted: boolean;
}

/** Tensors of no more elements are read as they are: their measures would be as many numbers, and kernels of their own. */
const SMALL = BUCKET_COUNT;

export function looksInto({ kinds, histograms = [], spread = [] }: Measuring): Looks {
  /** By name: the places as text. In the order of the tensors in the program. */
  const traced = new Map<string, readonly Place[]>();
  const looks: Looks = {
    trace(step) {
      const places: Place[] = [];
      const numbers: Tensor[] = [made(step.loss.reshape([1]).cast("f32"))];
      const counts: Tensor[] = [];
      for (const [kind, path, tensor] of tensorsIn(step, kinds)) {
        const x = tensor.flatten().cast("f32");
        const place = { kind, path, size: x.size, spread: spread.includes(kind), counted: histograms.includes(kind) };
        places.push(place);
        if (x.size <= SMALL) numbers.push(x);
        else {
          numbers.push(made(momentsOf(x)));
          if (place.spread) numbers.push(made(spreadOf(x)));
          if (place.counted) counts.push(countsOf(x));
        }
      }
      const name = JSON.stringify(places);
      traced.set(name, places);
      // One tensor for all, because what each of them costs is not its elements. As integers: those pass unchanged through every device.
      const bits = fromNode(bitcast(concat(numbers).node, "i32"));
      return { [name]: concat([bits, ...counts]) };
    },
    async read(seen) {
      const [name, all] = Object.entries(seen)[0]!;
      return looks.decode(name, (await all.data()) as Int32Array);
    },
    decode(name, counts) {
      const numbers = new Float32Array(counts.buffer, counts.byteOffset, counts.length);
      const look = { weights: new Map(), gradients: new Map(), activations: new Map() } as Record<
        Kind,
        Map<string, Measures>
      >;
      const places = traced.get(name)!;
      // Counts stand behind all numbers.
      let nextCount =
        counts.length - BUCKET_COUNT * places.filter(({ size, counted }) => counted && size > SMALL).length;
      let next = 1;
      for (const { kind, path, size, spread, counted } of places) {
        let measures: Omit<Measures, "norm">;
        if (size <= SMALL) {
          const elements = numbers.subarray(next, (next += size));
          const histogram = histogramOf(elements);
          const { min, max, sum, sumSquares } = histogram;
          measures = {
            min,
            max,
            sum,
            sumSquares,
            spread: spread ? spreadIn(elements, histogram) : undefined,
            histogram: counted ? histogram : undefined,
          };
        } else {
          const four = (): Four => [numbers[next++]!, numbers[next++]!, numbers[next++]!, numbers[next++]!];
          const [min, max, sum, sumSquares] = four();
          const moments = { min, max, sum, sumSquares };
          const [finite, zeros, mean, variance] = spread ? four() : NONE;
          measures = {
            ...moments,
            spread: spread ? { size, finite, zeros, mean, variance } : undefined,
            histogram: counted
              ? histogramFrom(counts.subarray(nextCount, (nextCount += BUCKET_COUNT)), size, moments)
              : undefined,
          };
        }
        look[kind].set(path, { ...measures, norm: Math.sqrt(measures.sumSquares) });
      }
      return { ...look, loss: numbers[0]! };
    },
  };
  return looks;
}

/** A tensor that is in memory before others are made of it: putting tensors end to end is copying then, and nothing else. */
const made = (x: Tensor): Tensor => fromNode(contiguous(x.node));

type Four = readonly [number, number, number, number];
const NONE: Four = [0, 0, 0, 0];

/** The tensors of a traced step by kind and path. What the model returns as a whole is left out. */
function* tensorsIn(step: TracedStep, kinds: readonly Kind[]): Generator<readonly [Kind, string, Tensor]> {
  for (const [path, parameter] of step.model.namedParameters()) {
    if (kinds.includes("weights")) yield ["weights", path, parameter];
    if (kinds.includes("gradients") && parameter.grad) yield ["gradients", path, parameter.grad];
  }
  if (!kinds.includes("activations")) return;
  for (const [path, tensor] of step.activations)
    if (path !== "" && isFloat(tensor.dtype) && tensor.size > 0) yield ["activations", path, tensor];
}

/** The least, the largest, the sum, and that of squares. No two share a value, so that all are found in one pass. */
function momentsOf(x: Tensor): Tensor {
  const finite = x.isFinite();
  return stack([
    where(finite, x, Infinity).min(),
    where(finite, x, -Infinity).max(),
    where(finite, x, 0).sum(),
    where(finite, x.mul(x), 0).sum(),
  ]);
}

/** How many are finite, how many are 0, mean and variance. */
function spreadOf(x: Tensor): Tensor {
  const finite = x.isFinite();
  const count = finite.cast("f32").sum();
  const some = count.maximum(1);
  const mean = where(finite, x, 0).sum().div(some);
  const distance = where(finite, x.sub(mean), 0);
  return stack([count, x.eq(0).cast("f32").sum(), mean, distance.mul(distance).sum().div(some)] as Tensor[]);
}

/** So many counts are kept at a time of large tensors, whose elements can be shared out evenly: threads count one each. */
const COUNTERS = 4;
const LARGE = 2 ** 15;

/** How many elements lie in each bucket of a histogram. */
function countsOf(x: Tensor): Tensor {
  const rows = x.size >= LARGE && x.size % COUNTERS === 0 ? COUNTERS : 1;
  const shape = [rows, x.size / rows];
  const bits = bitcast(x.reshape(shape).node, "u32");
  const bucket = cast(shr(bits, fixed(shape, BUCKET_SHIFT, "u32")), "i32");
  const counts = scatter("add", fill([rows, BUCKET_COUNT], 0, "i32"), bucket, fill(shape, 1, "i32"), 1);
  return fromNode(counts).sum(0);
}

function spreadIn(values: Float32Array, { sum, count: finite }: Histogram): Spread {
  const mean = sum / Math.max(1, finite);
  let [zeros, squares] = [0, 0];
  for (const value of values) {
    if (value === 0) zeros++;
    if (Number.isFinite(value)) squares += (value - mean) ** 2;
  }
  return { size: values.length, finite, zeros, mean, variance: squares / Math.max(1, finite) };
}
