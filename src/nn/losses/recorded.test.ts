import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Shape } from "../../core/shape.ts";
import { tensor } from "../../tensor/create.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import { gradCheck } from "../../tensor/grad-check.ts";
import { jit } from "../../tensor/jit.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter } from "../golden.testing.ts";
import * as losses from "./index.ts";

const { losses: golden } = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/losses.json", import.meta.url), "utf8"),
) as {
  readonly losses: Readonly<
    Record<string, { readonly value: readonly number[]; readonly gradients: readonly number[][] }>
  >;
};

const f64 = (shape: number[], ...values: number[]): Tensor => tensor(Float64Array.from(values), shape);
const i32 = (shape: number[], ...values: number[]): Tensor => tensor(Int32Array.from(values), shape);

const signs = (): Tensor => f64([2, 3], 1, -1, 1, -1, -1, 1);
const rowSigns = (): Tensor => f64([4], 1, -1, 1, -1);
const yes = (): Tensor => f64([2, 3], 1, 0, 1, 0, 0, 1);
const soft = (): Tensor => f64([2, 3], 1, 0, 0.75, 0.25, 0, 1);
const counts = (): Tensor => f64([2, 3], 0, 1, 2, 5, 3, 0);
const weight = (): Tensor => f64([4], 0.5, 1, 2, 0.25);
const labels = (): Tensor => i32([4], 1, 0, 3, 1);
const sets = (): Tensor => i32([4, 4], 3, 0, -1, 1, 1, -1, 2, 0, -1, 0, 0, 0, 0, 1, 2, 3);
const mask = (): Tensor => f64([2, 2, 3], 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0);
const hot = (): Tensor => labels().oneHot(4);
const spoken = (): Tensor => i32([3, 3], 1, 2, 2, 3, 0, 0, 1, 1, 1);
const ctc =
  (options: losses.CtcOptions = {}, { targets = spoken, inputs = [6, 4, 5], counted = [3, 1, 3] } = {}) =>
  (x: Tensor): Tensor =>
    losses.ctc(x.logSoftmax(), targets(), i32([3], ...inputs), i32([3], ...counted), options);

const pair: readonly Shape[] = [
  [2, 3],
  [2, 3],
];
const rows: readonly Shape[] = [
  [4, 4],
  [4, 4],
];
const one: readonly Shape[] = [[2, 3]];
const scores: readonly Shape[] = [[4, 4]];
const masks: readonly Shape[] = [[2, 2, 3]];
const speech: readonly Shape[] = [[6, 3, 4]];

