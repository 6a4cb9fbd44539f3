import { describe, expect, it } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import { randn } from "../tensor/create.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as optim from "./index.ts";

/** A regression with a batch norm, and a traced step of it. */
function training(): { model: nn.Module; optimizer: optim.Adam; step: () => Tensor } {
  manualSeed(7);
  const model = nn.sequential(new nn.Linear(4, 16), new nn.BatchNorm1d(16), nn.relu, new nn.Linear(16, 1));
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.123 });
  const x = randn([64, 4]);
  const y = x.sum(-1, true).mul(3);
  const step = jit(() => {
    optimizer.zeroGrad();
    const loss = losses.mse(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  step();
  return { model, optimizer, step };
}

/** A loss that depends on the rate alone: flat, falling from 1e-4 to 1e-1, then exploding. */
const scripted = (rate: number): number => {
  const at = Math.log10(rate);
  if (at > -1) return 0.5 + 10 ** (2 * (at + 1)) - 1;
  return at < -4 ? 2 : 2 - ((at + 4) / 3) ** 2 * 1.5;
};

const rateOf =
  (optimizer: optim.Adam): (() => number) =>
  () =>
    scripted(optimizer.lr);

describe("[J18] the learning rate range test", () => {
  it("[U8] gives losses by rate, a suggestion where the loss falls fastest, and leaves everything as it was", async () => {
    const { model, optimizer, step } = training();
    const [weights, state] = [model.stateDict(), optimizer.stateDict()];
    const numbers = (dict: Readonly<Record<string, Tensor>>): number[][] =>
      Object.values(dict).map((t) => [...t.dataSync()]);
    const curve = await optim.findLearningRate(optimizer, step, { model, from: 1e-5, to: 100, steps: 60 });
    expect(curve.rates[0]).toBeCloseTo(1e-5, 12);
    expect(curve.rates[1]! / curve.rates[0]!).toBeCloseTo(1e7 ** (1 / 59), 8);
    expect(curve.losses).toHaveLength(curve.rates.length);
    expect(Math.min(...curve.smoothed)).toBeLessThan(curve.smoothed[0]! / 2);
    expect(curve.suggestion).toBeGreaterThan(1e-3);
    expect(curve.suggestion).toBeLessThan(10);
    expect(optimizer.lr).toBe(0.123);
    expect(numbers(model.stateDict())).toEqual(numbers(weights));
    expect(numbers(optimizer.stateDict().state["0"]!)).toEqual(numbers(state.state["0"]!));
    expect(model.parameters().every((p) => p.grad === null)).toBe(true);
  });
  it("finds the steepest place of a known curve, and stops where it explodes", async () => {
    const { optimizer } = training();
    const options = { from: 1e-6, to: 10, steps: 141, smoothing: 1 };
    const curve = await optim.findLearningRate(optimizer, rateOf(optimizer), options);
    expect(Math.log10(curve.suggestion)).toBeCloseTo(-1, 0);
    expect(curve.tenthOfLowest).toBeCloseTo(0.01, 3);
    expect(curve.rates.at(-1)!).toBeLessThan(1);
    expect(curve.losses.at(-1)!).toBeGreaterThan(2.5);
    const line = await optim.findLearningRate(optimizer, () => 1, { from: 1, to: 2, steps: 5, spacing: "linear" });
    expect(line.rates).toEqual([1, 1.25, 1.5, 1.75, 2]);
  });
  it("prints, as text, CSV and SVG", async () => {
    const { optimizer } = training();
    const options = { from: 1e-6, to: 1, steps: 61, smoothing: 1 };
    const curve = await optim.findLearningRate(optimizer, rateOf(optimizer), options);
    const lines = curve.toString({ width: 40, height: 8 }).split("\n");
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatch(/^ *\d+\.\d+ ┤ *·+$/);
    expect(lines.join("").match(/●/g)).toHaveLength(2);
    expect(lines.at(-1)).toBe(
      `${" ".repeat(lines.at(-1)!.indexOf("●"))}● suggestion: ${curve.suggestion.toExponential(2)}`,
    );
    const rows = curve.toCsv().trim().split("\n");
    expect(rows).toHaveLength(1 + curve.rates.length);
    expect(rows.slice(0, 2)).toEqual(["lr,loss,smoothed", "0.000001,2,2"]);
    const svg = curve.toSvg();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 480 300"/);
    expect(svg.match(/<polyline points="([^"]*)"/)![1]!.split(" ")).toHaveLength(curve.rates.length);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toContain(`suggestion ${curve.suggestion.toExponential(2)}`);
  });
  it("says what makes no sense, and puts everything back when a step fails", async () => {
    const { optimizer, step } = training();
    const refused = async (options: optim.RateFinderOptions, message: RegExp): Promise<void> => {
      await expect(optim.findLearningRate(optimizer, step, options)).rejects.toThrow(ArgumentError);
      await expect(optim.findLearningRate(optimizer, step, options)).rejects.toThrow(message);
    };
    await refused({ from: 1, to: 0.1 }, /rates must rise from above 0, got 1 to 0.1/);
    await refused({ steps: 2 }, /steps must be a whole number of 3 or more, got 2/);
    await refused({ smoothing: 0 }, /smoothing in \(0, 1\]/);
    await expect(optim.findLearningRate(optimizer, () => NaN)).rejects.toThrow(/only 0 losses were numbers/);
    const failing = (): never => {
      throw new Error("no data");
    };
    await expect(optim.findLearningRate(optimizer, failing)).rejects.toThrow("no data");
    expect(optimizer.lr).toBe(0.123);
  });
});
