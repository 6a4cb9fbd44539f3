// The course notes' lessons on neurons, layers and forward propagation, as users of the library would write them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import {
  concat,
  explain,
  gradCheck,
  jit,
  jvp,
  linspace,
  loadModel,
  loadTensors,
  losses,
  manualSeed,
  nn,
  noGrad,
  optim,
  predict,
  randn,
  saveModel,
  saveTensors,
  ShapeError,
  stack,
  step,
  tensor,
  type Tensor,
  zeros,
} from "myelin";
import { expectClose, onEachDevice } from "../tensor/devices.testing.ts";
import { fixed, fixedParameter } from "./golden.testing.ts";

/** Float64 arithmetic on plain arrays, to check the library by. */
const sigma = (z: number): number => 1 / (1 + Math.exp(-z));
const logit = (a: number): number => Math.log(a / (1 - a));
const rowsOf = (x: Tensor): number[][] => x.toArraySync() as number[][];
/** g(x·W + b), where a column of W holds a unit's weights. */
const denseOf = (x: number[][], w: number[][], b: number[], g: (z: number) => number): number[][] =>
  x.map((row) => b.map((bias, j) => g(row.reduce((z, value, i) => z + value * w[i]![j]!, bias))));

/** A tensor of f64: what is checked to the last digit should not depend on rounding to f32. */
const f64 = (values: number[][] | number[]): Tensor => tensor(values, { dtype: "f64" });
const counted = (mask: Tensor): number[] => [...mask.float().sum(0).dataSync()];

const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const AND = [0, 0, 0, 1];
const OR = [0, 1, 1, 1];
const XOR = [0, 1, 1, 0];

