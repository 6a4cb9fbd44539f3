/** Units that say 0 whatever they are shown: they take no part, and no gradient brings them back. */
import { ArgumentError } from "../../core/errors.ts";
import { noGrad } from "../../tensor/autodiff.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Module } from "../module.ts";

export interface DeadUnits {
  /** Where the module stands in the model. */
  readonly path: string;
  readonly units: number;
  /** Positions of the dead ones. */
  readonly dead: readonly number[];
  /** Their part of all units, from 0 to 1. */
  readonly share: number;
}

export interface DeadUnitsOptions {
  /** The axis of units: the last by default, of images [n, channels, height, width] the channels. */
  readonly axis?: number | undefined;
}

/** True for the units of a batch of outputs that are not 0 somewhere. */
function alive(outputs: Tensor, axis: number | undefined): boolean[] {
  const units = (outputs.rank + (axis ?? (outputs.rank === 4 ? 1 : -1))) % outputs.rank;
  const others = outputs.shape.map((_, i) => i).filter((i) => i !== units);
  return Array.from(outputs.ne(0).any(others).dataSync(), (v) => v !== 0);
}

/**
 * For every innermost module of a model, which of its units are 0 for all inputs of all batches. Functions such as `nn.relu` are no
 * modules: use `new nn.ReLU()` where units shall be watched. The model is in evaluation mode meanwhile.
 * @throws ArgumentError when there are no batches.
 * @example deadUnits(model, [images]).filter(({ share }) => share > 0.1)
 */
export function deadUnits(
  model: Module & { forward(x: Tensor): unknown },
  batches: Iterable<Tensor>,
  { axis }: DeadUnitsOptions = {},
): DeadUnits[] {
  const found = new Map<string, boolean[]>();
  const watched = [...model.namedModules()].filter(([, module]) => module.modules().length === 1);
  const removers = watched.map(([path, module]) =>
    module.onForward((_, __, output) => {
      if (!(output instanceof Tensor) || output.rank === 0) return;
      const now = alive(output, axis);
      const before = found.get(path);
      found.set(path, before ? now.map((v, i) => v || before[i]!) : now);
    }),
  );
  const training = model.modules().filter((module) => module.training);
  try {
    model.eval();
    let count = 0;
    for (const batch of batches) {
      noGrad(() => model.forward(batch));
      count++;
    }
    if (count === 0) throw new ArgumentError("deadUnits: there are no batches");
  } finally {
    for (const remove of removers) remove();
    for (const module of training) module.training = true;
  }
  return [...found].map(([path, units]) => {
    const dead = units.flatMap((isAlive, i) => (isAlive ? [] : [i]));
    return { path, units: units.length, dead, share: dead.length / units.length };
  });
}
