/** Losses of yes-or-no questions, each element one of its own. */
import type { Shape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { abs, cast, log, neg } from "../../graph/ops/unary.ts";
import { sigmoid, softplus } from "../../tensor/functional/activations.ts";
import { add, div, maximum, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { withGradient } from "../../tensor/functional/custom.ts";
import { log1p } from "../../tensor/functional/elementary.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import type { Checked } from "../../tensor/types/shape.ts";
import { checkKnown } from "./known.ts";
import { matched, reduced, type Reduced, type Reduction, type ReductionOptions, type Same } from "./reduction.ts";

export interface BinaryCrossEntropyOptions<R extends Reduction> extends ReductionOptions<R> {
  /** How much each element counts; broadcasts to the prediction. */
  readonly weight?: Tensor | undefined;
}

export interface BinaryCrossEntropyWithLogitsOptions<R extends Reduction> extends BinaryCrossEntropyOptions<R> {
  /** How much a "yes" counts beside a "no"; broadcasts to the prediction, for instance [classes]. */
  readonly posWeight?: Tensor | number | undefined;
}

const weighted = (losses: Node, weight: Tensor | undefined): Node => (weight ? mul(losses, weight.node) : losses);

/**
 * −t·ln σ(x) − (1 − t)·ln(1 − σ(x)) of logits x against targets t in [0, 1] of the same shape, computed as
 * max(x, 0) − t·x + ln(1 + e^−|x|): finite for every logit, and accurate where the answer is certain and right.
 */
export function binaryCrossEntropyWithLogits<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  logits: Tensor<S>,
  targets: Checked<Same<S, T, "binaryCrossEntropyWithLogits">, Tensor<T>>,
  options: BinaryCrossEntropyWithLogitsOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const op = "binaryCrossEntropyWithLogits";
  const { weight, posWeight } = options as BinaryCrossEntropyWithLogitsOptions<Reduction>;
  const [given, target] = matched(op, logits, targets as Tensor);
  const x = toSingle(given);
  const t = cast(target, x.dtype);
  const losses =
    posWeight === undefined
      ? ofLogits(x, t)
      : // (1 − t)·x + (1 + (p − 1)·t)·softplus(−x)
        add(
          mul(sub(1, t), x),
          mul(add(mul(sub(typeof posWeight === "number" ? posWeight : posWeight.node, 1), t), 1), softplus(neg(x))),
        );
  return fromNode(reduced(op, weighted(losses, weight), options));
}

/** softplus(x) − t·x, without cancelling what is left where they are nearly equal. Gradient σ(x) − t. */
function ofLogits(x: Node, t: Node): Node {
  return withGradient(
    "binaryCrossEntropyWithLogits",
    [x, t],
    () => add(sub(maximum(x, 0), mul(t, x)), softplus(neg(abs(x)))),
    (grad, _, [at, wanted]) => [
      mul(grad, sub(sigmoid(at!), wanted!)),
      wanted!.requiresGrad ? neg(mul(grad, at!)) : undefined,
    ],
  );
}

/** Logarithms below this count as this, as in PyTorch: a certain and wrong prediction costs 100, not ∞. */
const LOWEST = -100;

/**
 * −t·ln p − (1 − t)·ln(1 − p) of probabilities p against targets t in [0, 1] of the same shape. Prefer
 * `binaryCrossEntropyWithLogits`, which loses no digits near 0 and 1.
 * @throws ShapeError where the shapes differ, ArgumentError for probabilities outside [0, 1]; in a traced function, where they
 * have no values yet, those cost 100 or NaN.
 */
export function binaryCrossEntropy<S extends Shape, T extends Shape, const R extends Reduction = "mean">(
  probabilities: Tensor<S>,
  targets: Checked<Same<S, T, "binaryCrossEntropy">, Tensor<T>>,
  options: BinaryCrossEntropyOptions<R> = {},
): Tensor<Reduced<R, S>> {
  const op = "binaryCrossEntropy";
  const { weight } = options as BinaryCrossEntropyOptions<Reduction>;
  const [given, target] = matched(op, probabilities, targets as Tensor);
  checkKnown(op, "probabilities", given, 0, 1, "Use binaryCrossEntropyWithLogits for logits");
  const p = toSingle(given);
  const t = cast(target, p.dtype);
  const losses = withGradient(
    op,
    [p, t],
    () => neg(add(mul(t, maximum(log(p), LOWEST)), mul(sub(1, t), maximum(log1p(neg(p)), LOWEST)))),
    (grad, _, [at, wanted]) => [
      mul(grad, div(sub(at!, wanted!), maximum(mul(at!, sub(1, at!)), 1e-12))),
      wanted!.requiresGrad ? mul(grad, sub(maximum(log1p(neg(at!)), LOWEST), maximum(log(at!), LOWEST))) : undefined,
    ],
  );
  return fromNode(reduced(op, weighted(losses, weight), options));
}
