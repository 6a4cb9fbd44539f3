/**
 * Ops that move elements and change none. They cost nothing: the kernel that reads one reads its input elsewhere.
 */
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { checkAxes, checkShape, sameShape, show, sizeOf, stridesOf, type Shape } from "../../core/shape.ts";
import {
  add,
  affine,
  binary,
  constant,
  index as freshIndex,
  quotient,
  reduce,
  remainder,
  scale,
  select,
  type Expression,
} from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, batchAlongAxes, batchAlongAxis, type Op } from "../op.ts";
import { sum } from "./reduce.ts";

/** The same elements in row-major order under another shape. */
export const reshapeOp: Op<{ readonly shape: Shape }> = {
  name: "reshape",
  movement: true,
  infer([x], { shape }) {
    checkShape("reshape", shape);
    if (sizeOf(shape) !== sizeOf(x!.shape))
      throw new ShapeError(
        `reshape: ${show(x!.shape)} has ${sizeOf(x!.shape)} elements, ${show(shape)} wants ${sizeOf(shape)}`,
      );
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x] }) => [reshape(grad, x!.shape)],
  batch: ({ inputs: [x], attributes: { shape }, size }) => reshape(x!, [size, ...shape]),
  lower({ inputs: [x], nodes: [node], index, shape }) {
    const from = node!.shape;
    // Axes that both sides share from the left or the right need no arithmetic.
    let left = 0;
    while (left < from.length && left < shape.length && from[left] === shape[left]) left++;
    let right = 0;
    while (
      right < from.length - left &&
      right < shape.length - left &&
      from[from.length - 1 - right] === shape[shape.length - 1 - right]
    )
      right++;
    const inner = shape.slice(left, shape.length - right);
    const target = from.slice(left, from.length - right);
    const strides = stridesOf(inner);
    let flat: Expression = constant(0, "i32");
    for (let i = 0; i < inner.length; i++) flat = add(flat, scale(index[left + i]!, strides[i]!));
    const pitch = stridesOf(target);
    const middle = target.map((size, i) =>
      i === 0 ? quotient(flat, pitch[i]!) : remainder(quotient(flat, pitch[i]!), size),
    );
    return x!([...index.slice(0, left), ...middle, ...index.slice(shape.length - right)]);
  },
};
export const reshape = (x: Node, shape: Shape): Node =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });

/** Axis i of the result is axis `axes[i]` of the input. */
export const permuteOp: Op<{ readonly axes: readonly number[] }> = {
  name: "permute",
  movement: true,
  infer([x], { axes }) {
    if (axes.length !== x!.shape.length)
      throw new ShapeError(`permute: ${show(x!.shape)} has ${x!.shape.length} axes, got ${axes.length}`);
    if (new Set(axes).size !== axes.length || axes.some((a) => !(a in x!.shape)))
      throw new ShapeError(`permute: [${axes.join(", ")}] is not an order of the axes of ${show(x!.shape)}`);
    return { shape: axes.map((a) => x!.shape[a]!), dtype: x!.dtype };
  },
  vjp: ({ grad, attributes: { axes } }) => [
    permute(
      grad,
      axes.map((_, i) => axes.indexOf(i)),
    ),
  ],
  batch: ({ inputs: [x], attributes: { axes } }) => permute(x!, [0, ...axes.map((axis) => axis + 1)]),
  lower({ inputs: [x], index, attributes: { axes } }) {
    const source = new Array<Expression>(axes.length);
    axes.forEach((axis, i) => (source[axis] = index[i]!));
    return x!(source);
  },
};
export const permute = (x: Node, axes: readonly number[]): Node =>
  axes.every((a, i) => a === i) && axes.length === x.shape.length ? x : apply(permuteOp, [x], { axes });

/** Axes of size 1 repeated to a larger size. */
export const expandOp: Op<{ readonly shape: Shape }> = {
  name: "expand",
  movement: true,
  infer([x], { shape }) {
    checkShape("expand", shape);
    if (shape.length !== x!.shape.length || shape.some((d, i) => x!.shape[i] !== d && x!.shape[i] !== 1))
      throw new ShapeError(`expand: ${show(x!.shape)} does not expand to ${show(shape)}: only sizes of 1 can grow`);
    return { shape, dtype: x!.dtype };
  },
  vjp({ grad, inputs: [x] }) {
    const axes = x!.shape.flatMap((d, i) => (d === 1 && grad.shape[i] !== 1 ? [i] : []));
    return [reshape(sum(grad, axes), x!.shape)];
  },
  batch: ({ inputs: [x], attributes: { shape }, size }) => expand(x!, [size, ...shape]),
  lower: ({ inputs: [x], nodes: [node], index }) =>
    x!(index.map((i, axis) => (node!.shape[axis] === 1 ? constant(0, "i32") : i))),
};
export const expand = (x: Node, shape: Shape): Node =>
  sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape });

