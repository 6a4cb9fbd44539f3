import { knownOptions } from "../../core/knownOptions.ts";
import { isFloat } from "../../core/dtype.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { stack } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback } from "../callback.ts";

/** Units of a module that said the same to every example that was looked at in an epoch. */
export interface DeadUnitRecord {
  readonly epoch: number;
  /** Path of the module. */
  readonly layer: string;
  readonly units: number;
  /** Units that were always 0: dead behind a ReLU. */
  readonly dead: readonly number[];
  /** Units that were always 1: saturated behind a sigmoid or tanh; with −1, tanh's other end. */
  readonly saturated: readonly number[];
}

/**
 * Finds units that say nothing: always 0 or always ±1 for all examples of the steps that were looked into (every 10th by default). What an epoch
 * finds is shown, and kept in `records`. Units are along the last axis; of images [batch, channels, height, width] along the second.
 *
 * Functions in `sequential` are no modules: `new nn.ReLU()` is seen, `nn.relu` is not.
 */
export function deadUnits(options: { readonly every?: number } = {}): Callback & {
  readonly records: readonly DeadUnitRecord[];
} {
  knownOptions("deadUnits", options, { every: true });
  const { every = 10 } = options;
  wholeNumber("deadUnits", "every", every, 1);
  const records: DeadUnitRecord[] = [];
  /** By module, for each unit: whether all that was seen was 0, and ±1. */
  const still = new Map<string, { readonly zero: boolean[]; readonly one: boolean[] }>();
  return {
    name: "deadUnits",
    records,
    watch: {
      every,
      trace: ({ activations }) =>
        Object.fromEntries(
          [...activations]
            .filter(([, values]) => isFloat(values.dtype) && values.rank >= 2 && values.size > 0)
            .map(([path, values]) => {
              const rows = byUnit(values);
              return [path, stack([rows.eq(0).all(0).float(), rows.abs().eq(1).all(0).float()])];
            }),
        ),
      async see(values) {
        for (const [layer, value] of Object.entries(values)) {
          const units = value.shape[1]!;
          const flags = [...(await value.data())].map((flag) => flag === 1);
          const now = { zero: flags.slice(0, units), one: flags.slice(units) };
          const before = still.get(layer);
          still.set(layer, {
            zero: now.zero.map((flag, unit) => flag && (before?.zero[unit] ?? true)),
            one: now.one.map((flag, unit) => flag && (before?.one[unit] ?? true)),
          });
        }
      },
    },
    beginEpoch: () => still.clear(),
    endEpoch(run, { epoch }) {
      for (const [layer, { zero, one }] of still) {
        const numbers = (flags: readonly boolean[]): number[] => [...flags.keys()].filter((unit) => flags[unit]);
        const [dead, saturated] = [numbers(zero), numbers(one)];
        if (dead.length + saturated.length === 0) continue;
        records.push({ epoch, layer, units: zero.length, dead, saturated });
        run.log(
          `epoch ${epoch}: of ${zero.length} units of ${layer || "the model"}, ${dead.length} were always 0 and ${saturated.length} always ±1`,
        );
      }
    },
  };
}

/** Values as [everything else, units]. */
function byUnit(values: Tensor): Tensor {
  const last = values.rank === 4 ? values.permute([0, 2, 3, 1]) : values;
  return last.reshape([-1, last.shape.at(-1)!]);
}
