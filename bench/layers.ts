/**
 * `node build/bench/layers.js [part of a name …] [--device NAME] [--threads N] [--python PATH] [--json]`: convolutions and poolings
 * of usual networks, each alone, forward and with all its gradients, beside PyTorch's in both of its orders of memory. Both take
 * turns, and the least times are compared: on a shared machine these say most.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deviceThreads, explain, jit, nn, noGrad, profile, setDevice, type Parameter, type Tensor } from "myelin";
import { read, values, weights } from "./workloads.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "native" },
    threads: { type: "string" },
    python: { type: "string", default: process.env["MYELIN_PYTHON"] },
    json: { type: "boolean", default: false },
    explain: { type: "boolean", default: false },
    code: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
if (options.threads) process.env["MYELIN_THREADS"] = options.threads;

/** A layer as both libraries know it: the name of its class, what it is made with, and the shape of its input. */
interface Spec {
  readonly kind: "Conv1d" | "Conv2d" | "ConvTranspose2d" | "MaxPool2d" | "AvgPool2d";
  readonly sizes: readonly number[];
  readonly options?: Readonly<Record<string, number>>;
  readonly input: readonly number[];
}

const conv = (channels: number, filters: number, size: number, options: Spec["options"], ...input: number[]): Spec => ({
  kind: "Conv2d",
  sizes: [channels, filters, size],
  options: options!,
  input: [input[0]!, channels, ...input.slice(1)],
});
const pool = (kind: "MaxPool2d" | "AvgPool2d", size: number, options: Spec["options"], ...input: number[]): Spec => ({
  kind,
  sizes: [size],
  options: options!,
  input,
});

const LAYERS: Readonly<Record<string, Spec>> = {
  "3×3 64→64, 1×56×56": conv(64, 64, 3, { padding: 1 }, 1, 56, 56),
  "3×3 64→64, 8×56×56": conv(64, 64, 3, { padding: 1 }, 8, 56, 56),
  "3×3 256→256, 8×14×14": conv(256, 256, 3, { padding: 1 }, 8, 14, 14),
  "3×3/2 64→128, 8×56×56": conv(64, 128, 3, { padding: 1, stride: 2 }, 8, 56, 56),
  "1×1 256→64, 1×56×56": conv(256, 64, 1, {}, 1, 56, 56),
  "1×1 256→64, 8×56×56": conv(256, 64, 1, {}, 8, 56, 56),
  "1×1 64→256, 8×28×28": conv(64, 256, 1, {}, 8, 28, 28),
  "7×7/2 3→64, 1×224×224": conv(3, 64, 7, { padding: 3, stride: 2 }, 1, 224, 224),
  "7×7/2 3→64, 8×224×224": conv(3, 64, 7, { padding: 3, stride: 2 }, 8, 224, 224),
  "5×5, 2 groups 64→64, 8×28×28": conv(64, 64, 5, { padding: 2, groups: 2 }, 8, 28, 28),
  "3×3, dilation 2 64→64, 8×28×28": conv(64, 64, 3, { padding: 2, dilation: 2 }, 8, 28, 28),
  "3×3 3→17, 32×32×32": conv(3, 17, 3, { padding: 1 }, 32, 32, 32),
  "3×3 32→64, 32×32×32": conv(32, 64, 3, { padding: 1 }, 32, 32, 32),
  "depthwise 3×3 64, 32×32×32": conv(64, 64, 3, { padding: 1, groups: 64 }, 32, 32, 32),
  "depthwise 3×3 96, 1×56×56": conv(96, 96, 3, { padding: 1, groups: 96 }, 1, 56, 56),
  "depthwise 3×3/2 96, 8×112×112": conv(96, 96, 3, { padding: 1, stride: 2, groups: 96 }, 8, 112, 112),
  "Conv1d 5 64→64, 8×1024": { kind: "Conv1d", sizes: [64, 64, 5], options: { padding: 2 }, input: [8, 64, 1024] },
  "ConvTranspose2d 4/2 64→32, 8×28×28": {
    kind: "ConvTranspose2d",
    sizes: [64, 32, 4],
    options: { stride: 2, padding: 1 },
    input: [8, 64, 28, 28],
  },
  "max 2×2, 32×32×28×28": pool("MaxPool2d", 2, {}, 32, 32, 28, 28),
  "max 3×3/2, 8×64×112×112": pool("MaxPool2d", 3, { stride: 2, padding: 1 }, 8, 64, 112, 112),
  "average 2×2, 32×32×28×28": pool("AvgPool2d", 2, {}, 32, 32, 28, 28),
  "average 3×3/2, 8×64×112×112": pool("AvgPool2d", 3, { stride: 2, padding: 1 }, 8, 64, 112, 112),
  "average 7×7, 8×512×7×7": pool("AvgPool2d", 7, {}, 8, 512, 7, 7),
};

