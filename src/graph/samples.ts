/** All samples, in the order of the families of ops. */
import type { OpSamples } from "./sample.ts";
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
  gather,
  sliceAt,
  cumulate,
  sort,
  control,
  scan,
].flat();
