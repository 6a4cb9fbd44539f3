import { randomBits } from "../../graph/ops/random.ts";
import type { Shape } from "../../core/shape.ts";
import { full } from "../create.ts";
import { where } from "../functions.ts";
import { loop } from "../loop.ts";
import { fromNode, type Tensor } from "../tensor.ts";

/** What one try gives. */
export interface Try {
  readonly value: Tensor;
  /** Whether the value may be kept; bool. */
  readonly taken: Tensor;
}

/**
 * The first value that may be kept, element by element, of so many tries, each with two keys of its own; the last one where none
 * may. All tries are made for all elements, so that each is a function of key and position.
 */
export function firstTaken(
  count: number,
  like: Tensor,
  key: Tensor,
  attempt: (first: Tensor, second: Tensor) => Try,
): Tensor {
  const keys: Tensor = fromNode<Shape>(randomBits(key.node, [count, 2, 2]));
  const none = full([...like.shape], 0, { dtype: "bool" });
  const { state } = loop(count, [like, none], [keys], ([kept, done], _, [pair]) => {
    const [first, second] = pair!.unbind() as [Tensor, Tensor];
    const { value, taken } = attempt(first, second);
    return { state: [where(done!, kept!, value), done!.logicalOr(taken)], outputs: [] };
  });
  return state[0]!;
}
