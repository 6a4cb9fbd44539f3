/** All samples, in the order of the families of ops. */
import { rounded } from "../core/dtype.ts";
import type { HalfType } from "../core/half.ts";
import { DTypeError } from "../core/errors.ts";
import { input } from "./ops/leaf.ts";
import { nodeOf, type Operand, type OpSamples, type Sample } from "./sample.ts";
import { samples as attention } from "./ops/attention.samples.ts";
import { samples as binary } from "./ops/binary.samples.ts";
import { samples as control } from "./ops/control.samples.ts";
import { samples as cumulate } from "./ops/cumulate.samples.ts";
import { samples as dot } from "./ops/dot.samples.ts";
import { samples as gather } from "./ops/gather.samples.ts";
import { samples as leaf } from "./ops/leaf.samples.ts";
import { samples as movement } from "./ops/movement.samples.ts";
import { samples as random } from "./ops/random.samples.ts";
import { samples as reduce } from "./ops/reduce.samples.ts";
import { samples as scan } from "./ops/scan.samples.ts";
import { samples as sliceAt } from "./ops/sliceAt.samples.ts";
import { samples as sort } from "./ops/sort.samples.ts";
import { samples as special } from "./ops/special.samples.ts";
import { samples as unary } from "./ops/unary.samples.ts";
import { samples as where } from "./ops/where.samples.ts";

export const allSamples: readonly OpSamples[] = [
  leaf,
  random,
  unary,
  special,
  binary,
  where,
  movement,
  reduce,
  dot,
  attention,
  gather,
  sliceAt,
  cumulate,
  sort,
  control,
  scan,
].flat();

const MOST_HALVES = 8;

/** Samples in f32 as samples of a 16-bit float, with elements that it holds. */
function inHalf(family: OpSamples, dtype: HalfType): OpSamples {
  const narrow = <T>(own: T): T | HalfType => (own === "f32" ? dtype : own);
  const operand = ({ values, ...rest }: Operand): Operand => ({
    ...rest,
    dtype: narrow(rest.dtype),
    values: "step" in values ? values : values.map((x) => (rest.dtype === "f32" ? rounded(x, dtype) : x)),
  });
  const isSingle = ({ inputs, attributes }: Sample): boolean =>
    inputs.every((x) => x.dtype !== "f64") &&
    (inputs.some((x) => x.dtype === "f32") || (!inputs.length && attributes["dtype"] === "f32"));
  const sample = ({ inputs, attributes, ...rest }: Sample): Sample => ({
    ...rest,
    inputs: inputs.map(operand),
    attributes: "dtype" in attributes ? { ...attributes, dtype: narrow(attributes["dtype"]) } : attributes,
  });
  const taken = (one: Sample): boolean => {
    const leaves = one.inputs.map((x) => input(x.shape, x.dtype, { requiresGrad: false }));
    try {
      return Boolean(nodeOf(family.op, one, leaves));
    } catch (error) {
      if (error instanceof DTypeError) return false;
      throw error;
    }
  };
  // Casts name their pairs of dtypes themselves, and halves have no bits to be read.
  const named = family.name === "cast" || family.name === "bitcast";
  const all = named ? [] : family.valid.filter(isSingle).map(sample).filter(taken);
  // Shapes are the same for all dtypes, and tried on f32: every so many-th is enough.
  const each = Math.ceil(all.length / MOST_HALVES);
  return { ...family, valid: all.filter((_, i) => i % each === 0), invalid: [] };
}

/** All samples, and some of those in f32 again in f16 and bf16. */
export const samplesWithHalves: readonly OpSamples[] = allSamples.map((family) => ({
  ...family,
  valid: [family, inHalf(family, "f16"), inHalf(family, "bf16")].flatMap((one) => one.valid),
}));
