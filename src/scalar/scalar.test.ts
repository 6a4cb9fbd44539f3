import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  Add,
  differenceQuotient,
  Div,
  Exp,
  Log,
  Mul,
  Pow,
  Relu,
  Scalar,
  type Differentiable,
  Sigmoid,
  Sin,
  Sub,
  Tanh,
} from "./index.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** d f / d x at `x`, by the engine. */
function derivative(f: (x: Scalar) => Scalar, x: number): number {
  const input = new Scalar(x);
  f(input).backward();
  return input.grad;
}

/** (f(x + h) - f(x - h)) / 2h. */
function centralDifference(f: (x: number) => number, x: number, step = 1e-6): number {
  return (differenceQuotient(f, x, step) + differenceQuotient(f, x, -step)) / 2;
}

/** The number a scalar function gives for a plain number. */
const plain =
  (f: (x: Scalar) => Scalar) =>
  (x: number): number =>
    f(new Scalar(x)).value;

/** Relative to the larger of the two, absolute near zero. */
function expectClose(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(actual), Math.abs(expected)),
  );
}

const number = fc.double({ min: -3, max: 3, noNaN: true });
const positive = fc.double({ min: 0.25, max: 3, noNaN: true });

describe("a scalar", () => {
  it("[A1] behaves like a number and carries its graph", () => {
    const result = new Scalar(3).mul(new Scalar(4)).add(1);
    expect(`${result}`).toBe("13");
    expect(Number(result)).toBe(13);
    expect(Math.max(Number(result), 12)).toBe(13);
    const operations = result.ancestors().filter((node) => node.history !== null);
    expect(operations.map((node) => node.history!.fn.name)).toEqual(["Mul", "Add"]);
  });

  it("[A2] records the function and inputs of every step, in an order where inputs come first", () => {
    const x = new Scalar(0.5);
    const result = x.mul(x).sin().add(x.exp()).div(3);
    const order = result.ancestors();
    expect(order.at(-1)).toBe(result);
    for (const node of order) {
      if (node === x) continue;
      expect(node.history!.inputs).toHaveLength(node.history!.fn.forward.length);
      for (const input of node.history!.inputs) {
        if (input instanceof Scalar) expect(order.indexOf(input)).toBeLessThan(order.indexOf(node));
      }
    }
  });

  const unary: [Differentiable, typeof number][] = [
    [Exp, number],
    [Log, positive],
    [Sin, number],
    [Tanh, number],
    [Sigmoid, number],
  ] as [Differentiable, typeof number][];
  const binary: [Differentiable, typeof number, typeof number][] = [
    [Add, number, number],
    [Sub, number, number],
    [Mul, number, number],
    [Div, number, positive],
    [Pow, positive, number],
  ] as [Differentiable, typeof number, typeof number][];

  it.each(unary)("[A3] $name.backward matches central differences", (fn, inputs) => {
    fc.assert(
      fc.property(inputs, number, (x, d) => {
        expectClose(fn.backward(d, x)[0], d * centralDifference(fn.forward, x), 1e-5);
      }),
    );
  });

  it.each(binary)("[A3] $name.backward matches central differences in both inputs", (fn, first, second) => {
    fc.assert(
      fc.property(first, second, number, (x, y, d) => {
        const [dx, dy] = fn.backward(d, x, y);
        expectClose(dx, d * centralDifference((value) => fn.forward(value, y), x), 1e-5);
        expectClose(dy, d * centralDifference((value) => fn.forward(x, value), y), 1e-5);
      }),
    );
  });

  it("[A3] Relu.backward matches central differences off its corner, and is 0 on it", () => {
    for (const x of [-2, -0.1, 0.1, 2])
      expectClose(Relu.backward(3, x)[0], 3 * centralDifference(Relu.forward, x), 1e-5);
    expect(Relu.backward(3, 0)).toEqual([0]);
  });

  it("[A4] a method is its function applied", () => {
    const x = new Scalar(3);
    const y = new Scalar(-2);
    const out = Mul.apply(x, y);
    expect(out.value).toBe(3 * -2);
    expect(out.history!.fn).toBe(Mul);
    expect(out.history!.inputs).toEqual([x, y]);
    expect(x.mul(y).history!.fn).toBe(Mul);
  });

  it("[A5] chain rule, one argument", () => {
    const f = (x: Scalar): Scalar => x.pow(2).sin().exp();
    fc.assert(fc.property(number, (x) => expectClose(derivative(f, x), centralDifference(plain(f), x), 1e-5)));
    expect(derivative((x) => x.pow(2).sin(), 1.5)).toBeCloseTo(2 * 1.5 * Math.cos(1.5 ** 2), 14);
  });

  it("[A6] chain rule, two arguments, and a number used several times", () => {
    expect(derivative((x) => x.mul(x).add(x), 3)).toBe(7);
    const f = (x: Scalar, y: Scalar): Scalar => x.mul(y).tanh().add(x.div(y)).mul(y);
    fc.assert(
      fc.property(number, positive, (a, b) => {
        const x = new Scalar(a);
        const y = new Scalar(b);
        f(x, y).backward();
        expectClose(
          x.grad,
          centralDifference((value) => f(new Scalar(value), y).value, a),
          1e-5,
        );
        expectClose(
          y.grad,
          centralDifference((value) => f(x, new Scalar(value)).value, b),
          1e-5,
        );
      }),
    );
  });

  it("[A7] backward visits every operation once, however often its result is used", () => {
    const calls = [Add, Mul, Sin].map((fn) => vi.spyOn(fn, "backward"));
    const x = new Scalar(0.3);
    let result = x.sin();
    for (let i = 0; i < 30; i++) result = result.mul(0.5).add(result.mul(0.5)); // 2^30 paths, 91 operations
    result.backward();
    const operations = result.ancestors().filter((node) => node.history !== null);
    expect(operations).toHaveLength(91);
    expect(calls.reduce((sum, call) => sum + call.mock.calls.length, 0)).toBe(operations.length);
    expectClose(x.grad, Math.cos(0.3), 1e-14);
  });

  it("[A8] backward costs about n + p steps, measuring every slope n × p", () => {
    // tanh(w1 x), tanh(w2 ·), …: a chain of n = 2p operations on p parameters.
    const chain = (weights: (Scalar | number)[]): Scalar =>
      weights.reduce<Scalar>((signal, weight) => signal.mul(weight).tanh(), new Scalar(0.7));
    for (const p of [10, 20, 40]) {
      const n = 2 * p;
      const steps = [Mul, Tanh].flatMap((fn) => [vi.spyOn(fn, "forward"), vi.spyOn(fn, "backward")]);
      const counted = (run: () => void): number => {
        steps.forEach((step) => step.mockClear());
        run();
        return steps.reduce((sum, step) => sum + step.mock.calls.length, 0);
      };
      const values = Array.from({ length: p }, (_, i) => 0.9 + i / 100);
      const weights = values.map((value) => new Scalar(value));
      expect(counted(() => chain(weights).backward())).toBe(2 * n);
      const slopes: number[] = [];
      const perturbed = counted(() => {
        const base = chain(values).value;
        values.forEach((value, i) =>
          slopes.push((chain(Object.assign([...values], { [i]: value + 1e-6 })).value - base) / 1e-6),
        );
      });
      expect(perturbed).toBe(n * (p + 1));
      weights.forEach((weight, i) => expect(weight.grad).toBeCloseTo(slopes[i], 5));
      vi.restoreAllMocks();
    }
  });

  it("gradients add up over backward() calls until they are set to 0", () => {
    const x = new Scalar(3);
    const result = x.mul(x).add(x);
    result.backward();
    result.backward();
    expect(x.grad).toBe(14);
    x.grad = 0;
    result.backward();
    expect(x.grad).toBe(7);
  });

  it("differentiates at the values the result was computed from, even after a training step", () => {
    const w = new Scalar(3);
    const result = w.mul(w);
    w.value = 100;
    result.backward();
    expect(w.grad).toBe(6);
  });

  it("handles chains far deeper than the call stack", () => {
    const x = new Scalar(1);
    let result = x;
    for (let i = 0; i < 100_000; i++) result = result.add(1);
    result.backward();
    expect(result.value).toBe(100_001);
    expect(x.grad).toBe(1);
  });

  it("trains: gradient descent finds the line through three points", () => {
    const w = new Scalar(0);
    const b = new Scalar(0);
    const points = [
      [-1, -1],
      [0, 1],
      [2, 5],
    ];
    for (let epoch = 0; epoch < 500; epoch++) {
      let loss = new Scalar(0);
      for (const [x, y] of points) loss = loss.add(w.mul(x).add(b).sub(y).pow(2));
      w.grad = b.grad = 0;
      loss.backward();
      w.value -= 0.05 * w.grad;
      b.value -= 0.05 * b.grad;
    }
    expect(w.value).toBeCloseTo(2, 6);
    expect(b.value).toBeCloseTo(1, 6);
  });
});

