import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "./series.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-series-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a series becomes a forecast: each window is tested after what it was trained on, and the file says all", async () => {
  const lines: string[] = [];
  const errors = await main(
    { days: 420, windows: 2, epochs: 25, model: join(folder, "series.safetensors") },
    (line) => void lines.push(line),
  );
  const text = lines.join("\n");
  expect(text).toMatch(/^series: made-up sales of a shop, 420 days from 2023-01-01 to 2024-02-24$/m);
  expect(text).toMatch(
    /^trained on 210 days, tested on 105 from 2023-07-30 on: off by [\d.]+; yesterday's value [\d.]+, last week's [\d.]+$/m,
  );
  expect(text).toMatch(/^trained on 315 days, tested on 105 from 2023-11-12 on/m);
  expect(errors.model).toBeLessThan(errors.lastWeek);
  expect(text).toMatch(/^loaded from .*: sales of 2023-11-12 should be [\d.]+; it was \d+$/m);
});

test("a file of one's own, with other names", async () => {
  const path = join(folder, "own.csv");
  const rows = Array.from({ length: 120 }, (_, at) => {
    const day = new Date(Date.UTC(2024, 0, 1 + at)).toISOString().slice(0, 10);
    return `${day},${(20 + 5 * Math.sin((2 * Math.PI * at) / 7)).toFixed(3)}`;
  });
  await writeFile(path, `day,degrees\n${rows.join("\n")}\n`);
  const lines: string[] = [];
  const options = { file: path, date: "day", value: "degrees", windows: 1, epochs: 30 };
  const errors = await main({ ...options, model: join(folder, "own.safetensors") }, (line) => void lines.push(line));
  expect(lines[0]).toBe(`series: ${path}, 120 days from 2024-01-01 to 2024-04-29`);
  expect(errors.lastWeek).toBeLessThan(0.01);
  expect(errors.model).toBeLessThan(2);
});
