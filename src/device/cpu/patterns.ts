/** How an expression changes from one iteration of a loop to the next: what vector loads and stores are chosen by. */
import {
  childrenOf,
  type AffineParam,
  type Affine,
  type Expression,
  type Index,
  type Register,
} from "../../ir/expression.ts";

/** A coefficient: `undefined` is exactly 1. */
export type Coefficient = Expression | number | undefined;

export interface Term {
  readonly value: Expression;
  readonly coefficient: Coefficient;
}

/** An offset as a sum; an expression that is no sum is one term. */
export function termsOf(offset: Expression): {
  readonly terms: readonly Term[];
  readonly constant: Expression | number;
} {
  if (offset.kind === "const") return { terms: [], constant: offset.value };
  if (offset.kind === "affine" || offset.kind === "affineParam") {
    const { terms, constant } = offset as Affine | AffineParam;
    return {
      terms: terms.map((t) => ({ value: t.value, coefficient: coefficientOf(t.coefficient) })),
      constant: constant ?? 0,
    };
  }
  return { terms: [{ value: offset, coefficient: undefined }], constant: 0 };
}

function coefficientOf(c: Coefficient): Coefficient {
  const plain = typeof c === "object" && c.kind === "const" ? c.value : c;
  return plain === 1 ? undefined : plain;
}

/** Does the value depend on one of these variables? */
export function dependsOn(e: Expression, variables: ReadonlySet<Index | Register>): boolean {
  if (e.free.size === 0 || variables.size === 0) return false;
  for (const v of e.free) if (variables.has(v)) return true;
  return false;
}

/**
 * How an offset moves with the vector index:
 * `uniform`: not at all; `linear`: by `step` each iteration; `nearly`: mostly by 0 or 1, with jumps (clamped, wrapped);
 * `scattered`: anyhow.
 */
export type Pattern =
  | { readonly kind: "uniform" }
  | { readonly kind: "linear"; readonly step: Coefficient }
  | { readonly kind: "nearly"; readonly step: 0 | 1 }
  | { readonly kind: "scattered" };

/** The pattern of an offset along `index`; `varying` holds the index and every register that depends on it. */
export function patternOf(offset: Expression, index: Index, varying: ReadonlySet<Index | Register>): Pattern {
  if (!dependsOn(offset, varying)) return { kind: "uniform" };
  let step: Expression | number | null = null;
  let linear = true;
  for (const { value, coefficient = 1 } of termsOf(offset).terms) {
    if (value === index) {
      if (step === null) step = coefficient;
      else if (typeof step === "number" && typeof coefficient === "number") step += coefficient;
      else linear = false;
    } else if (dependsOn(value, varying)) linear = false;
  }
  if (linear && step !== null && step !== 0) return { kind: "linear", step: step === 1 ? undefined : step };
  const slope = slopeOf(offset, index, varying);
  return slope === 0 || slope === 1 ? { kind: "nearly", step: slope } : { kind: "scattered" };
}

/** Is the pattern consecutive elements? */
export function isUnit(pattern: Pattern): boolean {
  return pattern.kind === "linear" && pattern.step === undefined;
}

/** The usual change from one iteration to the next, jumps aside; undefined when unknown. */
function slopeOf(e: Expression, index: Index, varying: ReadonlySet<Index | Register>): number | undefined {
  if (!dependsOn(e, varying)) return 0;
  if (e === index) return 1;
  switch (e.kind) {
    case "affine":
    case "affineParam": {
      let sum = 0;
      for (const { value, coefficient } of termsOf(e).terms) {
        const slope = slopeOf(value, index, varying);
        if (slope === undefined || (slope !== 0 && typeof coefficient === "object")) return undefined;
        if (slope !== 0) sum += slope * ((coefficient as number | undefined) ?? 1);
      }
      return sum;
    }
    case "quotient":
    case "remainder": {
      const slope = slopeOf(e.value, index, varying);
      if (!slope) return slope;
      // What is left of a division and divided again is divided by little, and neighbours are many jumps apart.
      if (startsAgain(e.value, index)) return undefined;
      return e.kind === "quotient" ? 0 : slope;
    }
    case "binary":
      if (e.op !== "max" && e.op !== "min") return undefined;
      if (!dependsOn(e.right, varying)) return slopeOf(e.left, index, varying);
      if (!dependsOn(e.left, varying)) return slopeOf(e.right, index, varying);
      return undefined;
    default:
      return undefined;
  }
}

/** Is there a remainder of the index in it? */
const startsAgain = (e: Expression, index: Index): boolean =>
  e.free.has(index) && (e.kind === "remainder" || childrenOf(e).some((child) => startsAgain(child, index)));
