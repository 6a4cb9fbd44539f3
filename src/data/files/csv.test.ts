import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { csv, parseCsv } from "./csv.ts";
import { textLines } from "./textLines.ts";

let folder: string;
let a: string;
let b: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-csv-"));
  a = join(folder, "a.csv");
  b = join(folder, "b.csv.gz");
  await writeFile(a, "x,sex,y\n1,M,3\n2,F,4\n3,I,5\n");
  await writeFile(b, gzipSync("y,extra,x,sex\n6,?,4,M\n7,?,5,F\n"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("csv", () => {
  test("[S37] rows by name, of several files, packed or not, epoch after epoch", async () => {
    const rows = csv([a, b]);
    for (let epoch = 0; epoch < 2; epoch++)
      expect(await rows.toArray()).toEqual([
        { x: 1, sex: "M", y: 3 },
        { x: 2, sex: "F", y: 4 },
        { x: 3, sex: "I", y: 5 },
        { x: 4, sex: "M", y: 6 },
        { x: 5, sex: "F", y: 7 },
      ]);
  });

  test("features and labels, one by one and in batches across files", async () => {
    const columns = { sex: ["M", "F", "I"], y: "i32" } as const;
    const one = await csv([a, b], { columns, label: "y", vector: true }).toArray();
    expect(one.map(([x]) => [...x.data])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 0],
      [5, 1],
    ]);
    expect(one[0]![1]).toEqual({ dtype: "i32", shape: [], data: Int32Array.of(3) });
    const stacked = await csv([a, b], { columns, label: "y", vector: true }).batch(2).toArray();
    const batches = await csv([a, b], { columns, label: "y", vector: true, batch: 2 }).toArray();
    const plain = (list: readonly (readonly [Tensor, Tensor])[]): unknown =>
      list.map(([x, y]) => [x.shape, x.dtype, [...x.dataSync()], y.shape, y.dtype, [...y.dataSync()]]);
    expect(plain(batches)).toEqual(plain(stacked as readonly (readonly [Tensor, Tensor])[]));
    expect(plain(batches)).toEqual([
      [[2, 2], "f32", [1, 0, 2, 1], [2], "i32", [3, 4]],
      [[2, 2], "f32", [3, 2, 4, 0], [2], "i32", [5, 6]],
      [[1, 2], "f32", [5, 1], [1], "i32", [7]],
    ]);
    const [first] = await csv([a, b], { batch: 4 }).toArray();
    expect(first!["sex"]).toEqual(["M", "F", "I", "M"]);
    expect([...(first!["x"] as Tensor).dataSync()]).toEqual([1, 2, 3, 4]);
    const [[features]] = (await csv(a, { select: ["sex"], label: "y" }).toArray()) as [[unknown, unknown]];
    expect(features).toEqual({ sex: "M" });
  });

  test("errors name file, row and column", async () => {
    const ragged = join(folder, "ragged.csv");
    await writeFile(ragged, "x,y\n1,2\n3\n");
    await expect(csv([a, ragged], { select: ["x", "y"] }).toArray()).rejects.toThrow(
      /ragged\.csv": row 3: it has 1 field/,
    );
    await expect(csv(a, { vector: true }).toArray()).rejects.toThrow(
      /column "sex" holds texts, and vector wants numbers/,
    );
    await expect(csv(a, { label: "sex" }).toArray()).rejects.toThrow(FormatError);
    // One text among numbers is a mistake in its row, where numbers are wanted.
    const mixed = join(folder, "mixed.csv");
    await writeFile(mixed, "x,y\n1,2\nNA,3\n4,o\n6,5\n");
    for (const options of [{ vector: true }, { label: "y" }, { numeric: ["y"] }, { label: "y", batch: 2 }])
      await expect(csv(mixed, options).toArray()).rejects.toThrow(/mixed\.csv": row 4, column "y": "o" is no number/);
    expect((await csv(mixed).toArray())[2]).toEqual({ x: 4, y: "o" });
    for (const batch of [undefined, 2])
      await expect(csv(a, { label: "sx", ...(batch && { batch }) }).toArray()).rejects.toThrow(
        /label names no column: "sx"; there are "x", "sex", "y"/,
      );
    const other = join(folder, "other.csv");
    await writeFile(other, "x,y\n1,2\n");
    await expect(csv([a, other]).toArray()).rejects.toThrow(/other\.csv": there is no column "sex"/);
    const broken = join(folder, "broken.csv.gz");
    await writeFile(broken, gzipSync("x\n1\n").subarray(0, 15));
    await expect(csv(broken).toArray()).rejects.toThrow(/broken\.csv\.gz": the gzip file cannot be unpacked/);
    expect(() => csv(a, { batch: 0 })).toThrow(/batch must be/);
  });

  test("[S10] a line of numbers is features and a label", async () => {
    expect(parseCsv("1,2,3")).toEqual([
      { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) },
      { dtype: "i32", shape: [], data: Int32Array.of(3) },
    ]);
    expect(() => parseCsv("1,two,3")).toThrow(/field 2 of the line, "two", is no number/);
    expect(() => parseCsv("1,,3")).toThrow(FormatError);
    expect(() => parseCsv("1,2,3.5")).toThrow(/the last field, "3.5", is the label/);
    const lines = join(folder, "lines.csv");
    await writeFile(lines, "a,b,label\r\n1,2,3\r\n4,5,6\r\n");
    const [x, y] = (
      await textLines(lines)
        .skip(1)
        .map((line) => parseCsv(line))
        .batch(2)
        .toArray()
    )[0]!;
    expect([x.shape, [...x.dataSync()], [...y.dataSync()], y.dtype]).toEqual([[2, 2], [1, 2, 4, 5], [3, 6], "i32"]);
  });
});

const data = process.env["MYELIN_DATA"] || "../shared/data";

describe.skipIf(!existsSync(`${data}/tabular`))(
  "CSV files of others (skipped without MYELIN_DATA or ../shared/data)",
  () => {
    test("abalone, gasoline and sunspots", async () => {
      const rows = await csv(`${data}/tabular/abalone.csv`, {
        header: false,
        label: "column8",
        columns: { column0: ["M", "F", "I"], column8: "i32" },
        vector: true,
        batch: 5000,
      }).toArray();
      const [x, y] = rows[0]!;
      expect([x.shape, y.shape, rows.length]).toEqual([[4177, 8], [4177], 1]);
      // numpy: np.mean of the column of rings
      expect(y.float().mean().itemSync()).toBeCloseTo(9.933684, 5);
      const spots = await csv(`${data}/series/monthly-sunspots.csv`, { columns: { Month: "date" } }).toArray();
      expect(spots[0]).toEqual({ Month: Date.UTC(1749, 0), Sunspots: 58 });
    });
  },
);
