/** `--peers`: each workload here and in the peers, in turn, each in a process of its own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawTable, type Line } from "./table.ts";

export interface Comparison {
  /** Myelin's device. */
  readonly device: string;
  /** Only JSON goes to standard output, the table to standard error. */
  readonly json: boolean;
  /** The Python that has the libraries written for it; without one they are left out. */
  readonly python?: string | undefined;
}

const javascript = ["jax-js", "tfjs-wasm"];
/** The slowest peer's step takes ten seconds on a quiet machine, and runs half a dozen times. */
const LIMIT_MS = 300_000;
const root = dirname(fileURLToPath(import.meta.resolve("myelin/package.json")));
const folder = join(root, "bench", "peers");

/** Prints every workload's line for each of the libraries, then a table of medians with the ratio to the best peer. */
export function comparePeers(workloads: readonly string[], { device, json, python }: Comparison): void {
  install();
  const { found, notes } = pythonPeers(python);
  const lines: Line[] = [];
  const add = (line: Line): Line => {
    lines.push(line);
    const words = Object.entries(line).map(([key, value]) => `${key}=${value}`);
    console.log(json ? JSON.stringify(line) : words.join("  "));
    return line;
  };
  for (const workload of workloads) {
    const timed = (name: string, threads: number, program: string, ...args: string[]): Line =>
      inChild({ workload, device: name, threads }, program, args);
    // This very program, asked for one workload: threads come to it through the environment.
    const asked = Number(process.env["MYELIN_THREADS"]) || availableParallelism();
    const own = timed(device, asked, process.execPath, process.argv[1]!, workload, "--device", device, "--json");
    add(own);
    for (const name of javascript)
      add(withRates(timed(name, 1, process.execPath, join(folder, "child.mjs"), name, workload), own));
    for (const name of found)
      add(
        withRates(
          timed(name, own.threads, python!, "-B", join(folder, "child.py"), name, workload, `${own.threads}`),
          own,
        ),
      );
  }
  const table = [drawTable(device, [...javascript, ...found], lines), ...notes].join("\n");
  if (json) console.error(table);
  else console.log(`\n${table}`);
}

/** On first use: they are no dependencies of the project. */
function install(): void {
  if (existsSync(join(folder, "node_modules"))) return;
  // Its words go to standard error: standard output belongs to the results.
  execFileSync("npm", ["ci"], { cwd: folder, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
}

/** The peers that this Python has, and notes for under the table: versions, and what is left out. */
function pythonPeers(python: string | undefined): { found: string[]; notes: string[] } {
  if (!python)
    return {
      found: [],
      notes: ["No peers in Python: --python PATH (or MYELIN_PYTHON) names one with torch, jax or onnxruntime"],
    };
  try {
    const output = execFileSync(python, ["-B", join(folder, "child.py")], { encoding: "utf8" });
    const peers = Object.entries(JSON.parse(output) as Record<string, { version?: string; cannot?: string }>);
    return {
      found: peers.filter(([, { version }]) => version).map(([name]) => name),
      notes: peers.map(([name, { version, cannot }]) => (version ? `${name} ${version}` : `no ${name}: ${cannot}`)),
    };
  } catch (cause) {
    return { found: [], notes: [`No peers in Python: ${python} does not run (${(cause as Error).message})`] };
  }
}

type Task = Pick<Line, "workload" | "device" | "threads">;

function inChild(task: Task, program: string, args: readonly string[]): Line {
  try {
    const output = execFileSync(program, args, {
      encoding: "utf8",
      timeout: LIMIT_MS,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const json = output.split("\n").find((text) => text.startsWith("{"));
    if (json) return JSON.parse(json) as Line;
    return { ...task, cannot: "printed nothing" };
  } catch (cause) {
    const { code, stderr } = cause as { readonly code?: string; readonly stderr?: string };
    const reason = stderr?.split("\n").find((text) => /Error/.test(text)) ?? "the process failed";
    return { ...task, cannot: code === "ETIMEDOUT" ? `took over ${LIMIT_MS / 1000} s` : reason };
  }
}

/** The work per second of a peer's line, from our own of the same workload. */
function withRates(line: Line, own: Line): Line {
  if (line.medianMs === undefined || own.medianMs === undefined) return line;
  const rate = (known: number): number => Number(((known * own.medianMs!) / line.medianMs!).toPrecision(4));
  return {
    ...line,
    ...(own.gflops ? { gflops: rate(own.gflops) } : {}),
    ...(own.gbps ? { gbps: rate(own.gbps) } : {}),
  };
}
