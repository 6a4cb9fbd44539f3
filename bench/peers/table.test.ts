import { expect, it } from "vitest";
import { drawTable } from "./table.ts";

it("the table of peers: medians, the best peer, the ratio to it, and reasons once", () => {
  const line = (workload: string, device: string, medianMs?: number, cannot?: string) => ({
    workload,
    device,
    threads: device === "slow" ? 1 : 2,
    ...(medianMs === undefined ? {} : { medianMs }),
    ...(cannot === undefined ? {} : { cannot }),
  });
  const lines = [
    line("a", "cpu", 3),
    line("a", "fast", 2),
    line("a", "slow", 8),
    line("b", "cpu", 1),
    line("b", "fast", undefined, "no gradients"),
    line("b", "slow", 4),
    line("c", "cpu", 1),
    line("c", "fast", undefined, "no gradients"),
    line("c", "slow", undefined, "took over 300 s"),
    line("d", "cpu", undefined, "the process failed"),
    line("d", "fast", 2),
    line("d", "slow", 1),
  ];
  expect(drawTable("cpu", ["fast", "slow"], lines).split("\n")).toEqual([
    "ms   cpu ×2   fast ×2   slow ×1   best peer   cpu / best",
    "a         3         2         8        fast         1.50",
    "b         1         –         4        slow        0.250",
    "c         1         –         –           –            –",
    "d         –         2         1        slow            –",
    "fast cannot do b, c: no gradients",
    "slow cannot do c: took over 300 s",
    "cpu cannot do d: the process failed",
  ]);
});