describe("worked examples", () => {
  /** J = 1/2 (a - y)², a = w x + b. */
  function singleUnit(): Record<"x" | "y" | "w" | "b" | "c" | "a" | "d" | "J", Scalar> {
    const [x, y, w, b] = [new Scalar(-2, "x"), new Scalar(2, "y"), new Scalar(2, "w"), new Scalar(8, "b")];
    const c = w.mul(x).named("c");
    const a = c.add(b).named("a");
    const d = a.sub(y).named("d");
    const J = d.pow(2).mul(0.5).named("J");
    J.backward();
    return { x, y, w, b, c, a, d, J };
  }

  it("[A9] [AI1] computation graph of a single unit", () => {
    const { w, b, c, a, d, J } = singleUnit();
    expect([c, a, d, J].map(Number)).toEqual([-4, 4, 2, 2]);
    expect([d, a, c, b, w].map((node) => node.grad)).toEqual([2, 2, 2, 2, -4]);
  });

  it("[A27] the graph of the single unit as text, with forward and backward values", () => {
    expect(singleUnit().J.graph()).toMatchInlineSnapshot(`
      "x                 value -2  grad 4
      y                 value 2  grad -2
      w                 value 2  grad -4
      b                 value 8  grad 2
      c = Mul(w, x)     value -4  grad 2
      a = Add(c, b)     value 4  grad 2
      d = Sub(a, y)     value 2  grad 2
      v8 = Pow(d, 2)    value 4  grad 0.5
      J = Mul(v8, 0.5)  value 2  grad 1"
    `);
  });

  /** J = 1/2 (a2 - y)² with two units of one weight, one bias and a ReLU each. */
  function twoLayers(
    firstWeight: number,
  ): Record<"w1" | "b1" | "t1" | "z1" | "a1", Scalar> & Record<"w2" | "b2" | "t2" | "z2" | "a2" | "J", Scalar> {
    const [w1, b1, w2, b2] = [firstWeight, 0, 3, 1].map((value) => new Scalar(value));
    const t1 = w1.mul(1);
    const z1 = t1.add(b1);
    const a1 = z1.relu();
    const t2 = w2.mul(a1);
    const z2 = t2.add(b2);
    const a2 = z2.relu();
    const J = a2.sub(5).pow(2).mul(0.5);
    J.backward();
    return { w1, b1, t1, z1, a1, w2, b2, t2, z2, a2, J };
  }

  it("[A10] [AI2] computation graph of two layers with ReLU", () => {
    const { w1, b1, t1, z1, a1, w2, b2, t2, z2, a2, J } = twoLayers(2);
    expect([t1, z1, a1, t2, z2, a2, J].map(Number)).toEqual([2, 2, 2, 6, 7, 7, 2]);
    expect([a2, z2, b2, t2].map((node) => node.grad)).toEqual([2, 2, 2, 2]);
    expect(w2.grad).toBe(4);
    expect([a1, z1, b1, w1].map((node) => node.grad)).toEqual([6, 6, 6, 6]);
    const moved = twoLayers(2.001).J.value;
    expect(moved).toBeCloseTo(2.0060045, 12);
    expect(moved - J.value).toBeCloseTo(w1.grad * 0.001, 5);
  });

  it("[A11] the difference quotient of w² at 3 is about 6", () => {
    const square = (w: number): number => w * w;
    expect(differenceQuotient(square, 3)).toBeCloseTo(6.001, 9);
    const errors = [1e-1, 1e-2, 1e-3, 1e-4].map((step) => Math.abs(differenceQuotient(square, 3, step) - 6));
    expect(errors).toEqual([...errors].sort((a, b) => b - a)); // the smaller the step, the closer
  });

  it("[A12] derivatives of J = w²", () => {
    const J = (w: Scalar): Scalar => w.pow(2);
    expect([3, 2, -3].map((w) => derivative(J, w))).toEqual([6, 4, -6]);
    expect(plain(J)(3.001)).toBeCloseTo(9.006001, 12);
    expect(plain(J)(2.001)).toBeCloseTo(4.004001, 12);
    expect(plain(J)(-2.999)).toBeCloseTo(8.994001, 12);
  });

  const table: [string, (w: Scalar) => Scalar, number, number][] = [
    ["w²", (w) => w.pow(2), 4, 4.004001],
    ["w³", (w) => w.pow(3), 12, 8.012006],
    ["w", (w) => w, 1, 2.001],
    ["1/w", (w) => new Scalar(1).div(w), -0.25, 0.49975],
  ];
  it.each(table)("[A13] [AI3] the derivative of %s at w = 2", (_, f, slope, moved) => {
    expect(derivative(f, 2)).toBe(slope);
    expect(plain(f)(2.001)).toBeCloseTo(moved, 6);
    expect(differenceQuotient(plain(f), 2)).toBeCloseTo(slope, 1);
    expectClose(centralDifference(plain(f), 2), slope, 1e-8);
  });

  it("[A16] the gradient of x²y at (3, 2) is [12, 9]", () => {
    const x = new Scalar(3);
    const y = new Scalar(2);
    x.pow(2).mul(y).backward();
    expect([x.grad, y.grad]).toEqual([12, 9]);
  });
});

