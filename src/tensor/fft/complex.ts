/** Complex numbers as tensors whose last axis is a pair: the real part, then the imaginary one. */
import { zerosLike } from "../create.ts";
import { toFloat } from "../functional/operands.ts";
import { atan2, concat, stack } from "../functions.ts";
import { broadcastTensors } from "../shaping.ts";
import { fromNode, type Tensor } from "../tensor.ts";
import { checkPairs } from "./pairs.ts";

/** Pairs of two tensors that broadcast; without imaginary parts those are 0. Integers become f32. */
export function of(real: Tensor, imaginary?: Tensor): Tensor {
  const re: Tensor = fromNode(toFloat(real.node));
  return stack(imaginary ? broadcastTensors(re, imaginary) : [re, zerosLike(re)], -1);
}

/** The number of a given size and angle, in radians. */
export function polar(size: Tensor, angle: Tensor): Tensor {
  return of(size.mul(angle.cos()), size.mul(angle.sin()));
}

/** The real parts. */
export function real(z: Tensor): Tensor {
  checkPairs("real", z);
  return z.narrow(-1, 0, 1).squeeze(-1);
}

/** The imaginary parts. */
export function imag(z: Tensor): Tensor {
  checkPairs("imag", z);
  return z.narrow(-1, 1, 1).squeeze(-1);
}

/** The imaginary parts turned over. */
export function conj(z: Tensor): Tensor {
  checkPairs("conj", z);
  return concat([z.narrow(-1, 0, 1), z.narrow(-1, 1, 1).neg()], -1);
}

/** Products; all but the pairs broadcasts. */
export function mul(a: Tensor, b: Tensor): Tensor {
  const [ar, ai, br, bi] = [real(a), imag(a), real(b), imag(b)];
  return of(ar.mul(br).sub(ai.mul(bi)), ar.mul(bi).add(ai.mul(br)));
}

/** Quotients; all but the pairs broadcasts. */
export function div(a: Tensor, b: Tensor): Tensor {
  return mul(a, conj(b)).div(b.square().sum(-1, true));
}

/** √(re² + im²); at 0 the gradient is 0. */
export function abs(z: Tensor): Tensor {
  checkPairs("abs", z);
  return z.norm(-1);
}

/** The angle, −π to π. */
export function angle(z: Tensor): Tensor {
  return atan2(imag(z), real(z));
}
