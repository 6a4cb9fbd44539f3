/**
 * `node build/bench/data.js [--csv FILE] [--json]`: how fast batches of 60,000 images of 28 × 28 come out of pipelines, and what prefetch does
 * for a training loop. bench/peers/data_peer.py does the same with PyTorch's DataLoader and tf.data.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { DataLoader, Dataset, hostArray, jit, losses, nn, optim, slices, type HostArray, type Tensor } from "myelin";

const COUNT = 60_000;
const PIXELS = 784;
const images = hostArray(
  Uint8Array.from({ length: COUNT * PIXELS }, (_, at) => (at * 7919) % 256),
  [COUNT, 28, 28],
);
const scaled = hostArray(
  Float32Array.from(images.data, (v) => v / 255),
  [COUNT, 28, 28],
);
const labels = hostArray(Uint8Array.from({ length: COUNT }, (_, at) => at % 10));

const scale = ({ shape, data }: HostArray): HostArray => {
  const result = new Float32Array(data.length);
  for (let at = 0; at < result.length; at++) result[at] = data[at]! / 255;
  return { dtype: "f32", shape, data: result };
};

/** Pipelines whose epochs are timed; the number of examples is that of their batches. */
const pipelines: Readonly<Record<string, () => AsyncIterable<unknown>>> = {
  "u8 slices, shuffle, batch 64": () =>
    Dataset.from(slices([images, labels]))
      .shuffle()
      .batch(64),
  "f32 slices, shuffle, batch 64": () =>
    Dataset.from(slices([scaled, labels]))
      .shuffle()
      .batch(64),
  "u8 slices, shuffle, map to f32, batch 64, prefetch": () =>
    Dataset.from(slices([images, labels]))
      .shuffle()
      .map(([image, label]) => [scale(image), label] as const)
      .batch(64)
      .prefetch(2),
  "u8 slices, shuffle, batch 64, map to f32, prefetch": () =>
    Dataset.from(slices([images, labels]))
      .shuffle()
      .batch(64, { host: true })
      .map(([image, label]) => [scale(image), label] as const)
      .prefetch(2),
  "DataLoader, map-style, batch 64, shuffle": () =>
    new DataLoader(
      {
        length: COUNT,
        get: (index: number) =>
          [scaled.data.subarray(index * PIXELS, (index + 1) * PIXELS), labels.data[index]!] as const,
      },
      { batchSize: 64, shuffle: true },
    ),
  "numbers, one by one: generator, map, filter, shuffle 1000, batch 64": () =>
    Dataset.generator(function* () {
      for (let index = 0; index < COUNT; index++) yield index;
    })
      .map((x) => x + 1)
      .filter((x) => x % 2 === 0)
      .shuffle(1000)
      .batch(64),
};

/** The fastest of five epochs, after two that warm up, in milliseconds: by the clock, and of processors' time, which a busy machine spoils less. */
async function epochTimes(dataset: AsyncIterable<unknown>): Promise<{ milliseconds: number; cpu: number }> {
  const best = { milliseconds: Infinity, cpu: Infinity };
  for (let epoch = 0; epoch < 7; epoch++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    for await (const _ of dataset);
    const { user, system } = process.cpuUsage(used);
    if (epoch < 2) continue;
    best.milliseconds = Math.min(best.milliseconds, performance.now() - start);
    best.cpu = Math.min(best.cpu, (user + system) / 1000);
  }
  return best;
}

/** An augmentation of some 50 µs, in a thread: two passes of a blur. */
const AUGMENT = `
export default ([image, label]) => {
  let values = Float32Array.from(image.data, (v) => v / 255);
  for (let pass = 0; pass < 12; pass++) {
    const next = new Float32Array(784);
    for (let at = 29; at < 755; at++) next[at] = (values[at - 29] + values[at - 28] + values[at - 1] + values[at] + values[at + 1] + values[at + 28] + values[at + 29]) / 7;
    values = next;
  }
  return [{ dtype: "f32", shape: [784], data: values }, label];
};`;

interface Row {
  readonly prefetch: string;
  readonly batch: number;
  readonly examplesPerSecond: number;
  readonly stalled: number;
}

/** Trains a small model on augmented images, with prefetch and without. */
async function training(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "myelin-bench-"));
  const module = pathToFileURL(join(folder, "augment.mjs"));
  writeFileSync(module, AUGMENT);
  const rows: Row[] = [];
  for (const batch of [16, 64, 256])
    for (const prefetch of [false, true]) {
      const model = nn.sequential(new nn.Linear(784, 256), new nn.ReLU(), new nn.Linear(256, 10));
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
      const step = jit((x: Tensor, y: Tensor) => {
        optimizer.zeroGrad();
        const loss = losses.crossEntropy(model.forward(x), y);
        loss.backward();
        optimizer.step();
        return loss;
      });
      const batches = Dataset.from(slices([images, labels]))
        .shuffle()
        .take(12_800)
        .map<[HostArray, HostArray]>(module, { parallel: 1 })
        .batch(batch);
      const data = prefetch ? batches.prefetch() : batches;
      let [last, stalled] = [0, 0];
      for (let epoch = 0; epoch < 3; epoch++) {
        const before = data.stats();
        const start = performance.now();
        for await (const [x, y] of data) step(x, y).dataSync();
        last = performance.now() - start;
        const after = data.stats();
        stalled = (after.stallSeconds - before.stallSeconds) / (after.seconds - before.seconds);
      }
      rows.push({ prefetch: prefetch ? "on" : "off", batch, examplesPerSecond: (12_800 / last) * 1000, stalled });
    }
  rmSync(folder, { recursive: true });
  return rows;
}

const { values } = parseArgs({ options: { csv: { type: "string" }, json: { type: "boolean", default: false } } });
const round = (x: number): number => Number(x.toPrecision(3));
for (const [pipeline, build] of Object.entries(pipelines)) {
  const { milliseconds, cpu } = await epochTimes(build());
  const line = {
    pipeline,
    milliseconds: round(milliseconds),
    cpu: round(cpu),
    examplesPerSecond: round((1000 * COUNT) / milliseconds),
  };
  console.log(
    values.json
      ? JSON.stringify(line)
      : Object.entries(line)
          .map(([key, value]) => `${key}=${value}`)
          .join("  "),
  );
}
const rows = await training();
const csv = [
  "prefetch,batch,examples_per_second,stalled",
  ...rows.map((row) => [row.prefetch, row.batch, Math.round(row.examplesPerSecond), round(row.stalled)].join(",")),
].join("\n");
if (values.csv) writeFileSync(values.csv, `${csv}\n`);
console.log(csv);
