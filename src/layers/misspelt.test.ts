import { expect, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import { DataLoader } from "../data/dataLoader.ts";
import { Dataset } from "../data/dataset.ts";
import * as nn from "../nn/index.ts";
import * as optim from "../optim/index.ts";
import * as lrScheduler from "../optim/schedules/lrScheduler.ts";
import { randn } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as callbacks from "../train/callbacks/index.ts";
import { evaluate, fit } from "../train/index.ts";
import * as tune from "../train/tune/index.ts";
import { layers, optimizers, sequential } from "./index.ts";

const model = new nn.Linear(2, 1) as nn.Module & { forward(input: Tensor): Tensor };
const parameters = model.parameters();
const optimizer = new optim.SGD(parameters);
const numbers = Dataset.range(6);
const layered = sequential([layers.dense({ units: 1, inputShape: [2] })]);
const compiled = sequential([layers.dense({ units: 1, inputShape: [2] })]).compile({ optimizer: "sgd", loss: "mse" });
const [x, y] = [randn([4, 2]), randn([4, 1])] as [Tensor, Tensor];
const loss = (a: Tensor): Tensor => a.mean();

/** What is called, with what, and what was meant. As a JavaScript user calls it: no type looks at it. */
const calls: readonly (readonly [
  name: string,
  wrong: Record<string, unknown>,
  meant: string,
  call: (o: never) => unknown,
])[] = [
  ["earlyStopping", { patients: 3 }, "patience", (o) => callbacks.earlyStopping(o)],
  ["earlyStopping", { restoreBestWeight: true }, "restoreBestWeights", (o) => callbacks.earlyStopping(o)],
  ["modelCheckpoint", { saveBestOny: true }, "saveBestOnly", (o) => callbacks.modelCheckpoint("x", o)],
  ["reduceOnPlateau", { patence: 3 }, "patience", (o) => callbacks.reduceOnPlateau(o)],
  ["tensorBoard", { foldr: "x" }, "folder", (o) => callbacks.tensorBoard(o)],
  ["csvLogger", { seperator: ";" }, "separator", (o) => callbacks.csvLogger("x", o)],
  ["gradientNorms", { evry: 2 }, "every", (o) => callbacks.gradientNorms(o)],
  ["deadUnits", { evry: 2 }, "every", (o) => callbacks.deadUnits(o)],
  ["activationStatistics", { evry: 2 }, "every", (o) => callbacks.activationStatistics(o)],
  ["nanWatch", { evry: 2 }, "every", (o) => callbacks.nanWatch(o)],
  ["histogramWatch", { evry: 2 }, "every", (o) => callbacks.histogramWatch(o, () => undefined)],
  ["gradualUnfreezing", { layer: [] }, "layers", (o) => callbacks.gradualUnfreezing(o)],
  ["report", { titel: "x" }, "title", (o) => callbacks.report("x", o)],
  ["AdamW", { weight_decay: 0.1 }, "weightDecay", (o) => new optim.AdamW(parameters, o)],
  ["AdamW", { learningRate: 0.1 }, "lr", (o) => new optim.AdamW(parameters, o)],
  ["SGD", { learning_rate: 1 }, "lr", (o) => new optim.SGD([{ params: parameters, ...(o as object) }])],
  ["SGD", { momentun: 0.9 }, "momentum", (o) => new optim.SGD(parameters, o)],
  ["SGD", { maximise: true }, "maximize", (o) => new optim.SGD([{ params: parameters, ...(o as object) }])],
  ["LBFGS", { maxItr: 3 }, "maxIter", (o) => new optim.LBFGS(parameters, o)],
  ["Lookahead", { alpa: 0.5 }, "alpha", (o) => new optim.Lookahead(optimizer, o)],
  ["GradScaler", { initScal: 8 }, "initScale", (o) => new optim.GradScaler(o)],
  ["WeightAverage", { decays: 0.9 }, "decay", (o) => new optim.WeightAverage(model, o)],
  ["ReduceOnPlateau", { cool_down: 1 }, "cooldown", (o) => new optim.ReduceOnPlateau(optimizer, o)],
  ["cosineAnnealing", { lenght: 5 }, "length", (o) => optim.cosineAnnealing(o)],
  ["oneCycle", { maximun: 5 }, "maximum", (o) => optim.oneCycle(o)],
  ["CosineAnnealingLR", { T_max: 5 }, "TMax", (o) => new lrScheduler.CosineAnnealingLR(optimizer, o)],
  ["StepLR", { step_size: 5 }, "stepSize", (o) => new lrScheduler.StepLR(optimizer, o)],
  ["OneCycleLR", { max_lr: 5 }, "maxLr", (o) => new lrScheduler.OneCycleLR(optimizer, o)],
  ["DataLoader", { batch_size: 5 }, "batchSize", (o) => new DataLoader([1, 2], o)],
  ["DataLoader", { shufle: true }, "shuffle", (o) => new DataLoader([1, 2], o)],
  ["shuffle", { sead: 1 }, "seed", (o) => numbers.shuffle(o)],
  ["map", { paralel: 1 }, "parallel", (o) => numbers.map((n) => n, o)],
  ["batch", { drop_last: true }, "dropLast", (o) => numbers.batch(2, o)],
  ["paddedBatch", { shape: [] }, "shapes", (o) => numbers.paddedBatch(2, o)],
  ["window", { shft: 1 }, "shift", (o) => numbers.window(2, o)],
  ["interleave", { cycel: 1 }, "cycle", (o) => numbers.interleave((n) => [n], o)],
  ["cache", { budjet: 1 }, "budget", (o) => numbers.cache(o)],
  ["tpe", { startups: 1 }, "startup", (o) => tune.tpe(o)],
  ["hyperband", { reductoin: 3 }, "reduction", (o) => tune.hyperband(o)],
  ["study", { sampller: 3 }, "sampler", (o) => tune.study({ lr: tune.uniform(0, 1) }, o)],
  ["evaluate", { batchsize: 3 }, "batchSize", (o) => evaluate(model, [x, y], { loss, ...(o as object) })],
  [
    "fit: checkpoint",
    { everyStep: 3 },
    "everySteps",
    (o) => fit(model, [x, y], { loss, optimizer, display: false, checkpoint: { folder: "x", ...(o as object) } }),
  ],
  ["compile", { metric: ["accuracy"] }, "metrics", (o) => layered.compile(o)],
  ["adam", { learning_rate: 1 }, "learningRate", (o) => optimizers.adam(o)],
  ["fit", { epoch: 1 }, "epochs", (o) => compiled.fit(x, y, o)],
  ["evaluate", { sampleWeights: y }, "sampleWeight", (o) => compiled.evaluate(x, y, o)],
  ["predict", { batch_size: 1 }, "batchSize", (o) => compiled.predict(x, o)],
];

const called = async (call: (o: never) => unknown, options: unknown): Promise<unknown> => call(options as never);

test.each(calls)("%s tells that %j is misspelt", async (name, wrong, meant, call) => {
  const failure: unknown = await called(call, wrong).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ArgumentError);
  const [given] = Object.keys(wrong);
  expect((failure as Error).message).toContain(`${name}: "${given}" is none of its options. Did you mean ${meant}?`);
});

test("what is no object is told of", () => {
  const folder = "logs" as never;
  expect(() => callbacks.tensorBoard(folder)).toThrow(
    'tensorBoard: its options are an object, such as { folder: … }, got "logs"',
  );
  expect(() => callbacks.earlyStopping(3 as never)).toThrow("such as { patience: … }, got 3");
  expect(() => new optim.Adam(parameters, 1e-3 as never)).toThrow("Adam: its options are an object");
});
