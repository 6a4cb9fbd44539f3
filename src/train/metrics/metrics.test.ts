import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { tensor } from "../../tensor/create.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { evaluate } from "../evaluate.ts";
import { fit } from "../fit.ts";
import { accuracy } from "../metrics.ts";
import * as metrics from "./index.ts";

type Averages = Readonly<Record<metrics.Average, number>>;
type Curve = readonly [x: readonly number[], y: readonly number[], thresholds: readonly (number | "inf")[]];

const golden = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/metrics.json", import.meta.url), "utf8"),
) as Readonly<
  Record<
    "labels" | "predictions" | "binary" | "guesses" | "scores" | "three" | "shares" | "truth" | "forecast",
    readonly number[]
  > &
    Record<"precision" | "precision one" | "recall" | "recall one" | "f1" | "fbeta" | "jaccard", Averages> &
    Record<"top" | "calibration" | "bleu", Readonly<Record<string, number>>> &
    Record<"roc" | "pr", Curve> &
    Record<"report" | "report named", string> & {
      confusion: number[][];
      references: string[][];
      candidates: string[];
    } & Record<string, unknown>
>;
const { labels, predictions, binary, guesses, scores, three, shares, truth, forecast } = golden;
const wanted = (name: string): number => golden[name] as number;
const argmax = three.map((_, i) => [0, 1, 2].reduce((a, c) => (shares[3 * i + c]! > shares[3 * i + a]! ? c : a), 0));

const f64 = (values: readonly number[], ...shape: number[]): Tensor =>
  tensor(Float64Array.from(values), shape.length ? shape : [values.length]);
const i32 = (values: readonly number[]): Tensor => tensor(Int32Array.from(values));

function expectArray(got: ArrayLike<number>, values: readonly (number | string)[]): void {
  expect(got.length).toBe(values.length);
  values.forEach((value, i) => {
    if (value === "inf") expect(got[i]).toBe(Infinity);
    else expect(got[i]).toBeCloseTo(value as number, 10);
  });
}

