/** What all optimizers share: groups, state, and the update of everything in one program. */
import { knownOptions, type KnownOptions } from "../core/knownOptions.ts";
import { byteSize } from "../core/dtype.ts";
import { sameShape, sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { reshape } from "../graph/ops/movement.ts";
import { cast, neg } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import type { Assignment } from "../tensor/evaluate.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { grouped, ParameterGroup, scalarCell, type GroupOptions, type Parameters, type Slot } from "./group.ts";
import type { OptimizerOptions, Rule, Step } from "./rule.ts";
import { loadState, saveState, type OptimizerState } from "./state.ts";

/** What Keras and TensorFlow.js call options of optimizers. */
const ELSEWHERE = { learningRate: "lr", learning_rate: "lr" };

/**
 * The base of optimizers, made of a rule. A step updates all parameters by one program; element-wise rules by one kernel,
 * however many parameters there are.
 *
 * Frozen parameters, and those without a gradient, are skipped: they keep value and state.
 *
 * @example
 * const signs: optim.Rule<optim.OptimizerOptions> = {
 *   name: "SignSGD",
 *   defaults: { lr: 1e-3 },
 *   state: () => ({}),
 *   update({ parameter, gradient, lr }) {
 *     const change = fromNode(gradient).sign().mul(fromNode(lr));
 *     return { parameter: fromNode(parameter).sub(change).node, state: {} };
 *   },
 * };
 * const optimizer = new optim.Optimizer(signs, model.parameters());
 */
export class Optimizer<O extends OptimizerOptions = OptimizerOptions, K extends string = string> {
  readonly #rule: Rule<O, K>;
  /** Of all groups. */
  readonly #options: O;
  readonly #groups: ParameterGroup<O>[] = [];

  /**
   * @param parameters of a model, or groups `{ params, lr, … }` with options of their own.
   * @param options for all groups; what is left out is the rule's default.
   * @throws ArgumentError for parameters or options that make no sense.
   */
  constructor(rule: Rule<O, K>, parameters: Parameters<O>, options: Partial<O> = {}) {
    this.#rule = rule;
    knownOptions(rule.name, options, this.#known, ELSEWHERE);
    this.#options = { ...rule.defaults, ...defined(options) };
    this.#add(parameters);
  }

  get groups(): readonly ParameterGroup<O>[] {
    return this.#groups;
  }

  /** One more group, as PyTorch's `add_param_group`: layers that are unfrozen later, for instance. */
  addGroup(group: GroupOptions<O>): void {
    this.#add([group]);
    bumpEpoch();
  }

  #add(parameters: Parameters<O>): void {
    const given = grouped(parameters, new Set(this.#slots().map((slot) => slot.parameter)));
    for (const { options } of given) knownOptions(this.#rule.name, options, this.#known, ELSEWHERE);
    const dtype = given.some((group) => group.parameters.some((p) => p.dtype === "f64")) ? "f64" : "f32";
    const count = scalarCell(0, dtype, "step");
    const groups = given.map(
      (group) =>
        new ParameterGroup<O>(this.#rule, { ...this.#options, ...defined(group.options) }, group.parameters, count),
    );
    this.#groups.push(...groups);
  }

  /** The names of its options. */
  get #known(): KnownOptions<Partial<O>> {
    const all = { maximize: false, weightDecay: 0, ...this.#rule.defaults };
    return Object.fromEntries(Object.keys(all).map((name) => [name, true])) as KnownOptions<Partial<O>>;
  }

  #slots(): Slot[] {
    return this.#groups.flatMap((group) => group.slots);
  }

  /** Learning rate of the first group; setting it sets that of all, without compiling traced steps again. */
  get lr(): number {
    return this.groups[0]!.lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Bytes of all state, counts left out: Adam keeps two numbers for each of a parameter, SGD without momentum none. */
  get stateBytes(): number {
    const cells = this.#slots().flatMap((slot) => Object.values(slot.state));
    return cells.reduce((bytes, cell) => bytes + sizeOf(cell.shape) * byteSize(cell.dtype), 0);
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { parameter } of this.#slots()) parameter.gradient.clear();
  }

  /** A step along these gradients, whatever `backward` has left (Keras's `apply_gradients`). */
  applyGradients(pairs: Iterable<readonly [gradient: Tensor, parameter: Parameter]>): void {
    this.zeroGrad();
    assign([...pairs].map(([gradient, { cell }]) => ({ cell: cell.gradient, value: cast(gradient.node, cell.dtype) })));
    this.step();
  }

  /** Updates all parameters from their gradients, in one program (inside a traced function, as part of it). */
  step(): void {
    withGradientMode(false, () => {
      const active = new Set(
        this.#slots().filter(({ parameter }) => parameter.requiresGrad && !parameter.gradient.empty),
      );
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
    const all = this.#slots();
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

  /**
   * The graph of one parameter's update. Element-wise rules get flat views: alike for all parameters, so that they can
   * share one kernel.
   */
  #updateOf(
    group: ParameterGroup<O>,
    slot: Slot,
    counts: ReadonlyMap<Cell, Node>,
    shared: Map<string, Node>,
  ): Assignment[] {
    const { parameter: cell, state } = slot;
    const { options, momentumCell } = group;
    const view = (of: Cell): Node => {
      const node = of.leaf();
      return this.#rule.shaped || !sameShape(of.shape, cell.shape) ? node : reshape(node, [sizeOf(cell.shape)]);
    };
    const names = Object.keys(state) as K[];
    const count = counts.get(slot.count)!;
    const lr = cast(group.rate.leaf(), cell.dtype);
    const updated = this.#rule.update({
      ...this.#decayed(options, lr, view(cell), view(cell.gradient)),
      state: Object.fromEntries(names.map((name) => [name, view(state[name]!)])) as Record<K, Node>,
      lr,
      momentum: momentumCell ? cast(momentumCell.leaf(), cell.dtype) : (group.momentum ?? 0),
      count: cast(count, cell.dtype),
      options,
      shared(name, make) {
        // Parameters of another dtype, or that were frozen for a while, count for themselves.
        const key = `${name} ${cell.dtype} ${count.id}`;
        let node = shared.get(key);
        if (!node) shared.set(key, (node = make()));
        return node;
      },
    });
    const assignment = (target: Cell, node: Node): Assignment => ({ cell: target, value: reshape(node, target.shape) });
    const changed = names.filter((name) => updated.state[name]);
    return [
      assignment(cell, updated.parameter),
      ...changed.map((name) => assignment(state[name]!, updated.state[name]!)),
    ];
  }

  /** Parameter and gradient after `maximize` and weight decay, which are the same for all rules. */
  #decayed(options: O, lr: Node, parameter: Node, given: Node): Pick<Step<O, K>, "parameter" | "gradient"> {
    const gradient = options.maximize ? neg(given) : given;
    const { weightDecay } = options;
    if (!weightDecay) return { parameter, gradient };
    switch (this.#rule.decay?.(options) ?? "penalty") {
      case "penalty":
        return { parameter, gradient: add(gradient, mul(parameter, weightDecay)) };
      case "decoupled":
        return { parameter: mul(parameter, sub(1, mul(lr, weightDecay))), gradient };
      case "own":
        return { parameter, gradient };
    }
  }

  /** Learning rates, options, counts and state, by the names and the layout of PyTorch. */
  stateDict(): OptimizerState {
    return saveState(this.groups);
  }

  /**
   * Takes over what `stateDict` gave (or PyTorch's): state, counts, learning rates and other options. Either everything is
   * loaded or, on an error, nothing.
   * @throws FormatError when parameters or names differ, ShapeError when shapes do.
   */
  loadStateDict(saved: OptimizerState): void {
    loadState(this.groups as readonly ParameterGroup[], saved);
  }
}

/** Without the keys that are undefined. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
