import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { tensor } from "../tensor/create.ts";
import { confusionMatrix, formatConfusionMatrix } from "./confusionMatrix.ts";
import { accuracy } from "./metrics.ts";

const classes = (...values: number[]): ReturnType<typeof tensor> => tensor(Int32Array.from(values));

describe("accuracy", () => {
  test("[R1] of [1, 2, 3] against [1, 2, 4] is 66.67 %", async () => {
    expect(100 * (await accuracy(classes(1, 2, 3), classes(1, 2, 4)).item())).toBeCloseTo(66.67, 2);
  });

  test("takes the largest score of each example, and labels of any integer type", async () => {
    const scores = tensor([
      [0.1, 0.9, 0],
      [5, -1, 2],
      [-3, -2, -1],
      [1, 0, 0],
    ]);
    expect(await accuracy(scores, classes(1, 0, 2, 2)).item()).toBe(0.75);
    expect(await accuracy(scores, tensor(Uint8Array.of(1, 0, 2, 2))).item()).toBe(0.75);
    expect(await accuracy(scores.reshape([2, 2, 3]), classes(1, 0, 2, 0).reshape([2, 2])).item()).toBe(1);
  });

  test("refuses labels of another shape", () => {
    expect(() => accuracy(tensor([[1, 2]]), tensor([[0, 1]]))).toThrow(ShapeError);
    expect(() => accuracy(tensor([[1, 2]]), tensor([[0, 1]]))).toThrow(
      /outputs \[1, 2\] want labels \[1\], got \[1, 2\]/,
    );
  });
});

describe("confusion matrix", () => {
  const [labels, predictions] = [classes(0, 0, 1, 2, 2, 2), classes(0, 1, 1, 2, 0, 2)];

  test("[R2] has right classes in rows and predicted ones in columns", async () => {
    const matrix = await confusionMatrix(labels, predictions);
    expect(matrix.dtype).toBe("i32");
    expect(matrix.toArraySync()).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
    expect((await confusionMatrix(labels, predictions, 4)).shape).toEqual([4, 4]);
    expect((await confusionMatrix(classes(), classes())).shape).toEqual([0, 0]);
    expect(await matrix.sum().item()).toBe(6);
  });

  test("as text: mistakes stand out, and how much of each class was recognised", async () => {
    const matrix = await confusionMatrix(labels, predictions, 4);
    expect(`\n${formatConfusionMatrix(matrix)}`).toMatchInlineSnapshot(`
      "
      true │ 0 1 2 3  right
      ─────┼────────
         0 │ 1 1 · ·   50.0 %
         1 │ · 1 · ·  100.0 %
         2 │ 1 · 2 ·   66.7 %
         3 │ · · · ·"
    `);
    expect(`\n${formatConfusionMatrix(matrix, ["cat", "dog", "kangaroo", "emu"])}`).toMatchInlineSnapshot(`
      "
          true │      cat      dog kangaroo      emu  right
      ─────────┼────────────────────────────────────
           cat │        1        1        ·        ·   50.0 %
           dog │        ·        1        ·        ·  100.0 %
      kangaroo │        1        ·        2        ·   66.7 %
           emu │        ·        ·        ·        ·"
    `);
  });

  test("refuses what is no class", async () => {
    await expect(confusionMatrix(labels, predictions, 2)).rejects.toThrow(/whole numbers from 0 to 1, got 2/);
    await expect(confusionMatrix(classes(0, -1), classes(0, 0))).rejects.toThrow(ArgumentError);
    await expect(confusionMatrix(tensor([0.5]), classes(0))).rejects.toThrow(/got 0\.5/);
    await expect(confusionMatrix(labels, tensor([[1, 2]]))).rejects.toThrow(ShapeError);
  });
});
