/** Data in the forms that Keras takes, as the engine wants it. */
import { ArgumentError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { isHostArray, type HostArray } from "../data/hostArray.ts";
import { slices, type Sliceable } from "../data/slices.ts";
import { tensor } from "../tensor/create.ts";
import { loadNodes } from "../tensor/evaluate.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tensorsIn } from "../tensor/tree.ts";
import { Feed, readyExamples, type Data } from "../train/feed.ts";
import type { Batch } from "../train/model.ts";
import { withWeights, type Targets } from "./scores.ts";
import { flat, type Nest } from "./symbolic.ts";

/** Numbers: a tensor, an array with a shape, or nested arrays. */
type Numbers = Tensor | HostArray | readonly number[] | readonly NumbersIn[];
type NumbersIn = readonly number[] | readonly NumbersIn[];

/** One array, several in a list, or by name. */
export type Arrays = Numbers | readonly (Tensor | HostArray)[] | { readonly [name: string]: Tensor | HostArray };

type Inputs = Nest<Tensor> | { readonly [input: string]: Tensor };

/** A batch as users' datasets have it. */
export type UserBatch =
  | readonly [x: Inputs, y: Targets]
  | readonly [x: Inputs, y: Targets, weights: Nest<Tensor> | undefined];

/** [x, y], [x, y, weights], or batches of them. */
export type TrainingData =
  | readonly [x: Arrays, y: Arrays]
  | readonly [x: Arrays, y: Arrays, weights: Arrays]
  | Dataset<UserBatch>
  | AsyncIterable<UserBatch>
  | Iterable<UserBatch>
  | ((epoch: number) => Iterable<UserBatch> | AsyncIterable<UserBatch>);

type Held = Tensor | HostArray;

const isHeld = (value: unknown): value is Held => value instanceof Tensor || isHostArray(value);

/** Arrays as tensors, in the same list or by the same names. */
function held(operation: string, given: Arrays): Nest<Held> | { readonly [name: string]: Held } {
  if (isHeld(given)) return given;
  if (Array.isArray(given)) {
    if (given.length > 0 && given.every(isHeld)) return given as readonly Held[];
    return tensor(given as number[]);
  }
  if (typeof given === "object" && given !== null) return given as { readonly [name: string]: Held };
  throw new ArgumentError(`${operation}: wants tensors or arrays, got ${given === null ? "null" : typeof given}`);
}

const listOf = (given: Nest<Held> | { readonly [name: string]: Held }): readonly Held[] =>
  isHeld(given) ? [given] : Array.isArray(given) ? (given as readonly Held[]) : Object.values(given);

/** What a call was given: examples, or batches of them. */
export type Given =
  | { readonly examples: readonly [x: Arrays, y: Arrays, weights?: Arrays | undefined] }
  | { readonly batches: Exclude<TrainingData, readonly [x: Arrays, y: Arrays, ...unknown[]]> };

const isBatches = (x: unknown): boolean =>
  typeof x === "function" ||
  x instanceof Dataset ||
  (typeof x === "object" &&
    x !== null &&
    !isHeld(x) &&
    !Array.isArray(x) &&
    (Symbol.asyncIterator in x || Symbol.iterator in x));

/** True for a list of batches [x, y], and not for nested numbers. */
const isBatchList = (x: unknown): boolean =>
  Array.isArray(x) && x.length > 0 && x.every((part) => Array.isArray(part) && part.some(isHeld));

/** Sorts out whether y was given, and the options. */
export function examplesOf<T>(
  operation: string,
  x: TrainingData | Arrays,
  y: Arrays | T | undefined,
  options: T | undefined,
): readonly [given: Given, options: T] {
  const isTargets = isHeld(y) || Array.isArray(y) || (options !== undefined && typeof y === "object");
  if (!isTargets && (isBatches(x) || isBatchList(x))) return [{ batches: x as never }, (y ?? options ?? {}) as T];
  if (!isTargets)
    throw new ArgumentError(`${operation}: wants targets beside the examples, or a dataset of batches [x, y]`);
  return [{ examples: [x as Arrays, y as Arrays] }, options ?? ({} as T)];
}

/** What validation data is: examples [x, y] or [x, y, weights], or batches. */
export function givenOf(data: TrainingData): Given {
  return Array.isArray(data)
    ? { examples: data as unknown as readonly [Arrays, Arrays, Arrays?] }
    : { batches: data as never };
}

/** What the engine takes, and what else has to be known of it. */
export class Prepared {
  readonly data: Data<Nest<Tensor>, Targets>;
  readonly #operation: string;

  constructor(operation: string, data: Data<Nest<Tensor>, Targets>) {
    this.#operation = operation;
    this.data = data;
  }

  /** The first so many batches; all without a number. */
  take(steps: number | undefined, batchSize: number | undefined): Data<Nest<Tensor>, Targets> {
    if (steps === undefined) return this.data;
    if (this.data instanceof Dataset) return this.data.take(steps);
    const rows = steps * (batchSize ?? 32);
    const cut = (x: Held): Held => {
      const length = Math.min(rows, x.shape[0]!);
      if (x instanceof Tensor) return x.narrow(0, 0, length);
      const size = x.data.length / x.shape[0]!;
      return { dtype: x.dtype, shape: [length, ...x.shape.slice(1)], data: x.data.subarray(0, length * size) };
    };
    const every = (part: Nest<Held> | { readonly [name: string]: Held }): unknown => {
      if (isHeld(part)) return cut(part);
      if (Array.isArray(part)) return (part as readonly Held[]).map(cut);
      return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, cut(one)]));
    };
    return (this.data as Nest<Held>[]).map(every) as Data<Nest<Tensor>, Targets>;
  }

  /** All examples as one batch. */
  async whole(): Promise<readonly [Nest<Tensor>, Targets]> {
    await readyExamples(this.data);
    const feed = new Feed<Nest<Tensor>, Targets>(this.#operation, this.data, { batchSize: 2 ** 30, shuffle: false });
    feed.start();
    const batch = await feed.next();
    feed.close();
    if (!batch) throw new ArgumentError(`${this.#operation}: there are no examples`);
    return [batch[0], batch[1]];
  }

  /** Inputs and targets of the first batch; of examples, the first alone. */
  async first(): Promise<readonly [Nest<Tensor>, Targets]> {
    if (this.data instanceof Dataset) {
      const batches = this.data.epoch(0) as AsyncIterable<Batch<Nest<Tensor>, Targets>>;
      for await (const batch of batches) return [batch[0], batch[1]];
      throw new ArgumentError(`${this.#operation}: the data has no batches; check where it comes from`);
    }
    await readyExamples(this.data);
    const feed = new Feed<Nest<Tensor>, Targets>(this.#operation, this.data, { batchSize: 1, shuffle: false });
    feed.start();
    const batch = await feed.next();
    feed.close();
    if (!batch) throw new ArgumentError(`${this.#operation}: there are no examples; check where the data comes from`);
    return [batch[0], batch[1]];
  }
}

/** Brings examples or batches into the engine's form: weights stand among the targets. */
export function batchesOf(
  operation: string,
  given: Given,
  sampleWeight: Arrays | undefined,
  outputs: number,
): Prepared {
  if ("examples" in given) {
    const [x, y, own] = given.examples;
    const inputs = held(operation, x);
    const targets = held(operation, y);
    const weights = sampleWeight ?? own;
    const listed = weights === undefined ? [] : listOf(held(operation, weights));
    const perOutput = Array.from({ length: outputs }, (_, i) => listed[listed.length === 1 ? 0 : i]);
    const named = !isHeld(targets) && !Array.isArray(targets);
    if (named && listed.length > 0)
      throw new ArgumentError(`${operation}: sampleWeight wants targets in a list, in the order of the outputs`);
    const all = named
      ? targets
      : withWeights(listOf(targets) as readonly Tensor[], perOutput as readonly (Tensor | undefined)[]);
    // Two lists side by side would be two batches to the engine.
    const listedInputs = Array.isArray(inputs)
      ? Object.fromEntries((inputs as readonly Held[]).map((one, i) => [`x${i}`, one]))
      : inputs;
    return new Prepared(operation, [listedInputs, all] as Data<Nest<Tensor>, Targets>);
  }
  if (sampleWeight !== undefined)
    throw new ArgumentError(`${operation}: batches carry their own weights, [x, y, weights]; leave sampleWeight out`);
  const dataset = Dataset.from(given.batches as Dataset<UserBatch>) as Dataset<UserBatch>;
  const folded = dataset.map((batch) => {
    if (!Array.isArray(batch) || batch.length !== 3 || batch[2] === undefined) return batch;
    const [x, y, weights] = batch as readonly [Inputs, Targets, Nest<Tensor>];
    const list = flat(weights);
    const targets = listOf(y as Nest<Held>) as readonly Tensor[];
    return [
      x,
      withWeights(
        targets,
        targets.map((_, i) => list[list.length === 1 ? 0 : i]),
      ),
    ] as const;
  });
  return new Prepared(operation, folded as Data<Nest<Tensor>, Targets>);
}

/** Batches of inputs for `predict`. */
export async function inputsOf(
  x: Arrays | AsyncIterable<Nest<Tensor>>,
  batchSize: number,
): Promise<AsyncIterable<Nest<Tensor>>> {
  if (x instanceof Dataset || (typeof x === "object" && x !== null && Symbol.asyncIterator in x))
    return x as AsyncIterable<Nest<Tensor>>;
  const arrays = held("predict", x as Arrays);
  await loadNodes(tensorsIn(arrays).map(({ node }) => node));
  return Dataset.from(slices(arrays as Sliceable)).batch(batchSize) as AsyncIterable<Nest<Tensor>>;
}
