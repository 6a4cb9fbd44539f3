import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { hostArray, type HostArray } from "./hostArray.ts";
import { slices, type Sliceable } from "./slices.ts";
import { stack, type Stacked } from "./stack.ts";

const array = (data: HostArray["data"], shape: number[], dtype?: HostArray["dtype"]): HostArray =>
  hostArray(data, shape, dtype);

describe("stack", () => {
  const cases: [string, unknown[], unknown][] = [
    ["numbers", [1, 2.5, -3], array(Float32Array.of(1, 2.5, -3), [3])],
    ["whole numbers are f32 as well", [1, 2], array(Float32Array.of(1, 2), [2])],
    ["booleans", [true, false], array(Uint8Array.of(1, 0), [2], "bool")],
    ["texts", ["a", "b"], ["a", "b"]],
    [
      "arrays of numbers",
      [
        [1, 2],
        [3, 4],
      ],
      array(Float32Array.of(1, 2, 3, 4), [2, 2]),
    ],
    [
      "matrices",
      [
        [[1], [2]],
        [[3], [4]],
      ],
      array(Float32Array.of(1, 2, 3, 4), [2, 2, 1]),
    ],
    ["empty arrays", [[], []], array(new Float32Array(0), [2, 0])],
    ["u8", [Uint8Array.of(1, 2), Uint8Array.of(3, 4)], array(Uint8Array.of(1, 2, 3, 4), [2, 2])],
    ["i32", [Int32Array.of(-1)], array(Int32Array.of(-1), [1, 1])],
    ["u32", [Uint32Array.of(2 ** 32 - 1)], array(Uint32Array.of(2 ** 32 - 1), [1, 1])],
    ["f64", [Float64Array.of(0.1)], array(Float64Array.of(0.1), [1, 1])],
    [
      "scalars with a dtype",
      [array(Int32Array.of(7), []), array(Int32Array.of(8), [])],
      array(Int32Array.of(7, 8), [2]),
    ],
    ["host arrays", [array(Uint8Array.of(1, 0), [1, 2], "bool")], array(Uint8Array.of(1, 0), [1, 1, 2], "bool")],
    [
      "tuples",
      [
        [Uint8Array.of(1), "a"],
        [Uint8Array.of(2), "b"],
      ],
      [array(Uint8Array.of(1, 2), [2, 1]), ["a", "b"]],
    ],
    [
      "objects",
      [{ x: [1, 2], y: true }],
      { x: array(Float32Array.of(1, 2), [1, 2]), y: array(Uint8Array.of(1), [1], "bool") },
    ],
    ["objects in tuples in objects", [{ a: [{ b: 1 }, "t"] }], { a: [{ b: array(Float32Array.of(1), [1]) }, ["t"]] }],
  ];
  test.each(cases)("%s", (_name, elements, expected) => {
    expect(stack(elements)).toEqual(expected);
  });

  test("every array can be made into something else", () => {
    const shapes = stack([{ x: 1, t: "a", p: [Uint8Array.of(1), "b"] as const }], ({ shape }) => shape.length);
    expect(shapes).toEqual({ x: 1, t: ["a"], p: [2, ["b"]] });
  });

  test("types follow", () => {
    expectTypeOf<Stacked<number>>().toEqualTypeOf<HostArray>();
    expectTypeOf<Stacked<boolean>>().toEqualTypeOf<HostArray>();
    expectTypeOf<Stacked<number[][]>>().toEqualTypeOf<HostArray>();
    expectTypeOf<Stacked<Uint8Array>>().toEqualTypeOf<HostArray>();
    expectTypeOf<Stacked<readonly [HostArray, number, string]>>().toEqualTypeOf<[HostArray, HostArray, string[]]>();
    expectTypeOf<Stacked<{ x: number; y: readonly [string, number] }, Date>>().toEqualTypeOf<{
      x: Date;
      y: [string[], Date];
    }>();
  });

  const bad: [string, unknown[], new (message: string) => Error, RegExp][] = [
    [
      "other lengths",
      [Uint8Array.of(1), Uint8Array.of(1, 2)],
      ShapeError,
      /batch: element 1 has shape \[2\], the first \[1\]; pad or crop/,
    ],
    ["other shapes", [[1, 2], [[1, 2]]], ShapeError, /element 1 has shape \[1, 2\]/],
    ["ragged", [[[1, 2], [3]]], ShapeError, /ragged: parts of shapes \[2\] and \[1\]/],
    ["ragged depth", [[1, [2]]], ShapeError, /ragged: parts of shapes \[\] and \[1\]/],
    [
      "other dtypes",
      [Uint8Array.of(1), Int32Array.of(1)],
      ArgumentError,
      /differ: an array of u8 \[1\] and an array of i32 \[1\]; make them alike with map/,
    ],
    ["number and boolean", [1, true], ArgumentError, /differ: a number and a boolean/],
    ["number and text", [1, "1"], ArgumentError, /differ: a number and a string/],
    ["text and number", ["1", 1], ArgumentError, /differ: a string and a number/],
    ["a field missing", [{ x: 1 }, {}], ArgumentError, /differ: an object with x and an object with no fields/],
    ["shorter tuple", [["a", 1], ["a"]], ArgumentError, /differ: a tuple of 2 and a tuple of 1/],
    [
      "in a field",
      [{ x: [1, "a"] }, { x: ["b", "a"] }],
      ArgumentError,
      /the elements at \.x\[0\] differ: a number and a string/,
    ],
    [
      "undefined",
      [undefined],
      ArgumentError,
      /cannot stack undefined; turn it into numbers with map, or give batch a collate function/,
    ],
    ["null in a field", [{ x: null }], ArgumentError, /cannot stack null at \.x/],
    ["class instance", [new Date(0)], ArgumentError, /cannot stack a Date/],
    ["bigint", [1n], ArgumentError, /cannot stack a bigint/],
    ["16-bit array", [Int16Array.of(1)], ArgumentError, /cannot stack a Int16Array/],
  ];
  test.each(bad)("refuses: %s", (_name, elements, type, message) => {
    expect(() => stack(elements)).toThrow(type);
    expect(() => stack(elements)).toThrow(message);
  });
});

