/** Optimizer state in the layout of PyTorch's `state_dict`. */
import type { TypedArray } from "../core/dtype.ts";
import { FormatError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { cast } from "../graph/ops/unary.ts";
import type { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { readSync } from "../tensor/evaluate.ts";
import { Tensor } from "../tensor/tensor.ts";
import { scalarCell, type ParameterGroup, type Slot } from "./group.ts";

/** A group's options; `params` are positions of parameters, counted over all groups. */
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

export function saveState(groups: Groups): OptimizerState {
  const slots = groups.flatMap((group) => group.slots);
  const position = new Map(slots.map((slot, i) => [slot, i]));
  const saved = slots.map((slot) => ({
    step: tensorOf(slot.count),
    ...Object.fromEntries(Object.entries(slot.state).map(([name, cell]) => [name, tensorOf(cell)])),
  }));
  return {
    state: Object.fromEntries(saved.map((state, i) => [`${i}`, state])),
    param_groups: groups.map(({ options, lr, slots: own }) => ({
      ...options,
      lr,
      params: own.map((s) => position.get(s)!),
    })),
  };
}

/** The elements for a cell. */
function elements(cell: Cell, tensor: Tensor, name: string): TypedArray {
  if (!sameShape(cell.shape, tensor.shape))
    throw new ShapeError(
      `optimizer: ${name} is ${show(cell.shape)} here and ${show(tensor.shape)} there. Nothing was loaded`,
    );
  return readSync(cast(tensor.node, cell.dtype));
}

export function loadState(groups: Groups, saved: OptimizerState): void {
  const sizes = (list: readonly (readonly unknown[])[]): string => list.map((part) => part.length).join(" + ");
  const [here, there] = [sizes(groups.map((g) => g.slots)), sizes(saved.param_groups.map((g) => g.params))];
  if (here !== there)
    throw new FormatError(`optimizer: has groups of ${here} parameters, the state of ${there}. Nothing was loaded`);
  const writes: [Cell, TypedArray][] = [];
  const counts: [Slot, number][] = [];
  groups.forEach((group, g) =>
    group.slots.forEach((slot, i) => {
      const position = saved.param_groups[g]!.params[i]!;
      const state = saved.state[position];
      const names = ["step", ...Object.keys(slot.state)];
      // PyTorch saves no state for a parameter that was never updated.
      if (!state) {
        counts.push([slot, 0]);
        for (const cell of Object.values(slot.state))
          writes.push([cell, readSync(cell.read()).slice().fill(0) as TypedArray]);
        return;
      }
      const missing = names.filter((name) => !state[name]);
      if (missing.length > 0)
        throw new FormatError(
          `optimizer: the state of parameter ${position} has no ${missing.join(", ")}. Nothing was loaded`,
        );
      counts.push([slot, elements(slot.count, state["step"]!, `${position}.step`)[0]!]);
      for (const [name, cell] of Object.entries(slot.state))
        writes.push([cell, elements(cell, state[name]!, `${position}.${name}`)]);
    }),
  );
  for (const [cell, array] of writes) cell.set(array);
  shareCounts(counts);
  groups.forEach((group, g) => (group.lr = saved.param_groups[g]!.lr));
}

/** One cell for all parameters with the same count. Traced steps would go on counting in the old ones. */
function shareCounts(counts: readonly (readonly [Slot, number])[]): void {
  bumpEpoch();
  const cells = new Map<number, Cell>();
  for (const [slot, count] of counts) {
    const known = cells.get(count) ?? scalarCell(count, slot.count.dtype, slot.count.label);
    cells.set(count, known);
    slot.count = known;
  }
}
