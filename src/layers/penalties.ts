/** Penalties on weights and bounds for them by Keras's names, which read a kernel as Keras holds it: [in, units]. */
import * as bounds from "../nn/constraints.ts";
import type { Constraint } from "../nn/constraints.ts";
import * as penalties from "../nn/regularizers.ts";
import type { Regularizer } from "../nn/regularizers.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isDescribed, lookUp, type Described } from "./described.ts";

/** A name, a description such as `regularizers.l2({ l2: 1e-4 })`, or a function from a weight to one number. */
export type RegularizerLike = "l1" | "l2" | "l1l2" | "l1_l2" | "orthogonal" | Described | ((weight: Tensor) => Tensor);

/** A name, a description such as `constraints.maxNorm({ maxValue: 3 })`, or a function from a weight to the nearest allowed one. */
export type ConstraintLike =
  | "maxNorm"
  | "max_norm"
  | "nonNeg"
  | "non_neg"
  | "unitNorm"
  | "unit_norm"
  | "minMaxNorm"
  | "min_max_norm"
  | Described
  | Constraint;

interface Strengths {
  readonly l1?: number;
  readonly l2?: number;
  readonly factor?: number;
  readonly mode?: "rows" | "columns";
}

const REGULARIZERS: Readonly<Record<string, (settings: Strengths) => Regularizer>> = {
  L1: ({ l1 }) => penalties.l1(l1),
  L2: ({ l2 }) => penalties.l2(l2),
  L1L2: (settings) => penalties.l1l2(settings),
  Orthogonal: (settings) => penalties.orthogonal(settings),
};

interface Bounds {
  readonly maxValue?: number;
  readonly minValue?: number;
  readonly rate?: number;
  /** 0 by default: units are the last axis. */
  readonly axis?: number | readonly number[];
}

const CONSTRAINTS: Readonly<Record<string, (settings: Bounds) => Constraint>> = {
  MaxNorm: ({ maxValue, axis = 0 }) => bounds.maxNorm(maxValue, { axis }),
  NonNeg: () => bounds.nonNegative(),
  UnitNorm: ({ axis = 0 }) => bounds.unitNorm({ axis }),
  MinMaxNorm: ({ minValue = 0, maxValue = 1, rate = 1, axis = 0 }) =>
    bounds.minMaxNorm({ minimum: minValue, maximum: maxValue, rate, axis }),
};

/** The regularizer that is meant. Throws ArgumentError for a name that none has. */
export function regularizerOf(given: RegularizerLike): (weight: Tensor) => Tensor {
  if (typeof given === "function") return given;
  const { className, config } = isDescribed(given) ? given : { className: given, config: {} };
  return lookUp("regularizer", REGULARIZERS, className)(config);
}

/** The constraint that is meant. Throws ArgumentError for a name that none has. */
export function constraintOf(given: ConstraintLike): Constraint {
  if (typeof given === "function") return given;
  const { className, config } = isDescribed(given) ? given : { className: given, config: {} };
  return lookUp("constraint", CONSTRAINTS, className)(config);
}
