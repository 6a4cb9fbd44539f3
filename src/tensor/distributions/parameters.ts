/** What all distributions share: parameters that broadcast, the shape of what is drawn, and keys. */
import type { DType } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { broadcastShapes, sameShape, show, type Shape } from "../../core/shape.ts";
import { randomBits } from "../../graph/ops/random.ts";
import { full, tensor, type RandomOptions } from "../create.ts";
import { commonShape, toFloat } from "../functional/operands.ts";
import * as chance from "../functional/random.ts";
import { nextKey } from "../random.ts";
import { fromNode, type Tensor } from "../tensor.ts";

export interface DrawOptions extends RandomOptions {
  /** What comes out, to which all parameters must broadcast; their own common shape by default. */
  readonly shape?: Shape | undefined;
}

/** One number for all that is drawn, or a tensor that broadcasts. */
export type Parameter = number | Tensor;

/** The key of the options, or the global generator's next. */
export function keyOf({ key: given }: RandomOptions): Tensor {
  return given ?? fromNode(nextKey());
}

/** A key, u32 [2], that depends on a number only. Throws ArgumentError unless that is whole. */
export function key(seed: number): Tensor {
  if (!Number.isSafeInteger(seed)) throw new ArgumentError(`key: the seed must be a whole number, got ${seed}`);
  return tensor(Uint32Array.of(seed, Math.floor(seed / 2 ** 32)));
}

/** Independent keys from one, which is not to be used for anything else then. */
export function split(one: Tensor, count: number = 2): Tensor[] {
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(`split: the number of keys must be a whole number above 0, got ${count}`);
  const words: Tensor = fromNode(randomBits(one.node, [count, 2]));
  return words.unbind();
}

/** Parameters as floats of one dtype in the shape of what is drawn. Throws ShapeError where they do not broadcast to it. */
export function spread(op: string, parameters: readonly Parameter[], { shape }: DrawOptions): Tensor[] {
  const shapes = parameters.map((p) => (typeof p === "number" ? [] : p.shape));
  const common = commonShape(op, shapes);
  const wanted = shape ?? common;
  const joined = broadcastShapes(common, wanted);
  if (!joined || !sameShape(joined, wanted))
    throw new ShapeError(`${op}: parameters of shape ${show(common)} do not broadcast to ${show(wanted)}`);
  const floats = parameters.map((p): Parameter => (typeof p === "number" ? p : fromNode(toFloat(p.node))));
  const dtype: DType = floats.some((p) => typeof p !== "number" && p.dtype === "f64") ? "f64" : "f32";
  return floats.map((p) => (typeof p === "number" ? full([...wanted], p, { dtype }) : p.cast(dtype).expand(wanted)));
}

/** Uniform in [0, 1) in the shape and dtype of another tensor. */
export function uniformLike(x: Tensor, from: Tensor): Tensor {
  return fromNode<Shape>(chance.uniform(from.node, x.shape)).cast(x.dtype);
}

/** Standard normal in the shape and dtype of another tensor. */
export function normalLike(x: Tensor, from: Tensor): Tensor {
  return fromNode<Shape>(chance.normal(from.node, x.shape)).cast(x.dtype);
}

/** In the dtype that was asked for. */
export function asked(x: Tensor, { dtype }: RandomOptions): Tensor {
  return dtype === undefined ? x : x.cast(dtype);
}
