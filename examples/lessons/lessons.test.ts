import { describe, expect, test } from "vitest";
import { grad, nn, optim, tensor, type Tensor } from "myelin";
import { binarized, ones, signProduct } from "./binary.ts";
import { byRows, byTiles, linesMoved, transposed } from "./locality.ts";
import { blocked, flat, naive, rowsFirst, typed, type Matrix } from "./matmul.ts";
import { parallel } from "./parallel.ts";
import { exactProduct, lossOfF32 } from "./precision.ts";
import { example, race, table } from "./race.ts";
import { diagonalProduct, triangularProduct } from "./special.ts";
import { csc, cscToCsr, csr, csrToCsc, denseOfCsc, denseOfCsr, multiply } from "./sparse.ts";
import { counter, strassen } from "./strassen.ts";
import { symbol } from "./symbolic.ts";

describe("matrix multiplication", () => {
  test("[E3] by the definition; sizes must match", () => {
    const [a, b] = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ];
    expect(naive(a!, b!)).toEqual([
      [19, 22],
      [43, 50],
    ]);
    expect(() => naive([[1, 2]], [[1]])).toThrow("Inner dimensions must match: (1, 2) × (1, 1)");
  });

  test("[E5] in tiles, also where they do not divide the sizes, to the bit", () => {
    const [a, b] = [example(13, 7, 1), example(7, 11, 2)];
    for (const tile of [1, 4, 5, 32]) expect(blocked(a, b, tile)).toEqual(naive(a, b));
    expect(rowsFirst(a, b)).toEqual(naive(a, b));
    expect(typed(flat(a), flat(b), 13, 7, 11)).toEqual(flat(naive(a, b)));
  });

  test("[E6] Strassen: 7^log₂(n) multiplications, any sizes", () => {
    for (const [n, count] of [
      [2, 7],
      [4, 49],
      [8, 343],
      [64, 7 ** 6],
    ] as const) {
      counter.multiplications = 0;
      const [a, b] = [example(n, n, 1), example(n, n, 2)];
      const product = flat(strassen(a, b));
      expect(counter.multiplications).toBe(count);
      flat(naive(a, b)).forEach((value, i) => expect(product[i]).toBeCloseTo(value, 10));
    }
    const [a, b] = [example(3, 5, 1), example(5, 2, 2)];
    expect(strassen(a, b).map((row) => row.length)).toEqual([2, 2, 2]);
    flat(naive(a, b)).forEach((value, i) => expect(flat(strassen(a, b))[i]).toBeCloseTo(value, 12));
  });

  test("[E14] tiles on 1, 2 and 4 workers", async () => {
    const [a, b] = [example(37, 20, 1), example(20, 50, 2)];
    for (const workers of [1, 2, 4])
      expect(await parallel(flat(a), flat(b), [37, 20, 50], workers, 16)).toEqual(flat(naive(a, b)));
  });

  test("[E14] [E22] 500 × 500 by all of them: equal, with a table of times", async () => {
    const finishes = await race(500);
    expect(finishes.map(({ equal }) => equal)).toEqual(new Array(7).fill(true));
    const lines = table(finishes).split("\n");
    expect(lines.map((line) => line.slice(0, 20).trim())).toEqual(finishes.map(({ name }) => name));
    for (const line of lines) expect(line).toMatch(/ \d+ ms +\d+\.\d× {2}equal$/);
    expect(lines.slice(-3).map((line) => line.slice(0, 19).trim())).toEqual([
      "parallel, 1 worker",
      "parallel, 2 workers",
      "parallel, 4 workers",
    ]);
  });
});

