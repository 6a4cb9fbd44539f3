import type { PerAxis } from "../tensor/functional/windows.ts";
import { perAxis, reachOf } from "../tensor/functional/windows.ts";
import { Conv1d, Conv2d, Conv3d } from "./conv.ts";
import type { Module } from "./module.ts";
import {
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  LPPool1d,
  LPPool2d,
  LPPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
} from "./pool.ts";
import type { Spatial } from "./rules.ts";

/** What one unit of a layer sees of the input, along each spatial axis. */
export interface ReceptiveField {
  readonly layer: string;
  /** How many elements of the input. */
  readonly size: readonly number[];
  /** How far apart in the input two neighbours are. */
  readonly step: readonly number[];
}

interface Windowed {
  readonly size: PerAxis;
  readonly stride: PerAxis;
  readonly dilation: PerAxis;
}

const CONVOLUTIONS = [Conv1d, Conv2d, Conv3d];
const POOLS = [
  [MaxPool1d, AvgPool1d, LPPool1d],
  [MaxPool2d, AvgPool2d, LPPool2d],
  [MaxPool3d, AvgPool3d, LPPool3d],
];

function windowOf(layer: Module, spatial: Spatial): Windowed | undefined {
  const kinds = POOLS[spatial - 1]!;
  for (const kind of CONVOLUTIONS.slice(spatial - 1, spatial))
    if (layer instanceof kind) return { size: layer.kernelSize, stride: layer.stride, dilation: layer.dilation };
  for (const kind of kinds)
    if (layer instanceof kind) {
      const options: { readonly stride?: PerAxis | undefined; readonly dilation?: PerAxis | undefined } = layer.options;
      return { size: layer.size, stride: options.stride ?? layer.size, dilation: options.dilation ?? 1 };
    }
  return undefined;
}

/**
 * How much of the input the units of each convolution and pooling of a model see, where these follow one another: it grows
 * by (window − 1) · dilation · step, and steps multiply by the stride.
 * @param spatial one, two (the default) or three spatial axes.
 */
export function receptiveFields(model: Module, spatial: Spatial = 2): ReceptiveField[] {
  let [size, step]: [number[], number[]] = [new Array<number>(spatial).fill(1), new Array<number>(spatial).fill(1)];
  const fields: ReceptiveField[] = [];
  for (const layer of model.modules()) {
    const window = windowOf(layer, spatial);
    if (!window) continue;
    const [sizes, strides, dilations] = [window.size, window.stride, window.dilation].map((value) =>
      perAxis(`${layer}`, "window", value, spatial, 1),
    ) as [number[], number[], number[]];
    size = size.map((n, i) => n + (reachOf(sizes[i]!, dilations[i]!) - 1) * step[i]!);
    step = step.map((n, i) => n * strides[i]!);
    fields.push({ layer: `${layer}`, size, step });
  }
  return fields;
}
