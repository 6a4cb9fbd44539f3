import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { expectClose, onEachDevice } from "../tensor/devices.testing.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { jit } from "../tensor/jit.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";
import { expectRecorded, type RecordedCase } from "./recorded.testing.ts";
import { sequences } from "./sequences.testing.ts";

const goldens = sequences.positions;
const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const scalar = (value: number): Tensor => tensor(Int32Array.of(value), []);

const cases: Record<string, RecordedCase> = {
  rotary: { make: () => new nn.RotaryPositions(8), shapes: [[2, 3, 5, 8]] },
  "rotary, neighbours, from position 7": {
    make: () => new nn.RotaryPositions(6, { base: 100, interleaved: true }),
    shapes: [[2, 5, 6]],
    call: (layer: nn.RotaryPositions, x) => [layer.forward(x!, 7)],
  },
  sinusoidal: { make: () => new nn.SinusoidalPositions(6, { dropout: 0 }), shapes: [[2, 7, 6]] },
  relative: {
    make: () => new nn.RelativePositionBias(2, f64),
    shapes: [],
    call: (layer: nn.RelativePositionBias) => [layer.forward(3, 200)],
  },
  "relative, of a decoder": {
    make: () => new nn.RelativePositionBias(2, { ...f64, buckets: 8, maxDistance: 20, bidirectional: false }),
    shapes: [],
    call: (layer: nn.RelativePositionBias) => [layer.forward(40)],
  },
  causal: { make: () => new nn.CausalSelfAttention(8, 2, f64), shapes: [[2, 5, 8]] },
  "causal in groups, rotary": {
    make: () =>
      new nn.CausalSelfAttention(8, 4, {
        ...f64,
        keyValueHeads: 2,
        rotary: new nn.RotaryPositions(2),
        bias: false,
      }),
    shapes: [[2, 5, 8]],
  },
};

it("everything recorded is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens)));

onEachDevice(() => {
  describe("[N24] positions agree with PyTorch's and the papers' formulas, forwards and backwards", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens[name]!, given));
  });

  it("[N24] position 0 is 0, 1, 0, 1, …", () => {
    const table = nn.sinusoidalPositions(3, 4);
    expectClose(table.slice(0), [0, 1, 0, 1]);
    expectClose(table.slice(1), [Math.sin(1), Math.cos(1), Math.sin(0.01), Math.cos(0.01)]);
  });
  it("[N24] NeRF's encoding: coordinates, then sines and cosines of octaves", () => {
    const x = tensor([[0.25, -0.5]], f64);
    const angles = [0.25, 0.5, -0.5, -1].map((turns) => turns * Math.PI);
    const waves = [...angles.map(Math.sin), ...angles.map(Math.cos)];
    expectClose(nn.frequencyEncoding(x, 2), [[0.25, -0.5, ...waves]], 1e-12);
    expectClose(nn.frequencyEncoding(x, 2, { includeInput: false }), [waves], 1e-12);
    expect(nn.frequencyEncoding(zeros([7, 3]), 10).shape).toEqual([7, 63]);
    gradCheck((t: Tensor) => nn.frequencyEncoding(t, 3), [fixed([2, 3], 1)], { order: 2, tolerance: 1e-4 });
  });
  it("learned rows, from any position on", () => {
    const layer = new nn.LearnedPositions(6, 3, f64);
    const x = fixed([2, 4, 3], 1);
    const rows = numbers(layer.weight.narrow(0, 2, 4));
    const added = (start: number | Tensor): number[] => numbers(layer.forward(x, start).sub(x).slice(1));
    expectNumbers("rows", added(2), rows, 1e-12);
    const traced = jit((start: Tensor) => layer.forward(x, start).sub(x).slice(1));
    for (const start of [0, 2]) expect(numbers(traced(scalar(start)))).toEqual(added(start));
  });
  it("rotary products depend on distances only", () => {
    const layer = new nn.RotaryPositions(4);
    const [q, k] = [fixed([3, 4], 1), fixed([3, 4], 2)];
    const product = (start: number): number[] => numbers(layer.forward(q, start).matmul(layer.forward(k, start).T));
    expectNumbers("moved", product(50), product(0), 1e-10);
    expect(numbers(layer.forward(q, scalar(50)))).toEqual(numbers(layer.forward(q, 50)));
  });
  it("ALiBi: slopes for powers of two and for other counts, distances from any position on", () => {
    expect(nn.alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
    expect(nn.alibiSlopes(3)).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
    expect(nn.alibi(2, 2, 3).toArraySync()).toEqual(
      [2 ** -4, 2 ** -8].map((slope) => [
        [-0, -slope, -2 * slope],
        [-slope, -0, -slope],
      ]),
    );
    expect(nn.alibi(1, 1, 3, { start: scalar(2) }).toArraySync()).toEqual([[[-2 / 256, -1 / 256, -0]]]);
    const x = fixed([2, 3, 4], 1);
    const mask = nn.alibi(2, 3, 3, f64);
    expect(nn.scaledDotProductAttention(x, x, x, { mask, isCausal: true }).shape).toEqual([2, 3, 4]);
  });
  it("relative distances behind a cache are those of the whole", () => {
    const layer = new nn.RelativePositionBias(2, { bidirectional: false });
    const last = layer.forward(5).slice(null, [4, 5]);
    expect(numbers(layer.forward(1, 5, { start: scalar(4) }))).toEqual(numbers(last));
  });
  it("names what does not fit", () => {
    expect(() => new nn.RotaryPositions(5)).toThrow(ArgumentError);
    expect(() => new nn.RotaryPositions(5)).toThrow(/RotaryPositions\(5\): features of a head must be an even number/);
    expect(() => new nn.RotaryPositions(4).forward(zeros([3, 6]))).toThrow(
      /the last dimension must be 4, got \[3, 6\]/,
    );
    expect(() => new nn.LearnedPositions(4, 3).forward(zeros([2, 3, 3]), 2)).toThrow(ShapeError);
    expect(() => new nn.LearnedPositions(4, 3).forward(zeros([2, 3, 3]), 2)).toThrow(
      /LearnedPositions\(4, 3\): there are 4 positions, the input ends at 5/,
    );
    expect(() => new nn.SinusoidalPositions(4).forward(zeros([2, 3]))).toThrow(/SinusoidalPositions\(4\): the last/);
    expect(() => new nn.RelativePositionBias(2, { buckets: 6 })).toThrow(/buckets must be a multiple of 4/);
    expect(() => nn.alibi(0, 2)).toThrow(/alibi: heads must be a whole number of 1 or more, got 0/);
    expect(() => new nn.CausalSelfAttention(8, 4, { keyValueHeads: 3 })).toThrow(
      /CausalSelfAttention\(8, 4, 3\): 4 heads cannot share 3 heads of keys and values evenly/,
    );
    expect(() => fromNode(nn.sinusoidalPositions(0, 4).node)).toThrow(/length must be a whole number/);
  });
});
