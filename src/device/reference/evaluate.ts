/**
 * One node of a graph at a time, on dense arrays: the op's own lowering, interpreted in float64 and rounded when stored.
 * No scheduling, fusion or simplification, so that everything above can be checked against it.
 */
import { allocate, computeType, isHalf, rounded, type TypedArray } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { show, sizeOf, stridesOf } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import type { Access } from "../../graph/op.ts";
import { fillOp } from "../../graph/ops/leaf.ts";
import { affine, index as freshIndex, load, trimExpressions } from "../../ir/expression.ts";
import type { Statement } from "../../ir/kernel.ts";
import { Closures, type Frame } from "./closures.ts";
import { compileStatements, countStatements, type Writer } from "./statements.ts";

/** Fills the last of the buffers from the others. */
type Compiled = (buffers: TypedArray[]) => void;

/** Lowering costs more than running on small arrays, and checks by differences run one graph many times. */
const compiledNodes = new WeakMap<Node, Compiled>();

/**
 * The elements of a node, in row-major order, from those of its inputs.
 * @throws ShapeError when an input array does not have as many elements as its node.
 */
export function evaluateNode(node: Node, inputs: readonly TypedArray[]): TypedArray {
  node.inputs.forEach((x, i) => {
    if (inputs[i]?.length !== sizeOf(x.shape))
      throw new ShapeError(
        `${node.op.name}: input ${i} has shape ${show(x.shape)} but ${inputs[i]?.length ?? "no"} elements`,
      );
  });
  const output = allocate(node.dtype, sizeOf(node.shape));
  // Lowerings of shapes without elements may divide by sizes of 0.
  if (output.length === 0) return output;
  let compiled = compiledNodes.get(node);
  if (!compiled) compiledNodes.set(node, (compiled = compileNode(node)));
  compiled([...inputs, output]);
  // A number beside halves is rounded with what it is added to or multiplied by, not before.
  return node.op === fillOp ? output : asStored(output, node);
}

/** Numbers of a node as they are read back once they were stored. */
export function asStored(values: TypedArray, { dtype }: Node): TypedArray {
  return isHalf(dtype) ? values.map((value) => rounded(value, dtype)) : values;
}

function compileNode(node: Node): Compiled {
  const accesses = node.inputs.map((x, buffer) => denseAccess(buffer, x));
  const compiled = node.op.lowerLoops ? compileLoops(node, accesses) : compileElements(node, accesses);
  trimExpressions();
  return compiled;
}

/** Reads a buffer as the row-major elements of a node. */
function denseAccess(buffer: number, { shape, dtype }: Node): Access {
  const strides = stridesOf(shape);
  return (index) =>
    load(
      buffer,
      computeType(dtype),
      affine(
        index.map((value, axis) => ({ value, coefficient: strides[axis]! })),
        0,
      ),
    );
}

function denseClosures(node: Node): Closures {
  return new Closures({
    rounding: false,
    eager: true,
    writes: (buffer) => buffer === node.inputs.length,
    load: (buffer, offset) => (frame) => {
      const at = offset(frame);
      const value = frame.buffers[buffer]![at];
      if (value === undefined) throw outside(node, "reads", buffer, at, frame);
      return value;
    },
  });
}

function outside(node: Node, verb: string, buffer: number, at: number, { buffers }: Frame): ShapeError {
  const what = buffer === node.inputs.length ? "its result" : `input ${buffer}`;
  return new ShapeError(
    `${node.op.name}: the lowering ${verb} element ${at} of ${what}, which has ${buffers[buffer]!.length}`,
  );
}

function compileElements(node: Node, inputs: readonly Access[]): Compiled {
  const { op, shape, attributes } = node;
  const dtype = computeType(node.dtype);
  if (!op.lower) throw new DTypeError(`${op.name}: has no value of its own to compute`);
  const index = shape.map((extent) => freshIndex(extent));
  const value = op.lower({ inputs, nodes: node.inputs, attributes, index, shape, dtype });
  if (value.dtype !== dtype) throw new DTypeError(`${op.name}: infers ${dtype} but lowers to ${value.dtype}`);
  const closures = denseClosures(node);
  closures.count(value);
  const slots = index.map((i, axis) => closures.bind(i, axis + 1));
  const versions = index.map((_, axis) => closures.version(axis + 1));
  const compute = closures.compile(value);
  return (buffers) => {
    const frame = closures.frame(buffers);
    const output = buffers[node.inputs.length]!;
    let next = 0;
    const walk = (axis: number): void => {
      if (axis === shape.length) {
        output[next++] = compute(frame);
        return;
      }
      const { values } = frame;
      const slot = slots[axis]!;
      const version = versions[axis]!;
      const extent = shape[axis]!;
      const innermost = axis === shape.length - 1;
      for (let i = 0; i < extent; i++) {
        values[slot] = i;
        values[version]!++;
        if (innermost) output[next++] = compute(frame);
        else walk(axis + 1);
      }
    };
    walk(0);
  };
}

function compileLoops(node: Node, inputs: readonly Access[]): Compiled {
  const { op, shape, attributes } = node;
  const dtype = computeType(node.dtype);
  const result = node.inputs.length;
  const strides = stridesOf(shape);
  const read = denseAccess(result, node);
  const lowered = op.lowerLoops!({
    inputs,
    nodes: node.inputs,
    attributes,
    shape,
    dtype,
    read,
    write: (index, value) => {
      if (value.dtype !== dtype) throw new DTypeError(`${op.name}: infers ${dtype} but lowers to ${value.dtype}`);
      const offset = affine(
        index.map((i, axis) => ({ value: i, coefficient: strides[axis]! })),
        0,
      );
      return { kind: "store", buffer: result, offset, value };
    },
  });
  const body = lowered.parallel.reduceRight<readonly Statement[]>(
    (inner, index) => [{ kind: "loop", index, extent: index.extent, axis: "parallel", accumulators: [], body: inner }],
    lowered.body,
  );
  const closures = denseClosures(node);
  const write: Writer = (buffer, offset, value) => (frame) => {
    const at = offset(frame);
    const target = frame.buffers[buffer]!;
    if (!(at >= 0 && at < target.length)) throw outside(node, "writes", buffer, at, frame);
    target[at] = rounded(value(frame), node.dtype);
  };
  countStatements(closures, body);
  const run = compileStatements(closures, body, 0, write);
  return (buffers) => run(closures.frame(buffers));
}
