import { describe, expect, test } from "vitest";
import { ArgumentError, DTypeError, FormatError, ShapeError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import type { Json } from "../../formats/json.ts";
import * as nn from "../../nn/index.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Dataset } from "../dataset.ts";
import { drawnDigits } from "../digits.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { imageDataset } from "../labelledImages.ts";
import * as transforms from "./index.ts";
import type { ImageTransform } from "./index.ts";

/** Colours that differ at every place. */
function picture(rows: number, columns: number, channels: number, dtype: "u8" | "f32" = "u8"): HostArray {
  const bytes = Uint8Array.from({ length: rows * columns * channels }, (_, at) => (at * at * 3 + at * 17) % 256);
  const data = dtype === "u8" ? bytes : Float32Array.from(bytes, (byte) => byte / 255);
  return hostArray(data, [rows, columns, channels]);
}

const random = (seed = 1): HostRandom => new HostRandom(seed);

/** Every augmentation there is, with options that make it act. */
const AUGMENTATIONS: readonly ImageTransform[] = [
  transforms.randomCrop(6, { padding: 2 }),
  transforms.randomResizedCrop(6),
  transforms.randomHorizontalFlip(),
  transforms.randomVerticalFlip(),
  transforms.randomRotation(40),
  transforms.randomAffine({ degrees: 10, translate: [0.2, 0.2], scale: [0.8, 1.2], shear: 5 }),
  transforms.randomShift(3),
  transforms.colorJitter({ brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.2 }),
  transforms.randomGrayscale(0.5),
  transforms.randomErasing({ fill: "noise" }),
  transforms.cutout(3, { holes: 2, fill: 7 }),
  transforms.randomGaussianBlur(3),
  transforms.gaussianNoise(0.2),
  transforms.randomApply(transforms.flipVertical()),
  transforms.oneOf([transforms.flipVertical(), transforms.flipHorizontal()]),
  transforms.randomOrder([transforms.adjustBrightness(1.5), transforms.randomErasing()]),
  transforms.trivialAugment(),
];
const FIXED: readonly ImageTransform[] = [
  transforms.resize(9),
  transforms.resizeTo([4, 5], { interpolation: "nearest" }),
  transforms.centerCrop([4, 3]),
  transforms.crop(1, 1, 3, 3),
  transforms.pad(2, { mode: "reflect" }),
  transforms.pad({ top: 1, left: 0, bottom: 2, right: 3 }, { value: 9 }),
  transforms.affine({ angle: 10, scale: 1.1 }, { fill: 3 }),
  transforms.flipHorizontal(),
  transforms.flipVertical(),
  transforms.adjustBrightness(1.2),
  transforms.adjustContrast(1.2),
  transforms.adjustSaturation(0.2),
  transforms.adjustHue(0.1),
  transforms.grayscale(3),
  transforms.gaussianBlur(3),
  transforms.toFloat(),
  transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }),
  transforms.channelsFirst(),
  transforms.identity(),
];

