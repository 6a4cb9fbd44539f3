/** What all optimizers share: groups, state, and the update of everything in one program. */
import { ArgumentError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import type { Assignment } from "../tensor/evaluate.ts";
import { add } from "../tensor/functional/arithmetic.ts";
import {
  grouped,
  ParameterGroup,
  scalarCell,
  stateLike,
  type OptimizerOptions,
  type Parameters,
  type Slot,
} from "./group.ts";
import { loadState, saveState, type OptimizerState } from "./state.ts";

/** One parameter's part of a step. Parameter, gradient and state are flat; `lr` and `count` are scalars of their dtype. */
export interface Step<O, K extends string> {
  readonly parameter: Node;
  readonly gradient: Node;
  readonly state: Readonly<Record<K, Node>>;
  readonly lr: Node;
  /** How often the parameter was updated, this time included. */
  readonly count: Node;
  readonly options: O;
  /** A value that all parameters of the group share, made once per step. */
  shared(name: string, make: () => Node): Node;
}

/** What a step makes of it. */
export interface Updated<K extends string> {
  readonly parameter: Node;
  readonly state: Readonly<Record<K, Node>>;
}

/**
 * The base of optimizers. A subclass names its state and says in `update` what a step does to one parameter, element by element; all
 * parameters are updated by one program.
 *
 * Frozen parameters, and those without a gradient, are skipped: they keep value and state.
 */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions, K extends string = string> {
  readonly groups: readonly ParameterGroup<O>[];

  /**
   * @param parameters of a model, or groups `{ params, lr, … }` with options of their own.
   * @param defaults of all options.
   * @param options for all groups.
   */
  constructor(parameters: Parameters<O>, defaults: O, options: Partial<O>) {
    const given = grouped(parameters);
    const dtype = given.some((group) => group.parameters.some((p) => p.dtype === "f64")) ? "f64" : "f32";
    const count = scalarCell(0, dtype, "step");
    this.groups = given.map((group) => {
      const own = { ...defaults, ...defined(options), ...defined(group.options) };
      const names = this.names(own);
      const slots = group.parameters.map((parameter): Slot => ({
        parameter,
        state: Object.fromEntries(names.map((name) => [name, stateLike(parameter, name)])),
        count,
      }));
      return new ParameterGroup(own, slots, dtype);
    });
  }

  /** Checks a group's options and names the state that its parameters need, as PyTorch does. Called by the constructor. */
  protected abstract names(options: O): readonly K[];

  /** What one step does to one parameter. */
  protected abstract update(step: Step<O, K>): Updated<K>;

  /** Learning rate of the first group; setting it sets that of all, without compiling traced steps again. */
  get lr(): number {
    return this.groups[0]!.lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { slots } of this.groups) for (const { parameter } of slots) parameter.gradient.clear();
  }

  /** Updates all parameters from their gradients, in one program (inside a traced function, as part of it). */
  step(): void {
    withGradientMode(false, () => {
      const slots = this.groups.flatMap((group) => group.slots);
      const active = new Set(slots.filter(({ parameter }) => parameter.requiresGrad && !parameter.gradient.empty));
      const counts = this.#count(active);
      const assignments: Assignment[] = [...counts].map(([cell, value]) => ({ cell, value }));
      for (const group of this.groups) {
        const shared = new Map<string, Node>();
        for (const slot of group.slots)
          if (active.has(slot)) assignments.push(...this.#updateOf(group, slot, counts, shared));
      }
      if (assignments.length > 0) assign(assignments);
    });
  }

  /** The new counts of everything that takes part. What takes part without its companions gets a count of its own. */
  #count(active: ReadonlySet<Slot>): Map<Cell, Node> {
    const counts = new Map<Cell, Node>();
    const all = this.groups.flatMap((g) => g.slots);
    for (const cell of new Set([...active].map((slot) => slot.count))) {
      const companions = all.filter((slot) => slot.count === cell);
      const taking = companions.filter((slot) => active.has(slot));
      const next = add(cell.leaf(), 1);
      if (taking.length === companions.length) counts.set(cell, next);
      else {
        const own = new Cell([], cell.dtype, { label: cell.label, device: cell.device });
        for (const slot of taking) slot.count = own;
        counts.set(own, next);
        // A replay of an older trace would go on counting in the old cell.
        bumpEpoch();
      }
    }
    return counts;
  }

  /** The graph of one parameter's update, on flat views: alike for all parameters, so that they can share one kernel. */
  #updateOf(
    group: ParameterGroup<O>,
    slot: Slot,
    counts: ReadonlyMap<Cell, Node>,
    shared: Map<string, Node>,
  ): Assignment[] {
    const { parameter: cell, state } = slot;
    const flat = (node: Node): Node => reshape(node, [sizeOf(cell.shape)]);
    const names = Object.keys(state) as K[];
    const count = counts.get(slot.count)!;
    const updated = this.update({
      parameter: flat(cell.leaf()),
      gradient: flat(cell.gradient.leaf()),
      state: Object.fromEntries(names.map((name) => [name, flat(state[name]!.leaf())])) as Record<K, Node>,
      lr: cast(group.rate.leaf(), cell.dtype),
      count: cast(count, cell.dtype),
      options: group.options,
      shared(name, make) {
        // Parameters of another dtype, or that were frozen for a while, count for themselves.
        const key = `${name} ${cell.dtype} ${count.id}`;
        let node = shared.get(key);
        if (!node) shared.set(key, (node = make()));
        return node;
      },
    });
    const assignment = (target: Cell, node: Node): Assignment => ({ cell: target, value: reshape(node, target.shape) });
    return [assignment(cell, updated.parameter), ...names.map((name) => assignment(state[name]!, updated.state[name]))];
  }

  /** Learning rates, options, counts and state, by the names and the layout of PyTorch. */
  stateDict(): OptimizerState {
    return saveState(this.groups);
  }

  /**
   * Takes over what `stateDict` gave: state, counts and learning rates. Either everything is loaded or, on an error, nothing.
   * @throws FormatError when parameters or names differ, ShapeError when shapes do.
   */
  loadStateDict(saved: OptimizerState): void {
    loadState(this.groups, saved);
  }
}

/** Without the keys that are undefined. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Throws ArgumentError unless low ≤ value < high. */
export function checkOption(op: string, name: string, value: number, low: number, high: number = Infinity): void {
  if (!(value >= low && value < high))
    throw new ArgumentError(
      `${op}: ${name} must be ${low} or more${high === Infinity ? "" : ` and below ${high}`}, got ${value}`,
    );
}
