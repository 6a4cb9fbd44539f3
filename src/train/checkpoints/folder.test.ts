import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ArgumentError, CheckpointError, FormatError } from "../../core/errors.ts";
import { Checkpoint } from "./checkpoint.ts";
import { best, CheckpointFolder, latest, type FolderOptions } from "./folder.ts";
import { encodeManifest } from "./manifest.ts";
import { Run } from "./run.testing.ts";

let root: string;
let folder: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "myelin-folder-"));
});
beforeEach(() => (folder = join(root, `${count++}`)));
afterEach(() => vi.restoreAllMocks());
afterAll(() => rm(root, { recursive: true }));

const names = async (): Promise<string[]> => (await readdir(folder)).sort();

/** Opens the folder and saves a checkpoint with each of these losses. */
async function saved(losses: readonly number[], options?: FolderOptions): Promise<CheckpointFolder> {
  const open = await CheckpointFolder.open(folder, options);
  const run = new Run(1);
  for (const [i, loss] of losses.entries()) {
    run.train(1);
    await open.save(run.parts, { epoch: i + 1, loss });
  }
  return open;
}

describe("a folder of checkpoints", () => {
  test("[AC1] numbers them, and no number comes twice, after a restart too; times are ISO 8601", async () => {
    const first = await saved([3, 2]);
    expect(await names()).toEqual(["model_v1", "model_v2", "run.lock"]);
    await first.close();
    await rm(join(folder, "model_v1"), { recursive: true });
    const second = await saved([1]);
    expect((await second.versions()).map(({ version }) => version)).toEqual([3, 2]);
    const { timestamp } = (await second.latest())!.fields;
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
    await second.close();
    expect(await names()).toEqual(["model_v2", "model_v3"]);
  });

  test("[Z7] keeps the last k and the best, which is there after the epoch that improved", async () => {
    const open = await saved([5, 1, 4, 3, 2], { keepLast: 2, by: "loss", name: "net" });
    expect((await open.versions()).map(({ version }) => version)).toEqual([5, 4, 2]);
    expect((await open.best())!.fields).toMatchObject({ epoch: 2, loss: 1 });
    const run = new Run(2);
    await open.save(run.parts, { metrics: { loss: 0.5 }, epoch: 6 });
    expect((await open.best())!.fields["epoch"]).toBe(6);
    await open.save(run.parts, { loss: NaN, epoch: 7 });
    expect((await open.best())!.fields["epoch"]).toBe(6);
    expect((await open.latest())!.fields["epoch"]).toBe(7);
    expect((await open.versions()).map(({ version }) => version)).toEqual([7, 6]);
    await open.close();
    expect((await best(folder, { by: "loss", mode: "max" }))!.fields["epoch"]).toBe(6);
    expect(await best(folder, { by: "accuracy" })).toBeUndefined();
  });

  test("saves that are asked for together follow one another, each with the state of its call", async () => {
    const open = await CheckpointFolder.open(folder, { keepLast: Infinity });
    const run = new Run(3);
    const values: number[][] = [];
    const saving = [1, 2, 3].map((step) => {
      run.train(1);
      values.push(run.values());
      return open.save(run.parts, { step });
    });
    expect((await Promise.all(saving)).map(({ version }) => version)).toEqual([1, 2, 3]);
    for (const [i, { path }] of [...(await open.versions())].reverse().entries()) {
      (await Checkpoint.read(path)).restore(run.parts);
      expect(run.values()).toEqual(values[i]);
    }
    await open.close();
  });

  test("the newest that is whole is the latest: damaged ones are passed over, and that is said", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await (await saved([3, 2, 1])).close();
    expect((await latest(folder))!.fields["epoch"]).toBe(3);
    expect(warn).not.toHaveBeenCalled();
    await truncate(join(folder, "model_v3", "optimizer.safetensors"), 100);
    expect((await latest(folder))!.fields["epoch"]).toBe(2);
    expect(warn.mock.calls).toHaveLength(1);
    expect(warn.mock.calls[0]![0]).toMatch(
      /^myelin: ".*model_v3": .*optimizer.* 100 bytes .* Going on with ".*model_v2"\.$/,
    );
    await rm(join(folder, "model_v2", "manifest.json"));
    expect((await latest(folder))!.fields["epoch"]).toBe(1);
    await writeFile(join(folder, "model_v1", "manifest.json"), "");
    await expect(latest(folder)).rejects.toThrow(/no checkpoint in ".*" is whole: .*model_v3.*model_v2.*model_v1/);
    await expect(latest(folder)).rejects.toThrow(CheckpointError);
  });

  test("an empty folder, and none, have no latest", async () => {
    expect(await latest(folder)).toBeUndefined();
    await mkdir(folder);
    expect(await latest(folder)).toBeUndefined();
  });

  test("what a crash left behind is cleared away, and what is not ours stays", async () => {
    await (await saved([1])).close();
    for (const name of ["model_v2.0123456789ab.tmp", "model_v0.removed", "notes", "model_vx"])
      await mkdir(join(folder, name));
    const open = await CheckpointFolder.open(folder);
    expect(await names()).toEqual(["model_v1", "model_vx", "notes", "run.lock"]);
    await open.close();
  });

  test("a manifest that names files elsewhere is refused, whatever its hash says", async () => {
    await (await saved([1])).close();
    const path = join(folder, "model_v1", "manifest.json");
    const { format: _, version: __, sha256: ___, ...content } = JSON.parse(await readFile(path, "utf8"));
    const file = { bytes: 1, sha256: "" };
    await writeFile(path, await encodeManifest({ ...content, files: { "../../secret.safetensors": file } }));
    await expect(Checkpoint.read(join(folder, "model_v1"))).rejects.toThrow(FormatError);
    await expect(Checkpoint.read(join(folder, "model_v1"))).rejects.toThrow(/the manifest lacks something/);
  });

  const wrong: [FolderOptions, RegExp][] = [
    [{ keepLast: 0 }, /keepLast must be a whole number of 1 or more, got 0/],
    [{ keepBest: -1, by: "loss" }, /keepBest must be a whole number of 0 or more, got -1/],
    [{ keepBest: 1 }, /keepBest needs by/],
    [{ name: "a/b" }, /name must be a word of letters and digits, got "a\/b"/],
  ];
  test.each(wrong)("options %j make no sense", async (options, message) => {
    await expect(CheckpointFolder.open(folder, options)).rejects.toThrow(message);
    await expect(CheckpointFolder.open(folder, options)).rejects.toThrow(ArgumentError);
    expect(existsSync(folder)).toBe(false);
  });

  test("the number that says how good it is must be there", async () => {
    const open = await CheckpointFolder.open(folder, { by: "val_loss" });
    const saving = open.save(new Run(1).parts, { loss: 1 });
    await expect(saving).rejects.toThrow(/fields must have the number val_loss, got loss/);
    await open.save(new Run(1).parts, { val_loss: 1 });
    await open.close();
  });
});

