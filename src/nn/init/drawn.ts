/** Parameters with drawn values. The host's generator draws them, from the global seed: models are reproducible. */
import { allocate, isFloat, type DType, type TypedArray } from "../../core/dtype.ts";
import { DTypeError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { checkShape, sizeOf, type Shape } from "../../core/shape.ts";
import { Cell } from "../../tensor/cell.ts";
import { readSync } from "../../tensor/evaluate.ts";
import { BufferTensor, Parameter, type StateTensor } from "../../tensor/parameter.ts";
import { nextKey } from "../../tensor/random.ts";
import type { Initializer } from "./distributions.ts";

/** Elements for a shape. Each call draws from a sequence of its own. */
function draw(shape: Shape, initializer: Initializer, dtype: DType): TypedArray {
  const array = allocate(dtype, sizeOf(shape));
  const [seed, stream] = readSync(nextKey());
  const next = initializer(shape, new HostRandom(seed!, stream!));
  for (let i = 0; i < array.length; i++) array[i] = next();
  return array;
}

/** A parameter with drawn values. Throws DTypeError for anything but floats. */
export function drawn<const S extends Shape>(
  shape: S,
  initializer: Initializer,
  dtype: DType,
  label: string,
): Parameter<S> {
  if (!isFloat(dtype)) throw new DTypeError(`${label}: parameters are floats, not ${dtype}`);
  checkShape(label, shape);
  return new Parameter<S>(Cell.of(draw(shape, initializer, dtype), shape, dtype, { requiresGrad: true, label }));
}

/** A buffer with one number everywhere. */
export function filled<const S extends Shape>(shape: S, value: number, dtype: DType, label: string): BufferTensor<S> {
  return new BufferTensor<S>(
    Cell.of(allocate(dtype, sizeOf(shape)).fill(value) as TypedArray, shape, dtype, { label }),
  );
}

/**
 * Gives a parameter, or a buffer, new initial values.
 * @example model.apply((m) => { if (m instanceof nn.Linear) nn.init.assign(m.weight, nn.init.xavierUniform()); });
 */
export function assign({ cell }: StateTensor, initializer: Initializer): void {
  cell.set(draw(cell.shape, initializer, cell.dtype));
}
