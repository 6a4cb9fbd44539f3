import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { explain } from "../tensor/explain.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { sequences } from "./sequences.testing.ts";

const goldens = sequences.recurrent;
const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];

/** Calls a layer with as many states as the case has inputs behind the first. */
const sequence =
  (call: nn.RecurrentCall = {}) =>
  (layer: nn.RNN | nn.GRU | nn.LSTM, x: Tensor, h?: Tensor, c?: Tensor): Tensor[] => {
    const [outputs, state] =
      layer instanceof nn.LSTM ? layer.forward(x, h && c ? [h, c] : undefined, call) : layer.forward(x, h, call);
    return "node" in state ? [outputs, state] : [outputs, ...state];
  };
const images = (layer: nn.ConvLSTM2d, x: Tensor, h?: Tensor, c?: Tensor): readonly Tensor[] => {
  const [outputs, state] = layer.forward(x, [h!, c!]);
  return [outputs, ...state];
};
const both = (layer: nn.LSTMCell, x: Tensor, h?: Tensor, c?: Tensor): readonly Tensor[] =>
  layer.forward(x, h && c ? [h, c] : undefined);

const cases: Record<string, RecordedCase> = {
  rnn: { make: () => new nn.RNN(3, 4, f64), shapes: [[5, 2, 3]], call: sequence() },
  "rnn relu of two layers": {
    make: () => new nn.RNN(3, 4, { ...f64, layers: 2, nonlinearity: "relu", bias: false }),
    shapes: [
      [5, 2, 3],
      [2, 2, 4],
    ],
    call: sequence(),
  },
  "rnn both ways by lengths": {
    make: () => new nn.RNN(3, 4, { ...f64, bidirectional: true, batchFirst: true }),
    shapes: [
      [3, 5, 3],
      [2, 3, 4],
    ],
    call: sequence({ lengths: [5, 2, 4] }),
  },
  lstm: { make: () => new nn.LSTM(3, 4, f64), shapes: [[5, 2, 3]], call: sequence() },
  "lstm both ways": {
    make: () => new nn.LSTM(3, 4, { ...f64, layers: 2, bidirectional: true }),
    shapes: [
      [5, 2, 3],
      [4, 2, 4],
      [4, 2, 4],
    ],
    call: sequence(),
  },
  "lstm projected": {
    make: () => new nn.LSTM(3, 4, { ...f64, layers: 2, projSize: 2, bidirectional: true }),
    shapes: [
      [5, 2, 3],
      [4, 2, 2],
      [4, 2, 4],
    ],
    call: sequence(),
  },
  "lstm by lengths": {
    make: () => new nn.LSTM(3, 4, { ...f64, layers: 2 }),
    shapes: [[5, 3, 3]],
    call: sequence({ lengths: [3, 5, 1] }),
  },
  "lstm both ways by lengths": {
    make: () => new nn.LSTM(3, 4, { ...f64, layers: 2, bidirectional: true, batchFirst: true }),
    shapes: [
      [3, 5, 3],
      [4, 3, 4],
      [4, 3, 4],
    ],
    call: (layer: nn.LSTM, ...inputs: Tensor[]) =>
      sequence({ lengths: tensor(Int32Array.of(3, 5, 1)) })(layer, ...(inputs as [Tensor])),
  },
  gru: { make: () => new nn.GRU(3, 4, f64), shapes: [[5, 2, 3]], call: sequence() },
  "gru without bias": {
    make: () => new nn.GRU(3, 4, { ...f64, bias: false, batchFirst: true }),
    shapes: [
      [2, 5, 3],
      [1, 2, 4],
    ],
    call: sequence(),
  },
  "gru of two layers both ways": {
    make: () => new nn.GRU(3, 4, { ...f64, layers: 2, bidirectional: true }),
    shapes: [
      [5, 2, 3],
      [4, 2, 4],
    ],
    call: sequence(),
  },
  "gru both ways by lengths": {
    make: () => new nn.GRU(3, 4, { ...f64, bidirectional: true }),
    shapes: [[5, 3, 3]],
    call: sequence({ lengths: [2, 5, 4] }),
  },
  "rnn cell": {
    make: () => new nn.RNNCell(3, 4, f64),
    shapes: [
      [2, 3],
      [2, 4],
    ],
  },
  "rnn cell relu": { make: () => new nn.RNNCell(3, 4, { ...f64, nonlinearity: "relu" }), shapes: [[2, 3]] },
  "lstm cell": {
    make: () => new nn.LSTMCell(3, 4, f64),
    shapes: [
      [2, 3],
      [2, 4],
      [2, 4],
    ],
    call: both,
  },
  "lstm cell without bias": { make: () => new nn.LSTMCell(3, 4, { ...f64, bias: false }), shapes: [[3]], call: both },
  "gru cell": {
    make: () => new nn.GRUCell(3, 4, f64),
    shapes: [
      [2, 3],
      [2, 4],
    ],
  },
  "gru cell without bias": { make: () => new nn.GRUCell(3, 4, { ...f64, bias: false }), shapes: [[2, 3]] },
  "lstm of images": {
    make: () => new nn.ConvLSTM2d(2, 2, 3, f64),
    shapes: [
      [3, 2, 2, 4, 3],
      [2, 2, 4, 3],
      [2, 2, 4, 3],
    ],
    call: images,
  },
  "lstm of images, without bias": {
    make: () => new nn.ConvLSTM2d(1, 2, 1, { ...f64, bias: false }),
    shapes: [
      [3, 1, 1, 2, 2],
      [1, 2, 2, 2],
      [1, 2, 2, 2],
    ],
    call: images,
  },
};

