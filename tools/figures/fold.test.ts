// docs/figures/layer-as-fold.svg is what the layer does. With MYELIN_WRITE=1 it is written first.
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { setDevice } from "../../src/tensor/engine.ts";
import { foldingLayer, foldPicture, grid } from "./fold.ts";

const file = new URL("../../docs/figures/layer-as-fold.svg", import.meta.url);

describe("[F29] a layer turns, shears and moves the plane, and folds it along the axes", () => {
  // Plain double precision: the same points everywhere.
  beforeAll(() => setDevice("reference"));

  it("straight lines stay straight and as parallel as they were under W·x + b", () => {
    const mapped = foldingLayer().forward(grid());
    const steps = mapped
      .slice([1])
      .sub(mapped.slice([0, -1]))
      .reshape([-1, 2])
      .dataSync();
    // The steps along the lines, without those from one line to the next: two directions, each the same everywhere.
    const along = (first: number): string[] =>
      Array.from({ length: 9 * 81 - 1 }, (_, i) => first + i)
        .filter((i) => i % 81 !== 80)
        .map((i) => `${steps[2 * i]!.toFixed(9)} ${steps[2 * i + 1]!.toFixed(9)}`);
    expect([new Set(along(0)).size, new Set(along(9 * 81)).size]).toEqual([1, 1]);
  });

  it("ReLU leaves what is above 0 and lays the rest onto the axes", () => {
    const mapped = foldingLayer().forward(grid()).dataSync();
    const folded = foldingLayer().forward(grid()).relu().dataSync();
    folded.forEach((value, i) => expect(value).toBe(Math.max(mapped[i]!, 0)));
    expect(folded.filter((value) => value === 0).length).toBeGreaterThan(500);
  });

  it("the picture is the one in docs/figures", () => {
    const picture = foldPicture();
    if (process.env["MYELIN_WRITE"]) writeFileSync(file, picture);
    expect(readFileSync(file, "utf8")).toBe(picture);
  });
});
