/** Transforms from what was written of them. */
import { FormatError, MyelinError } from "../../core/errors.ts";
import { isJsonObject, quote, type Json } from "../../formats/json.ts";
import * as affine from "./affine.ts";
import * as blur from "./blur.ts";
import * as color from "./color.ts";
import * as combine from "./combine.ts";
import * as crop from "./crop.ts";
import * as erase from "./erase.ts";
import * as flip from "./flip.ts";
import * as float from "./float.ts";
import { pad } from "./pad.ts";
import { pipeline, progressive, stepsIn, type ImagePipeline } from "./pipeline.ts";
import { randomShift } from "./randomShift.ts";
import { resize } from "./resize.ts";
import { identity, type ImageTransform } from "./transform.ts";
import { trivialAugment } from "./trivialAugment.ts";

/** What a file says of a transform. */
type Options = { readonly [option: string]: Json };

/** A transform by its name, from options that are not trusted: the makers check their values, `read` their kinds. */
const MAKERS: Readonly<Record<string, (options: Options) => ImageTransform>> = {
  adjustBrightness: (o) => color.adjustBrightness(number(o, "factor")),
  adjustContrast: (o) => color.adjustContrast(number(o, "factor")),
  adjustHue: (o) => color.adjustHue(number(o, "turn")),
  adjustSaturation: (o) => color.adjustSaturation(number(o, "factor")),
  affine: (o) => affine.affine(plain(o), plain(o)),
  centerCrop: (o) => crop.centerCrop(size(o)),
  channelsFirst: () => float.channelsFirst(),
  colorJitter: (o) => color.colorJitter(plain(o)),
  compose: (o) => combine.compose(list(o, "steps").map(fromJSON)),
  crop: (o) => crop.crop(number(o, "top"), number(o, "left"), number(o, "height"), number(o, "width")),
  cutout: (o) => erase.cutout(number(o, "size"), plain(o)),
  flipHorizontal: () => flip.flipHorizontal(),
  flipVertical: () => flip.flipVertical(),
  gaussianBlur: (o) => blur.gaussianBlur(number(o, "size"), number(o, "sigma")),
  gaussianNoise: (o) => blur.gaussianNoise(number(o, "deviation")),
  grayscale: (o) => color.grayscale(number(o, "channels") === 3 ? 3 : 1),
  identity: () => identity(),
  normalize: (o) => float.normalize({ ...plain(o), mean: numbers(o, "mean"), std: numbers(o, "std") }),
  oneOf: (o) => combine.oneOf(list(o, "steps").map(fromJSON)),
  pad: (o) => pad(borderOf(o), plain(o)),
  randomAffine: (o) => affine.randomAffine(plain(o)),
  randomApply: (o) => combine.randomApply(fromJSON(o["step"] ?? null), number(o, "p")),
  randomCrop: (o) => crop.randomCrop(size(o), plain(o)),
  randomErasing: (o) => erase.randomErasing(plain(o)),
  randomGaussianBlur: (o) => blur.randomGaussianBlur(number(o, "size"), pair(o, "sigma")),
  randomGrayscale: (o) => color.randomGrayscale(number(o, "p")),
  randomHorizontalFlip: (o) => flip.randomHorizontalFlip(number(o, "p")),
  randomOrder: (o) => combine.randomOrder(list(o, "steps").map(fromJSON)),
  randomResizedCrop: (o) => crop.randomResizedCrop(size(o), plain(o)),
  randomRotation: (o) => affine.randomRotation(number(o, "degrees"), plain(o)),
  randomShift: (o) => randomShift(number(o, "pixels")),
  randomVerticalFlip: (o) => flip.randomVerticalFlip(number(o, "p")),
  resize: (o) => resize(size(o), plain(o)),
  toFloat: () => float.toFloat(),
  trivialAugment: () => trivialAugment(),
};

/** Options that are numbers, truths, texts or lists of numbers; what they are called and their values are checked by the makers. */
function plain(options: Options): { readonly [option: string]: never } {
  for (const [name, value] of Object.entries(options))
    if (
      typeof value === "object" &&
      !(Array.isArray(value) && value.every((entry) => typeof entry === "number")) &&
      name !== "border"
    )
      throw wrong(name, "a number, a text or a list of numbers", value);
  return options as { readonly [option: string]: never };
}

function wrong(name: string, wanted: string, value: Json | undefined): FormatError {
  return new FormatError(
    `transforms.fromJSON: ${name} should be ${wanted}, got ${quote(JSON.stringify(value) ?? "nothing")}; the file is damaged`,
  );
}

function number(options: Options, name: string): number {
  const value = options[name];
  if (typeof value !== "number") throw wrong(name, "a number", value);
  return value;
}

function numbers(options: Options, name: string): number | readonly number[] {
  const value = options[name];
  if (typeof value === "number") return value;
  if (Array.isArray(value) && value.every((entry) => typeof entry === "number")) return value;
  throw wrong(name, "a number or a list of numbers", value);
}

function pair(options: Options, name: string): readonly [number, number] {
  const value = numbers(options, name);
  if (typeof value === "number" || value.length !== 2) throw wrong(name, "two numbers", options[name]);
  return value as readonly [number, number];
}

function size(options: Options): number | readonly [number, number] {
  return typeof options["size"] === "number" ? options["size"] : pair(options, "size");
}

function list(options: Options, name: string): readonly Json[] {
  const value = options[name];
  if (!Array.isArray(value)) throw wrong(name, "a list", value);
  return value;
}

function borderOf(options: Options): { top: number; left: number; bottom: number; right: number } {
  const border = options["border"];
  if (!isJsonObject(border)) throw wrong("border", "an object", border);
  return {
    top: number(border, "top"),
    left: number(border, "left"),
    bottom: number(border, "bottom"),
    right: number(border, "right"),
  };
}

/**
 * The transform whose `config` this is.
 * @throws FormatError for anything else.
 */
export function fromJSON(json: Json): ImageTransform {
  const name = isJsonObject(json) ? json["transform"] : undefined;
  if (!isJsonObject(json) || typeof name !== "string" || !Object.hasOwn(MAKERS, name))
    throw new FormatError(
      `transforms.fromJSON: the transform ${quote(JSON.stringify(name ?? json))} is unknown; the file is damaged or of a newer version`,
    );
  try {
    return MAKERS[name]!(json);
  } catch (cause) {
    if (cause instanceof FormatError || !(cause instanceof MyelinError)) throw cause;
    throw new FormatError(`transforms.fromJSON: ${name} has options that make no sense; the file is damaged`, {
      cause,
    });
  }
}

/**
 * The pipeline that `toJSON` wrote.
 * @throws FormatError for anything else.
 */
export function pipelineFromJSON(json: Json): ImagePipeline {
  const steps = stepsIn(json);
  if (steps !== undefined && isJsonObject(json)) return pipeline(steps.map(fromJSON), { seed: number(json, "seed") });
  if (isJsonObject(json) && json["type"] === "progressiveImages")
    return progressive(
      list(json, "stages").map((stage) => {
        if (!isJsonObject(stage)) throw wrong("a stage", "an object", stage);
        return { epochs: number(stage, "epochs"), pipeline: pipelineFromJSON(stage["pipeline"] ?? null) };
      }),
    );
  throw new FormatError("transforms.pipelineFromJSON: this is no pipeline of images; the file is damaged");
}