/** Per axis: every `step`-th element from `start` (inclusive), `size` of them. */
export const sliceOp: Op<{ readonly start: Shape; readonly size: Shape; readonly step: Shape }> = {
  name: "slice",
  movement: true,
  infer([x], { start, size, step }) {
    if (start.length !== x!.shape.length)
      throw new ShapeError(`slice: ${show(x!.shape)} has ${x!.shape.length} axes, got ${start.length} ranges`);
    x!.shape.forEach((d, i) => {
      if (step[i]! < 1) throw new ArgumentError(`slice: step must be 1 or more, got ${step[i]}. Use flip to reverse`);
      if (start[i]! < 0 || size[i]! < 0 || (size[i]! > 0 && start[i]! + (size[i]! - 1) * step[i]! >= d))
        throw new ShapeError(
          `slice: ${size[i]} elements from ${start[i]} by ${step[i]} do not fit in axis ${i} of ${show(x!.shape)}`,
        );
    });
    return { shape: size, dtype: x!.dtype };
  },
  vjp({ grad, inputs: [x], attributes: { start, step } }) {
    const spread = dilate(grad, step);
    return [
      pad(
        spread,
        x!.shape.map((d, i) => [start[i]!, d - start[i]! - spread.shape[i]!] as const),
      ),
    ];
  },
  batch: ({ inputs: [x], attributes: { start, size: sizes, step }, size }) =>
    slice(x!, [0, ...start], [size, ...sizes], [1, ...step]),
  lower: ({ inputs: [x], index, attributes: { start, step } }) =>
    x!(index.map((i, a) => affine([{ value: i, coefficient: step[a]! }], start[a]!))),
};
export const slice = (x: Node, start: Shape, size: Shape, step: Shape = start.map(() => 1)): Node =>
  start.every((s, i) => s === 0 && size[i] === x.shape[i] && step[i] === 1) && start.length === x.shape.length
    ? x
    : apply(sliceOp, [x], { start, size, step });

/** Inside `[low, low + size)`? Bounds that the index cannot cross are left out. */
function within(i: Expression, low: number, size: number): Expression {
  return binary("and", binary("le", constant(low, "i32"), i), binary("lt", i, constant(low + size, "i32")));
}

/** `low` and `high` elements of `value` before and after each axis. */
export const padOp: Op<{ readonly widths: readonly (readonly [number, number])[]; readonly value: number }> = {
  name: "pad",
  movement: true,
  infer([x], { widths }) {
    if (widths.length !== x!.shape.length)
      throw new ShapeError(`pad: ${show(x!.shape)} has ${x!.shape.length} axes, got ${widths.length} widths`);
    if (widths.some(([low, high]) => low < 0 || high < 0))
      throw new ArgumentError(`pad: widths must be 0 or more, got ${JSON.stringify(widths)}. Use slice to cut`);
    const shape = x!.shape.map((d, i) => d + widths[i]![0] + widths[i]![1]);
    checkShape("pad", shape);
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x], attributes: { widths } }) => [
    slice(
      grad,
      widths.map(([low]) => low),
      x!.shape,
    ),
  ],
  batch: ({ inputs: [x], attributes: { widths, value } }) => pad(x!, [[0, 0], ...widths], value),
  lower({ inputs: [x], nodes: [node], index, attributes: { widths, value }, dtype }) {
    let inside: Expression = constant(1, "bool");
    const source = index.map((i, a) => {
      const [low, high] = widths[a]!;
      if (low || high) inside = binary("and", inside, within(i, low, node!.shape[a]!));
      return add(i, constant(-low, "i32"));
    });
    if (sizeOf(node!.shape) === 0) return constant(value, dtype);
    return guarded(inside, source, node!.shape, x!, constant(value, dtype));
  },
};
export const pad = (x: Node, widths: readonly (readonly [number, number])[], value: number = 0): Node =>
  widths.every(([low, high]) => low === 0 && high === 0) ? x : apply(padOp, [x], { widths, value });

/** Reads only where `inside` holds: the index is brought into range first, so that no read leaves the buffer. */
function guarded(
  inside: Expression,
  source: readonly Expression[],
  shape: Shape,
  read: (index: readonly Expression[]) => Expression,
  otherwise: Expression,
): Expression {
  if (inside.kind === "const") return inside.value ? read(source) : otherwise;
  return select(inside, read(source.map((s, a) => clamp(s, shape[a]!))), otherwise);
}

/** An index brought into [0, size). */
export function clamp(i: Expression, size: number): Expression {
  return binary("max", binary("min", i, constant(size - 1, "i32")), constant(0, "i32"));
}

