import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { parseCsvRows } from "./csv.ts";
import type { ColumnValues, CsvFormat } from "./csvFormat.ts";
import { serializeCsv } from "./csvWriter.ts";
import { dateOf, dateText } from "./csvDate.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The columns of a text, read in pieces and batches of sizes that do not fit. */
async function columnsOf(
  text: string | Uint8Array,
  format?: CsvFormat,
  piece = 5,
  size = 2,
): Promise<Record<string, (number | string | null)[]>> {
  const file = typeof text === "string" ? bytes(text) : text;
  const columns: Record<string, (number | string | null)[]> = {};
  const pieces = Array.from({ length: Math.ceil(file.length / piece) }, (_, at) =>
    file.slice(at * piece, (at + 1) * piece),
  );
  for await (const rows of parseCsvRows(pieces, '"a.csv"', format, size))
    for (const [name, values] of rows.columns)
      (columns[name] ??= []).push(...(values as Iterable<number | string | null>));
  return columns;
}

async function typed(text: string, format?: CsvFormat): Promise<Record<string, ColumnValues>> {
  for await (const { columns } of parseCsvRows([bytes(text)], "CSV", format)) return Object.fromEntries(columns);
  return {};
}

describe("CSV", () => {
  test.each([1, 2, 3, 7, 1000])("[S37] fields of every kind, in pieces of %i bytes", async (piece) => {
    const text =
      'n,text,flag,"last, one"\r\n1,plain,true,-0.5\n+2.5e3,"quoted, ""too""",FALSE,.25\r\n\n-7.,"two\nlines",true,1e-7\n , ü€😀 ,false,NA';
    expect(await columnsOf(text, undefined, piece)).toEqual({
      n: [1, 2500, -7, NaN],
      text: ["plain", 'quoted, "too"', "two\nlines", " ü€😀 "],
      flag: [1, 0, 1, 0],
      "last, one": [-0.5, 0.25, Math.fround(1e-7), NaN],
    });
  });

  test("columns as declared, as inferred, and as selected", async () => {
    const text = "a,b,c,d,e\n1,2,x,2024-02-29,7\n2,0,y,1970-01-01,8\n";
    const format: CsvFormat = {
      columns: { a: "i32", b: "u8", c: ["y", "x"], d: "date", e: (field) => Number(field) * 10 },
    };
    const all = await typed(text, format);
    expect(all).toEqual({
      a: Int32Array.of(1, 2),
      b: Uint8Array.of(2, 0),
      c: Int32Array.of(1, 0),
      d: Float64Array.of(Date.UTC(2024, 1, 29), 0),
      e: Float64Array.of(70, 80),
    });
    expect(await typed(text, { select: ["e", "a"], numbers: "f64" })).toEqual({
      e: Float64Array.of(7, 8),
      a: Float64Array.of(1, 2),
    });
    expect(Object.keys(await typed(text, { select: ["e", "a"] }))).toEqual(["e", "a"]);
    expect(await typed("1,2\n3,4\n", { header: false })).toEqual({
      column0: Float32Array.of(1, 3),
      column1: Float32Array.of(2, 4),
    });
    expect(await typed("1;2\n# no; row; at all\n3;4", { header: ["x", "y"], delimiter: ";", comment: "#" })).toEqual({
      x: Float32Array.of(1, 3),
      y: Float32Array.of(2, 4),
    });
    expect(await typed("a,b\n'1,5',\"\n", { quote: "'", columns: { a: "text" } })).toEqual({ a: ["1,5"], b: ['"'] });
    expect(await typed("only the header\n")).toEqual({});
  });

  test("missing values are NaN, null, or what is put in their place", async () => {
    const text = "f,i,t,c\n1,1,x,b\n,?,,\nNA,3,NA,a\n";
    const missing = ["", "NA", "?"];
    expect(await columnsOf(text, { missing, columns: { i: "i32", c: ["a", "b"] }, fill: { i: -1, c: "a" } })).toEqual({
      f: [1, NaN, NaN],
      i: [1, -1, 3],
      t: ["x", null, null],
      c: [1, 0, 0],
    });
    expect(await columnsOf(text, { missing, fill: { f: 9, t: "none" }, select: ["f", "t"] })).toEqual({
      f: [1, 9, 9],
      t: ["x", "none", "none"],
    });
    expect(await columnsOf("x\ninf\n-Infinity\nNaN\n", { missing: [] })).toEqual({ x: [Infinity, -Infinity, NaN] });
  });

  const ok = "a,b,c\n1,2,3\n";
  const bad: [what: string, text: string | Uint8Array, message: RegExp, format?: CsvFormat][] = [
    ["an empty file", "", /"a\.csv": the file is empty; it was cut off/],
    ["an empty file of comments", "# x\n\n", /empty, but for comments/, { comment: "#" }],
    ["a row with too few fields", `${ok}4,5\n`, /row 3: it has 2 fields, where 3 were wanted \(a,b,c\)/],
    ["a row with too many", `${ok}4,5,6,7\n`, /row 3: it has 4 fields/],
    ["a bad number", `${ok}4,5x,6\n`, /row 3, column "b": "5x" is no number/, { columns: { b: "f32" } }],
    ["a number after 1,000 rows", `a\n${"1\n".repeat(1001)}one\n`, /row 1003, column "a": "one" is no number/],
    ["JavaScript's numbers", `${ok}4,0x10,6\n`, /"0x10" is no number/, { columns: { b: "f32" } }],
    ["an integer with a fraction", `${ok}4,5.5,6\n`, /column "b": "5.5" is no value of i32/, { columns: { b: "i32" } }],
    [
      "an integer too large",
      `${ok}256,5,6\n`,
      /"256" is no value of u8; read the column as f64/,
      { columns: { a: "u8" } },
    ],
    ["a bool that is none", `${ok}2,5,6\n`, /"2" is no bool/, { columns: { a: "bool" } }],
    [
      "an unknown name",
      "s\nM\nX\n",
      /row 3, column "s": "X" is none of the column's 2 names \("M", "F"\)/,
      { columns: { s: ["M", "F"] } },
    ],
    [
      "a missing integer",
      `${ok},5,6\n`,
      /row 3, column "a": the value is missing \(""\), and i32 has none/,
      { columns: { a: "i32" } },
    ],
    [
      "a day that does not exist",
      "d\n2023-02-29\n",
      /row 2, column "d": "2023-02-29" is no ISO date/,
      { columns: { d: "date" } },
    ],
    ["an open quote", `${ok}"4,5,6\n`, /row 3: a quote is opened and never closed/],
    ["a quote within a field", `${ok}"4"x,5,6\n`, /row 3: a quoted field goes on after its quote, with "x"/],
    ["two columns of a name", "a,a\n1,2\n", /two columns are called "a"/],
    ["a column that is not there", ok, /there is no column "z"; the file has "a", "b", "c"/, { select: ["z"] }],
    [
      "latin1",
      Uint8Array.of(...bytes("a\nx\n"), 0xe4, 10),
      /row 3: the bytes of a field are no UTF-8 text; name the encoding/,
      { columns: { a: "text" } },
    ],
    [
      "UTF-16 without a mark",
      new Uint8Array(Buffer.from("name\ncafé\n", "utf16le")),
      /no UTF-8 text; name the encoding, such as encoding: "utf-16le"/,
    ],
    [
      "a function that makes nothing",
      "a\nx\n",
      /the function of the column made NaN of "x"/,
      { columns: { a: Number } },
    ],
  ];
  test.each(bad)("refuses: %s", async (_what, text, message, format) => {
    for (const piece of [1, 4, 10_000]) {
      const reading = columnsOf(text, format, piece);
      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.toBeInstanceOf(FormatError);
    }
  });

  test("refuses options that make no sense", async () => {
    await expect(columnsOf(ok, { delimiter: ", " })).rejects.toThrow(ArgumentError);
    await expect(columnsOf(ok, { quote: "\n" })).rejects.toThrow(/one character of ASCII/);
  });

  test("property: numbers are those that JavaScript reads", async () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.integer(), fc.nat(), fc.integer({ min: -30, max: 30 })).map(([a, b, e]) => `${a}.${b}e${e}`),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
      fc.tuple(fc.nat(6), fc.nat()).map(([zeros, n]) => `.${"0".repeat(zeros)}${n}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1 }), async (numbers) => {
        const { x } = await columnsOf(`x\n${numbers.join("\n")}`, { columns: { x: "f64" } }, 3);
        expect(x).toEqual(numbers.map(Number));
      }),
    );
  });

  test("property: [Z11] arrays and texts survive a file", async () => {
    const word = fc.string().filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.double(), fc.option(word)), { minLength: 1 }),
        fc.constantFrom(",", ";", "\t"),
        async (rows, delimiter) => {
          const columns = { "a number": rows.map(([n]) => n), 'a "text"': rows.map(([, text]) => text) };
          const file = serializeCsv(columns, { delimiter });
          const read = await columnsOf(
            file,
            { delimiter, columns: { "a number": "f64", 'a "text"': "text" }, missing: [""] },
            11,
          );
          expect(read["a number"]).toEqual(columns["a number"].map((n) => (Object.is(n, -0) ? 0 : n)));
          // A text of no letters and none at all are the same in a file.
          expect(read['a "text"']).toEqual(columns['a "text"'].map((text) => text || null));
        },
      ),
    );
  });

  test("writes what spreadsheets read", () => {
    expect(serializeCsv({ n: Float32Array.of(0.5, NaN), t: ['a "b"', "x,y"], b: [true, false] })).toBe(
      'n,t,b\n0.5,"a ""b""",true\n,"x,y",false\n',
    );
    expect(serializeCsv({ a: [1] }, { header: false, delimiter: ";" })).toBe("1\n");
    expect(() => serializeCsv({ a: [1], b: [] })).toThrow(/column "b" has 0 values, "a" 1/);
  });
});

describe("dates", () => {
  test("in their common forms", () => {
    for (const [text, time] of [
      ["1949-01", Date.UTC(1949, 0)],
      ["2024/2/29", Date.UTC(2024, 1, 29)],
      ["2024-12-31T23:59:59Z", Date.UTC(2024, 11, 31, 23, 59, 59)],
      ["2024-12-31 23:59", Date.UTC(2024, 11, 31, 23, 59)],
      ["2024-12-31T23:59:59.250+01:30", Date.UTC(2024, 11, 31, 22, 29, 59, 250)],
    ] as const)
      expect(dateOf(text)).toBe(time);
    for (const text of ["", "2023-02-29", "2024-13-01", "2024-01-01T24:00", "01/02/2024", "0050-01-01x", "yesterday"])
      expect(dateOf(text)).toBeUndefined();
    expect(dateText(Date.UTC(2024, 1, 29))).toBe("2024-02-29");
    expect(dateText(1500)).toBe("1970-01-01T00:00:01.500Z");
    expect(dateText(NaN)).toBe("");
  });
});
