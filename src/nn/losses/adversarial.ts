/** The two sides of a generative adversarial network, from logits of the discriminator: Goodfellow et al. 2014. */
import { neg } from "../../graph/ops/unary.ts";
import { softplus } from "../../tensor/functional/activations.ts";
import { add } from "../../tensor/functional/arithmetic.ts";
import { toSingle } from "../../tensor/functional/operands.ts";
import { mean } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";

/** Binary cross-entropy of real examples against 1 plus that of generated ones against 0: 2·ln 2 where it cannot tell. */
export function discriminatorLoss(real: Tensor, generated: Tensor): Tensor<[]> {
  return fromNode(add(mean(softplus(neg(toSingle(real.node)))), mean(softplus(generated.node))));
}

/** Binary cross-entropy of generated examples against 1, whose gradient does not vanish where they are found out. */
export function generatorLoss(generated: Tensor): Tensor<[]> {
  return fromNode(mean(softplus(neg(toSingle(generated.node)))));
}
