import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { randn, tensor, zeros } from "../../tensor/create.ts";
import { grad } from "../../tensor/autodiff.ts";
import { expectClose, onEachDevice } from "../../tensor/devices.testing.ts";
import { gradCheck } from "../../tensor/grad-check.ts";
import { jit } from "../../tensor/jit.ts";
import { parameter } from "../state.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { expectNumbers, fixed, spread } from "../golden.testing.ts";
import * as nn from "../index.ts";

interface Recorded {
  readonly value: readonly number[];
  readonly gradient: readonly number[];
}
const golden = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/activations.json", import.meta.url), "utf8"),
) as Readonly<Record<"functions" | "names", Readonly<Record<string, Recorded>>>>;

const SHAPE = [4, 6];
const slopes = (from: number, to: number): Tensor =>
  tensor(Float64Array.of(0.1, -0.2, 0.3, 0.4, 0.5, 0.6).slice(from, to));

type Case = readonly [call: (x: Tensor) => Tensor, layer: (() => nn.Layer) | undefined, smooth?: "smooth"];

/** Every recorded function: how it is called, as which module, and whether second derivatives exist everywhere. */
const cases: Readonly<Record<string, Case>> = {
  relu: [nn.relu, () => new nn.ReLU()],
  relu6: [nn.relu6, () => new nn.ReLU6()],
  leakyRelu: [(x) => nn.leakyRelu(x), () => new nn.LeakyReLU()],
  "leakyRelu 0.2": [(x) => nn.leakyRelu(x, 0.2), () => new nn.LeakyReLU(0.2)],
  elu: [(x) => nn.elu(x), () => new nn.ELU(), "smooth"],
  "elu 2": [(x) => nn.elu(x, 2), () => new nn.ELU(2)],
  selu: [nn.selu, () => new nn.SELU()],
  celu: [(x) => nn.celu(x), () => new nn.CELU(), "smooth"],
  "celu 1.5": [(x) => nn.celu(x, 1.5), () => new nn.CELU(1.5), "smooth"],
  rrelu: [(x) => nn.rrelu(x), () => new nn.RReLU().eval()],
  threshold: [(x) => nn.threshold(x, 0.5, -2), () => new nn.Threshold(0.5, -2)],
  sigmoid: [nn.sigmoid, () => new nn.Sigmoid(), "smooth"],
  logSigmoid: [nn.logSigmoid, () => new nn.LogSigmoid(), "smooth"],
  tanh: [nn.tanh, () => new nn.Tanh(), "smooth"],
  softsign: [nn.softsign, () => new nn.Softsign(), "smooth"],
  softplus: [(x) => nn.softplus(x), () => new nn.Softplus(), "smooth"],
  "softplus 2 1": [(x) => nn.softplus(x, 2, 1), () => new nn.Softplus(2, 1)],
  squareplus: [(x) => nn.squareplus(x), () => new nn.Squareplus(), "smooth"],
  gelu: [(x) => nn.gelu(x), () => new nn.GELU(), "smooth"],
  "gelu tanh": [(x) => nn.gelu(x, "tanh"), () => new nn.GELU("tanh"), "smooth"],
  silu: [nn.silu, () => new nn.SiLU(), "smooth"],
  mish: [nn.mish, () => new nn.Mish(), "smooth"],
  hardSigmoid: [nn.hardSigmoid, () => new nn.Hardsigmoid()],
  hardSwish: [nn.hardSwish, () => new nn.Hardswish()],
  hardTanh: [(x) => nn.hardTanh(x), () => new nn.Hardtanh()],
  "hardTanh -0.5 2": [(x) => nn.hardTanh(x, -0.5, 2), () => new nn.Hardtanh(-0.5, 2)],
  hardShrink: [(x) => nn.hardShrink(x), () => new nn.Hardshrink()],
  "hardShrink 1.5": [(x) => nn.hardShrink(x, 1.5), () => new nn.Hardshrink(1.5)],
  softShrink: [(x) => nn.softShrink(x), () => new nn.Softshrink()],
  "softShrink 1.5": [(x) => nn.softShrink(x, 1.5), () => new nn.Softshrink(1.5)],
  tanhShrink: [nn.tanhShrink, () => new nn.Tanhshrink(), "smooth"],
  sparsePlus: [nn.sparsePlus, () => new nn.SparsePlus(), "smooth"],
  sparseSigmoid: [nn.sparseSigmoid, () => new nn.SparseSigmoid()],
  softmax: [(x) => nn.softmax(x), () => new nn.Softmax(), "smooth"],
  "softmax of rows": [(x) => nn.softmax(x, 0), () => new nn.Softmax(0), "smooth"],
  logSoftmax: [(x) => nn.logSoftmax(x), () => new nn.LogSoftmax(), "smooth"],
  softmin: [(x) => nn.softmin(x), () => new nn.Softmin(), "smooth"],
  sparsemax: [(x) => nn.sparsemax(x), () => new nn.Sparsemax()],
  "sparsemax of rows": [(x) => nn.sparsemax(x, 0), () => new nn.Sparsemax(0)],
  glu: [(x) => nn.glu(x), () => new nn.GLU(), "smooth"],
  "glu of rows": [(x) => nn.glu(x, 0), () => new nn.GLU(0), "smooth"],
  prelu: [(x) => nn.prelu(x, slopes(2, 3)), () => new nn.PReLU(1, { initial: 0.3, dtype: "f64" })],
  "prelu of channels": [(x) => nn.prelu(x, slopes(0, 6)), undefined],
};

