import { readFileSync } from "node:fs";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import { exampleReader, type ExampleSpec } from "./exampleReader.ts";
import {
  decodeExample,
  decodeSequenceExample,
  encodeExample,
  encodeSequenceExample,
  type Features,
} from "./tfExample.ts";
import { frameRecord, parseTfRecords, type TfRecordOptions } from "./tfrecord.ts";

/** A file in pieces of a size. */
async function* pieces(file: Uint8Array, size = 7): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < file.length; at += size) yield file.slice(at, at + size);
}

async function recordsOf(file: Uint8Array, size?: number, options?: TfRecordOptions): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const records of parseTfRecords(pieces(file, size), '"a.tfrecord"', options)) all.push(...records);
  return all;
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const three = ["one", "", "three records"].map(bytes);
const file = joined(three.map(frameRecord));

const recorded = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/tfrecords.json", import.meta.url), "utf8"),
) as Record<"plain" | "gzip" | "zlib" | "sequence", string>;
const golden = (name: keyof typeof recorded): Uint8Array => new Uint8Array(Buffer.from(recorded[name], "base64"));

/** What the script wrote, and what TensorFlow's writer sorts by name. */
const example = (i: number): Features => ({
  big: { int64: [2 ** 40 + i] },
  label: Int32Array.of(i - 1),
  name: `Zeile ${i} ü`,
  pixels: Uint8Array.from({ length: 6 }, (_, at) => i + at),
  ...(i % 2 ? { sometimes: Float32Array.of(i) } : {}),
  tags: [bytes("a"), bytes(""), Uint8Array.of(255, 0)].slice(0, i),
  x: Float32Array.of(0.5 * i, -1.25, 3e30),
});

