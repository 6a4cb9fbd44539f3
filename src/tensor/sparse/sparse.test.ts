import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { segmentMax, segmentMean, segmentMin, segmentSoftmax, segmentSum } from "../../index.ts";
import { tensor, zeros } from "../create.ts";
import { expectClose, fixed as doubles, onEachDevice, spread } from "../devices.testing.ts";
import { gradCheck } from "../grad-check.ts";
import { jit } from "../jit.ts";
import { parameter } from "../../nn/state.ts";
import type { Tensor } from "../tensor.ts";
import * as sparse from "./index.ts";

interface Golden {
  readonly product: number[];
  readonly dense: number[];
  readonly valueGradient: number[];
  readonly denseGradient: number[];
  readonly values: number[];
  readonly pointers?: number[];
  readonly indices: number[];
}
const goldens = (
  JSON.parse(readFileSync(new URL("../../../tools/goldens/results/graphs.json", import.meta.url), "utf8")) as {
    readonly sparse: Readonly<Record<sparse.Layout, Golden>>;
  }
).sparse;

const numbers = (x: Tensor): number[] => [...x.dataSync()];
/** Row 2 and column 0 come twice. */
const places: [number[], number[]] = [
  [2, 0, 2, 1, 0, 2],
  [3, 1, 0, 2, 1, 0],
];
const as = (layout: sparse.Layout, matrix: sparse.SparseMatrix): sparse.SparseMatrix =>
  layout === "csr" ? matrix.toCsr() : layout === "csc" ? matrix.toCsc() : matrix.coalesce();

