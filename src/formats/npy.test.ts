import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import type { DType, TypedArray } from "../core/dtype.ts";
import { FormatError } from "../core/errors.ts";
import { parseNpy, parseNpz, serializeNpy, serializeNpz } from "./npy.ts";
import type { NumberArray } from "./numpyArray.ts";

interface Recorded {
  readonly cases: readonly {
    readonly name: string;
    readonly file: string;
    readonly shape: number[];
    readonly values: number[];
  }[];
  readonly npz: string;
  readonly npzPacked: string;
  readonly complex: string;
  readonly texts: string;
  readonly records: string;
}
const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/numpy_files.json", import.meta.url), "utf8"),
) as Recorded;
const fileOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

const DTYPES: Readonly<Record<string, DType>> = {
  bool: "bool",
  uint8: "u8",
  int8: "i32",
  int16: "i32",
  uint16: "i32",
  int32: "i32",
  uint32: "u32",
  int64: "i32",
  uint64: "i32",
  float16: "f16",
  float32: "f32",
  float64: "f64",
};

describe("npy", () => {
  test.each(recorded.cases)("[Z1] $name, as NumPy writes it", ({ name, file, shape, values }) => {
    const array = parseNpy(fileOf(file));
    expect(array.shape).toEqual(shape);
    expect([...array.data]).toEqual(values);
    if (name in DTYPES) expect(array.dtype).toBe(DTYPES[name]);
    if (/int(8|16|64)|big|fortran|version|uint16/.test(name) && name !== "uint8") return;
    expect(Buffer.from(serializeNpy(array)).toString("base64")).toBe(file);
  });

  test("64-bit integers as i32 or, where that is said, f64", () => {
    const file = serializeNpy({ dtype: "f64", shape: [2], data: new Float64Array(2) });
    const text = Buffer.from(file).toString("latin1").replace("<f8", "<i8");
    const wide = new Uint8Array(Buffer.from(text, "latin1"));
    const view = new DataView(wide.buffer, wide.byteOffset);
    view.setBigInt64(wide.length - 8, 2n ** 40n, true);
    expect(() => parseNpy(wide, "a.npy")).toThrow(
      /^a\.npy: element 1 is 1099511627776, which i32 cannot hold; read it with int64: "f64"/,
    );
    expect(parseNpy(wide, "a", { int64: "f64" })).toEqual({
      dtype: "f64",
      shape: [2],
      data: Float64Array.of(0, 2 ** 40),
    });
    view.setBigInt64(wide.length - 8, 2n ** 60n, true);
    expect(() => parseNpy(wide, "a", { int64: "f64" })).toThrow(/which f64 cannot hold/);
  });

  const header = (text: string, version = 1, data = 0): Uint8Array => {
    const bytes = Buffer.from(`${text}\n`, "latin1");
    const size = Buffer.alloc(version > 1 ? 4 : 2);
    size.writeUIntLE(bytes.length, 0, version > 1 ? 4 : 2);
    return new Uint8Array(
      Buffer.concat([Buffer.from([0x93, 78, 85, 77, 80, 89, version, 0]), size, bytes, Buffer.alloc(data)]),
    );
  };
  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const bad: [what: string, file: Uint8Array, message: RegExp][] = [
    ["an empty file", new Uint8Array(0), /does not start as \.npy files do; it is cut off/],
    ["a picture", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0), /it looks like a PNG image/],
    ["a version to come", header(good, 9, 8), /version 9 of the format is not known/],
    ["a header cut off", header(good, 1, 8).slice(0, 30), /the header should end at byte 68, the file at 30/],
    [
      "a header of a gigabyte",
      Uint8Array.of(0x93, 78, 85, 77, 80, 89, 2, 0, 0, 0, 0, 64, 0),
      /the header has 1073741824 bytes/,
    ],
    ["data cut off", header(good, 1, 7), /shape \[2\] of "<f4" takes 8 bytes, 7 are there/],
    ["data left over", header(good, 1, 9), /takes 8 bytes, 9 are there/],
    [
      "a shape that no memory holds",
      header(good.replace("(2,)", "(4294967296, 4294967296)")),
      /the shape \(4294967296, 4294967296\) is more than any file/,
    ],
    [
      "a shape of many terabytes",
      header(good.replace("(2,)", "(1000000, 1000000)")),
      /takes 4000000000000 bytes, 0 are there/,
    ],
    ["a negative shape", header(good.replace("(2,)", "(-2,)")), /is none that numpy writes/],
    ["a header that runs something", header(good.replace("(2,)", "__import__('os')")), /is none that numpy writes/],
    ["a header without a shape", header("{'descr': '<f4', 'fortran_order': False, }"), /has not the three entries/],
    ["complex numbers", fileOf(recorded.complex), /of type "<c8"; convert them/],
    ["texts", fileOf(recorded.texts), /of type "<U1"/],
    ["records", fileOf(recorded.records), /fields of several types/],
  ];
  test.each(bad)("refuses: %s", (_what, file, message) => {
    expect(() => parseNpy(file)).toThrow(message);
    expect(() => parseNpy(file)).toThrow(FormatError);
  });

  test("property: [Z1] [Z11] arrays of every type survive", () => {
    const arrays: Readonly<Record<string, (values: number[]) => TypedArray>> = {
      f32: (values) => Float32Array.from(values),
      f64: (values) => Float64Array.from(values),
      i32: (values) => Int32Array.from(values),
      u32: (values) => Uint32Array.from(values),
      u8: (values) => Uint8Array.from(values),
      bool: (values) => Uint8Array.from(values, (value) => Number(value > 0)),
    };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(arrays)), fc.array(fc.nat(3), { maxLength: 4 }), (dtype, shape) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const array: NumberArray = {
          dtype: dtype as DType,
          shape,
          data: arrays[dtype]!(Array.from({ length: count }, (_, i) => i * 37.5 - 60)),
        };
        expect(parseNpy(serializeNpy(array))).toEqual(array);
      }),
    );
  });
});