describe("exact metrics agree with scikit-learn", () => {
  it.each<[string, number, number]>([
    ["[R1] accuracy", metrics.accuracyScore(labels, predictions), wanted("accuracy")],
    ["balanced accuracy", metrics.balancedAccuracyScore(labels, predictions), wanted("balanced")],
    ["Cohen's kappa", metrics.cohenKappaScore(labels, predictions), wanted("kappa")],
    ["linear kappa", metrics.cohenKappaScore(binary, guesses, "linear"), wanted("kappa linear")],
    ["quadratic kappa", metrics.cohenKappaScore(three, argmax, "quadratic"), wanted("kappa quadratic")],
    ["Matthews", metrics.matthewsCorrelation(labels, predictions), wanted("matthews")],
    ["[R4] top 1", metrics.topKAccuracyScore(three, shares, 1), golden.top["1"]!],
    ["[R4] top 2", metrics.topKAccuracyScore(three, shares, 2), golden.top["2"]!],
    ["[R4] top 3", metrics.topKAccuracyScore(three, shares, 3), golden.top["3"]!],
    ["ROC AUC", metrics.rocAucScore(binary, scores), wanted("auc")],
    ["ROC AUC ovr", metrics.rocAucScore(three, shares), wanted("auc ovr macro")],
    ["ROC AUC ovo", metrics.rocAucScore(three, shares, { multiClass: "ovo" }), wanted("auc ovo macro")],
    ["ROC AUC ovr weighted", metrics.rocAucScore(three, shares, { average: "weighted" }), wanted("auc ovr weighted")],
    [
      "ROC AUC ovo weighted",
      metrics.rocAucScore(three, shares, { multiClass: "ovo", average: "weighted" }),
      wanted("auc ovo weighted"),
    ],
    ["average precision", metrics.averagePrecisionScore(binary, scores), wanted("average precision")],
    ["log loss", metrics.logLoss(binary, scores), wanted("log loss")],
    ["log loss of three classes", metrics.logLoss(three, shares), wanted("log loss of three")],
    ["perplexity", metrics.perplexity(three, shares), Math.exp(wanted("log loss of three"))],
    ["Brier", metrics.brierScore(binary, scores), wanted("brier")],
    ["Brier of three classes", metrics.brierScore(three, shares), wanted("brier of three")],
    ["calibration error, 5 bins", metrics.expectedCalibrationError(three, shares, 5), golden.calibration["5"]!],
    ["calibration error", metrics.expectedCalibrationError(three, shares), golden.calibration["10"]!],
    ["calibration error, 15 bins", metrics.expectedCalibrationError(three, shares, 15), golden.calibration["15"]!],
    ["[R5] mean absolute error", metrics.meanAbsoluteError(truth, forecast), wanted("mae")],
    ["mean squared error", metrics.meanSquaredError(truth, forecast), wanted("mse")],
    ["root mean squared error", metrics.rootMeanSquaredError(truth, forecast), wanted("rmse")],
    ["[R6] MAPE", metrics.meanAbsolutePercentageError(truth, forecast), wanted("mape")],
    ["SMAPE", metrics.symmetricMeanAbsolutePercentageError(truth, forecast), wanted("smape")],
    ["max error", metrics.maxError(truth, forecast), wanted("max")],
    ["median error", metrics.medianAbsoluteError(truth, forecast), wanted("median")],
    ["R²", metrics.r2Score(truth, forecast), wanted("r2")],
    ["explained variance", metrics.explainedVarianceScore(truth, forecast), wanted("explained")],
  ])("%s", (_, got, value) => expect(got).toBeCloseTo(value, 10));

  describe.each<[string, Averages, metrics.ClassMetric, 0 | 1]>([
    ["precision", golden.precision, metrics.precisionScore, 0],
    ["precision with zeroDivision 1", golden["precision one"], metrics.precisionScore, 1],
    ["recall", golden.recall, metrics.recallScore, 0],
    ["recall with zeroDivision 1", golden["recall one"], metrics.recallScore, 1],
    ["F1", golden.f1, metrics.f1Score, 0],
    ["Dice", golden.f1, metrics.diceScore, 0],
    ["F2", golden.fbeta, (a, b, options) => metrics.fbetaScore(a, b, 2, options), 0],
    ["Jaccard", golden.jaccard, metrics.jaccardScore, 0],
  ])("[R3] %s", (_, recorded, score, zeroDivision) => {
    it.each(Object.entries(recorded))("%s", (average, value) => {
      const pair = average === "binary" ? ([binary, guesses] as const) : ([labels, predictions] as const);
      expect(score(...pair, { average: average as metrics.Average, zeroDivision })).toBeCloseTo(value, 10);
    });
  });

  it("[R3] the classification report, as text and as numbers", () => {
    expect(String(metrics.classificationReport(labels, predictions))).toBe(golden.report);
    const names = ["no", "certainly yes, it is"];
    const report = metrics.classificationReport(binary, guesses, { names, digits: 4 });
    expect(`${report}`).toBe(golden["report named"]);
    expect(report.classes["no"]!.support).toBe(binary.filter((label) => label === 0).length);
    // tp 2, fp 1, fn 1
    const { precision, recall, f1 } = metrics.classificationReport([1, 1, 1, 0, 0], [1, 1, 0, 1, 0]).classes["1"]!;
    for (const value of [precision, recall, f1]) expect(value).toBeCloseTo(2 / 3, 12);
  });

  it("curves, point by point", () => {
    const roc = metrics.rocCurve(binary, scores);
    [roc.falsePositiveRate, roc.truePositiveRate, roc.thresholds].forEach((x, i) => expectArray(x, golden.roc[i]!));
    const pr = metrics.precisionRecallCurve(binary, scores);
    [pr.precision, pr.recall, pr.thresholds].forEach((x, i) => expectArray(x, golden.pr[i]!));
    expect(metrics.auc([0, 1, 2], [0, 1, 1])).toBe(1.5);
    expect(metrics.auc([2, 1, 0], [1, 1, 0])).toBe(1.5);
  });

  it("BLEU, as NLTK has it", () => {
    const references = golden.references.map((group) => group.map((sentence) => sentence.split(" ")));
    const candidates = golden.candidates.map((sentence) => sentence.split(" "));
    expect(metrics.bleu(references, candidates)).toBeCloseTo(golden.bleu["corpus"]!, 10);
    expect(metrics.bleu(references, candidates, { maxLength: 2 })).toBeCloseTo(golden.bleu["two"]!, 10);
    const [short, other] = [[["the", "cat", "sat"]], [[["the", "cat", "is", "on", "it"]]]];
    expect(metrics.bleu(other, short, { smoothing: 0.1 })).toBeCloseTo(golden.bleu["smoothed"]!, 10);
    expect(metrics.bleu(other, short)).toBe(0);
    expect(metrics.bleu([[[1, 2, 3, 4]]], [[1, 2, 3, 4]])).toBe(1);
    expect(metrics.bleu([[[1, 2]]], [[3, 4]])).toBe(0);
  });
});