describe("slices", () => {
  const x = array(Float32Array.of(1, 2, 3, 4), [2, 2]);
  const y = array(Uint8Array.of(7, 8), [2], "bool");
  const cases: [string, Sliceable, unknown][] = [
    ["one array", x, array(Float32Array.of(3, 4), [2])],
    ["tuple", [x, y], [array(Float32Array.of(3, 4), [2]), array(Uint8Array.of(8), [], "bool")]],
    ["object", { x, y }, { x: array(Float32Array.of(3, 4), [2]), y: array(Uint8Array.of(8), [], "bool") }],
  ];
  test.each(cases)("%s", (_name, arrays, second) => {
    const source = slices(arrays);
    expect(source.length).toBe(2);
    expect(source.get(1)).toEqual(second);
  });

  test("rows are views", () => {
    expect((slices(x).get(1) as HostArray).data.buffer).toBe(x.data.buffer);
    expect(slices(array(new Float32Array(0), [0, 3])).length).toBe(0);
    expect((slices(array(new Float32Array(0), [2, 0])).get(1) as HostArray).shape).toEqual([0]);
  });

  const bad: [string, Sliceable, RegExp][] = [
    ["nothing", [], /no arrays were given/],
    ["an empty object", {}, /no arrays were given/],
    ["a scalar", array(Float32Array.of(1), []), /first sizes must exist and be equal, got \[\]/],
    [
      "other lengths",
      [x, array(Uint8Array.of(1, 2, 3), [3])],
      /got \[2, 2\] and \[3\]; give as many labels as examples/,
    ],
  ];
  test.each(bad)("refuses: %s", (_name, arrays, message) => {
    expect(() => slices(arrays)).toThrow(message);
  });

  test("a shape must fit its data", () => {
    expect(() => hostArray(new Float32Array(3), [2])).toThrow(ShapeError);
  });
});
