import { describe, expect, it } from "vitest";
import { FormatError } from "../core/errors.ts";
import { decodeMessage, encodeMessage, loadWire } from "./protobuf.ts";

const schema = {
  name: [1, "string"],
  size: [2, "int64"],
  ratio: [3, "double"],
  half: [4, "float"],
  yes: [5, "bool"],
  raw: [6, "bytes"],
  numbers: [7, "double", "many"],
  children: [8, { name: [1, "string"], counts: [2, "int32", "many"] }, "many"],
  texts: [9, "string", "many"],
} as const;

const wire = await loadWire("a test");

describe("protobuf", () => {
  it("gives back what it wrote, and leaves out what was not said", () => {
    const message = {
      name: "größe",
      size: -(2 ** 52),
      ratio: Math.PI,
      half: 0.5,
      yes: false,
      raw: Uint8Array.of(0, 255),
      numbers: [1, -0.5, Infinity],
      children: [{ name: "a", counts: [1, -2, 300] }, {}],
      texts: ["", "b"],
    };
    expect(decodeMessage(wire, schema, encodeMessage(wire, schema, message), "test")).toEqual(message);
    expect(encodeMessage(wire, schema, {})).toHaveLength(0);
  });

  it("writes the bytes of the documentation's example: field 1 is 150", () => {
    expect([...encodeMessage(wire, { a: [1, "int32"] } as const, { a: 150 })]).toEqual([0x08, 0x96, 0x01]);
  });

  it("reads repeated numbers one by one and packed, and skips what it does not know", () => {
    const one = { a: [1, "int32", "many"] } as const;
    expect(decodeMessage(wire, one, Uint8Array.of(8, 3, 8, 4, 16, 9, 10, 2, 5, 6), "test")).toEqual({
      a: [3, 4, 5, 6],
    });
  });

  it("refuses what is cut off, of another type, or longer than what holds it", () => {
    const bytes = encodeMessage(wire, schema, { name: "name", children: [{ name: "child" }], numbers: [1, 2] });
    for (let end = 1; end < bytes.length; end++) {
      const start = bytes.subarray(0, end);
      let read: object | undefined;
      try {
        read = decodeMessage(wire, schema, start, "test");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
      // Between two fields the rest is a message, too.
      if (read) expect(encodeMessage(wire, schema, read)).toEqual(start);
    }
    expect(() => decodeMessage(wire, schema, Uint8Array.of(8, 1), "test")).toThrow(/test: .*name has wire type 0/);
    expect(() => decodeMessage(wire, schema, Uint8Array.of(66, 255, 255, 255, 15), "test")).toThrow(/promised/);
  });
});