describe("by hand", () => {
  it("[R1] [R5] [R6] the notes' numbers, and labels of 0", () => {
    expect(100 * metrics.accuracyScore([1, 2, 3], [1, 2, 4])).toBeCloseTo(66.67, 2);
    expect(metrics.meanAbsoluteError([100, 200], [110, 190])).toBe(10);
    expect(metrics.meanAbsolutePercentageError([100, 200], [110, 190])).toBeCloseTo(7.5, 12);
    expect(metrics.meanAbsolutePercentageError([0], [0])).toBe(0);
    expect(metrics.meanAbsolutePercentageError([0, 1], [1, 1])).toBeGreaterThan(1e16);
    expect(metrics.symmetricMeanAbsolutePercentageError([0, 0], [0, 1])).toBe(100);
  });
  it("[R4] a label at rank 5 counts among the top 5, not among the top 4", () => {
    const row = [0.1, 0.5, 0.4, 0.3, 0.2, 0.05];
    expect(metrics.topKAccuracyScore([0], row, 5)).toBe(1);
    expect(metrics.topKAccuracyScore([0], row, 4)).toBe(0);
  });
  it("[R8] [AK3] a probability at the threshold is no under '>', yes under '>='", () => {
    expect([...metrics.thresholded([0.49, 0.5, 0.51])]).toEqual([0, 0, 1]);
    expect([...metrics.thresholded([0.49, 0.5, 0.51], 0.5, true)]).toEqual([0, 1, 1]);
  });
  it("labels without spread: met exactly 1, otherwise 0", () => {
    expect([metrics.r2Score([2, 2], [2, 2]), metrics.r2Score([2, 2], [2, 3])]).toEqual([1, 0]);
    expect(metrics.explainedVarianceScore([2, 2], [3, 3])).toBe(1);
    expect(metrics.explainedVarianceScore([2, 2], [3, 4])).toBe(0);
  });
  it("a calibrated model has no calibration error; empty bins are NaN in the diagram", () => {
    expect(metrics.expectedCalibrationError([1, 1, 1, 0], [0.75, 0.75, 0.75, 0.75])).toBeCloseTo(0, 12);
    const bins = metrics.calibrationBins([1, 1, 1, 0], [0.75, 0.75, 0.75, 0.75]);
    expect(bins.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 0, 0, 4, 0, 0]);
    expect(bins[0]!.accuracy).toBeNaN();
  });
});

