/** Training in processes that are killed, or whose disk is full. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HostRandom } from "../../core/random.ts";
import { availableTier } from "../../device/native/tier.ts";
import { latest } from "./folder.ts";
import { Run } from "./run.testing.ts";

const KILLS = process.env["MYELIN_FULL"] ? 200 : 6;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const root = mkdtempSync(join(tmpdir(), "myelin-killed-"));
const program = join(root, "killed.mjs");
beforeAll(async () => {
  await build({
    entry: { killed: here("killed.testing.ts") },
    outDir: root,
    format: "esm",
    platform: "node",
    dts: false,
    config: false,
    logLevel: "silent",
    alias: { "#platform": here("../../platform/node.ts"), "#native": here("../../device/native/index.ts") },
  });
  symlinkSync(here("../../../node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** What is in the folder goes on to be what a run that nobody disturbed gives. */
async function expectUndisturbed(folder: string): Promise<void> {
  const run = new Run(1);
  const step = Number((await latest(folder))!.restore(run.parts)["step"]);
  const saved = run.values();
  const whole = new Run(1);
  whole.train(step);
  expect(saved).toEqual(whole.values());
}

describe("a run that is killed", () => {
  /** Runs the program and kills it some milliseconds after its third save began. Returns what it said. */
  const killed = (folder: string, delay: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, folder, "1000000"], { stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      let waits = false;
      child.stdout.on("data", (text) => {
        said += text;
        if (waits || said.split("saving").length < 4) return;
        waits = true;
        setTimeout(() => child.kill("SIGKILL"), delay);
      });
      child.on("error", reject);
      child.on("close", () => resolve(said.trim().split("\n")));
    });

  test(
    `[AE5] at ${KILLS} random moments loses nothing that was saved, and goes on with the same bits`,
    async () => {
      const folder = join(root, "run");
      const random = new HostRandom(7);
      let saved = 0;
      for (let i = 0; i < KILLS; i++) {
        const said = await killed(folder, random.uniform(0, 25));
        const steps = (word: string): number[] =>
          said.flatMap((line) => (line.startsWith(`${word} `) ? [Number(line.split(" ")[1])] : []));
        // What was being saved may have become complete just before the end.
        expect([saved, saved + 1]).toContain(steps("begin")[0]);
        saved = Math.max(...steps("saved"));
        expect(await latest(folder)).toBeDefined();
      }
      await expectUndisturbed(folder);
    },
    60_000 + KILLS * 5_000,
  );
});

describe.skipIf(availableTier() !== undefined)("a run on machine code", () => {
  test("goes on with the same bits: programs begin there, and not as WebAssembly", async () => {
    const run = (folder: string, steps: number): Promise<string> =>
      new Promise((resolve) => {
        const env = { ...process.env, MYELIN_DEVICE: "cpu" };
        execFile(process.execPath, [program, join(root, folder), `${steps}`, "256"], { env }, (_error, out) =>
          resolve(out),
        );
      });
    const weights = (folder: string, version: number): Buffer =>
      readFileSync(join(root, folder, `model_v${version}`, "model.safetensors"));
    expect(await run("whole", 9)).toMatch(/^begin 0\n[^]*saved 9\n$/);
    // The fourth run of a program would be its first as machine code.
    for (const steps of [2, 3, 8, 9]) expect(await run("parts", steps)).toMatch(new RegExp(`saved ${steps}\n$`));
    for (const version of [7, 8, 9]) expect(weights("parts", version)).toEqual(weights("whole", version));
    const { device } = (await latest(join(root, "parts")))!;
    expect([device.name, device.tier]).toEqual(["cpu", "native"]);
  });
});

describe.skipIf(process.platform === "win32" || !existsSync("/bin/bash"))("a full disk", () => {
  test("is told with its path, and the last checkpoint stays: there is nothing of the new one", async () => {
    const folder = join(root, "full");
    const run = (limit: string, steps: number): Promise<string> =>
      new Promise((resolve) => {
        // The signal that the system sends at the limit is ignored, so that writing fails instead.
        const command = `trap '' XFSZ; ulimit -f ${limit}; exec "$0" "$@"`;
        execFile("/bin/bash", ["-c", command, process.execPath, program, folder, `${steps}`], (_error, out) =>
          resolve(out),
        );
      });
    expect(await run("unlimited", 2)).toMatch(/saved 2\n$/);
    // In units of 1024 bytes: the manifest is larger.
    const said = await run("1", 4);
    expect(said).toMatch(/begin 2\nsaving 3\nPlatformError: writing ".*model_v3": the file would be larger than/);
    expect((await latest(folder))!.fields["step"]).toBe(2);
    expect(existsSync(join(folder, "model_v3"))).toBe(false);
    expect(await run("unlimited", 4)).toMatch(/^begin 2\n[^]*saved 4\n$/);
    await expectUndisturbed(folder);
  });
});
