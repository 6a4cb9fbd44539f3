import { Dataset } from "./dataset.ts";
import { hostArray, type HostArray } from "./hostArray.ts";
import { slices } from "./slices.ts";

/** Grey images and what they show, in the layout of MNIST. */
export interface LabelledImages {
  /** [count, rows, columns], row-major: 0 is paper, 255 full ink. */
  readonly images: Uint8Array;
  /** [count], the number of the class. */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** Examples of an image, u8 [rows, columns], and its label, u8 []. Nothing is copied. */
export function imageDataset({
  images,
  labels,
  count,
  rows,
  columns,
}: LabelledImages): Dataset<readonly [HostArray, HostArray]> {
  return Dataset.from(slices([hostArray(images, [count, rows, columns]), hostArray(labels, [count])]));
}
