import { isHalf } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { dot } from "../../graph/ops/dot.ts";
import { contiguous, dilate, flip, permute, reshape, slice } from "../../graph/ops/movement.ts";
import { sum } from "../../graph/ops/reduce.ts";
import { cast } from "../../graph/ops/unary.ts";
import { add, mul } from "./arithmetic.ts";
import { contractionType } from "../precision.ts";
import { commonType } from "./operands.ts";
import { withGradient } from "./custom.ts";
import { pad } from "./movement.ts";
import { padAround, type PaddingMode } from "./padding.ts";
import { geometry, perAxis, reachOf, windows, type Geometry, type Padding, type PerAxis } from "./windows.ts";

export interface ConvolutionOptions {
  /** Step between windows, 1 by default. */
  readonly stride?: PerAxis | undefined;
  /** Elements around the input, 0 by default. */
  readonly padding?: Padding | undefined;
  /** What is put around the input, "zeros" by default. */
  readonly paddingMode?: PaddingMode | undefined;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: PerAxis | undefined;
  /** Groups of channels that do not see one another, 1 by default; as many as channels is a depthwise convolution. */
  readonly groups?: number | undefined;
  /** [out], added to every position. */
  readonly bias?: Node | undefined;
}

export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, "paddingMode"> {
  readonly padding?: PerAxis | undefined;
  /** Elements added at the end of each axis, 0 by default: which of the sizes that a stride maps to one is meant. */
  readonly outputPadding?: PerAxis | undefined;
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** [n, g·c, …] as [n, g, c, …]. */
const grouped = (x: Node, axis: number, groups: number): Node =>
  reshape(x, [...x.shape.slice(0, axis), groups, x.shape[axis]! / groups, ...x.shape.slice(axis + 1)]);

/** The kernel that carries gradients back: flipped in space, in and out exchanged within each group. */
function reversed(kernel: Node, groups: number): Node {
  const spatial = range(2, kernel.shape.length - 2);
  const flipped = flip(kernel, spatial);
  const byGroup = grouped(flipped, 0, groups);
  const swapped = permute(byGroup, [0, 2, 1, ...spatial.map((axis) => axis + 1)]);
  return reshape(swapped, [groups * kernel.shape[1]!, kernel.shape[0]! / groups, ...kernel.shape.slice(2)]);
}

/** The geometry of the convolution that maps output gradients (spread by the stride) back to the input. */
function backwards(x: Node, kernel: Node, { stride, padding, dilation }: Geometry): Geometry {
  return {
    stride: stride.map(() => 1),
    dilation,
    padding: stride.map((step, i) => {
      const reach = reachOf(kernel.shape[2 + i]!, dilation[i]!);
      const [low, high] = padding[i]!;
      const unread = (x.shape[2 + i]! + low + high - reach) % step;
      return [reach - 1 - low, reach - 1 - high + unread];
    }),
  };
}

const spreadBy = (x: Node, stride: readonly number[]): Node => dilate(x, [1, 1, ...stride]);

/**
 * [n, c, …] padded, and stored with channels last: a window's rows are then runs of memory, and nothing guards them.
 * Of `thin` groups it is the groups that come last, behind the channels of each.
 */
function padded(x: Node, { padding }: Pick<Geometry, "padding">, thin = 1): Node {
  const spatial = range(3, x.shape.length - 2);
  const apart = grouped(pad(x, [[0, 0], [0, 0], ...padding]), 1, thin);
  const last = contiguous(permute(apart, [0, ...spatial, 2, 1]));
  const back = permute(last, [0, spatial.length + 2, spatial.length + 1, ...range(1, spatial.length)]);
  return reshape(back, [x.shape[0]!, x.shape[1]!, ...back.shape.slice(3)]);
}

/**
 * Convolutions of so many groups, each of so few channels (in times out), such as depthwise ones, are no products of
 * matrices but sums of products side by side: vectors run along the groups.
 */
const MANY_GROUPS = 16;
const FEW_CHANNELS = 16;
const isThin = ({ shape: [outputs, inputs] }: Node, groups: number): boolean =>
  groups >= MANY_GROUPS && inputs! * (outputs! / groups) <= FEW_CHANNELS;

/** Windows [n, g·c, p…, k…] as [n, p…, k…, c, 1, g]: factors of sums over thin groups, the 1 for what a group puts out. */
function thinFactors(views: Node, spatial: number, groups: number): Node {
  const apart = grouped(views, 1, groups);
  const ordered = permute(apart, [0, ...range(3, 2 * spatial), 2, 1]);
  return reshape(ordered, [...ordered.shape.slice(0, -1), 1, groups]);
}

/** Windows [n, g·c, p…, k…] with [g·o, c, k…] to [n, g·o, p…]. */
function thinProduct(views: Node, kernel: Node, groups: number): Node {
  const spatial = kernel.shape.length - 2;
  const taps = range(1 + spatial, spatial + 1);
  const panel = contiguous(permute(grouped(kernel, 0, groups), [...range(3, spatial), 2, 1, 0]));
  // [n, p…, o, g]
  const product = sum(mul(thinFactors(views, spatial, groups), panel), taps);
  const ordered = permute(product, [0, spatial + 2, spatial + 1, ...range(1, spatial)]);
  return reshape(ordered, [views.shape[0]!, kernel.shape[0]!, ...ordered.shape.slice(3)]);
}

/**
 * Output gradients against input windows as `thinProduct` takes them: summed over the positions of each example, and then over
 * examples. The gradients are read where the input's gradient reads them, with `padding` around them.
 */
function thinKernelGradient(grad: Node, views: Node, groups: number, kernel: Node, padding: Geometry["padding"]): Node {
  const { dtype } = kernel;
  const spatial = kernel.shape.length - 2;
  // Parts of sums are not to be rounded.
  const exact = (x: Node): Node => (isHalf(dtype) ? cast(x, "f32") : x);
  const inside = slice(padded(grad, { padding }, groups), [0, 0, ...padding.map(([low]) => low)], grad.shape);
  const ordered = permute(grouped(inside, 1, groups), [0, ...range(3, spatial), 2, 1]);
  const places = ordered.shape.slice(0, 1 + spatial);
  const outputs = reshape(ordered, [...places, ...range(0, spatial + 1).map(() => 1), ...ordered.shape.slice(-2)]);
  // [n, k…, c, o, g]
  const examples = sum(mul(exact(thinFactors(views, spatial, groups)), exact(outputs)), range(1, spatial));
  const total = cast(sum(examples, [0]), dtype);
  return reshape(permute(total, [spatial + 2, spatial + 1, spatial, ...range(0, spatial)]), kernel.shape);
}

/**
 * [n, c, …] with [o, c / groups, k…] over windows: one `dot`, or a sum of products where groups are thin. Both gradients are again such products, the input's a
 * convolution of the output gradient (spread by the stride), so that no buffer of windows is ever summed back.
 */
function convolve(op: string, input: Node, weights: Node, shape: Geometry, groups: number): Node {
  const spatial = weights.shape.length - 2;
  const sizes = weights.shape.slice(2);
  const thin = isThin(weights, groups);
  const views = (x: Node): Node => windows(op, padded(x, shape, thin ? groups : 1), sizes, shape);
  return withGradient(
    op,
    [input, weights],
    () => {
      const [x, kernel] = [views(input), weights];
      if (groups === 1) {
        // [k…, c, o]: the panel that many positions meet.
        const panel = contiguous(permute(kernel, [...range(2, spatial), 1, 0]));
        const contract = [[...range(2 + spatial, spatial), 1], range(0, 1 + spatial)] as const;
        const product = dot(x, panel, { batch: [[], []], contract });
        return permute(product, [0, 1 + spatial, ...range(1, spatial)]);
      }
      if (thin) return thinProduct(x, kernel, groups);
      const product = dot(grouped(x, 1, groups), grouped(kernel, 0, groups), {
        batch: [[1], [0]],
        contract: [[2, ...range(3 + spatial, spatial)], range(2, 1 + spatial)],
      });
      const ordered = permute(product, [1, 0, 2 + spatial, ...range(2, spatial)]);
      return reshape(ordered, [input.shape[0]!, weights.shape[0]!, ...ordered.shape.slice(3)]);
    },
    (grad, _, [x, kernel]) => {
      const back = backwards(x!, kernel!, shape);
      const toKernel = (): Node => {
        if (!thin) return kernelGradient(grad, views(x!), spatial, groups, kernel!);
        const shares = shape.stride.every((step) => step === 1) && back.padding.flat().every((width) => width >= 0);
        return thinKernelGradient(
          grad,
          views(x!),
          groups,
          kernel!,
          shares ? back.padding : back.padding.map(() => [0, 0]),
        );
      };
      return [
        x!.requiresGrad ? convolveSpread(op, grad, reversed(kernel!, groups), shape.stride, back, groups) : undefined,
        kernel!.requiresGrad ? toKernel() : undefined,
      ];
    },
  );
}

/**
 * The convolution of `x` with its elements set `steps` apart and zeros between, without multiplying the zeros: each of the
 * `step` positions between two elements meets its own elements of the kernel, so these are channels of a convolution of `x`
 * itself, woven together afterwards.
 */
function convolveSpread(
  op: string,
  x: Node,
  kernel: Node,
  steps: readonly number[],
  shape: Geometry,
  groups: number,
): Node {
  const { dilation } = shape;
  if (steps.every((step) => step === 1) || steps.some((step, i) => step > 1 && dilation[i]! > 1))
    return convolve(op, spreadBy(x, steps), kernel, shape, groups);
  const along = steps.map((step, i) => {
    const [low, high] = shape.padding[i]!;
    const [length, size] = [x.shape[2 + i]!, kernel.shape[2 + i]!];
    const result = (length - 1) * step + 1 + low + high - reachOf(size, dilation[i]!) + 1;
    // The result begins inside a round of positions: whole rounds are computed, and these cut off.
    const skipped = (((step - 1 - low) % step) + step) % step;
    const before = (low + skipped - step + 1) / step;
    const rounds = Math.ceil((result + skipped) / step);
    const taps = Math.ceil(size / step);
    const padding = [before, rounds + reachOf(taps, dilation[i]!) - 1 - before - length] as const;
    return { step, size, taps, rounds, skipped, result, padding };
  });
  const [outputs, inputs] = kernel.shape as readonly [number, number, ...number[]];
  const spatial = range(0, steps.length);
  const whole = pad(kernel, [[0, 0], [0, 0], ...along.map(({ step, size, taps }) => [0, taps * step - size] as const)]);
  const apart = reshape(whole, [outputs, inputs, ...along.flatMap(({ step, taps }) => [taps, step])]);
  const byPosition = flip(
    apart,
    spatial.map((i) => 3 + 2 * i),
  );
  const ordered = permute(byPosition, [0, ...spatial.map((i) => 3 + 2 * i), 1, ...spatial.map((i) => 2 + 2 * i)]);
  const positions = steps.reduce((product, step) => product * step, 1);
  const product = convolve(
    op,
    x,
    reshape(ordered, [outputs * positions, inputs, ...along.map(({ taps }) => taps)]),
    { stride: steps.map(() => 1), dilation, padding: along.map(({ padding }) => padding) },
    groups,
  );
  const rounds = reshape(product, [x.shape[0]!, outputs, ...steps, ...along.map((axis) => axis.rounds)]);
  const woven = permute(rounds, [0, 1, ...spatial.flatMap((i) => [2 + steps.length + i, 2 + i])]);
  const result = reshape(woven, [x.shape[0]!, outputs, ...along.map((axis) => axis.rounds * axis.step)]);
  return slice(
    result,
    [0, 0, ...along.map(({ skipped }) => skipped)],
    [x.shape[0]!, outputs, ...along.map((axis) => axis.result)],
  );
}

/** Output gradients against input windows, summed over examples and positions. */
function kernelGradient(grad: Node, x: Node, spatial: number, groups: number, kernel: Node): Node {
  if (groups === 1) {
    // [k…, c, o]: channels stand side by side in both.
    const last = permute(x, [0, ...range(2, 2 * spatial), 1]);
    const places = [0, ...range(1, spatial)];
    const product = contiguous(dot(last, grad, { batch: [[], []], contract: [places, [0, ...range(2, spatial)]] }));
    return permute(product, [1 + spatial, spatial, ...range(0, spatial)]);
  }
  const contract = [
    [0, ...range(3, spatial)],
    [0, ...range(3, spatial)],
  ] as const;
  return reshape(dot(grouped(grad, 1, groups), grouped(x, 1, groups), { batch: [[1], [1]], contract }), kernel.shape);
}

const AXES = ["w", "h, w", "d, h, w"];

/** Ranks of both operands, one to three spatial axes. */
function checkRanks(op: string, x: Node, kernel: Node, spatial: number, first: string): void {
  if (x.shape.length !== spatial + 2)
    throw new ShapeError(
      `${op}: the input must be [n, c, ${AXES[spatial - 1]}], got ${show(x.shape)}. Use unsqueeze to add a missing axis`,
    );
  if (kernel.shape.length !== spatial + 2)
    throw new ShapeError(`${op}: the kernel must be [${first}, ${AXES[spatial - 1]}], got ${show(kernel.shape)}`);
}

/**
 * Cross-correlation of [n, c, …] with a kernel [out, c / groups, …], one to three spatial axes, as in PyTorch.
 * Messages begin with `op`. Throws ShapeError for ranks, channels or windows that do not fit, ArgumentError for options that make no sense.
 */
export function convolution(
  spatial: 1 | 2 | 3,
  x: Node,
  kernel: Node,
  { stride = 1, padding = 0, paddingMode = "zeros", dilation = 1, groups = 1, bias }: ConvolutionOptions = {},
  op: string = `conv${spatial}d`,
): Node {
  checkRanks(op, x, kernel, spatial, "out, in");
  const [channels, wanted, outputs] = [x.shape[1]!, kernel.shape[1]!, kernel.shape[0]!];
  if (channels !== wanted * groups)
    throw new ShapeError(
      `${op}: ${show(x.shape)} has ${channels} channels, the kernel ${show(kernel.shape)} wants ${wanted * groups}` +
        (groups > 1 ? ` (${groups} groups of ${wanted})` : ""),
    );
  if (outputs % groups !== 0)
    throw new ShapeError(
      `${op}: ${outputs} output channels of ${show(kernel.shape)} do not fall into ${groups} groups`,
    );
  const shape = geometry(op, x.shape.slice(2), kernel.shape.slice(2), { stride, padding, dilation });
  const dtype = contractionType(commonType([x, kernel]));
  const product = (image: Node, by: Geometry): Node =>
    convolve(op, cast(image, dtype), cast(kernel, dtype), by, groups);
  if (paddingMode === "zeros") return withBias(op, product(x, shape), bias);
  const surrounded = padAround(op, x, shape.padding, paddingMode);
  return withBias(op, product(surrounded, { ...shape, padding: shape.padding.map(() => [0, 0]) }), bias);
}

/**
 * The transpose of `convolution` with the same options: [n, c, …] with a kernel [c, out / groups, …]. Where a stride maps
 * several input sizes to one, `outputPadding` chooses among them.
 */
export function transposedConvolution(
  spatial: 1 | 2 | 3,
  x: Node,
  kernel: Node,
  { stride = 1, padding = 0, dilation = 1, groups = 1, bias, outputPadding = 0 }: TransposedConvolutionOptions = {},
  op: string = `convTranspose${spatial}d`,
): Node {
  checkRanks(op, x, kernel, spatial, "in, out");
  if (x.shape[1] !== kernel.shape[0])
    throw new ShapeError(
      `${op}: ${show(x.shape)} has ${x.shape[1]} channels, the kernel ${show(kernel.shape)} wants ${kernel.shape[0]}`,
    );
  if (x.shape[1]! % groups !== 0)
    throw new ShapeError(`${op}: ${x.shape[1]} channels of ${show(x.shape)} do not fall into ${groups} groups`);
  const steps = perAxis(op, "stride", stride, spatial, 1);
  const around = perAxis(op, "padding", padding, spatial, 0);
  const apart = perAxis(op, "dilation", dilation, spatial, 1);
  const extra = perAxis(op, "outputPadding", outputPadding, spatial, 0);
  extra.forEach((width, i) => {
    if (width >= Math.max(steps[i]!, apart[i]!))
      throw new ArgumentError(
        `${op}: outputPadding ${width} must be smaller than the stride ${steps[i]} or the dilation ${apart[i]}`,
      );
    const length =
      (x.shape[2 + i]! - 1) * steps[i]! - 2 * around[i]! + reachOf(kernel.shape[2 + i]!, apart[i]!) + width;
    if (length < 1)
      throw new ShapeError(
        `${op}: padding ${around[i]} leaves no element of axis ${2 + i} of ${show(x.shape)}. Use less padding`,
      );
  });
  const shape: Geometry = {
    stride: steps.map(() => 1),
    dilation: apart,
    padding: around.map((width, i) => {
      const edge = reachOf(kernel.shape[2 + i]!, apart[i]!) - 1 - width;
      return [edge, edge + extra[i]!];
    }),
  };
  const dtype = contractionType(commonType([x, kernel]));
  const result = convolveSpread(op, cast(x, dtype), reversed(cast(kernel, dtype), groups), steps, shape, groups);
  return withBias(op, result, bias);
}

function withBias(op: string, x: Node, bias: Node | undefined): Node {
  if (!bias) return x;
  if (bias.shape.length !== 1 || bias.shape[0] !== x.shape[1])
    throw new ShapeError(
      `${op}: the bias must be [${x.shape[1]}], one number per output channel, got ${show(bias.shape)}`,
    );
  return add(x, reshape(bias, [x.shape[1]!, ...x.shape.slice(2).map(() => 1)]));
}
