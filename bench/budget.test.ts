/**
 * What the compiler may spend on known training steps: kernels, and bytes moved against the least that any program storing the
 * same activations must move. Each list names an array and how often it must cross memory (one write, and a read per use).
 */
import { describe, expect, it } from "vitest";
import { explain, losses, optim, randint, randn, nn, type Tensor } from "myelin";
import { Convolutional, Gpt, Perceptron, Recurrent } from "./models.ts";

type Touches = readonly (readonly [elements: number, times: number])[];

const bytes = (lists: readonly Touches[]): number =>
  4 * lists.flat().reduce((sum, [elements, times]) => sum + elements * times, 0);

/** Weights: read forward, and backward unless their input needs no gradient; gradient written; optimizer reads it and updates three arrays. */
const weight = (elements: number, backward = true): Touches => [[elements, (backward ? 2 : 1) + 1 + 1 + 6]];
/** Biases are not read backward. */
const bias = (elements: number): Touches => weight(elements, false);

function step(model: nn.Module & { forward(x: Tensor): Tensor }, x: Tensor, labels: Tensor, classes: number) {
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  return explain(
    (input: Tensor, target: Tensor) => {
      optimizer.zeroGrad();
      const loss = losses.crossEntropy(model.forward(input).reshape([-1, classes]), target);
      loss.backward();
      optimizer.step();
      return loss;
    },
    x,
    labels,
  );
}

/** A dense layer with ReLU: activation written, read by the next layer, its weight gradient and the mask; gradient written, read three times. */
const hidden = (rows: number, width: number): Touches => [
  [rows * width, 4],
  [rows * width, 4],
];
const logits = (rows: number, classes: number): Touches => [[rows * classes, 2 + 4]];

const cases: Record<string, () => { report: ReturnType<typeof explain>; least: number; kernels: number }> = {
  "MLP 784-512-256-10, batch 64": () => ({
    report: step(new Perceptron(784, 512, 256, 10), randn([64, 784]), randint(0, 10, [64]), 10),
    least: bytes([
      [[64 * 784, 2]],
      hidden(64, 512),
      hidden(64, 256),
      logits(64, 10),
      weight(784 * 512, false),
      weight(512 * 256),
      weight(256 * 10),
      bias(512 + 256 + 10),
    ]),
    kernels: 14,
  }),
  "CNN, batch 32": () => ({
    report: step(new Convolutional(), randn([32, 1, 28, 28]), randint(0, 10, [32]), 10),
    least: bytes([
      [[32 * 784, 2]],
      // Convolution output: written, read by pooling and by its argmax, which share a kernel, and by the mask; gradient written, read by weights and bias.
      [[32 * 32 * 784, 3 + 3]],
      [[32 * 64 * 196, 3 + 4]],
      // Pooled: value and position written; value read forward and by the weight gradient, position and gradient read backward.
      [[32 * 32 * 196, 2 + 2 + 3]],
      [[32 * 64 * 49, 2 + 2 + 3]],
      hidden(32, 128),
      logits(32, 10),
      weight(32 * 9, false),
      weight(64 * 32 * 9),
      weight(3136 * 128),
      weight(1280),
      bias(32 + 64 + 128 + 10),
    ]),
    // Eight of them put channels last and kernels into panels: little work, and products run where they lie.
    // Two sums of gradients come where they free what they read, and not together at the end.
    // Gradients of few biases over many positions are summed in two steps.
    kernels: 33,
  }),
  "GPT 4×256, sequence 128, batch 8": () => {
    const [rows, width, scores] = [1024, 256, 8 * 4 * 128 * 128];
    const block: readonly Touches[] = [
      // Two residual sums with their norms: sum written, read by norm, next sum, and twice backward; norm written, read twice.
      [[rows * width, 2 * (5 + 3)]],
      [[rows * 3 * width, 3 + 4]],
      // Scores written and read, weights written and read three times, their gradient likewise two and three.
      [[scores, 2 + 4 + 2 + 3]],
      [[rows * width, 3 + 3]],
      [[rows * 4 * width, 2 + 3 + 4]],
      // Gradients of both sums (written, read by two products, a bias and a sum) and of both norms.
      [[rows * width, 2 * (5 + 3)]],
      weight(3 * width * width),
      weight(width * width),
      weight(4 * width * width),
      weight(4 * width * width),
      bias(9 * width + 4 * width),
    ];
    return {
      report: step(new Gpt(512, 128, 256, 4, 4), randint(0, 512, [8, 128]), randint(0, 512, [1024]), 512),
      least: bytes([
        ...[0, 1, 2, 3].flatMap(() => block),
        [[rows * width, 5 + 3 + 5 + 3]],
        [[rows * 512, 2 + 3]],
        weight(512 * width),
        weight(512 * width, false),
        weight(128 * width, false),
        bias(2 * width),
      ]),
      // Weight gradients come where they free what they read: 15 % less memory, for steps of one launch in place of four.
      kernels: 139,
    };
  },
  "LSTM 32→128, 64 steps, batch 32": () => {
    const [steps, batch, width] = [64, 32, 128];
    const each = steps * batch;
    return {
      report: step(new Recurrent(32, 128, 10), randn([32, 64, 32]), randint(0, 10, [32]), 10),
      least: bytes([
        [[each * 32, 2]],
        // Projections of all inputs written and read; gates written, read by the cell and backward; their gradient written, read four times.
        [[each * 4 * width, 2 + 3 + 5]],
        // Hidden and cell state written; hidden read by the next step, backward and the weight gradient; cell read three times, gradients of both.
        [[each * width, 1 + 3 + 1 + 3 + 4]],
        // The recurrent weights are read by every step, forward and backward.
        [[4 * width * width, 2 * steps + 8]],
        weight(4 * width * 32, false),
        bias(8 * width),
        weight(1280),
        bias(10),
        logits(batch, 10),
      ]),
      // The large products of the weight gradients run one after the other: what each read is free before the next.
      kernels: 26,
    };
  },
};

