import { describe, expect, test } from "vitest";
import { einsum, gradCheck, zeros, type Tensor } from "../../index.ts";
import { expectClose, fixed as f64, onEachDevice } from "../devices.testing.ts";

/** The definition: a loop over every letter. */
function naive(equation: string, operands: readonly Tensor[]): { shape: number[]; data: number[] } {
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => [...term].forEach((letter, axis) => sizes.set(letter, operands[i]!.shape[axis]!)));
  const letters = [...sizes.keys()];
  const data = operands.map((x) => x.dataSync());
  const offset = (term: string, shape: readonly number[], at: Map<string, number>): number =>
    [...term].reduce((sum, letter, axis) => sum * shape[axis]! + at.get(letter)!, 0);
  const shape = [...right].map((letter) => sizes.get(letter)!);
  const out = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
  const visit = (depth: number, at: Map<string, number>): void => {
    if (depth === letters.length) {
      const product = terms.reduce((p, term, i) => p * data[i]![offset(term, operands[i]!.shape, at)]!, 1);
      out[offset(right, shape, at)]! += product;
      return;
    }
    for (let i = 0; i < sizes.get(letters[depth]!)!; i++) visit(depth + 1, at.set(letters[depth]!, i));
  };
  visit(0, new Map());
  return { shape, data: out };
}

onEachDevice(() => {
  describe("einsum", () => {
    test.each([
      [
        "ij,jk->ik",
        [
          [2, 3],
          [3, 4],
        ],
      ],
      [
        "ij,kj->ki",
        [
          [2, 3],
          [4, 3],
        ],
      ],
      [
        "bij,bjk->bik",
        [
          [2, 3, 4],
          [2, 4, 2],
        ],
      ],
      [
        "bhqd,bhkd->bhqk",
        [
          [2, 2, 3, 4],
          [2, 2, 5, 4],
        ],
      ],
      ["i,i->", [[3], [3]]],
      ["i,j->ij", [[3], [4]]],
      ["ij->ji", [[2, 3]]],
      ["ij->", [[2, 3]]],
      ["ij->i", [[2, 3]]],
      ["ii->i", [[3, 3]]],
      ["ii->", [[3, 3]]],
      ["iji->j", [[3, 2, 3]]],
      [
        "iij,jk->k",
        [
          [3, 3, 2],
          [2, 4],
        ],
      ],
      [
        "ij,jk,kl->il",
        [
          [2, 3],
          [3, 4],
          [4, 2],
        ],
      ],
      [
        "ij,ij,ij->j",
        [
          [2, 3],
          [2, 3],
          [2, 3],
        ],
      ],
      [
        "ab,cd,ef->fdb",
        [
          [2, 3],
          [2, 2],
          [1, 2],
        ],
      ],
      ["i,ij,j->", [[2], [2, 3], [3]]],
      ["iii->i", [[2, 2, 2]]],
      [
        "ba,ca->bc",
        [
          [2, 3],
          [4, 3],
        ],
      ],
    ] as [string, number[][]][])("%s equals its definition", (equation, shapes) => {
      const operands = shapes.map((shape, i) => f64(shape, i + 1));
      const want = naive(equation, operands);
      const got = einsum(equation, ...operands);
      expect(got.shape).toEqual(want.shape);
      expectClose(got.flatten(), want.data, 1e-12);
    });

    test("the result may be left out: letters that appear once, in alphabetical order", () => {
      const [a, b] = [f64([2, 3]), f64([3, 4], 2)];
      expectClose(einsum("ij,jk", a, b), einsum("ij,jk->ik", a, b).toArraySync() as number[][], 0);
      expect(einsum("ba", a).shape).toEqual([3, 2]);
      expect(einsum("ii", f64([3, 3])).shape).toEqual([]);
    });

    test("the ellipsis stands for the axes that are not named, which broadcast", () => {
      const [a, b] = [f64([5, 2, 3, 4]), f64([2, 4, 6], 2)];
      expectClose(einsum("...ij,...jk->...ik", a, b), a.matmul(b).toArraySync() as number[][][], 1e-12);
      expect(einsum("...ij,jk", a, f64([4, 7])).shape).toEqual([5, 2, 3, 7]);
      expectClose(einsum("...i->...", a), a.sum(-1).toArraySync() as number[][][], 1e-12);
      expect(einsum("...,...->...", f64([3, 1]), f64([4])).shape).toEqual([3, 4]);
      expect(einsum("i...->...i", a).shape).toEqual([2, 3, 4, 5]);
    });

    test("sizes of 1 broadcast, spaces do not matter", () => {
      expectClose(
        einsum("ij, ij -> ij", f64([1, 3]), f64([2, 3], 2)),
        f64([1, 3])
          .mul(f64([2, 3], 2))
          .toArraySync() as number[][],
        0,
      );
      expectClose(
        einsum("ij,ij->", f64([1, 3]), f64([2, 3], 2)),
        f64([1, 3])
          .mul(f64([2, 3], 2))
          .sum()
          .itemSync(),
        1e-12,
      );
    });

    test("refuses what makes no sense", () => {
      const a = zeros([2, 3]);
      expect(() => einsum("ij,jk->ik", a)).toThrow('einsum: "ij,jk->ik" is for 2 tensors, got 1');
      expect(() => einsum("ij->ik", a)).toThrow('"k" of the result of "ij->ik" names no axis');
      expect(() => einsum("ij->ii", a)).toThrow('"i" appears twice in the result');
      expect(() => einsum("ijk->i", a)).toThrow('"ijk" names 3 axes, [2, 3] has 2');
      expect(() => einsum("i1->i", a)).toThrow('"1" in "i1->i" is no axis');
      expect(() => einsum("ij,jk->ik", a, a)).toThrow('"j" stands for 3 and 2 in [2, 3], [2, 3]');
      expect(() => einsum("ii->i", a)).toThrow('"i" stands for 2 and 3 in [2, 3]');
      expect(() => einsum("......", a)).toThrow("two ellipses");
    });

    test("gradients agree with central differences, twice", () => {
      const second = { order: 2 } as const;
      gradCheck(
        (a: Tensor, b: Tensor) => einsum("bij,bkj->bik", a, b).tanh(),
        [f64([2, 2, 3]), f64([2, 2, 3], 2)],
        second,
      );
      gradCheck((a: Tensor) => einsum("iji->j", a).sin(), [f64([2, 3, 2])], second);
      gradCheck(
        (a: Tensor, b: Tensor, c: Tensor) => einsum("i,ij,j->", a, b, c).sin(),
        [f64([2]), f64([2, 3], 2), f64([3], 3)],
        second,
      );
    });
  });
});
