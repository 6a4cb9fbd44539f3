import { describe, expect, test } from "vitest";
import { CallbackError } from "../../core/errors.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { full, ones, randn, tensor, zeros } from "../../tensor/create.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback } from "../callback.ts";
import { judgeCurves } from "../curves.ts";
import { ErrorMonitor } from "../errorMonitor.ts";
import { fit, type FitOptions } from "../fit.ts";
import type { Model } from "../model.ts";
import * as callbacks from "./index.ts";

type Net = Model<Tensor, Tensor>;
type Options = Partial<FitOptions<Tensor, Tensor, Tensor, never>>;

const train = (model: Net, x: Tensor, y: Tensor, list: readonly Callback[], options: Options = {}) =>
  fit(model, [[x, y]] as [Tensor, Tensor][], {
    optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
    loss: losses.mse,
    display: false,
    ...options,
    callbacks: list,
  });

describe("norms of gradients", () => {
  test("[Q8] are those computed by hand, layer by layer and epoch by epoch", async () => {
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(3, 4), nn.tanh, new nn.Linear(4, 1)) as Net;
    const [x, y] = [randn([8, 3]), randn([8, 1])];
    const expected: Record<string, number>[] = [];
    const byHand: Callback = {
      name: "by hand",
      beginEpoch() {
        model.zeroGrad();
        losses.mse(model.forward(x), y).backward();
        const norms: Record<string, number> = {};
        for (const [path, { grad }] of model.namedParameters())
          norms[path[0]!] = Math.hypot(norms[path[0]!] ?? 0, ...grad!.dataSync());
        expected.push(norms);
        model.zeroGrad();
      },
    };
    const norms = callbacks.gradientNorms({ every: 1 });
    await train(model, x, y, [byHand, norms], { epochs: 3 });
    expect(norms.records.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    for (const [at, { norms: found }] of norms.records.entries())
      for (const [layer, norm] of Object.entries(found)) expect(norm).toBeCloseTo(expected[at]![layer]!, 5);
    expect(norms.flags).toEqual([]);
  });

  test("[W8] [Q8] ten times the weights explode, and twenty sigmoids vanish", async () => {
    manualSeed(2);
    const large = nn.sequential(...Array.from({ length: 6 }, () => new nn.Linear(8, 8))) as Net;
    for (const parameter of large.parameters()) parameter.assign(parameter.mul(10));
    const exploding = callbacks.gradientNorms({ every: 1 });
    await train(large, randn([4, 8]), randn([4, 8]), [exploding]);
    expect(exploding.flags.some(({ kind }) => kind === "exploding")).toBe(true);
    expect(exploding.flags.some(({ kind }) => kind === "vanishing")).toBe(false);

    const layers = Array.from({ length: 20 }, () => [new nn.Linear(8, 8), new nn.Sigmoid()]).flat();
    const deep = nn.sequential(...layers) as Net;
    const vanishing = callbacks.gradientNorms({ every: 1 });
    const lines: string[] = [];
    const display = { columns: undefined, write: (text: string) => void lines.push(text) };
    await train(deep, randn([4, 8]), randn([4, 8]), [vanishing], { display, epochs: 2 });
    expect(vanishing.flags.filter(({ layer }) => layer === "0").map(({ kind }) => kind)).toEqual([
      "vanishing",
      "vanishing",
    ]);
    expect(vanishing.flags.some(({ layer }) => layer === "38")).toBe(false);
    expect(lines.filter((line) => line.startsWith("step 1: the gradient of 0 is vanishing")).length).toBe(1);
  });
});

