import { expect, test } from "vitest";
import { pageStore, system } from "#platform";
import { Choices } from "./choices.ts";

test("[C14] a page keeps what was measured, for itself and its workers", async () => {
  expect(system()).toBeUndefined();
  const ways = ["large tiles", "small tiles"];
  const gpu = `one of ${Math.random()}`;
  const choices = await Choices.open(gpu);
  choices.set("a product", ways[1]!);
  await choices.save();
  expect((await Choices.open(gpu)).get("a product", ways)).toBe(1);
  const bytes = Uint8Array.of(1, 2, 3);
  await pageStore()!.write("a name/with signs?", bytes);
  expect(await pageStore()!.read("a name/with signs?")).toEqual(bytes);
  expect(await pageStore()!.read("another")).toBeUndefined();
});
