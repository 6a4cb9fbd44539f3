/** How many inputs and outputs a unit has. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show, type Shape } from "../../core/shape.ts";

/** How the axes of a weight are to be read. */
export interface WeightLayout {
  /**
   * "linear" and "conv" (the default) are [out, in / groups, …window], "convTranspose" is [in, out / groups, …window],
   * "embedding" [count, features]: a linear map of one-hot rows, as Keras counts.
   */
  readonly layer?: "linear" | "conv" | "convTranspose" | "embedding" | undefined;
  /** Groups of a convolution, 1 by default. PyTorch takes them as one for the fan out. */
  readonly groups?: number | undefined;
}

export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * Inputs and outputs that each unit of a weight is connected to.
 * @throws ShapeError below two axes, ArgumentError for axes that do not fall into the groups.
 */
export function fans(shape: Shape, { layer = "conv", groups = 1 }: WeightLayout = {}): Fans {
  const [first, second, ...window] = shape;
  if (first === undefined || second === undefined)
    throw new ShapeError(`init: fan in and fan out need a weight [out, in, …], got ${show(shape)}`);
  if (!(Number.isInteger(groups) && groups >= 1 && first % groups === 0))
    throw new ArgumentError(`init: the first axis of ${show(shape)} does not fall into ${groups} groups`);
  const reach = window.reduce((product, size) => product * size, 1);
  const [wide, narrow] = [(first / groups) * reach, second * reach];
  switch (layer) {
    case "linear":
    case "conv":
      return { fanIn: narrow, fanOut: wide };
    case "convTranspose":
    case "embedding":
      return { fanIn: wide, fanOut: narrow };
    default:
      throw new ArgumentError(`init: no fans are known for a layer "${layer as string}"`);
  }
}