/** Elements of each axis set `step` apart, zeros between. */
export const dilateOp: Op<{ readonly step: Shape }> = {
  name: "dilate",
  movement: true,
  infer([x], { step }) {
    if (step.length !== x!.shape.length)
      throw new ShapeError(`dilate: ${show(x!.shape)} has ${x!.shape.length} axes, got ${step.length} steps`);
    if (step.some((s) => !Number.isInteger(s) || s < 1))
      throw new ArgumentError(`dilate: steps must be whole numbers of 1 or more, got ${show(step)}`);
    const shape = x!.shape.map((d, i) => (d === 0 ? 0 : (d - 1) * step[i]! + 1));
    checkShape("dilate", shape);
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x], attributes: { step } }) => [
    slice(
      grad,
      step.map(() => 0),
      x!.shape,
      step,
    ),
  ],
  batch: ({ inputs: [x], attributes: { step } }) => dilate(x!, [1, ...step]),
  lower({ inputs: [x], index, attributes: { step }, dtype }) {
    let inside: Expression = constant(1, "bool");
    const source = index.map((i, a) => {
      if (step[a] === 1) return i;
      inside = binary("and", inside, binary("eq", remainder(i, step[a]!), constant(0, "i32")));
      return quotient(i, step[a]!);
    });
    return select(inside, x!(source), constant(0, dtype));
  },
};
export const dilate = (x: Node, step: Shape): Node => (step.every((s) => s === 1) ? x : apply(dilateOp, [x], { step }));

/** Axes in reverse. */
export const flipOp: Op<{ readonly axes: readonly number[] }> = {
  name: "flip",
  movement: true,
  infer([x], { axes }) {
    checkAxes("flip", axes, x!.shape);
    return { shape: x!.shape, dtype: x!.dtype };
  },
  vjp: ({ grad, attributes: { axes } }) => [flip(grad, axes)],
  batch: batchAlongAxes,
  lower: ({ inputs: [x], index, shape, attributes: { axes } }) =>
    x!(index.map((i, a) => (axes.includes(a) ? affine([{ value: i, coefficient: -1 }], shape[a]! - 1) : i))),
};
export const flip = (x: Node, axes: readonly number[]): Node => (axes.length ? apply(flipOp, [x], { axes }) : x);

/** Tensors end to end along an axis. */
export const concatOp: Op<{ readonly axis: number }> = {
  name: "concat",
  infer(inputs, { axis }) {
    const [first, ...others] = inputs;
    if (!first) throw new ArgumentError("concat: needs at least one tensor, got none");
    checkAxes("concat", [axis], first.shape);
    for (const other of others) {
      if (other.dtype !== first.dtype)
        throw new DTypeError(`concat: dtypes differ: ${first.dtype} and ${other.dtype}. Use cast on one of them`);
      if (other.shape.length !== first.shape.length || other.shape.some((d, i) => i !== axis && d !== first.shape[i]))
        throw new ShapeError(`concat: ${show(first.shape)} and ${show(other.shape)} differ outside axis ${axis}`);
    }
    const shape = first.shape.map((d, i) => (i === axis ? inputs.reduce((s, x) => s + x.shape[axis]!, 0) : d));
    checkShape("concat", shape);
    return { shape, dtype: first.dtype };
  },
  vjp({ grad, inputs, attributes: { axis } }) {
    let from = 0;
    return inputs.map((x) => {
      const start = x.shape.map((_, i) => (i === axis ? from : 0));
      from += x.shape[axis]!;
      return slice(grad, start, x.shape);
    });
  },
  batch: batchAlongAxis,
  lower({ inputs, nodes, index, attributes: { axis }, dtype }) {
    let from = 0;
    let value: Expression = constant(0, dtype);
    inputs.forEach((x, k) => {
      const size = nodes[k]!.shape[axis]!;
      if (size === 0) return;
      const position = clamp(add(index[axis]!, constant(-from, "i32")), size);
      value = select(
        binary("le", constant(from, "i32"), index[axis]!),
        x(index.map((e, a) => (a === axis ? position : e))),
        value,
      );
      from += size;
    });
    return value;
  },
};
export const concat = (inputs: readonly Node[], axis: number): Node =>
  inputs.length === 1 ? inputs[0]! : apply(concatOp, inputs, { axis });

type Window = { readonly axis: number; readonly size: number; readonly stride: number; readonly dilation: number };

function checkWindow(op: string, axis: number, size: number, stride: number, dilation: number, shape: Shape): void {
  checkAxes(op, [axis], shape);
  if ([size, stride, dilation].some((n) => !Number.isInteger(n) || n < 1))
    throw new ArgumentError(
      `${op}: size, stride and dilation must be whole numbers of 1 or more, got ${size}, ${stride} and ${dilation}`,
    );
}