describe("two runs in one folder", () => {
  test("the second gets an error that names the first; closing gives the folder back", async () => {
    const open = await CheckpointFolder.open(folder);
    const second = CheckpointFolder.open(folder);
    await expect(second).rejects.toThrow(CheckpointError);
    await expect(second).rejects.toThrow(
      new RegExp(`process ${process.pid} on ${hostname()} has been writing into ".*" since 20.*; wait for its end`),
    );
    await open.close();
    await expect(open.save(new Run(1).parts)).rejects.toThrow(/is no longer this run's: it was closed/);
    await (await CheckpointFolder.open(folder)).close();
    expect(await names()).toEqual([]);
  });

  const lockOf = (content: object): string =>
    JSON.stringify({ since: "2026-01-01T00:00:00.000Z", started: "x", id: "0", host: hostname(), ...content });

  test("the lock of a process that is gone is taken over, also when another one has its number now", async () => {
    const gone = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
    await mkdir(folder);
    // The number of this process, with another time of starting.
    for (const content of [lockOf({ process: gone }), lockOf({ process: process.pid }), "{}", ""]) {
      await writeFile(join(folder, "run.lock"), content);
      await (await CheckpointFolder.open(folder)).close();
    }
    expect(await names()).toEqual([]);
  });

  test("another machine's is taken over after five minutes without a sign of life", async () => {
    await mkdir(folder);
    const path = join(folder, "run.lock");
    await writeFile(path, lockOf({ process: 1, host: "elsewhere" }));
    await expect(CheckpointFolder.open(folder)).rejects.toThrow(/process 1 on elsewhere/);
    const before = new Date(Date.now() - 301_000);
    await utimes(path, before, before);
    await (await CheckpointFolder.open(folder)).close();
  });

  test("a run whose lock was taken over saves nothing more", async () => {
    const open = await saved([1]);
    await writeFile(join(folder, "run.lock"), lockOf({ process: process.pid }));
    await expect(open.save(new Run(1).parts)).rejects.toThrow(/another run took it over/);
    await open.close();
    expect(await names()).toEqual(["model_v1", "run.lock"]);
  });
});
