import { ArgumentError, ShapeError } from "../core/errors.ts";
import { HostRandom } from "../core/random.ts";
import { show } from "../core/shape.ts";
import type { HostArray } from "./hostArray.ts";
import type { Place } from "./indexed.ts";

/**
 * Moves images by a few pixels up or down, left or right, each time differently: the simplest augmentation. What moves in
 * is 0, what moves out is lost. For `Dataset.map`, whose second argument decides the shift together with the seed.
 *
 * @param options.pixels how far at most, 2 by default.
 * @param options.seed 0 by default.
 * @returns a function of an image [rows, columns].
 * @throws ArgumentError when `pixels` is not a whole number of 0 or more; the function throws ShapeError for other arrays.
 *
 * @example
 * const shift = randomShift({ pixels: 2 });
 * const augmented = train.map(([image, label], place) => [shift(image, place), label] as const);
 */
export function randomShift({ pixels = 2, seed = 0 }: { pixels?: number; seed?: number } = {}): (
  image: HostArray,
  place: Place,
) => HostArray {
  if (!Number.isSafeInteger(pixels) || pixels < 0)
    throw new ArgumentError(`randomShift: pixels must be a whole number of 0 or more, got ${pixels}`);
  return (image, { epoch, index }) => {
    const random = new HostRandom(seed, epoch);
    // Two draws for each element: element i of an epoch does not depend on how many were drawn before it.
    random.counter = 2 * index;
    const draw = (): number => random.integer(2 * pixels + 1) - pixels;
    return shifted(image, draw(), draw());
  };
}

/** The image with its content moved down and to the right. */
function shifted({ dtype, shape, data }: HostArray, down: number, right: number): HostArray {
  if (shape.length !== 2) throw new ShapeError(`randomShift: an image [rows, columns] was wanted, got ${show(shape)}`);
  const [rows, columns] = shape as readonly [number, number];
  const moved = data.slice().fill(0) as HostArray["data"];
  const width = columns - Math.abs(right);
  for (let row = Math.max(0, down); row < Math.min(rows, rows + down); row++) {
    const from = (row - down) * columns + Math.max(0, -right);
    if (width > 0) moved.set(data.subarray(from, from + width), row * columns + Math.max(0, right));
  }
  return { dtype, shape, data: moved };
}
