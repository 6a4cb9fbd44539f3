/** Which op was tried on which device with which dtype, how often, and why not where it was not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DTYPES, isFloat, type DType } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import { input } from "../graph/ops/leaf.ts";
import { nodeOf, type OpSamples, type Sample } from "../graph/sample.ts";
import { samplesWithHalves } from "../graph/samples.ts";
import { dtypeOf, opCases, type Case, type Kind, type SuiteOptions } from "./suite.ts";

const KINDS: readonly Kind[] = ["forward", "gradient", "second"];

/** Why an op may stay untried. There are no other reasons. */
const REASONS = {
  d: "the device does not have the dtype",
  t: "the op does not take the dtype",
  i: "there are no gradients with respect to integers and bool",
  s: "gradients stop at the op: a step, a comparison, a position, bits",
} as const;
type Reason = keyof typeof REASONS;

/** The devices that run the suite of ops, and their dtypes. A new device is a line here. */
export const DEVICES: Readonly<Record<DeviceName, readonly DType[]>> = {
  reference: DTYPES,
  "compiled, interpreted": DTYPES,
  "compiled, WebAssembly": DTYPES,
};
export type DeviceName = "reference" | "compiled, interpreted" | "compiled, WebAssembly";

/** How many samples passed, by op, dtype and kind. */
export type Counts = Readonly<Record<string, Partial<Record<DType, Partial<Record<Kind, number>>>>>>;

export function countsOf(cases: readonly Pick<Case, "name" | "dtype" | "kind">[]): Counts {
  const counts: Record<string, Partial<Record<DType, Partial<Record<Kind, number>>>>> = {};
  for (const { name, dtype, kind } of cases) {
    const cell = ((counts[name] ??= {})[dtype] ??= {});
    cell[kind] = (cell[kind] ?? 0) + 1;
  }
  return counts;
}

/** Whether an op throws DTypeError on a sample that it takes, once what it is tried on has another dtype. */
function refuses({ op }: OpSamples, sample: Sample, dtype: DType): boolean {
  const leavesOf = (dtypes: readonly DType[]) =>
    sample.inputs.map(({ shape }, i) => input(shape, dtypes[i]!, { requiresGrad: false }));
  const dtypes = sample.inputs.map((x) => x.dtype);
  const leaves = leavesOf(dtypes);
  const tried = dtypeOf(nodeOf(op, sample, leaves), leaves);
  try {
    nodeOf(op, sample, leavesOf(dtypes.map((own) => (own === tried ? dtype : own))));
    return false;
  } catch (error) {
    return error instanceof DTypeError;
  }
}

/** Why an op has no case of a kind; undefined where it ought to have one. */
function reasonFor(
  family: OpSamples,
  dtype: DType,
  kind: Kind,
  counts: Counts,
  device: DeviceName,
): Reason | undefined {
  if (!DEVICES[device].includes(dtype)) return "d";
  const tried = counts[family.name]?.[dtype]?.forward !== undefined;
  if (!tried) return refuses(family, family.valid[0]!, dtype) ? "t" : undefined;
  if (kind === "forward") return undefined;
  if (!isFloat(dtype)) return "i";
  return family.op.vjp || family.op.vjpTuple ? undefined : "s";
}

/** Families that compute something: a leaf has no samples. */
const families = samplesWithHalves.filter(({ valid }) => valid.length);

/**
 * Tests of all ops on one device, and of their being complete. Where MYELIN_MATRIX names a folder, what passed is written
 * there: see tools/matrix.
 */
export function testOps(device: DeviceName, suite: Omit<SuiteOptions, "dtypes">): void {
  const dtypes = DEVICES[device];
  const cases = opCases({ ...suite, dtypes });
  const passed: Case[] = [];
  for (const one of cases)
    test(one.title, async () => {
      await one.run();
      passed.push(one);
    });
  test("every op, dtype and order of derivatives is tried, or has a reason not to be", () => {
    const counts = countsOf(cases);
    const holes = families.flatMap((family) =>
      DTYPES.flatMap((dtype) =>
        KINDS.filter(
          (kind) => !counts[family.name]?.[dtype]?.[kind] && !reasonFor(family, dtype, kind, counts, device),
        ).map((kind) => `${family.name} ${dtype} ${kind}`),
      ),
    );
    expect(holes).toEqual([]);
  });
  const folder = process.env["MYELIN_MATRIX"];
  if (folder)
    test("writes what passed", () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${device}.json`), JSON.stringify({ device, counts: countsOf(passed) }));
    });
}

/** What the tests of one device wrote. */
export interface DeviceResults {
  readonly device: DeviceName;
  readonly counts: Counts;
}

/** The document: a table for each device. */
export function matrixDocument(results: readonly DeviceResults[]): string {
  const cell = ({ counts, device }: DeviceResults, family: OpSamples, dtype: DType): string => {
    const parts = KINDS.map(
      (kind) => counts[family.name]?.[dtype]?.[kind] ?? reasonFor(family, dtype, kind, counts, device) ?? "missing",
    );
    return new Set(parts).size === 1 && typeof parts[0] === "string" ? parts[0] : parts.join(" ");
  };
  const table = (result: DeviceResults): string[] => {
    const rows = [
      ["op", ...DTYPES],
      ...families.map((family) => [family.name, ...DTYPES.map((dtype) => cell(result, family, dtype))]),
    ];
    const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((text, column) => text.padEnd(widths[column]!)).join(" | ")} |`;
    const rule = line(widths.map((width) => "-".repeat(width)));
    return [`## ${result.device}`, "", line(rows[0]!), rule, ...rows.slice(1).map(line), ""];
  };
  return [
    "# Which ops are tried where",
    "",
    "Written by `npm run matrix` from what the tests of ops passed. Three entries in a cell: how many samples of the op were tried",
    "forward, in their gradients, and in their second derivatives. A letter says why there are none:",
    "",
    ...Object.entries(REASONS).map(([letter, reason]) => `- ${letter}: ${reason}`),
    "",
    ...results.flatMap(table),
  ].join("\n");
}
