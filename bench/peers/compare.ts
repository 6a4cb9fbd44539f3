/** `--peers`: each workload here and in the peers, in turn, each in a process of its own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** One line of JSON: a timing, or the reason why there is none. */
interface Line {
  readonly workload: string;
  readonly device: string;
  readonly threads: number;
  readonly medianMs?: number;
  readonly bestMs?: number;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly cannot?: string;
}

const peers = ["jax-js", "tfjs-wasm"];
/** The slowest peer's step takes ten seconds on a quiet machine, and runs half a dozen times. */
const LIMIT_MS = 300_000;
const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));
const folder = join(root, "bench", "peers");

/**
 * Prints every workload's line for each of the libraries, then a table of medians and of how many times as long each peer
 * takes. With `json` only JSON goes to standard output, the table to standard error.
 */
export function comparePeers(workloads: readonly string[], device: string, json: boolean): void {
  install();
  const lines: Line[] = [];
  for (const workload of workloads) {
    // This very program, asked for one workload: threads come to it through the environment.
    const own = [process.argv[1]!, workload, "--device", device, "--json"];
    for (const [name, command] of [
      [device, own],
      ...peers.map((peer) => [peer, [join(folder, "child.mjs"), peer, workload]] as const),
    ] as const) {
      const line = withRates(inChild(workload, name, command), lines.at(-1));
      lines.push(line);
      const words = Object.entries(line).map(([key, value]) => `${key}=${value}`);
      console.log(json ? JSON.stringify(line) : words.join("  "));
    }
  }
  const table = draw(workloads, device, lines);
  if (json) console.error(table);
  else console.log(`\n${table}`);
}

/** On first use: they are no dependencies of the project. */
function install(): void {
  if (existsSync(join(folder, "node_modules"))) return;
  // Its words go to standard error: standard output belongs to the results.
  execFileSync("npm", ["ci"], { cwd: folder, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
}

function inChild(workload: string, device: string, command: readonly string[]): Line {
  try {
    const output = execFileSync(process.execPath, command, {
      encoding: "utf8",
      timeout: LIMIT_MS,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const json = output.split("\n").find((text) => text.startsWith("{"));
    if (json) return JSON.parse(json) as Line;
    return { workload, device, threads: 1, cannot: "printed nothing" };
  } catch (cause) {
    const { code, stderr } = cause as { readonly code?: string; readonly stderr?: string };
    const reason = stderr?.split("\n").find((text) => /Error/.test(text)) ?? "the process failed";
    return { workload, device, threads: 1, cannot: code === "ETIMEDOUT" ? `took over ${LIMIT_MS / 1000} s` : reason };
  }
}

/** The work per second of a line that has none, from another's of the same workload. */
function withRates(line: Line, other: Line | undefined): Line {
  if (line.medianMs === undefined || other?.medianMs === undefined || other.workload !== line.workload) return line;
  const rate = (known: number): number => Number(((known * other.medianMs!) / line.medianMs!).toPrecision(4));
  return {
    ...line,
    ...(other.gflops ? { gflops: rate(other.gflops) } : {}),
    ...(other.gbps ? { gbps: rate(other.gbps) } : {}),
  };
}

/** Median milliseconds, and in brackets how many times as long as here. */
function draw(workloads: readonly string[], device: string, lines: readonly Line[]): string {
  const reasons: string[] = [];
  const threads = lines.find((line) => line.device === device)?.threads;
  const rows = [["ms (times as long)", `${device} ×${threads}`, ...peers.map((peer) => `${peer} ×1`)]];
  for (const workload of workloads) {
    const of = (name: string): Line | undefined =>
      lines.find((line) => line.workload === workload && line.device === name);
    const own = of(device)?.medianMs;
    rows.push([
      workload,
      ...[device, ...peers].map((name) => {
        const line = of(name);
        if (line?.medianMs === undefined) {
          reasons.push(`${name} cannot do ${workload}: ${line?.cannot}`);
          return "–";
        }
        return name === device || !own
          ? `${line.medianMs}`
          : `${line.medianMs} (${(line.medianMs / own).toPrecision(3)})`;
      }),
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("   "),
  );
  return [...table, ...reasons].join("\n");
}
