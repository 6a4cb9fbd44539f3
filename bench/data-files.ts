/**
 * `node build/bench/data-files.js [readings …] [--python PATH] [--epochs N]`: how fast files of examples are read: CSV, TFRecord with tf.Examples, framing alone.
 * With `--python`, bench/peers/files_peer.py reads the same files with tf.data right after each of ours, so that both see the same machine.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { files, manualSeed, randn } from "myelin";
import Papa from "papaparse";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string" }, epochs: { type: "string", default: "7" } },
});
const epochs = Number(values.epochs);
const folder = mkdtempSync(join(tmpdir(), "myelin-bench-files-"));
const path = (name: string): string => join(folder, name);

const [ROWS, COLUMNS, SMALL, LARGE, LARGE_BYTES] = [400_000, 10, 200_000, 2_000, 50_000];

/** Numbers of six digits, as files have them. */
async function write(): Promise<void> {
  manualSeed(0);
  const columns: Record<string, ArrayLike<number>> = {};
  for (let at = 0; at < COLUMNS; at++) {
    const data = await randn([ROWS]).data();
    columns[`x${at}`] = Array.from(data, (value) => Number(value.toPrecision(6)));
  }
  columns["label"] = Array.from({ length: ROWS }, (_, at) => at % 10);
  await files.writeCsv(path("numbers.csv"), columns);
  const x = await randn([SMALL, 20]).data();
  await files.writeTfRecords(
    path("small.tfrecord"),
    (function* () {
      for (let at = 0; at < SMALL; at++)
        yield { x: x.subarray(at * 20, at * 20 + 20) as Float32Array, label: Int32Array.of(at % 10), id: `row-${at}` };
    })(),
  );
  const image = Uint8Array.from({ length: LARGE_BYTES }, (_, at) => (at * 7919) % 251);
  await files.writeTfRecords(
    path("large.tfrecord"),
    (function* () {
      for (let at = 0; at < LARGE; at++) yield { image, label: Int32Array.of(at % 10) };
    })(),
  );
}

const small = {
  x: { dtype: "f32", shape: [20] },
  label: { dtype: "i32" },
  id: { dtype: "text" },
} as const;
const large = { image: { dtype: "bytes" }, label: { dtype: "i32" } } as const;

/** What is read, by the names that the peer knows; each reads a whole file. */
const readings: Readonly<Record<string, readonly [file: string, read: () => Promise<unknown>]>> = {
  csv: [
    "numbers.csv",
    () => all(files.csv(path("numbers.csv"), { columns: { label: "i32" }, label: "label", vector: true, batch: 1024 })),
  ],
  "csv, papaparse and Number": ["numbers.csv", papa],
  "csv, row by row": [
    "numbers.csv",
    () => all(files.csv(path("numbers.csv"), { columns: { label: "i32" }, label: "label", vector: true })),
  ],
  "tfrecord framing, small": ["small.tfrecord", () => all(framing("small.tfrecord"))],
  "tfrecord framing, large": ["large.tfrecord", () => all(framing("large.tfrecord"))],
  "tfrecord, small, record by record": ["small.tfrecord", () => all(files.tfRecords(path("small.tfrecord")))],
  "tf.Example, small": [
    "small.tfrecord",
    () => all(files.tfRecords(path("small.tfrecord"), { example: small, batch: 1024 })),
  ],
  "tf.Example, large": [
    "large.tfrecord",
    () => all(files.tfRecords(path("large.tfrecord"), { example: large, batch: 32 })),
  ],
};

async function all(elements: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of elements);
}

/** Records as they lie in a file, checksums verified. */
const framing = (file: string): AsyncIterable<unknown> =>
  files.parseTfRecords(createReadStream(path(file), { highWaterMark: 1 << 20 }), file);

/** What reading with papaparse would take: its rows of texts, made numbers. */
async function papa(): Promise<void> {
  const { data } = Papa.parse<string[]>(readFileSync(path("numbers.csv"), "utf8"), { skipEmptyLines: true });
  for (let column = 0; column <= COLUMNS; column++) Float32Array.from(data, (row) => Number(row[column]));
}

function report(name: string, file: string, walls: readonly number[], cpus: readonly number[]): void {
  const [wall, cpu] = [Math.min(...walls), Math.min(...cpus)];
  const rate = statSync(path(file)).size / wall / 1000;
  console.log(
    `${name.padEnd(40)} ${wall.toFixed(0).padStart(6)} ms ${cpu.toFixed(0).padStart(6)} ms of processors ${rate.toFixed(0).padStart(6)} MB/s`,
  );
}

try {
  await write();
  for (const [name, [file, read]] of Object.entries(readings)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const walls: number[] = [];
    const cpus: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const start = performance.now();
      const before = process.cpuUsage();
      await read();
      const { user, system } = process.cpuUsage(before);
      walls.push(performance.now() - start);
      cpus.push((user + system) / 1000);
    }
    report(name, file, walls, cpus);
    if (values.python) {
      const peer = spawnSync(values.python, ["bench/peers/files_peer.py", folder, name, String(epochs)], {
        encoding: "utf8",
      });
      if (peer.status !== 0) throw new Error(peer.stderr);
      for (const line of peer.stdout.split("\n").filter(Boolean)) {
        const { peer: what, wall, cpu } = JSON.parse(line) as { peer: string; wall: number; cpu: number };
        report(`  ${what}`, file, [wall], [cpu]);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
