// What losses mean: identities, limits, options and refusals.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { grad } from "../../tensor/autodiff.ts";
import { ones, tensor, zeros } from "../../tensor/create.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import { jit } from "../../tensor/jit.ts";
import { parameter } from "../state.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { expectNumbers, fixed } from "../golden.testing.ts";
import * as nn from "../index.ts";
import * as losses from "./index.ts";

const { names: keras } = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/losses.json", import.meta.url), "utf8"),
) as { readonly names: Readonly<Record<string, number>> };

const f64 = (...values: number[]): Tensor => tensor(Float64Array.from(values));
const i32 = (...values: number[]): Tensor => tensor(Int32Array.from(values));
const value = (x: Tensor): number => x.itemSync();
const slope = (f: (x: Tensor) => Tensor, x: Tensor): number[] => [...grad(f)(x).dataSync()];

onEachDevice(() => {
  describe("from logits and from probabilities", () => {
    it("[H2] binary cross-entropy: stable at ±1000, the naive form where that works", () => {
      expect(value(losses.binaryCrossEntropyWithLogits(f64(1000, -1000), f64(1, 0)))).toBe(0);
      const [z, y] = [f64(-3, 0.5, 2), f64(0, 1, 0.25)];
      const naive = value(losses.binaryCrossEntropy(z.sigmoid(), y));
      expect(value(losses.binaryCrossEntropyWithLogits(z, y))).toBeCloseTo(naive, 12);
    });
    it("[H1] [H3] [H4] [H5] [H15] one-hot, labels, logits, probabilities: one loss; p = 0 costs −ln ε", () => {
      const [z, y] = [fixed([4, 3], 1), i32(0, 2, 1, 2)];
      const wanted = value(losses.crossEntropy(z, y));
      const hot = y.oneHot(3);
      for (const same of [
        losses.sparseCategoricalCrossEntropy(z.softmax(), y),
        losses.sparseCategoricalCrossEntropy(z, y, { fromLogits: true }),
        losses.categoricalCrossEntropy(z.softmax(), hot),
        losses.categoricalCrossEntropy(z, hot, { fromLogits: true }),
        new nn.CrossEntropyLoss().forward(z, y),
        new nn.NLLLoss().forward(z.logSoftmax(), y),
      ])
        expect(value(same)).toBeCloseTo(wanted, 12);
      const certain = f64(1, 0).reshape([1, 2]);
      expect(value(losses.sparseCategoricalCrossEntropy(certain, i32(1)))).toBeCloseTo(-Math.log(1e-7), 12);
      expect(value(losses.sparseCategoricalCrossEntropy(certain, i32(1), { epsilon: 1e-3 }))).toBeCloseTo(
        Math.log(1000),
        12,
      );
      expect(value(losses.binaryCrossEntropy(f64(0.84), f64(1)))).toBeCloseTo(0.174353, 6);
    });
    it("[H7] [H8] [H9] [AK23] squares, whole and halved, and distances", () => {
      const [p, t] = [f64(1, 2), f64(1, 4)];
      expect(value(losses.mse(p, t))).toBe(2);
      expect(value(losses.halfMse(p, t))).toBe(1);
      expect(value(losses.halfMse(f64(4), f64(2)))).toBe(2);
      expect(slope((x) => losses.halfMse(x, t, { reduction: "sum" }), p)).toEqual([0, -2]);
      expect(value(losses.l1(p, t))).toBe(1);
    });
    it("[H16] 2/10000 as written, and by a difference that rounds", () => {
      const whole = f64(2).div(10000);
      const differing = f64(1)
        .add(f64(1).div(10000))
        .sub(f64(1).sub(f64(1).div(10000)));
      expect(value(whole)).toBe(0.0002);
      expect(value(differing)).toBe(0.00019999999999997797);
    });
    it("[H25] multi-label: [1, 0, 1] costs what its three answers cost together", () => {
      const [z, t] = [f64(2, -1, 0.5), f64(1, 0, 1)];
      const each = [0, 1, 2].map((i) => value(losses.binaryCrossEntropyWithLogits(z.slice(i), t.slice(i))));
      const total = each.reduce((a, b) => a + b);
      expect(value(losses.binaryCrossEntropyWithLogits(z, t, { reduction: "sum" }))).toBeCloseTo(total, 12);
      const rows = losses.multilabelSoftMargin(z.reshape([1, 3]), t.reshape([1, 3]));
      expect(value(rows)).toBeCloseTo(total / 3, 12);
    });
  });

  describe("weights", () => {
    it("[H12] class weights: 2 doubles a sample's loss, and the mean divides by the weights of the labels", () => {
      const [z, y, weight] = [fixed([4, 3], 1), i32(0, 2, 1, 2), f64(1, 1, 2)];
      const plain = [...losses.crossEntropy(z, y, { reduction: "none" }).dataSync()];
      const mean = (plain[0]! + 2 * plain[1]! + plain[2]! + 2 * plain[3]!) / 6;
      expect(value(losses.crossEntropy(z, y, { weight }))).toBeCloseTo(mean, 12);
    });
    it("sample weights multiply losses of whole examples; the mean counts examples, as in Keras", () => {
      const [z, y, sampleWeight] = [fixed([3, 2], 1), fixed([3, 2], 2), f64(1, 0, 2)];
      const each = [...losses.mse(z, y, { reduction: "none" }).dataSync()];
      const wanted = [each[0]!, each[1]!, 0, 0, 2 * each[4]!, 2 * each[5]!];
      expectNumbers("each", losses.mse(z, y, { reduction: "none", sampleWeight }), wanted, 1e-12);
      const mean = wanted.reduce((a, b) => a + b) / 6;
      expect(value(losses.mse(z, y, { sampleWeight }))).toBeCloseTo(mean, 12);
      const labels = i32(0, 1, 0);
      const rows = [...losses.crossEntropy(z, labels, { reduction: "none" }).dataSync()];
      expect(value(losses.crossEntropy(z, labels, { sampleWeight }))).toBeCloseTo((rows[0]! + 2 * rows[2]!) / 3, 12);
      const ignoring = losses.crossEntropy(z, labels, { sampleWeight, ignoreIndex: 1 });
      expect(value(ignoring)).toBeCloseTo((rows[0]! + 2 * rows[2]!) / 2, 12);
      expect(() => losses.mse(z, y, { sampleWeight: f64(1, 2) })).toThrow(
        /mse: sampleWeight must have leading axes of the losses \[3, 2\], got \[2\]/,
      );
    });
    it("[H10] smoothing of one-hot rows: [0, 1, 0] becomes [0.0333, 0.9333, 0.0333]", () => {
      const smooth = f64(1 / 30, 28 / 30, 1 / 30).reshape([1, 3]);
      const z = fixed([1, 3], 4);
      const wanted = value(losses.softCrossEntropy(z, smooth));
      expect(value(losses.crossEntropy(z, i32(1), { labelSmoothing: 0.1 }))).toBeCloseTo(wanted, 12);
      const hot = f64(0, 1, 0).reshape([1, 3]);
      const keraslike = losses.categoricalCrossEntropy(z.softmax(), hot, { labelSmoothing: 0.1 });
      expect(value(keraslike)).toBeCloseTo(wanted, 12);
    });
  });

  it("[L8] without smoothing and without focus both are plain cross-entropy, of labels and of one-hot rows", () => {
    const [z, y] = [fixed([6, 4], 7).mul(3), i32(0, 3, 1, 2, 2, 0)];
    const plain = value(losses.crossEntropy(z, y));
    const hot = tensor(
      Float64Array.from({ length: 24 }, (_, i) => (y.dataSync()[i >> 2] === i % 4 ? 1 : 0)),
      [6, 4],
    );
    for (const loss of [
      losses.crossEntropy(z, y, { labelSmoothing: 0 }),
      losses.softCrossEntropy(z, hot, { labelSmoothing: 0 }),
      losses.focal(z, y, { gamma: 0 }),
    ])
      expect(Math.abs(value(loss) - plain)).toBeLessThan(1e-12);
    expect(value(losses.crossEntropy(z, y, { labelSmoothing: 0.1 }))).not.toBeCloseTo(plain, 3);
  });

  describe("[H11] focal", () => {
    it("γ = 0 is cross-entropy; easy examples count less, hard ones nearly as before", () => {
      const [z, y] = [fixed([5, 3], 2).mul(4), i32(0, 1, 2, 0, 1)];
      expect(value(losses.focal(z, y, { gamma: 0 }))).toBeCloseTo(value(losses.crossEntropy(z, y)), 12);
      const [x, t] = [f64(3, -2), f64(1, 0)];
      expect(value(losses.binaryFocalWithLogits(x, t, { gamma: 0, alpha: null }))).toBeCloseTo(
        value(losses.binaryCrossEntropyWithLogits(x, t)),
        12,
      );
      const share = (logit: number): number => {
        const row = f64(logit, 0).reshape([1, 2]);
        return value(losses.focal(row, i32(0))) / value(losses.crossEntropy(row, i32(0)));
      };
      expect(share(3)).toBeLessThan(0.003);
      expect(share(-3)).toBeGreaterThan(0.9);
    });
    it("certain answers, right and wrong, have finite losses and gradients", () => {
      for (const gamma of [0, 0.5, 2])
        for (const z of [-1000, 1000]) {
          const multi = (x: Tensor): Tensor => losses.focal(x.reshape([1, 2]), i32(0), { gamma });
          const binary = (x: Tensor): Tensor => losses.binaryFocalWithLogits(x, f64(1, 0), { gamma, reduction: "sum" });
          for (const f of [multi, binary]) {
            expect(value(f(f64(z, 0)))).toSatisfy(Number.isFinite);
            expect(slope(f, f64(z, 0)).every(Number.isFinite)).toBe(true);
          }
        }
    });
  });

  describe("penalties and pairs of losses", () => {
    it("[H18] L1 and L2 penalties add λ·sign(w) and 2λw to gradients", () => {
      const [a, b] = [parameter(tensor(Float64Array.of(1, -2), [2])), parameter(tensor(Float64Array.of(3), [1]))];
      expect(value(losses.l2Penalty([a, b], 0.1))).toBeCloseTo(1.4, 12);
      expect(value(losses.l1Penalty([a, b], 0.1))).toBeCloseTo(0.6, 12);
      losses.l2Penalty([a, b], 0.1).backward();
      expectNumbers("2λw", a.grad!, [0.2, -0.4], 1e-12);
      a.cell.gradient.clear();
      losses.l1Penalty(new Set([a]), 0.1).backward();
      expectNumbers("λ·sign w", a.grad!, [0.1, -0.1], 1e-12);
      expect(() => losses.l2Penalty([], 0.1)).toThrow(/l2Penalty: there are no parameters/);
      expect(() => losses.l1Penalty([a], -1)).toThrow(/l1Penalty: the strength must be 0 or more, got -1/);
    });
    it("[H19] at a coin's toss the discriminator costs 2·ln 2, the generator ln 2", () => {
      expect(value(losses.discriminatorLoss(zeros([4, 1]), zeros([6, 1])))).toBeCloseTo(2 * Math.LN2, 6);
      expect(value(losses.generatorLoss(zeros([4, 1])))).toBeCloseTo(Math.LN2, 6);
      const real = fixed([5], 1);
      const said = value(losses.discriminatorLoss(real, fixed([5], 2)));
      const [yes, no] = [ones([5]).cast("f64"), zeros([5]).cast("f64")] as [Tensor, Tensor];
      const byHand =
        value(losses.binaryCrossEntropyWithLogits(real, yes)) +
        value(losses.binaryCrossEntropyWithLogits(fixed([5], 2), no));
      expect(said).toBeCloseTo(byHand, 12);
    });
    it("[H20] distillation is 0 where student and teacher agree, teaches the student only, and blends with labels", () => {
      const [s, t, labels] = [fixed([4, 3], 1), fixed([4, 3], 2), i32(0, 1, 2, 0)];
      expect(value(losses.distillation(t, t))).toBeCloseTo(0, 14);
      const taught = grad((a: Tensor, b: Tensor) => losses.distillation(a, b), { argnums: [0, 1] })(s, t) as Tensor[];
      expect([...taught[1]!.dataSync()].every((g) => g === 0)).toBe(true);
      const soft = value(losses.distillation(s, t));
      const hard = value(losses.crossEntropy(s, labels));
      expect(value(losses.distillation(s, t, { labels, alpha: 0.3 }))).toBeCloseTo(0.3 * soft + 0.7 * hard, 12);
      expect(() => losses.distillation(s, t, { temperature: 0 })).toThrow(ArgumentError);
    });
    it("[H21] KL(N(0, 1) ‖ N(0, 1)) = 0; the bound adds reconstruction and β times the price of the code", () => {
      expect(value(losses.gaussianKl(zeros([3, 2]), zeros([3, 2])))).toBe(0);
      const [mu, logVariance, x] = [fixed([3, 2], 1), fixed([3, 2], 2), fixed([3, 4], 3)];
      const each = losses.mse(x, fixed([3, 4], 4), { reduction: "none" });
      const wanted = value(each.sum().div(3)) + 4 * value(losses.gaussianKl(mu, logVariance));
      expect(value(losses.elbo(each, mu, logVariance, 4))).toBeCloseTo(wanted, 12);
    });
    it("[H22] [H24] a perfect prediction of the noise, and the identical photograph, cost 0", () => {
      const [clean, noise] = [fixed([2, 3, 4, 4], 1), fixed([2, 3, 4, 4], 2)];
      const noisy = clean.mul(Math.sqrt(0.7)).add(noise.mul(Math.sqrt(0.3)));
      const perfect = noisy.sub(clean.mul(Math.sqrt(0.7))).div(Math.sqrt(0.3));
      expect(value(losses.mse(perfect, noise))).toBeLessThan(1e-30);
      expect(value(losses.mse(clean, clean))).toBe(0);
      expect(value(losses.mse(clean, noisy))).toBeGreaterThan(0.1);
    });
    it("[H23] the next token; and hidden tokens only, others having no part in value or gradient", () => {
      const [z, tokens] = [fixed([2, 4, 5], 1), i32(0, 1, 2, 3, 4, 3, 2, 1).reshape([2, 4])];
      const shifted = losses.crossEntropy(z.slice(null, [0, 3]), tokens.slice(null, [1, 4]));
      expect(value(losses.nextToken(z, tokens))).toBeCloseTo(value(shifted), 12);
      const mask = tensor([
        [false, true, false, false],
        [true, false, false, false],
      ]);
      const each = losses.crossEntropy(z, tokens, { reduction: "none" }).dataSync();
      expect(value(losses.maskedTokens(z, tokens, mask))).toBeCloseTo((each[1]! + each[4]!) / 2, 12);
      const gradients = slope((x) => losses.maskedTokens(x, tokens, mask), z);
      const touched = Array.from({ length: 8 }, (_, row) => gradients.slice(5 * row, 5 * row + 5).some((g) => g !== 0));
      expect(touched).toEqual([false, true, false, false, true, false, false, false]);
      expect(() => losses.nextToken(z.slice(null, [0, 1]), tokens.slice(null, [0, 1]))).toThrow(
        /nextToken: logits \[..., steps, tokens\] of 2 steps or more/,
      );
      expect(() => losses.maskedTokens(z, tokens, mask.slice(0))).toThrow(ShapeError);
    });
  });

  describe("limits", () => {
    it("log-cosh is ½d² near 0 to the last digit, and a line far away", () => {
      const of = (d: number): number => value(losses.logCosh(tensor([d]), tensor([0])));
      expect(Math.abs(of(1e-3) / 5e-7 - 1)).toBeLessThan(1e-5);
      expect(of(-1e4)).toBeCloseTo(1e4 - Math.LN2, 2);
      expect(slope((x) => losses.logCosh(x, f64(0, 0)), f64(-1e4, 1e4))).toEqual([-0.5, 0.5]);
    });
    it("divergences: targets of 0 cost nothing and send no gradient to infinity; JS lies between 0 and ln 2", () => {
      const x = f64(-1, -2, -3);
      const kl = (t: Tensor): Tensor => losses.klDivergence(x, t, { reduction: "sum" });
      expect(value(kl(f64(0, 1, 0)))).toBe(2);
      expect(slope(kl, f64(0, 1, 0)).every(Number.isFinite)).toBe(true);
      expect(value(losses.jsDivergence(f64(0.3, 0.7), f64(0.3, 0.7)))).toBeCloseTo(0, 14);
      expect(value(losses.jsDivergence(f64(1, 0), f64(0, 1)))).toBeCloseTo(Math.LN2, 12);
    });
    it("overlap: equal masks cost 0, also empty ones; disjoint ones 1 without smoothing", () => {
      const [a, b] = [f64(1, 0, 0, 1).reshape([1, 4]), f64(0, 1, 1, 0).reshape([1, 4])] as [Tensor, Tensor];
      for (const loss of [losses.dice, losses.iou, losses.tversky]) {
        expect(value(loss(a, a))).toBe(0);
        expect(value(loss(zeros([2, 3, 3]), zeros([2, 3, 3])))).toBe(0);
        expect(value(loss(a, b, { smooth: 0 }))).toBe(1);
      }
      const focal = losses.tversky(a, b, { gamma: 2, smooth: 1 });
      expect(value(focal)).toBeCloseTo((2 / 3) ** 2, 12);
    });
    it("CTC: impossible inputs cost ∞, or 0 without a gradient; other lengths of padding change nothing", () => {
      const x = fixed([3, 1, 4], 1);
      const loss = (options: losses.CtcOptions) => (z: Tensor) =>
        losses.ctc(z.logSoftmax(), i32(1, 1).reshape([1, 2]), i32(2), i32(2), options);
      expect(value(loss({})(x))).toBe(Infinity);
      expect(value(loss({ zeroInfinity: true })(x))).toBe(0);
      expect(slope(loss({ zeroInfinity: true }), x).every((g) => g === 0)).toBe(true);
      const padded = (labels: number[]): number =>
        value(losses.ctc(x.logSoftmax(), i32(...labels).reshape([1, labels.length]), i32(3), i32(1)));
      expect(padded([2, 0, 3])).toBeCloseTo(padded([2]), 12);
      expect(padded([2, -1, 99])).toBeCloseTo(padded([2]), 12);
    });
    it("CTC by enumeration of all paths", () => {
      const [steps, classes, wanted] = [4, 3, [1, 2]];
      const x = fixed([steps, 1, classes], 7).logSoftmax();
      const p = x.dataSync();
      let total = 0;
      for (let code = 0; code < classes ** steps; code++) {
        const path = Array.from({ length: steps }, (_, t) => Math.floor(code / classes ** t) % classes);
        const said = path.filter((c, t) => c !== path[t - 1]).filter((c) => c !== 0);
        if (said.join() === wanted.join()) total += Math.exp(path.reduce((sum, c, t) => sum + p[t * classes + c]!, 0));
      }
      const loss = losses.ctc(x, i32(...wanted).reshape([1, 2]), i32(steps), i32(2), { reduction: "sum" });
      expect(value(loss)).toBeCloseTo(-Math.log(total), 12);
    });
    it("triplets and embeddings at the same point have finite gradients", () => {
      const z = zeros([2, 3]).cast("f64");
      for (const f of [
        (x: Tensor) => losses.triplet(x, z, z),
        (x: Tensor) => losses.contrastive(x, z, i32(1, 0)),
        (x: Tensor) => losses.cosineEmbedding(x, z, i32(1, -1)),
        (x: Tensor) => losses.cosineSimilarity(x, z).sum(),
      ])
        expect(slope(f, z).every(Number.isFinite)).toBe(true);
    });
  });

  describe("[H6] by name and as modules", () => {
    it.each(Object.entries(keras))("%s is Keras'", (name, wanted) => {
      const p = fixed([4, 4], 101).softmax();
      const labels = i32(1, 0, 3, 1);
      const target = name.startsWith("sparse") ? labels : labels.oneHot(4).cast("f64");
      const got = value(losses.lossOf(name as losses.LossName)(p, target));
      expect(Math.abs(got / wanted - 1)).toBeLessThan(3e-6);
    });
    it("string, class and function are one", () => {
      for (const [name, made, loss] of [
        ["MSELoss", new nn.MSELoss(), losses.mse],
        ["L1Loss", new nn.L1Loss(), losses.l1],
        ["BCELoss", new nn.BCELoss(), losses.binaryCrossEntropy],
        ["CrossEntropyLoss", new nn.CrossEntropyLoss(), losses.crossEntropy],
      ] as const) {
        expect(losses.lossOf(name)).toBe(loss);
        expect(made.loss).toBe(loss);
        expect(String(made)).toBe(name);
      }
      expect(losses.lossOf("mse")).toBe(losses.lossOf("mean_squared_error"));
      expect(losses.lossOf("mae")).toBe(losses.l1);
      expect(losses.lossOf("binary_crossentropy")).toBe(losses.binaryCrossEntropy);
      expect(losses.lossOf(losses.huber)).toBe(losses.huber);
      expect(() => losses.lossOf("msee" as "mse")).toThrow(/loss: there is none named "msee".*mse/);
    });
    it("every module passes its options on", () => {
      const [a, b, c] = [fixed([2, 3], 1), fixed([2, 3], 2), fixed([2, 3], 3)];
      const [y, rows] = [i32(0, 2), i32(1, -1)];
      const signs = a.sign();
      const sum = { reduction: "sum" } as const;
      const lengths = [i32(1, 2).reshape([1, 2]), i32(2), i32(1)] as const;
      const speech = a.logSoftmax().reshape([2, 1, 3]);
      for (const [made, wanted] of [
        [new nn.CrossEntropyLoss(sum).forward(a, y), losses.crossEntropy(a, y, sum)],
        [new nn.NLLLoss(sum).forward(a, y), losses.nll(a, y, sum)],
        [
          new nn.BCELoss(sum).forward(a.sigmoid(), b.sigmoid()),
          losses.binaryCrossEntropy(a.sigmoid(), b.sigmoid(), sum),
        ],
        [new nn.BCEWithLogitsLoss(sum).forward(a, b), losses.binaryCrossEntropyWithLogits(a, b, sum)],
        [new nn.MSELoss(sum).forward(a, b), losses.mse(a, b, sum)],
        [new nn.L1Loss(sum).forward(a, b), losses.l1(a, b, sum)],
        [new nn.SmoothL1Loss({ beta: 0.1 }).forward(a, b), losses.smoothL1(a, b, { beta: 0.1 })],
        [new nn.HuberLoss({ delta: 0.1 }).forward(a, b), losses.huber(a, b, { delta: 0.1 })],
        [
          new nn.KLDivLoss({ reduction: "batchMean" }).forward(a, b.softmax()),
          losses.klDivergence(a, b.softmax(), { reduction: "batchMean" }),
        ],
        [new nn.PoissonNLLLoss({ full: true }).forward(a, b.abs()), losses.poissonNll(a, b.abs(), { full: true })],
        [new nn.GaussianNLLLoss(sum).forward(a, b, c.exp()), losses.gaussianNll(a, b, c.exp(), sum)],
        [new nn.SoftMarginLoss(sum).forward(a, signs), losses.softMargin(a, signs, sum)],
        [new nn.HingeEmbeddingLoss(sum).forward(a, signs), losses.hingeEmbedding(a, signs, sum)],
        [new nn.MultiMarginLoss({ p: 2 }).forward(a, y), losses.multiMargin(a, y, { p: 2 })],
        [new nn.MultiLabelMarginLoss(sum).forward(a, b.sign().int()), losses.multilabelMargin(a, b.sign().int(), sum)],
        [new nn.MultiLabelSoftMarginLoss(sum).forward(a, b.abs()), losses.multilabelSoftMargin(a, b.abs(), sum)],
        [new nn.CosineEmbeddingLoss(sum).forward(a, b, rows), losses.cosineEmbedding(a, b, rows, sum)],
        [new nn.MarginRankingLoss(sum).forward(a, b, signs), losses.marginRanking(a, b, signs, sum)],
        [new nn.TripletMarginLoss({ margin: 3 }).forward(a, b, c), losses.triplet(a, b, c, { margin: 3 })],
        [new nn.CTCLoss(sum).forward(speech, ...lengths), losses.ctc(speech, ...lengths, sum)],
      ] as const)
        expect(value(made)).toBe(value(wanted));
    });
  });

  describe("refused", () => {
    const pair = (): [Tensor, Tensor] => [zeros([2, 3]), zeros([2, 3])];
    it.each<[string, () => unknown, new (...args: never) => Error, RegExp]>([
      [
        "probabilities",
        () => losses.binaryCrossEntropy(f64(0.5, 1.5), f64(0, 1)),
        ArgumentError,
        /binaryCrossEntropy: probabilities must lie in \[0, 1\], got 1.5 at position 1. Use binaryCrossEntropyWithLogits/,
      ],
      [
        "NaN as a probability",
        () => losses.dice(f64(NaN), f64(1)),
        ArgumentError,
        /dice: probabilities must lie in \[0, 1\], got NaN at position 0/,
      ],
      [
        "logits as probabilities",
        () => losses.categoricalCrossEntropy(f64(3, 1).reshape([1, 2]), f64(0, 1).reshape([1, 2])),
        ArgumentError,
        /categoricalCrossEntropy: .*Set fromLogits: true for logits/,
      ],
      [
        "class weights of another length",
        () => losses.multiMargin(pair()[0], i32(0, 1), { weight: ones([2]) }),
        ShapeError,
        /multiMargin: the weight must be \[3\], one number a class, got \[2\]/,
      ],
      [
        "class weights of another length, of many labels",
        () => losses.multilabelSoftMargin(...pair(), { weight: ones([4]) }),
        ShapeError,
        /multilabelSoftMargin: the weight must be \[3\], one number a class, got \[4\]/,
      ],
      [
        "class weights of another length, focal",
        () => losses.focal(pair()[0], i32(0, 1), { weight: ones([4]) }),
        ShapeError,
        /focal: the weight must be \[3\]/,
      ],
      ["a negative gamma", () => losses.focal(pair()[0], i32(0, 1), { gamma: -1 }), ArgumentError, /gamma must be 0/],
      ["alpha above 1", () => losses.binaryFocalWithLogits(...pair(), { alpha: 2 }), ArgumentError, /alpha must lie/],
      ["a quantile of 1", () => losses.quantile(...pair(), { quantile: 1 }), ArgumentError, /between 0 and 1, got 1/],
      ["a negative beta", () => losses.smoothL1(...pair(), { beta: -1 }), ArgumentError, /beta must be 0 or more/],
      [
        "a margin of 0",
        () => losses.triplet(...pair(), pair()[0], { margin: 0 }),
        ArgumentError,
        /margin must be above/,
      ],
      [
        "a third power",
        () => losses.multiMargin(pair()[0], i32(0, 1), { p: 3 as 2 }),
        ArgumentError,
        /p must be 1 or 2, got 3/,
      ],
      [
        "targets of another shape",
        () => losses.cosineEmbedding(...pair(), zeros([3])),
        ShapeError,
        /cosineEmbedding: \[2, 3\] want targets \[2\], one for each pair, got \[3\]/,
      ],
      [
        "targets that are no signs",
        () => losses.hinge(f64(1, 2), f64(1, 2)),
        ArgumentError,
        /hinge: targets must lie in \[-1, 1\], got 2 at position 1/,
      ],
      [
        "negative counts",
        () => losses.poissonNll(f64(1), f64(-1)),
        ArgumentError,
        /poissonNll: targets must be 0 or more, got -1 at position 0/,
      ],
      [
        "a variance of another shape",
        () => losses.gaussianNll(...pair(), zeros([3])),
        ShapeError,
        /gaussianNll: the variance must be \[2, 3\]/,
      ],
      [
        "negative variances",
        () => losses.gaussianNll(f64(1), f64(1), f64(-1)),
        ArgumentError,
        /gaussianNll: variances must be 0 or more/,
      ],
      ["a temperature of 0", () => losses.infoNce(...pair(), { temperature: 0 }), ArgumentError, /temperature/],
      ["vectors", () => losses.ntXent(zeros([3]), zeros([3])), ShapeError, /ntXent: wants \[batch, features\]/],
      [
        "smoothing of 2",
        () => losses.categoricalCrossEntropy(ones([1, 2]), ones([1, 2]), { labelSmoothing: 2 }),
        ArgumentError,
        /categoricalCrossEntropy: labelSmoothing must lie in \[0, 1\], got 2/,
      ],
      [
        "CTC of a matrix",
        () => losses.ctc(zeros([2, 3]), zeros([2, 3]), i32(1), i32(1)),
        ShapeError,
        /ctc: log-probabilities must be \[steps, batch, classes\], got \[2, 3\]/,
      ],
      [
        "CTC with real labels",
        () => losses.ctc(zeros([4, 1, 3]), zeros([1, 2]), i32(4), i32(1)),
        DTypeError,
        /ctc: targets must be integers, got f32/,
      ],
      [
        "CTC with the blank as a label",
        () => losses.ctc(zeros([4, 1, 3]), i32(1, 0).reshape([1, 2]), i32(4), i32(2)),
        ArgumentError,
        /ctc: targets must be classes from 0 to 2 other than blank \(0\), got 0 at position 1/,
      ],
      [
        "CTC lengths beyond the input",
        () => losses.ctc(zeros([4, 1, 3]), i32(1).reshape([1, 1]), i32(5), i32(1)),
        ArgumentError,
        /ctc: inputLengths must lie in \[0, 4\], got 5 at position 0/,
      ],
      [
        "another blank",
        () => losses.ctc(zeros([4, 1, 3]), i32(1).reshape([1, 1]), i32(4), i32(1), { blank: 3 }),
        ArgumentError,
        /ctc: blank must be a class from 0 to 2, got 3/,
      ],
      [
        "another reduction",
        () => losses.hinge(...pair(), { reduction: "average" as "mean" }),
        ArgumentError,
        /hinge: the reduction is/,
      ],
    ])("%s", (_, run, kind, message) => {
      expect(run).toThrow(kind);
      expect(run).toThrow(message);
    });
    it("values that are still to be computed are not looked at", () => {
      const traced = jit((p: Tensor) => losses.binaryCrossEntropy(p, zeros([2])));
      expect(value(traced(tensor([0.5, 0.5])))).toBeCloseTo(Math.LN2, 6);
    });
  });
});
