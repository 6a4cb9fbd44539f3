/** Training on images that are augmented in a thread: what prefetch is good for, by batch size. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Dataset, jit, losses, nn, optim, slices, type HostArray, type Tensor } from "myelin";

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

/** What a training loop makes of one batch size, with prefetch or without. */
export interface PrefetchRow {
  readonly prefetch: string;
  readonly batch: number;
  readonly examplesPerSecond: number;
  /** The share of the time that steps waited for data. */
  readonly stalled: number;
}

/** Trains a small model on augmented images, with prefetch and without. */
export async function prefetchTable({
  images,
  labels,
  examples,
  sizes,
}: {
  images: HostArray;
  labels: HostArray;
  examples: number;
  sizes: readonly number[];
}): Promise<PrefetchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "myelin-bench-"));
  const module = pathToFileURL(join(folder, "augment.mjs"));
  writeFileSync(module, AUGMENT);
  const rows: PrefetchRow[] = [];
  for (const batch of sizes)
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
        .take(examples)
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
      rows.push({ prefetch: prefetch ? "on" : "off", batch, examplesPerSecond: (1000 * examples) / last, stalled });
    }
  rmSync(folder, { recursive: true });
  return rows;
}

/** The table as comma-separated values. */
export function csvOf(rows: readonly PrefetchRow[]): string {
  const lines = rows.map(({ prefetch, batch, examplesPerSecond, stalled }) =>
    [prefetch, batch, Math.round(examplesPerSecond), stalled.toPrecision(3)].join(","),
  );
  return ["prefetch,batch,examples_per_second,stalled", ...lines, ""].join("\n");
}
