import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import {
  parseSafetensors,
  SAFETENSORS_DTYPES,
  serializeSafetensors,
  type SafetensorsDType,
  type SafetensorsTensor,
} from "./safetensors.ts";

const encoder = new TextEncoder();

/** A file from the text of its header and its data. */
function fileOf(header: string | object, data: number | Uint8Array = 0, announced?: number): Uint8Array {
  const text = encoder.encode(typeof header === "string" ? header : JSON.stringify(header));
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(announced ?? text.length), true);
  file.set(text, 8);
  file.set(body, 8 + text.length);
  return file;
}

const f32 = (shape: readonly number[], begin: number, end: number): object => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

/**
 * What safetensors 0.8.0 for Python writes for nine tensors of eight types, among them an empty one, scalars, and names
 * whose order by UTF-16 units differs from that by code points.
 */
const REFERENCE = Uint8Array.from(
  atob(
    "OAIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCJhIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNl" +
      "dHMiOlswLDMyXX0sIu+sgSI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbMzIsNDBdfSwi8J+YgCI6eyJkdHlwZSI6" +
      "IkY2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbNDAsNDhdfSwiYiI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0" +
      "cyI6WzQ4LDYwXX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDRdLCJkYXRhX29mZnNldHMiOls2MCw2MF19LCJoYWxmIjp7ImR0" +
      "eXBlIjoiRjE2Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNjAsNjRdfSwicVwiXFxcbn/DqS9cdTAwMDEiOnsiZHR5cGUiOiJJMTYiLCJz" +
      "aGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls2NCw2Nl19LCJ1OCI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOls1XSwiZGF0YV9vZmZzZXRzIjpbNjYs" +
      "NzFdfSwiei5ib29sIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzcxLDczXX19ICAgICAgAQAAAAAAAAACAAAA" +
      "AAAAAAMAAAAAAAAABAAAAAAAAAAAAAAAAAD4PwAAAAAAAARAAAAAAAAAgD8AAABAADwAwAcAAAECAwQBAA==",
  ),
  (sign) => sign.charCodeAt(0),
);

