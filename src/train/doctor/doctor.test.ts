import { describe, expect, test, vi } from "vitest";
import {
  customGradient,
  doctor,
  gradCheck,
  losses,
  manualSeed,
  nn,
  noGrad,
  optim,
  randn,
  tensor,
  zeros,
  type Tensor,
} from "../../index.ts";

const { diagnose, hints, lintModel, lintChoices, locateNaN, overfitOneBatch, outputFor, readLayers, watchUse } = doctor;

/** The problems that are found, and the hints as printed. */
function found(history: Record<string, readonly number[]>) {
  const diagnosis = diagnose({ history });
  const lines = String(diagnosis).split("\n");
  return {
    problems: diagnosis.findings.map(({ problem }) => problem),
    hints: lines.filter((line) => /^ {2}\d\. /.test(line)).map((line) => line.slice(5)),
  };
}

describe("diagnose", () => {
  test("[AF1] a loss that does not decrease gets five hints", () => {
    const { problems, hints: said } = found({ loss: [2.3, 2.302, 2.299, 2.301] });
    expect(problems).toEqual(["not decreasing"]);
    expect(said).toEqual(hints["not decreasing"]);
    expect(said).toHaveLength(5);
    expect(said[0]).toMatch(/1e-3, 1e-4, 1e-5/);
    expect(found({ loss: [2.3, 1.9, 1.4, 1.1] }).problems).toEqual([]);
    expect(String(diagnose({ history: { loss: [2.3, 1.9, 1.4] } }))).toBe("Nothing stands out.");
  });

  test("[AF3] training accuracy 99 and validation accuracy 70 get the six hints on overfitting", () => {
    const { problems, hints: said } = found({ loss: [1, 0.1], accuracy: [0.6, 0.99], val_accuracy: [0.6, 0.7] });
    expect(problems).toEqual(["overfitting"]);
    expect(said).toEqual(hints.overfitting);
    expect(said).toHaveLength(6);
    for (const [at, word] of [
      "dropout",
      "weight decay",
      "smaller",
      "more training data",
      "Augment",
      "Stop early",
    ].entries())
      expect(said[at]).toContain(word);
    // Losses that tell the same tell it once.
    const both = { loss: [1, 0.5, 0.1], val_loss: [1, 0.9, 1.5], accuracy: [0.99], val_accuracy: [0.7] };
    expect(found(both).problems).toEqual(["overfitting"]);
  });

  test("[AF4] both accuracies 55 get the five hints on underfitting", () => {
    const { problems, hints: said } = found({ loss: [1, 0.9], accuracy: [0.5, 0.55], val_accuracy: [0.5, 0.55] });
    expect(problems).toEqual(["underfitting"]);
    expect(said).toEqual(hints.underfitting);
    expect(said).toHaveLength(5);
    expect(found({ loss: [1, 0.5], accuracy: [0.9], val_accuracy: [0.88] }).problems).toEqual([]);
  });

  test("gradients and units are problems, too; no losses are none", () => {
    const { findings } = diagnose({
      history: { loss: [2, 1] },
      gradientFlags: ["vanishing", undefined, "vanishing", "exploding"],
      deadUnits: 3,
    });
    expect(findings.map(({ problem, because }) => [problem, /\d/.exec(because)![0]])).toEqual([
      ["vanishing gradients", "2"],
      ["exploding gradients", "1"],
      ["dead units", "3"],
    ]);
    expect(() => diagnose({ history: {} })).toThrow(/history with losses/);
  });

  test("[AF5] the table of common issues has its four rows", () => {
    expect(doctor.commonIssues.map(({ problem, cause, solution }) => `${problem} | ${cause} | ${solution}`)).toEqual([
      "Underfitting | Model too simple | Increase hidden units, epochs",
      "Overfitting | Model too complex | Add dropout, L2 regularization",
      "Vanishing Gradients | Gradients → 0 | Use ReLU, batch norm",
      "Exploding Gradients | Gradients → ∞ | Gradient clipping",
    ]);
  });

  test("[AF13] performance advice has six steps in their order", () => {
    const order = [/mixed precision/i, /batch size/i, /parallel/i, /pin memory/i, /compile/i, /profile/i];
    expect(doctor.performanceAdvice).toHaveLength(6);
    for (const [at, { step, here }] of doctor.performanceAdvice.entries()) {
      expect(step).toMatch(order[at]!);
      expect(here).not.toBe("");
    }
  });

  test("[AC12] learning explained to a child: from the picture to the answer, and how guesses improve", () => {
    const all = doctor.simply.join("\n");
    for (const word of [
      "Input layer",
      "Hidden layers",
      "ears",
      "whiskers",
      "tail",
      "Output layer",
      "Forward",
      "Loss",
      "Backward",
    ])
      expect(all).toContain(word);
  });
});

