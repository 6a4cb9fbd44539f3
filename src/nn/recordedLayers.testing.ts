// What tools/goldens/layers.py recorded.
import { readFileSync } from "node:fs";
import type { GoldenLayer } from "./golden.testing.ts";

type Group = Readonly<Record<string, GoldenLayer>>;

export const recordedLayers = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/layers.json", import.meta.url), "utf8"),
) as {
  readonly spatial: Group;
  readonly features: Group;
  /** Rows of an embedding whose norm is limited. */
  readonly renormalized: readonly number[];
};
