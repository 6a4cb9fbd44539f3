import { ArgumentError } from "../../core/errors.ts";
import { HostRandom, hostSeed } from "../../core/random.ts";
import { isJsonObject, type Json } from "../../formats/json.ts";
import type { HostArray } from "../hostArray.ts";
import type { Place } from "../indexed.ts";
import { compose } from "./combine.ts";
import type { ImageTransform } from "./transform.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";

/**
 * What happens to images before a model sees them: one way while it is trained, and one without chance for everything else.
 * Both take u8 or f32 [rows, columns] or [rows, columns, channels].
 */
export interface ImagePipeline {
  /** For `Dataset.map`: what is random depends on the seed, the epoch and the position only, so that epochs can be repeated. */
  train(image: HostArray, place: Place): HostArray;
  /** For validation, test and use: augmentations are left out, and random crops take the middle. */
  evaluate(image: HostArray): HostArray;
  /** Its steps and options: what is saved with a model. `transforms.pipelineFromJSON` makes it again. */
  toJSON(): Json;
}

/**
 * The random numbers of one element: they depend on the seed and on where the element stands, and on nothing else.
 */
export function randomAt(seed: number, { epoch, index }: Place): HostRandom {
  return new HostRandom(new HostRandom(seed, epoch).bits(), index);
}

/**
 * One list of steps for training and for evaluation.
 *
 * @param options.seed that of `manualSeed` by default.
 *
 * @example
 * const images = transforms.pipeline(
 *   [
 *     transforms.randomResizedCrop(224),
 *     transforms.randomHorizontalFlip(),
 *     transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }),
 *   ],
 *   { seed: 1 },
 * );
 * const train = photos.map(([photo, label], place) => [images.train(photo, place), label] as const);
 * const test = others.map(([photo, label]) => [images.evaluate(photo), label] as const);
 */
export function pipeline(
  steps: readonly ImageTransform[],
  { seed = hostSeed() }: { readonly seed?: number | undefined } = {},
): ImagePipeline {
  const all = compose(steps);
  const { evaluation } = all;
  // Made once here, so that a bad seed is found where it is written.
  new HostRandom(seed);
  return {
    train: (image, place) => all(image, randomAt(seed, place)),
    evaluate: (image) => evaluation(image),
    toJSON: () => ({ type: "images", seed, steps: steps.map(({ config }) => config) }),
  };
}

/** A part of training with a pipeline of its own. */
export interface Stage {
  /** How many epochs it lasts; the last stage goes on for ever. */
  readonly epochs: number;
  readonly pipeline: ImagePipeline;
}

/**
 * Other images in other epochs: progressive resizing trains on small images first, which is faster, then on larger ones. The
 * model must take images of any size, as networks do that end in a global pool. Evaluation is that of the last stage.
 *
 * @example
 * const at = (size: number): ImagePipeline => transforms.pipeline([transforms.resizeTo(size), transforms.randomHorizontalFlip()]);
 * const images = transforms.progressive([
 *   { epochs: 5, pipeline: at(128) },
 *   { epochs: 5, pipeline: at(224) },
 *   { epochs: 5, pipeline: at(384) },
 * ]);
 */
export function progressive(stages: readonly Stage[]): ImagePipeline {
  const last = stages.at(-1)?.pipeline;
  if (last === undefined) throw new ArgumentError("progressive: there is no stage; give at least one");
  for (const { epochs } of stages) wholeNumber("progressive", "epochs", epochs, 1);
  const list = [...stages];
  const during = (epoch: number): ImagePipeline => {
    let start = 0;
    for (const { epochs, pipeline: own } of list) if (epoch < (start += epochs)) return own;
    return last;
  };
  return {
    train: (image, place) => during(place.epoch).train(image, place),
    evaluate: (image) => last.evaluate(image),
    toJSON: () => ({
      type: "progressiveImages",
      stages: list.map(({ epochs, pipeline: own }) => ({ epochs, pipeline: own.toJSON() })),
    }),
  };
}

/** The steps of a pipeline that was written, or undefined where it is none. */
export function stepsIn(json: Json): readonly Json[] | undefined {
  return isJsonObject(json) && json["type"] === "images" && Array.isArray(json["steps"]) ? json["steps"] : undefined;
}
