import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../core/errors.ts";
import { parsePickle } from "./pickle.ts";
import type { CsrMatrix } from "./pickleClasses.ts";

const { pickles } = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/numpy_files.json", import.meta.url), "utf8"),
) as { readonly pickles: readonly string[] };
const text = (of: string): Uint8Array => new Uint8Array(Buffer.from(of, "latin1"));

describe("pickle", () => {
  test.each(pickles.map((file, protocol) => [protocol, file] as const))(
    "values of every kind, protocol %i",
    (_protocol, file) => {
      const value = parsePickle(new Uint8Array(Buffer.from(file, "base64"))) as Map<string, unknown>;
      const { array, longs, ...rest } = Object.fromEntries(value) as Record<string, unknown>;
      expect(rest).toEqual({
        none: null,
        yes: true,
        int: -5,
        long: 2 ** 40,
        huge: 2n ** 70n,
        float: 0.25,
        text: "ü\n",
        bytes: Uint8Array.of(0, 255),
        list: [1, [2, "x"]],
        tuple: [1, 2],
        set: new Set([7]),
        number: 1.5,
        again: [1, [2, "x"]],
      });
      expect(rest["again"]).toBe(rest["list"]);
      expect(array).toMatchObject({ dtype: "f32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
      expect(longs).toMatchObject({ dtype: "f64", shape: [2], data: Float64Array.of(1, 2 ** 40) });
    },
  );

  const bad: [what: string, file: string, message: RegExp][] = [
    [
      "a call of the system",
      "cposix\nsystem\n(S'echo'\ntR.",
      /byte 14: it calls for "posix\.system", which is no data\. Files that run programs are not read/,
    ],
    ["the same by two texts", "\x80\x04\x8c\x05posix\x8c\x06system\x93.", /"posix\.system"/],
    ["the same with INST", "(S'echo'\niposix\nsystem\n.", /"posix\.system"/],
    ["names of JavaScript", "c__proto__\nconstructor\n.", /calls for "__proto__\.constructor"/],
    ["a second pickle behind the first", "N.cposix\nsystem\n.", /15 bytes follow the pickle's end at byte 2/],
    ["nothing", "", /1 bytes are promised, 0 are there/],
    ["an empty stack", ".", /takes more from the stack than is there/],
    ["a text of four gigabytes", "X\xff\xff\xff\xff.", /4294967295 bytes are promised, 1 are there/],
    ["a text of an exabyte", "\x80\x04\x8d\0\0\0\0\0\0\0\x10.", /bytes are promised, 1 are there/],
    ["an entry never kept", "h\x05.", /recalls entry 5, which was never kept/],
    ["a mark that is missing", "t.", /a mark is missing/],
    ["a key without a value", "(S'a'\nd.", /a key has no value/],
    ["an instruction that is none", "\xfe.", /instruction 0xfe is none that data needs/],
    ["an extension", "\x82\x01.", /instruction 0x82/],
    ["a persistent id", "Pid\n.", /refers to parts outside of it/],
    ["a state for a list", "]}b.", /it changes what is no array/],
    ["a state for a class", "ccollections\nOrderedDict\n}b.", /it changes "collections\.OrderedDict"/],
    ["a function as its value", "ccollections\nOrderedDict\n.", /its value is the function/],
    ["a ZIP archive", "PK\x03\x04", /it looks like a ZIP archive/],
    [
      "an array larger than its bytes",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I1000000\nI1000000\ntcnumpy\ndtype\n(S'f4'\ntRI00\nS'abc'\ntb.",
      /takes 4000000000000 bytes, 3 are there/,
    ],
    [
      "an array of objects",
      "cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I1\ntcnumpy\ndtype\n(S'O8'\ntRI00\n]tb.",
      /Python objects, which are not read/,
    ],
  ];
  test.each(bad)("refuses: %s", (_what, file, message) => {
    expect(() => parsePickle(text(file))).toThrow(message);
    expect(() => parsePickle(text(file))).toThrow(FormatError);
  });

  test("deep nesting and references that multiply cost no more than the file", () => {
    const deep = parsePickle(text(`${"(".repeat(100_000)}${"t".repeat(100_000)}.`));
    expect(Array.isArray(deep)).toBe(true);
    const laughs = `]q\x00${Array.from({ length: 60 }, (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`).join("")}.`;
    expect((parsePickle(text(laughs)) as unknown[]).length).toBe(2);
  });

  test("classes and parts that the caller knows", () => {
    const classes = { "my.Point": { call: ([x, y]: readonly unknown[]) => ({ x, y }) } };
    expect(parsePickle(text("cmy\nPoint\n(I1\nI2\ntR."), "a", { classes })).toEqual({ x: 1, y: 2 });
    expect(parsePickle(text("S'key'\nQ."), "a", { persistent: (id) => `part ${String(id)}` })).toBe("part key");
  });

  test("property: damaged files are refused with a FormatError, or are something", () => {
    const whole = new Uint8Array(Buffer.from(pickles[2]!, "base64"));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(whole.length),
        (changes, keep) => {
          const damaged = whole.slice(0, keep);
          for (const [at, value] of changes) if (at < keep) damaged[at] = value;
          try {
            parsePickle(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const data = process.env["MYELIN_DATA"] || "../shared/data";

describe.skipIf(!existsSync(`${data}/hostile`))(
  "files of others (skipped without MYELIN_DATA or ../shared/data)",
  () => {
    const names = existsSync(`${data}/hostile`) ? readdirSync(`${data}/hostile`) : [];
    test.each(names)("%s", (name) => {
      const bytes = new Uint8Array(readFileSync(`${data}/hostile/${name}`));
      if (name.startsWith("benign")) expect(parsePickle(bytes)).toEqual(["a", "b", "c"]);
      else expect(() => parsePickle(bytes, name)).toThrow(FormatError);
    });

    test("[S32] Cora's", () => {
      const read = (part: string): unknown =>
        parsePickle(new Uint8Array(readFileSync(`${data}/cora/ind.cora.${part}`)), part);
      const x = read("allx") as CsrMatrix;
      expect(x.shape).toEqual([1708, 1433]);
      expect(x.data.data.every((value) => value === 1)).toBe(true);
      expect(read("ally")).toMatchObject({ shape: [1708, 7] });
      expect((read("graph") as Map<number, number[]>).size).toBe(2708);
    });
  },
);