describe("TFRecord", () => {
  test("[S11] what is written is read back, in pieces of every size, plain and packed", async () => {
    for (const [of, form] of [
      [file, "none"],
      [new Uint8Array(gzipSync(file)), "gzip"],
      [new Uint8Array(deflateSync(file)), "zlib"],
    ] as const)
      for (const size of [1, 2, 11, 12, 13, 1000])
        for (const compression of ["auto", form] as const)
          expect(await recordsOf(of, size, { compression })).toEqual(three);
    expect(await recordsOf(new Uint8Array(0))).toEqual([]);
  });

  test("[S11] [Z10] files that TensorFlow wrote are read, and written again byte for byte", async () => {
    const records = await recordsOf(golden("plain"));
    expect(records.length).toBe(4);
    for (const name of ["gzip", "zlib"] as const) expect(await recordsOf(golden(name), 50)).toEqual(records);
    for (const [index, record] of records.entries()) {
      expect(await encodeExample(example(index))).toEqual(record);
      const decoded = await decodeExample(record);
      expect(decoded.get("label")).toEqual({ int64: Float64Array.of(index - 1) });
      expect(decoded.get("big")).toEqual({ int64: Float64Array.of(2 ** 40 + index) });
      expect(decoded.get("x")).toEqual({ float: Float32Array.of(0.5 * index, -1.25, 3e30) });
      expect(decoded.get("name")).toEqual({ bytes: [bytes(`Zeile ${index} ü`)] });
    }
    expect(joined(records.map(frameRecord))).toEqual(golden("plain"));
  });

  test("a sequence example of TensorFlow's, there and back", async () => {
    const { context, lists } = await decodeSequenceExample(golden("sequence"));
    expect(context.get("length")).toEqual({ int64: Float64Array.of(2) });
    expect(lists.get("frames")).toEqual([{ float: Float32Array.of(1, 2) }, { float: Float32Array.of(3) }]);
    expect(
      await encodeSequenceExample(
        { length: Int32Array.of(2) },
        { frames: [Float32Array.of(1, 2), Float32Array.of(3)] },
      ),
    ).toEqual(golden("sequence"));
  });

  const changed = (at: number): Uint8Array => {
    const copy = file.slice();
    copy[at]! ^= 1;
    return copy;
  };
  const second = 16 + three[0]!.length;
  const third = second + 16;
  const bad: [what: string, file: Uint8Array, message: RegExp, before?: number][] = [
    [
      "a changed byte of content",
      changed(12),
      /"a\.tfrecord": record 0 at byte 0: its 3 bytes do not fit their checksum; the file is damaged/,
      0,
    ],
    ["a changed checksum", changed(third + 25), /record 2 at byte 35: its 13 bytes do not fit/, 2],
    ["a changed length", changed(second), /record 1 at byte 19: its length does not fit its checksum/, 1],
    ["a changed checksum of a length", changed(third + 8), /record 2 at byte 35: its length does not fit/, 2],
    ["a file cut off in a record", file.slice(0, -1), /record 2 at byte 35: the file ends after 28 of its 29 bytes/, 2],
    ["a file cut off in a header", file.slice(0, third + 5), /ends after 5 of its 12 or more bytes/, 2],
    ["an image", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0), /it looks like a PNG image/, 0],
    ["gzip cut off", new Uint8Array(gzipSync(file)).slice(0, 30), /gzip file cannot be unpacked/],
    [
      "gzip of a damaged file",
      new Uint8Array(gzipSync(changed(12))),
      /record 0 at byte 0 of the unpacked content: its 3 bytes/,
      0,
    ],
  ];
  test.each(bad)("[S11] %s is found", async (_what, damaged, message, before) => {
    for (const size of [1, 9, 1000]) {
      const seen: Uint8Array[] = [];
      const reading = (async (): Promise<void> => {
        for await (const records of parseTfRecords(pieces(damaged, size), '"a.tfrecord"')) seen.push(...records);
      })();
      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.toBeInstanceOf(FormatError);
      expect(seen).toEqual(three.slice(0, before ?? seen.length));
    }
  });

  test("damaged records are left out where the user says so", async () => {
    const errors: string[] = [];
    const onDamaged = ({ message }: FormatError): unknown => errors.push(message);
    expect(await recordsOf(changed(12), 10, { onDamaged })).toEqual(three.slice(1));
    expect(await recordsOf(file.slice(0, -3), 10, { onDamaged })).toEqual(three.slice(0, 2));
    expect(errors.map((text) => /record \d/.exec(text)![0])).toEqual(["record 0", "record 2"]);
  });

  test("a length that no memory holds is refused before any is taken", async () => {
    const forged = frameRecord(new Uint8Array(0));
    // The checksum fits: whoever forges a length can forge that as well.
    const { crc32c } = await import("./crc32c.ts");
    const view = new DataView(forged.buffer);
    view.setUint32(4, 1 << 20, true);
    const crc = crc32c(forged.subarray(0, 8));
    view.setUint32(8, (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, true);
    await expect(recordsOf(forged)).rejects.toThrow(/it claims 4503599627370496 bytes, more than the 1073741824/);
    await expect(recordsOf(file, 5, { maxRecordBytes: 5 })).rejects.toThrow(
      /record 2 .* claims 13 bytes, more than the 5/,
    );
  });

  test("property: any damage is an error or the records are whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), async (at, value, keep) => {
        const damaged = file.slice(0, keep);
        if (at < keep) damaged[at] = value;
        try {
          const records = await recordsOf(damaged, 8);
          expect(records).toEqual(three.slice(0, records.length));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

describe("examples of known features", () => {
  const spec = {
    x: { dtype: "f32", shape: [3] },
    label: { dtype: "i32" },
    name: { dtype: "text" },
    tags: { dtype: "bytes", variable: true },
    pixels: { dtype: "u8", shape: [2, 3], raw: true },
    big: { dtype: "f64" },
    sometimes: { dtype: "f32", default: -7 },
  } as const satisfies ExampleSpec;

  test("[S11] TensorFlow's, one by one and several at a time", async () => {
    const records = await recordsOf(golden("plain"));
    const reader = await exampleReader(spec);
    const one = reader.one(records[3]!);
    expect(one.x).toEqual({ dtype: "f32", shape: [3], data: Float32Array.of(1.5, -1.25, 3e30) });
    expect(one.label).toEqual({ dtype: "i32", shape: [], data: Int32Array.of(2) });
    expect(one.name).toBe("Zeile 3 ü");
    expect(one.tags).toEqual([bytes("a"), bytes(""), Uint8Array.of(255, 0)]);
    expect(one.pixels).toEqual({ dtype: "u8", shape: [2, 3], data: Uint8Array.of(3, 4, 5, 6, 7, 8) });
    const many = reader.many(records);
    expect(many.label).toEqual({ dtype: "i32", shape: [4], data: Int32Array.of(-1, 0, 1, 2) });
    expect(many.big.data).toEqual(Float64Array.of(0, 1, 2, 3).map((i) => 2 ** 40 + i));
    expect(many.x.shape).toEqual([4, 3]);
    expect([...many.x.data.subarray(3, 6)]).toEqual([0.5, -1.25, Math.fround(3e30)]);
    expect(many.sometimes.data).toEqual(Float32Array.of(-7, 1, -7, 3));
    expect(many.name).toEqual([0, 1, 2, 3].map((i) => `Zeile ${i} ü`));
    expect(many.tags.map((tags) => tags.length)).toEqual([0, 1, 2, 3]);
    expect(many.pixels.shape).toEqual([4, 2, 3]);
  });

  test("lists of any length, defaults, and numbers that are not packed", async () => {
    const reader = await exampleReader({
      n: { dtype: "i32", variable: true },
      raw: { dtype: "f32", variable: true, raw: true },
      pair: { dtype: "f32", shape: [2], default: [1, 2] },
      flag: { dtype: "bool", default: 1 },
      words: { dtype: "text", shape: [2], default: "?" },
    });
    const one = reader.one(await encodeExample({ n: Int32Array.of(-1, 300), raw: new Uint8Array(8) }));
    expect(one.n).toEqual({ dtype: "i32", shape: [2], data: Int32Array.of(-1, 300) });
    expect(one.raw).toEqual({ dtype: "f32", shape: [2], data: new Float32Array(2) });
    expect([one.pair.data, one.flag.data, one.words]).toEqual([Float32Array.of(1, 2), Uint8Array.of(1), ["?", "?"]]);
    // features { key "pair" value { float_list { value: 1.5 value: -2 } } }, each value with a tag of its own
    const entry = Uint8Array.of(10, 4, ...bytes("pair"), 18, 12, 18, 10, 13, 0, 0, 0xc0, 0x3f, 13, 0, 0, 0, 0xc0);
    expect(reader.one(Uint8Array.of(10, entry.length + 2, 10, entry.length, ...entry)).pair.data).toEqual(
      Float32Array.of(1.5, -2),
    );
  });

  const misfits: [what: string, spec: ExampleSpec, message: RegExp][] = [
    [
      "a feature that is not there",
      { y: { dtype: "f32" } },
      /r: the example has no feature "y"; it has "big", "label"/,
    ],
    ["another kind", { label: { dtype: "f32" } }, /feature "label" holds integers, and f32 is read from floats/],
    ["another count", { x: { dtype: "f32", shape: [2] } }, /feature "x" has 3 values, shape \[2\] wants 2; correct/],
    ["an integer too large", { big: { dtype: "i32" } }, /holds 1099511627779, which i32 cannot/],
    ["a negative one", { label: { dtype: "u8" } }, /feature "label" holds -1, which u8 cannot/],
    ["another size of bytes", { pixels: { dtype: "i32", raw: true } }, /holds 6 bytes, and shape \[\] of i32 takes 4/],
    ["no text", { tags: { dtype: "text", variable: true } }, /feature "tags" is no UTF-8 text; read it with dtype/],
  ];
  test.each(misfits)("refuses: %s", async (_what, wanted, message) => {
    const reader = await exampleReader(wanted);
    const record = await encodeExample({ ...example(3), label: Int32Array.of(-1) });
    expect(() => reader.one(record, "r")).toThrow(message);
    expect(() => reader.one(record, "r")).toThrow(FormatError);
  });

  test("refuses what is no example", async () => {
    const reader = await exampleReader({ x: { dtype: "f32" } });
    // Features of no names: a field of another kind, whose value is no length.
    expect(() => reader.one(Uint8Array.of(10, 2, 16, 14), "r")).toThrow(
      /has no feature "x"; it has what cannot be read/,
    );
    for (const record of ["garbage", "\n\u0010\n", "\n\u0002\n\u0005"].map(bytes))
      expect(() => reader.one(record, "r")).toThrow(/^r: the record is no tf\.Example/);
    await expect(exampleReader({ x: { dtype: "f32", shape: [2], default: [1] } })).rejects.toThrow(/1 default values/);
    await expect(exampleReader({ x: { dtype: "text", raw: true } })).rejects.toThrow(/raw is for numbers/);
    await expect(encodeExample({ x: [1, 2] as unknown as string })).rejects.toThrow(/give a Float32Array/);
  });

  test("property: damaged examples are refused, or read as something", async () => {
    const whole = (await recordsOf(golden("plain")))[3]!;
    const reader = await exampleReader(spec);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, keep) => {
        const damaged = whole.slice(0, keep);
        if (at < keep) damaged[at] = value;
        try {
          reader.one(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
