/** Arguments and results of traced functions: tensors, numbers and what keys a program, nested in arrays and plain objects. */
import { ArgumentError, TraceError } from "../core/errors.ts";
import { isPlainObject } from "../core/plainObject.ts";
import type { Node } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { Tensor } from "./tensor.ts";
import type { Value } from "./value.ts";

export interface Packed {
  /** Nodes of all tensors, in order. */
  readonly nodes: readonly Node[];
  /** All numbers, in order. */
  readonly numbers: readonly number[];
  /** Everything that selects a program. */
  readonly key: string;
  /** The arguments again, with other nodes in place of the tensors'. */
  rebuild(replace: (node: Node, position: number) => Node): unknown[];
}

/** Takes arguments apart. */
export function packArguments(args: readonly unknown[]): Packed {
  const nodes: Node[] = [];
  const numbers: number[] = [];
  const parts: string[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Tensor) {
      parts.push(`${value.dtype}[${value.shape}]`);
      nodes.push(value.node);
    } else if (typeof value === "number") {
      parts.push("n");
      numbers.push(value);
    } else if (Array.isArray(value)) {
      parts.push("(");
      value.forEach(visit);
      parts.push(")");
    } else if (isPlainObject(value)) {
      parts.push("{");
      for (const [name, item] of Object.entries(value)) {
        parts.push(`${name}:`);
        visit(item);
      }
      parts.push("}");
    } else if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string")
      parts.push(JSON.stringify(value) ?? "undefined");
    else
      throw new ArgumentError(
        `jit: an argument is ${typeof value === "object" ? `a ${value.constructor.name}` : `a ${typeof value}`}. Pass tensors, numbers, booleans, strings, or arrays and plain objects of them; capture everything else`,
      );
  };
  args.forEach(visit);
  return {
    nodes,
    numbers,
    key: parts.join(","),
    rebuild(replace) {
      let next = 0;
      const build = (value: unknown): unknown => {
        if (value instanceof Tensor) {
          const position = next++;
          return new Tensor(replace(nodes[position]!, position));
        }
        if (Array.isArray(value)) return value.map(build);
        if (isPlainObject(value))
          return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, build(item)]));
        return value;
      };
      return args.map(build);
    },
  };
}

export interface ResultShape {
  readonly nodes: readonly Node[];
  /** The result with each tensor holding the value of its position. */
  build(value: (position: number) => Value): unknown;
}

/** Takes a traced function's result apart. */
export function unpackResult(name: string, returned: unknown): ResultShape {
  const nodes: Node[] = [];
  const visit = (value: unknown): ((values: (position: number) => Value) => unknown) => {
    if (value instanceof Tensor) {
      const position = nodes.push(value.node) - 1;
      return (values) => {
        const made = values(position);
        return new Tensor(input(made.shape, made.dtype, made));
      };
    }
    if (Array.isArray(value)) {
      const items = value.map(visit);
      return (values) => items.map((item) => item(values));
    }
    if (isPlainObject(value)) {
      const items = Object.entries(value).map(([key, item]) => [key, visit(item)] as const);
      return (values) => Object.fromEntries(items.map(([key, item]) => [key, item(values)]));
    }
    if (typeof value === "object" && value !== null)
      throw new TraceError(
        `${name}: returned a ${value.constructor.name}. A traced function returns tensors, or arrays and plain objects of them`,
      );
    return () => value;
  };
  const build = visit(returned);
  return { nodes, build };
}
