import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { Dataset } from "./dataset.ts";
import { hostArray } from "./hostArray.ts";
import { randomShift } from "./randomShift.ts";
import { slices } from "./slices.ts";

const image = hostArray(Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0), [3, 3]);

describe("randomShift", () => {
  test("reaches every place within its pixels, and loses or invents nothing inside", () => {
    const shift = randomShift({ pixels: 1, seed: 3 });
    const places = new Set<number>();
    for (let index = 0; index < 200; index++) {
      const { data, shape, dtype } = shift(image, { epoch: 0, index });
      expect([...shape, dtype]).toEqual([3, 3, "u8"]);
      expect([...data].sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9]);
      places.add(data.indexOf(9));
    }
    expect(places.size).toBe(9);
    expect([...image.data]).toEqual([0, 0, 0, 0, 9, 0, 0, 0, 0]);
  });

  test("moves by more than the image and leaves nothing", () => {
    const shift = randomShift({ pixels: 5, seed: 1 });
    const left = Array.from({ length: 100 }, (_, index) => shift(image, { epoch: 0, index }).data.includes(9));
    expect(new Set(left)).toEqual(new Set([true, false]));
  });

  test("repeats by seed, epoch and place, and differs between epochs", async () => {
    const images = hostArray(
      Uint8Array.from({ length: 8 * 9 }, (_, at) => (at % 9 === 4 ? 1 : 0)),
      [8, 3, 3],
    );
    const build = (seed: number): Dataset<number> => {
      const shift = randomShift({ pixels: 1, seed });
      return Dataset.from(slices(images)).map((element, place) => shift(element, place).data.indexOf(1));
    };
    const all = async (dataset: Dataset<number>, epoch: number): Promise<number[]> => {
      const values: number[] = [];
      for await (const value of dataset.epoch(epoch)) values.push(value);
      return values;
    };
    expect(await all(build(1), 5)).toEqual(await all(build(1), 5));
    expect(await all(build(1), 5)).not.toEqual(await all(build(1), 6));
    expect(await all(build(1), 5)).not.toEqual(await all(build(2), 5));
    expect(await all(build(1).skip(3), 5)).toEqual((await all(build(1), 5)).slice(3));
  });

  test("refuses half pixels and arrays that are no image", () => {
    expect(() => randomShift({ pixels: 0.5 })).toThrow(ArgumentError);
    expect(() => randomShift()(hostArray(new Uint8Array(8), [2, 2, 2]), { epoch: 0, index: 0 })).toThrow(ShapeError);
  });
});
