import { affine } from "./affine.ts";
import { adjustBrightness, adjustContrast, adjustSaturation } from "./color.ts";
import { augmentation, identity, sizeOfImage, type FixedTransform, type ImageTransform } from "./transform.ts";

/** What may happen to an image, for a strength from 0 to 1 and a sign. */
const CHANGES: readonly ((strength: number, columns: number, rows: number) => FixedTransform)[] = [
  () => identity(),
  (strength) => affine({ angle: 135 * strength }),
  (strength) => affine({ shear: [45 * strength, 0] }),
  (strength) => affine({ shear: [0, 45 * strength] }),
  (strength, columns) => affine({ translate: [Math.round((columns / 4) * strength), 0] }),
  (strength, _, rows) => affine({ translate: [0, Math.round((rows / 4) * strength)] }),
  (strength) => adjustBrightness(1 + 0.9 * strength),
  (strength) => adjustContrast(1 + 0.9 * strength),
  (strength) => adjustSaturation(1 + 0.9 * strength),
];

/**
 * Changes every image in one way out of nine (nothing, turned, slanted, moved, brightness, contrast, saturation), with random
 * strength: what TrivialAugment (Müller & Hutter 2021) does, with nothing to tune. Its operations on the histogram are left out.
 */
export function trivialAugment(): ImageTransform {
  return augmentation("trivialAugment", {}, (image, random) => {
    const { rows, columns } = sizeOfImage("trivialAugment", image);
    return random.pick(CHANGES)(random.uniform(-1, 1), columns, rows)(image);
  });
}