it("every recorded layer is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens)));

onEachDevice(() => {
  describe("[N15] [N16] [N17] [N18] [N19] recurrent layers agree with PyTorch, forwards and backwards", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens[name]!, given));
  });

  it("[N15] h ← tanh(W·x + U·h + b): five steps by hand, and their gradient", () => {
    const layer = new nn.RNN(2, 3, f64);
    const [w, u, b, c] = layer.parameters() as Tensor[];
    const x = fixed([5, 1, 2], 1);
    let h: Tensor = zeros([1, 3], f64);
    for (const step of x.unbind() as Tensor[]) {
      const input = step.matmul(w!.T).add(b!);
      h = input.add(h.matmul(u!.T).add(c!)).tanh();
    }
    expectNumbers("state", layer.forward(x)[1], numbers(h), 1e-12);
    gradCheck((input: Tensor) => layer.forward(input)[0], [x], { tolerance: 1e-5 });
  });
  it.each<[string, () => nn.RNN | nn.LSTM | nn.GRU, nn.RecurrentCall]>([
    ["RNN", () => new nn.RNN(2, 3, { ...f64, bidirectional: true }), { lengths: [4, 2] }],
    ["LSTM", () => new nn.LSTM(2, 3, { ...f64, projSize: 2 }), {}],
    ["GRU", () => new nn.GRU(2, 3, { ...f64, layers: 2 }), { lengths: [1, 3] }],
  ])("[N15] gradients of %s agree with central differences", (_, make, call) => {
    const layer = make();
    gradCheck((x: Tensor) => sequence(call)(layer, x)[0]!, [fixed([4, 2, 2], 1)]);
  });
  it("[N17] a GRU has 3 gates where an LSTM has 4", () => {
    const count = (layer: nn.Module): number => layer.parameters().reduce((sum, p) => sum + p.size, 0);
    expect([count(new nn.RNN(8, 16)), count(new nn.GRU(8, 16)), count(new nn.LSTM(8, 16))]).toEqual(
      [1, 3, 4].map((gates) => gates * 16 * (8 + 16 + 2)),
    );
  });
  it("[N18] the second half of the outputs is a layer that reads from the end", () => {
    const layer = new nn.LSTM(3, 4, { ...f64, bidirectional: true });
    const single = new nn.LSTM(3, 4, f64);
    const dict = layer.stateDict();
    const names = Object.keys(single.stateDict());
    single.loadStateDict(Object.fromEntries(names.map((name) => [name, dict[`${name}_reverse`]!])));
    const x = fixed([5, 2, 3], 1);
    const [outputs] = layer.forward(x);
    expect(outputs.shape).toEqual([5, 2, 8]);
    const [reversed] = single.forward(x.flip(0));
    expectNumbers("half", outputs.narrow(2, 4, 4), numbers(reversed.flip(0)), 1e-12);
  });
  it("[N19] layers of different widths stand one on the other", () => {
    const [lower, upper] = [new nn.LSTM(3, 5, { batchFirst: true }), new nn.LSTM(5, 2, { batchFirst: true })];
    const [states] = lower.forward(zeros([4, 6, 3]));
    const [, [last]] = upper.forward(states);
    expect([states.shape, last.shape]).toEqual([
      [4, 6, 5],
      [1, 4, 2],
    ]);
  });
  it("cells in a loop are the layer", () => {
    const layer = new nn.GRU(3, 4, f64);
    const cell = new nn.GRUCell(3, 4, f64);
    cell.loadStateDict(Object.fromEntries(Object.entries(layer.stateDict()).map(([k, v]) => [k.slice(0, -3), v])));
    const x = fixed([5, 2, 3], 1);
    let h: Tensor | undefined;
    for (const step of x.unbind() as Tensor[]) h = cell.forward(step, h);
    expectNumbers("state", layer.forward(x)[1], numbers(h!), 1e-12);
  });
  it("a sequence without a batch", () => {
    for (const layer of [
      new nn.LSTM(3, 4, f64),
      new nn.LSTM(3, 4, { ...f64, batchFirst: true, bidirectional: true }),
    ]) {
      const x = fixed([5, 3], 1);
      const [outputs, [h, c]] = layer.forward(x);
      expect([outputs.shape, h.shape]).toEqual([
        [5, 4 * layer.layers[0]!.length],
        [layer.layers[0]!.length, 4],
      ]);
      const batch = layer.forward(x.unsqueeze(layer.batchFirst ? 0 : 1));
      expect(numbers(outputs)).toEqual(numbers(batch[0]));
      expect(layer.forward(x, [h, c])[1][1].shape).toEqual(c.shape);
    }
  });
  it("what stands behind the end of a sequence changes nothing", () => {
    const layer = new nn.LSTM(3, 4, { ...f64, bidirectional: true });
    const x = fixed([5, 2, 3], 1);
    const inside = tensor(Float64Array.of(1, 1, 1, 1, 1, 7, 1, 7, 1, 7), [5, 2, 1]);
    const lengths = tensor(Int32Array.of(5, 2));
    const traced = jit((input: Tensor, ends: Tensor) => layer.forward(input, undefined, { lengths: ends })[0]);
    expect(numbers(traced(x.mul(inside), lengths))).toEqual(numbers(traced(x, lengths)));
    const other = tensor(Int32Array.of(3, 4));
    expectNumbers(
      "other lengths",
      traced(x, other),
      numbers(layer.forward(x, undefined, { lengths: [3, 4] })[0]),
      1e-12,
    );
  });
  it("drops between layers while training, not behind the last", () => {
    const layer = new nn.GRU(3, 4, { layers: 2, dropout: 1 });
    const [x, y] = [fixed([5, 2, 3], 1), fixed([5, 2, 3], 2)].map((t) => t.float());
    expect(numbers(layer.forward(x!)[0])).toEqual(numbers(layer.forward(y!)[0]));
    layer.eval();
    expect(numbers(layer.forward(x!)[0])).not.toEqual(numbers(layer.forward(y!)[0]));
  });
  it("refuses what does not fit, by name", () => {
    const x = zeros([5, 2, 3]);
    const layer = new nn.GRU(3, 4);
    expect(() => layer.forward(zeros([5]))).toThrow(/GRU\(3, 4\): the input must be \[steps, batch, 3\], got \[5\]/);
    expect(() => layer.forward(x, zeros([1, 2, 3]))).toThrow(/GRU\(3, 4\): the state must be \[1, 2, 4\].*\[1, 2, 3\]/);
    expect(() => new nn.LSTM(3, 4).forward(x, [zeros([1, 2, 4]), zeros([1, 2, 3])])).toThrow(
      /the cell state must be \[1, 2, 4\].*got \[1, 2, 3\]/,
    );
    expect(() => layer.forward(x, undefined, { lengths: [5, 6] })).toThrow(ArgumentError);
    expect(() => layer.forward(x, undefined, { lengths: [5, 6] })).toThrow(
      /GRU\(3, 4\): lengths must be whole numbers from 1 to 5 \(the steps\), got 6/,
    );
    expect(() => layer.forward(x, undefined, { lengths: [5] })).toThrow(/one for each of 2 sequences, got 1/);
    expect(() => layer.forward(x, undefined, { lengths: zeros([2]) })).toThrow(DTypeError);
    expect(() => layer.forward(x, undefined, { lengths: zeros([3], { dtype: "i32" }) })).toThrow(ShapeError);
    expect(() => new nn.RNN(3, 4, { nonlinearity: "sigmoid" as never })).toThrow(
      /RNN: the nonlinearity must be "tanh" or "relu", got "sigmoid"/,
    );
    expect(() => new nn.LSTM(3, 4, { projSize: 4 })).toThrow(/LSTM\(3, 4\): projSize must be .* below 4, got 4/);
    expect(() => new nn.RNN(3, 4, { layers: 0 })).toThrow(/RNN\(3, 4\): layers must be a whole number of 1 or more/);
    expect(() => new nn.LSTMCell(3, 4).forward(zeros([2, 3]), [zeros([2, 3]), zeros([2, 4])])).toThrow(
      /LSTMCell\(3, 4\): the state must be \[2, 4\], got \[2, 3\]/,
    );
    expect(() => new nn.ConvLSTM2d(1, 2, 3).forward(zeros([3, 1, 2, 4, 4]))).toThrow(
      /ConvLSTM2d\(1, 2, 3\): the input must be \[steps, batch, 1, height, width\], got \[3, 1, 2, 4, 4\]/,
    );
    expect(() => new nn.ConvLSTM2d(1, 2, 2)).toThrow(/ConvLSTM2d\(1, 2, 2\): kernelSize must be odd/);
    expect(() => new nn.GRUCell(3, 4).forward(zeros([2, 4]))).toThrow(/GRUCell\(3, 4\): the last dimension must be 3/);
  });
});

it("the program does not grow with the number of steps, forwards and backwards", () => {
  const layer = new nn.GRU(3, 4, { layers: 2, bidirectional: true });
  const step = (x: Tensor): Tensor => {
    layer.zeroGrad();
    const loss = layer.forward(x)[0].square().sum();
    loss.backward();
    return loss;
  };
  const kernels = (steps: number): number => explain(step, zeros([steps, 2, 3])).kernels;
  expect(kernels(200)).toBe(kernels(50));
});