describe("[A14] differentiation rules", () => {
  // Small enough that sums of terms lose nothing worth mentioning where they cancel.
  const small = fc.double({ min: -1, max: 1, noNaN: true });
  /** u and v: random cubic polynomials. */
  const polynomial = fc.tuple(small, small, small, small).map(([a, b, c, d]) => {
    return (x: Scalar): Scalar => x.mul(a).add(b).mul(x).add(c).mul(x).add(d);
  });
  const rule = (name: string, check: (u: (x: Scalar) => Scalar, v: (x: Scalar) => Scalar, x: number) => void): void => {
    it(name, () => fc.assert(fc.property(polynomial, polynomial, small, check)));
  };

  it("power: (x^n)' = n x^(n-1)", () => {
    fc.assert(
      fc.property(positive, number, (x, n) =>
        expectClose(
          derivative((s) => s.pow(n), x),
          n * x ** (n - 1),
          1e-12,
        ),
      ),
    );
  });
  rule("sum: (u + v)' = u' + v'", (u, v, x) => {
    expectClose(
      derivative((s) => u(s).add(v(s)), x),
      derivative(u, x) + derivative(v, x),
      1e-12,
    );
  });
  rule("product: (u v)' = u' v + u v'", (u, v, x) => {
    const expected = derivative(u, x) * plain(v)(x) + plain(u)(x) * derivative(v, x);
    expectClose(
      derivative((s) => u(s).mul(v(s)), x),
      expected,
      1e-10,
    );
  });
  rule("quotient: (u / w)' = (u' w - u w') / w², with w = v² + 1", (u, v, x) => {
    const w = (s: Scalar): Scalar => v(s).mul(v(s)).add(1);
    const expected = (derivative(u, x) * plain(w)(x) - plain(u)(x) * derivative(w, x)) / plain(w)(x) ** 2;
    expectClose(
      derivative((s) => u(s).div(w(s)), x),
      expected,
      1e-9,
    );
  });
  rule("chain: u(v(x))' = u'(v) v'", (u, v, x) => {
    expectClose(
      derivative((s) => u(v(s)), x),
      derivative(u, plain(v)(x)) * derivative(v, x),
      1e-10,
    );
  });
});
