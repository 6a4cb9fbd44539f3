/** Mean and variance of what layers return, gathered while a model trains: drifting ones show internal covariate shift. */
import { isFloat } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { withGradientMode } from "../graph/op.ts";
import { detach } from "../graph/ops/control.ts";
import { fill } from "../graph/ops/leaf.ts";
import { cast } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { loadAll } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { mean, variance } from "../tensor/functional/reductions.ts";
import type { BufferTensor } from "../tensor/parameter.ts";
import { Tensor } from "../tensor/tensor.ts";
import { filled } from "./init/drawn.ts";
import type { Module } from "./module.ts";

/** Of all that a layer returned in one epoch. */
export interface ActivationRecord {
  readonly epoch: number;
  readonly path: string;
  readonly layer: string;
  readonly mean: number;
  readonly variance: number;
}

/** Elements so far, their mean, and the sum of squared distances from it. */
interface Running {
  readonly count: BufferTensor;
  readonly mean: BufferTensor;
  readonly squares: BufferTensor;
}

/**
 * Watches the layers of a model that hold no others. It works in traced steps too: what it gathers is state.
 * @example
 * const watch = new nn.ActivationStatistics(model);
 * for (…) { await trainEpoch(); watch.endEpoch(); }
 * console.table(watch.records);
 */
export class ActivationStatistics {
  /** One for each layer and epoch. */
  readonly records: ActivationRecord[] = [];
  readonly #watched = new Map<string, { readonly module: Module; readonly running: Running }>();
  readonly #removals: (() => void)[] = [];
  #epoch = 0;

  /** @param chosen which layers, those without layers of their own by default. */
  constructor(model: Module, chosen: (module: Module, path: string) => boolean = (m) => m.modules().length === 1) {
    for (const [path, module] of model.namedModules()) {
      if (!chosen(module, path)) continue;
      const running: Running = {
        count: filled([], 0, "f32", `${path}.count`),
        mean: filled([], 0, "f32", `${path}.mean`),
        squares: filled([], 0, "f32", `${path}.squares`),
      };
      this.#watched.set(path, { module, running });
      this.#removals.push(
        module.onForward((_, __, output) => {
          if (output instanceof Tensor && isFloat(output.dtype)) gather(running, output);
        }),
      );
    }
    bumpEpoch();
  }

  /** To be awaited on devices that answer later (GPUs), before `endEpoch`. */
  ready(): void | Promise<void> {
    return loadAll(
      [...this.#watched.values()].flatMap(({ running }) => Object.values(running).map(({ cell }) => cell)),
    );
  }

  /** Notes what was gathered and begins anew. Layers that returned nothing leave no record. */
  endEpoch(): readonly ActivationRecord[] {
    const made: ActivationRecord[] = [];
    for (const [path, { module, running }] of this.#watched) {
      const [count, centre, squares] = [running.count, running.mean, running.squares].map((x) => x.itemSync()) as [
        number,
        number,
        number,
      ];
      if (count > 0)
        made.push({ epoch: this.#epoch, path, layer: `${module}`, mean: centre, variance: squares / count });
      for (const { cell } of [running.count, running.mean, running.squares]) cell.set(new Float32Array(1));
    }
    this.#epoch++;
    this.records.push(...made);
    return made;
  }

  /** Stops watching. */
  remove(): void {
    for (const undo of this.#removals.splice(0)) undo();
    bumpEpoch();
  }
}

/** Chan et al. 1979: two sets of numbers joined, from counts, means and sums of squared distances. */
function gather({ count, mean: centre, squares }: Running, output: Tensor): void {
  withGradientMode(false, () => {
    const x = cast(detach(output.node), "f32");
    const added = fill([], sizeOf(x.shape), "f32");
    const total = add(count.node, added);
    const distance = sub(mean(x), centre.node);
    const share = div(added, total);
    const within = mul(variance(x, undefined, false, 0), added);
    const between = mul(mul(distance, distance), mul(count.node, share));
    assign([
      { cell: centre.cell, value: add(centre.node, mul(distance, share)) },
      { cell: squares.cell, value: add(add(squares.node, within), between) },
      { cell: count.cell, value: total },
    ]);
  });
}