describe("npz", () => {
  test("[Z2] NumPy's, packed or not, and there and back", async () => {
    for (const text of [recorded.npz, recorded.npzPacked]) {
      const arrays = await parseNpz(fileOf(text));
      expect([...arrays.keys()]).toEqual(["W1", "b1"]);
      expect(arrays.get("W1")).toEqual({ dtype: "f32", shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) });
      expect(arrays.get("b1")).toEqual({ dtype: "i32", shape: [3], data: Int32Array.of(0, 1, 2) });
      for (const compress of [false, true])
        expect(await parseNpz(await serializeNpz(Object.fromEntries(arrays), { compress }))).toEqual(arrays);
    }
  });

  test("refuses what is none, is damaged, or holds no arrays", async () => {
    const whole = fileOf(recorded.npz);
    await expect(parseNpz(whole.slice(0, 100), "a.npz")).rejects.toThrow(
      /^a\.npz: the archive cannot be unpacked .*; it is damaged or cut off(  at .*)?$/,
    );
    await expect(parseNpz(new Uint8Array(50))).rejects.toThrow(FormatError);
    await expect(parseNpz(zipSync({ "x.npy": Uint8Array.of(1, 2, 3) }), "a.npz")).rejects.toThrow(
      /^a\.npz: "x\.npy": the file does not start/,
    );
    const bomb = zipSync({ "x.npy": new Uint8Array(1000) });
    // The size that the directory promises, in front of the name's length.
    const at = Buffer.from(bomb).lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    new DataView(bomb.buffer).setUint32(at + 24, 0x7fff_ffff, true);
    await expect(parseNpz(bomb)).rejects.toThrow(/promises 2147483647 bytes, more than \d+ can hold/);
  });
});

const folder = `${process.env["MYELIN_DATA"] || "../shared/data"}/npy`;
test.skipIf(!existsSync(folder))(
  "arrays of Python objects are refused (skipped without MYELIN_DATA or ../shared/data)",
  async () => {
    for (const name of readdirSync(folder)) {
      const bytes = new Uint8Array(readFileSync(`${folder}/${name}`));
      const reading = name.endsWith(".npz")
        ? parseNpz(bytes, name)
        : Promise.resolve().then(() => parseNpy(bytes, name));
      await expect(reading).rejects.toThrow(/Python objects, which only running a program could make/);
    }
  },
);
