import { expect, it } from "vitest";
import { ShapeError } from "../core/errors.ts";
import { optim, losses } from "../index.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const ids = (...values: number[]): Tensor => tensor(Int32Array.from(values), [1, values.length]);
const small = { vocabulary: 5, context: 7, features: 8, heads: 2, layers: 2 } as const;

onEachDevice(() => {
  it.each<[string, nn.CausalSelfAttentionOptions]>([
    ["plain", f64],
    ["in groups, rotary", { ...f64, keyValueHeads: 2, rotary: new nn.RotaryPositions(2) }],
  ])("a cache gives what the whole sequence gives: %s", (_, options) => {
    const layer = new nn.CausalSelfAttention(8, 4, options);
    const x = fixed([2, 6, 8], 1);
    const whole = layer.forward(x);
    const cache = layer.newCache(2, 6);
    const parts: [number, number][] = [
      [0, 3],
      [3, 4],
      [4, 6],
    ];
    for (const [from, to] of parts) {
      const part = layer.forward(x.slice(null, [from, to]), { cache });
      expectNumbers(`from ${from}`, part, numbers(whole.slice(null, [from, to])), 1e-12);
    }
    expect(cache.length.itemSync()).toBe(6);
  });
  it("[O16] one traced step generates what the model without a cache would", () => {
    manualSeed(3);
    const model = new nn.GPT({ ...small, dtype: "f64" }).eval();
    const caches = model.newCaches(1, 7);
    const next = (logits: Tensor): Tensor => logits.slice(null, -1).argmax(-1);
    const step = jit((last: Tensor) => next(model.forward(last, caches)));
    const generated = [1, 3, 2];
    let last = next(model.forward(ids(...generated), caches)).itemSync();
    for (;;) {
      generated.push(last);
      if (generated.length === 7) break;
      last = step(ids(last)).itemSync();
    }
    const plain = [1, 3, 2];
    while (plain.length < 7) plain.push(next(model.forward(ids(...plain))).itemSync());
    expect(generated).toEqual(plain);
    expect(numbers(model.generate(ids(1, 3, 2), 4))).toEqual(plain);
  });
  it("[O16] drawn tokens: the same from the same seed, the likeliest where only one may be drawn", () => {
    manualSeed(3);
    const model = new nn.GPT({ ...small, dtype: "f64" }).eval();
    const drawn = (options: nn.GenerateOptions): number[] => {
      manualSeed(7);
      return numbers(model.generate(tensor(Int32Array.of(1, 2, 3, 4), [2, 2]), 5, options));
    };
    const free = drawn({ temperature: 1 });
    expect(drawn({ temperature: 1 })).toEqual(free);
    expect(drawn({ temperature: 2, topK: 1 })).toEqual(drawn({}));
    expect(free).not.toEqual(drawn({}));
    expect(free.every((token) => Number.isInteger(token) && token >= 0 && token < 5)).toBe(true);
  });
  it("[O16] the future changes nothing", () => {
    const model = new nn.GPT({ ...small, dtype: "f64" }).eval();
    const first = (...tokens: number[]): number[] => numbers(model.forward(ids(...tokens)).slice(null, [0, 3]));
    expect(first(1, 2, 3, 4)).toEqual(first(1, 2, 3, 0));
    expect(first(1, 2, 3, 4)).not.toEqual(first(1, 1, 3, 4));
  });
  it("more than fits is NaN, and forgetting starts anew", () => {
    const cache = new nn.KeyValueCache({ batch: 1, heads: 1, capacity: 2, features: 1 });
    const one = (value: number): Tensor => tensor([[[[value]]]]);
    expect(numbers(cache.append(one(1), one(1)).mask)).toEqual([1, 0]);
    expect(numbers(cache.append(one(2), one(2)).keys)).toEqual([1, 2]);
    expect(numbers(cache.append(one(3), one(3)).keys)).toEqual([NaN, NaN]);
    cache.clear();
    const { mask, values } = cache.append(one(4), one(5));
    expect([numbers(mask), numbers(values)[0]]).toEqual([[1, 0], 5]);
  });
  it("names what does not fit", () => {
    const cache = new nn.KeyValueCache({ batch: 1, heads: 2, capacity: 3, features: 4 });
    expect(() => cache.append(zeros([1, 2, 4, 4]), zeros([1, 2, 4, 4]))).toThrow(ShapeError);
    expect(() => cache.append(zeros([1, 1, 1, 4]), zeros([1, 1, 1, 4]))).toThrow(
      /KeyValueCache: new keys and values must be \[1, 2, up to 3, 4\], got \[1, 1, 1, 4\]/,
    );
    expect(() => new nn.KeyValueCache({ batch: 0, heads: 1, capacity: 1, features: 1 })).toThrow(/batch must be/);
    expect(() => new nn.GPT(small).forward(zeros([3], { dtype: "i32" }))).toThrow(
      /GPT: token ids must be \[batch, length\], got \[3\]/,
    );
    expect(() => new nn.GPT(small).generate(ids(1, 2, 3), 5)).toThrow(
      /GPT: 3 tokens and 5 more do not fit in a context of 7/,
    );
    expect(() => new nn.GPT(small).generate(ids(1), 1, { temperature: -1 })).toThrow(
      /GPT: the temperature must be 0 or more, got -1/,
    );
    expect(() => new nn.GPT(small).generate(ids(1), 1, { topK: 0 })).toThrow(/GPT: topK must be a whole number/);
    expect(() => new nn.GPT(small).forward(zeros([1, 8], { dtype: "i32" }))).toThrow(/there are 7 positions/);
  });
});

it("[O16] a small GPT learns a string and generates it", () => {
  manualSeed(1);
  const text = [..."the cat sat on the mat and the dog ran"];
  const letters = [...new Set(text)].sort();
  const tokens = text.map((letter) => letters.indexOf(letter));
  const model = new nn.GPT({
    vocabulary: letters.length,
    context: tokens.length,
    features: 32,
    heads: 4,
    layers: 2,
  });
  const adam = new optim.Adam(model.parameters(), { lr: 3e-3 });
  const step = jit((x: Tensor, y: Tensor) => {
    const loss = losses.crossEntropy(model.forward(x), y);
    adam.zeroGrad();
    loss.backward();
    adam.step();
    return loss;
  });
  const [x, y] = [ids(...tokens.slice(0, -1)), ids(...tokens.slice(1))];
  for (let i = 0; i < 200; i++) step(x, y);
  model.eval();
  const written = numbers(model.generate(ids(tokens[0]!), tokens.length - 1));
  expect(written.map((token) => letters[token]!).join("")).toBe(text.join(""));
});
