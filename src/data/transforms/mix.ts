/** Batches whose examples are mixed with one another. */
import { isFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { show } from "../../core/shape.ts";
import { tensor } from "../../tensor/create.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkPositive, checkWithin } from "../checks.ts";
import type { Place } from "../indexed.ts";
import { randomAt } from "./pipeline.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** A batch: images [n, channels, rows, columns] (`mixup` takes any [n, …]), and labels [n] or shares of classes [n, classes]. */
export type Batch = readonly [inputs: Tensor, targets: Tensor];

/** How batches are mixed. */
export interface MixOptions {
  /** How many classes there are. */
  readonly classes: number;
  /** Shares are drawn from Beta(α, α): the smaller, the closer to 0 or 1. */
  readonly alpha?: number | undefined;
  /** The chance that a batch is mixed at all; 1 by default. */
  readonly p?: number | undefined;
  /** That of `manualSeed` by default. */
  readonly seed?: number | undefined;
}

/** A draw from Gamma(shape, 1): Marsaglia & Tsang 2000. */
function gamma(random: HostRandom, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A draw from Beta(alpha, alpha). */
function beta(random: HostRandom, alpha: number): number {
  const [a, b] = [gamma(random, alpha), gamma(random, alpha)];
  // Both vanish for a tiny alpha, where one of the two ends is drawn.
  return a + b > 0 ? a / (a + b) : random.integer(2);
}

/** Targets as shares of classes, f32 [n, classes]. */
function sharesOf(operation: string, targets: Tensor, classes: number): Tensor {
  const { shape } = targets;
  if (shape.length === 1 && !isFloat(targets.dtype)) return targets.oneHot(classes).cast("f32");
  if (shape.length === 2 && shape[1] === classes) return targets.cast("f32");
  throw new ShapeError(
    `${operation}: labels [n] as whole numbers or shares [n, ${classes}] were wanted, got ${targets.dtype} ${show(shape)}`,
  );
}

/** What mixes a batch with itself in another order, when its turn comes. */
type Mix = (inputs: Tensor, other: Tensor, random: HostRandom) => { readonly mixed: Tensor; readonly share: number };

function mixing(
  operation: string,
  options: MixOptions,
  alpha: number,
  mix: Mix,
): (batch: Batch, place: Place) => Batch {
  const { classes, p = 1, seed = hostSeed() } = options;
  wholeNumber(operation, "classes", classes, 1);
  checkPositive(operation, "alpha", alpha);
  checkWithin(operation, "p", p, 0, 1);
  new HostRandom(seed);
  return ([inputs, targets], place) => {
    const random = randomAt(seed, place);
    const shares = sharesOf(operation, targets, classes);
    if (random.uniform() >= p) return [inputs, shares];
    const order = tensor(Int32Array.from(random.permutation(inputs.shape[0] ?? 0)));
    const { mixed, share } = mix(inputs, inputs.gather(order), random);
    const others = shares.gather(order);
    return [mixed, shares.mul(share).add(others.mul(1 - share))];
  };
}

/**
 * Mixes every example of a batch with another one: λ·x + (1 − λ)·x′, and the shares of their classes alike, with λ from
 * Beta(α, α) for each batch (Zhang et al. 2017). For `Dataset.map` after `batch`; `losses.crossEntropy` takes the shares.
 *
 * @param options.alpha 0.2 by default, as the paper has it for ImageNet.
 * @returns inputs as they came, as floats, and targets f32 [n, classes].
 *
 * @example
 * const mixed = train.batch(64).map(transforms.mixup({ classes: 10 }));
 */
export function mixup(options: MixOptions): (batch: Batch, place: Place) => Batch {
  const { alpha = 0.2 } = options;
  return mixing("mixup", options, alpha, (inputs, other, random) => {
    const share = beta(random, alpha);
    const values = isFloat(inputs.dtype) ? inputs : inputs.float();
    return { mixed: values.mul(share).add(other.mul(1 - share)), share };
  });
}

/**
 * Puts a rectangle of another image of the batch into every image, and mixes the shares of their classes by its area, which
 * is from Beta(α, α) for each batch (Yun et al. 2019). For `Dataset.map` after `batch`.
 *
 * @param options.alpha 1 by default, as in the paper.
 * @returns images as they came, and targets f32 [n, classes].
 * @throws ShapeError, while running, for other images than [n, channels, rows, columns].
 */
export function cutmix(options: MixOptions): (batch: Batch, place: Place) => Batch {
  const { alpha = 1 } = options;
  return mixing("cutmix", options, alpha, (inputs, other, random) => {
    const [, , rows, columns] = inputs.shape;
    if (inputs.shape.length !== 4)
      throw new ShapeError(`cutmix: images [n, channels, rows, columns] were wanted, got ${show(inputs.shape)}`);
    const side = Math.sqrt(1 - beta(random, alpha)) / 2;
    const [middleRow, middleColumn] = [random.integer(rows!), random.integer(columns!)];
    const span = (middle: number, length: number): readonly [number, number] => [
      Math.max(0, Math.trunc(middle - length * side)),
      Math.min(length, Math.trunc(middle + length * side)),
    ];
    const [top, bottom] = span(middleRow, rows!);
    const [left, right] = span(middleColumn, columns!);
    const inside = new Uint8Array(rows! * columns!);
    for (let row = top; row < bottom; row++) inside.fill(1, row * columns! + left, row * columns! + right);
    const mask = tensor(inside, [1, 1, rows!, columns!], { dtype: "bool" });
    const share = 1 - ((bottom - top) * (right - left)) / (rows! * columns!);
    return { mixed: where(mask, other, inputs), share };
  });
}