type Made = new (...made: (number | Spec["options"])[]) => nn.Module & { forward(x: Tensor): Tensor };
/** Their types know more than is known here. */
const KINDS = {
  Conv1d: nn.Conv1d,
  Conv2d: nn.Conv2d,
  ConvTranspose2d: nn.ConvTranspose2d,
  MaxPool2d: nn.MaxPool2d,
  AvgPool2d: nn.AvgPool2d,
} as unknown as Readonly<Record<Spec["kind"], Made>>;

/** A layer with an input that wants gradients too. */
class Alone extends nn.Module {
  readonly x: Parameter;
  readonly layer: InstanceType<Made>;

  constructor({ kind, sizes, options = {}, input }: Spec) {
    super();
    this.x = nn.parameter(values(input));
    this.layer = new KINDS[kind](...sizes, options);
  }

  forward(): Tensor {
    return this.layer.forward(this.x);
  }
}

type Step = (() => unknown) & { readonly traced: () => Tensor };

/** Both steps of a layer. Results stay on the device, but for one number: steps that take long are waited for only where they are read. */
function stepsOf(spec: Spec): { readonly forward: Step; readonly gradients: Step } {
  const alone = new Alone(spec);
  const { shape } = noGrad(() => alone.forward());
  const [y, share] = [nn.buffer(values(shape)), weights(shape)];
  const step = (traced: () => Tensor): Step => {
    const run = jit(() => {
      const result = traced();
      y.assign(result);
      return result.slice(...shape.map((): [number, number] => [0, 1]));
    });
    return Object.assign(() => read(run()), { traced: run });
  };
  return {
    forward: step(() => noGrad(() => alone.forward())),
    gradients: step(() => {
      alone.zeroGrad();
      const result = alone.forward();
      result.backward(share);
      return result;
    }),
  };
}

const ROUNDS = 3;
const ROUND_MS = 60;
const FEWEST = 3;

/** The least milliseconds of a step in one round. */
async function round(step: () => unknown): Promise<number> {
  const begin = performance.now();
  let least = Infinity;
  for (let runs = 0, now = begin; runs < FEWEST || now - begin < ROUND_MS; runs++) {
    await step();
    const end = performance.now();
    least = Math.min(least, end - now);
    now = end;
  }
  return least;
}

/** PyTorch in a process of its own, which takes one layer a line and answers with the milliseconds of one round. */
function startPeer(python: string, threads: number) {
  const program = join(
    dirname(fileURLToPath(import.meta.resolve("myelin/package.json"))),
    "bench/peers/layers_peer.py",
  );
  const child = spawn(python, ["-B", program, `${threads}`], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(spec: Spec, gradients: boolean): Promise<Readonly<Record<string, number>>> {
      child.stdin.write(`${JSON.stringify({ ...spec, gradients, seconds: ROUND_MS / 1e3, fewest: FEWEST })}\n`);
      return JSON.parse((await answers.next()).value as string) as Readonly<Record<string, number>>;
    },
    end: () => child.stdin.end(),
  };
}

setDevice(options.device);
const peer = options.python ? startPeer(options.python, deviceThreads()) : undefined;
console.log(`device=${options.device}  threads=${deviceThreads()}`);
for (const [name, spec] of Object.entries(LAYERS)) {
  if (positionals.length && !positionals.some((part) => name.includes(part))) continue;
  const steps = stepsOf(spec);
  for (const pass of ["forward", "gradients"] as const) {
    const step = steps[pass];
    if (options.explain) console.log(name, pass, explain(step.traced).toString({ code: options.code }));
    if (options.profile) console.log(name, pass, `${await profile(step.traced)}`);
    if (options.explain || options.profile) continue;
    const least: Record<string, number> = {};
    await round(step);
    for (let i = 0; i < ROUNDS; i++) {
      const times = { [options.device]: await round(step), ...(await peer?.ask(spec, pass === "gradients")) };
      for (const [who, ms] of Object.entries(times)) least[who] = Math.min(least[who] ?? Infinity, ms);
    }
    const others = Object.entries(least).filter(([who]) => who !== options.device);
    const best = Math.min(...others.map(([, ms]) => ms));
    const line = {
      layer: name,
      pass,
      ...Object.fromEntries(Object.entries(least).map(([who, ms]) => [who, Number(ms.toPrecision(3))])),
      ...(others.length ? { ratio: Number((least[options.device]! / best).toPrecision(3)) } : {}),
    };
    console.log(
      options.json
        ? JSON.stringify(line)
        : Object.entries(line)
            .map(([key, value], i) => (i < 2 ? `${value}`.padEnd(i ? 9 : 35) : `${key}=${value}`.padEnd(20)))
            .join(" "),
    );
  }
}
peer?.end();
