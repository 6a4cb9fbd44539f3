import { ArgumentError } from "../../core/errors.ts";
import { normal, ones, truncatedNormal, uniform, zeros, type Initializer } from "./distributions.ts";
import { eye, orthogonal } from "./matrices.ts";
import { varianceScaling, xavierNormal, xavierUniform, kaimingNormal, kaimingUniform } from "./variance.ts";

/** Keras's names with Keras's meaning, and PyTorch's where Keras has none. */
const MAKERS: Readonly<Record<string, () => Initializer>> = {
  zeros: () => zeros,
  ones: () => ones,
  randomNormal: () => normal(0, 0.05),
  randomUniform: () => uniform(0.05),
  truncatedNormal: () => truncatedNormal(0, 0.05),
  varianceScaling: () => varianceScaling(),
  glorotUniform: () => varianceScaling({ mode: "fanAvg", distribution: "uniform" }),
  glorotNormal: () => varianceScaling({ mode: "fanAvg" }),
  heUniform: () => varianceScaling({ scale: 2, distribution: "uniform" }),
  heNormal: () => varianceScaling({ scale: 2 }),
  lecunUniform: () => varianceScaling({ distribution: "uniform" }),
  lecunNormal: () => varianceScaling(),
  orthogonal: () => orthogonal(),
  identity: () => eye(),
  xavierUniform: () => xavierUniform(),
  xavierNormal: () => xavierNormal(),
  kaimingUniform: () => kaimingUniform(),
  kaimingNormal: () => kaimingNormal(),
};

/**
 * The initializer that a name stands for, with its defaults: "he_normal" or "heNormal" is Keras's, which cuts tails;
 * `kaimingNormal` does not. Throws ArgumentError, listing the names, for any other.
 */
export function named(name: string): Initializer {
  const wanted = name.replaceAll("_", "").toLowerCase();
  const found = Object.keys(MAKERS).find((key) => key.toLowerCase() === wanted);
  if (!found)
    throw new ArgumentError(`init.named: no "${name}" is known; the names are ${Object.keys(MAKERS).join(", ")}`);
  return MAKERS[found]!();
}
