import { images, imagesIn, type ImagesOptions } from "../data/files/imageFolder.ts";
import { Dataset } from "../data/dataset.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inMode, type Model } from "./model.ts";

/** What a model sees in an image. */
export interface ClassifiedImage {
  readonly path: string;
  /** The name of the likeliest class. */
  readonly label: string;
  /** How likely it is, from 0 to 1. */
  readonly probability: number;
}

/** Options of `classifyImages`; `size` and `channels` as the model was trained with. */
export interface ClassifyImagesOptions extends ImagesOptions {
  /** Names of the classes, in the order of the model's outputs. */
  readonly classes: readonly string[];
  /** Images at a time, 32 by default. */
  readonly batchSize?: number | undefined;
}

/**
 * Says of every image in a folder what it shows.
 *
 * @param model gives logits [n, classes] for images u8 [n, rows, columns, channels], as it was trained on `files.imageFolder`. It runs
 * in evaluation mode, and is left as it was.
 * @param source a folder, with those in it, or paths of images (in a browser: URLs).
 * @returns one label and probability for each image, in order; damaged ones are missing where `onDamaged` is given.
 * @throws ArgumentError when there are no images, ShapeError when the model has another number of classes, FormatError naming the
 * file for an image that is damaged.
 *
 * @example
 * for (const { path, label, probability } of await classifyImages(model, "holiday", { classes, size: [64, 64] }))
 *   console.log(`${path}: ${label}, ${(100 * probability).toFixed(0)} %`);
 */
export async function classifyImages(
  model: Model<Tensor, Tensor>,
  source: string | readonly string[],
  { classes, batchSize = 32, ...reading }: ClassifyImagesOptions,
): Promise<ClassifiedImage[]> {
  const paths = typeof source === "string" ? await imagesIn(source) : source;
  if (paths.length === 0)
    throw new ArgumentError(`classifyImages: there are no images in ${JSON.stringify(source)}; check the path`);
  const step = jit(function classifyImages(batch: Tensor): Tensor {
    return noGrad(() => model.forward(batch).softmax(-1));
  });
  // The label of a file is its position here.
  const files = Dataset.from(paths.map((path, label) => ({ path, label })));
  const result: ClassifiedImage[] = [];
  await inMode(model, false, async () => {
    for await (const [batch, positions] of images(files, reading).batch(batchSize) as AsyncIterable<[Tensor, Tensor]>) {
      const chances = step(batch);
      if (chances.rank !== 2 || chances.shape[1] !== classes.length)
        throw new ShapeError(
          `classifyImages: the model gave ${show(chances.shape)}, and there are names of ${classes.length} classes; it must give [images, classes]`,
        );
      const rows = await chances.data();
      for (const [row, position] of [...(await positions.data())].entries()) {
        const own = [...rows.subarray(row * classes.length, (row + 1) * classes.length)];
        const probability = Math.max(...own);
        result.push({ path: paths[position]!, label: classes[own.indexOf(probability)]!, probability });
      }
    }
  });
  return result;
}