/** Streaming metrics with what they are given and what comes out. */
const streams: Readonly<Record<string, [() => metrics.Metric, () => [Tensor, Tensor], number]>> = {
  accuracy: [() => new metrics.Accuracy(), () => [i32(predictions), i32(labels)], wanted("accuracy")],
  "accuracy of scores": [() => new metrics.Accuracy(), () => [f64(shares, 60, 3), i32(three)], golden.top["1"]!],
  "categorical accuracy": [
    () => new metrics.CategoricalAccuracy(),
    () => [f64(shares, 60, 3), i32(three).oneHot(3)],
    golden.top["1"]!,
  ],
  "top 2": [() => new metrics.TopKAccuracy(2), () => [f64(shares, 60, 3), i32(three)], golden.top["2"]!],
  precision: [
    () => new metrics.Precision({ classes: 5, average: "macro" }),
    () => [i32(predictions), i32(labels)],
    golden.precision.macro,
  ],
  "precision of yes": [
    () => new metrics.Precision(),
    () => [f64(guesses.map((g) => 0.2 + 0.6 * g)), i32(binary)],
    golden.precision.binary,
  ],
  recall: [
    () => new metrics.Recall({ classes: 5, average: "weighted" }),
    () => [i32(predictions), i32(labels)],
    golden.recall.weighted,
  ],
  "F1 by default": [() => new metrics.F1({ classes: 5 }), () => [i32(predictions), i32(labels)], golden.f1.macro],
  F2: [
    () => new metrics.FBeta(2, { classes: 5, average: "micro" }),
    () => [i32(predictions), i32(labels)],
    golden.fbeta.micro,
  ],
  "mean IoU": [() => new metrics.MeanIoU({ classes: 5 }), () => [i32(predictions), i32(labels)], golden.jaccard.macro],
  Dice: [() => new metrics.Dice({ classes: 5 }), () => [i32(predictions), i32(labels)], golden.f1.macro],
  "balanced accuracy": [
    () => new metrics.BalancedAccuracy({ classes: 5 }),
    () => [i32(predictions), i32(labels)],
    wanted("balanced"),
  ],
  kappa: [() => new metrics.CohenKappa({ classes: 5 }), () => [i32(predictions), i32(labels)], wanted("kappa")],
  "quadratic kappa": [
    () => new metrics.CohenKappa({ weights: "quadratic" }),
    () => [f64(shares, 60, 3), i32(three)],
    wanted("kappa quadratic"),
  ],
  Matthews: [
    () => new metrics.MatthewsCorrelation({ classes: 5 }),
    () => [i32(predictions), i32(labels)],
    wanted("matthews"),
  ],
  "AUC with a bin for each score": [
    () => new metrics.AUC({ bins: 100 }),
    () => [f64(scores.map((s) => s + 0.004)), i32(binary)],
    wanted("auc"),
  ],
  "average precision with a bin for each score": [
    () => new metrics.AUC({ bins: 100, curve: "PR" }),
    () => [f64(scores.map((s) => s + 0.004)), i32(binary)],
    wanted("average precision"),
  ],
  perplexity: [
    () => new metrics.Perplexity(),
    () => [f64(shares, 60, 3).log(), i32(three)],
    Math.exp(wanted("log loss of three")),
  ],
  Brier: [() => new metrics.Brier(), () => [f64(scores), i32(binary)], wanted("brier")],
  "calibration error": [
    () => new metrics.ExpectedCalibrationError(),
    () => [f64(shares, 60, 3), i32(three)],
    golden.calibration["10"]!,
  ],
  MAE: [() => new metrics.MeanAbsoluteError(), () => [f64(forecast), f64(truth)], wanted("mae")],
  MSE: [() => new metrics.MeanSquaredError(), () => [f64(forecast), f64(truth)], wanted("mse")],
  RMSE: [() => new metrics.RootMeanSquaredError(), () => [f64(forecast), f64(truth)], wanted("rmse")],
  MAPE: [() => new metrics.MeanAbsolutePercentageError(), () => [f64(forecast), f64(truth)], wanted("mape")],
  SMAPE: [() => new metrics.SymmetricMeanAbsolutePercentageError(), () => [f64(forecast), f64(truth)], wanted("smape")],
  R2: [() => new metrics.R2(), () => [f64(forecast), f64(truth)], wanted("r2")],
  "explained variance": [() => new metrics.ExplainedVariance(), () => [f64(forecast), f64(truth)], wanted("explained")],
};

onEachDevice(() => {
  describe("[P27] batch after batch they say the same", () => {
    it.each(Object.entries(streams))("%s", async (_, [make, data, value]) => {
      const [outputs, targets] = data();
      const whole = await make().update(outputs, targets);
      expect(whole.compute()).toBeCloseTo(value, 5);
      const [first, second] = [make(), make()];
      const part = (x: Tensor, from: number, to: number): Tensor => x.slice([from, to]);
      await first.update(part(outputs, 0, 7), part(targets, 0, 7));
      await first.update(part(outputs, 7, 30), part(targets, 7, 30));
      await second.update(part(outputs, 30, 60), part(targets, 30, 60));
      expect(first.merge(second).compute()).toBeCloseTo(value, 5);
      first.reset();
      expect(() => first.compute()).toThrow(/nothing has been measured yet; call update first/);
      await first.update(outputs, targets);
      expect(first.compute()).toBeCloseTo(whole.compute(), 12);
    });

    it("[R2] the confusion matrix", async () => {
      const matrix = new metrics.ConfusionMatrix({ classes: 5 });
      expect(matrix.matrix).toEqual([]);
      await matrix.update(i32(predictions), i32(labels));
      expect(matrix.matrix).toEqual(golden.confusion);
      expect(matrix.compute()).toBeCloseTo(wanted("accuracy"), 12);
    });

    it("[R7] losses 1 and 3 of two batches average to 2, whatever their sizes", async () => {
      const mean = new metrics.BatchMean(losses.mse);
      await mean.update(f64([1, 1, 1]), f64([0, 0, 0]));
      await mean.update(f64([Math.sqrt(3)]), f64([0]));
      expect(mean.compute()).toBeCloseTo(2, 12);
    });

    it("[R8] thresholds", async () => {
      const data = [f64([0.2, 0.5, 0.8]), i32([0, 1, 1])] as const;
      expect((await new metrics.Accuracy().update(...data)).compute()).toBeCloseTo(2 / 3, 12);
      expect((await new metrics.Accuracy({ inclusive: true }).update(...data)).compute()).toBe(1);
      expect((await new metrics.Recall({ threshold: 0.9 }).update(...data)).compute()).toBe(0);
    });

    it("perplexity leaves tokens out", async () => {
      const ignoring = new metrics.Perplexity(-1);
      await ignoring.update(f64([1, 0, 0, 1, 5, 5], 3, 2).log(), i32([0, 1, -1]));
      expect(ignoring.compute()).toBeCloseTo(1, 12);
    });
  });
});

