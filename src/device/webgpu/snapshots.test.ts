/** The WGSL of each kind of kernel that the compiler makes, as GPUs of hardware and those in software get it. */
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Node } from "../../graph/node.ts";
import { add, mul } from "../../graph/ops/binary.ts";
import { cumulate, recurrence } from "../../graph/ops/cumulate.ts";
import { dot } from "../../graph/ops/dot.ts";
import { gather, scatter } from "../../graph/ops/gather.ts";
import { argmax, sum } from "../../graph/ops/reduce.ts";
import { scan } from "../../graph/ops/scan.ts";
import { argsort } from "../../graph/ops/sort.ts";
import { tanh } from "../../graph/ops/unary.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { attentionUse, type AttentionCase } from "../attention.testing.ts";
import { stepsOf } from "../device.ts";
import { lowerAttention } from "../gpu/attention.ts";
import { LEAST_GPU, type GpuTarget } from "../gpu/kernel.ts";
import { lowerLaunch } from "../gpu/lower.ts";
import { eighths, leaf, softmax } from "../gpu/rows.testing.ts";
import { helperSources } from "./prelude.ts";
import { launchCode } from "./shader.ts";

const FEATURES = { f16: false };

/** The functions that shaders share have a snapshot of their own. */
const PRELUDE = helperSources();
const matchesSnapshot = (code: string, name: string): Promise<void> =>
  expect(PRELUDE.reduce((rest, source) => rest.replaceAll(`${source}\n`, ""), code)).toMatchFileSnapshot(
    `snapshots/${name}.wgsl`,
  );

test("WGSL of the prelude", () => expect(`${PRELUDE.join("\n")}\n`).toMatchFileSnapshot("snapshots/prelude.wgsl"));

/** The shaders of a program. */
function codeOf(root: Node, target: GpuTarget): string {
  const { program } = compile({ results: [root], updates: [] });
  return stepsOf(program.tape)
    .map((step) => {
      const launch = lowerLaunch(step, step.launches[0]!.sizes, target);
      return `// ${step.about!()}\n${launchCode(launch, FEATURES)}`;
    })
    .join("\n");
}

const places = (count: number, below: number): Node =>
  leaf(
    Int32Array.from({ length: count }, (_, i) => (i * 7) % below),
    [count, 1],
  );
const matmul = (a: Node, b: Node): Node => dot(a, b, { batch: [[], []], contract: [[1], [0]] });

/** h ← tanh(h + x), the last h. */
const loop = (): Node =>
  scan(([h], [x]) => ({ carry: [tanh(add(h!, x!))], outputs: [] }), [eighths([2, 6])], [eighths([5, 2, 6], 2)])
    .carry[0]!;

const KINDS: Readonly<Record<string, () => Node>> = {
  "map-in-fours": () => add(eighths([6, 40]), mul(eighths([6, 40], 2), eighths([6, 40], 3))),
  gather: () => gather(eighths([40, 1]), places(60, 40), 0),
  scatter: () => scatter("add", eighths([40, 1]), places(300, 40), eighths([300, 1], 2), 0),
  softmax: () => softmax(eighths([4, 300])),
  columns: () => sum(eighths([200, 70]), [0]),
  "sum-in-chunks": () => sum(eighths([1, 20_000]), [1]),
  "argmax-in-chunks": () => argmax(eighths([1, 20_000]), [1]),
  cumulate: () => cumulate("sum", eighths([3, 40]), 1),
  recurrence: () => recurrence(eighths([3, 40]), eighths([3, 40], 2), 1),
  sort: () => argsort(eighths([3, 50]), 1),
  scan: loop,
  contraction: () => dot(eighths([2, 40, 64]), eighths([2, 64, 36], 2), { batch: [[0], [0]], contract: [[2], [1]] }),
  "contraction-in-parts": () => matmul(eighths([8, 2000]), eighths([2000, 8], 2)),
  "contraction-of-a-vector": () => matmul(eighths([1, 300]), eighths([300, 96], 2)),
};

const ATTENTION: Readonly<Record<string, AttentionCase>> = {
  attention: { form: "forward", queries: 20, keys: 12, e: 2, f: 2 },
  "attention-in-parts": { form: "forward", queries: 2, keys: 200, e: 2, f: 2 },
  "attention-gradients": { form: "gradients", queries: 20, keys: 12, e: 2, f: 2 },
};

/** The shaders of an attention. */
function attentionCode(use: AttentionCase, target: GpuTarget): string {
  const { kernel, sizes } = parameterize(attentionUse(use).kernel);
  return launchCode(lowerAttention(kernel, sizes, target), FEATURES);
}

describe("WGSL of", () => {
  const kinds: readonly (readonly [string, (target: GpuTarget) => string])[] = [
    ...Object.entries(KINDS).map(([kind, root]) => [kind, (target: GpuTarget) => codeOf(root(), target)] as const),
    ...Object.entries(ATTENTION).map(
      ([kind, use]) => [kind, (target: GpuTarget) => attentionCode(use, target)] as const,
    ),
  ];
  for (const [kind, codeFor] of kinds)
    test(kind, async () => {
      const [hardware, software] = [LEAST_GPU, { ...LEAST_GPU, software: true }].map(codeFor) as [string, string];
      if (hardware === software) return matchesSnapshot(hardware, kind);
      await matchesSnapshot(hardware, `${kind}-hardware`);
      await matchesSnapshot(software, `${kind}-software`);
    });

  test("a softmax whose threads exchange values", () =>
    matchesSnapshot(codeOf(KINDS["softmax"]!(), { ...LEAST_GPU, exchange: 32 }), "softmax-subgroups"));
});