describe("safetensors", () => {
  test("reads what the reference implementation writes", () => {
    const { tensors, metadata } = parseSafetensors(REFERENCE);
    expect([...metadata]).toEqual([["format", "np"]]);
    expect([...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)).toEqual([
      "a I64 [2,2]",
      "\ufb01 F64 []",
      "😀 F64 []",
      "b F32 [3]",
      "empty F32 [0,4]",
      "half F16 [2]",
      'q"\\\n\x7fé/\x01 I16 [1]',
      "u8 U8 [5]",
      "z.bool BOOL [2]",
    ]);
    const bytesOf = (name: string): ArrayBuffer => tensors.get(name)!.bytes.slice().buffer as ArrayBuffer;
    expect([...new Float32Array(bytesOf("b"))]).toEqual([0, 1, 2]);
    expect([...new BigInt64Array(bytesOf("a"))]).toEqual([1n, 2n, 3n, 4n]);
    expect([...new Float64Array(bytesOf("😀"))]).toEqual([2.5]);
    expect([...new Uint8Array(bytesOf("u8"))]).toEqual([0, 1, 2, 3, 4]);
  });

  test("writes the reference implementation's bytes, in whatever order it is given the tensors", () => {
    const { tensors, metadata } = parseSafetensors(REFERENCE);
    expect(serializeSafetensors(tensors, metadata)).toEqual(REFERENCE);
    expect(serializeSafetensors([...tensors].reverse(), { format: "np" })).toEqual(REFERENCE);
  });

  test("tensors are views, aligned to their element size", () => {
    const { tensors } = parseSafetensors(REFERENCE);
    expect(tensors.get("a")!.bytes.buffer).toBe(REFERENCE.buffer);
    for (const { dtype, bytes } of tensors.values()) {
      const size = Number(/\d+$/.exec(dtype)?.[0] ?? 8) / 8;
      expect(bytes.byteOffset % size).toBe(0);
    }
  });

  test("reads a file inside a larger buffer", () => {
    const larger = new Uint8Array(REFERENCE.length + 7);
    larger.set(REFERENCE, 3);
    expect(parseSafetensors(larger.subarray(3, 3 + REFERENCE.length)).tensors.size).toBe(9);
  });

  test("reads a file in pieces, cut anywhere", () => {
    const whole = parseSafetensors(REFERENCE);
    fc.assert(
      fc.property(fc.array(fc.nat(REFERENCE.length), { maxLength: 5 }), (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), REFERENCE.length];
        const pieces = ends.map((end, i) => REFERENCE.subarray(ends[i - 1] ?? 0, end));
        expect(parseSafetensors(pieces)).toEqual(whole);
        expect(() => parseSafetensors([...pieces, Uint8Array.of(1)])).toThrow(FormatError);
        const cut = [...pieces.slice(0, -1), pieces.at(-1)!.subarray(0, -1)];
        if (pieces.at(-1)!.length) expect(() => parseSafetensors(cut)).toThrow(FormatError);
      }),
    );
  });

  test("what is unusual but allowed", () => {
    expect(parseSafetensors(fileOf("{}")).tensors.size).toBe(0);
    expect(parseSafetensors(fileOf('{"__metadata__":null}')).metadata.size).toBe(0);
    expect(parseSafetensors(fileOf({ a: f32([0, 2 ** 50, 2 ** 50], 0, 0) })).tensors.get("a")!.bytes.length).toBe(0);
    expect(
      parseSafetensors(fileOf(`{"__proto__":${JSON.stringify(f32([1], 0, 4))}}`, 4)).tensors.has("__proto__"),
    ).toBe(true);
    // Any order of the header, fields nobody knows, empty tensors between others.
    const { tensors } = parseSafetensors(
      fileOf(
        { b: f32([1], 4, 8), e: f32([0], 4, 4), a: { ...f32([1], 0, 4), note: 1 } },
        Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2),
      ),
    );
    expect([...tensors.keys()]).toEqual(["a", "e", "b"]);
    expect(tensors.get("b")!.bytes[0]).toBe(2);
    // Two 4-bit elements share a byte.
    expect(parseSafetensors(fileOf({ a: { dtype: "F4", shape: [2], data_offsets: [0, 1] } }, 1)).tensors.size).toBe(1);
  });

  const longName = "x".repeat(1_000_000);
  const bad: [what: string, file: Uint8Array, message: RegExp][] = [
    ["empty file", new Uint8Array(0), /the file has 0 bytes, fewer than the 8 .* fetch the file again/],
    ["seven bytes", new Uint8Array(7), /the file has 7 bytes/],
    ["header of 0 bytes", fileOf(""), /must start with "\{"/],
    ["header over 100 MB", fileOf("{}", 0, 100_000_001), /header of 100000001 bytes, more than the 100000000 allowed/],
    ["header of 2^64 bytes", new Uint8Array(16).fill(255), /more than the 100000000 allowed/],
    [
      "header longer than the file",
      fileOf("{}", 3, 6),
      /should be 6 bytes long but the file ends 5 bytes after its length; .* cut off/,
    ],
    ["an HTML page", encoder.encode("<!DOCTYPE html><html><body>404"), /it looks like an HTML page/],
    ["a Git LFS pointer", encoder.encode("version https://git-lfs.github.com/spec/v1\n"), /git lfs pull/],
    [
      "a ZIP archive",
      Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 0, 0),
      /it looks like a ZIP archive, as PyTorch's/,
    ],
    ["white space before the header", fileOf(" {}"), /must start with "\{"/],
    ["invalid UTF-8", fileOf("{}").map((byte, i) => (i === 9 ? 0xff : byte)), /is not UTF-8/],
    ["invalid JSON", fileOf('{"a":}'), /is not valid JSON/],
    ["JSON cut off", fileOf('{"a":{"dtype":"F32"'), /is not valid JSON/],
    [
      "repeated tensor",
      fileOf(
        '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
      ),
      /the key "a" twice/,
    ],
    [
      "repeated tensor, escaped",
      fileOf(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061" :{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /the key "a" twice/,
    ],
    [
      "repeated field",
      fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"shape":[1]}}', 1),
      /the key "shape" twice/,
    ],
    ["repeated metadata", fileOf('{"__metadata__":{"k":"1","k":"2"}}'), /the key "k" twice/],
    ["metadata that is no object", fileOf('{"__metadata__":["a"]}'), /__metadata__ must be an object of texts/],
    ["metadata that is no text", fileOf('{"__metadata__":{"epoch":3}}'), /holds a number under "epoch"/],
    ["tensor that is no object", fileOf('{"a":7}'), /tensor "a" is described by a number/],
    ["no dtype", fileOf('{"a":{"shape":[],"data_offsets":[0,4]}}', 4), /has nothing for a dtype/],
    [
      "unknown dtype",
      fileOf('{"a":{"dtype":"F80","shape":[],"data_offsets":[0,10]}}', 10),
      /unknown dtype "F80"; convert it to one of BOOL /,
    ],
    [
      "dtype named like a method",
      fileOf('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,1]}}', 1),
      /unknown dtype/,
    ],
    ["no shape", fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), /has nothing for a shape/],
    ["negative size", fileOf({ a: f32([-1], 0, 0) }), /has -1 in its shape/],
    ["fractional size", fileOf({ a: f32([1.5], 0, 6) }, 6), /has 1.5 in its shape/],
    [
      "text for a size",
      fileOf('{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}', 1),
      /has a string in its shape/,
    ],
    [
      "size beyond 2^53",
      fileOf('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}', 1),
      /in its shape, where sizes are/,
    ],
    [
      "product beyond 2^53",
      fileOf({ a: f32([2 ** 30, 2 ** 30], 0, 4) }, 4),
      /takes no whole number of bytes that a file can have/,
    ],
    [
      "product that wraps around 64 bits to 0",
      fileOf({ a: f32([2 ** 31, 2 ** 31, 4], 0, 0) }),
      /takes no whole number/,
    ],
    [
      "half a byte",
      fileOf({ a: { dtype: "F4", shape: [3], data_offsets: [0, 2] } }, 2),
      /takes no whole number of bytes/,
    ],
    ["no range", fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4), /must have data_offsets/],
    ["range of three", fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1), /must have data_offsets/],
    ["negative range", fileOf({ a: f32([1], -4, 0) }), /must have data_offsets/],
    ["range backwards", fileOf({ a: f32([1], 4, 0) }, 4), /ends at byte 0, before its start at 4/],
    [
      "range too long for shape",
      fileOf({ a: f32([1], 0, 8) }, 8),
      /shape \[1\] of F32, which takes 4 bytes, but a range of 8/,
    ],
    ["range too short for shape", fileOf({ a: f32([2, 3], 0, 20) }, 20), /takes 24 bytes, but a range of 20/],
    [
      "overlap",
      fileOf({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8),
      /tensors "a" and "b" overlap: one ends at byte 8, the other starts at 4/,
    ],
    ["same range twice", fileOf({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, 4), /overlap/],
    [
      "hole",
      fileOf({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12),
      /bytes 4 to 8 before tensor "b" belong to no tensor/,
    ],
    ["hole at the start", fileOf({ a: f32([1], 4, 8) }, 8), /bytes 0 to 4 before tensor "a"/],
    [
      "data cut off",
      fileOf({ a: f32([4], 0, 16) }, 15),
      /describes 16 bytes of tensors but 15 follow it; the file is cut off/,
    ],
    ["data left over", fileOf({ a: f32([4], 0, 16) }, 17), /1 bytes after the last tensor belong to none/],
    ["data and no tensor", fileOf("{}", 1), /1 bytes after the last tensor/],
    ["a name of a megabyte", fileOf(`{"${longName}":1}`), /^safetensors: tensor "x{80}…" is described.{0,120}$/],
    ["a key of a megabyte", fileOf(`{"${longName}":1,"${longName}":1}`), /twice/],
    [
      "a shape of a million sizes",
      fileOf({ a: f32(Array<number>(1_000_000).fill(1), 0, 5) }, 5),
      /shape \[1, 1, 1, 1, 1, 1, 1, 1, …\]/,
    ],
  ];
  test.each(bad)("refuses: %s", (_what, file, message) => {
    const parse = (): unknown => parseSafetensors(file);
    expect(parse).toThrow(FormatError);
    expect(parse).toThrow(message);
    let text = "";
    try {
      parse();
    } catch (error) {
      text = (error as Error).message;
    }
    expect(text.length).toBeLessThan(400);
  });

  const tensor = (dtype: SafetensorsDType, shape: readonly number[], bytes: number): SafetensorsTensor => ({
    dtype,
    shape,
    bytes: new Uint8Array(bytes),
  });
  const unwritable: [
    what: string,
    tensors: [string, SafetensorsTensor][],
    metadata: Record<string, string>,
    message: RegExp,
  ][] = [
    ["too few bytes", [["a", tensor("F32", [2], 4)]], {}, /shape \[2\] and dtype F32 takes 8 bytes, got 4/],
    ["negative size", [["a", tensor("F32", [-1], 4)]], {}, /takes no whole number of bytes/],
    ["unknown dtype", [["a", tensor("F33" as SafetensorsDType, [1], 4)]], {}, /unknown dtype "F33"/],
    ["reserved name", [["__metadata__", tensor("U8", [1], 1)]], {}, /cannot be named __metadata__/],
    [
      "repeated name",
      [
        ["a", tensor("U8", [1], 1)],
        ["a", tensor("F32", [1], 4)],
      ],
      {},
      /two tensors are named "a"/,
    ],
    ["half a surrogate", [["a\ud800", tensor("U8", [1], 1)]], {}, /half a surrogate pair/],
    ["half a surrogate in metadata", [], { k: "\udc00" }, /half a surrogate pair/],
    ["header over 100 MB", [], { k: "x".repeat(100_000_000) }, /split the tensors over several files/],
  ];
  test.each(unwritable)("does not write: %s", (_what, tensors, metadata, message) => {
    const write = (): unknown => serializeSafetensors(tensors, metadata);
    expect(write).toThrow(FormatError);
    expect(write).toThrow(message);
  });

  test("writes a header padded to 8 bytes, and the same bytes for the same content", () => {
    for (let length = 0; length < 9; length++) {
      const file = serializeSafetensors([["n".repeat(length), tensor("U8", [3], 3)]], { b: "2", a: "1" });
      expect(new DataView(file.buffer).getUint32(0, true) % 8).toBe(0);
      expect(file).toEqual(
        serializeSafetensors(
          [["n".repeat(length), tensor("U8", [3], 3)]],
          new Map([
            ["a", "1"],
            ["b", "2"],
          ]),
        ),
      );
    }
    expect(serializeSafetensors([])).toEqual(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, ...encoder.encode("{}      ")));
  });

  /** The last axis is 4, so that 4- and 6-bit elements end on a byte too. */
  const someTensor: fc.Arbitrary<SafetensorsTensor> = fc
    .tuple(fc.constantFrom(...SAFETENSORS_DTYPES), fc.array(fc.nat(3), { maxLength: 3 }), fc.nat(255))
    .map(([dtype, small, fill]) => {
      const shape = [...small, 4];
      const bits = Number(/^[A-Z]+(\d+)/.exec(dtype)?.[1] ?? 8);
      return { dtype, shape, bytes: new Uint8Array((shape.reduce((a, b) => a * b) * bits) / 8).fill(fill) };
    });
  const someName = fc.string({ unit: "grapheme", maxLength: 12 }).filter((name) => name !== "__metadata__");
  const someFile = fc.tuple(
    fc.uniqueArray(fc.tuple(someName, someTensor), { selector: ([name]) => name, maxLength: 8 }),
    fc.dictionary(someName, fc.string({ unit: "grapheme" }), { maxKeys: 3 }),
  );

  test("property: what is written is read back", () => {
    fc.assert(
      fc.property(someFile, ([tensors, metadata]) => {
        const file = parseSafetensors(serializeSafetensors(tensors, metadata));
        expect(new Map([...file.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(Object.fromEntries(file.metadata)).toEqual({ ...metadata });
      }),
    );
  });

  test("property: a damaged file is refused with a FormatError or is a valid file", () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        someFile,
        damage,
        fc.double({ min: 0, max: 2, noNaN: true }),
        ([tensors, metadata], changes, keep) => {
          const whole = serializeSafetensors(tensors, metadata);
          const file = whole.slice(0, Math.max(1, Math.ceil(whole.length * keep)));
          for (const [where, value] of changes) file[Math.floor(where * (file.length - 1))] = value;
          try {
            const read = parseSafetensors(file);
            // Whatever is accepted covers the file: nothing is hidden in it.
            const covered = [...read.tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
            expect(8 + new DataView(file.buffer).getUint32(0, true) + covered).toBe(file.length);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("property: any bytes at all give a FormatError or a file", () => {
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ maxLength: 20 }), (header, data) => {
        try {
          parseSafetensors(fileOf(header, data));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const folder = `${process.env["MYELIN_DATA"] || "../shared/data"}/models`;
const mnist = `${folder}/burn-mnist/mnist.safetensors`;
const multiLayer = `${folder}/pt-fixtures/safetensors-tests/tests/multi_layer/multi_layer.safetensors`;

describe.skipIf(!existsSync(mnist))(
  "safetensors files of others (skipped without MYELIN_DATA or ../shared/data)",
  () => {
    test("burn's MNIST CNN", () => {
      const { tensors } = parseSafetensors(readFileSync(mnist));
      const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
      expect(shapes).toMatchObject({
        "conv1.weight": [8, 1, 3, 3],
        "conv1.bias": [8],
        "fc2.weight": [10, 32],
        "norm1.running_var": [24],
      });
      for (const { dtype, bytes } of tensors.values())
        if (dtype === "F32") expect(new Float32Array(bytes.slice().buffer).every(Number.isFinite)).toBe(true);
    });

    test.each([mnist, multiLayer])("%s is written again byte for byte", (path) => {
      const bytes = new Uint8Array(readFileSync(path));
      const { tensors, metadata } = parseSafetensors(bytes);
      expect(Buffer.compare(serializeSafetensors(tensors, metadata), bytes)).toBe(0);
    });
  },
);
