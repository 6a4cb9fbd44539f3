/** What a student learns from a teacher: Hinton et al. 2015. */
import { ArgumentError } from "../../core/errors.ts";
import { add, mul } from "../../tensor/functional/arithmetic.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { logSoftmax, sum } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { crossEntropy } from "./crossEntropy.ts";
import { klDivergence } from "./divergence.ts";
import { matched, reduced, type ReductionOptions } from "./reduction.ts";

export interface DistillationOptions extends Pick<ReductionOptions, "sampleWeight"> {
  /** What both logits are divided by, 2 by default: the higher, the more the teacher tells of the wrong classes. */
  readonly temperature?: number | undefined;
  /** The true labels [...], integers; none by default. */
  readonly labels?: Tensor | undefined;
  /** What the teacher counts, the labels counting 1 − alpha; 1 without labels, 0.9 with them by default. */
  readonly alpha?: number | undefined;
}

/**
 * T²·KL(softmax(teacher / T) ‖ softmax(student / T)), averaged over the rows of logits [..., classes]; with labels, alpha times that
 * plus 1 − alpha times the cross-entropy. No gradient flows to the teacher. 0 where both say the same.
 * @throws ShapeError where shapes differ, ArgumentError for a temperature that is not above 0 or alpha outside [0, 1].
 */
export function distillation(student: Tensor, teacher: Tensor, options: DistillationOptions = {}): Tensor<[]> {
  const { temperature = 2, labels, alpha = labels ? 0.9 : 1, sampleWeight } = options;
  if (!(temperature > 0)) throw new ArgumentError(`distillation: the temperature must be above 0, got ${temperature}`);
  if (!(alpha >= 0 && alpha <= 1)) throw new ArgumentError(`distillation: alpha must lie in [0, 1], got ${alpha}`);
  matched("distillation", student, teacher);
  const told = (x: Tensor): Tensor => fromNode(logSoftmax(mul(toSingle(x.node), 1 / temperature)));
  const each = klDivergence(told(student), told(teacher.detach()), { logTarget: true, reduction: "none" });
  const soft = mul(reduced("distillation", sum(each.node, -1), { sampleWeight }), temperature ** 2);
  if (!labels) return fromNode(soft);
  const hard = crossEntropy(student, labels, { sampleWeight });
  return fromNode(add(mul(soft, alpha), mul(hard.node, 1 - alpha)));
}
