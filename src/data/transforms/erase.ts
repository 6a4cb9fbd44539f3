import type { HostRandom } from "../../core/random.ts";
import { checkPositive, checkWithin } from "../checks.ts";
import type { HostArray } from "../hostArray.ts";
import type { Box } from "./resample.ts";
import { augmentation, sizeOfImage, white, type ImageTransform } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/** What stands where an image was erased: one value in the image's own units, or noise. */
export type Fill = number | "noise";

/** A copy of the image in which a box is filled. The box may leave the image. */
function erased(image: HostArray, { top, left, height, width }: Box, fill: Fill, random: HostRandom): HostArray {
  const { rows, columns, channels } = sizeOfImage("erase", image);
  const data = image.data.slice() as typeof image.data;
  const [low, high] = [Math.max(0, left), Math.min(columns, left + width)];
  const most = white(image);
  for (let row = Math.max(0, top); row < Math.min(rows, top + height); row++) {
    const [start, end] = [(row * columns + low) * channels, (row * columns + high) * channels];
    if (typeof fill === "number") data.fill(fill, start, end);
    else for (let at = start; at < end; at++) data[at] = most === 255 ? random.integer(256) : random.uniform();
  }
  return { ...image, data };
}

/** What `randomErasing` erases. */
export interface RandomErasingOptions {
  /** The chance that anything is erased, 0.5 by default. */
  readonly p?: number | undefined;
  /** Smallest and largest share of the area, [0.02, 0.33] by default. */
  readonly scale?: readonly [low: number, high: number] | undefined;
  /** Smallest and largest ratio of height to width, [0.3, 3.3] by default. */
  readonly ratio?: readonly [low: number, high: number] | undefined;
  /** 0 by default. */
  readonly fill?: Fill | undefined;
}

/** Erases a random rectangle of images (Zhong et al. 2017), with torchvision's defaults. */
export function randomErasing(options: RandomErasingOptions = {}): ImageTransform {
  const { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], fill = 0 } = options;
  checkWithin("randomErasing", "p", p, 0, 1);
  checkWithin("randomErasing", "the smallest scale", scale[0], 0, scale[1]);
  checkWithin("randomErasing", "the largest scale", scale[1], 0, 1);
  checkPositive("randomErasing", "the smallest ratio", ratio[0]);
  checkWithin("randomErasing", "the largest ratio", ratio[1], ratio[0], Infinity);
  return augmentation("randomErasing", { ...options }, (image, random) => {
    if (random.uniform() >= p) return image;
    const { rows, columns } = sizeOfImage("randomErasing", image);
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = rows * columns * random.uniform(...scale);
      const proportion = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
      const height = Math.round(Math.sqrt(area * proportion));
      const width = Math.round(Math.sqrt(area / proportion));
      if (height >= rows || width >= columns) continue;
      const [top, left] = [random.integer(rows - height + 1), random.integer(columns - width + 1)];
      return erased(image, { top, left, height, width }, fill, random);
    }
    return image;
  });
}

/**
 * Erases squares whose middles lie anywhere in the image, so that some of them reach over its border (DeVries & Taylor 2017).
 * @param size the side of a square, in pixels.
 * @param options.holes how many squares, 1 by default.
 * @param options.fill 0 by default.
 */
export function cutout(
  size: number,
  { holes = 1, fill = 0 }: { readonly holes?: number; readonly fill?: Fill } = {},
): ImageTransform {
  wholeNumber("cutout", "the size", size, 1);
  wholeNumber("cutout", "holes", holes, 0);
  return augmentation("cutout", { size, holes, fill }, (image, random) => {
    const { rows, columns } = sizeOfImage("cutout", image);
    let left = image;
    for (let hole = 0; hole < holes; hole++) {
      const [y, x] = [random.integer(rows), random.integer(columns)];
      const box = { top: y - Math.floor(size / 2), left: x - Math.floor(size / 2), height: size, width: size };
      left = erased(left, box, fill, random);
    }
    return left;
  });
}
