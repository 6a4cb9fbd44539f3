/** Loops of a row that are one loop in several levels: their iterations together may be shared out. */
import type { Index, Param } from "../../ir/expression.ts";
import { isArg, type Loop, type Statement } from "../../ir/kernel.ts";

export interface Level {
  readonly index: Index;
  readonly extent: number | Param;
}

/** The loop, then those that are all of its body and whose accumulators it only takes on. */
export function nestOf(loop: Loop): Loop[] {
  const [inner] = loop.body;
  return loop.body.length === 1 && inner!.kind === "loop" && inner!.axis === loop.axis && takesOn(loop, inner!)
    ? [loop, ...nestOf(inner)]
    : [loop];
}

function takesOn(loop: Loop, inner: Loop): boolean {
  return (
    (typeof loop.extent !== "object" || loop.extent.kind === "param") &&
    (typeof inner.extent !== "object" || inner.extent.kind === "param") &&
    loop.accumulators.length === inner.accumulators.length &&
    loop.accumulators.every(
      ({ op, value, position }, k) =>
        !isArg(op) && !position && inner.accumulators[k]!.op === op && inner.accumulators[k]!.register === value,
    )
  );
}

export const levelsOf = (nest: readonly Loop[]): Level[] =>
  nest.map(({ index, extent }) => {
    if (typeof extent !== "number" && extent.kind === "register")
      throw new Error("gpu: the extent of a level is a number or a parameter");
    return { index, extent };
  });

/** Loops whose iterations are independent of one another or only accumulate. */
export const isShared = (s: Statement): s is Loop =>
  s.kind === "loop" && (s.axis === "parallel" || s.axis === "reduce");