onEachDevice(() => {
  describe("sparse matrices agree with PyTorch", () => {
    it.each(["coo", "csr", "csc"] as const)("%s: places, product and both gradients", (layout) => {
      const golden = goldens[layout];
      const values = parameter(tensor(Float64Array.from(spread(6, 1)), [6]));
      const dense = parameter(tensor(Float64Array.from(spread(8, 2)), [4, 2]));
      const matrix = as(layout, sparse.coo(places, values, [3, 4]));
      const close = (x: Tensor, wanted: number[]): void => expectClose(x.flatten(), wanted, 1e-9);
      close(matrix.values, golden.values);
      close(matrix.toDense(), golden.dense);
      if (layout === "coo") expect(numbers(matrix.indices)).toEqual(golden.indices);
      else {
        expect(numbers(matrix.pointers)).toEqual(golden.pointers);
        expect(numbers(layout === "csr" ? matrix.columns : matrix.rows)).toEqual(golden.indices);
      }
      const product = matrix.matmul(dense);
      close(product, golden.product);
      product
        .mul(doubles([3, 2], 3))
        .sum()
        .backward();
      close(values.grad!, golden.valueGradient);
      close(dense.grad!, golden.denseGradient);
    });
  });

  it("gradients agree with central differences, twice", () => {
    const run = (values: Tensor, dense: Tensor): Tensor =>
      sparse.coo(places, values, [3, 4]).toCsr().normalize("row").matmul(dense);
    gradCheck(run, [doubles([6], 1).add(3), doubles([4, 2], 2)], { order: 2, tolerance: 1e-5 });
  });
  it("every way of making it is the same matrix, and back", () => {
    const dense = tensor([
      [0, 1, 0, 2],
      [0, 0, 0, 0],
      [3, 0, 4, 0],
    ]);
    const made = [
      sparse.fromDense(dense),
      sparse.coo(tensor(Int32Array.of(2, 0, 2, 0, 2, 1, 0, 3), [2, 4]), [4, 1, 3, 2], [3, 4]),
      sparse.csr([0, 2, 2, 4], [1, 3, 0, 2], [1, 2, 3, 4], [3, 4]),
      sparse.csc([0, 1, 2, 3, 4], [2, 0, 2, 0], [3, 1, 4, 2], [3, 4]),
    ];
    for (const matrix of made) {
      expect(matrix.toDense().toArraySync()).toEqual(dense.toArraySync());
      expect(matrix.transpose().toDense().toArraySync()).toEqual(dense.T.toArraySync());
      for (const layout of ["coo", "csr", "csc"] as const)
        expect(as(layout, matrix).toDense().toArraySync()).toEqual(dense.toArraySync());
      expect(numbers(matrix.matmul(tensor([1, 2, 3, 4])))).toEqual([10, 0, 15]);
      expect(numbers(matrix.sum(0))).toEqual([3, 1, 4, 2]);
      expect(numbers(matrix.sum(1))).toEqual([3, 0, 7]);
    }
    expect(made.map(String)).toContain("SparseMatrix(csr, [3, 4], 4 entries)");
    expect(made[2]!.transpose().layout).toBe("csc");
    expect(made[2]!.add(made[3]!).toDense().toArraySync()).toEqual(dense.mul(2).toArraySync());
  });
  it("nothing but zeros", () => {
    const none = sparse.fromDense(
      tensor([
        [0, 0, 0],
        [0, 0, 0],
      ]),
    );
    expect(none.size).toBe(0);
    expect(none.toCsc().toDense().toArraySync()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(numbers(none.matmul(zeros([3, 2])))).toEqual([0, 0, 0, 0]);
    expect(none.withDiagonal(2).toDense().toArraySync()).toEqual([
      [2, 0, 0],
      [0, 2, 0],
    ]);
  });
  it("degrees divide rows, columns or both", () => {
    const matrix = sparse.csr([0, 2, 3, 3], [0, 1, 0], [1, 3, 4], [3, 3]);
    const dense = (by: sparse.Normalization): unknown => matrix.normalize(by).toDense().toArraySync();
    expect(dense("row")).toEqual([
      [0.25, 0.75, 0],
      [1, 0, 0],
      [0, 0, 0],
    ]);
    expect(dense("column")).toEqual([
      [expect.closeTo(0.2, 6), 1, 0],
      [expect.closeTo(0.8, 6), 0, 0],
      [0, 0, 0],
    ]);
    const close = (value: number): unknown => expect.closeTo(value, 6);
    expect(dense("symmetric")).toEqual([
      [close(1 / Math.sqrt(20)), close(3 / Math.sqrt(12)), 0],
      [close(4 / Math.sqrt(20)), 0, 0],
      [0, 0, 0],
    ]);
    expect(matrix.withDiagonal().toDense().toArraySync()).toEqual([
      [1, 3, 0],
      [4, 1, 0],
      [0, 0, 1],
    ]);
  });
  it("values may be data of a traced function", () => {
    const traced = jit((values: Tensor, x: Tensor) => sparse.coo(places, values, [3, 4]).matmul(x));
    const x = tensor([[1], [2], [3], [4]]);
    for (const values of [
      [1, 1, 1, 1, 1, 1],
      [1, 2, 3, 4, 5, 6],
    ])
      expect(numbers(traced(tensor(values), x))).toEqual(numbers(sparse.coo(places, values, [3, 4]).matmul(x)));
  });
  it("names what makes no sense", () => {
    expect(() =>
      sparse.coo(
        [
          [0, 3],
          [0, 1],
        ],
        [1, 2],
        [3, 4],
      ),
    ).toThrow(ArgumentError);
    expect(() =>
      sparse.coo(
        [
          [0, 3],
          [0, 1],
        ],
        [1, 2],
        [3, 4],
      ),
    ).toThrow(/sparse.coo: rows must lie from 0 to 2, got 3. Are rows and columns exchanged\?/);
    expect(() =>
      sparse.coo(
        [
          [0, 1],
          [0, 1],
        ],
        [1],
        [3, 4],
      ),
    ).toThrow(/sparse.coo: rows, columns and values must be as many, got 2, 2 and \[1\]/);
    expect(() => sparse.coo(zeros([3, 2]), [1, 2], [3, 4])).toThrow(/indices must be \[2, entries\], got \[3, 2\]/);
    expect(() => sparse.coo([[0.5], [0]], [1], [3, 4])).toThrow(/rows must be whole numbers, got 0.5/);
    expect(() => sparse.csr([0, 1], [0], [1], [2, 2])).toThrow(/sparse.csr: needs 3 pointers for 2 of them, got 2/);
    expect(() => sparse.csr([0, 2, 1], [0], [1], [2, 2])).toThrow(/pointers must rise from 0 to 1/);
    expect(() => sparse.csr([0, 2, 2], [1, 0], [1, 1], [2, 2])).toThrow(/indices must rise within each row/);
    expect(() => sparse.csc([0, 2, 2], [1, 0], [1, 1], [2, 2])).toThrow(/indices must rise within each column/);
    const matrix = sparse.csr([0, 1, 1], [1], [5], [2, 3]);
    expect(() => matrix.matmul(zeros([2, 2]))).toThrow(ShapeError);
    expect(() => matrix.matmul(zeros([2, 2]))).toThrow(
      /sparse matmul: needs \[3, n\] or \[3\] to the right of \[2, 3\], got \[2, 2\]/,
    );
    expect(() => matrix.toCoo().pointers).toThrow(/has no pointers. Use toCsr\(\) or toCsc\(\)/);
    expect(() => matrix.withValues(zeros([2]))).toThrow(/values must be one for each of 1 entries, got \[2\]/);
    expect(() => matrix.add(matrix.transpose())).toThrow(/shapes differ: \[2, 3\] and \[3, 2\]/);
    expect(() => sparse.fromDense(zeros([3]))).toThrow(/needs \[rows, columns\], got \[3\]/);
  });

  describe("segments", () => {
    const ids = (): Tensor => tensor(Int32Array.of(2, 0, 2, 0, 2, 7));
    const x = (): Tensor => tensor(Float64Array.of(1, -2, 3, 4, -5, 9));
    it("sums, means, largest, smallest; empty ones are 0, rows of none are dropped", () => {
      expect(numbers(segmentSum(x(), ids(), 4))).toEqual([2, 0, -1, 0]);
      expectClose(segmentMean(x(), ids(), 4), [1, 0, -1 / 3, 0]);
      expect(numbers(segmentMax(x(), ids(), 4))).toEqual([4, 0, 3, 0]);
      expect(numbers(segmentMin(x(), ids(), 4)).map((v) => v + 0)).toEqual([-2, 0, -5, 0]);
      expect(segmentSum(zeros([6, 2, 3]), ids(), 4).shape).toEqual([4, 2, 3]);
    });
    it("softmax within each segment, of large numbers and of −∞", () => {
      const scores = tensor([1000, 0, 1001, -Infinity, -Infinity]);
      const of = tensor(Int32Array.of(0, 1, 0, 2, 2));
      const high = 1 / (1 + Math.exp(-1));
      expectClose(segmentSoftmax(scores, of, 3), [1 - high, 1, high, 0, 0]);
    });
    it.each([
      ["segmentSum", segmentSum],
      ["segmentMean", segmentMean],
      ["segmentMax", segmentMax],
      ["segmentMin", segmentMin],
      ["segmentSoftmax", segmentSoftmax],
    ] as const)("gradients of %s agree with central differences, twice", (_, run) => {
      const of = tensor(Int32Array.of(2, 0, 2, 0, 2));
      gradCheck((rows: Tensor) => run(rows, of, 4).square(), [doubles([5, 2], 1)], { order: 2, tolerance: 1e-5 });
    });
    it("names what does not fit", () => {
      expect(() => segmentSum(zeros([5]), ids(), 4)).toThrow(/segmentSum: needs rows \[n, …\].*got \[5\] and \[6\]/);
      expect(() => segmentMax(zeros([6]), zeros([6]), 4)).toThrow(DTypeError);
      expect(() => segmentMean(zeros([6]), ids(), 0)).toThrow(/the number of segments must be a whole number/);
    });
  });
});
