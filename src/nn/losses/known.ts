/** Checks of values, where they can be seen: a tensor that holds its elements already, not one of a traced function. */
import { numbersIn, type TypedArray } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Node } from "../../graph/node.ts";
import { reshapeOp } from "../../graph/ops/movement.ts";
import { Value } from "../../tensor/value.ts";

/** The elements of a tensor that nothing has to be computed or waited for; undefined of any other. */
export function known(node: Node): TypedArray | undefined {
  if (node.op === reshapeOp) return known(node.inputs[0]!);
  const array = node.source instanceof Value ? node.source.array : undefined;
  return array && numbersIn(array, node.dtype);
}

/** Throws ArgumentError for a known label outside 0 … classes − 1 that is not the one to be ignored. */
export function checkKnownLabels(op: string, labels: Node, classes: number, ignoreIndex?: number): void {
  const values = known(labels);
  const at = values?.findIndex((v: number) => !(v >= 0 && v < classes) && v !== ignoreIndex) ?? -1;
  if (at >= 0)
    throw new ArgumentError(
      `${op}: labels must be classes from 0 to ${classes - 1}, got ${values![at]} at position ${at}. Set ignoreIndex: ${values![at]} if it shall not count`,
    );
}

/** Throws ArgumentError for known numbers outside [low, high], or NaN. `field` says which ones. */
export function checkKnown(op: string, field: string, node: Node, low: number, high: number, hint: string): void {
  const values = known(node);
  const at = values?.findIndex((v: number) => !(v >= low && v <= high)) ?? -1;
  const range = high === Infinity ? `be ${low} or more` : `lie in [${low}, ${high}]`;
  if (at >= 0) throw new ArgumentError(`${op}: ${field} must ${range}, got ${values![at]} at position ${at}. ${hint}`);
}
