/** Shapes of what a layer returns, found by letting it run on tensors that nobody computes. */
import type { DType } from "../core/dtype.ts";
import { withGradientMode } from "../graph/op.ts";
import { fill } from "../graph/ops/leaf.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Trace, withTrace } from "../tensor/trace.ts";
import { flat, type KerasShape, type Nest } from "./symbolic.ts";

export interface Inferred {
  readonly shape: KerasShape;
  readonly dtype: DType;
}

/** Stand in for sizes that are not known: a batch, and anything else. Results that differ between the two runs depend on them. */
const TRIALS = [
  { batch: 2, other: 60 },
  { batch: 3, other: 120 },
] as const;

/** What `call` returns for inputs of these shapes; null for the sizes that depend on sizes that are null. */
export function inferred(
  inputs: Nest<Inferred>,
  call: (inputs: Nest<Tensor>) => Nest<Tensor>,
): { readonly outputs: readonly Inferred[]; readonly isList: boolean } {
  const placeholder = ({ shape, dtype }: Inferred, { batch, other }: (typeof TRIALS)[number]): Tensor =>
    fromNode(
      fill(
        shape.map((size, axis) => size ?? (axis === 0 ? batch : other)),
        0,
        dtype,
      ),
    );
  const [first, second] = TRIALS.map((trial) => {
    const tensors = Array.isArray(inputs)
      ? (inputs as readonly Inferred[]).map((one) => placeholder(one, trial))
      : placeholder(inputs as Inferred, trial);
    // A trace that is thrown away: what layers assign is never carried out.
    return withTrace(new Trace("shapes"), () => withGradientMode(false, () => call(tensors)));
  });
  const others = flat(second!);
  const outputs = flat(first!).map(({ shape, dtype }, i): Inferred => ({
    shape: shape.map((size, axis) => (size === others[i]!.shape[axis] ? size : null)),
    dtype,
  }));
  return { outputs, isList: Array.isArray(first) };
}
