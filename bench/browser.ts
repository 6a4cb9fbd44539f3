/**
 * `node build/bench/browser.js [names …] [--device webgpu|wasm] [--peers FOLDER] [--json]`: the workloads in Chromium, and in the same browser, in
 * turn, in jax-js and TensorFlow.js, where FOLDER has them installed (see bench/gpu.md). Every one has a page of its own.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
// It comes with tsdown.
import { rolldown } from "rolldown";
import { ISOLATION, serveBrowser } from "../src/platform/chromium.testing.ts";
import { bundle } from "./bundle.ts";
import { drawTable, type Line } from "./peers/table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "webgpu" },
    peers: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const { device, json } = values;
const names =
  positionals.length > 0 ? positionals : ["matmul64", "matmul128", "matmul256", "elementwise1m", "mlp32", "mlp64"];
const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));
const bench = (file: string): string => JSON.stringify(join(root, "bench", file));

/** What a page is asked: to set the device up, and to time a workload. */
const TIMED = `
import { measure } from ${bench("measure.ts")};
globalThis.timed = async (name) => {
  const work = await makers(name);
  if (!work) return { cannot: "it has no such workload" };
  return { ...(await measure(work.step)), flops: work.flops, ...about() };
};`;

const OWN = `
import { describeDevice, deviceThreads, setDevice } from "myelin";
import { examples } from ${bench("examples.ts")};
import { workloads } from ${bench("workloads.ts")};
import { peakGflops } from ${bench("peak.ts")};
setDevice(${JSON.stringify(device)});
const makers = (name) => ({ ...workloads, ...examples })[name]?.();
const about = () => ({ about: describeDevice(), threads: deviceThreads() });
globalThis.peak = async () => {
  const adapter = await navigator.gpu.requestAdapter();
  return peakGflops(await adapter.requestDevice());
};
${TIMED}`;

const JAX = `
import { defaultDevice, init } from "@jax-js/jax";
import { workloads } from ${bench("peers/jax-js.mjs")};
await init(${JSON.stringify(device)});
defaultDevice(${JSON.stringify(device)});
const makers = (name) => workloads[name] && { step: workloads[name]() };
const about = () => ({ threads: ${device === "wasm" ? "navigator.hardwareConcurrency" : 1} });
${TIMED}`;

const TFJS = `
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
${
  device === "wasm"
    ? 'import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm"; setWasmPaths("/tfjs/"); setThreadsCount(navigator.hardwareConcurrency);'
    : 'import "@tensorflow/tfjs-backend-webgpu";'
}
import { workloadsOf } from ${bench("peers/tfjs.mjs")};
if (!(await tf.setBackend(${JSON.stringify(device)}))) throw new Error("tfjs: the backend does not start");
await tf.ready();
const wait = ${
  device === "wasm"
    ? "undefined"
    : "() => { const backend = tf.backend(); backend.endComputePassEncoder(); backend.submitQueue(); return backend.device.queue.onSubmittedWorkDone(); }"
};
const workloads = workloadsOf(wait);
const makers = (name) => workloads[name] && { step: workloads[name]() };
const about = () => ({ threads: ${device === "wasm" ? "navigator.hardwareConcurrency" : 1} });
${TIMED}`;

/** A peer's page, from the packages of a folder. */
async function bundlePeer(program: string, folder: string): Promise<string> {
  const build = await rolldown({
    input: "entry",
    platform: "browser",
    tsconfig: false,
    logLevel: "silent",
    resolve: { modules: [join(folder, "node_modules")] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? join(folder, "entry.js") : null),
        load: (id) => (id === join(folder, "entry.js") ? program : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", codeSplitting: false });
  await build.close();
  return output[0].code;
}

const peers = values.peers;
const pages: Record<string, string> = { myelin: (await bundle(OWN, { root })).code };
if (peers !== undefined) {
  pages["jax-js"] = await bundlePeer(JAX, peers);
  pages["tfjs"] = await bundlePeer(TFJS, peers);
}

const served = await serveBrowser(async (path) => {
  const name = /^\/(.+)\.js$/.exec(path)?.[1];
  if (name !== undefined && pages[name] !== undefined) return pages[name];
  if (peers !== undefined && path.startsWith("/tfjs/"))
    return readFile(join(peers, "node_modules/@tensorflow/tfjs-backend-wasm/dist", path.slice("/tfjs/".length)));
  const page = /^\/page\/(.+)$/.exec(path)?.[1];
  return page === undefined
    ? undefined
    : new TextEncoder().encode(`<!doctype html><title>-</title><script type="module" src="/${page}.js"></script>`);
}, ISOLATION);

interface Outcome {
  readonly cannot?: string;
  readonly medianMs?: number;
  readonly bestMs?: number;
  readonly firstMs?: number;
  readonly flops?: number;
  readonly about?: string;
  readonly threads?: number;
}

/** Asks a new page of a library. */
async function ask<T>(library: string, expression: string): Promise<T> {
  const page = await served.open(`/page/${library}`);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    await page.waitForFunction("globalThis.timed", undefined, { timeout: 60_000 });
    return await page.evaluate<T>(expression);
  } catch (error) {
    throw new Error(errors[0] ?? (error as Error).message, { cause: error });
  } finally {
    await page.close();
  }
}

const round = (x: number | undefined): number | undefined => (x === undefined ? undefined : Number(x.toPrecision(4)));
const peak = device === "webgpu" ? await ask<number>("myelin", "peak()") : undefined;
if (peak !== undefined) console.log(`peak: ${peak.toFixed(1)} GFLOP/s of multiply-adds in registers`);
const lines: Line[] = [];
for (const workload of names) {
  let flops: number | undefined;
  for (const library of Object.keys(pages)) {
    const outcome: Outcome = await ask<Outcome>(library, `timed(${JSON.stringify(workload)})`).catch(
      (error: unknown): Outcome => ({ cannot: (error as Error).message.split("\n")[0]! }),
    );
    if (library === "myelin" && lines.length === 0 && outcome.about !== undefined) console.log(outcome.about);
    flops ??= outcome.flops;
    const { medianMs, bestMs, firstMs, cannot } = outcome;
    const gflops = flops !== undefined && medianMs !== undefined ? flops / medianMs / 1e6 : undefined;
    const line: Line = {
      workload,
      device: library,
      threads: outcome.threads ?? 1,
      ...(cannot === undefined
        ? { medianMs: round(medianMs)!, bestMs: round(bestMs)!, firstMs: round(firstMs)! }
        : { cannot }),
      ...(gflops === undefined ? {} : { gflops: round(gflops)! }),
    };
    lines.push(line);
    const share =
      peak !== undefined && gflops !== undefined ? { ofPeak: `${((100 * gflops) / peak).toFixed(1)} %` } : {};
    const shown = { ...line, on: device, ...share };
    const words = Object.entries(shown).map(([key, value]) => `${key}=${value}`);
    console.log(json ? JSON.stringify(shown) : words.join("  "));
  }
}
await served.close();
if (peers !== undefined) console.log(`\n${drawTable("myelin", Object.keys(pages).slice(1), lines)}`);
