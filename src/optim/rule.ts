/** What tells one optimizer from another. */
import { ArgumentError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import type { Operand } from "../tensor/functional/operands.ts";

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Goes up the gradient instead of down, false by default. */
  readonly maximize?: boolean | undefined;
  /** How strongly parameters are pulled to 0. */
  readonly weightDecay?: number | undefined;
}

/** State that is not of the parameter's shape. */
export interface StateOfShape {
  readonly shape: Shape;
  /** What every element starts with, 0 by default. */
  readonly initial?: number;
}

/** One parameter's part of a step. Rates and counts are scalars of its dtype. */
export interface Step<O, K extends string> {
  /** Flat unless the rule is `shaped`. Decoupled weight decay has been applied. */
  readonly parameter: Node;
  /** Flat unless the rule is `shaped`, turned over where the objective is maximized, an L2 penalty included. */
  readonly gradient: Node;
  readonly state: Readonly<Record<K, Node>>;
  readonly lr: Node;
  /** `options.momentum` or `options.betas[0]`: a number, or a scalar where a schedule moves it. */
  readonly momentum: Operand;
  /** How often the parameter was updated, this time included. */
  readonly count: Node;
  readonly options: O;
  /** A value that all parameters of the group share, made once per step. */
  shared(name: string, make: () => Node): Node;
}

/** What a step makes of it. */
export interface Updated<K extends string> {
  readonly parameter: Node;
  readonly state: Readonly<Partial<Record<K, Node>>>;
}

/** An optimizer: its options, the names of its state, and its formula. The rest is the same for all. */
export interface Rule<O extends OptimizerOptions, K extends string = never> {
  /** For messages. */
  readonly name: string;
  readonly defaults: O;
  /**
   * What is kept for a parameter, by PyTorch's names: the number that a tensor like the parameter starts with, or another
   * shape.
   */
  state(options: O, shape: Shape): Readonly<Partial<Record<K, number | StateOfShape>>>;
  /** Throws for options that do not go together, and for shapes that the rule does not take. Single numbers are checked by name. */
  check?(options: O, shapes: readonly Shape[]): void;
  /**
   * Where `weightDecay` goes: into the gradient ("penalty", the default), straight into the parameter ("decoupled"), or
   * where the rule's own formula says.
   */
  decay?(options: O): "penalty" | "decoupled" | "own";
  /** Whether parameters keep their shape in `update`. Those of other rules come flat, and all share one kernel. */
  readonly shaped?: boolean;
  /** What one step does to one parameter. */
  update(step: Step<O, K>): Updated<K>;
}

/** From (included) and below, by the option's name. */
const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  betas: [0, 1],
  rho: [0, 1],
  alpha: [0, Infinity],
  eps: [0, Infinity],
  weightDecay: [0, Infinity],
  momentum: [0, Infinity],
  dampening: [0, Infinity],
  lrDecay: [0, Infinity],
  momentumDecay: [0, Infinity],
  initialAccumulatorValue: [0, Infinity],
  lambd: [0, Infinity],
  trustCoefficient: [0, Infinity],
};

/** Throws ArgumentError for a number out of its option's range. */
export function checkOptions(op: string, options: object): void {
  for (const [name, given] of Object.entries(options)) {
    const range = RANGES[name];
    if (!range) continue;
    const several = Array.isArray(given);
    (several ? (given as unknown[]) : [given]).forEach((value, i) => {
      if (typeof value === "number") checkOption(op, several ? `${name}[${i}]` : name, value, ...range);
    });
  }
}

/** Throws ArgumentError unless low ≤ value < high. */
export function checkOption(op: string, name: string, value: number, low: number, high: number = Infinity): void {
  if (!(value >= low && value < high))
    throw new ArgumentError(
      `${op}: ${name} must be ${low} or more${high === Infinity ? "" : ` and below ${high}`}, got ${value}`,
    );
}