/** How many windows fit. */
const positionsOf = (length: number, { size, stride, dilation }: Window): number =>
  Math.floor((length - (size - 1) * dilation - 1) / stride) + 1;

/** Sliding windows along an axis: that axis becomes [positions], and a last axis [size] is added. */
export const windowOp: Op<Window> = {
  name: "window",
  movement: true,
  infer([x], { axis, size, stride, dilation }) {
    checkWindow("window", axis, size, stride, dilation, x!.shape);
    const reach = (size - 1) * dilation + 1;
    const length = x!.shape[axis]!;
    if (reach > length)
      throw new ShapeError(
        `window: a window of ${size} with dilation ${dilation} spans ${reach}, axis ${axis} of ${show(x!.shape)} has ${length}. Use padding or a smaller window`,
      );
    const shape = [
      ...x!.shape.map((d, i) => (i === axis ? positionsOf(length, { axis, size, stride, dilation }) : d)),
      size,
    ];
    checkShape("window", shape);
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ grad, inputs: [x], attributes }) => [fold(grad, { ...attributes, length: x!.shape[attributes.axis]! })],
  batch: batchAlongAxis,
  lower: ({ inputs: [x], index, attributes: { axis, stride, dilation } }) =>
    x!(
      index
        .slice(0, -1)
        .map((i, a) => (a === axis ? add(scale(i, stride), scale(index[index.length - 1]!, dilation)) : i)),
    ),
};
export const window = (x: Node, attributes: Window): Node => apply(windowOp, [x], attributes);

/** Windows added back where they came from: the transpose of `window`. */
export const foldOp: Op<Window & { readonly length: number }> = {
  name: "fold",
  infer([x], { axis, length, ...window }) {
    const { size, stride, dilation } = window;
    const shape = x!.shape.slice(0, -1).map((d, i) => (i === axis ? length : d));
    if (x!.dtype === "bool") throw new DTypeError(`fold: needs numbers, got bool. Use x.cast("i32") to count`);
    checkWindow("fold", axis, size, stride, dilation, shape);
    if (x!.shape[shape.length] !== size || x!.shape[axis] !== positionsOf(length, { axis, ...window }))
      throw new ShapeError(
        `fold: the windows ${show(x!.shape)} are not those of size ${size}, stride ${stride} and dilation ${dilation} along axis ${axis} of length ${length}`,
      );
    checkShape("fold", shape);
    return { shape, dtype: x!.dtype };
  },
  vjp: ({ grad, attributes: { axis, size, stride, dilation } }) => [window(grad, { axis, size, stride, dilation })],
  batch: batchAlongAxis,
  lower({ inputs: [x], nodes: [node], index, attributes: { axis, size, stride, dilation }, dtype }) {
    const positions = node!.shape[axis]!;
    const at = (position: Expression, k: Expression): Expression =>
      x!([...index.map((i, a) => (a === axis ? position : i)), k]);
    if (dilation === 1 && (stride > 1 || size === 1)) {
      // An element is number r of its stride; the windows that have it, one where they do not overlap, start so many strides before it.
      const term = (before: Expression): Expression => {
        const position = add(quotient(index[axis]!, stride), scale(before, -1)),
          k = add(scale(before, stride), remainder(index[axis]!, stride));
        const inside = binary("and", within(position, 0, positions), binary("lt", k, constant(size, "i32")));
        return select(inside, at(clamp(position, positions), clamp(k, size)), constant(0, dtype));
      };
      const windows = Math.ceil(size / stride);
      if (windows === 1) return term(constant(0, "i32"));
      const before = freshIndex(windows);
      return reduce("sum", [before], term(before));
    }
    const k = freshIndex(size);
    // position · stride + k · dilation = i, where such a position exists
    const offset = add(index[axis]!, scale(k, -dilation));
    const shifted = binary("max", offset, constant(0, "i32"));
    const position = binary("min", quotient(shifted, stride), constant(positions - 1, "i32"));
    const hit = binary("eq", add(scale(position, stride), scale(k, dilation)), index[axis]!);
    return reduce("sum", [k], select(hit, at(position, k), constant(0, dtype)));
  },
};
export const fold = (x: Node, attributes: Window & { readonly length: number }): Node => apply(foldOp, [x], attributes);

/** A copy in row-major order: stored, whatever the compiler would rather do. */
export const contiguousOp: Op = {
  name: "contiguous",
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp: ({ grad }) => [grad],
  lower: ({ inputs: [x], index }) => x!(index),
};
export const contiguous = (x: Node): Node => apply(contiguousOp, [x], {});