const call = (layer: nn.Layer, x: Tensor): Tensor =>
  typeof layer === "function" ? layer(x as never) : Reflect.apply(layer.forward, layer, [x]);
const input = (): Tensor => parameter(tensor(spread(SHAPE, 101, 4), SHAPE));
const parameterOf = input as () => ReturnType<typeof parameter>;

function expectRecorded(f: (x: Tensor) => Tensor, { value, gradient }: Recorded): void {
  const x = parameterOf();
  const got = f(x);
  expectNumbers("value", got, value, 1e-8);
  got.mul(fixed(got.shape, 201)).sum().backward();
  expectNumbers("gradient", x.grad!, gradient, 1e-8);
}

it("every recorded activation is tested", () => {
  expect(Object.keys(cases)).toEqual(Object.keys(golden.functions));
  expect(Object.keys(golden.names)).toEqual(Object.keys(nn.activations));
});

onEachDevice(() => {
  describe("[G1] [G2] [G3] [G4] [G6] [G7] [G8] [G9] [G11] [G12] [G13] [G14] [G15] values and gradients of PyTorch and Keras", () => {
    it.each(Object.entries(cases))("%s", (name, [f, layer]) => {
      const recorded = golden.functions[name]!;
      expectRecorded(f, recorded);
      if (layer) expectRecorded((x) => call(layer(), x), recorded);
      const single = f(input().float()).dataSync();
      recorded.value.forEach((wanted, i) =>
        expect(Math.abs(single[i]! - wanted), `element ${i} in f32`).toBeLessThanOrEqual(
          1e-5 + 1.3e-6 * Math.abs(wanted),
        ),
      );
    });
  });

  describe("[G20] by the names of Keras", () => {
    it.each(Object.entries(golden.names))("%s", (name, recorded) => {
      expectRecorded(nn.activations[name as nn.ActivationName], recorded);
    });
  });

  describe("gradients agree with central differences, twice where smooth", () => {
    it.each(Object.entries(cases))("%s", (_, [f, , smooth]) => {
      gradCheck(f, [fixed(SHAPE, 101).mul(4)], { order: smooth ? 2 : 1 });
    });
  });

  describe("[G15] [G17] [G18] shares", () => {
    const scores = (): Tensor => tensor(Float64Array.of(2, 1, 0.1));
    it("[AK5] softmax of [2, 1, 0.1], along the axis that is asked for", () => {
      expectClose(nn.softmax(scores()), [0.659001, 0.242433, 0.098566], 1e-6);
      expectClose(nn.softmax(scores().reshape([1, 3]), 0), [[1, 1, 1]]);
      expect(nn.softmax(scores()).sum().itemSync()).toBeCloseTo(1, 14);
      expectClose(nn.softmax(tensor([1000, 1001])), [0.268941, 0.731059], 1e-6);
    });
    it("a temperature above 1 softens, one below 1 sharpens", () => {
      expectClose(nn.softmax(scores(), -1, 2), [0.5017, 0.3043, 0.194], 5e-5);
      expectClose(call(new nn.Softmax(-1, 0.5), scores()), [0.8638, 0.1169, 0.0193], 5e-5);
      expect(() => nn.softmax(scores(), -1, 0)).toThrow(/the temperature must be above 0, got 0/);
    });
    it("sparsemax: the nearest point of the simplex, also of many, equal and huge scores", () => {
      expectClose(nn.sparsemax(scores()), [1, 0, 0]);
      expectClose(nn.sparsemax(tensor([0.5, 0.5, 0.5, 0.5])), [0.25, 0.25, 0.25, 0.25]);
      expectClose(nn.sparsemax(tensor([1000, 1000.5, -1000])), [0.25, 0.75, 0], 1e-5);
      const shares = nn.sparsemax(fixed([3, 50], 5).mul(2));
      expectClose(shares.sum(-1), [1, 1, 1], 1e-12);
      expect(shares.min().itemSync()).toBe(0);
    });
    it("[G16] log-softmax of [1000, 2000] is finite", () => {
      expectClose(nn.logSoftmax(tensor([1000, 2000])), [-1000, 0]);
    });
    it("gumbelSoftmax draws classes as often as softmax says, and passes the soft gradient", () => {
      manualSeed(1);
      const logits = tensor([0, Math.log(2), Math.log(5)]);
      const drawn = nn.gumbelSoftmax(logits.expand([8000, 3]), { hard: true });
      expect(new Set(drawn.dataSync())).toEqual(new Set([0, 1]));
      expectClose(drawn.mean(0), [1 / 8, 2 / 8, 5 / 8], 0.02);
      const soft = nn.gumbelSoftmax(zeros([100, 4]), { temperature: 0.5 });
      expectClose(soft.sum(-1).sub(1).abs().max(), 0, 1e-6);
      const draw = (hard: boolean): number[] => {
        manualSeed(7);
        const f = (x: Tensor): Tensor =>
          nn
            .gumbelSoftmax(x, { hard })
            .mul(tensor([1, 2, 4]))
            .sum();
        return [...grad(f)(logits).dataSync()];
      };
      expect(draw(true)).toEqual(draw(false));
      expect(draw(true).some((g) => Math.abs(g) > 1e-4)).toBe(true);
      expect(() => nn.gumbelSoftmax(logits, { temperature: -1 })).toThrow(ArgumentError);
    });
  });

  describe("learned", () => {
    it("[N32] as layers: LeakyReLU learns nothing, PReLU a slope for each channel or one for all", () => {
      const x = fixed([2, 3, 4], 13);
      const leaky = new nn.LeakyReLU();
      expect(leaky.parameters()).toEqual([]);
      expect([...leaky.forward(x).dataSync()]).toEqual([...x.dataSync()].map((v) => (v > 0 ? v : 0.01 * v)));
      for (const channels of [1, 3]) {
        const layer = new nn.PReLU(channels, { dtype: "f64" });
        expect(layer.parameters().map(({ shape }) => [...shape])).toEqual([[channels]]);
        const all = nn.sequential(new nn.Linear(4, 4, { dtype: "f64" }), layer);
        expect(all.parameters()).toHaveLength(3);
        gradCheck((a) => all.forward(a), [x]);
      }
      gradCheck((a) => leaky.forward(a), [x]);
    });
    it("[G5] PReLU: the gradient of the slope is the sum over negatives of x·d, per channel", () => {
      const [x, d] = [fixed([2, 3, 4], 11), fixed([2, 3, 4], 12)];
      const layer = new nn.PReLU(3, { dtype: "f64" });
      expect([...layer.weight.dataSync()]).toEqual([0.25, 0.25, 0.25]);
      layer.forward(x).mul(d).sum().backward();
      const wanted = [0, 0, 0];
      const [xs, ds] = [x.dataSync(), d.dataSync()];
      for (const [i, v] of xs.entries()) if (v < 0) wanted[Math.floor(i / 4) % 3]! += v * ds[i]!;
      expectNumbers("slopes", layer.weight.grad!, wanted, 1e-12);
      gradCheck((a, s) => nn.prelu(a, s), [x, slopes(0, 3)]);
      expect([...layer.stateDict()["weight"]!.shape]).toEqual([3]);
      expect(() => new nn.PReLU(5).forward(zeros([2, 3]))).toThrow(ShapeError);
      expect(() => new nn.PReLU(0)).toThrow(/PReLU\(0\): channels must be a whole number of 1 or more/);
    });
    it("[G10] ParametricSwish learns beta, and is Swish at 1", () => {
      const layer = new nn.ParametricSwish(1, { dtype: "f64" });
      expectNumbers("at 1", layer.forward(fixed(SHAPE, 3)), [...fixed(SHAPE, 3).silu().dataSync()], 1e-15);
      gradCheck((x, beta) => x.mul(x.mul(beta).sigmoid()), [fixed([5], 1), tensor(Float64Array.of(0.7))]);
      const x = fixed([3, 2], 4).mul(3);
      const channels = new nn.ParametricSwish(2, { dtype: "f64", initial: 0.7 });
      channels.forward(x).sum().backward();
      const byHand = (beta: Tensor): Tensor => x.mul(x.mul(beta).sigmoid()).sum();
      const wanted = grad(byHand)(tensor(Float64Array.of(0.7, 0.7)));
      expectNumbers("beta", channels.beta.grad!, [...wanted.dataSync()], 1e-12);
      expectNumbers("fixed beta", nn.swish(x, 0.7), [...channels.forward(x).dataSync()], 1e-12);
    });
    it("RReLU: slopes of [1/8, 1/3] while training, new at every call, also traced; the mean afterwards", () => {
      const layer = new nn.RReLU();
      const x = tensor([-1, -1, -1, -1, 2]);
      const run = jit((v: Tensor) => layer.forward(v));
      for (const f of [(v: Tensor) => layer.forward(v), run]) {
        const [first, second] = [[...f(x).dataSync()], [...f(x).dataSync()]];
        expect(first).not.toEqual(second);
        for (const v of [...first.slice(0, 4), ...second.slice(0, 4)]) {
          expect(-v).toBeGreaterThanOrEqual(1 / 8);
          expect(-v).toBeLessThanOrEqual(1 / 3);
        }
        expect(first[4]).toBe(2);
      }
      layer.eval();
      expectClose(layer.forward(x), [-11 / 48, -11 / 48, -11 / 48, -11 / 48, 2]);
      expect(() => nn.rrelu(x, 0.5, 0.1)).toThrow(/needs lower ≤ upper, got 0.5 and 0.1/);
    });
  });

  describe("gates and pieces", () => {
    const x = (): Tensor => fixed([2, 6], 21).mul(3);
    const halves = (): [Tensor, Tensor] => [x().slice(null, [0, 3]), x().slice(null, [3, 6])];
    it.each<[string, nn.GatedFunction, () => nn.Layer, (b: Tensor) => Tensor]>([
      ["GLU", nn.glu, () => new nn.GLU(), (b) => b.sigmoid()],
      ["BilinearGLU", nn.bilinearGlu, () => new nn.BilinearGLU(), (b) => b],
      ["ReGLU", nn.reglu, () => new nn.ReGLU(), (b) => b.relu()],
      ["GEGLU", nn.geglu, () => new nn.GEGLU(), (b) => b.gelu()],
      ["SwiGLU", nn.swiglu, () => new nn.SwiGLU(), (b) => b.silu()],
    ])("%s is a · gate(b)", (name, f, layer, gate) => {
      const [a, b] = halves();
      const wanted = [...a.mul(gate(b)).dataSync()];
      expectNumbers(name, f(x()), wanted, 1e-14);
      expectNumbers(name, call(layer(), x()), wanted, 1e-14);
      expect(String(layer())).toBe(`${name}()`);
      gradCheck(f, [x()]);
      expect(() => f(zeros([2, 3]))).toThrow(/is cut in two halves, so its size must be even, got \[2, 3\]/);
    });
    it("maxout takes the largest of neighbours", () => {
      expectClose(nn.maxout(tensor([[1, 5, 2, 4, 3, 6]]), 3), [[5, 6]]);
      expectClose(nn.maxout(tensor([[1], [5], [2], [4]]), 2, 0), [[5], [4]]);
      expectClose(call(new nn.Maxout(2), tensor([1, 2, 4, 3])), [2, 4]);
      gradCheck((v) => nn.maxout(v, 2), [x()]);
      expect(() => nn.maxout(zeros([2, 5]), 2)).toThrow(ShapeError);
    });
  });

  describe("limits", () => {
    it("nothing overflows: values at ±1000 and their gradients are finite", () => {
      const bounded = Object.entries(cases).filter(([name]) => !/of rows|of channels/.test(name));
      for (const [name, [f]] of bounded)
        for (const v of [-1000, 1000]) {
          const x = tensor([v, 0.5, 0.25, 0.125]);
          expect(f(x).dataSync().every(Number.isFinite), `${name}(${v})`).toBe(true);
          const slope = grad((t: Tensor) => f(t).sum())(x);
          expect(slope.dataSync().every(Number.isFinite), `${name}'(${v})`).toBe(true);
        }
    });
    it("squareplus keeps its digits far to the left", () => {
      expectClose(nn.squareplus(tensor([-1e3])).mul(1e3), [1], 1e-5);
    });
    it("widths below 0 are refused", () => {
      expect(() => nn.hardShrink(zeros([2]), -1)).toThrow(/hardShrink: lambda must be 0 or more, got -1/);
      expect(() => nn.softShrink(zeros([2]), NaN)).toThrow(ArgumentError);
    });
  });

  describe("[G19] [G20] by name, by function, as layer", () => {
    const model = (activation: nn.ActivationLike): Tensor => {
      manualSeed(5);
      const net = nn.sequential(new nn.Linear(3, 8), new nn.Activation(activation), new nn.Linear(8, 2));
      return net.forward(fixed([4, 3], 9).float());
    };
    it("one model, four ways to say mish", () => {
      const wanted = [...model("mish").dataSync()];
      for (const said of [nn.mish, (x: Tensor) => x.mul(x.softplus().tanh()), new nn.Mish()])
        expectNumbers("mish", model(said as nn.ActivationLike), wanted, 1e-6);
      const layer = nn.sequential(new nn.Linear(3, 8), new nn.Mish());
      expect(String(layer.layers[1])).toBe("Mish()");
    });
    it("linear, null and nothing are the identity, with gradient 1", () => {
      const wanted = [...model("linear").dataSync()];
      for (const said of [null, undefined, new nn.Identity()]) expect([...model(said).dataSync()]).toEqual(wanted);
      const slope = grad((x: Tensor) => nn.linear(x).sum())(tensor([3, -2]));
      expectClose(slope, [1, 1]);
    });
    it("an unknown name is an error that lists the names", () => {
      expect(() => new nn.Activation("rellu" as nn.ActivationName)).toThrow(
        /activation: there is none named "rellu".*relu, relu6/,
      );
      expect(() => nn.activationOf("toString" as nn.ActivationName)).toThrow(ArgumentError);
    });
    it("says what it is", () => {
      expect([new nn.Activation("relu"), new nn.Activation(null), new nn.Activation(nn.mish)].map(String)).toEqual([
        "Activation(relu)",
        "Activation(linear)",
        "Activation(mish)",
      ]);
      expect(String(new nn.Softplus(2, 1))).toBe("Softplus(2, 1)");
    });
  });
});

it("[G7] twenty layers of SELU with LeCun's normal weights keep mean 0 and variance 1", () => {
  manualSeed(2);
  let x: Tensor = randn([256, 256]);
  for (let layer = 0; layer < 20; layer++) x = nn.selu(x.matmul(randn([256, 256]).div(16)));
  expect(Math.abs(x.mean().itemSync())).toBeLessThan(0.1);
  expect(Math.abs(x.variance().itemSync() - 1)).toBeLessThan(0.2);
});
