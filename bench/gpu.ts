/**
 * `node build/bench/gpu.js look`: which GPU WebGPU finds here, and what it can do at most, as one line of JSON.
 * `node build/bench/gpu.js table FOLDER`: what bench/gpu/run.sh has measured, as a table.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeDevice, setDevice, tensor } from "myelin";
import { create } from "webgpu";
import { drawTable, type Line } from "./peers/table.ts";
import { peakGflops } from "./peak.ts";

/** Reachable for ever: the package's objects die with it. */
const gpu: GPU = create([]);

async function look(): Promise<void> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    console.log(JSON.stringify({ adapter: null }));
    process.exitCode = 1;
    return;
  }
  const { vendor, architecture, device, description } = adapter.info;
  const peak = await peakGflops(await adapter.requestDevice());
  setDevice("webgpu");
  await tensor([1]).add(1).data();
  console.log(
    JSON.stringify({
      adapter: { vendor, architecture, device, description },
      software: /swiftshader|llvmpipe|lavapipe/i.test(`${architecture} ${device} ${description}`),
      myelin: describeDevice(),
      features: [...adapter.features].sort(),
      peakGflops: Math.round(peak),
    }),
  );
}

function table(folder: string): void {
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text) as Line);
  const peers = [...new Set(lines.map(({ device }) => device))].filter((name) => name !== "webgpu");
  console.log(drawTable("webgpu", peers, lines));
  for (const { workload, device, gflops } of lines)
    if (gflops !== undefined) console.log(`${workload} on ${device}: ${gflops} GFLOP/s`);
}

const [command, folder] = process.argv.slice(2);
if (command === "look") await look();
else if (command === "table" && folder !== undefined) table(folder);
else {
  console.error("gpu: say look, or table FOLDER");
  process.exitCode = 2;
}
// Dawn's threads outlive what JavaScript has forgotten.
process.exit();
