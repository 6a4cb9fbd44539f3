import { describe, expect, test } from "vitest";
import {
  checkpoint,
  customGradient,
  explain,
  grad,
  gradCheck,
  hessian,
  jacobian,
  jvp,
  nn,
  noGrad,
  ones,
  setDevice,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  zeros,
} from "../index.ts";
import { topological, type Node } from "../graph/node.ts";
import { expectClose, fixed as f64, onEachDevice, spread } from "./devices.testing.ts";

const scalar = (x: number): Tensor => tensor(Float64Array.of(x), []);

onEachDevice(() => {
  describe("grad", () => {
    test("[AI3] [A13] w², w³, w, 1/w at w = 2: 4, 12, 1, -0.25", () => {
      const w = scalar(2);
      expect(grad((x: Tensor) => x.pow(2))(w).itemSync()).toBe(4);
      expect(grad((x: Tensor) => x.mul(x).mul(x))(w).itemSync()).toBe(12);
      expect(grad((x: Tensor) => x.mul(1))(w).itemSync()).toBe(1);
      expect(grad((x: Tensor) => x.recip())(w).itemSync()).toBe(-0.25);
    });

    test("[C20] [A12] grad(w → w²) at 3, 2, -3 = 6, 4, -6", () => {
      const slope = grad((w: Tensor) => w.square());
      expect([3, 2, -3].map((w) => slope(scalar(w)).itemSync())).toEqual([6, 4, -6]);
    });

    test("[A16] the gradient of x²y at (3, 2) is [12, 9]", () => {
      const both = grad((x: Tensor, y: Tensor) => x.square().mul(y), { argnums: [0, 1] });
      expect(both(scalar(3), scalar(2)).map((g) => g.itemSync())).toEqual([12, 9]);
    });

    test("[A6] what is used twice gets both contributions; what is not used gets zeros", () => {
      expect(grad((x: Tensor) => x.mul(x).add(x))(scalar(3)).itemSync()).toBe(7);
      expect(grad((x: Tensor) => x.sum(), { argnums: 0 })(ones([2, 2])).toArraySync()).toEqual([
        [1, 1],
        [1, 1],
      ]);
      expect(grad((_: Tensor, y: Tensor) => y.sum())(ones([2]), ones([2])).toArraySync()).toEqual([0, 0]);
    });

    test("higher orders: sin''' = -cos, and mixed derivatives", () => {
      const sin = (x: Tensor): Tensor => x.sin();
      expect(grad(grad(grad(sin)))(scalar(0.5)).itemSync()).toBeCloseTo(-Math.cos(0.5), 12);
      const mixed = grad((x: Tensor) => grad((y: Tensor) => x.mul(y).sin())(scalar(0.3)));
      // d/dx [x·cos(xy)] = cos(xy) − xy·sin(xy)
      expect(mixed(scalar(2)).itemSync()).toBeCloseTo(Math.cos(0.6) - 0.6 * Math.sin(0.6), 12);
    });

    test("arguments and extra results may be nested", () => {
      const loss = (p: { w: Tensor; layers: Tensor[] }, x: Tensor): [Tensor, { scaled: Tensor }] => {
        const y = x.mul(p.w).add(p.layers[0]!);
        return [y.square().sum(), { scaled: y.mul(2) }];
      };
      const [[value, aux], gradient] = valueAndGrad(loss, { hasAux: true })(
        { w: scalar(2), layers: [scalar(1)] },
        scalar(3),
      );
      expect(value.itemSync()).toBe(49);
      expect(aux.scaled.itemSync()).toBe(14);
      expect([gradient.w.itemSync(), gradient.layers[0]!.itemSync()]).toEqual([42, 14]);
    });

    test("results let the graph go, unless something further out needs it", () => {
      let w = scalar(1);
      for (let i = 0; i < 3; i++) w = w.sub(grad((x: Tensor) => x.square())(w).mul(0.1));
      expect(w.requiresGrad).toBe(false);
      expect(w.itemSync()).toBeCloseTo(0.512, 12);
      const p = nn.parameter(tensor(Float64Array.of(3), []));
      const gradient = grad((x: Tensor) => x.mul(p).square())(scalar(2));
      expect(gradient.requiresGrad).toBe(true);
      gradient.backward();
      // d/dp [2·x·p²] = 4·x·p
      expect(p.grad!.itemSync()).toBe(24);
    });

    test("refuses values that are not single floats, and integer arguments", () => {
      expect(() => grad((x: Tensor) => x)(ones([2]))).toThrow(
        "grad: the function must return a single element, got [2]. Reduce it, or use vjp or jacobian",
      );
      expect(() => grad((x: Tensor) => x.sum().int())(ones([2]))).toThrow("returned i32, which has no gradients");
      expect(() => grad((x: Tensor) => x.sum())(tensor([1], { dtype: "i32" }))).toThrow(
        "there are no gradients with respect to i32. Use x.float(), or other argnums",
      );
      expect(() => grad((x: Tensor) => x.sum(), { argnums: 3 })(ones([2]))).toThrow(
        "argnums 3 names none of 1 arguments",
      );
    });
  });

  describe("products with the Jacobian", () => {
    const f = (x: Tensor): Tensor =>
      x
        .sin()
        .matmul(f64([3, 2], 5))
        .exp();

    test("[A17] vjp is the transposed Jacobian times the cotangent", () => {
      const [x, v] = [f64([3]), f64([2], 3)];
      const matrix = jacobian(f)(x);
      expect(matrix.shape).toEqual([2, 3]);
      const [value, pullback] = vjp(f, x);
      expectClose(value, f(x).toArraySync() as number[], 1e-12);
      expectClose(pullback(v)[0], matrix.T.matmul(v).toArraySync() as number[], 1e-12);
      expect(() => pullback(f64([3]))).toThrow("the cotangent [3] must have the shape of the value, [2]");
    });

    test("jvp is the Jacobian times the tangent", () => {
      const [x, t] = [f64([3]), f64([3], 3)];
      const [value, tangent] = jvp(f, [x], [t]);
      expectClose(value, f(x).toArraySync() as number[], 1e-12);
      expectClose(tangent, jacobian(f)(x).matmul(t).toArraySync() as number[], 1e-12);
      expectClose(jvp((y: Tensor) => y.floor(), [x], [t])[1], [0, 0, 0]);
      expect(() => jvp(f, [x], [f64([2])])).toThrow("input 0 has shape [3], its tangent [2]");
    });

    test("jvp of a gradient is a Hessian-vector product", () => {
      const g = (x: Tensor): Tensor =>
        x
          .pow(3)
          .sum()
          .add(x.slice(0).mul(x.slice(1)));
      const [x, v] = [f64([3]), f64([3], 2)];
      const matrix = hessian(g)(x);
      expect(matrix.shape).toEqual([3, 3]);
      expectClose(jvp((y: Tensor) => grad(g)(y), [x], [v])[1], matrix.matmul(v).toArraySync() as number[], 1e-12);
      expectClose(matrix, matrix.T.toArraySync() as number[][], 1e-12);
    });
  });

  describe("backward on parameters", () => {
    test("[A26] [A20] accumulates; a whole pass by hand equals it", () => {
      const shapes: number[][] = [
        [4, 5],
        [3, 4],
        [1, 3],
      ];
      const weights = shapes.map((shape, i) => nn.parameter(f64(shape, i + 1)));
      const [x, y] = [f64([5, 7], 9), f64([1, 7], 8).gt(0).cast("f64")];
      const activations = [x];
      let a = x;
      weights.forEach((w, i) => {
        const z = w.matmul(a);
        a = i < 2 ? z.tanh() : z.sigmoid();
        activations.push(a);
      });
      const loss = y
        .mul(a.log())
        .add(y.neg().add(1).mul(a.neg().add(1).log()))
        .sum()
        .div(-7);
      loss.backward();
      // dZ[L] = A − Y; dW = dZ·Aᵀ / m; dA = Wᵀ·dZ; dZ[l] = dA·(1 − A²)
      let dz = activations[3]!.sub(y);
      for (let l = 2; l >= 0; l--) {
        const byHand = dz.matmul(activations[l]!.T).div(7);
        expectClose(weights[l]!.grad as Tensor, byHand.toArraySync() as number[][], 1e-9);
        if (l > 0) dz = weights[l].T.matmul(dz).mul(activations[l]!.square().neg().add(1));
      }
    });

    test("[A9] [AI1] one unit: a = 4, J = 2; dJ/da = 2, dJ/db = 2, dJ/dw = -4", () => {
      const [w, b] = [nn.parameter(tensor(Float32Array.of(2), [])), nn.parameter(tensor(Float32Array.of(8), []))];
      const c = w.mul(-2);
      const a = c.add(b);
      const d = a.sub(2);
      const j = d.square().mul(0.5);
      expect([c, a, d, j].map((x) => x.itemSync())).toEqual([-4, 4, 2, 2]);
      j.backward();
      expect([w.grad!.itemSync(), b.grad!.itemSync()]).toEqual([-4, 2]);
    });

    test("[A10] [AI2] two layers of ReLU: dw1 = 6, db1 = 6, dw2 = 4, db2 = 2; J(w1 = 2.001) = 2.0060045", () => {
      const forward = (w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor): Tensor => {
        const a1 = w1.mul(1).add(b1).relu();
        return w2.mul(a1).add(b2).relu().sub(5).square().mul(0.5);
      };
      const [w1, b1, w2, b2] = [2, 0, 3, 1].map((v) => scalar(v)) as [Tensor, Tensor, Tensor, Tensor];
      expect(forward(w1, b1, w2, b2).itemSync()).toBe(2);
      const gradients = grad(forward, { argnums: [0, 1, 2, 3] })(w1, b1, w2, b2);
      expect(gradients.map((g) => g.itemSync())).toEqual([6, 6, 4, 2]);
      expect(forward(scalar(2.001), b1, w2, b2).itemSync()).toBeCloseTo(2.0060045, 10);
    });
  });

  describe("without gradients", () => {
    test("[A24] under noGrad nothing is recorded", () => {
      const p = nn.parameter(tensor(Float32Array.of(1, 2), [2]));
      expect(p.mul(2).requiresGrad).toBe(true);
      const y = noGrad(() => p.mul(2));
      expect(y.requiresGrad).toBe(false);
      expect(() => y.sum().backward()).toThrow("nothing trainable");
      expect(p.mul(2).detach().requiresGrad).toBe(false);
      expect(noGrad(() => grad((x: Tensor) => x.square())(scalar(3)).itemSync())).toBe(6);
    });
  });

  describe("gradients of your own", () => {
    test("a straight-through rounding", () => {
      const round = customGradient({
        name: "roundThrough",
        forward: (x: Tensor) => x.round(),
        backward: (gradient) => [gradient],
      });
      expect(round(tensor([1.4, 2.6])).toArraySync()).toEqual([1, 3]);
      expect(grad((x: Tensor) => round(x).square().sum())(tensor([1.4, 2.6])).toArraySync()).toEqual([2, 6]);
    });

    test("receives the output and the inputs, may leave some out, and can be differentiated again", () => {
      const power = customGradient({
        forward: (x: Tensor, n: Tensor) => x.pow(n),
        backward: (gradient, output, [x, n]) => [gradient.mul(output).mul(n!).div(x!), null],
      });
      gradCheck((x: Tensor) => power(x.abs().add(1), scalar(2.5)), [f64([3])], { order: 2 });
      expect(grad(power, { argnums: 1 })(scalar(2), scalar(3)).itemSync()).toBe(0);
    });

    test("checks what comes back", () => {
      const wrong = customGradient({ name: "twice", forward: (x: Tensor) => x.mul(2), backward: () => [] });
      expect(() => grad((x: Tensor) => wrong(x).sum())(ones([2]))).toThrow(
        "twice: backward returned 0 gradients for 1 inputs",
      );
      const shape = customGradient({ name: "flat", forward: (x: Tensor) => x.mul(2), backward: (g) => [g.sum()] });
      expect(() => grad((x: Tensor) => shape(x).sum())(ones([2]))).toThrow(
        "flat: the gradient of input 0 has shape [], the input [2]",
      );
    });
  });

  describe("checkpoint", () => {
    const block = (x: Tensor): Tensor =>
      x
        .matmul(f64([4, 4], 7))
        .relu()
        .softmax()
        .mul(x.sigmoid());

    test("gives the same value and the same gradients, twice over", () => {
      const x = f64([3, 4]);
      expectClose(checkpoint(block)(x), block(x).toArraySync() as number[][], 1e-14);
      const plain = grad((v: Tensor) => block(v).square().sum())(x);
      const saved = grad((v: Tensor) => checkpoint(block)(v).square().sum())(x);
      expectClose(saved, plain.toArraySync() as number[][], 1e-14);
      gradCheck((v: Tensor) => checkpoint(block)(v), [x], { order: 2 });
      gradCheck((v: Tensor) => checkpoint((u: Tensor) => checkpoint(block)(u).sin())(v), [x]);
    });

    test("parameters used inside get their gradients", () => {
      const p = nn.parameter(tensor(f64([4, 4], 3).dataSync(), [4, 4]));
      const run = (x: Tensor): Tensor => x.matmul(p).tanh();
      const x = f64([2, 4]);
      checkpoint(run)(x).sum().backward();
      const want = grad((q: Tensor) => x.matmul(q).tanh().sum())(f64([4, 4], 3));
      expectClose(p.grad as Tensor, want.toArraySync() as number[][], 1e-14);
    });

    test("the backward pass hangs on recomputed nodes, not on the first ones", () => {
      let inner: Node | undefined;
      const run = checkpoint((v: Tensor) => {
        const hidden = v.sin();
        inner = hidden.node;
        return hidden.exp();
      });
      const gradient = grad((v: Tensor) => run(v).sum())(f64([3]));
      expect(topological([gradient.node]).includes(inner!)).toBe(false);
    });
  });

  describe("gradCheck", () => {
    test("[A19] [A3] passes right gradients in float64 and reports the error", () => {
      expect(gradCheck((x: Tensor, y: Tensor) => x.matmul(y).tanh(), [f64([2, 3]), f64([3, 2])])).toBeLessThan(1e-6);
      expect(gradCheck((x: Tensor) => x.mul(0), [f64([2])])).toBe(0);
      // Integer inputs are passed on.
      gradCheck((x: Tensor, i: Tensor) => x.gather(i), [f64([3]), tensor([2, 0], { dtype: "i32" })]);
    });

    test("[A19] refuses wrong ones, naming input and element", () => {
      const wrong = customGradient({
        forward: (x: Tensor) => x.square(),
        backward: (gradient, _, [x]) => [gradient.mul(x!).mul(2.01)],
      });
      expect(() => gradCheck(wrong, [f64([3])])).toThrow(
        /gradCheck: the gradient of input 0 \[3\]: element \d is .* central differences give/,
      );
      const halfRight = customGradient({
        forward: (x: Tensor) => x.pow(3),
        backward: (gradient, _, [x]) => [gradient.mul(x!.square().detach()).mul(3)],
      });
      gradCheck(halfRight, [f64([3])]);
      expect(() => gradCheck(halfRight, [f64([3])], { order: 2 })).toThrow("the second derivative of input 0");
    });
  });

  test("zeros have gradients like anything else", () => {
    expect(grad((x: Tensor) => x.sum())(zeros([0])).shape).toEqual([0]);
  });
});

test("checkpoint halves the memory that the compiler plans, for less than twice the work", () => {
  setDevice("wasm");
  const [x, w] = [tensor(spread(64 * 32), [64, 32]), tensor(spread(32 * 32), [32, 32])];
  const block = (v: Tensor): Tensor => Array.from({ length: 4 }).reduce<Tensor>((y) => y.matmul(w).tanh(), v);
  const plan = (f: (v: Tensor) => Tensor): { scratchBytes: number; flops: number } =>
    explain(
      grad((v: Tensor) =>
        f(f(f(f(v))))
          .square()
          .sum(),
      ),
      x,
    );
  const [plain, saved] = [plan(block), plan(checkpoint(block))];
  expect(saved.scratchBytes).toBeLessThan(plain.scratchBytes / 2);
  expect(saved.flops).toBeLessThan(plain.flops * 2);
});