describe("how memory is walked", () => {
  test("[C9] a layer as one product: the numbers of the loop over units and examples, sooner", () => {
    const [x, w] = [example(256, 256, 1), example(256, 256, 2)];
    const asTensor = (m: Matrix): Tensor => tensor(Float32Array.from(flat(m)), [256, 256]);
    const [input, weight] = [asTensor(x), asTensor(w)];
    const vectorized = (): ArrayLike<number> => input.matmul(weight).dataSync();
    const wanted = flat(naive(x, w));
    const far = Array.from(vectorized()).filter((value, i) => Math.abs(value - wanted[i]!) > 1e-4);
    expect(far).toEqual([]);
    const milliseconds = (run: () => unknown): number => {
      const start = performance.now();
      run();
      return performance.now() - start;
    };
    const fastest = Math.min(...Array.from({ length: 5 }, () => milliseconds(vectorized)));
    expect(fastest).toBeLessThan(milliseconds(() => naive(x, w)));
  });

  test("[C10] a transpose by tiles: equal, whatever the sizes, and an eighth of the memory moved", () => {
    const small = Float32Array.from({ length: 37 * 50 }, (_, i) => i);
    const wanted = transposed(small, 37, 50, byRows);
    expect(transposed(small, 37, 50, byTiles())).toEqual(wanted);
    expect(transposed(wanted, 50, 37, byRows)).toEqual(small);
    const n = 1024;
    expect(linesMoved(n, n, byRows)).toBe(n * n + (n * n) / 16);
    expect(linesMoved(n, n, byTiles())).toBe((2 * n * n) / 16);
  });
});

describe("networks of one bit", () => {
  test("[C23] products of signs by counting bits are those of ±1", () => {
    for (const word of [0, 1, 0xffffffff, 0x80000001, 0x12345678])
      expect(ones(word)).toBe([...(word >>> 0).toString(2)].filter((bit) => bit === "1").length);
    const signs = (m: Matrix): Matrix => m.map((row) => row.map((value) => (value >= 0 ? 1 : -1)));
    for (const k of [1, 31, 32, 33, 100]) {
      const [a, b] = [example(5, k, 1), example(k, 7, 2)];
      expect(signProduct(a, b)).toEqual(naive(signs(a), signs(b)));
    }
  });

  test("[C23] the gradient goes straight through, within [−1, 1]; signs are learned by it", () => {
    const x = tensor([-2, -0.5, 0, 0.5, 2]);
    expect([...binarized(x).dataSync()]).toEqual([-1, -1, 1, 1, 1]);
    const slope = grad((v: Tensor) =>
      binarized(v)
        .mul(tensor([1, 2, 3, 4, 5]))
        .sum(),
    )(x);
    expect([...slope.dataSync()]).toEqual([0, 2, 3, 4, 0]);
    // Which of ±1 stands where: a linear map with such weights is found again.
    const truth = tensor([[1], [-1], [-1], [1], [-1], [1]]);
    const inputs = tensor(Float32Array.from(flat(example(32, 6, 3))), [32, 6]);
    const w = nn.parameter(
      tensor(
        Float32Array.from(flat(example(6, 1, 4))).map((v) => v / 10),
        [6, 1],
      ),
    );
    const optimizer = new optim.SGD([w], { lr: 0.05 });
    for (let step = 0; step < 60; step++) {
      const loss = inputs.matmul(binarized(w)).sub(inputs.matmul(truth)).square().mean();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    }
    expect([...binarized(w).dataSync()]).toEqual([...truth.dataSync()]);
  });
});

describe("special matrices", () => {
  const [a, b] = [example(12, 12, 1), example(12, 12, 2)];

  test("[E9] a diagonal one takes n² multiplications", () => {
    const diagonal = a[0]!;
    const { product, multiplications } = diagonalProduct(diagonal, b);
    expect(multiplications).toBe(12 ** 2);
    expect(product).toEqual(
      naive(
        diagonal.map((value, i) => diagonal.map((_, j) => (i === j ? value : 0))),
        b,
      ),
    );
  });

  test("[AK20] a triangular one takes about n³ / 2 times a matrix, n² / 2 only times a vector", () => {
    const lower = a.map((row, i) => row.map((value, j) => (j <= i ? value : 0)));
    const { product, multiplications } = triangularProduct(lower, b);
    expect(product).toEqual(naive(lower, b));
    expect(multiplications).toBe((12 ** 2 * 13) / 2);
    const vector = b.map((row) => row.slice(0, 1));
    expect(triangularProduct(lower, vector)).toEqual({ product: naive(lower, vector), multiplications: (12 * 13) / 2 });
  });
});

