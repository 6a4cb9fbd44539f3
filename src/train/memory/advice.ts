/** What to do where memory is short, and which hardware has how much. */
import { showBytes } from "../../core/bytes.ts";

/** A way to need less memory. */
export interface MemoryTechnique {
  readonly technique: string;
  readonly saves: string;
  readonly speed: string;
  readonly when: string;
  /** How it is done here. */
  readonly how: string;
}

/** In the order in which to try them. */
export const memoryTechniques: readonly MemoryTechnique[] = [
  {
    technique: "Reduce batch size",
    saves: "high",
    speed: "slower",
    when: "out of memory errors",
    how: "memory.findBatchSize(model, input)",
  },
  {
    technique: "Mixed precision",
    saves: "2x of activations",
    speed: "faster on hardware with 16-bit units",
    when: "always, where the loss stays the same",
    how: 'fit(…, { precision: "mixed_bfloat16" }) or autocast("bf16", f)',
  },
  {
    technique: "Gradient accumulation",
    saves: "high",
    speed: "slower",
    when: "a large effective batch is needed",
    how: "fit(…, { accumulate: 4 })",
  },
  {
    technique: "Gradient checkpointing",
    saves: "high",
    speed: "20-30% slower",
    when: "very deep networks",
    how: "nn.checkpointModule(block) or checkpoint(f)",
  },
  {
    technique: "Model parallelism",
    saves: "scales",
    speed: "depends",
    when: "the model is larger than one device",
    how: "several devices",
  },
];

/** Advice as text: how much is missing, and what helps, in the order in which to try it. Empty where nothing is missing. */
export function memoryAdvice(needed: number, available: number): string {
  if (needed <= available) return "";
  const widths = [
    Math.max(...memoryTechniques.map((t) => t.technique.length)),
    Math.max(...memoryTechniques.map((t) => t.saves.length)),
    Math.max(...memoryTechniques.map((t) => t.speed.length)),
  ];
  return [
    `${showBytes(needed)} are needed and ${showBytes(available)} are there: ${(needed / available).toFixed(1)} times as much. In this order:`,
    ...memoryTechniques.map(
      (t, i) =>
        `${i + 1}. ${t.technique.padEnd(widths[0]!)}  saves: ${t.saves.padEnd(widths[1]!)}  speed: ${t.speed.padEnd(widths[2]!)}  ${t.how}`,
    ),
  ].join("\n");
}

/** A class of graphics cards. */
export interface HardwareTier {
  readonly models: string;
  readonly cards: readonly string[];
  /** Gigabytes of memory, from and to. */
  readonly gigabytes: readonly [from: number, to: number];
  readonly note: string;
  toString(): string;
}

const tier = (
  models: string,
  cards: readonly string[],
  gigabytes: readonly [number, number],
  note: string,
): HardwareTier => ({
  models,
  cards,
  gigabytes,
  note,
  toString: () =>
    `${gigabytes[1] === Infinity ? `${gigabytes[0]}+` : gigabytes.join("-")} GB (${cards.join(", ")}): ${note}`,
});

/**
 * The memory that training a model of so many parameters usually takes, and cards that have it.
 * @example `${hardwareTier(500e6)}` // "12-24 GB (RTX 4090, A10): most research"
 */
export function hardwareTier(parameters: number): HardwareTier {
  if (parameters < 100e6) return tier("below 100M parameters", ["RTX 3060", "T4"], [6, 8], "good for learning");
  if (parameters < 1e9) return tier("100M to 1B", ["RTX 4090", "A10"], [12, 24], "most research");
  if (parameters < 10e9) return tier("1B to 10B", ["A100 40GB"], [40, 80], "professional use");
  return tier("10B and more", ["A100 80GB", "H100"], [80, Infinity], "several cards are needed");
}

/** What makes training faster, in the order in which to try it. */
export const speedPriorities: readonly string[] = [
  "Mixed precision: up to twice as fast where hardware has 16-bit units, half the memory of activations",
  "A larger batch: hardware is used better",
  "Data loaded by workers: parallel to training",
  "Pinned memory: faster copies to a graphics card",
  "A compiled step: jit",
  "Profile before optimizing further: profile(step, …)",
];