describe("every transform", () => {
  const all = [...AUGMENTATIONS, ...FIXED].map((step) => [step.config.transform, step] as const);

  test.each(all)("%s leaves what it is given as it is, and repeats by its random numbers", (_name, step) => {
    for (const dtype of ["u8", "f32"] as const) {
      const image = picture(8, 10, 3, dtype);
      const before = image.data.slice();
      const made = step(image, random());
      expect(image.data).toEqual(before);
      expect(step(image, random())).toEqual(made);
      expect(made.data.length).toBe(made.shape.reduce((size, axis) => size * axis, 1));
    }
  });

  test.each(all)("%s comes back from its JSON and does the same, trained or not", (_name, step) => {
    const again = transforms.fromJSON(JSON.parse(JSON.stringify(step.config)) as Json);
    expect(again.config).toEqual(step.config);
    for (let seed = 0; seed < 5; seed++)
      expect(again(picture(8, 10, 3), random(seed))).toEqual(step(picture(8, 10, 3), random(seed)));
    expect(again.evaluation(picture(8, 10, 3))).toEqual(step.evaluation(picture(8, 10, 3)));
  });

  test.each(AUGMENTATIONS.map((step) => [step.config.transform, step] as const))(
    "[T9] %s changes images while training, and without chance elsewhere",
    (_name, step) => {
      const image = picture(8, 10, 3);
      const made = Array.from({ length: 40 }, (_, seed) => step(image, random(seed)));
      expect(new Set(made.map(({ data }) => data.join())).size).toBeGreaterThan(1);
      const { evaluation } = step;
      expect(evaluation(image)).toEqual(evaluation(image));
      // Where sizes stay, so does the image; crops take the middle.
      if (made[0]!.shape[0] === 8) expect(evaluation(image).data).toEqual(image.data);
      else expect(evaluation(image).shape).toEqual([6, 6, 3]);
    },
  );

  test("grey images without an axis of channels stay so", () => {
    const grey = hostArray(picture(8, 10, 1).data, [8, 10]);
    expect(transforms.resizeTo(5)(grey).shape).toEqual([5, 5]);
    expect(transforms.flipHorizontal()(grey).data[0]).toBe(grey.data[9]);
    expect(transforms.normalize({ mean: 0, std: 1, channelsFirst: true })(grey).shape).toEqual([1, 8, 10]);
    expect(transforms.grayscale(3)(grey).shape).toEqual([8, 10, 3]);
  });
});

