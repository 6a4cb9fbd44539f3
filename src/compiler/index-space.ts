/** Loop variables merged where memory is contiguous across them, and split where an index is taken apart anyway. */
import {
  add,
  childrenOf,
  index as freshIndex,
  quotient,
  remainder,
  scale,
  type Expression,
  type Index,
} from "../ir/expression.ts";
import { walk } from "../ir/walk.ts";
import { substitute } from "../ir/substitute.ts";

/** Loop variables, outermost first, and everything that depends on them. */
export interface Space {
  readonly loops: readonly Index[];
  readonly expressions: readonly Expression[];
}

function replaceIn(space: Space, loops: readonly Index[], replace: ReadonlyMap<Expression, Expression>): Space {
  const memo = new Map<Expression, Expression>();
  return { loops, expressions: space.expressions.map((e) => substitute(e, replace, memo)) };
}

/** Splits every variable v that occurs as v / n or v % n, so that both become variables. */
export function splitIndices(space: Space): Space {
  for (let guard = 0; guard < 32; guard++) {
    let found: { variable: Index; n: number } | undefined;
    walk(space.expressions, (e) => {
      if (found || (e.kind !== "quotient" && e.kind !== "remainder") || typeof e.divisor !== "number") return;
      const v = e.value;
      if (v.kind === "index" && space.loops.includes(v) && v.extent % e.divisor === 0)
        found = { variable: v, n: e.divisor };
    });
    if (!found) return space;
    const { variable, n } = found;
    const outer = freshIndex(variable.extent / n),
      inner = freshIndex(n);
    space = replaceIn(
      space,
      space.loops.flatMap((v) => (v === variable ? [outer, inner] : [v])),
      new Map([[variable as Expression, add(scale(outer, n), inner)]]),
    );
  }
  return space;
}

/** Points of a space. */
export const volume = (loops: readonly Index[]): number => loops.reduce((product, v) => product * v.extent, 1);

/** One variable for all points of several, and what each of these is then. */
export function joined(loops: readonly Index[]): {
  readonly flat: Index;
  readonly places: Map<Expression, Expression>;
} {
  const flat = freshIndex(volume(loops));
  const places = new Map<Expression, Expression>();
  let pitch = flat.extent;
  loops.forEach((v, i) => {
    pitch /= v.extent;
    places.set(v, i === 0 ? quotient(flat, pitch) : remainder(quotient(flat, pitch), v.extent));
  });
  return { flat, places };
}

/** Merges neighbours (a, b) wherever every offset steps through b and on to the next a without a jump. */
export function collapseIndices(space: Space, mayMerge: (outer: Index, inner: Index) => boolean = () => true): Space {
  for (let i = space.loops.length - 2; i >= 0; i--) {
    const [a, b] = [space.loops[i]!, space.loops[i + 1]!];
    if (!mayMerge(a, b) || !contiguous(space.expressions, a, b)) continue;
    const merged = freshIndex(a.extent * b.extent);
    const loops = [...space.loops.slice(0, i), merged, ...space.loops.slice(i + 2)];
    space = replaceIn(
      space,
      loops,
      new Map<Expression, Expression>([
        [a, quotient(merged, b.extent)],
        [b, remainder(merged, b.extent)],
      ]),
    );
  }
  return dropUnits(space);
}

function contiguous(roots: readonly Expression[], a: Index, b: Index): boolean {
  let fits = true;
  walk(roots, (e) => {
    if (!fits || e.kind === "index") return;
    if (e.kind === "affine") {
      const stride = (v: Index): number => e.terms.find((t) => t.value === v)?.coefficient ?? 0;
      if (stride(a) !== stride(b) * b.extent) fits = false;
    } else if (childrenOf(e).some((child) => child === a || child === b)) fits = false;
  });
  return fits;
}

/** Replaces unit variables by 0. */
export function dropUnits(space: Space): Space {
  const units = space.loops.filter((v) => v.extent === 1);
  if (!units.length) return space;
  return replaceIn(
    space,
    space.loops.filter((v) => v.extent !== 1),
    new Map(units.map((v) => [v as Expression, scale(v, 0)])),
  );
}
