import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Node } from "./node.ts";
import type { Op } from "./op.ts";
import { input } from "./ops/leaf.ts";
import { elementsOf, list, nodeOf, on, titleOf } from "./sample.ts";
import { allSamples } from "./samples.ts";

const folder = new URL("./ops/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !/\.(samples|test)\.ts$/.test(file));

const isOp = (value: unknown): value is Op =>
  typeof value === "object" && value !== null && "infer" in value && "name" in value;

describe("samples", () => {
  test.each(files)("every op of %s has valid samples", async (file) => {
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    const constants = Object.entries(module).filter(([, value]) => isOp(value));
    const missing = constants.filter(([key, value]) => {
      const family = allSamples.find(({ name }) => `${name}Op` === key);
      return !family || family.op !== value || (!family.valid.length && key !== "inputOp");
    });
    expect(missing.map(([key]) => key)).toEqual([]);
  });

  test("names and titles are unique, so that recorded values find their sample", () => {
    const names = allSamples.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const titles = allSamples.flatMap(({ name, valid }) => valid.map((sample) => titleOf(name, sample)));
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });

  test("every op that takes tensors is tried on scalars or none, no elements, four axes, and several dtypes", () => {
    for (const { name, valid } of allSamples) {
      const shapes = valid.flatMap(({ inputs }) => inputs.map(({ shape }) => shape));
      // Random bits have one kind of key.
      if (!shapes.length || name === "randomBits") continue;
      expect(
        shapes.some((shape) => shape.includes(0)),
        `${name}: no elements`,
      ).toBe(true);
      expect(
        new Set(valid.flatMap(({ inputs }) => inputs.map(({ dtype }) => dtype))).size,
        `${name}: dtypes`,
      ).toBeGreaterThan(1);
    }
  });

  test("every op is tried at least thirteen times; a leaf has nothing to try", () => {
    const few = allSamples.filter(({ valid }) => valid.length < 13).map(({ name, valid }) => `${name} ${valid.length}`);
    expect(few).toEqual(["input 0"]);
  });

  test("elements depend on the title alone, and keep to their grid", () => {
    const operand = on("f32", [4, 5], { from: -1, to: 2, avoid: [0], distinct: true });
    const elements = elementsOf(operand, "x");
    expect(elements).toEqual(elementsOf(operand, "x"));
    expect(elements).not.toEqual(elementsOf(operand, "y"));
    expect(new Set(elements).size).toBe(20);
    for (const value of elements)
      expect(value >= -1 && value <= 2 && value !== 0 && Number.isInteger(value * 8)).toBe(true);
    expect(() => elementsOf(on("u8", [9], { distinct: true }), "x")).toThrow("8 distinct values for 9 elements");
    expect(() => elementsOf(list("f32", [1], [2]), "x")).toThrow("1 values for 2 elements");
  });
});

describe("refusals", () => {
  for (const { name, op, invalid } of allSamples)
    for (const { inputs, error, message, ...rest } of invalid)
      test(titleOf(name, { inputs: inputs.map((x) => ({ ...x, values: [] })), ...rest, about: message }), () => {
        const leaves: Node[] = inputs.map(({ shape, dtype }) => input(shape, dtype, { requiresGrad: false }));
        const build = (): Node => nodeOf(op, rest, leaves);
        expect(build).toThrow(error);
        expect(build).toThrow(message);
      });
});
