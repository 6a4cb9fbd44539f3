import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape } from "../../core/shape.ts";
import type { Shape } from "../../core/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { HostArray } from "../hostArray.ts";

/** What inputs must be like. */
export interface InputRules {
  /** Of one example; the first axis of the input counts examples. Anything by default. */
  readonly shape?: Shape | undefined;
  /** Whether every number must lie from 0 to 1; true by default. To be checked before `normalize`, whose results do not. */
  readonly unit?: boolean | undefined;
}

/** (3,224,224), as Python writes it. */
const tuple = (shape: Shape): string => `(${shape.join(",")})`;

/**
 * Refuses a batch [n, …shape] that a model was not made for: of another shape, with NaN or infinite numbers, or with numbers outside
 * 0 to 1. Reads tensors. NaN and Inf are looked for before the range, whose check no NaN passes either.
 *
 * @throws ShapeError and ArgumentError, with the messages "Expected (3,224,224), got (1,28,28)", "Input contains NaN", "Input contains
 * Inf", "Input must be normalized to [0,1]".
 *
 * @example
 * preprocessing.validateInput(batch, { shape: [3, 224, 224] });
 */
export function validateInput(input: Tensor | HostArray, { shape, unit = true }: InputRules = {}): void {
  const own = input.shape.slice(1);
  if (shape !== undefined && !sameShape(own, shape))
    throw new ShapeError(`Expected ${tuple(shape)}, got ${tuple(own)}`);
  const data = input instanceof Tensor ? input.dataSync() : input.data;
  let [infinite, outside] = [false, false];
  for (let at = 0; at < data.length; at++) {
    const value = data[at]!;
    if (Number.isNaN(value)) throw new ArgumentError("Input contains NaN");
    infinite ||= value === Infinity || value === -Infinity;
    outside ||= !(value >= 0 && value <= 1);
  }
  if (infinite) throw new ArgumentError("Input contains Inf");
  if (unit && outside) throw new ArgumentError("Input must be normalized to [0,1]");
}
