import { describe, expect, test } from "vitest";
import {
  cumsum,
  grad,
  hessian,
  hvp,
  jacobian,
  jit,
  jvp,
  nn,
  rand,
  sort,
  stack,
  tensor,
  vjp,
  vmap,
  zeros,
  type Tensor,
} from "../index.ts";
import { onEachDevice, spread } from "./devices.testing.ts";

const f64 = (shape: readonly number[], seed: number = 1): Tensor =>
  tensor(
    Float64Array.from(
      spread(
        shape.reduce((n, d) => n * d, 1),
        seed,
      ),
    ),
    [...shape],
  );
/** The function of every example alone, stacked. */
const each = (f: (...x: Tensor[]) => Tensor, ...xs: readonly Tensor[]): Tensor => {
  const parts = xs.map((x) => x.unbind());
  return stack(parts[0]!.map((_, i) => f(...parts.map((part) => part[i]!))));
};

function expectSame(got: Tensor, wanted: Tensor, tolerance: number = 1e-12): void {
  expect(got.shape).toEqual(wanted.shape);
  const [a, b] = [got.dataSync(), wanted.dataSync()];
  a.forEach((value, i) =>
    expect(Math.abs(value - b[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(b[i]!))),
  );
}

onEachDevice(() => {
  describe("vmap", () => {
    const weights = (): Tensor => f64([4, 3], 2);
    const layer = (x: Tensor): Tensor => x.matmul(weights()).softmax();

    test("[C18] vmap(f)(X) is f of every example, stacked", () => {
      const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
        layer,
        "a constant": () => weights(),
        norm: (x) => x.norm(),
        sort: (x) => sort(x, -1, true).values,
        cumsum: (x) => cumsum(x, 0, { reverse: true }),
        broadcast: (x) => x.reshape([4, 1]).mul(x),
        choice: (x) => x.gt(0).any().float().mul(x.argmax()),
        indexing: (x) => weights().gather(x.argmax().reshape([1]), 0),
      };
      const xs = f64([5, 4]);
      for (const f of Object.values(functions)) expectSame(vmap(f)(xs), each(f, xs));
    });

    test("[C18] examples may lie along any axis, be shared, and come in arrays and objects", () => {
      const [a, b] = [f64([4, 5], 3), f64([2, 5, 4], 4)];
      const f = (x: Tensor, y: Tensor): Tensor => y.matmul(x);
      const matrices = b.unbind(1);
      expectSame(
        vmap(f, { inAxes: [1, 1], outAxes: 1 })(a, b),
        stack(
          a.unbind(1).map((x, i) => f(x, matrices[i]!)),
          1,
        ),
      );
      expectSame(
        vmap(f, { inAxes: [-1, null] })(a, matrices[0]!),
        each((x) => f(x, matrices[0]!), a.T),
      );
      const nested = vmap(({ x, more: [y] }: { x: Tensor; more: [Tensor] }) => ({ sum: x.add(y), one: [x.sum()] }));
      const { sum, one } = nested({ x: a, more: [a.square()] });
      expectSame(sum, a.add(a.square()));
      expectSame(one[0]!, a.sum(1));
      const [first, second] = vmap((x: Tensor) => [x, x.outer(x)], { outAxes: [1, 2] })(a);
      expect([first!.shape, second!.shape]).toEqual([
        [5, 4],
        [5, 5, 4],
      ]);
    });

    test("[C18] nests: pairwise distances", () => {
      const xs = f64([3, 2], 5);
      const distance = (a: Tensor, b: Tensor): Tensor => a.sub(b).square().sum();
      const all = vmap((a: Tensor) => vmap((b: Tensor) => distance(a, b))(xs))(xs);
      expectSame(
        all,
        each((a) => each((b) => distance(a, b), xs), xs),
      );
    });

    test("[C18] gradients per example, and gradients through vmap", () => {
      const loss = (w: Tensor, x: Tensor, y: Tensor): Tensor => x.matmul(w).logSoftmax().mul(y).sum().neg();
      const [xs, ys] = [f64([5, 4], 6), f64([5, 3], 7).softmax()];
      const perExample = vmap(grad(loss), { inAxes: [null, 0, 0] })(weights(), xs, ys);
      expectSame(
        perExample,
        each((x, y) => grad(loss)(weights(), x, y), xs, ys),
      );
      const total = grad((w: Tensor) => vmap((x: Tensor, y: Tensor) => loss(w, x, y))(xs, ys).sum())(weights());
      expectSame(total, perExample.sum(0));
      // The same once more: a gradient of gradients per example.
      const sharp = (w: Tensor): Tensor =>
        vmap(grad(loss, { argnums: 1 }), { inAxes: [null, 0, 0] })(w, xs, ys)
          .square()
          .sum();
      const apart = (w: Tensor): Tensor =>
        each((x, y) => grad(loss, { argnums: 1 })(w, x, y), xs, ys)
          .square()
          .sum();
      expectSame(grad(sharp)(weights()), grad(apart)(weights()));
    });

    test("[C18] pushforwards and pullbacks per example", () => {
      const [xs, ts] = [f64([3, 4], 8), f64([3, 4], 9)];
      expectSame(
        vmap((x: Tensor, t: Tensor) => jvp(layer, [x], [t])[1])(xs, ts),
        each((x, t) => jvp(layer, [x!], [t!])[1], xs, ts),
      );
      expectSame(
        vmap((x: Tensor) => vjp(layer, x)[1](weights().unbind()[0]!)[0])(xs),
        each((x) => vjp(layer, x)[1](weights().unbind()[0]!)[0], xs),
      );
    });

    test("[C18] loops: an LSTM over one sequence, over many, with gradients", () => {
      const cell = new nn.LSTM(3, 2, { dtype: "f64", batchFirst: true });
      const run = (x: Tensor): Tensor => cell.forward(x.unsqueeze(0))[0].squeeze(0);
      const xs = f64([4, 5, 3], 10);
      expectSame(vmap(run)(xs), each(run, xs));
      const energy = (x: Tensor): Tensor => run(x).square().sum();
      expectSame(vmap(grad(energy))(xs), each(grad(energy), xs));
      expectSame(grad((all: Tensor) => vmap(energy)(all).sum())(xs), each(grad(energy), xs));
    });

    test("inside jit, and with random numbers that all examples share", () => {
      const xs = f64([3, 4], 11);
      expectSame(jit((x: Tensor) => vmap(layer)(x))(xs), vmap(layer)(xs));
      const drawn = vmap((x: Tensor) => x.add(rand([4])))(zeros([3, 4])).toArraySync() as number[][];
      expect(drawn[1]).toEqual(drawn[0]);
    });

    test("no examples give no results", () => {
      expect(vmap(layer)(f64([0, 4])).shape).toEqual([0, 3]);
    });

    test("what cannot be mapped is refused", () => {
      const xs = f64([3, 4]);
      expect(() => vmap((x: Tensor) => x, { inAxes: null })(xs)).toThrow("vmap: no argument has an axis of examples");
      expect(() => vmap((x: Tensor) => x, { inAxes: [0, 0] })(xs)).toThrow("vmap: inAxes names 2 arguments, got 1");
      expect(() => vmap((x: Tensor, y: Tensor) => x.add(y))(xs, f64([2, 4]))).toThrow(
        "vmap: axis 0 of argument 1, [2, 4], holds 2 examples, the ones before it 3",
      );
      expect(() => vmap((x: Tensor) => x)(f64([]))).toThrow("vmap: axis 0 is out of range for []");
      expect(() => vmap((x: Tensor) => x, { outAxes: [0, 1] })(xs)).toThrow(
        "outAxes names 2 results, the function returned no array",
      );
      expect(() => vmap((x: Tensor) => x.mul(x.sum().itemSync()))(xs)).toThrow("vmap: a tensor was read");
      expect(() => vmap((x: Tensor) => x.matmul(x))(f64([3, 4, 5]))).toThrow(
        "inner dimensions differ: [4, 5] × [4, 5]",
      );
    });
  });

  describe("whole matrices of derivatives", () => {
    const m = (): Tensor => f64([3, 4], 12);
    const f = (x: Tensor): Tensor => m().matmul(x.sin()).square();
    const energy = (x: Tensor): Tensor => m().matmul(x.exp()).square().sum();

    test("[A17] jacobian, reverse and forward, is the pullback of every row", () => {
      const x = f64([4], 13);
      const rows = stack(
        Array.from({ length: 3 }, (_, i) => {
          const row = new Float64Array(3);
          row[i] = 1;
          return vjp(f, x)[1](tensor(row))[0];
        }),
      );
      expectSame(jacobian(f)(x), rows);
      expectSame(jacobian(f, { mode: "forward" })(x), rows);
      const wide = jacobian((a) => a.outer(a))(x);
      expect(wide.shape).toEqual([4, 4, 4]);
      expectSame(jacobian((a) => a.outer(a), { mode: "forward" })(x), wide);
      expect(() => jacobian((a) => a.argmax())(x)).toThrow(
        "jacobian: the function returned i32 [], which has no gradients",
      );
    });

    test("hessian is symmetric, of any mix of modes, and hvp is its product with a vector", () => {
      const x = f64([4], 13);
      const second = hessian(energy)(x);
      expectSame(second, second.T);
      expectSame(jacobian(jacobian(energy, { mode: "forward" }))(x), second);
      expectSame(jacobian(grad(energy), { mode: "forward" })(x), second);
      const v = f64([4], 14);
      expectSame(hvp(energy, [x], [v])[0], second.matmul(v));
      const [left, right] = hvp((a: Tensor, b: Tensor) => a.mul(b.exp()).sum(), [x, v], [v, x]);
      expectSame(left, v.exp().mul(x));
      expectSame(right, v.exp().mul(v).add(x.mul(v.exp()).mul(x)));
    });

    test("hessian per example, and jacobians of jacobians", () => {
      const x = f64([4], 13);
      const xs = f64([3, 4], 15);
      expectSame(vmap(hessian(energy))(xs), each(hessian(energy), xs));
      const cubes = jacobian(jacobian((a) => a.mul(a).mul(a)))(x);
      expect(cubes.shape).toEqual([4, 4, 4]);
      expect((cubes.toArraySync() as number[][][])[2]![2]![2]).toBeCloseTo(6 * x.dataSync()[2]!, 12);
    });
  });
});
