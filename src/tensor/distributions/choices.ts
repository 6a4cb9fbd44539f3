/** Choosing among things: labels by probability, orders, samples with and without putting back. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { normalizeAxis, show, sizeOf, type Shape } from "../../core/shape.ts";
import { randomBits } from "../../graph/ops/random.ts";
import { cholesky } from "../linalg/cholesky.ts";
import { arange, randint, type RandomOptions } from "../create.ts";
import { argsort, topk } from "../functions.ts";
import { fromNode, type Tensor } from "../tensor.ts";
import { gumbel } from "./continuous.ts";
import { asked, keyOf, normalLike, split, type DrawOptions } from "./parameters.ts";

export interface CategoricalOptions extends DrawOptions {
  /** Along which axis the labels lie, the last by default. */
  readonly axis?: number;
}

/**
 * Labels by their logits, which need no scale: i32, without the axis of labels, by the largest of logit + Gumbel. `shape` is what
 * comes out, its last axes those of the logits without the labels' axis.
 */
export function categorical(logits: Tensor, { axis = -1, shape, ...options }: CategoricalOptions = {}): Tensor {
  const at = normalizeAxis("categorical", axis, logits.shape);
  const rest = logits.shape.filter((_, i) => i !== at);
  const out = shape ?? rest;
  if (out.length < rest.length || show(out.slice(out.length - rest.length)) !== show(rest))
    throw new ShapeError(`categorical: the shape must end in ${show(rest)}, got ${show(out)}`);
  const place = out.length - rest.length + at;
  const whole = [...out.slice(0, place), logits.shape[at]!, ...out.slice(place)];
  const drawn = gumbel(logits.detach(), 1, { shape: whole, key: options.key }).argmax(place);
  return asked(drawn, options);
}

/**
 * `count` labels for each row of weights [.., labels], which need not sum to 1: i32 [.., count]. Without putting back (the default)
 * no label comes twice. Throws ArgumentError where there are too few.
 */
export function multinomial(
  weights: Tensor,
  count: number,
  { replacement = false, ...options }: RandomOptions & { readonly replacement?: boolean } = {},
): Tensor {
  const labels = weights.shape[weights.rank - 1] ?? 0;
  if (!Number.isInteger(count) || count < 1 || (!replacement && count > labels))
    throw new ArgumentError(
      `multinomial: cannot draw ${count} of ${labels} labels${replacement ? "" : " without putting back"}`,
    );
  const logits: Tensor = weights.detach().log();
  if (replacement) {
    const rows = categorical(logits, { ...options, shape: [count, ...weights.shape.slice(0, -1)] });
    return rows.permute([...rows.shape.keys()].map((i) => (i + 1) % rows.rank));
  }
  return asked(topk(gumbel(logits, 1, { key: options.key }), count).indices, options);
}

/** Whether so many random words of 32 bits are all different with near certainty, after some rounds of sorting by them. */
const roundsFor = (count: number): number =>
  Math.max(1, Math.ceil((3 * Math.log(Math.max(1, count))) / Math.log(2 ** 32)));

/** 0 … count − 1 in random order, i32 by default: sorted by random words, twice and more where words may be equal. */
export function permutation<const N extends number>(count: N, options: RandomOptions = {}): Tensor<[N]> {
  if (!Number.isInteger(count) || count < 0)
    throw new ArgumentError(`permutation: the count must be a whole number of 0 or more, got ${count}`);
  let order: Tensor = arange(count);
  if (count > 1)
    for (const key of split(keyOf(options), roundsFor(count)))
      order = order.gather(argsort(fromNode<Shape>(randomBits(key.node, [count]))));
  return asked(order, options) as Tensor<[N]>;
}

/** The slices along an axis (the first by default) in random order. */
export function shuffle(x: Tensor, axis: number = 0, options: RandomOptions = {}): Tensor {
  const at = normalizeAxis("shuffle", axis, x.shape);
  return x.gather(permutation(x.shape[at]!, options), at);
}

export interface ChoiceOptions extends RandomOptions {
  /** Whether one thing can be chosen several times, true by default. */
  readonly replace?: boolean;
  /** How likely each is, in proportion: one axis. Equally likely by default. */
  readonly weights?: Tensor;
}

/**
 * Slices of a tensor along its first axis, or numbers below a count, chosen at random: [...shape, ...the rest].
 * Throws ArgumentError where more are wanted than there are.
 */
export function choice(
  from: number | Tensor,
  shape: Shape = [],
  { replace = true, weights, ...options }: ChoiceOptions = {},
): Tensor {
  const things: Tensor = typeof from === "number" ? arange(from) : from;
  const [count, wanted] = [things.shape[0] ?? 0, sizeOf(shape)];
  if (count < (replace ? Math.min(1, wanted) : wanted))
    throw new ArgumentError(`choice: cannot choose ${wanted} of ${count}${replace ? "" : " without putting back"}`);
  if (weights && (weights.rank !== 1 || weights.size !== count))
    throw new ShapeError(`choice: ${count} things want as many weights, got ${show(weights.shape)}`);
  const { key } = options;
  const index: Tensor =
    wanted === 0
      ? arange(0)
      : weights
        ? multinomial(weights, wanted, { replacement: replace, key })
        : replace
          ? randint(0, count, [wanted], { key })
          : permutation(count, { key }).narrow(0, 0, wanted);
  return asked(things.gather(index.reshape([...shape])), options);
}

/** Normal numbers that hang together: one of these two for each mean. */
export interface Spread {
  /** The covariances, symmetric positive definite [.., n, n]. */
  readonly covariance?: Tensor;
  /** Their Cholesky factor L, where it is known. */
  readonly scaleTril?: Tensor;
}

/**
 * Normal vectors with mean [.., n]: mean + L·z. `shape` is the whole shape, ending in n. Gradients reach the mean and the
 * covariance. Throws ArgumentError unless one of `covariance` and `scaleTril` is given.
 */
export function multivariateNormal(mean: Tensor, { covariance, scaleTril }: Spread, options: DrawOptions = {}): Tensor {
  if ((covariance === undefined) === (scaleTril === undefined))
    throw new ArgumentError("multivariateNormal: needs either covariance or scaleTril");
  const l = scaleTril ?? cholesky(covariance!);
  const n = l.shape[l.rank - 1]!;
  const shape = options.shape ?? mean.add(l.narrow(-1, 0, 1).squeeze(-1)).shape;
  if (shape[shape.length - 1] !== n)
    throw new ShapeError(`multivariateNormal: covariances ${show(l.shape)} do not fit ${show(shape)}`);
  const z = normalLike(mean.float().expand(shape), keyOf(options)).cast(l.dtype);
  return asked(mean.add(l.matmul(z.unsqueeze(-1)).squeeze(-1)), options);
}