describe("activations", () => {
  test("[Q9] mean, variance and share of zeros are those of the stored activations", async () => {
    manualSeed(3);
    const inner = new nn.Linear(3, 5);
    const model = nn.sequential(inner, new nn.ReLU(), new nn.Linear(5, 1)) as Net;
    const x = randn([16, 3]);
    const values = [...inner.forward(x).relu().dataSync()];
    const statistics = callbacks.activationStatistics({ every: 1 });
    await train(model, x, zeros([16, 1]), [statistics]);
    const found = statistics.records.find(({ layer }) => layer === "1")!;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(found.mean).toBeCloseTo(mean, 5);
    expect(found.variance).toBeCloseTo(variance, 5);
    expect(found.zeros).toBeCloseTo(values.filter((value) => value === 0).length / values.length, 6);
    expect(statistics.records.map(({ layer }) => layer)).toEqual(["0", "1", "2", ""]);
  });

  test("[AF6] units that are always 0, and always 1, are found; others are not", async () => {
    const make = (activation: nn.Module, biases: number[]): Net => {
      const layer = new nn.Linear(2, 3);
      layer.bias!.assign(tensor(biases));
      return nn.sequential(...([layer, activation, new nn.Linear(3, 1)] as nn.Layer[])) as Net;
    };
    manualSeed(4);
    const x = randn([32, 2]);
    const relu = callbacks.deadUnits({ every: 1 });
    await train(make(new nn.ReLU(), [0, -100, 0]), x, zeros([32, 1]), [relu]);
    expect(relu.records).toEqual([{ epoch: 1, layer: "1", units: 3, dead: [1], saturated: [] }]);
    const sigmoid = callbacks.deadUnits({ every: 1 });
    await train(make(new nn.Sigmoid(), [100, 0, -200]), x, zeros([32, 1]), [sigmoid]);
    expect(sigmoid.records).toEqual([{ epoch: 1, layer: "1", units: 3, dead: [2], saturated: [0] }]);
  });

  test("channels of images are units", async () => {
    const conv = new nn.Conv2d(1, 2, 3);
    conv.bias!.assign(tensor([0, -1000]));
    const model = nn.sequential(conv, new nn.ReLU(), new nn.Flatten(), new nn.Linear(32, 1)) as Net;
    const dead = callbacks.deadUnits({ every: 1 });
    await train(model, randn([4, 1, 6, 6]), zeros([4, 1]), [dead]);
    expect(dead.records[0]).toEqual({ epoch: 1, layer: "1", units: 2, dead: [1], saturated: [] });
  });
});

describe("NaN", () => {
  class Block extends nn.Module {
    inner = new nn.Linear(3, 3);
    readonly f: (x: Tensor) => Tensor;
    constructor(f: (x: Tensor) => Tensor) {
      super();
      this.f = f;
    }
    forward(x: Tensor): Tensor {
      return this.f(this.inner.forward(x));
    }
  }
  const chain = (f: (x: Tensor) => Tensor): Net =>
    nn.sequential(new nn.Linear(3, 3), new Block(f), new nn.Dropout(0.5), new nn.Linear(3, 1)) as Net;
  const fault = async (model: Net, options: Options = {}, every = 1): Promise<callbacks.NonFiniteError> => {
    const error = await train(model, ones([2, 3]), ones([2, 1]), [callbacks.nanWatch({ every })], options).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(CallbackError);
    const { cause } = error as { cause: callbacks.NonFiniteError };
    expect(cause).toBeInstanceOf(callbacks.NonFiniteError);
    return cause;
  };

  test("[Q10] in values: the layer and the operation are named, and the step is not made", async () => {
    manualSeed(5);
    const model = chain((x) => x.sub(100).log());
    const before = model.parameters().map((parameter) => [...parameter.dataSync()]);
    const found = await fault(model);
    expect([found.layer, found.op]).toEqual(["1", "log"]);
    expect(found.message).toMatch(
      /^in step 1, 1 is the first where its values are not finite: log .* gives NaN; the step was not made/,
    );
    expect(model.parameters().map((parameter) => [...parameter.dataSync()])).toEqual(before);
  });

  test("[Q10] in gradients alone: the square root of zero", async () => {
    manualSeed(6);
    const found = await fault(chain((x) => x.mul(0).sqrt()));
    expect(found.layer).toBe("1");
    expect(found.message).toMatch(/the gradient of its values are not finite: \w+ .*gives (NaN|infinite)/);
  });

  test("in the loss, outside of every module", async () => {
    const loss = (outputs: Tensor): Tensor => outputs.mul(0).log().mean();
    const found = await fault(
      chain((x) => x),
      { loss },
    );
    expect([found.layer, found.op]).toEqual([undefined, "log"]);
    expect(found.message).toMatch(/the loss is the first/);
  });

  test("masks of −∞ are no fault; parameters that were spoilt between looks are named", async () => {
    const masked = chain((x) => x.add(full([3, 3], -Infinity).triu(1).slice(0)).softmax(-1));
    await expect(train(masked, ones([3, 3]), ones([3, 1]), [callbacks.nanWatch()])).resolves.toBeDefined();
    const model = chain((x) => x);
    const found = await fault(model, { optimizer: new optim.SGD(model.parameters(), { lr: 1e30 }), epochs: 9 }, 3);
    expect(found.message).toMatch(/^\S+ was not finite before step [369]; look at every step/);
  });

  test("terminateOnNaN ends training", async () => {
    const model = chain((x) => x);
    const optimizer = new optim.SGD(model.parameters(), { lr: 1e30 });
    const lines: string[] = [];
    const display = { columns: undefined, write: (text: string) => void lines.push(text) };
    const history = await train(model, ones([2, 3]), ones([2, 1]), [callbacks.terminateOnNaN()], {
      optimizer,
      epochs: 50,
      display,
    });
    expect(history.loss.length).toBeLessThan(10);
    expect(lines.at(-1)).toMatch(/^training stopped after .*: the loss is (NaN|Infinity)\n$/);
  });
});