describe("in fit and evaluate", () => {
  const x = Float32Array.from({ length: 2 * 90 }, (_, at) => Math.sin(at * at));
  const targets = Int32Array.from({ length: 90 }, (_, at) => (x[2 * at]! > 0 ? 1 : 0) + (x[2 * at + 1]! > 0.3 ? 1 : 0));
  const batches = (): [Tensor, Tensor][] =>
    [
      [0, 40],
      [40, 80],
      [80, 90],
    ].map(([from, to]) => [tensor(x.slice(2 * from!, 2 * to!), [to! - from!, 2]), tensor(targets.slice(from, to))]);

  it("functions, metrics and names side by side; evaluate gives what whole arrays give", async () => {
    const model = nn.sequential(new nn.Linear(2, 16), nn.tanh, new nn.Linear(16, 3));
    const f1 = new metrics.F1();
    const scored = { accuracy, f1, kappa: "cohen_kappa", top2: new metrics.TopKAccuracy(2) } as const;
    const history = await fit(model, batches(), {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.05 }),
      loss: losses.crossEntropy,
      metrics: scored,
      epochs: 3,
      validation: batches(),
      display: false,
    });
    expect(Object.keys(history).sort()).toEqual(
      ["accuracy", "f1", "kappa", "loss", "top2"].flatMap((name) => [name, `val_${name}`]).sort(),
    );
    const found = await evaluate(model, batches(), { loss: losses.crossEntropy, metrics: scored });
    expect(found.f1).toBe(history.val_f1!.at(-1));
    const all = model.forward(tensor(x, [90, 2]));
    const classes = [...all.argmax(-1).dataSync()];
    const macro = { average: "macro" } as const;
    expect(found.f1).toBeCloseTo(metrics.f1Score(targets, classes, macro), 10);
    expect(found.kappa).toBeCloseTo(metrics.cohenKappaScore(targets, classes), 10);
    expect(found.accuracy).toBeCloseTo(metrics.accuracyScore(targets, classes), 6);
    expect(found.top2).toBeCloseTo(metrics.topKAccuracyScore(targets, all.dataSync(), 2), 10);
    // The metric's own state is its user's.
    expect(() => f1.compute()).toThrow(ArgumentError);
  });

  it("a list of names, whose results have those names", async () => {
    const model = nn.sequential(new nn.Linear(2, 3));
    const scored = { loss: losses.crossEntropy, metrics: ["accuracy", "f1_score"] } as const;
    const found = await evaluate(model, batches(), scored);
    expectTypeOf(found).toEqualTypeOf<Record<"loss" | "accuracy" | "f1_score", number>>();
    expect(Object.keys(found)).toEqual(["loss", "accuracy", "f1_score"]);
    const same = await evaluate(model, batches(), {
      loss: losses.crossEntropy,
      metrics: { accuracy, f1_score: new metrics.F1() },
    });
    expect(found.f1_score).toBe(same.f1_score);
    expect(found.accuracy).toBeCloseTo(same.accuracy, 6);
    const history = await fit(model, batches(), {
      optimizer: new optim.SGD(model.parameters()),
      loss: losses.crossEntropy,
      metrics: ["cohen_kappa"],
      display: false,
    });
    expectTypeOf(history.cohen_kappa).toEqualTypeOf<number[]>();
    expect(history.cohen_kappa).toHaveLength(1);
  });

  it("an unknown name is an error that lists the names", async () => {
    const model = nn.sequential(new nn.Linear(2, 3));
    const wrong = { a: "acuracy" as "accuracy" };
    await expect(
      (async () => evaluate(model, batches(), { loss: losses.crossEntropy, metrics: wrong }))(),
    ).rejects.toThrow(/metrics: there is none named "acuracy".*accuracy, acc/);
  });

  it("every name makes a metric", () => {
    for (const name of ["accuracy", "auc", "mse", "r2_score", "top_k_categorical_accuracy", "f1_score"] as const)
      expect(metrics.metricNamed(name)).toBeInstanceOf(metrics.Metric);
  });
});

