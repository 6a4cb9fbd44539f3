import { describe, expect, test } from "vitest";
import { arange, concat, eye, gradCheck, ones, randn, setDevice, tensor, zeros, type Tensor } from "../../index.ts";
import { expectClose, onEachDevice, spread } from "../devices.testing.ts";

type Matrix = number[][];
const f64 = (shape: number[], seed = 1): Tensor =>
  tensor(
    Float64Array.from(
      spread(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    shape,
  );

/** The definition: three loops over nested arrays. */
function naive(a: Matrix, b: Matrix): Matrix {
  const [rows, inner, columns] = [a.length, a[0]!.length, b[0]!.length];
  if (inner !== b.length) throw new Error("inner dimensions must match");
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (__, j) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i]![k]! * b[k]![j]!;
      return sum;
    }),
  );
}
const matrix = (x: Tensor): Matrix => x.toArraySync() as Matrix;

onEachDevice(() => {
  describe("matrix products", () => {
    test("[E3] [[1, 2], [3, 4]] × [[5, 6], [7, 8]] = [[19, 22], [43, 50]], by three loops and by matmul", () => {
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
      expect(tensor(a!).matmul(tensor(b!)).toArraySync()).toEqual([
        [19, 22],
        [43, 50],
      ]);
    });

    test("[E2] [E10] [E11] every entry is a dot product: equal to the definition", () => {
      for (const [m, k, n] of [
        [1, 1, 1],
        [3, 5, 2],
        [17, 33, 9],
        [32, 16, 64],
      ] as const) {
        const [a, b] = [f64([m, k]).float(), f64([k, n], 2).float()];
        expectClose(a.matmul(b), naive(matrix(a), matrix(b)), 1e-5);
      }
    });

    test("[E1] [AI32] (200, 300) × (300, 150) → (200, 150); (m, k) × (p, n) throws", () => {
      expect(zeros([200, 300]).matmul(zeros([300, 150])).shape).toEqual([200, 150]);
      const [x, w]: Tensor[] = [zeros([32, 784]), zeros([128, 784])];
      expect(() => x!.matmul(w!)).toThrow(
        "matmul: inner dimensions differ: [32, 784] × [128, 784] (784 ≠ 128). Did you mean x.matmul(w.T)?",
      );
      expect(() => w!.T.matmul(x!)).toThrow("inner dimensions differ: [784, 128] × [32, 784] (128 ≠ 32)");
    });

    test("[B19] [AF7] the message names both shapes, and a transposition where one would fit", () => {
      const product =
        (a: number[], b: number[]): (() => unknown) =>
        () =>
          zeros(a).matmul(zeros(b));
      expect(product([4, 3], [2, 5])).toThrow(/\[4, 3\] × \[2, 5\] \(3 ≠ 2\)\. The last axis of the left side/);
      expect(product([3, 4], [3, 5])).toThrow("Did you mean x.T.matmul(w)?");
      expect(product([2, 3, 4], [2, 5, 4])).toThrow("Did you mean x.matmul(w.transpose(-1, -2))?");
      expect(product([4, 2, 3], [3, 3, 4])).toThrow(
        "matmul: batch dimensions of [4, 2, 3] and [3, 3, 4] do not broadcast",
      );
      expect(product([], [3])).toThrow("matmul: the left side is a scalar; use mul");
      expect(product([3], [])).toThrow("matmul: the right side is a scalar; use mul");
    });

    test("[E5] blocks of 4 with partial edges equal the whole", () => {
      const [a, b] = [f64([10, 7]), f64([7, 9], 2)];
      const rows = a.split(4).map((left) => {
        const columns = b.split(4, 1).map((right) =>
          left
            .split(4, 1)
            .map((tile, k) => tile.matmul(right.split(4)[k]!))
            .reduce((sum, tile) => sum.add(tile)),
        );
        return concat(columns, 1);
      });
      expectClose(concat(rows), matrix(a.matmul(b)), 1e-12);
    });

    test("[E6] Strassen's seven products equal the naive result; 343 multiplications for n = 8", () => {
      let multiplications = 0;
      const strassen = (a: Tensor, b: Tensor): Tensor => {
        const n = a.shape[0]!;
        if (n === 1) {
          multiplications++;
          return a.mul(b);
        }
        const quarters = (x: Tensor): Tensor[] => x.split(n / 2).flatMap((half) => half.split(n / 2, 1));
        const [a11, a12, a21, a22] = quarters(a) as [Tensor, Tensor, Tensor, Tensor];
        const [b11, b12, b21, b22] = quarters(b) as [Tensor, Tensor, Tensor, Tensor];
        const m1 = strassen(a11.add(a22), b11.add(b22));
        const m2 = strassen(a21.add(a22), b11);
        const m3 = strassen(a11, b12.sub(b22));
        const m4 = strassen(a22, b21.sub(b11));
        const m5 = strassen(a11.add(a12), b22);
        const m6 = strassen(a21.sub(a11), b11.add(b12));
        const m7 = strassen(a12.sub(a22), b21.add(b22));
        return concat([
          concat([m1.add(m4).sub(m5).add(m7), m3.add(m5)], 1),
          concat([m2.add(m4), m1.sub(m2).add(m3).add(m6)], 1),
        ]);
      };
      for (const [n, count] of [
        [2, 7],
        [4, 49],
      ] as const) {
        multiplications = 0;
        const [a, b] = [f64([n, n]), f64([n, n], 2)];
        expectClose(strassen(a, b), naive(matrix(a), matrix(b)), 1e-12);
        expect(multiplications).toBe(count);
      }
      multiplications = 0;
      strassen(f64([8, 8]), f64([8, 8], 2));
      expect(multiplications).toBe(343);
    });

    test("[E7] block matrices multiply block by block", () => {
      const [a, b] = [f64([4, 6]), f64([6, 2], 2)];
      const [left, right] = a.split(3, 1);
      const [top, bottom] = b.split(3);
      expectClose(left!.matmul(top!).add(right!.matmul(bottom!)), matrix(a.matmul(b)), 1e-12);
    });

    test("[E8] associative, distributive, identity, transpose of a product; not commutative", () => {
      const [a, b, c] = [f64([3, 3], 1), f64([3, 3], 2), f64([3, 3], 3)];
      expectClose(a.matmul(b).matmul(c), matrix(a.matmul(b.matmul(c))), 1e-12);
      expectClose(a.matmul(b.add(c)), matrix(a.matmul(b).add(a.matmul(c))), 1e-12);
      expectClose(a.add(b).matmul(c), matrix(a.matmul(c).add(b.matmul(c))), 1e-12);
      expectClose(a.matmul(eye(3, 3, { dtype: "f64" })), matrix(a), 0);
      expectClose(a.matmul(b).T, matrix(b.T.matmul(a.T)), 1e-12);
      const [p, q] = [
        tensor([
          [0, 1],
          [0, 0],
        ]),
        tensor([
          [0, 0],
          [1, 0],
        ]),
      ];
      expect(matrix(p.matmul(q))).not.toEqual(matrix(q.matmul(p)));
    });

    test("[E9] a diagonal matrix scales rows: n² multiplications do", () => {
      const d = tensor([2, -1, 0.5]);
      const a = tensor(spread(12), [3, 4]);
      const diagonal = eye(3).mul(d);
      expectClose(diagonal.matmul(a), matrix(d.unsqueeze(1).mul(a)));
      expectClose(
        tensor(3).mul(a),
        matrix(a).map((row) => row.map((v) => 3 * v)),
      );
    });

    test("[E13] [C8] whichever operand is transposed, and as a broadcast product summed up", () => {
      const [a, b] = [f64([5, 4]), f64([4, 6], 2)];
      const want = naive(matrix(a), matrix(b));
      const stored = (x: Tensor): Tensor => x.T.contiguous().T;
      expectClose(stored(a).matmul(b), want, 1e-12);
      expectClose(a.matmul(stored(b)), want, 1e-12);
      expectClose(stored(a).matmul(stored(b)), want, 1e-12);
      expectClose(a.unsqueeze(2).mul(b.unsqueeze(0)).sum(1), want, 1e-12);
    });

    test("a short k of two axes whose steps differ", () => {
      for (const [outer, inner] of [
        [2, 2],
        [2, 8],
        [4, 9],
      ] as const) {
        const x = f64([4, outer, 67, inner]).float();
        const [rows, w] = [x.transpose(1, 2).reshape([4, 67, outer * inner]), f64([outer * inner, 4], 2).float()];
        expectClose(rows.reshape([268, -1]).matmul(w), naive(matrix(rows.reshape([268, -1])), matrix(w)), 1e-5);
        expectClose(rows.matmul(w).reshape([268, 4]), naive(matrix(rows.reshape([268, -1])), matrix(w)), 1e-5);
      }
    });

    test("[E19] batches broadcast: each product is that of its slices", () => {
      const each = (a: Tensor, b: Tensor): unknown =>
        a.unbind().map((x, i) => x.matmul(b.shape[0] === 1 ? b.slice(0) : b.slice(i)).toArraySync());
      const [x, y] = [f64([3, 2, 4]), f64([3, 4, 5], 2)];
      expectClose(x.matmul(y), each(x, y) as Matrix[], 1e-12);
      const one = f64([1, 4, 5], 3);
      expectClose(x.matmul(one), each(x, one) as Matrix[], 1e-12);
      expectClose(x.matmul(one.squeeze(0)), each(x, one) as Matrix[], 1e-12);
      expectClose(
        f64([2, 4], 4).matmul(y),
        y.unbind().map((m) => matrix(f64([2, 4], 4).matmul(m))),
        1e-12,
      );
      expectClose(
        f64([2, 1, 3, 4]).matmul(f64([5, 4, 2], 2)),
        f64([2, 1, 3, 4])
          .unbind()
          .map((left) =>
            f64([5, 4, 2], 2)
              .unbind()
              .map((right) => matrix(left.slice(0).matmul(right))),
          ),
        1e-12,
      );
      expect(f64([4]).matmul(f64([3, 4, 5])).shape).toEqual([3, 5]);
      expect(f64([3, 2, 4]).matmul(f64([4])).shape).toEqual([3, 2]);
      expect(
        zeros([2, 0])
          .matmul(zeros([0, 3]))
          .toArraySync(),
      ).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
    });

    test("[E17] looking rows up is multiplying by one-hot rows", () => {
      const table = tensor(spread(20), [5, 4]);
      const ids = tensor([3, 0, 3], { dtype: "i32" });
      expectClose(ids.oneHot(5).matmul(table), matrix(table.gather(ids)));
    });

    test("[E18] a fully connected layer is W·x + b", () => {
      const [w, x, b] = [
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        tensor([[1], [-1]]),
        tensor([[0.5], [0], [-0.5]]),
      ];
      expect(w.matmul(x).add(b).toArraySync()).toEqual([[-0.5], [-1], [-1.5]]);
    });

    test("[E12] without an accelerator the CPU does it", () => {
      expect(["reference", "wasm", "asynchronous"]).toContain(ones([2, 2]).matmul(ones([2, 2])).device);
    });

    test("integers stay integers; bool and u8 multiply as i32", () => {
      const a = tensor([[200, 100]], { dtype: "u8" });
      expect(a.matmul(a.T).toArraySync()).toEqual([[50000]]);
      expect(a.matmul(a.T).dtype).toBe("i32");
      expect(a.matmul(tensor([[0.5], [0.25]])).toArraySync()).toEqual([[125]]);
    });
  });

  describe("the notes' examples", () => {
    test("[E23] [AI4] [1, 2] · [3, 4] = 11, as dot product and as aᵀw", () => {
      expect(
        tensor([1, 2])
          .matmul(tensor([3, 4]))
          .itemSync(),
      ).toBe(11);
      expect(
        tensor([[1], [2]])
          .T.matmul(tensor([[3], [4]]))
          .toArraySync(),
      ).toEqual([[11]]);
    });

    test("[E24] [AI4] [1, 2] · [[3, 5], [4, 6]] = [[11, 17]]", () => {
      expect(
        tensor([[1, 2]])
          .matmul(
            tensor([
              [3, 5],
              [4, 6],
            ]),
          )
          .toArraySync(),
      ).toEqual([[11, 17]]);
    });

    test("[E25] [AI4] AᵀW = [[11, 17], [-11, -17]]", () => {
      const a = tensor([
        [1, -1],
        [2, -2],
      ]);
      expect(
        a.T.matmul(
          tensor([
            [3, 5],
            [4, 6],
          ]),
        ).toArraySync(),
      ).toEqual([
        [11, 17],
        [-11, -17],
      ]);
    });

    test("[E26] [AI4] [AK29] the general example: 3 × 4, of which the given columns are known", () => {
      const a = tensor(Float64Array.of(1, -1, 0.1, 2, -2, 0.2), [2, 3]);
      const w = tensor(Float64Array.of(3, 5, 7, 0, 4, 6, 8, 0), [2, 4]);
      const z = a.T.matmul(w);
      expect(z.shape).toEqual([3, 4]);
      const rows = matrix(z);
      expect(rows[0]![0]).toBe(11);
      expect(Math.abs(rows[2]![1]! - 1.7)).toBeLessThan(1e-12);
      expect(rows[1]![2]).toBe(-23);
    });

    test("[AI11] [F21] coffee from scratch: z1 = [233, -531, 183], a2 = 0.5; (1, 1) gives 0.165315", () => {
      const w1 = tensor(Float64Array.of(1, -3, 1, 2, 4, -1), [2, 3]);
      const b1 = tensor(Float64Array.of(-1, 1, 0));
      const w2 = tensor(Float64Array.of(2, -1, 1));
      const z1 = (x: Tensor): Tensor => x.matmul(w1).add(b1);
      const a2 = (x: Tensor): number => z1(x).sigmoid().matmul(w2).sub(3).sigmoid().itemSync();
      const hot = tensor(Float64Array.of(200, 17));
      expect(z1(hot).toArraySync()).toEqual([233, -531, 183]);
      expect(a2(hot)).toBe(0.5);
      expect(a2(tensor(Float64Array.of(1, 1)))).toBeCloseTo(0.165315, 6);
    });

    test("[AI12] [F22] [AK4] coffee vectorised, with weights of its own: Z = [[165, -531, 900]] → [[1, 0, 1]]", () => {
      const w = tensor([
        [1, -3, 5],
        [-2, 4, -6],
      ]);
      const z = tensor([[200, 17]])
        .matmul(w)
        .add(tensor([[-1, 1, 2]]));
      expect(z.toArraySync()).toEqual([[165, -531, 900]]);
      expect(z.sigmoid().toArraySync()).toEqual([[1, 0, 1]]);
    });
  });

  test("outer: every element times every element", () => {
    expect(
      tensor([1, 2])
        .outer(tensor([3, 4, 5]))
        .toArraySync(),
    ).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
    expect(arange(6).reshape([2, 3]).outer(arange(4)).shape).toEqual([2, 3, 4]);
  });

  test("gradients agree with central differences, twice, for every kind of operand", () => {
    const second = { order: 2 } as const;
    const pairs = [
      [
        [3, 4],
        [4, 2],
      ],
      [[4], [4]],
      [[4], [4, 2]],
      [[3, 4], [4]],
      [
        [2, 3, 4],
        [4, 2],
      ],
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      [
        [2, 1, 3, 4],
        [3, 4, 2],
      ],
      [
        [3, 4],
        [2, 4, 2],
      ],
    ] as const;
    for (const [a, b] of pairs)
      gradCheck((x: Tensor, y: Tensor) => x.matmul(y).tanh(), [f64([...a]), f64([...b], 2)], second);
    gradCheck((x: Tensor, y: Tensor) => x.outer(y).sin(), [f64([3]), f64([2], 2)], second);
  });
});

// Sizes that the reference device would take long for.
test("[E4] matmul, products of transposes and vectors agree on randn(200, 300) × (300, 150)", () => {
  setDevice("wasm");
  const [a, b] = [randn([200, 300]), randn([300, 150])];
  const c = a.matmul(b);
  expectClose(b.T.matmul(a.T).T, matrix(c), 1e-4);
  expectClose(
    a.matmul(b.slice(null, 7)),
    matrix(c).map((row) => row[7]!),
    1e-4,
  );
});