describe("[AF2] locateNaN", () => {
  const batch = (): [Tensor, Tensor] => [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([[1], [2]]),
  ];
  const where = async (model: nn.Module & { forward(x: Tensor): Tensor }, pair = batch(), loss = losses.mse) =>
    locateNaN(model, pair, loss as (outputs: Tensor, targets: Tensor) => Tensor);

  test("in the data, by place", async () => {
    const [, y] = batch();
    expect(
      await where(nn.sequential(new nn.Linear(2, 1)), [
        tensor([
          [1, 2],
          [3, NaN],
        ]),
        y,
      ]),
    ).toMatchObject({
      where: "inputs",
      text: "the inputs have NaN at [1, 1]",
    });
    const [x] = batch();
    expect((await where(nn.sequential(new nn.Linear(2, 1)), [x, tensor([[1], [-Infinity]])])).where).toBe("targets");
  });

  test("in a parameter, by path", async () => {
    const model = nn.sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
    model.layers[1].bias!.assign(tensor([NaN]));
    expect(await where(model)).toMatchObject({ where: "parameters", path: "1.bias" });
  });

  test("in what a layer makes of finite numbers, by path", async () => {
    class Logarithm extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.mul(0).log();
      }
    }
    const model = nn.sequential(new nn.Linear(2, 2), new Logarithm(), new nn.Linear(2, 1));
    expect(await where(model)).toMatchObject({ where: "activations", path: "1" });
  });

  test("in the loss, and in gradients of a finite loss", async () => {
    const model = nn.sequential(new nn.Linear(2, 1));
    const infinite = (outputs: Tensor): Tensor => outputs.sum().mul(0).log();
    expect((await where(model, batch(), infinite as never)).where).toBe("loss");
    // The root of zero is zero, and its slope infinite.
    const steep = (outputs: Tensor): Tensor => outputs.sub(outputs.detach()).abs().sqrt().sum();
    expect(await where(model, batch(), steep as never)).toMatchObject({ where: "gradients", path: "0.weight" });
    expect(model.parameters().every(({ grad }) => grad === null)).toBe(true);
    expect((await where(model)).where).toBe("nowhere");
  });

  test("a loss that is not finite is a finding with its hints", () => {
    expect(found({ loss: [1, NaN, NaN] })).toEqual({ problems: ["not finite"], hints: [...hints["not finite"]] });
  });
});

describe("[AF8] watchUse", () => {
  const model = (): nn.Module & { forward(x: Tensor): Tensor } =>
    nn.sequential(new nn.Linear(2, 2), new nn.Dropout(0.5), new nn.Linear(2, 1));
  const x = tensor([[1, 2]]);

  test("warns of outputs in training mode, and not in evaluation mode or while learning", () => {
    const net = model();
    const warn = vi.fn();
    const { warnings, remove } = watchUse(net, undefined, warn);
    net.forward(x);
    net.eval();
    noGrad(() => net.forward(x));
    expect(warnings).toEqual([]);
    net.train();
    noGrad(() => net.forward(x));
    noGrad(() => net.forward(x));
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/predicts in training mode.*Dropout.*model\.eval\(\)/)]]);
    remove();
    // A model without such layers may be in any mode.
    const plain = nn.sequential(new nn.Linear(2, 1));
    const watched = watchUse(plain, undefined, warn);
    noGrad(() => plain.forward(x));
    expect(watched.warnings).toEqual([]);
  });

  test("warns of steps without zeroGrad, and of no others", () => {
    const net = model();
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
    const step = (clear: () => void): void => {
      clear();
      net.forward(x).sum().backward();
      optimizer.step();
    };
    const { warnings, remove } = watchUse(net, optimizer, () => undefined);
    step(() => optimizer.zeroGrad());
    step(() => optimizer.zeroGrad());
    step(() => net.zeroGrad());
    expect(warnings).toEqual([]);
    step(() => undefined);
    expect(warnings.map(({ kind }) => kind)).toEqual(["no zeroGrad"]);
    remove();
    for (const object of [net, optimizer]) expect(Object.hasOwn(object, "zeroGrad")).toBe(false);
  });
});

