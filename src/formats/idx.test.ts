import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import { gzip } from "./gzip.ts";
import { parseIdx, parseIdxHeader, serializeIdx, type IdxArray, type IdxData } from "./idx.ts";

/** A file from its type code, its sizes and its data. */
function fileOf(code: number, shape: readonly number[], data: readonly number[]): Uint8Array {
  const sizes = shape.flatMap((size) => [(size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.of(0, 0, code, shape.length, ...sizes, ...data);
}

const packed = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  const { message } = error as FormatError;
  expect(message.length).toBeLessThan(400);
  return message;
}

describe("IDX", () => {
  const types: [name: string, code: number, bytes: number[], value: IdxData][] = [
    ["u8", 0x08, [1, 255], Uint8Array.of(1, 255)],
    ["i8", 0x09, [1, 255], Int8Array.of(1, -1)],
    ["i16", 0x0b, [1, 2, 255, 254], Int16Array.of(258, -2)],
    ["i32", 0x0c, [0, 0, 1, 2, 255, 255, 255, 254], Int32Array.of(258, -2)],
    ["f32", 0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1.5, -2)],
    ["f64", 0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(1.5, -2)],
  ];
  test.each(types)("%s, big-endian, there and back, plain and gzipped", async (dtype, code, data, value) => {
    const file = fileOf(code, [2, 1], data);
    for (const bytes of [file, packed(file), await gzip(file)]) {
      expect(await parseIdx(bytes)).toEqual({ data: value, shape: [2, 1] });
      expect(await parseIdxHeader(bytes)).toEqual({ dtype, shape: [2, 1] });
    }
    expect(serializeIdx({ data: value, shape: [2, 1] })).toEqual(file);
  });

  test("bytes of a plain file are a view, also inside a larger buffer", async () => {
    const larger = Uint8Array.of(9, 9, ...fileOf(8, [3], [4, 5, 6]), 9);
    const { data } = await parseIdx(larger.subarray(2, larger.length - 1));
    expect([...data]).toEqual([4, 5, 6]);
    expect(data.buffer).toBe(larger.buffer);
  });

  test("no elements", async () => {
    expect(await parseIdx(fileOf(8, [0, 28, 28], []))).toEqual({ data: new Uint8Array(0), shape: [0, 28, 28] });
    expect(await parseIdx(fileOf(0x0e, [2 ** 32 - 1, 2 ** 32 - 1, 0], []))).toMatchObject({
      data: new Float64Array(0),
    });
  });

  const flipped = packed(fileOf(8, [100], Array<number>(100).fill(7)));
  flipped[flipped.length - 6]! ^= 1;
  const bad: [what: string, file: Uint8Array, message: RegExp][] = [
    ["empty file", new Uint8Array(0), /has 0 bytes, fewer than the 4 .* fetch it again/],
    ["three bytes", Uint8Array.of(0, 0, 8), /has 3 bytes/],
    ["not zero", Uint8Array.of(0, 1, 8, 1, 0, 0, 0, 0), /starts with 00 01 08 01, where 00 00/],
    ["unknown type", fileOf(0x0a, [1], [0]), /starts with 00 00 0a 01/],
    ["type named like a method", fileOf(0, [1], [0]), /starts with 00 00 00 01/],
    ["no axes", fileOf(8, [], [0]), /starts with 00 00 08 00/],
    ["an HTML page", new TextEncoder().encode("<html>404</html>"), /it looks like an HTML page/],
    ["a PNG image", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10), /it looks like a PNG image/],
    ["header cut off", fileOf(8, [1, 2], []).subarray(0, 9), /ends after 9 bytes, within the header of 12/],
    [
      "data cut off",
      fileOf(8, [2, 2], [1, 2, 3]),
      /sizes \[2, 2\] of u8 take 16 bytes with the header, but the file has 15; it is cut off/,
    ],
    [
      "data left over",
      fileOf(8, [2, 2], [1, 2, 3, 4, 5]),
      /but the file has 17; it is damaged, or its header belongs to another file/,
    ],
    [
      "labels under an images' header",
      fileOf(8, [100, 28, 28], Array<number>(100).fill(3)),
      /take 78416 bytes with the header, but the file has 116/,
    ],
    ["16 bits claimed, 8 given", fileOf(0x0b, [4], [1, 2, 3, 4]), /of i16 take 16 bytes/],
    [
      "more than any file",
      fileOf(0x0e, [2 ** 31, 2 ** 31], []),
      /sizes \[2147483648, 2147483648\] are more than any file can hold/,
    ],
    ["255 axes", fileOf(8, Array<number>(255).fill(2 ** 31), []), /sizes \[(2147483648, ){8}…\] are more/],
    [
      "4 GB claimed in 12 bytes",
      fileOf(8, [2 ** 16, 2 ** 16], []),
      /take 4294967308 bytes with the header, but the file has 12/,
    ],
    [
      "gzip that promises the impossible",
      packed(fileOf(8, [2 ** 16, 2 ** 16], [1, 2, 3])),
      /promises 4294967308 bytes, more than \d+ bytes of gzip can hold/,
    ],
    ["gzip with too little", packed(fileOf(8, [10], [1, 2, 3])), /unpacks to 11 bytes where its header promises 18/],
    ["gzip with too much", packed(fileOf(8, [10], Array<number>(11).fill(0))), /unpacks to more than the 18 bytes/],
    [
      "gzip cut off",
      packed(fileOf(8, [3], [1, 2, 3])).subarray(0, 20),
      /cannot be unpacked .*; it is damaged or cut off, fetch it again/,
    ],
    ["gzip cut off in its checksum", packed(fileOf(8, [3], [1, 2, 3])).slice(0, -4), /cannot be unpacked/],
    ["gzip with a wrong checksum", flipped, /cannot be unpacked/],
    ["gzip's first bytes alone", Uint8Array.of(0x1f, 0x8b), /cannot be unpacked/],
    ["gzip of nothing", packed(new Uint8Array(0)), /has 0 bytes/],
    [
      "gzip in gzip",
      packed(packed(fileOf(8, [1], [1]))),
      /starts with 1f 8b .* it looks like a gzip file; unpack it first/,
    ],
  ];
  test.each(bad)("refuses: %s", async (_what, file, message) => {
    expect(await messageOf(parseIdx(file))).toMatch(message);
  });

  test("a bomb is stopped at the first byte too many", async () => {
    const header = fileOf(8, [10], []);
    const zeros = new Uint8Array(300_000_000);
    zeros.set(header);
    const bytes = packed(zeros);
    const before = process.memoryUsage().arrayBuffers;
    expect(await messageOf(parseIdx(bytes))).toMatch(/unpacks to more than the 18 bytes/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  const unwritable: [what: string, array: IdxArray, message: RegExp][] = [
    ["no axes", { data: Uint8Array.of(1), shape: [] }, /needs 1 to 255 whole sizes/],
    ["256 axes", { data: Uint8Array.of(1), shape: Array<number>(256).fill(1) }, /needs 1 to 255 whole sizes/],
    ["fraction", { data: Uint8Array.of(1), shape: [1.5] }, /needs 1 to 255 whole sizes below 2\^32, got \[1.5\]/],
    ["negative", { data: Uint8Array.of(1), shape: [-1] }, /whole sizes/],
    ["too few elements", { data: Uint8Array.of(1), shape: [2, 2] }, /shape \[2, 2\] has 4 elements, got 1/],
    ["no such type", { data: new Uint16Array(1) as unknown as IdxData, shape: [1] }, /no type code/],
  ];
  test.each(unwritable)("does not write: %s", (_what, array, message) => {
    expect(() => serializeIdx(array)).toThrow(FormatError);
    expect(() => serializeIdx(array)).toThrow(message);
  });

  const someArray: fc.Arbitrary<IdxArray> = fc
    .tuple(
      fc.constantFrom(...types.map(([, , , value]) => value)),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.integer({ min: -128, max: 127 })),
    )
    .map(([sample, shape, values]) => {
      const data = new (sample.constructor as new (length: number) => IdxData)(shape.reduce((a, b) => a * b));
      for (let index = 0; index < data.length; index++) data[index] = values.next().value;
      return { data, shape };
    });

  test("property: what is written is read back", async () => {
    await fc.assert(
      fc.asyncProperty(someArray, fc.boolean(), async (array, zip) => {
        const file = serializeIdx(array);
        expect(await parseIdx(zip ? packed(file) : file)).toEqual(array);
      }),
    );
  });

  test("property: a damaged file is refused with a FormatError or is a valid file", async () => {
    const position = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        someArray,
        fc.boolean(),
        fc.array(fc.tuple(position, fc.nat(255)), { maxLength: 4 }),
        position,
        async (array, zip, changes, keep) => {
          const whole = serializeIdx(array);
          const file = (zip ? packed(whole) : whole).slice(0, Math.ceil((whole.length + 20) * keep));
          for (const [where, value] of changes) file[Math.floor(where * (file.length - 1))] = value;
          try {
            const { data, shape } = await parseIdx(file);
            expect(data.length).toBe(shape.reduce((a, b) => a * b));
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const folder = `${process.env["MYELIN_DATA"] || "../shared/data"}/mnist`;

describe.skipIf(!existsSync(folder))("IDX files of others (skipped without MYELIN_DATA or ../shared/data)", () => {
  test("[S22] MNIST's test set", async () => {
    const images = await parseIdx(readFileSync(`${folder}/t10k-images-idx3-ubyte.gz`));
    const labels = await parseIdx(readFileSync(`${folder}/t10k-labels-idx1-ubyte.gz`));
    expect(images.shape).toEqual([10_000, 28, 28]);
    expect([...labels.data.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const ink = (images.data as Uint8Array).reduce((sum, value) => sum + value, 0) / images.data.length / 255;
    expect(ink).toBeCloseTo(0.1325, 3);
    const again = await parseIdx(serializeIdx(images));
    expect(Buffer.compare(again.data as Uint8Array, images.data as Uint8Array)).toBe(0);
  });
});
