/** What to search for an activation among: Ramachandran et al. 2017 found Swish among candidates like these. */
import type { Tensor } from "../../tensor/tensor.ts";

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const UNARY: Readonly<Record<string, Unary>> = {
  x: (x) => x,
  "−x": (x) => x.neg(),
  "|x|": (x) => x.abs(),
  "x²": (x) => x.square(),
  "σ(x)": (x) => x.sigmoid(),
  "tanh(x)": (x) => x.tanh(),
  "ζ(x)": (x) => x.softplus(),
  "max(x, 0)": (x) => x.relu(),
  "min(x, 0)": (x) => x.minimum(0),
  "sin(x)": (x) => x.sin(),
  "erf(x)": (x) => x.erf(),
};

const BINARY: Readonly<Record<string, Binary>> = {
  "+": (a, b) => a.add(b),
  "·": (a, b) => a.mul(b),
  max: (a, b) => a.maximum(b),
};

/**
 * Every b(u(x), v(x)) of a few functions u, v of one number and b of two, by its formula: 198 candidates.
 * @example
 * const candidates = nn.activationCandidates();
 * const study = await tune.study({ f: tune.choice(Object.keys(candidates)) }, { sampler: tune.gridSearch() });
 * await study.run(({ f }) => validationLossOf(candidates[f]!));
 */
export function activationCandidates(): Record<string, Unary> {
  const names = Object.keys(UNARY);
  const result: Record<string, Unary> = {};
  for (const [sign, both] of Object.entries(BINARY))
    names.forEach((u, i) => {
      // The order of the two does not matter.
      for (const v of names.slice(i))
        result[sign === "max" ? `max(${u}, ${v})` : `${u} ${sign} ${v}`] = (x) => both(UNARY[u]!(x), UNARY[v]!(x));
    });
  return result;
}
