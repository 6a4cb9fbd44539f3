/** What happens to images before a model sees them. */
export { affine, randomAffine, randomRotation } from "./affine.ts";
export type { Motion, RandomAffineOptions, SamplingOptions } from "./affine.ts";
export { gaussianBlur, gaussianNoise, randomGaussianBlur } from "./blur.ts";
export {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  colorJitter,
  grayscale,
  randomGrayscale,
  type ColorJitterOptions,
} from "./color.ts";
export { compose, oneOf, randomApply, randomOrder } from "./combine.ts";
export { centerCrop, crop, randomCrop, randomResizedCrop, type RandomResizedCropOptions } from "./crop.ts";
export { cutout, randomErasing, type Fill, type RandomErasingOptions } from "./erase.ts";
export { flipHorizontal, flipVertical, randomHorizontalFlip, randomVerticalFlip } from "./flip.ts";
export { channelsFirst, IMAGENET, normalize, toFloat, type NormalizeOptions } from "./float.ts";
export { fromJSON, pipelineFromJSON } from "./fromJson.ts";
export { cutmix, mixup, type Batch, type MixOptions } from "./mix.ts";
export { pad, type Border, type PadMode } from "./pad.ts";
export { patchify, unpatchify } from "./patches.ts";
export { pipeline, progressive, type ImagePipeline, type Stage } from "./pipeline.ts";
export { randomShift } from "./randomShift.ts";
export type { Interpolation } from "./resample.ts";
export { resize, resizeTo, type ResizeOptions } from "./resize.ts";
export { identity, type FixedTransform, type ImageTransform, type Size, type TransformConfig } from "./transform.ts";
export { trivialAugment } from "./trivialAugment.ts";