describe("transforms one by one", () => {
  test("[T1] bytes become floats from 0 to 1", () => {
    const made = transforms.toFloat()(hostArray(Uint8Array.of(0, 51, 255), [3]));
    expect(made.dtype).toBe("f32");
    expect([...made.data]).toEqual([0, Math.fround(0.2), 1]);
  });

  test("[T2] a batch of images becomes rows of pixels, row-major", () => {
    const images = tensor(Uint8Array.from({ length: 1000 * 784 }, (_, at) => at % 251)).reshape([1000, 28, 28]);
    const flat = images.flatten(1);
    expect(flat.shape).toEqual([1000, 784]);
    const values = images.dataSync();
    expect(flat.dataSync().every((value, at) => value === values[at])).toBe(true);
  });

  test("[T5] resize, middle, floats and normalization as torchvision composes them", () => {
    const prepare = transforms.compose([
      transforms.resize(256),
      transforms.centerCrop(224),
      transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }),
    ]);
    const red = hostArray(
      Uint8Array.from({ length: 300 * 400 * 3 }, (_, at) => (at % 3 === 0 ? 255 : 0)),
      [300, 400, 3],
    );
    const { shape, dtype, data } = prepare(red);
    expect([dtype, ...shape]).toEqual(["f32", 3, 224, 224]);
    expect(data[0]).toBeCloseTo(2.2489, 4);
    expect(data[224 * 224]).toBeCloseTo(-0.456 / 0.224, 5);
  });

  test("[T6] two by two pixels, four times as many", () => {
    const image = hostArray(Float32Array.of(0, 1, 2, 3), [2, 2]);
    const rows = [0, 0.25, 0.75, 1].map((across) => [0, 0.5, 1.5, 2].map((down) => down + across));
    const made = transforms.resizeTo(4)(image).data;
    expect([...made]).toEqual([0, 1, 2, 3].flatMap((row) => rows.map((column) => column[row])));
  });

  test("[Y2] any picture becomes a square of the size asked for", () => {
    const photo = picture(200, 300, 3);
    for (const size of [128, 224, 384]) expect(transforms.resizeTo(size)(photo).shape).toEqual([size, size, 3]);
  });

  test("a smaller copy of plain colour has that colour, and a part of an image is resized as if it were cut out", () => {
    const plain = hostArray(new Uint8Array(50 * 70 * 3).fill(137), [50, 70, 3]);
    for (const interpolation of ["bilinear", "bicubic", "nearest"] as const)
      expect(new Set(transforms.resizeTo([13, 9], { interpolation })(plain).data)).toEqual(new Set([137]));
    const image = picture(40, 30, 3);
    const step = transforms.randomResizedCrop([12, 9], { scale: [0.3, 0.5] });
    const seen = new Set<string>();
    for (let seed = 0; seed < 20; seed++) seen.add(step(image, random(seed)).data.join());
    expect(seen.size).toBe(20);
    const whole = transforms.randomResizedCrop([12, 9], { scale: [1, 1], ratio: [30 / 40, 30 / 40] });
    expect(whole(image, random()).data).toEqual(transforms.resizeTo([12, 9])(image).data);
  });

  test("[T7] left and right are exchanged half of the time; twice is never", () => {
    const image = picture(3, 4, 3);
    const flip = transforms.flipHorizontal();
    expect(flip(flip(image))).toEqual(image);
    expect(transforms.flipVertical()(transforms.flipVertical()(image))).toEqual(image);
    expect([...flip(hostArray(Uint8Array.of(1, 2, 3, 4, 5, 6), [2, 3])).data]).toEqual([3, 2, 1, 6, 5, 4]);
    const chance = transforms.randomHorizontalFlip();
    const draws = random(4);
    const flips = Array.from({ length: 1000 }, () => chance(image, draws) !== image).filter(Boolean).length;
    expect(flips).toBeGreaterThan(440);
    expect(flips).toBeLessThan(560);
  });

  test("[T8] colours stay between 0 and 1, and no jitter is no change", () => {
    const image = picture(6, 5, 3, "f32");
    const strong = transforms.colorJitter({ brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.5 });
    for (let seed = 0; seed < 50; seed++)
      for (const value of strong(image, random(seed)).data) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    const none = transforms.colorJitter({ brightness: 0, contrast: 0, saturation: 0, hue: 0 });
    const kept = none(image, random()).data;
    for (const [at, value] of image.data.entries()) expect(kept[at]).toBeCloseTo(value, 6);
    expect(none(picture(6, 5, 3), random()).data).toEqual(picture(6, 5, 3).data);
  });

  test("shifts reach every place within their pixels, and lose or invent nothing inside", () => {
    const image = hostArray(Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0), [3, 3]);
    const places = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const { data } = transforms.randomShift(1)(image, random(seed));
      expect([...data].sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9]);
      places.add(data.indexOf(9));
    }
    expect(places.size).toBe(9);
    const gone = Array.from({ length: 100 }, (_, seed) =>
      transforms.randomShift(5)(image, random(seed)).data.includes(9),
    );
    expect(new Set(gone)).toEqual(new Set([true, false]));
  });

  test("erasing stays within its share of the area, squares may reach over the border", () => {
    const image = hostArray(new Uint8Array(100 * 100).fill(1), [100, 100]);
    const erase = transforms.randomErasing({ p: 1, scale: [0.1, 0.2] });
    for (let seed = 0; seed < 30; seed++) {
      const gone = erase(image, random(seed)).data.filter((value) => value === 0).length / 10_000;
      expect(gone).toBeGreaterThan(0.09);
      expect(gone).toBeLessThan(0.21);
    }
    const areas = Array.from(
      { length: 30 },
      (_, seed) =>
        transforms
          .cutout(20)(image, random(seed))
          .data.filter((value) => value === 0).length,
    );
    expect(Math.max(...areas)).toBe(400);
    expect(Math.min(...areas)).toBeLessThan(400);
  });

  test("[T16] images are cut into patches and put together again", () => {
    const images = tensor(Float32Array.from({ length: 2 * 3 * 4 * 6 }, (_, at) => at)).reshape([2, 3, 4, 6]);
    const patches = transforms.patchify(images, 2);
    expect(patches.shape).toEqual([2, 6, 12]);
    expect([...patches.dataSync()].slice(0, 12)).toEqual([0, 1, 6, 7, 24, 25, 30, 31, 48, 49, 54, 55]);
    expect(transforms.unpatchify(patches, 2, [4, 6]).dataSync()).toEqual(images.dataSync());
    const large = tensor(new Float32Array(3 * 224 * 224)).reshape([1, 3, 224, 224]);
    expect(transforms.patchify(large, 16).shape).toEqual([1, 196, 768]);
    expect(() => transforms.patchify(images, 5)).toThrow(ShapeError);
    expect(() => transforms.unpatchify(patches, 2, [6, 6])).toThrow(ShapeError);
  });

  const wrong: [string, () => unknown, typeof ArgumentError, RegExp][] = [
    ["half pixels", () => transforms.randomShift(0.5), ArgumentError, /randomShift: pixels must be a whole number/],
    [
      "no size",
      () => transforms.resize(0),
      ArgumentError,
      /resize: the size must be a whole number of 1 or more, got 0/,
    ],
    ["an unknown way", () => transforms.resize(2, { interpolation: "cubic" as never }), ArgumentError, /"cubic"/],
    ["a chance over 1", () => transforms.randomHorizontalFlip(2), ArgumentError, /p must be in \[0, 1\], got 2/],
    ["a hue out of the wheel", () => transforms.colorJitter({ hue: 0.7 }), ArgumentError, /hue must be in/],
    ["no deviation", () => transforms.normalize({ mean: 0, std: 0 }), ArgumentError, /deviations above 0/],
    [
      "too few means",
      () => transforms.normalize({ mean: [0, 1], std: 1 })(picture(2, 2, 3)),
      ShapeError,
      /one for each channel/,
    ],
    [
      "channels in front",
      () => transforms.resize(2)(hostArray(new Uint8Array(24), [2, 3, 4, 1])),
      ShapeError,
      /before channelsFirst and batch/,
    ],
    [
      "whole numbers",
      () => transforms.resize(2)(hostArray(new Int32Array(4), [2, 2])),
      DTypeError,
      /images are u8 .* got i32/,
    ],
    ["a crop outside", () => transforms.crop(0, 0, 9, 9)(picture(4, 4, 1)), ArgumentError, /leave an image of 4 × 4/],
    ["an even kernel", () => transforms.gaussianBlur(4), ArgumentError, /odd whole number, got 4/],
    ["nothing to choose", () => transforms.oneOf([]), ArgumentError, /no transform to choose from/],
    [
      "an unknown transform",
      () => transforms.fromJSON({ transform: "toString" }),
      FormatError,
      /"\\"toString\\"" is unknown/,
    ],
    [
      "a damaged one",
      () => transforms.fromJSON({ transform: "resize", size: "big" }),
      FormatError,
      /two numbers|number/,
    ],
    ["a senseless one", () => transforms.fromJSON({ transform: "resize", size: -1 }), FormatError, /make no sense/],
    ["no pipeline", () => transforms.pipelineFromJSON([]), FormatError, /no pipeline of images/],
  ];
  test.each(wrong)("refuses %s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});

describe("pipelines", () => {
  const digits = drawnDigits({ count: 12, seed: 3 });
  const steps = [transforms.randomShift(2), transforms.gaussianNoise(0.1), transforms.toFloat()];
  const build = (seed: number): Dataset<string> => {
    const images = transforms.pipeline(steps, { seed });
    return imageDataset(digits).map(([image], place) => images.train(image, place).data.join());
  };
  const all = async (dataset: Dataset<string>, epoch: number): Promise<string[]> => {
    const values: string[] = [];
    for await (const value of dataset.epoch(epoch)) values.push(value);
    return values;
  };

  test("repeat by seed, epoch and place, and differ otherwise", async () => {
    expect(await all(build(1), 5)).toEqual(await all(build(1), 5));
    expect(await all(build(1), 5)).not.toEqual(await all(build(1), 6));
    expect(await all(build(1), 5)).not.toEqual(await all(build(2), 5));
    expect(await all(build(1).skip(3), 5)).toEqual((await all(build(1), 5)).slice(3));
  });

  test("two steps of one kind draw numbers of their own", () => {
    const both = transforms.pipeline([transforms.randomHorizontalFlip(), transforms.randomVerticalFlip()], { seed: 3 });
    const image = hostArray(Uint8Array.of(0, 1, 2, 3), [2, 2]);
    const corners = Array.from({ length: 60 }, (_, index) => both.train(image, { epoch: 0, index }).data[0]);
    expect(new Set(corners).size).toBe(4);
  });

  test("[L10][T9][S17] only training is augmented: what is evaluated is the same with augmentation and without, in fixed order", async () => {
    const [with_, without] = [transforms.pipeline(steps, { seed: 1 }), transforms.pipeline([transforms.toFloat()])];
    const batches = async (images: transforms.ImagePipeline): Promise<unknown[]> =>
      (
        await imageDataset(digits)
          .map(([image, label]) => [images.evaluate(image), label] as const)
          .batch(5)
          .toArray()
      ).map(([x, y]) => [[...x.dataSync()], [...y.dataSync()]]);
    expect(await batches(with_)).toEqual(await batches(without));
    // The training pipeline of the notes: shuffle 10,000 with seed 42, flip, batches of 64, prefetch.
    const flips = transforms.pipeline([transforms.randomHorizontalFlip(), transforms.toFloat()], { seed: 42 });
    const train = imageDataset(drawnDigits({ count: 130, seed: 1 }))
      .shuffle({ seed: 42, buffer: 10_000 })
      .map(([image, label], place) => [flips.train(image, place), label] as const)
      .batch(64)
      .prefetch();
    const [first, second] = [await train.toArray(), await train.toArray()];
    expect(first.map(([x]) => x.shape)).toEqual([
      [64, 28, 28],
      [64, 28, 28],
      [2, 28, 28],
    ]);
    expect(first[0]![1].dataSync()).not.toEqual(second[0]![1].dataSync());
    const val = imageDataset(digits)
      .map(([image, label]) => [flips.evaluate(image), label] as const)
      .batch(64)
      .prefetch();
    for (let epoch = 0; epoch < 2; epoch++) expect((await val.toArray())[0]![1].dataSync()).toEqual(digits.labels);
  });

  test("come back from JSON and do the same", () => {
    const images = transforms.pipeline([transforms.randomCrop(20, { padding: 2 }), ...steps], { seed: 9 });
    const again = transforms.pipelineFromJSON(JSON.parse(JSON.stringify(images)) as Json);
    const image = hostArray(digits.images.slice(0, 784), [28, 28]);
    const place = { epoch: 3, index: 5 };
    expect(again.train(image, place)).toEqual(images.train(image, place));
    expect(again.evaluate(image)).toEqual(images.evaluate(image));
    expect(again.toJSON()).toEqual(images.toJSON());
  });

  test("[Y1] sizes grow with the epochs; the last stays, and is what evaluation has", () => {
    const at = (size: number): transforms.ImagePipeline =>
      transforms.pipeline([transforms.resizeTo(size), transforms.randomHorizontalFlip()]);
    const images = transforms.progressive([128, 224, 384].map((size) => ({ epochs: 5, pipeline: at(size) })));
    const again = transforms.pipelineFromJSON(JSON.parse(JSON.stringify(images)) as Json);
    const photo = picture(20, 30, 3);
    for (const own of [images, again]) {
      const sizes = [0, 4, 5, 9, 10, 14, 15, 99].map((epoch) => own.train(photo, { epoch, index: 0 }).shape[0]);
      expect(sizes).toEqual([128, 128, 224, 224, 384, 384, 384, 384]);
      expect(own.evaluate(photo).shape).toEqual([384, 384, 3]);
    }
  });

  test("[Y4] a network with a global pool takes all sizes with the same weights", () => {
    const net = nn.sequential(
      new nn.Conv2d(3, 2, 3, { stride: 4 }),
      new nn.AdaptiveAvgPool2d(1),
      new nn.Flatten(),
      new nn.Linear(2, 4),
    );
    const prepare = (size: number): Tensor => {
      const step = transforms.compose([transforms.resizeTo(size), transforms.toFloat(), transforms.channelsFirst()]);
      const { data, shape } = step(picture(50, 40, 3));
      return tensor(data, [1, ...shape]);
    };
    for (const size of [128, 224, 384]) expect(net.forward(prepare(size)).shape).toEqual([1, 4]);
  });
});

describe("mixed batches", () => {
  const x = tensor(Float32Array.from({ length: 6 * 16 }, (_, at) => Math.floor(at / 16))).reshape([6, 1, 4, 4]);
  const y = tensor(Int32Array.of(0, 1, 2, 0, 1, 2));

  test.each([
    ["mixup", transforms.mixup],
    ["cutmix", transforms.cutmix],
  ])("%s mixes inputs and targets by the same share", (name, mix) => {
    const run = mix({ classes: 6, alpha: 1, seed: 2 });
    // Labels that name the image: the shares then say what must be in each.
    const own = tensor(Int32Array.from([0, 1, 2, 3, 4, 5]));
    let mixedAny = false;
    for (let index = 0; index < 10; index++) {
      const [inputs, targets] = run([x, own], { epoch: 0, index });
      expect(inputs.shape).toEqual([6, 1, 4, 4]);
      const shares = targets.dataSync();
      const values = inputs.dataSync();
      for (let row = 0; row < 6; row++) {
        const part = Array.from(shares.slice(6 * row, 6 * row + 6));
        expect(part.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        const wanted = part.reduce((sum, share, at) => sum + share * at, 0);
        const pixels = Array.from(values.slice(16 * row, 16 * row + 16));
        expect(pixels.reduce((sum, value) => sum + value, 0) / 16).toBeCloseTo(wanted, 4);
        mixedAny ||= part.filter((share) => share > 0).length === 2;
        if (name === "cutmix") for (const value of pixels) expect(Number.isInteger(value)).toBe(true);
      }
      expect(run([x, own], { epoch: 0, index })[1].dataSync()).toEqual(shares);
    }
    expect(mixedAny).toBe(true);
  });

  test("a chance of 0 leaves the batch; other labels are refused", () => {
    const [inputs, targets] = transforms.mixup({ classes: 3, p: 0 })([x, y], { epoch: 0, index: 0 });
    expect(inputs.dataSync()).toEqual(x.dataSync());
    expect(targets.dataSync().slice(0, 6)).toEqual(Float32Array.of(1, 0, 0, 0, 1, 0));
    expect(() => transforms.mixup({ classes: 3 })([x, x], { epoch: 0, index: 0 })).toThrow(ShapeError);
    expect(() => transforms.cutmix({ classes: 3 })([x.flatten(1), y], { epoch: 0, index: 0 })).toThrow(
      /cutmix: images/,
    );
  });

  test("shares are of the distribution asked for: mean a half, variance 1 / (4·(2α + 1))", () => {
    const one = tensor(Float32Array.of(0, 1)).reshape([2, 1]);
    for (const alpha of [0.2, 1, 3]) {
      const run = transforms.mixup({ classes: 2, alpha, seed: 5 });
      const shares: number[] = [];
      for (let index = 0; shares.length < 300; index++) {
        const [, targets] = run([one, tensor(Int32Array.of(0, 1))], { epoch: 0, index });
        const share = targets.dataSync()[0]!;
        // Half of the orders leave both where they are.
        if (share < 1) shares.push(share);
      }
      const mean = shares.reduce((sum, share) => sum + share, 0) / 300;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / 300;
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.08);
      expect(variance * 4 * (2 * alpha + 1)).toBeGreaterThan(0.75);
      expect(variance * 4 * (2 * alpha + 1)).toBeLessThan(1.25);
    }
  });
});