describe("sparse matrices", () => {
  const dense = [
    [0, 3, 0, 1],
    [0, 0, 0, 0],
    [2, 0, 0, 5],
  ];

  test("[E15] CSR: data, indices, pointers; the product touches nonzeros only", () => {
    expect(
      csr([
        [1, 0],
        [0, 2],
      ]),
    ).toEqual({ shape: [2, 2], data: [1, 2], indices: [0, 1], pointers: [0, 1, 2] });
    const b = example(4, 3, 1);
    expect(multiply(csr(dense), b)).toEqual(naive(dense, b));
    expect(() => multiply(csr(dense), example(3, 2, 1))).toThrow("Inner dimensions must match: (1, 4) × (3, 2)");
  });

  test("[E16] CSC and back: every round trip", () => {
    expect(csc(dense)).toEqual({ shape: [3, 4], data: [2, 3, 1, 5], indices: [2, 0, 0, 2], pointers: [0, 1, 2, 2, 4] });
    expect(denseOfCsr(csr(dense))).toEqual(dense);
    expect(denseOfCsc(csc(dense))).toEqual(dense);
    expect(csrToCsc(csr(dense))).toEqual(csc(dense));
    expect(cscToCsr(csc(dense))).toEqual(csr(dense));
  });
});

describe("precision", () => {
  test("[E21] i32 wraps around where the sum is too large: widened, or an error", async () => {
    const a = tensor([[65536, 65536]], { dtype: "i32" });
    const b = tensor([[32768], [1]], { dtype: "i32" });
    // 2³¹ + 2¹⁶ is one turn too far.
    expect(await a.matmul(b).item()).toBe(2 ** 16 - 2 ** 31);
    await expect(exactProduct(a, b)).rejects.toThrow("the largest sum, 2147549184, does not fit in i32");
    const small = tensor([[-1], [1]], { dtype: "i32" });
    const fits = await exactProduct(a, small);
    expect([fits.dtype, await fits.item()]).toEqual(["i32", 0]);
  });

  test("[E21] f32 holds 24 bits: the loss is reported", async () => {
    expect(await lossOfF32(tensor([[2 ** 24, 1]]), tensor([[1], [1]]))).toBeCloseTo(2 ** -24, 12);
    expect(await lossOfF32(tensor([[3, 4]]), tensor([[1], [2]]))).toBe(0);
  });
});

describe("symbolic derivatives", () => {
  test("[A15] J = w²: diff prints 2*w, and subs gives 4", () => {
    const w = symbol("w");
    const derivative = w.pow(2).diff("w");
    expect(`${derivative}`).toBe("2*w");
    expect(derivative.subs("w", 2).number).toBe(4);
  });

  test("[A15] sums, products, powers, chains", () => {
    const [w, x] = [symbol("w"), symbol("x")];
    expect(`${w.pow(3).add(w.mul(2)).add(5).diff("w")}`).toBe("3*w**2 + 2");
    expect(`${w.mul(x).diff("w")}`).toBe("x");
    expect(`${w.pow(-1).diff("w")}`).toBe("-1*w**-2");
    expect(`${w.mul(x).add(1).pow(2).diff("x")}`).toBe("2*(w*x + 1)*w");
    expect(`${w.mul(3).exp().diff("w")}`).toBe("3*exp(3*w)");
    expect(`${w.log().diff("w")}`).toBe("w**-1");
    expect(`${w.pow(2).diff("x")}`).toBe("0");
    expect(w.mul(x).exp().log().subs("w", 2).subs("x", 3).number).toBe(6);
  });
});