describe("verdicts", () => {
  test("[Q15] curves: over-, underfitting, neither, and not done yet", () => {
    const judge = (loss: number[], val_loss: number[]) => judgeCurves({ loss, val_loss });
    const over = judge([1, 0.5, 0.2, 0.1, 0.05], [1, 0.7, 0.6, 0.8, 1]);
    expect([over.verdict, over.bestEpoch]).toEqual(["overfitting", 3]);
    expect(over.gap).toBeCloseTo(0.95, 9);
    expect(over.reason).toBe("validation loss rose from 0.600 in epoch 3 to 1.00, while training loss fell to 0.0500");
    expect(judge([1, 0.9, 0.88, 0.87], [1, 0.9, 0.89, 0.89]).verdict).toBe("underfitting");
    expect(judge([1, 0.5, 0.3, 0.2], [1, 0.6, 0.4, 0.3]).verdict).toBe("improving");
    expect(judge([1, 0.2, 0.1, 0.1], [1, 0.22, 0.12, 0.12]).verdict).toBe("good");
    expect(() => judgeCurves({ loss: [1, 2, 3] })).toThrow(/needs loss and val_loss of 3 epochs/);
  });

  test("[Q15] a model that learns twelve points by heart is flagged", async () => {
    manualSeed(7);
    const points = (count: number): [Tensor, Tensor] => [randn([count, 8]), randn([count, 1])];
    const model = nn.sequential(new nn.Linear(8, 64), nn.tanh, new nn.Linear(64, 1)) as Net;
    const history = await fit(model, points(12), {
      optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
      loss: losses.mse,
      epochs: 60,
      validation: points(50),
      display: false,
    });
    expect(judgeCurves(history).verdict).toBe("overfitting");
  });

  test("[Q13] [AC8] an error above the threshold for three days raises one alert, and another one only after it was small", () => {
    const alerts: (readonly number[])[] = [];
    const monitor = new ErrorMonitor({ threshold: 1, patience: 3, onDrift: (errors) => void alerts.push(errors) });
    const days = [0.5, 2, 2, 0.5, 2, 3, 4, 5, 6, 0.5, 2, 2, 2];
    const fired = days.map((error) => monitor.add([error, -error], [0, 0]));
    expect(fired.flatMap((alert, day) => (alert ? [day] : []))).toEqual([6, 12]);
    expect(alerts).toEqual([
      [2, 3, 4],
      [2, 2, 2],
    ]);
    expect([monitor.alerts, monitor.errors]).toEqual([2, days]);
    expect(() => monitor.add([1], [])).toThrow(/as many predictions as targets/);
    expect(() => new ErrorMonitor({ threshold: 0 })).toThrow(/threshold must be above 0/);
  });
});
