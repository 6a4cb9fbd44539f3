/** Optimizer state in the layout of PyTorch's `state_dict`. */
import { allocate, type DType, type TypedArray } from "../core/dtype.ts";
import { sameShape, show, sizeOf, type Shape } from "../core/shape.ts";
import { FormatError, ShapeError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { cast } from "../graph/ops/unary.ts";
import { store } from "../tensor/assign.ts";
import type { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { readIfHere, type Assignment } from "../tensor/evaluate.ts";
import { owned } from "../tensor/owned.ts";
import { Tensor } from "../tensor/tensor.ts";
import { scalarCell, type ParameterGroup, type Slot } from "./group.ts";
import type { OptimizerOptions } from "./rule.ts";

/** A group's options, by PyTorch's names (`weight_decay`); `params` are positions of parameters, counted over all groups. */
export interface SavedGroup {
  readonly lr: number;
  readonly params: readonly number[];
  readonly [option: string]: unknown;
}

/** State by position of the parameter and name ("step", "exp_avg" …), and the groups. */
export interface OptimizerState {
  readonly state: Readonly<Record<string, Readonly<Record<string, Tensor>>>>;
  readonly param_groups: readonly SavedGroup[];
}

type Groups = readonly ParameterGroup[];

const tensorOf = (cell: Cell): Tensor => new Tensor(cell.read()).detach();

/** `weightDecay` as `weight_decay`. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function saveState(groups: Groups): OptimizerState {
  const slots = groups.flatMap((group) => group.slots);
  const position = new Map(slots.map((slot, i) => [slot, i]));
  const saved = slots.map((slot) => ({
    step: tensorOf(slot.count),
    ...Object.fromEntries(Object.entries(slot.state).map(([name, cell]) => [name, tensorOf(cell)])),
  }));
  return {
    state: Object.fromEntries(saved.map((state, i) => [`${i}`, state])),
    param_groups: groups.map(({ options, lr, initialLr, slots: own }) => ({
      ...Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value])),
      lr,
      ...(initialLr === undefined ? {} : { initial_lr: initialLr }),
      params: own.map((s) => position.get(s)!),
    })),
  };
}

/** A group's options with those that were saved in place of its own; names that it does not know are another program's. */
function optionsIn({ options }: ParameterGroup, saved: SavedGroup): OptimizerOptions {
  const known = Object.keys(options).filter((name) => saved[snakeCase(name)] !== undefined);
  return { ...options, ...Object.fromEntries(known.map((name) => [name, saved[snakeCase(name)]])) };
}

/** One piece of state in a cell's dtype. Throws ShapeError where the shape is another. */
export function fitting(tensor: Tensor, shape: readonly number[], { dtype }: Cell, name: string): Node {
  if (!sameShape(shape, tensor.shape))
    throw new ShapeError(
      `optimizer: ${name} is ${show(shape)} here and ${show(tensor.shape)} there. Nothing was loaded`,
    );
  return cast(tensor.node, dtype);
}

const filled = (shape: Shape, value: number, dtype: DType): Node =>
  owned(allocate(dtype, sizeOf(shape)).fill(value) as TypedArray, shape, dtype).node;

interface LoadedSlot {
  readonly slot: Slot;
  readonly count: Node;
  readonly state: ReadonlyMap<string, Node>;
}

/** What was saved for a parameter, checked. PyTorch saves nothing for one that was never updated, and no step for SGD. */
function slotIn(
  group: ParameterGroup,
  slot: Slot,
  options: OptimizerOptions,
  saved: OptimizerState,
  at: number,
): LoadedSlot {
  const { parameter } = slot;
  const layout = [...group.layout(parameter, options)];
  const own = saved.state[at];
  if (!own) {
    const fresh = layout.map(([name, { shape, initial }]) => [name, filled(shape, initial, parameter.dtype)] as const);
    return { slot, count: filled([], 0, slot.count.dtype), state: new Map(fresh) };
  }
  const missing = layout.map(([name]) => name).filter((name) => !own[name]);
  if (missing.length > 0)
    throw new FormatError(`optimizer: the state of parameter ${at} has no ${missing.join(", ")}. Nothing was loaded`);
  return {
    slot,
    count: own["step"] ? fitting(own["step"], [], slot.count, `${at}.step`) : filled([], 1, slot.count.dtype),
    state: new Map(layout.map(([name, { shape }]) => [name, fitting(own[name]!, shape, parameter, `${at}.${name}`)])),
  };
}

export function loadState(groups: Groups, saved: OptimizerState): void {
  const sizes = (list: readonly (readonly unknown[])[]): string => list.map((part) => part.length).join(" + ");
  const [here, there] = [sizes(groups.map((g) => g.slots)), sizes(saved.param_groups.map((g) => g.params))];
  if (here !== there)
    throw new FormatError(`optimizer: has groups of ${here} parameters, the state of ${there}. Nothing was loaded`);
  const loaded = groups.map((group, g) => {
    const options = optionsIn(group, saved.param_groups[g]!);
    group.checkOptions(options);
    const { params } = saved.param_groups[g]!;
    return { group, options, slots: group.slots.map((slot, i) => slotIn(group, slot, options, saved, params[i]!)) };
  });
  for (const [g, { group, options }] of loaded.entries()) {
    const { initial_lr: initialLr } = saved.param_groups[g]!;
    group.options = options;
    if (typeof initialLr === "number") group.initialLr = initialLr;
  }
  const slots = loaded.flatMap((group) => group.slots);
  const values = slots.flatMap(({ slot, state }) =>
    [...state].map(([name, value]) => ({ cell: slot.state[name]!, value })),
  );
  store([...values, ...sharedCounts(slots)]);
}

/**
 * One cell for all parameters with the same count: the same number or, where only the device knows it, the same version of a cell. Traced
 * steps would go on counting in the old ones.
 */
function sharedCounts(slots: readonly LoadedSlot[]): Assignment[] {
  bumpEpoch();
  const cells = new Map<unknown, Assignment>();
  for (const { slot, count } of slots) {
    const key = readIfHere(count)?.[0] ?? count.source ?? count;
    const { dtype, label } = slot.count;
    const shared = cells.get(key) ?? { cell: scalarCell(0, dtype, label), value: count };
    cells.set(key, shared);
    slot.count = shared.cell;
  }
  return [...cells.values()];
}