describe("budgets of training steps", () => {
  for (const [name, make] of Object.entries(cases))
    it(`${name}: kernels and moved bytes`, () => {
      const { report, least, kernels } = make();
      expect(report.kernels).toBeLessThanOrEqual(kernels);
      expect(report.movedBytes / least).toBeLessThanOrEqual(1.3);
    });

  const keys = (report: ReturnType<typeof explain>): string[] => report.steps.map((s) => s.key);
  it("another batch size of the same MLP compiles no kernel", () => {
    const model = new Perceptron(784, 128, 10);
    const known = new Set(keys(step(model, randn([32, 784]), randint(0, 10, [32]), 10)));
    for (const batch of [48, 100])
      expect(keys(step(model, randn([batch, 784]), randint(0, 10, [batch]), 10)).filter((k) => !known.has(k))).toEqual(
        [],
      );
  });
  it("another batch size and length of the same GPT compile no kernel", () => {
    const model = new Gpt(512, 128, 256, 2, 4);
    const known = new Set(keys(step(model, randint(0, 512, [8, 128]), randint(0, 512, [1024]), 512)));
    expect(
      keys(step(model, randint(0, 512, [12, 96]), randint(0, 512, [1152]), 512)).filter((k) => !known.has(k)),
    ).toEqual([]);
  });

  it("[C7] [C8] softmax, layer norm and cross-entropy forward are one kernel each", () => {
    const x = randn([64, 512]);
    x.dataSync();
    expect(explain((t: Tensor) => t.softmax(-1), x).kernels).toBe(1);
    const norm = new nn.LayerNorm(512);
    expect(explain((t: Tensor) => norm.forward(t), x).kernels).toBe(1);
    const labels = randint(0, 512, [64]);
    labels.dataSync();
    expect(explain((t: Tensor, y: Tensor) => losses.crossEntropy(t, y, { reduction: "none" }), x, labels).kernels).toBe(
      1,
    );
  });
});