describe("refused", () => {
  it.each<[string, () => unknown, new (...args: never) => Error, RegExp]>([
    ["other lengths", () => metrics.f1Score([1], [1, 0]), ShapeError, /f1Score: .*as many, got 1 and 2/],
    ["no examples", () => metrics.accuracyScore([], []), ArgumentError, /accuracyScore: there are no examples/],
    ["halves", () => metrics.recallScore([0.5], [1]), ArgumentError, /recallScore: labels must be whole.*got 0.5 at/],
    [
      "−1",
      () => metrics.cohenKappaScore([1], [-1]),
      ArgumentError,
      /predictions must be whole .* got -1 at position 0/,
    ],
    [
      "binary of three",
      () => metrics.precisionScore([0, 2], [1, 2]),
      ArgumentError,
      /"binary" is for two classes, got 3/,
    ],
    [
      "another average",
      () => metrics.f1Score([0], [1], { average: "mean" as "macro" }),
      ArgumentError,
      /the average is "binary".*not "mean"/,
    ],
    ["a beta of 0", () => metrics.fbetaScore([0], [1], 0), ArgumentError, /beta must be above 0/],
    ["a k of 0", () => metrics.topKAccuracyScore([0], [1, 0], 0), ArgumentError, /k must be a whole number/],
    ["scores that are no rows", () => metrics.logLoss([0, 1], [1, 0, 1]), ShapeError, /2 labels want \[2, classes\]/],
    ["logits", () => metrics.brierScore([0, 1], [3, 0]), ArgumentError, /probabilities must lie in \[0, 1\], got 3 at/],
    ["one class only", () => metrics.rocAucScore([1, 1], [0.1, 0.2]), ArgumentError, /needs labels of both classes/],
    ["NaN", () => metrics.rocCurve([0, 1], [NaN, 0]), ArgumentError, /rocCurve: a score is NaN/],
    ["no yes", () => metrics.averagePrecisionScore([0, 0], [0, 1]), ArgumentError, /no labels of class 1/],
    ["points in a zigzag", () => metrics.auc([0, 2, 1], [0, 1, 1]), ArgumentError, /only rise or only fall/],
    ["one point", () => metrics.auc([0], [0]), ShapeError, /2 or more, got 1 and 1/],
    ["no bins", () => metrics.expectedCalibrationError([0], [0.5], 0), ArgumentError, /bins must be/],
    ["too few names", () => metrics.classificationReport([2], [2], { names: ["a"] }), ShapeError, /got 1/],
    ["no reference", () => metrics.bleu([[]], [["a"]]), ArgumentError, /no reference/],
    ["a candidate too many", () => metrics.bleu([], [["a"]]), ShapeError, /1 candidates and 0 lists/],
    ["a streamed beta of −1", () => new metrics.FBeta(-1), ArgumentError, /fBeta: beta must be above 0, got -1/],
    ["a streamed k of 0", () => new metrics.TopKAccuracy(0), ArgumentError, /k must be/],
    ["another kind", () => new metrics.R2().merge(new metrics.Brier()), ArgumentError, /r2: cannot merge with brier/],
    [
      "predicted classes of unknown number",
      () => new metrics.F1().statistics(i32([1]), i32([1])),
      ArgumentError,
      /f1: outputs are classes, so it must be told how many/,
    ],
    [
      "labels outside the classes",
      () => new metrics.F1().statistics(f64([1, 0], 1, 2), i32([2])),
      ArgumentError,
      /f1: labels must be classes from 0 to 1, got 2 at position 0/,
    ],
    [
      "labels of another shape",
      () => new metrics.Accuracy().statistics(f64([1, 0], 1, 2), i32([0, 1])),
      ShapeError,
      /accuracy: outputs \[1, 2\] want labels \[1\] \(classes\) or \[1, 2\] \(0 and 1\), got \[2\]/,
    ],
  ])("%s", (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});