onEachDevice(() => {
  describe("one neuron", () => {
    test("[F1] [AI17] z = w·x + b, a = 1 / (1 + e^-z): w = [1, 1], b = -1.5 is AND", () => {
      const z = f64(corners)
        .matmul(f64([1, 1]))
        .add(-1.5);
      expect(z.toArraySync()).toEqual([-1.5, -0.5, -0.5, 0.5]);
      const a = z.sigmoid();
      expectClose(a, [-1.5, -0.5, -0.5, 0.5].map(sigma), 1e-15);
      expect([...a.gt(0.5).dataSync()]).toEqual(AND);
    });

    test("[F2] a threshold unit fires above 0, and learns AND and OR by the perceptron's rule, but not XOR", () => {
      const x = f64(corners);
      const fires = (w: Tensor, b: Tensor): Tensor => step(x.matmul(w).add(b));
      expect([...fires(f64([1, 1]), tensor(-1.5)).dataSync()]).toEqual(AND);
      expect([...fires(f64([1, 1]), tensor(-0.5)).dataSync()]).toEqual(OR);
      // A unit at its threshold does not fire.
      expect([...fires(f64([1, 1]), tensor(-1)).dataSync()]).toEqual(AND);

      /** Mistakes that are left after at most 20 rounds of w ← w + (y − ŷ)·x. */
      const learn = (wanted: number[]): number => {
        const y = f64(wanted);
        let [w, b]: Tensor[] = [zeros([2], { dtype: "f64" }), zeros([], { dtype: "f64" })];
        for (let round = 0; round < 20; round++) {
          for (let i = 0; i < 4; i++) {
            const error = y.slice(i).sub(fires(w!, b!).slice(i));
            [w, b] = [w!.add(x.slice(i).mul(error)), b!.add(error)];
          }
        }
        return fires(w!, b!).ne(y).float().sum().itemSync();
      };
      expect([AND, OR].map(learn)).toEqual([0, 0]);
      expect(learn(XOR)).toBeGreaterThan(0);
    });

    test("[F3] the boundary w·x + b = 0 is a line with a positive side; w turns it, b shifts it", () => {
      const boundary = (w: readonly [number, number], b: number): Tensor => {
        // The point nearest the origin, and steps along the line from there.
        const [squared, steps] = [w[0] ** 2 + w[1] ** 2, linspace(-5, 5, 101, { dtype: "f64" }).unsqueeze(1)];
        return steps.mul(f64([-w[1], w[0]])).add(f64([(-b * w[0]) / squared, (-b * w[1]) / squared]));
      };
      const z = (w: readonly [number, number], b: number, at: Tensor): Tensor => at.matmul(f64([...w])).add(b);
      const lines: [readonly [number, number], number][] = [
        [[1, 1], -1.5],
        [[2, -3], 0.7],
        [[0.1, 5], 40],
      ];
      for (const [w, b] of lines) {
        const line = boundary(w, b);
        expect(z(w, b, line).abs().max().itemSync()).toBeLessThan(1e-9);
        // Along w lies the side where the unit says yes.
        expect(
          z(w, b, line.add(f64([...w])))
            .gt(0)
            .all()
            .itemSync(),
        ).toBe(1);
        expect(
          z(w, b, line.sub(f64([...w])))
            .lt(0)
            .all()
            .itemSync(),
        ).toBe(1);
        // Another bias moves every point of the line by the same way along w.
        const moved = boundary(w, b - 1).sub(line);
        const squared = w[0] ** 2 + w[1] ** 2;
        expectClose(
          moved
            .sub(f64([w[0] / squared, w[1] / squared]))
            .abs()
            .max(),
          0,
          1e-12,
        );
        // Turning w by a right angle turns the line by one.
        const direction = (points: Tensor): Tensor => points.slice(100).sub(points.slice(0));
        expectClose(
          direction(line)
            .mul(direction(boundary([-w[1], w[0]], b)))
            .sum(),
          0,
          1e-9,
        );
      }
    });

    test("[F4] without a bias AND cannot be told: 75 % at best where 0.5 says no, 50 % where it says yes", () => {
      // Lengths of w change no sign: all directions are all lines through the origin.
      const angles = linspace(0, 2 * Math.PI, 3601, { dtype: "f64" });
      const w = stack([angles.cos(), angles.sin()]);
      const a = f64(corners).matmul(w).sigmoid();
      const y = f64(AND).unsqueeze(1).gt(0.5);
      expect(Math.max(...counted(a.gt(0.5).eq(y)))).toBe(3);
      expect(Math.max(...counted(a.ge(0.5).eq(y)))).toBe(2);
      const biased = f64(corners).matmul(w).sub(1.2).sigmoid();
      expect(Math.max(...counted(biased.gt(0.5).eq(y)))).toBe(4);
    });

    test("[F5] no neuron on a grid of 100,000 tells XOR, while two of AND's and OR's kind and a third do", () => {
      const side = linspace(-3, 3, 47, { dtype: "f64" });
      const at = (axis: number): Tensor =>
        side
          .reshape([0, 1, 2].map((i) => (i === axis ? 47 : 1)))
          .expand([47, 47, 47])
          .flatten();
      const z = f64(corners)
        .matmul(stack([at(0), at(1)]))
        .add(at(2));
      expect(z.shape).toEqual([4, 103_823]);
      const y = f64(XOR).unsqueeze(1).gt(0.5);
      for (const yes of [z.gt(0), z.ge(0)]) expect(Math.max(...counted(yes.eq(y)))).toBe(3);
      // The same grid has neurons for AND, so that it is fine enough.
      expect(Math.max(...counted(z.gt(0).eq(f64(AND).unsqueeze(1).gt(0.5))))).toBe(4);

      const hidden = step(
        f64(corners)
          .matmul(
            f64([
              [1, 1],
              [1, 1],
            ]),
          )
          .add(f64([-0.5, -1.5])),
      );
      expect([...step(hidden.matmul(f64([1, -2])).sub(0.5)).dataSync()]).toEqual(XOR);
    });

    test("[F10] [AK3] [AK26] a tie, as in the coffee network: 0.5 is 1 under '≥ 0.5', 0 under '> 0.5'", () => {
      const a = f64([0.49, 0.5, 0.51, 0.84]);
      expect([...a.ge(0.5).int().dataSync()]).toEqual([0, 1, 1, 1]);
      expect([...a.gt(0.5).int().dataSync()]).toEqual([0, 0, 1, 1]);
      // Roasted at 200 degrees for 17 minutes, which gives exactly 0.5: both rules of the notes, and both answers.
      const roast = f64([200, 17])
        .matmul(
          f64([
            [1, -3, 1],
            [2, 4, -1],
          ]),
        )
        .add(f64([-1, 1, 0]))
        .sigmoid()
        .matmul(f64([2, -1, 1]))
        .sub(3)
        .sigmoid();
      expect(roast.itemSync()).toBe(0.5);
      expect([roast.ge(0.5).itemSync(), roast.gt(0.5).itemSync()]).toEqual([1, 0]);
    });
  });

  describe("[AK28] reconstructed: what the notes only show in figures that are missing", () => {
    test("[F6] two lines and ReLU bring every O to the origin, from which a line tells the X's", () => {
      // O's in a band, X's on both sides of it.
      const line = linspace(-1, 1, 21, { dtype: "f64" });
      const at = (x: number): Tensor => stack([zeros([21], { dtype: "f64" }).add(x), line], 1);
      const left = concat([at(-2), at(-1.2)] as Tensor[]);
      const middle = concat([at(-0.6), at(0), at(0.6)] as Tensor[]);
      const right = concat([at(1.2), at(2)] as Tensor[]);

      // First stage: one unit is positive right of 0.9, the other left of -0.9.
      const fold = (x: Tensor): Tensor =>
        x
          .matmul(
            f64([
              [1, -1],
              [0, 0],
            ]),
          )
          .sub(0.9)
          .relu();
      const classify = (x: Tensor): Tensor =>
        fold(x)
          .matmul(f64([1, 1]))
          .gt(0.1);
      expect(fold(middle).abs().max().itemSync()).toBe(0);
      expect(fold(right).slice(null, 0).gt(0).all().itemSync()).toBe(1);
      expect(fold(right).slice(null, 1).abs().max().itemSync()).toBe(0);
      expect([left, right].map((x) => classify(x).all().itemSync())).toEqual([1, 1]);
      expect(classify(middle).any().itemSync()).toBe(0);

      // Without the fold no line does: the best of all directions and distances, on all points.
      const angles = linspace(0, 2 * Math.PI, 361, { dtype: "f64" });
      const z = concat([left, middle, right]).matmul(stack([angles.cos(), angles.sin()]));
      const isX = f64([...Array<number>(42).fill(1), ...Array<number>(63).fill(0), ...Array<number>(42).fill(1)]);
      const best = [-2, -1.6, -0.9, -0.3, 0, 0.3, 0.9, 1.6, 2].map((b) =>
        Math.max(...counted(z.add(b).gt(0).eq(isX.gt(0.5).unsqueeze(1)))),
      );
      expect(Math.max(...best)).toBeLessThan(147);
    });

    test("the chain rule: d f(g(x)) = f'(g(x))·g'(x), and the sum of both ways for f(g(x), h(x))", () => {
      const x = f64([0.7]);
      const slope = (f: (x: Tensor) => Tensor): number => jvp(f, [x], [f64([1])])[1].itemSync();
      expect(slope((v) => v.square().sin())).toBeCloseTo(Math.cos(0.49) * 1.4, 14);
      expect(slope((v) => v.sin().mul(v.exp()))).toBeCloseTo((Math.cos(0.7) + Math.sin(0.7)) * Math.exp(0.7), 14);
    });

    test("broadcasting: sizes are aligned from the right, and a size of 1 repeats", () => {
      const column = f64([[10], [20]]);
      expect(column.add(f64([1, 2, 3])).toArraySync()).toEqual([
        [11, 12, 13],
        [21, 22, 23],
      ]);
    });
  });

  describe("layers from numbers", () => {
    test("[F9] [AI13] layers 0, 1, 2: four features → a1 = [0.3, 0.7, 0.2] → a2 = 0.84 → ŷ = 1", () => {
      // The notes give activations only: biases that lead to them, for weights made up here.
      const x = [0.5, -1, 2, 0.25];
      const w1 = [
        [1, 0.5, 0, 0],
        [0, 0, -0.3, 0],
        [0.2, 0, 0, 0.8],
      ];
      const w2 = [1, 2, -0.5];
      const dot = (u: number[], v: number[]): number => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
      const [a1, a2] = [[0.3, 0.7, 0.2], 0.84];
      const options = { dtype: "f64" } as const;
      const model = nn.sequential(new nn.Linear(4, 3, options), nn.sigmoid, new nn.Linear(3, 1, options), nn.sigmoid);
      model.loadStateDict({
        "0.weight": f64(w1),
        "0.bias": f64(w1.map((row, j) => logit(a1[j]!) - dot(row, x))),
        "2.weight": f64([w2]),
        "2.bias": f64([logit(a2) - dot(w2, a1)]),
      });
      const activations: Tensor[] = [f64(x)];
      model.layers[2].onForward((_, [input]) => void activations.push(input as Tensor));
      activations.push(model.forward(f64(x)));
      expect(activations.map((a) => a.shape)).toEqual([[4], [3], [1]]);
      expectClose(activations[1]!, a1, 1e-14);
      expectClose(activations[2]!, [a2], 1e-14);
      expect(activations[2]!.gt(0.5).int().itemSync()).toBe(1);
    });

    /** The notes' layer: examples are columns, W is [out, in], b is [out, 1]. */
    const activate = (z: Tensor, activation: string, known: readonly string[]): Tensor => {
      if (!known.includes(activation)) throw new RangeError("Unsupported activation");
      return activation === "relu" ? z.relu() : activation === "tanh" ? z.tanh() : z.sigmoid();
    };
    const denseForward = (x: Tensor, w: Tensor, b: Tensor, activation: string): Tensor =>
      activate(w.matmul(x).add(b), activation, ["relu", "sigmoid"]);
    const forwardSingleLayer = (x: Tensor, w: Tensor, b: Tensor, activation: string = "relu"): Tensor =>
      activate(w.matmul(x).add(b), activation, ["relu", "sigmoid", "tanh"]);
    /** The library's layer with these weights: examples are rows. */
    const layerOf = (w: Tensor, b: Tensor): nn.Linear => {
      const layer = new nn.Linear(w.shape[1]!, w.shape[0]!, { dtype: w.dtype });
      layer.loadStateDict({ weight: w, bias: b.flatten() });
      return layer;
    };

    test("[F11] [F12] [AI27] Z = W·X + b over columns is Linear over rows: (3, 5) → (4, 5)", () => {
      const [x, w, b] = [fixed([3, 5], 1), fixed([4, 3], 2).mul(0.1), fixed([4, 1], 3)];
      const z = w.matmul(x).add(b);
      expect(z.shape).toEqual([4, 5]);
      expectClose(layerOf(w, b).forward(x.T).T, rowsOf(z), 1e-14);
      expect(denseForward(x, w, b, "relu").shape).toEqual([4, 5]);
      expectClose(
        denseForward(x, w, b, "relu"),
        rowsOf(z).map((row) => row.map((v) => Math.max(0, v))),
        0,
      );
      expectClose(
        denseForward(x, w, b, "sigmoid"),
        rowsOf(z).map((row) => row.map(sigma)),
        1e-15,
      );
      expect(() => denseForward(x, w, b, "tanh")).toThrow("Unsupported activation");
      // The conventions do not mix by accident.
      expect(() => x.matmul(w)).toThrow(/\[3, 5\] × \[4, 3\]/);
    });

    test("[F13] [AI27] one layer of relu, sigmoid or tanh: (2, 5) → (3, 5), and relu where nothing is said", () => {
      const [x, w, b] = [fixed([2, 5], 4), fixed([3, 2], 5).mul(0.1), fixed([3, 1], 6)];
      const z = rowsOf(layerOf(w, b).forward(x.T).T);
      const functions: [string | undefined, (z: number) => number][] = [
        [undefined, (v) => Math.max(0, v)],
        ["relu", (v) => Math.max(0, v)],
        ["sigmoid", sigma],
        ["tanh", Math.tanh],
      ];
      for (const [name, f] of functions)
        expectClose(
          forwardSingleLayer(x, w, b, name),
          z.map((row) => row.map(f)),
          1e-14,
        );
      expect(forwardSingleLayer(x, w, b).shape).toEqual([3, 5]);
      expect(() => forwardSingleLayer(x, w, b, "swish")).toThrow("Unsupported activation");
    });

    /** The other convention: units are the columns of W, one at a time. */
    const denseLoop = (a: Tensor, w: Tensor, b: Tensor): Tensor =>
      stack(
        Array.from({ length: w.shape[1]! }, (_, j) => a.mul(w.slice(null, j)).sum(-1).add(b.slice(j)).sigmoid()),
        -1,
      );

    test("[F14] dense(a, W, b) unit by unit equals sigmoid(a·W + b)", () => {
      const [a, w, b] = [fixed([3], 1), fixed([3, 4], 2), fixed([4], 3)];
      const looped = denseLoop(a, w, b);
      expect(looped.shape).toEqual([4]);
      expectClose(looped, denseOf([[...a.dataSync()]], rowsOf(w), [...b.dataSync()], sigma)[0]!, 1e-14);
      expectClose(a.matmul(w).add(b).sigmoid(), [...looped.dataSync()], 1e-14);
    });

    test("[F15] three calls of dense in a row equal predict() of a model with the same weights", async () => {
      const sizes = [2, 3, 4, 1];
      const weights = [0, 1, 2].map((l) => fixed([sizes[l]!, sizes[l + 1]!], 10 + l).float());
      const biases = [0, 1, 2].map((l) => fixed([sizes[l + 1]!], 20 + l).float());
      const x = fixed([6, 2], 30).float();
      const [a1, a2] = [denseLoop(x, weights[0]!, biases[0]!), (a: Tensor) => denseLoop(a, weights[1]!, biases[1]!)];
      const fx = denseLoop(a2(a1), weights[2]!, biases[2]!);
      const layers = weights.map((w, l) => layerOf(w.T, biases[l]!));
      const model = nn.sequential(layers[0]!, nn.sigmoid, layers[1]!, nn.sigmoid, layers[2]!, nn.sigmoid);
      expectClose(await predict(model, x), rowsOf(fx), 1e-6);
      expect(fx.shape).toEqual([6, 1]);
    });

    test("[F16] the vectorised layer: A (1, n), W (n, units), B (1, units) equals the loop over units", () => {
      const [a, w, b] = [fixed([1, 25], 1), fixed([25, 15], 2), fixed([1, 15], 3)];
      const vectorised = a.matmul(w).add(b).sigmoid();
      expect(vectorised.shape).toEqual([1, 15]);
      expectClose(vectorised, rowsOf(denseLoop(a, w, b.flatten())), 1e-14);
    });

    test("[AI27] [F18] from scratch: seeded He weights, zero biases, [5, 4, 3, 1] → AL (1, 10), finite cost", () => {
      const dims = [5, 4, 3, 1];
      const initialize = (): Tensor[][] => {
        manualSeed(1);
        return dims.slice(1).map((out, l) => {
          const w = nn.parameter(tensor(new Float64Array(out * dims[l]!), [out, dims[l]!]));
          nn.init.assign(w, nn.init.kaimingNormal());
          return [w, zeros([out, 1], { dtype: "f64" })];
        });
      };
      const params = initialize();
      expect(initialize().map(([w]) => rowsOf(w!))).toEqual(params.map(([w]) => rowsOf(w!)));
      const x = fixed([5, 10], 7);
      const caches: Tensor[][] = [];
      let a: Tensor = x;
      params.forEach(([w, b], l) => {
        const z = w!.matmul(a).add(b!);
        caches.push([a, w!, b!, z]);
        a = l < 2 ? z.relu() : z.sigmoid();
      });
      expect(a.shape).toEqual([1, 10]);
      expect(caches.map(([before, w, , z]) => [before!.shape, w!.shape, z!.shape])).toEqual([
        [
          [5, 10],
          [4, 5],
          [4, 10],
        ],
        [
          [4, 10],
          [3, 4],
          [3, 10],
        ],
        [
          [3, 10],
          [1, 3],
          [1, 10],
        ],
      ]);
      const y = fixed([1, 10], 8).gt(0).cast("f64");
      const [al, labels] = [[...a.dataSync()], [...y.dataSync()]];
      const cost = -al.reduce((sum, p, i) => sum + (labels[i] ? Math.log(p) : Math.log(1 - p)), 0) / 10;
      expect(Number.isFinite(cost)).toBe(true);
      expect(losses.binaryCrossEntropy(a, y).itemSync()).toBeCloseTo(cost, 14);
    });

    test("[AI27] three layers 2 → 4 → 3 → 1 over (2, 5) give AL (1, 5)", () => {
      const sizes = [2, 4, 3, 1];
      const al = sizes
        .slice(1)
        .reduce<Tensor>(
          (a, out, l) =>
            forwardSingleLayer(
              a,
              fixed([out, sizes[l]!], l),
              zeros([out, 1], { dtype: "f64" }),
              l < 2 ? "relu" : "sigmoid",
            ),
          fixed([2, 5], 9),
        );
      expect(al.shape).toEqual([1, 5]);
      expect(al.gt(0).all().itemSync()).toBe(1);
    });
  });

  describe("inference", () => {
    test("[F23] a batch says what its examples say one by one", () => {
      manualSeed(3);
      const model = nn.sequential(new nn.Linear(6, 8), nn.relu, new nn.Linear(8, 3), nn.softmax);
      const x = fixed([7, 6], 1).float();
      const batch = rowsOf(model.forward(x));
      expect(batch).toHaveLength(7);
      batch.forEach((row, i) => expectClose(model.forward(x.slice([i, i + 1])), [row], 1e-6));
    });

    test("[F24] ReLU layers and softmax from W1 … WL in a dictionary: rows are shares, argmax is the label", () => {
      const sizes = [4, 6, 5, 3];
      const params: Record<string, Tensor> = {};
      for (let l = 1; l < sizes.length; l++) {
        params[`W${l}`] = fixed([sizes[l]!, sizes[l - 1]!], l).mul(2);
        params[`b${l}`] = fixed([sizes[l]!, 1], 10 + l);
      }
      const forward = (x: Tensor): Tensor => {
        const last = Object.keys(params).filter((key) => key.startsWith("W")).length;
        let a = x;
        for (let l = 1; l < last; l++) a = a.matmul(params[`W${l}`]!.T).add(params[`b${l}`]!.T).relu();
        return a.matmul(params[`W${last}`]!.T).add(params[`b${last}`]!.T).softmax(1);
      };
      const x = fixed([32, 4], 20);
      const probabilities = forward(x);
      expect(probabilities.shape).toEqual([32, 3]);
      expectClose(probabilities.sum(1), Array<number>(32).fill(1), 1e-14);

      let a = rowsOf(x);
      for (let l = 1; l < 4; l++) {
        const biases = [...params[`b${l}`]!.dataSync()];
        a = denseOf(a, rowsOf(params[`W${l}`]!.T), biases, (z) => (l < 3 ? Math.max(0, z) : Math.exp(z)));
      }
      const wanted = a.map((row) => row.map((e) => e / row.reduce((sum, v) => sum + v, 0)));
      expectClose(probabilities, wanted, 1e-13);
      const labels = [...probabilities.argmax(-1).dataSync()];
      expect(labels).toEqual(wanted.map((row) => row.indexOf(Math.max(...row))));
      expect(new Set(labels).size).toBeGreaterThan(1);
    });

    test("[F25] logistic regression of (100, n) answers with 100 labels, 0 or 1, and 1 at exactly 0.5", () => {
      const [w, b] = [fixed([3], 2), 0.1];
      const predictLogistic = (x: Tensor): number[] => [...x.matmul(w).add(b).sigmoid().ge(0.5).int().dataSync()];
      const x = fixed([100, 3], 1);
      const weights = [...w.dataSync()];
      const wanted = rowsOf(x).map((row) => (row.reduce((z, v, i) => z + v * weights[i]!, b) >= 0 ? 1 : 0));
      expect(predictLogistic(x)).toEqual(wanted);
      expect(new Set(wanted)).toEqual(new Set([0, 1]));
      expect([
        ...f64([[0, 0, 0]])
          .matmul(w)
          .sigmoid()
          .ge(0.5)
          .int()
          .dataSync(),
      ]).toEqual([1]);
    });

    test("[F31] parameters from a file that another program wrote: the model says what they say", async () => {
      const folder = await mkdtemp(join(tmpdir(), "myelin-lessons-"));
      try {
        // The coffee network, as a .safetensors file byte by byte: a length, names in JSON, numbers.
        const entries: Record<string, { shape: number[]; values: number[] }> = {
          "0.weight": { shape: [3, 2], values: [1, 2, -3, 4, 1, -1] },
          "0.bias": { shape: [3], values: [-1, 1, 0] },
          "2.weight": { shape: [1, 3], values: [2, -1, 1] },
          "2.bias": { shape: [1], values: [-3] },
        };
        const header: Record<string, unknown> = {};
        const numbers: number[] = [];
        for (const [name, { shape, values }] of Object.entries(entries)) {
          const from = 4 * numbers.length;
          numbers.push(...values);
          header[name] = { dtype: "F32", shape, data_offsets: [from, 4 * numbers.length] };
        }
        const text = new TextEncoder().encode(JSON.stringify(header));
        const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
        const file = join(folder, "downloaded.safetensors");
        await writeFile(file, Buffer.concat([length, text, new Uint8Array(Float32Array.from(numbers).buffer)]));

        const make = () => nn.sequential(new nn.Linear(2, 3), nn.sigmoid, new nn.Linear(3, 1), nn.sigmoid);
        const model = make();
        expect(await loadModel(model, file)).toEqual({ missing: [], unexpected: [] });
        const x = tensor([
          [200, 17],
          [1, 1],
        ]);
        const said = model.forward(x);
        const hidden = (first: number[]): number => sigma(2 * first[0]! - first[1]! + first[2]! - 3);
        expectClose(said, [[0.5], [hidden([sigma(2), sigma(2), sigma(0)])]], 1e-6);
        expectClose(said, [[0.5], [0.165315]], 1e-6);

        // What the library writes itself it reads back to the last bit, as a model and as plain tensors.
        const again = make();
        const own = join(folder, "own.safetensors");
        await saveModel(model, own);
        await loadModel(again, own);
        expect(rowsOf(again.forward(x))).toEqual(rowsOf(said));
        await saveTensors({ x }, own);
        expect(rowsOf((await loadTensors(own))["x"]!)).toEqual(rowsOf(x));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe("depth", () => {
    test("[F27] linear layers collapse into one, under a sigmoid into logistic regression; not with ReLU", () => {
      const options = { dtype: "f64" } as const;
      const [first, second] = [new nn.Linear(5, 7, options), new nn.Linear(7, 2, options)];
      const [w1, b1, w2, b2] = [first.weight, first.bias!, second.weight, second.bias!] as Tensor[];
      const collapsed = new nn.Linear(5, 2, options);
      collapsed.loadStateDict({ weight: w2!.matmul(w1!), bias: w2!.matmul(b1!).add(b2!) });
      const x = fixed([20, 5], 3).mul(3);
      const both = second.forward(first.forward(x));
      const one = collapsed.forward(x);
      expectClose(both, rowsOf(one), 1e-10);
      expectClose(both.sigmoid(), rowsOf(one.sigmoid()), 1e-10);
      const bent = second.forward(first.forward(x).relu());
      expect(bent.sub(one).abs().max().itemSync()).toBeGreaterThan(0.1);
    });

    test("[F30] a 1000 × 1000 image unrolls to 1,000,000 numbers; deeper units see more of it", () => {
      const image = tensor(new Uint8Array(1_000_000).fill(7), [1000, 1000]);
      const pixels = Uint8Array.from(image.dataSync());
      pixels.set([197, 185]);
      const unrolled = tensor(pixels, [1000, 1000]).flatten();
      expect(unrolled.shape).toEqual([1_000_000]);
      expect([...unrolled.slice([0, 3]).dataSync()]).toEqual([197, 185, 7]);

      /** How many rows of the input the middle unit of the last layer depends on: where its gradient is not 0. */
      const receptiveField = (...layers: ((x: Tensor) => Tensor)[]): number => {
        const input = fixedParameter([1, 1, 41, 41], 1);
        const output = layers.reduce<Tensor>((x, layer) => layer(x), input);
        const [, , height, width] = output.shape as number[];
        output.slice(0, 0, height! >> 1, width! >> 1).backward();
        return counted(input.grad!.ne(0).any([0, 1, 3]))[0]!;
      };
      const ones = tensor(new Float64Array(9).fill(1), [1, 1, 3, 3]);
      const convolve = (stride: number) => (x: Tensor) => x.conv2d(ones, { stride });
      const edges = convolve(1);
      expect([receptiveField(edges), receptiveField(edges, edges), receptiveField(edges, edges, edges)]).toEqual([
        3, 5, 7,
      ]);
      // Steps of 2 double what every later layer adds: 3, 3 + 2·2, 3 + 2·2 + 4·2.
      const [a, b, c] = [convolve(2), convolve(2), convolve(2)];
      expect([receptiveField(a), receptiveField(a, b), receptiveField(a, b, c)]).toEqual([3, 7, 15]);
      expect(receptiveField(edges, (x) => x.avgPool2d(2), edges)).toBe(8);
    });
  });

  describe("backpropagation by hand", () => {
    interface Weights {
      readonly w: readonly Tensor[];
      readonly b: readonly Tensor[];
    }
    const network = (...sizes: number[]): Weights => ({
      w: sizes.slice(1).map((out, l) => fixedParameter([out, sizes[l]!], 40 + l)),
      b: sizes.slice(1).map((out, l) => fixedParameter([out, 1], 50 + l)),
    });
    /** Examples are columns. A cache holds a layer's own activation and Z, as in the notes. */
    const forwardPass = (x: Tensor, { w, b }: Weights): { a: Tensor; z: Tensor }[] => {
      const caches: { a: Tensor; z: Tensor }[] = [];
      let a = x;
      for (let l = 0; l < w.length; l++) {
        const z = w[l]!.matmul(a).add(b[l]!);
        a = l + 1 < w.length ? z.relu() : z.softmax(0);
        caches.push({ a, z });
      }
      return caches;
    };
    /** Weight gradients, with the notes' caches[l - 1] (Python's, so the layer's own) or with the layer before. */
    const backwardPass = (x: Tensor, y: Tensor, weights: Weights, literal: boolean): Tensor[] =>
      noGrad(() => {
        const caches = forwardPass(x, weights);
        const count = y.shape[1]!;
        const found: Tensor[] = [];
        let dz = caches.at(-1)!.a.sub(y);
        for (let l = weights.w.length; l >= 1; l--) {
          const before = l > 1 ? caches[literal ? l - 1 : l - 2]! : undefined;
          found.unshift(dz.matmul((before?.a ?? x).T).div(count));
          if (before) dz = weights.w[l - 1]!.T.matmul(dz).mul(before.z.gt(0));
        }
        return found;
      });
    const labels = (classes: number): Tensor =>
      tensor(Int32Array.of(2, 0, 1, 1, 2, 0))
        .oneHot(classes)
        .T.cast("f64");
    /** What differentiating the loss itself gives. */
    const differentiated = (x: Tensor, y: Tensor, weights: Weights): (Tensor | null)[] => {
      losses.softCrossEntropy(forwardPass(x, weights).at(-1)!.z.T, y.T).backward();
      return weights.w.map((w) => w.grad);
    };

    test("[AK8] the notes' backward_pass takes a layer's own cache for the one before it", () => {
      const [x, y] = [fixed([4, 6], 1), labels(3)];
      const weights = network(4, 5, 3);
      expect(() => backwardPass(x, y, weights, true)).toThrow(ShapeError);
      expect(() => backwardPass(x, y, weights, true)).toThrow(/mul: cannot broadcast \[5, 6\] with \[3, 6\]/);
      const right = backwardPass(x, y, weights, false);
      const wanted = differentiated(x, y, weights);
      right.forEach((gradient, l) => expectClose(gradient, rowsOf(wanted[l]!), 1e-13));
      // The same formula as a function of the first weights passes the check by central differences.
      const loss = (w: Tensor): Tensor =>
        losses.softCrossEntropy(forwardPass(x, { ...weights, w: [w, weights.w[1]!] }).at(-1)!.z.T, y.T);
      gradCheck(loss, [weights.w[0]!.detach()]);

      // Where all widths are equal nothing complains, and the numbers are wrong.
      const square = network(3, 3, 3);
      const input = fixed([3, 6], 2);
      const silent = backwardPass(input, y, square, true);
      const truth = differentiated(input, y, square);
      expect(silent.map((g) => g.shape)).toEqual(truth.map((g) => g!.shape));
      expect(silent[1]!.sub(truth[1]!).abs().max().itemSync()).toBeGreaterThan(1e-2);
    });

    test("[AK24] dZ = A − Y holds at the output only: at a hidden layer it is not the gradient", () => {
      const [x, y] = [fixed([4, 6], 1), labels(3)];
      // Hidden and output layer of one width, so that A − Y can be written down for both.
      const weights = network(4, 3, 3);
      const [first, second] = [noGrad(() => forwardPass(x, weights))[0]!.z, weights.w[1]!];
      const hidden = nn.parameter(tensor(Float64Array.from(first.dataSync()), [3, 6]));
      const output = second.matmul(hidden.relu()).add(weights.b[1]!);
      losses.softCrossEntropy(output.T, y.T, { reduction: "sum" }).backward();
      const wrong = hidden.relu().sub(y);
      expect(hidden.grad!.sub(wrong).abs().max().itemSync()).toBeGreaterThan(0.1);
      // At the output it is, to the last digits.
      const scores = nn.parameter(tensor(Float64Array.from(output.dataSync()), [3, 6]));
      losses.softCrossEntropy(scores.T, y.T, { reduction: "sum" }).backward();
      expectClose(scores.grad!, rowsOf(scores.softmax(0).sub(y)), 1e-14);
    });

    test("[AK6] eye(K)[:, :m] is no one-hot encoding of m examples; the error names both shapes", () => {
      const logits = fixed([3, 5], 1);
      const sliced = tensor([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]);
      expect(() => logits.logSoftmax(0).mul(sliced)).toThrow(/\[3, 5\] with \[3, 3\]/);
      const oneHot = tensor(Int32Array.of(2, 0, 1, 1, 2)).oneHot(3).T;
      expect(oneHot.shape).toEqual([3, 5]);
      const loss = logits.logSoftmax(0).mul(oneHot).sum().div(-5);
      expect(loss.itemSync()).toBeCloseTo(
        losses.crossEntropy(logits.T, tensor(Int32Array.of(2, 0, 1, 1, 2))).itemSync(),
        13,
      );
    });

    test("[AK19] a wider feed-forward part of a transformer block needs a way back to add up", () => {
      const x = fixed([2, 5, 8], 1).float();
      const [widen, back, norm] = [new nn.Linear(8, 32), new nn.Linear(32, 8), new nn.LayerNorm(8)];
      const attention = new nn.MultiheadAttention(8, 2);
      const x2 = norm.forward(x.add(attention.forward(x)));
      expect(() => x2.add(widen.forward(x2).relu() as Tensor)).toThrow(ShapeError);
      expect(() => x2.add(widen.forward(x2).relu() as Tensor)).toThrow(
        /add: cannot broadcast \[2, 5, 8\] with \[2, 5, 32\]/,
      );
      const block = norm.forward(x2.add(back.forward(widen.forward(x2).relu())));
      expect(block.shape).toEqual([2, 5, 8]);
      expectClose(block.mean(-1).abs().max(), 0, 1e-5);
    });
  });
});

describe("trained", () => {
  /** Full-batch training; the losses of the first and of the last step. */
  const train = (
    model: nn.Module & { forward(x: Tensor): Tensor },
    loss: (output: Tensor) => Tensor,
    x: Tensor,
    rate: number,
    steps: number,
  ): number[] => {
    const optimizer = new optim.Adam(model.parameters(), { lr: rate });
    const update = jit((input: Tensor): Tensor => {
      const value = loss(model.forward(input));
      optimizer.zeroGrad();
      value.backward();
      optimizer.step();
      return value;
    });
    const first = update(x).itemSync();
    for (let i = 2; i < steps; i++) update(x);
    return [first, update(x).itemSync()];
  };

  it("[F5] a 2-2-1 network learns XOR, all four of four", () => {
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(2, 2), nn.tanh, new nn.Linear(2, 1));
    const [x, y] = [tensor(corners), tensor(XOR).unsqueeze(1)];
    const [first, last] = train(model, (z) => losses.binaryCrossEntropyWithLogits(z, y), x, 0.1, 400);
    expect(last).toBeLessThan(first! / 10);
    expect([...model.forward(x).sigmoid().gt(0.5).dataSync()]).toEqual(XOR);
  });

  it("[F7] logistic regression of a T-shirt's price: the dearer, the less likely a top seller", () => {
    manualSeed(1);
    const prices = Array.from({ length: 40 }, (_, i) => 5 + i);
    const x = tensor(prices).unsqueeze(1);
    const y = x.lt(22.5).float();
    const neuron = new nn.Linear(1, 1);
    // Prices in tens, so that weight and bias are of one size.
    const chance = (price: Tensor): Tensor => neuron.forward(price.div(10)).sigmoid();
    train(neuron, (z) => losses.binaryCrossEntropyWithLogits(z, y), x.div(10), 0.3, 600);
    const a = [...chance(x).dataSync()];
    a.slice(1).forEach((value, i) => expect(value).toBeLessThan(a[i]!));
    expect(a.map((p, i) => p > 0.5 === prices[i]! < 22.5)).not.toContain(false);
    const [w, b] = [neuron.weight.itemSync(), neuron.bias!.itemSync()];
    expect(a[7]).toBeCloseTo(sigma(w * 1.2 + b), 5);
  });

  it("[F28] one hidden layer of 64 tanh units fits sin on [-π, π] to a mean squared error below 1e-3", () => {
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(1, 64), nn.tanh, new nn.Linear(64, 1));
    const x = linspace(-Math.PI, Math.PI, 128).unsqueeze(1);
    const target = x.sin();
    train(model, (z) => losses.mse(z, target), x, 0.01, 1000);
    // Between the points it was trained on, too.
    const between = linspace(-3.1, 3.1, 333).unsqueeze(1);
    const squares = [...model.forward(between).dataSync()].map((v, i) => (v - Math.sin(-3.1 + (6.2 * i) / 332)) ** 2);
    expect(squares.reduce((sum, v) => sum + v, 0) / squares.length).toBeLessThan(1e-3);
  });
});

describe("compiled", () => {
  it("[F16] the vectorised layer is one matrix product with bias and activation at its end; the loop is none", () => {
    const [x, w, b] = [randn([32, 16]), randn([16, 12]), randn([12])] as Tensor[];
    for (const value of [x, w, b]) value!.dataSync();
    const vectorised = explain((a: Tensor, u: Tensor, v: Tensor) => a.matmul(u).add(v).sigmoid(), x!, w!, b!);
    expect(vectorised.steps.map((s) => s.launches[0]!.kind)).toEqual(["contract"]);
    const looped = explain(
      (a: Tensor, u: Tensor, v: Tensor) =>
        stack(
          Array.from({ length: 12 }, (_, j) => a.mul(u.slice(null, j)).sum(-1).add(v.slice(j)).sigmoid()),
          -1,
        ),
      x!,
      w!,
      b!,
    );
    expect(looped.steps.map((s) => s.launches[0]!.kind)).not.toContain("contract");
  });
});