/** "corner" where the gradient jumps: only the first derivative is compared with differences there. */
type Case = readonly [loss: (...x: Tensor[]) => Tensor, shapes: readonly Shape[], kind?: "corner"];
const cases: Readonly<Record<string, Case>> = {
  "mse weighted": [(a, b) => losses.mse(a, b, { weight: soft().add(0.5) }), pair],
  "l1 weighted sum": [(a, b) => losses.l1(a, b, { weight: soft().add(0.5), reduction: "sum" }), pair, "corner"],
  smoothL1: [(a, b) => losses.smoothL1(a, b), pair, "corner"],
  "smoothL1 2": [(a, b) => losses.smoothL1(a, b, { beta: 2 }), pair, "corner"],
  "smoothL1 0": [(a, b) => losses.smoothL1(a, b, { beta: 0 }), pair, "corner"],
  logCosh: [(a, b) => losses.logCosh(a, b), pair],
  quantile: [(a, b) => losses.quantile(a, b, { quantile: 0.9 }), pair, "corner"],
  mape: [(a, b) => losses.mape(a, b), pair, "corner"],
  msle: [(a, b) => losses.msle(a.exp(), b.exp()), pair],
  poissonNll: [(x) => losses.poissonNll(x, counts()), one],
  "poissonNll full": [(x) => losses.poissonNll(x, counts(), { full: true }), one],
  "poissonNll rates": [(x) => losses.poissonNll(x.exp(), counts(), { logInput: false, reduction: "sum" }), one],
  gaussianNll: [(a, b, v) => losses.gaussianNll(a, b, v!.exp()), [...pair, [2, 3]]],
  "gaussianNll shared": [
    (a, b, v) => losses.gaussianNll(a, b, v!.exp(), { full: true, reduction: "none" }),
    [...pair, [2, 1]],
  ],
  "gaussianNll clamped": [(a, b, v) => losses.gaussianNll(a, b, v!.exp(), { eps: 1 }), [...pair, [2]], "corner"],
  klDivergence: [(x, t) => losses.klDivergence(x.logSoftmax(), t.softmax()), pair],
  "klDivergence batchMean": [
    (x, t) => losses.klDivergence(x.logSoftmax(), t.softmax(), { reduction: "batchMean" }),
    pair,
  ],
  "klDivergence logTarget": [
    (x, t) => losses.klDivergence(x.logSoftmax(), t.logSoftmax(), { logTarget: true, reduction: "none" }),
    pair,
  ],
  jsDivergence: [(a, b) => losses.jsDivergence(a.softmax(), b.softmax()), pair],
  gaussianKl: [(m, v) => losses.gaussianKl(m, v), pair],
  hinge: [(x) => losses.hinge(x, signs()), one, "corner"],
  squaredHinge: [(x) => losses.squaredHinge(x, signs()), one, "corner"],
  softMargin: [(x) => losses.softMargin(x, signs()), one],
  hingeEmbedding: [(x) => losses.hingeEmbedding(x, signs(), { margin: 0.7 }), one, "corner"],
  categoricalHinge: [(x) => losses.categoricalHinge(x, hot()), scores, "corner"],
  multiMargin: [(x) => losses.multiMargin(x, labels()), scores, "corner"],
  "multiMargin squared weighted": [
    (x) => losses.multiMargin(x, labels(), { p: 2, margin: 0.5, weight: weight() }),
    scores,
    "corner",
  ],
  multilabelMargin: [(x) => losses.multilabelMargin(x, sets()), scores, "corner"],
  multilabelSoftMargin: [(x) => losses.multilabelSoftMargin(x, hot()), scores],
  "multilabelSoftMargin weighted": [
    (x) => losses.multilabelSoftMargin(x, hot(), { weight: weight(), reduction: "none" }),
    scores,
  ],
  cosineSimilarity: [(a, b) => losses.cosineSimilarity(a, b), rows],
  cosineEmbedding: [(a, b) => losses.cosineEmbedding(a, b, rowSigns(), { margin: 0.1 }), rows, "corner"],
  marginRanking: [(a, b) => losses.marginRanking(a, b, signs(), { margin: 0.5 }), pair, "corner"],
  triplet: [(a, p, n) => losses.triplet(a, p, n!), [...rows, [4, 4]], "corner"],
  "triplet swapped 1": [
    (a, p, n) => losses.triplet(a, p, n!, { margin: 2, p: 1, swap: true, reduction: "sum" }),
    [...rows, [4, 4]],
    "corner",
  ],
  "triplet distance": [
    (a, p, n) => losses.triplet(a, p, n!, { distance: (x, y) => losses.cosineSimilarity(x, y).neg().add(1) }),
    [...rows, [4, 4]],
    "corner",
  ],
  contrastive: [(a, b) => losses.contrastive(a, b, rowSigns(), { margin: 5 }), rows, "corner"],
  infoNce: [(q, k) => losses.infoNce(q, k), rows],
  ntXent: [(a, b) => losses.ntXent(a, b), rows],
  focal: [(x) => losses.focal(x, labels()), scores],
  "focal weighted": [(x) => losses.focal(x, labels(), { gamma: 1.5, weight: weight() }), scores],
  binaryFocal: [(x) => losses.binaryFocalWithLogits(x, yes()), one],
  "binaryFocal soft": [(x) => losses.binaryFocalWithLogits(x, soft(), { alpha: null, gamma: 1.5 }), one],
  categoricalCrossEntropy: [(x) => losses.categoricalCrossEntropy(x.sigmoid(), hot(), { labelSmoothing: 0.1 }), scores],
  sparseCategoricalCrossEntropy: [(x) => losses.sparseCategoricalCrossEntropy(x.softmax(), labels()), scores],
  dice: [(x) => losses.dice(x.sigmoid(), mask(), { smooth: 1e-12 }), masks],
  tversky: [
    (x) => losses.tversky(x.sigmoid(), mask(), { alpha: 0.3, beta: 0.7, smooth: 1e-12, reduction: "none" }),
    masks,
  ],
  iou: [(x) => losses.iou(x.sigmoid(), mask()), masks],
  distillation: [(s, t) => losses.distillation(s, t, { temperature: 3 }), rows, "corner"],
  ctc: [ctc(), speech],
  "ctc none": [ctc({ reduction: "none" }), speech],
  "ctc sum, blank last": [
    ctc({ reduction: "sum", blank: 3 }, { targets: () => i32([3, 3], 1, 2, 2, 0, 0, 0, 1, 1, 1) }),
    speech,
  ],
  "ctc impossible": [ctc({ zeroInfinity: true }, { inputs: [6, 4, 4] }), speech],
  "ctc without labels": [ctc({ reduction: "none" }, { counted: [3, 0, 2] }), speech],
};

it("every recorded loss is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(golden)));

onEachDevice(() => {
  describe("losses agree with PyTorch and Keras, gradients included", () => {
    it.each(Object.entries(cases))("%s", (name, [loss, shapes]) => {
      const { value, gradients } = golden[name]!;
      const inputs = shapes.map((shape, i) => fixedParameter(shape, 101 + i, 3));
      const got = loss(...inputs);
      expectNumbers("value", got, value, 1e-8);
      got.mul(fixed(got.shape, 201)).sum().backward();
      inputs.forEach((x, i) => {
        const zeros = gradients[i]!.map(() => 0);
        expectNumbers(`gradient ${i}`, x.grad ?? zeros, gradients[i]!, 1e-8);
      });
    });
  });

  describe("gradients agree with central differences, twice where there is no corner", () => {
    // What a teacher says is no input of the gradient.
    it.each(Object.entries(cases).filter(([name]) => name !== "distillation" && name !== "gaussianNll clamped"))(
      "%s",
      (_, [loss, shapes, kind]) => {
        gradCheck(
          loss,
          shapes.map((shape, i) => fixed(shape, 101 + i).mul(1.5)),
          { order: kind || shapes === speech ? 1 : 2, tolerance: 1e-5, eps: 1e-5 },
        );
      },
    );
  });
});

describe("traced", () => {
  it.each(Object.entries(cases))("%s in single precision is the loss of double precision", (name, [loss, shapes]) => {
    const traced = jit((...x: Tensor[]) => loss(...x));
    const inputs = shapes.map((shape, i) =>
      fixed(shape, 101 + i)
        .mul(3)
        .float(),
    );
    const got = traced(...inputs).dataSync();
    golden[name]!.value.forEach((wanted, i) =>
      expect(Math.abs(got[i]! - wanted)).toBeLessThanOrEqual(1e-5 + 1e-5 * Math.abs(wanted)),
    );
  });
});
