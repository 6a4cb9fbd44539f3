// Small tasks that networks for sequences must learn.
import { describe, expect, it } from "vitest";
import { HostRandom } from "../core/random.ts";
import { losses, optim } from "../index.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { concat } from "../tensor/functions.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers } from "./golden.testing.ts";
import * as nn from "./index.ts";

const random = (seed: number): HostRandom => new HostRandom(seed, 0);
const table = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(Int32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
/** Rows of tokens from `first` to `vocabulary` − 1. */
const rows = (chance: HostRandom, count: number, length: number, first: number, vocabulary: number): number[][] =>
  Array.from({ length: count }, () =>
    Array.from({ length }, () => first + Math.floor(chance.uniform(0, vocabulary - first))),
  );

/** One traced step of Adam. */
function trainer(model: nn.Module, loss: (...batch: Tensor[]) => Tensor, lr: number): (...batch: Tensor[]) => Tensor {
  const adam = new optim.Adam(model.parameters(), { lr });
  return jit((...batch: Tensor[]) => {
    const value = loss(...batch);
    adam.zeroGrad();
    value.backward();
    adam.step();
    return value;
  });
}

const share = (guess: Tensor, wanted: Tensor): number => guess.eq(wanted).float().mean().itemSync();

describe("[O12] recurrent networks learn to add up a sequence", () => {
  const models: [string, () => nn.RNN | nn.GRU | nn.LSTM][] = [
    ["RNN", () => new nn.RNN(1, 16, { batchFirst: true })],
    ["LSTM", () => new nn.LSTM(1, 16, { batchFirst: true })],
    ["GRU", () => new nn.GRU(1, 16, { batchFirst: true })],
    ["both ways", () => new nn.GRU(1, 8, { batchFirst: true, bidirectional: true })],
    ["stacked", () => new nn.LSTM(1, 16, { batchFirst: true, layers: 2 })],
  ];
  it.each(models)("%s", (_, make) => {
    manualSeed(1);
    class Adder extends nn.Module {
      layer = make();
      head = new nn.Linear(16, 1);
      forward(x: Tensor): Tensor {
        const [outputs] = this.layer.forward(x, undefined);
        return this.head.forward(outputs.mean(1));
      }
    }
    const model = new Adder();
    const chance = random(2);
    const batch = (): [Tensor, Tensor] => {
      const x = tensor(
        Float32Array.from({ length: 64 * 6 }, () => chance.uniform(-1, 1)),
        [64, 6, 1],
      );
      return [x, x.sum(1)];
    };
    const step = trainer(model, (x, y) => losses.mse(model.forward(x!), y!), 0.02);
    for (let i = 0; i < 250; i++) step(...batch());
    const [x, y] = batch();
    expect(losses.mse(model.forward(x), y).itemSync()).toBeLessThan(0.1 * y.variance().itemSync());
  });
});

describe("[N20] [O13] an encoder and a decoder with attention", () => {
  const [vocabulary, length, width] = [8, 6, 32];
  /** Token 0 starts what the decoder writes. */
  class Reverser extends nn.Module {
    tokens = new nn.Embedding(vocabulary, width);
    encoder = new nn.GRU(width, width, { batchFirst: true });
    decoder = new nn.GRUCell(width, width);
    attention = new nn.MultiheadAttention(width, 1);
    head = new nn.Linear(2 * width, vocabulary);
    /** The next token's logits and the state, from the last token and the state before; and where it looked. */
    next(last: Tensor, state: Tensor, memory: Tensor): { logits: Tensor; state: Tensor; weights: Tensor } {
      const after = this.decoder.forward(this.tokens.forward(last), state);
      const query = after.unsqueeze(1);
      const [seen, weights] = this.attention.forward(query, memory, memory, { needWeights: true });
      const joined = concat([after, seen.squeeze(1)], -1);
      return { logits: this.head.forward(joined), state: after, weights };
    }
    forward(source: Tensor, target?: Tensor): { logits: Tensor[]; weights: Tensor[]; written: Tensor[] } {
      const [memory, last] = this.encoder.forward(this.tokens.forward(source));
      let state = last.squeeze(0);
      let token: Tensor = zeros([source.shape[0]!], { dtype: "i32" });
      const result = { logits: [] as Tensor[], weights: [] as Tensor[], written: [] as Tensor[] };
      for (let i = 0; i < length; i++) {
        const step = this.next(token, state, memory);
        state = step.state;
        result.logits.push(step.logits);
        result.weights.push(step.weights);
        result.written.push(step.logits.argmax(-1));
        token = target ? target.slice(null, i) : result.written[i]!;
      }
      return result;
    }
  }
  it("writes sequences backwards; where it looks sums to 1", () => {
    manualSeed(2);
    const model = new Reverser();
    const chance = random(3);
    const batch = (count: number): [Tensor, Tensor] => {
      const source = rows(chance, count, length, 1, vocabulary);
      return [table(source), table(source.map((row) => [...row].reverse()))];
    };
    const step = trainer(
      model,
      (source, target) =>
        losses.crossEntropy(concat(model.forward(source!, target).logits, 0), concat(target!.unbind(1) as Tensor[], 0)),
      0.01,
    );
    for (let i = 0; i < 250; i++) step(...batch(64));
    const [source, target] = batch(200);
    const { written, weights } = model.forward(source);
    expectNumbers("weights", weights[2]!.sum(-1), Array<number>(200).fill(1), 1e-5);
    const right = written.map((guess, i) => share(guess, target.slice(null, i)));
    expect(right.reduce((a, b) => a + b, 0) / length).toBeGreaterThan(0.95);
  });
});

describe("[O14] [O15] transformers", () => {
  const [vocabulary, length, features] = [10, 6, 32];
  const layer = { features, heads: 4, feedForward: 64, dropout: 0 } as const;
  it("[O14] an encoder and a decoder copy: more than 99 % of tokens, one by one", () => {
    manualSeed(4);
    class Copier extends nn.Module {
      tokens = new nn.Embedding(vocabulary, features);
      positions = new nn.SinusoidalPositions(features, { maxLength: 16, dropout: 0 });
      body = new nn.Transformer({ ...layer, encoderLayers: 1, decoderLayers: 1 });
      head = new nn.Linear(features, vocabulary);
      placed(ids: Tensor): Tensor {
        return this.positions.forward(this.tokens.forward(ids));
      }
      forward(source: Tensor, target: Tensor): Tensor {
        const seen = this.body.forward(this.placed(source), this.placed(target), { targetIsCausal: true });
        return this.head.forward(seen);
      }
    }
    const model = new Copier();
    const chance = random(5);
    const step = trainer(
      model,
      (source, target) => losses.crossEntropy(model.forward(source!, target!), source!),
      3e-3,
    );
    const shifted = (source: number[][]): Tensor => table(source.map((row) => [0, ...row.slice(0, -1)]));
    for (let i = 0; i < 250; i++) {
      const source = rows(chance, 64, length, 1, vocabulary);
      step(table(source), shifted(source));
    }
    const source = table(rows(chance, 100, length, 1, vocabulary));
    let written: Tensor = zeros([100, 1], { dtype: "i32" });
    for (let i = 0; i < length; i++) {
      const logits = model.forward(source, written).slice(null, -1);
      written = concat([written, logits.argmax(-1, true)], 1);
    }
    expect(share(written.slice(null, [1]), source)).toBeGreaterThan(0.99);
  });
  it("[O15] an encoder learns to fill in tokens that are hidden, 15 % of them", () => {
    manualSeed(6);
    class Bert extends nn.Module {
      tokens = new nn.Embedding(vocabulary, features);
      positions = new nn.LearnedPositions(12, features);
      body = new nn.TransformerEncoder(
        () => new nn.TransformerEncoderLayer(features, 4, { ...layer, activation: "gelu", normFirst: true }),
        2,
        new nn.LayerNorm(features),
      );
      head = new nn.Linear(features, vocabulary);
      forward(ids: Tensor): Tensor {
        return this.head.forward(this.body.forward(this.positions.forward(this.tokens.forward(ids))));
      }
    }
    const model = new Bert();
    const chance = random(7);
    // Tokens count up from anywhere, around the end; 0 hides one, −100 is what the loss leaves out.
    const batch = (): [Tensor, Tensor] => {
      const whole = rows(chance, 32, 1, 0, vocabulary - 1).map(([first]) =>
        Array.from({ length: 12 }, (_, i) => 1 + ((first! + i) % (vocabulary - 1))),
      );
      const hidden = whole.map((row) => row.map(() => chance.uniform(0, 1) < 0.15));
      return [
        table(whole.map((row, r) => row.map((token, i) => (hidden[r]![i] ? 0 : token)))),
        table(whole.map((row, r) => row.map((token, i) => (hidden[r]![i] ? token : -100)))),
      ];
    };
    const step = trainer(
      model,
      (seen, wanted) => losses.crossEntropy(model.forward(seen!), wanted!, { ignoreIndex: -100 }),
      3e-3,
    );
    const first = step(...batch()).itemSync();
    for (let i = 0; i < 250; i++) step(...batch());
    expect(step(...batch()).itemSync()).toBeLessThan(first / 2);
  });
});
