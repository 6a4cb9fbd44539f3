import { iota } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { fromNode, type Tensor } from "./tensor.ts";

/** What a step makes: the state after it, and values to be stacked over the steps along a new first axis. */
export interface StepResult {
  readonly state: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * `count` steps, at least one, in a loop of the compiled program. A step gets the state, its own number (i32, [1]) and its
 * slices of `rows`, along their first axes.
 */
export function loop(
  count: number,
  initial: readonly Tensor[],
  rows: readonly Tensor[],
  step: (state: readonly Tensor[], turn: Tensor, rows: readonly Tensor[]) => StepResult,
): StepResult {
  const turns = iota([count, 1], 0);
  const { carry, outputs } = scan(
    (state, [turn, ...slices]) => {
      const made = step(state.map(tensorOf), fromNode(turn!), slices.map(tensorOf));
      return { carry: made.state.map((x) => x.node), outputs: made.outputs.map((x) => x.node) };
    },
    initial.map((x) => x.node),
    [turns, ...rows.map((x) => x.node)],
  );
  return { state: carry.map(tensorOf), outputs: outputs.map(tensorOf) };
}

const tensorOf = (node: Parameters<typeof fromNode>[0]): Tensor => fromNode(node);
