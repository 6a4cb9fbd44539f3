/**
 * `node build/bench/data.js [--csv FILE] [--json]`: how fast batches of 60,000 images of 28 × 28 come out of pipelines, and what prefetch does
 * for a training loop. bench/peers/data_peer.py does the same with PyTorch's DataLoader and tf.data.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DataLoader, Dataset, hostArray, slices, type HostArray } from "myelin";
import { csvOf, prefetchTable } from "./prefetch.ts";

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
const csv = csvOf(await prefetchTable({ images, labels, examples: 12_800, sizes: [16, 64, 256] }));
if (values.csv) writeFileSync(values.csv, csv);
console.log(csv);
