import { ArgumentError } from "../core/errors.ts";
import { withGradientMode } from "../graph/op.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { rsqrt } from "../tensor/functional/elementary.ts";
import { reshape } from "../tensor/functional/movement.ts";
import { fromNode } from "../tensor/tensor.ts";
import { Conv1d, Conv2d, Conv3d, type ConvOptions } from "./conv.ts";
import { Linear } from "./linear.ts";
import type { Module } from "./module.ts";
import type { RunningNorm } from "./runningNorm.ts";

/** A layer of the same sizes, with a bias. */
function likeness(layer: Module): Linear | Conv1d | Conv2d | Conv3d {
  if (layer instanceof Linear) return new Linear(layer.inFeatures, layer.outFeatures, { dtype: layer.weight.dtype });
  for (const kind of [Conv1d, Conv2d, Conv3d]) {
    if (!(layer instanceof kind)) continue;
    const { inChannels, outChannels, kernelSize, stride, padding, paddingMode, dilation, groups } = layer as Conv2d;
    const options: ConvOptions = { stride, padding, paddingMode, dilation, groups, dtype: layer.weight.dtype };
    return new (kind as typeof Conv2d)(inChannels, outChannels, kernelSize, options as object);
  }
  throw new ArgumentError(`foldBatchNorm: ${layer} is no linear layer and no convolution`);
}

/**
 * A linear layer or convolution and the batch norm behind it as one layer, for inference: weight · s and
 * (bias − mean) · s + shift with s = scale / √(variance + ε), from the running statistics.
 * @throws ArgumentError where the norm keeps no statistics, or its channels are not the layer's outputs.
 */
export function foldBatchNorm<M extends Linear | Conv1d | Conv2d | Conv3d>(layer: M, norm: RunningNorm): M {
  const { running } = norm;
  const outputs = layer.weight.node.shape[0]!;
  if (!running) throw new ArgumentError(`foldBatchNorm: ${norm} keeps no running statistics`);
  if (norm.features !== outputs)
    throw new ArgumentError(`foldBatchNorm: ${norm} is for ${norm.features} channels, ${layer} has ${outputs} outputs`);
  const folded = likeness(layer);
  withGradientMode(false, () => {
    const unit = rsqrt(add(running.variance.node, norm.eps));
    const scale = norm.weight ? mul(unit, norm.weight.node) : unit;
    const column = reshape(scale, [outputs, ...layer.weight.node.shape.slice(1).map(() => 1)]);
    const centred = sub(layer.bias?.node ?? 0, running.mean.node);
    const bias = mul(centred, scale);
    folded.loadStateDict({
      weight: fromNode(mul(layer.weight.node, column)),
      bias: fromNode(norm.bias ? add(bias, norm.bias.node) : bias),
    });
  });
  return folded.train(layer.training) as M;
}
