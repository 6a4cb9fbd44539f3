/** Transforms made of transforms. */
import { ArgumentError } from "../../core/errors.ts";
import { checkWithin } from "../checks.ts";
import { augmentation, fixed, type FixedTransform, type ImageTransform } from "./transform.ts";

/** True where nothing is random. */
function isFixed(step: ImageTransform): step is FixedTransform {
  return step.evaluation === step;
}

/**
 * One transform after the other. Nothing is random in it where that is so in all of them, and it needs no random numbers then.
 *
 * @example
 * const prepare = transforms.compose([transforms.resize(256), transforms.centerCrop(224), transforms.normalize(transforms.IMAGENET)]);
 * prepare(image).shape; // [224, 224, 3]
 */
export function compose(steps: readonly FixedTransform[]): FixedTransform;
export function compose(steps: readonly ImageTransform[]): ImageTransform;
export function compose(steps: readonly ImageTransform[]): ImageTransform {
  const list = [...steps];
  const config = { steps: list.map((step) => step.config) };
  if (list.every(isFixed))
    return fixed("compose", config, (image) => list.reduce((changed, step) => step(changed), image));
  return augmentation(
    "compose",
    config,
    (image, random) => list.reduce((changed, step) => step(changed, random), image),
    compose(list.map((step) => step.evaluation)),
  );
}

/** Applies a transform to every image with the chance `p`, 0.5 by default; never where the model is not trained. */
export function randomApply(step: ImageTransform, p: number = 0.5): ImageTransform {
  checkWithin("randomApply", "p", p, 0, 1);
  return augmentation("randomApply", { step: step.config, p }, (image, random) =>
    random.uniform() < p ? step(image, random) : image,
  );
}

/** Applies one of several transforms to every image, all equally likely; none where the model is not trained. */
export function oneOf(steps: readonly ImageTransform[]): ImageTransform {
  if (steps.length === 0) throw new ArgumentError("oneOf: there is no transform to choose from; give at least one");
  const list = [...steps];
  return augmentation("oneOf", { steps: list.map((step) => step.config) }, (image, random) =>
    random.pick(list)(image, random),
  );
}

/** Applies transforms in an order that is random for every image; none where the model is not trained. */
export function randomOrder(steps: readonly ImageTransform[]): ImageTransform {
  const list = [...steps];
  return augmentation("randomOrder", { steps: list.map((step) => step.config) }, (image, random) => {
    let changed = image;
    for (const at of random.permutation(list.length)) changed = list[at]!(changed, random);
    return changed;
  });
}
