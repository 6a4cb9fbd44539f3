/** The property that any evaluation of any graph agrees with the reference device. */
import * as fc from "fast-check";
import { DTYPES, type DType, type TypedArray } from "../core/dtype.ts";
import type { Bound } from "../graph/error-bound.testing.ts";
import { topological, type Node } from "../graph/node.ts";
import { describeGraph, randomGraph, type RandomValue } from "../graph/random-graph.testing.ts";
import { bringAttention } from "./attention.ts";
import { evaluateGraph } from "./reference/graph.ts";

export interface RandomGraphOptions {
  /** How many graphs are tried. */
  readonly count: number;
  /** Computes nodes in the way under test. Leaves have a `RandomValue` as their source. */
  readonly evaluate: (roots: readonly Node[]) => Promise<readonly TypedArray[]>;
  /** The dtypes that the device has; graphs with others are left out. All by default. */
  readonly dtypes?: readonly DType[];
  /** Which graphs; another one every time unless given. */
  readonly seed?: number;
}

/** 2,000, or 50,000 when everything is asked for (MYELIN_FULL=1). */
export const RANDOM_GRAPHS: number = process.env["MYELIN_FULL"] ? 50_000 : 2_000;

/**
 * Compares two evaluations of the roots.
 * @param bounds how far each root may be from its true value.
 * @throws Error naming the first element that differs by more, and the graph.
 */
export function expectAgreement(
  roots: readonly Node[],
  bounds: readonly Bound[],
  actual: readonly TypedArray[],
  expected: readonly TypedArray[],
  text: string,
): void {
  roots.forEach((root, r) => {
    // Both may be off, in opposite directions.
    const allowed = 2 * bounds[r]!.error;
    expected[r]!.forEach((wanted: number, i: number) => {
      const got = actual[r]![i]!;
      if (got === wanted || (Number.isNaN(got) && Number.isNaN(wanted)) || Math.abs(got - wanted) <= allowed) return;
      const where = `root ${r}, element ${i} of ${root.op.name} ${root.dtype} [${root.shape}]`;
      throw new Error(`${where} is ${got}, the reference has ${wanted}, allowed ${allowed.toPrecision(3)}\n${text}`);
    });
  });
}

/**
 * Tries random graphs, and looks for a small one where the evaluation disagrees with the reference.
 * @throws Error with that graph.
 */
export async function randomGraphs({ count, evaluate, dtypes = DTYPES, seed }: RandomGraphOptions): Promise<void> {
  bringAttention();
  const decisions = fc.array(fc.nat({ max: 0xffff }), { minLength: 40, maxLength: 240, size: "max" });
  const property = fc.asyncProperty(decisions, async (numbers) => {
    let next = 0;
    const { roots, bounds } = randomGraph((options) => (numbers[next++] ?? 0) % options);
    if (topological(roots).some((node) => !dtypes.includes(node.dtype))) return;
    // Described first: evaluating may leave values on nodes.
    const text = describeGraph(roots);
    const expected = evaluateGraph(roots, (node) => (node.source as RandomValue | undefined)?.array);
    const actual = await evaluate(roots).catch((cause: unknown) => {
      throw new Error(`${String(cause)}\n${text}`, { cause });
    });
    expectAgreement(roots, bounds, actual, expected, text);
  });
  const {
    failed,
    errorInstance,
    counterexample,
    numRuns,
    seed: used,
  } = await fc.check(property, {
    numRuns: count,
    ...(seed === undefined ? {} : { seed }),
  });
  if (failed)
    throw new Error(
      `graph ${numRuns} of seed ${used}, made smaller: ${(errorInstance as Error).message}\ndecisions: ${JSON.stringify(counterexample)}`,
    );
}
