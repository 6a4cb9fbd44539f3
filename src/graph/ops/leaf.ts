/** Ops without inputs: known values, numbers, positions. */
import { checkDType, type DType } from "../../core/dtype.ts";
import { checkAxes, checkShape, type Shape } from "../../core/shape.ts";
import { cast, constant } from "../../ir/expression.ts";
import { Node, type Source } from "../node.ts";
import { apply, type Op } from "../op.ts";

type Typed = { readonly shape: Shape; readonly dtype: DType };

/** A value that exists outside the graph; `source` says where. */
export const inputOp: Op<Typed> = { name: "input", infer: (_, { shape, dtype }) => ({ shape, dtype }) };

/** A leaf for a value owned by a floor above. */
export function input(shape: Shape, dtype: DType, source: Source, requiresGrad: boolean = source.requiresGrad): Node {
  const node = new Node(inputOp, [], { shape, dtype }, shape, dtype, requiresGrad);
  node.source = source;
  return node;
}

/** One number in every element. A run-time scalar of the program unless a rewrite used its value. */
export const fillOp: Op<Typed & { readonly value: number; readonly fixed?: true }> = {
  name: "fill",
  infer(_, { shape, dtype }) {
    checkShape("fill", shape);
    checkDType(dtype);
    return { shape, dtype };
  },
  lower: ({ attributes: { value }, dtype }) => constant(value, dtype),
};
export const fill = (shape: Shape, value: number, dtype: DType): Node => apply(fillOp, [], { shape, dtype, value });
/** A number that follows from the structure alone: part of the code, whatever its value. */
export const fixed = (shape: Shape, value: number, dtype: DType): Node =>
  apply(fillOp, [], { shape, dtype, value, fixed: true });

/** The position along one axis: 0, 1, 2 … */
export const iotaOp: Op<Typed & { readonly axis: number }> = {
  name: "iota",
  infer(_, { shape, dtype, axis }) {
    checkShape("iota", shape);
    checkDType(dtype);
    checkAxes("iota", [axis], shape);
    return { shape, dtype };
  },
  lower: ({ attributes: { axis }, index, dtype }) => cast(index[axis]!, dtype),
};
export const iota = (shape: Shape, axis: number, dtype: DType = "i32"): Node =>
  apply(iotaOp, [], { shape, dtype, axis });

/** Numbers that rewrites look at are part of the structure. */
const SPECIAL: ReadonlySet<number> = new Set([0, 1, -1, 2, 0.5, Infinity, -Infinity]);

/** Whether a fill's number is handed over at each run instead of being part of the code. */
export function isRunTimeNumber(node: Node): boolean {
  if (node.op !== fillOp || node.attributes["fixed"]) return false;
  const value = node.attributes["value"] as number;
  return !SPECIAL.has(value) && value === value && node.dtype !== "bool" && node.dtype !== "u8";
}
