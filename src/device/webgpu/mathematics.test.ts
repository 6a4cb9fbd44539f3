import { describe, expect, test } from "vitest";
import type { TypedArray } from "../../core/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { mod, pow } from "../../graph/ops/binary.ts";
import { input } from "../../graph/ops/leaf.ts";
import { cos, erf, exp, log, sin, tanh } from "../../graph/ops/unary.ts";
import { compiledOn } from "../compiled.testing.ts";
import { erf as exactErf } from "../reference/erf.ts";
import type { SampleValue } from "../suite.ts";
import { ulps } from "../wasm/runs.testing.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

const evaluate = compiledOn(webgpu);

async function apply(op: (...operands: Node[]) => Node, ...inputs: readonly Float32Array[]): Promise<TypedArray> {
  const leaves = inputs.map((array) => input([array.length], "f32", { array, requiresGrad: false } as SampleValue));
  const [result] = await evaluate([op(...leaves)]);
  return result!;
}

/** Every `step`-th bit pattern of f32, from the smallest negative NaN to the largest. */
function patterns(step: number): Float32Array {
  const bits = new Uint32Array(Math.floor(2 ** 32 / step));
  for (let i = 0; i < bits.length; i++) bits[i] = i * step;
  return new Float32Array(bits.buffer);
}

const LEAST = 2 ** -126;
/** What GPUs may take a number for: subnormal ones are 0 on many. */
const readings = (x: number): readonly number[] => (Math.abs(x) < LEAST ? [x, x < 0 ? -0 : 0] : [x]);

/** The largest distance to the correctly rounded value of what the operands may be taken for, and where. */
function worst(got: ArrayLike<number>, ways: (i: number) => readonly number[]): { ulps: number; at: number } {
  let most = 0,
    at = -1;
  for (let i = 0; i < got.length; i++) {
    const allowed = ways(i).flatMap((want) => readings(Math.fround(want)));
    const distance = Math.min(...allowed.map((want) => ulps(got[i]!, want)));
    if (distance > most) [most, at] = [distance, i];
  }
  return { ulps: most, at };
}

const STEP = process.env["MYELIN_FULL"] ? 509 : 50_021;

describe.skipIf(!hasWebGpu)("f32 functions on GPUs", () => {
  const cases: readonly [string, (x: Node) => Node, (x: number) => number, number][] = [
    ["exp", exp, Math.exp, 1],
    ["log", log, Math.log, 2],
    ["tanh", tanh, Math.tanh, 3],
    ["erf", erf, exactErf, 3],
  ];
  test.each(cases)("%s on the full range", async (name, op, exact, limit) => {
    const inputs = patterns(STEP);
    const got = await apply(op, inputs);
    const { ulps: distance, at } = worst(got, (i) => readings(inputs[i]!).map(exact));
    expect(distance, `${name}(${inputs[at]}) = ${got[at]}`).toBeLessThanOrEqual(limit);
  });

  test.each([
    ["sin", sin, Math.sin],
    ["cos", cos, Math.cos],
  ] as const)("%s", async (name, op, exact) => {
    const near = new Float32Array(50_000).map((_, i) => (i - 25_000) / 248.3);
    const { ulps: distance, at } = worst(await apply(op, near), (i) => [exact(near[i]!)]);
    expect(distance, `${name}(${near[at]})`).toBeLessThanOrEqual(3);
    const inputs = patterns(STEP);
    const got = await apply(op, inputs);
    for (let i = 0; i < got.length; i++) {
      const want = exact(inputs[i]!);
      if (Number.isNaN(want)) expect(got[i], `${name}(${inputs[i]})`).toBeNaN();
      else expect(Math.abs(got[i]! - want), `${name}(${inputs[i]}) = ${got[i]}`).toBeLessThanOrEqual(3.5e-7);
    }
  });

  test("pow", async () => {
    const n = 50_000;
    const x = new Float32Array(n).map((_, i) => 2 ** (((i * 7919) % 30_011) / 120 - 125));
    const y = new Float32Array(n).map((_, i) => (((i * 104_729) % 20_011) - 10_005) / 1000);
    const got = await apply(pow, x, y);
    const { ulps: distance, at } = worst(got, (i) => [x[i]! ** y[i]!]);
    expect(distance, `${x[at]} ** ${y[at]} = ${got[at]}`).toBeLessThanOrEqual(4);
    const near = x.map((_, i) => 0.5 + i / n),
      large = y.map((v) => v * 12.7);
    const second = await apply(pow, near, large);
    const found = worst(second, (i) => [near[i]! ** large[i]!]);
    expect(found.ulps, `${near[found.at]} ** ${large[found.at]} = ${second[found.at]}`).toBeLessThanOrEqual(4);
  });

  test("mod is exact where nothing is subnormal", async () => {
    const usual = patterns(STEP).filter((v) => Math.abs(v) > 1e-30 || v === 0 || Number.isNaN(v));
    const y = usual.map((_, i) => usual[(i * 7919) % usual.length]!);
    const got = await apply(mod, usual, y);
    const exactMod = (a: number, b: number): number => {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    };
    const { ulps: distance, at } = worst(got, (i) => [exactMod(usual[i]!, y[i]!)]);
    expect(distance, `${usual[at]} mod ${y[at]} = ${got[at]}`).toBe(0);
  });
});
