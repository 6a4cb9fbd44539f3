import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { nn, tensor } from "../../index.ts";
import { eventsIn, valuesIn } from "./events.testing.ts";
import { writeRun } from "./fixture.testing.ts";
import type { Event } from "./schema.ts";
import { SummaryWriter } from "./summaryWriter.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const recordedFile = join(root, "tools/goldens/results/event_files.json");
const recorded: unknown = existsSync(recordedFile) ? JSON.parse(readFileSync(recordedFile, "utf8")) : undefined;

/** A Python that has TensorBoard. */
const python = [process.env["MYELIN_PYTHON"] ?? "python3"].find(
  (command) => spawnSync(command, ["-c", "import tensorboard"]).status === 0,
);
const readByTensorBoard = (folder: string): Record<string, unknown> => {
  const run = spawnSync(python!, [join(root, "tools/goldens/event_files.py"), folder], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Record<string, unknown>;
};

/** What a writer gave to a page's own memory. */
class Gathered {
  readonly parts: Uint8Array[] = [];
  write(bytes: Uint8Array): void {
    this.parts.push(bytes);
  }
  get events(): Event[] {
    return eventsIn(Uint8Array.from(this.parts.flatMap((part) => [...part])));
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myelin-tensorboard-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const filesIn = (path: string): string[] => readdirSync(path).map((name) => join(path, name));

describe("[Q4] event files", () => {
  it("are, byte by byte, those that TensorBoard has read: scalars, histograms, text, graph, hyper-parameters", async () => {
    await writeRun(join(folder, "run"));
    const [file, ...others] = filesIn(join(folder, "run"));
    expect(others).toEqual([]);
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", readFileSync(file!))).toString("hex");
    if (process.env["MYELIN_RECORD"])
      writeFileSync(recordedFile, `${JSON.stringify(readByTensorBoard(join(folder, "run")))}\n`);
    else expect(digest).toBe((recorded as { sha256: string[] }).sha256[0]);
  });

  it.skipIf(python === undefined)(
    "TensorBoard reads them now as it did then (needs a Python with tensorboard, named in MYELIN_PYTHON)",
    async () => {
      await writeRun(join(folder, "again"));
      expect(readByTensorBoard(join(folder, "again"))).toEqual(recorded);
    },
  );

  it("say what was written: TensorBoard's reading, held against the run itself", () => {
    const { scalars, histograms, tensors, graph } = recorded as {
      scalars: Record<string, [number, number, number | string][]>;
      histograms: Record<string, [number, number, number, number, number, number, number[], number[]][]>;
      tensors: Record<string, { events: [number, number, string[]][] }>;
      graph: [string, string, string[], number[][]][];
    };
    expect(scalars["loss/train"]!.map(([, step, value]) => [step, value])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [10 * (n - 1), Math.fround(1 / n)]),
    );
    expect(scalars["zero"]![0]!.slice(1)).toEqual([2 ** 40, 0]);
    expect(scalars["not a number"]![0]![2]).toBe("nan");
    const [, min, max, count, sum, , limits, counts] = histograms["weights"]![0]!;
    expect([min, max, count, sum]).toEqual([-20 / 16, 43 / 16, 64, (64 * 23) / 2 / 16]);
    expect(counts.reduce((a, b) => a + b)).toBe(64);
    expect(limits).toHaveLength(counts.length);
    expect(tensors["config/text_summary"]!.events[0]![2][0]).toContain("größer");
    const dots = graph.filter(([, op]) => op === "dot");
    expect(dots.map(([name, , , shapes]) => [name, shapes])).toEqual([
      ["hidden/dot", [[2, 4]]],
      ["blocks/1/dot", [[2, 2]]],
    ]);
    // What happens between modules is nobody's box.
    expect(graph.find(([, op]) => op === "where")![0]).toBe("where");
    const names = new Set(graph.map(([name]) => name));
    expect(names.size).toBe(graph.length);
    for (const [, , inputs] of graph) for (const input of inputs) expect(names).toContain(input);
  });
});

describe("images", () => {
  it.each([
    ["CHW", [3, 2, 2], [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]],
    ["HWC", [2, 2, 3], [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]],
  ] as const)("%s becomes a PNG that others read", async (layout, shape, values) => {
    const sink = new Gathered();
    const writer = new SummaryWriter(sink);
    writer.addImage("byte", tensor([...values], [...shape] as number[], { dtype: "u8" }), 1, { layout });
    writer.addImage(
      "float",
      { shape, data: Float64Array.from(values, (v) => (v === 255 ? 7 : v === 0 ? -1 : v / 255)) },
      1,
      { layout },
    );
    await writer.close();
    for (const { image } of valuesIn(sink.events)) {
      const { data, info } = await sharp(image!.encodedImageString).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([2, 2, 3]);
      expect([...data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);
      expect([image!.width, image!.height, image!.colorspace]).toEqual([2, 2, 3]);
    }
  });

  it("several are a grid, and other sizes are refused", async () => {
    const sink = new Gathered();
    const writer = new SummaryWriter(sink);
    const image = (value: number, size = 4) => ({
      shape: [size, size],
      data: new Float32Array(size * size).fill(value),
    });
    writer.addImages(
      "grid",
      [1, 0.5, 1, 1, 1].map((value) => image(value)),
    );
    await writer.flush();
    const [{ image: grid }] = valuesIn(sink.events) as [{ image: { encodedImageString: Uint8Array } }];
    const { data, info } = await sharp(grid.encodedImageString).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([14, 9]);
    const grey = (x: number, y: number): number => data[(y * info.width + x) * info.channels]!;
    expect([grey(0, 0), grey(4, 0), grey(5, 0), grey(0, 5), grey(10, 8)]).toEqual([255, 0, 128, 255, 0]);
    writer.addImages("sizes", [image(1), image(1, 3)]);
    await expect(writer.flush()).rejects.toThrow(ShapeError);
    writer.addImage("five axes", { shape: [1, 1, 1, 1, 1], data: new Uint8Array(1) });
    await expect(writer.flush()).rejects.toThrow(/addImage.*CHW.*\[1, 1, 1, 1, 1\]/);
  });
});

describe("SummaryWriter", () => {
  it("keeps the value that a parameter had when it was added", async () => {
    const sink = new Gathered();
    const writer = new SummaryWriter(sink);
    const weight = new nn.Linear(2, 1, { bias: false }).weight;
    weight.assign(tensor([[1, 1]]));
    writer.addHistogram("weight", weight);
    weight.assign(tensor([[5, 5]]));
    await writer.close();
    expect(valuesIn(sink.events)[0]!.histo!.sum).toBe(2);
  });

  it("writes by itself when much waits, and when something waits long", async () => {
    const sink = new Gathered();
    let now = 0;
    const writer = new SummaryWriter(sink, { maxQueue: 3, flushSeconds: 10, clock: () => now });
    const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
    writer.addScalar("a", 1);
    writer.addScalar("a", 2);
    await soon();
    expect(sink.parts).toHaveLength(0);
    writer.addScalar("a", 3);
    await soon();
    expect(valuesIn(sink.events)).toHaveLength(3);
    writer.addScalar("a", 4);
    now = 10;
    writer.addScalar("a", 5);
    await soon();
    expect(valuesIn(sink.events).map((value) => value.simpleValue)).toEqual([1, 2, 3, 4, 5]);
    await writer.close();
    expect(() => writer.addScalar("a", 6)).toThrow(ArgumentError);
  });

  it("loses nothing where a write fails: the next attempt begins a new file, and the failure is told once", async () => {
    const whole: Uint8Array[] = [];
    let broken = false;
    const writer = new SummaryWriter({
      write(bytes) {
        if (broken) throw new Error("the disk is full");
        whole.push(bytes);
      },
    });
    writer.addScalar("a", 1);
    await writer.flush();
    broken = true;
    writer.addScalar("a", 2);
    await expect(writer.flush()).rejects.toThrow("the disk is full");
    writer.addScalar("a", 3);
    await expect(writer.flush()).rejects.toThrow("the disk is full");
    broken = false;
    await writer.close();
    expect(whole).toHaveLength(2);
    expect(valuesIn(eventsIn(whole[1]!)).map((value) => value.simpleValue)).toEqual([2, 3]);
    // A file of its own: it has a first event.
    expect(eventsIn(whole[1]!)[0]!.fileVersion).toBe("brain.Event:2");
  });

  it("two runs in one folder write files of their own", async () => {
    const place = join(folder, "shared");
    const writers = [new SummaryWriter(place), new SummaryWriter(place)];
    for (const [i, writer] of writers.entries()) writer.addScalar("a", i);
    await Promise.all(writers.map((writer) => writer.close()));
    expect(
      filesIn(place)
        .map((file) => valuesIn(eventsIn(readFileSync(file))))
        .flat(),
    ).toHaveLength(2);
    expect(filesIn(place)).toHaveLength(2);
  });

  it("curves in one diagram are folders, and a run that goes on says from where", async () => {
    const writer = new SummaryWriter(join(folder, "parts"), { purgeStep: 7 });
    writer.addScalars("loss", { train: 1, test: 2 }, 8);
    await writer.close();
    const parts = readdirSync(join(folder, "parts")).filter((name) => name.startsWith("loss_"));
    expect(parts).toEqual(["loss_test", "loss_train"]);
    const file = filesIn(join(folder, "parts")).find((name) => name.includes("tfevents"))!;
    expect(eventsIn(readFileSync(file))[1]).toMatchObject({ step: 7, sessionLog: { status: 1 } });
    expect(() => new SummaryWriter(new Gathered()).addScalars("a", { b: 1 })).toThrow(/folder/);
    expect(() => new SummaryWriter(new Gathered()).addScalar("a", 1, 0.5)).toThrow(/whole number, got 0.5/);
  });
});
