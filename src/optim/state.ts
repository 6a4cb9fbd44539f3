/** Optimizer state in the layout of PyTorch's `state_dict`. */
import { sizeOf, sameShape, show } from "../core/shape.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import { FormatError, ShapeError } from "../core/errors.ts";
import { cast } from "../graph/ops/unary.ts";
import type { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { readSync } from "../tensor/evaluate.ts";
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

/** The elements of one piece of state, for a cell's dtype. Throws ShapeError where the shape is another. */
export function elements(tensor: Tensor, shape: readonly number[], { dtype }: Cell, name: string): TypedArray {
  if (!sameShape(shape, tensor.shape))
    throw new ShapeError(
      `optimizer: ${name} is ${show(shape)} here and ${show(tensor.shape)} there. Nothing was loaded`,
    );
  return readSync(cast(tensor.node, dtype));
}

interface LoadedSlot {
  readonly slot: Slot;
  readonly count: number;
  readonly state: ReadonlyMap<string, TypedArray>;
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
    const fresh = layout.map(([name, { shape, initial }]) => [
      name,
      allocate(parameter.dtype, sizeOf(shape)).fill(initial) as TypedArray,
    ]);
    return { slot, count: 0, state: new Map(fresh as [string, TypedArray][]) };
  }
  const missing = layout.map(([name]) => name).filter((name) => !own[name]);
  if (missing.length > 0)
    throw new FormatError(`optimizer: the state of parameter ${at} has no ${missing.join(", ")}. Nothing was loaded`);
  return {
    slot,
    count: own["step"] ? elements(own["step"], [], slot.count, `${at}.step`)[0]! : 1,
    state: new Map(layout.map(([name, { shape }]) => [name, elements(own[name]!, shape, parameter, `${at}.${name}`)])),
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
  for (const [g, { group, options, slots }] of loaded.entries()) {
    const { initial_lr: initialLr } = saved.param_groups[g]!;
    group.options = options;
    if (typeof initialLr === "number") group.initialLr = initialLr;
    for (const { slot, state } of slots) for (const [name, array] of state) slot.state[name]!.set(array);
  }
  shareCounts(loaded.flatMap(({ slots }) => slots));
}

/** One cell for all parameters with the same count. Traced steps would go on counting in the old ones. */
function shareCounts(slots: readonly LoadedSlot[]): void {
  bumpEpoch();
  const cells = new Map<number, Cell>();
  for (const { slot, count } of slots) {
    const known = cells.get(count) ?? scalarCell(count, slot.count.dtype, slot.count.label);
    cells.set(count, known);
    slot.count = known;
  }
}
