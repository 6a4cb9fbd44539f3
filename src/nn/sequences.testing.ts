// What tools/goldens/sequences.py recorded.
import { readFileSync } from "node:fs";
import type { GoldenLayer } from "./golden.testing.ts";

type Group = Readonly<Record<string, GoldenLayer>>;

export const sequences = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/sequences.json", import.meta.url), "utf8"),
) as Readonly<Record<"recurrent" | "attention" | "positions" | "transformer", Group>>;
