/** Where channels stand: Keras has them last, `nn` first. */
import type { Module } from "../nn/module.ts";
import { ChannelsLast } from "../nn/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { LayerOptions } from "./layer.ts";
import { sizeAt, type KerasShape } from "./symbolic.ts";

export type DataFormat = "channelsLast" | "channelsFirst";

export interface ChannelOptions extends LayerOptions {
  /** "channelsLast" by default: [n, …, channels]. */
  readonly dataFormat?: DataFormat | undefined;
}

/** A layer of channels first for inputs in the given format. Where channels come last, axes are renamed and nothing is moved in memory. */
export function inFormat(layer: Module, { dataFormat = "channelsLast" }: ChannelOptions): Over {
  return (dataFormat === "channelsLast" ? new ChannelsLast(layer) : layer) as Over;
}

/** A module of one tensor. */
export type Over = Module & { forward(x: Tensor): Tensor };

/** How many channels inputs of a shape have. */
export function channelsOf(layer: object, shape: KerasShape, { dataFormat = "channelsLast" }: ChannelOptions): number {
  return sizeAt(layer, shape, dataFormat === "channelsLast" ? -1 : 1);
}