describe("probes", () => {
  test("[AF9] readings of layers for a random batch: mean, deviation, share of zeros", async () => {
    manualSeed(2);
    const model = nn.sequential(new nn.Linear(6, 8), new nn.ReLU(), new nn.Linear(8, 3));
    const x = randn([32, 6]);
    const { layers } = await readLayers(model, x);
    const hidden = model.layers[0].forward(x).relu().dataSync() as Float32Array;
    const mean = hidden.reduce((a, b) => a + b) / hidden.length;
    expect(layers.map(({ path, shape }) => [path, [...shape]])).toEqual([
      ["0", [32, 8]],
      ["1", [32, 8]],
      ["2", [32, 3]],
    ]);
    expect(layers[1]!.mean).toBeCloseTo(mean, 10);
    expect(layers[1]!.std).toBeCloseTo(
      Math.sqrt(hidden.reduce((sum, v) => sum + (v - mean) ** 2, 0) / hidden.length),
      10,
    );
    expect(layers[1]!.zeros).toBe(hidden.filter((value) => value === 0).length / hidden.length);
    const text = String(await readLayers(model, [4, 6]));
    expect(text.split("\n")).toHaveLength(4);
    expect(text).toMatch(/layer +mean +std +zeros\n0 /);
  });

  test("[AF11] gradCheck accepts layers, and refuses one whose backward is wrong", () => {
    const layer = new nn.Linear(3, 2, { dtype: "f64" });
    const x = tensor(Float64Array.of(0.3, -0.2, 0.9, 0.4, 0.1, -0.7), [2, 3]);
    expect(() => gradCheck((input: Tensor) => layer.forward(input), [x], { eps: 1e-7 })).not.toThrow();
    expect(() =>
      gradCheck((input: Tensor) => losses.mse(input, zeros([2, 3], { dtype: "f64" })), [x], { eps: 1e-7 }),
    ).not.toThrow();
    const square = customGradient<[Tensor]>({
      forward: (input) => input.mul(input),
      // It should be 2x times what arrives.
      backward: (grad, _, [input]) => [grad.mul(input).mul(3)],
    });
    class Wrong extends nn.Module {
      forward(input: Tensor): Tensor {
        return square(input);
      }
    }
    const wrong = new Wrong();
    expect(() => gradCheck((input: Tensor) => wrong.forward(input), [x], { eps: 1e-7 })).toThrow(/gradCheck/);
  });

  test("[AF12] eight examples are learnt by heart, and a model that cannot is told", async () => {
    manualSeed(3);
    const [x, y] = [randn([8, 4]), tensor(Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1))];
    const model = nn.sequential(new nn.Linear(4, 32), nn.relu, new nn.Linear(32, 3));
    const { loss, reached, steps } = await overfitOneBatch(model, [x, y], losses.crossEntropy);
    expect(reached).toBe(true);
    expect(loss).toBeLessThan(1e-3);
    expect(steps).toBeGreaterThan(1);
    const frozen = nn.sequential(new nn.Linear(4, 3)).freeze();
    const stuck = new nn.Linear(4, 3);
    const optimizer = new optim.SGD(stuck.parameters(), { lr: 0 });
    expect(frozen.parameters().length).toBe(2);
    expect(await overfitOneBatch(stuck, [x, y], losses.crossEntropy, { optimizer, steps: 5 })).toMatchObject({
      reached: false,
      steps: 5,
    });
  });
});

