/** Searching for an activation: Ramachandran et al. 2017 found Swish among candidates like these. */
import { ArgumentError } from "../../core/errors.ts";
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
  "+": (a, b) => a.add(b as never) as Tensor,
  "·": (a, b) => a.mul(b as never) as Tensor,
  max: (a, b) => a.maximum(b as never) as Tensor,
};

/** Every b(u(x), v(x)) of a few functions u, v of one number and b of two, by its formula: 198 candidates. */
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

export interface SearchResult {
  readonly name: string;
  /** Infinite where it was not a number. */
  readonly loss: number;
}

/**
 * Tries activations and ranks them by what `validationLoss` says, which trains a model with each one: best first.
 * @throws ArgumentError when there are no candidates.
 */
export async function searchActivation(
  candidates: Readonly<Record<string, Unary>>,
  validationLoss: (activation: Unary, name: string) => number | Promise<number>,
): Promise<SearchResult[]> {
  const results: SearchResult[] = [];
  for (const [name, activation] of Object.entries(candidates)) {
    const loss = await validationLoss(activation, name);
    results.push({ name, loss: Number.isNaN(loss) ? Infinity : loss });
  }
  if (results.length === 0) throw new ArgumentError("searchActivation: there are no candidates");
  return results.sort((a, b) => a.loss - b.loss);
}
