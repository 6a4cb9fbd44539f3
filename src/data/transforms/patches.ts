/** Images as sequences of patches, for transformers. */
import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pairOf, type Size } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/**
 * Cuts images [n, channels, rows, columns] into square patches: [n, patches, channels·size·size], row by row. A linear layer
 * on them is a convolution with kernel and stride `size`, whose weights have the same order. 224 × 224 in patches of 16 are 196.
 *
 * @throws ShapeError when sizes are no multiples of the patch's.
 */
export function patchify(images: Tensor, size: number): Tensor {
  wholeNumber("patchify", "the size", size, 1);
  const [n, channels, rows, columns] = images.shape;
  if (images.shape.length !== 4 || rows! % size !== 0 || columns! % size !== 0)
    throw new ShapeError(
      `patchify: images [n, channels, rows, columns] of multiples of ${size} were wanted, got ${show(images.shape)}; resize or pad them before`,
    );
  const [down, across] = [rows! / size, columns! / size];
  const cut: Tensor = images.reshape([n!, channels!, down, size, across, size]);
  return cut.permute([0, 2, 4, 1, 3, 5]).reshape([n!, down * across, channels! * size * size]);
}

/**
 * The images that `patchify` cut: [n, channels, rows, columns].
 * @param size of a patch.
 * @param image rows and columns of an image; one number for a square.
 * @throws ShapeError when the patches do not fill the image.
 */
export function unpatchify(patches: Tensor, size: number, image: Size): Tensor {
  wholeNumber("unpatchify", "the size", size, 1);
  const [rows, columns] = pairOf(image);
  const [n, count, length] = patches.shape;
  const [down, across] = [rows / size, columns / size];
  const channels = length! / (size * size);
  if (patches.shape.length !== 3 || ![down, across, channels].every(Number.isInteger) || count !== down * across)
    throw new ShapeError(
      `unpatchify: patches [n, count, channels·${size}·${size}] that fill ${rows} × ${columns} were wanted, got ${show(patches.shape)}`,
    );
  const parts: Tensor = patches.reshape([n!, down, across, channels, size, size]);
  return parts.permute([0, 3, 1, 4, 2, 5]).reshape([n!, channels, rows, columns]);
}