describe("lints", () => {
  test("[U5] choices outside of what is usual are told", () => {
    expect(lintChoices({ learningRate: 0.01, batchSize: 64, hiddenUnits: 128, epochs: 20, dropout: 0.4 })).toEqual([]);
    const outside = lintChoices({ learningRate: 1, batchSize: 8, hiddenUnits: 4096, epochs: 1, dropout: 0.9 });
    expect(outside).toHaveLength(5);
    expect(outside[0]).toBe("learningRate 1 is above what is usual, 0.001 to 0.1");
    expect(outside[1]).toBe("batchSize 8 is below what is usual, 32 to 256");
    // The ends belong to it.
    expect(lintChoices({ learningRate: 0.001, batchSize: 256 })).toEqual([]);
  });

  const rules = (model: nn.Module, task: Parameters<typeof lintModel>[1] = "multi-class classification"): string[] =>
    lintModel(model, task).map(({ rule }) => rule);
  const good = (last: nn.Module[] = []): nn.Module =>
    new nn.Sequential([
      new nn.Linear(20, 32),
      new nn.BatchNorm1d(32),
      new nn.ReLU(),
      new nn.Dropout(0.3),
      new nn.Linear(32, 16),
      new nn.ReLU(),
      new nn.Linear(16, 5),
      ...last,
    ]);

  test("[U6] a model by the rules has no breach; each rule that is broken is named", () => {
    expect(rules(good())).toEqual([]);
    expect(rules(good([new nn.Softmax()]))).toEqual([]);
    expect(rules(good(), "regression")).toEqual([]);
    expect(rules(good([new nn.ReLU()]), "regression")).toEqual(["output"]);
    expect(rules(good([new nn.Sigmoid()]))).toEqual(["output"]);
    expect(rules(good([new nn.Activation("hard_sigmoid")]))).toEqual(["output"]);
    expect(rules(good([new nn.Activation("softmax")]))).toEqual([]);
    const chain = (...layers: nn.Module[]): nn.Module => new nn.Sequential(layers);
    expect(rules(chain(new nn.Linear(20, 5)))).toEqual(["depth"]);
    expect(rules(chain(new nn.Linear(20, 4), new nn.ReLU(), new nn.Linear(4, 5)))).toEqual(["width"]);
    expect(rules(chain(new nn.Linear(20, 200), new nn.ReLU(), new nn.Linear(200, 5)))).toEqual(["width"]);
    const [into, out] = [() => new nn.Linear(20, 20), () => new nn.Linear(20, 5)];
    expect(rules(chain(into(), new nn.ReLU(), new nn.BatchNorm1d(20), out()))).toEqual(["norm"]);
    expect(rules(chain(into(), new nn.Dropout(0.4), new nn.ReLU(), out()))).toEqual(["dropout"]);
    expect(rules(chain(into(), new nn.ReLU(), new nn.Dropout(0.8), out()))).toEqual(["dropout rate"]);
    const deep = Array.from({ length: 11 }, () => [into(), new nn.ReLU()]).flat();
    expect(rules(chain(...deep, out()))).toEqual(["depth", "residual"]);
  });

  test("[AL9] rows of labels that sum to 1 want softmax, others sigmoid", async () => {
    expect(
      await outputFor(
        tensor([
          [1, 0, 0],
          [0, 0, 1],
        ]),
      ),
    ).toBe("softmax");
    expect(
      await outputFor(
        tensor([
          [0.2, 0.8, 0],
          [0, 0.5, 0.5],
        ]),
      ),
    ).toBe("softmax");
    expect(
      await outputFor(
        tensor([
          [1, 0, 1],
          [0, 0, 1],
        ]),
      ),
    ).toBe("sigmoid");
    expect(
      await outputFor(
        tensor([
          [1, 0, 0],
          [0, 0, 0],
        ]),
      ),
    ).toBe("sigmoid");
  });
});
