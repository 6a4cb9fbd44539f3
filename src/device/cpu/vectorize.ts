/**
 * Which loops of a kernel run on vectors. Along one index of each nest neighbours are computed together:
 * the one that makes most accesses unit stride, weighed by how often they happen. The choice depends on the kernel
 * alone, never on sizes, so that results do not change with them.
 */
import { childrenOf, type Expression, type Index, type Load, type Register } from "../../ir/expression.ts";
import type { Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { expressionsOf } from "../../ir/rewrite.ts";
import { loadsIn } from "../../ir/walk.ts";
import { dependsOn, isUnit, patternOf } from "./patterns.ts";
import type { Target } from "./target.ts";

/** Iterations assumed for a loop whose extent is only known at run time. */
const TYPICAL = 64;
/** Largest body (in expression nodes, copies counted) that a loop is written out to. */
const UNROLL_NODES = 600;
/** Longest loop that is written out. */
const UNROLL_EXTENT = 8;

/** The kernel with every axis one of `vector`, `unroll` and `sequential`. */
export function vectorize(kernel: LoopKernel, target: Target): LoopKernel {
  const top = (s: Statement): Statement => {
    if (s.kind !== "loop") return s;
    const { loop } = choose(s, target);
    // The outermost loop is shared out between threads: it stays a loop.
    return s.axis === "parallel" && loop.axis === "unroll" ? { ...loop, axis: "sequential" } : loop;
  };
  return { ...kernel, body: kernel.body.map(top) };
}

/** Are a kernel's items, those of its outermost loop, neighbours in vectors, or in memory that it reads? */
export function itemsAreNeighbours(kernel: LoopKernel, target: Target): boolean {
  const [outer, ...others] = vectorize(kernel, target).body;
  if (others.length || outer?.kind !== "loop") return false;
  const varying = new Set([outer.index]);
  const isNear = ({ offset }: Load): boolean => isUnit(patternOf(offset, outer.index, varying));
  return outer.axis === "vector" || loadsIn(expressionsOf([outer])).some(isNear);
}

interface Choice {
  readonly loop: Loop;
  /** Estimated cost of one run of the loop, in scalar operations. */
  readonly cost: number;
}

/** The cheapest way to run a nest: this loop on vectors, or each loop inside it on its own. */
function choose(loop: Loop, target: Target): Choice {
  // Whoever wrote it knew.
  if (loop.axis === "vector") return { loop, cost: 0 };
  const trips = typeof loop.extent === "number" ? loop.extent : TYPICAL;
  let inside = accumulatorCost(loop, undefined);
  const body = loop.body.map(function visit(s: Statement): Statement {
    if (s.kind === "loop") {
      const choice = choose(s, target);
      inside += choice.cost;
      return choice.loop;
    }
    if (s.kind === "if") return { ...s, body: s.body.map(visit) };
    inside += statementCost(s, undefined);
    return s;
  });
  const apart: Choice = { loop: { ...loop, axis: axisOf(loop, body), body }, cost: trips * inside };
  if (loop.block || !canVectorize(loop, target)) return apart;
  const context = { ...contextOf(loop), lanes: target.lanes };
  let cost = Math.ceil(trips / target.lanes) * loopCost(loop, context);
  // Lanes are combined after the loop, and what is left over runs one by one.
  cost += loop.accumulators.length * 12 + (typeof loop.extent === "number" ? 0 : 8);
  if (cost >= apart.cost) return apart;
  return { loop: { ...loop, axis: "vector", body: loop.body.map(sequential) }, cost };
}

/** The loops inside a vector loop run in order, or are written out. */
function sequential(s: Statement): Statement {
  if (s.kind === "if") return { ...s, body: s.body.map(sequential) };
  if (s.kind !== "loop") return s;
  const body = s.body.map(sequential);
  return { ...s, axis: axisOf(s, body), body };
}

function axisOf(loop: Loop, body: readonly Statement[]): "unroll" | "sequential" {
  if (typeof loop.extent !== "number" || loop.extent > UNROLL_EXTENT || loop.block) return "sequential";
  return loop.extent * nodesOf({ ...loop, body }) <= UNROLL_NODES ? "unroll" : "sequential";
}

/** Expression nodes of a loop once loops inside it marked `unroll` are written out. */
function nodesOf(loop: Loop): number {
  const seen = new Set<Expression>();
  const count = (e: Expression): number => {
    if (seen.has(e) || e.kind === "const" || e.kind === "param") return 0;
    seen.add(e);
    return childrenOf(e).reduce((n, c) => n + count(c), 1);
  };
  const statement = (s: Statement): number => {
    switch (s.kind) {
      case "let":
        return count(s.value);
      case "store":
        return count(s.offset) + count(s.value);
      case "if":
        return count(s.condition) + s.body.reduce((n, x) => n + statement(x), 0);
      case "loop":
        return (s.axis === "unroll" ? (s.extent as number) : 1) * nodesOf(s);
      case "barrier":
      case "exchange":
        return 0;
    }
  };
  return (
    loop.body.reduce((n, s) => n + statement(s), 0) + loop.accumulators.reduce((n, a) => n + count(a.value) + 1, 0)
  );
}

// ---------- legality

/** A vector index, and everything that differs between its lanes. */
export interface Context {
  readonly index: Index;
  readonly varying: ReadonlySet<Index | Register>;
}

/** What differs between the lanes of a loop that runs on vectors. */
export function contextOf(loop: Loop): Context {
  const varying = new Set<Index | Register>([loop.index]);
  const visit = (s: Statement): void => {
    if (s.kind === "let" && dependsOn(s.value, varying)) varying.add(s.register);
    else if (s.kind === "if") s.body.forEach(visit);
    else if (s.kind === "loop") {
      s.body.forEach(visit);
      for (const a of s.accumulators)
        if (dependsOn(a.value, varying) || (a.position && dependsOn(a.position, varying))) varying.add(a.register);
    }
  };
  loop.body.forEach(visit);
  return { index: loop.index, varying };
}

function canVectorize(loop: Loop, { lanes, wide }: Target): boolean {
  if (loop.axis !== "parallel" && loop.axis !== "reduce") return false;
  if (typeof loop.extent === "number" && (wide ? loop.extent < lanes / 2 : loop.extent % lanes !== 0)) return false;
  const context = contextOf(loop);
  if (
    loop.accumulators.some(
      (a) =>
        (a.value.dtype === "f64" && !wide) ||
        !vectorizable(a.value, context, wide) ||
        (a.position && !vectorizable(a.position, context, wide)),
    )
  )
    return false;
  const statement = (s: Statement): boolean => {
    switch (s.kind) {
      case "let":
        return vectorizable(s.value, context, wide);
      // Lanes that store to one place would have to do so in order.
      case "store":
        return (
          dependsOn(s.offset, context.varying) &&
          (s.value.dtype !== "f64" || wide) &&
          vectorizable(s.value, context, wide) &&
          vectorizable(s.offset, context, wide)
        );
      case "if":
        return !dependsOn(s.condition, context.varying) && s.body.every(statement);
      case "loop":
        return (
          s.axis !== "vector" &&
          s.body.every(statement) &&
          s.accumulators.every(
            (a) => vectorizable(a.value, context, wide) && (!a.position || vectorizable(a.position, context, wide)),
          )
        );
      case "barrier":
      case "exchange":
        return false;
    }
  };
  return loop.body.every(statement);
}

/** Can the value be computed for all lanes together? */
function vectorizable(e: Expression, context: Context, wide: boolean): boolean {
  const seen = new Set<Expression>();
  const fits = (x: Expression): boolean => {
    if (seen.has(x) || !dependsOn(x, context.varying)) return true;
    seen.add(x);
    if ((x.dtype === "f64" && !wide) || x.kind === "reduce") return false;
    return childrenOf(x).every(fits);
  };
  return fits(e);
}

// ---------- cost

/** What a vector loop costs by. */
interface VectorContext extends Context {
  readonly lanes: number;
}

/** One iteration, or one vector of iterations, of a loop and all it contains. */
function loopCost(loop: Loop, context: VectorContext | undefined): number {
  let cost = accumulatorCost(loop, context);
  const visit = (s: Statement): void => {
    if (s.kind === "loop") cost += (typeof s.extent === "number" ? s.extent : TYPICAL) * loopCost(s, context);
    else if (s.kind === "if") s.body.forEach(visit);
    else cost += statementCost(s, context);
  };
  loop.body.forEach(visit);
  return cost;
}

function accumulatorCost(loop: Loop, context: VectorContext | undefined): number {
  return loop.accumulators.reduce((n, a) => n + 1 + valueCost(a.value, context), 0);
}

function statementCost(s: Statement, context: VectorContext | undefined): number {
  if (s.kind === "let") return valueCost(s.value, context);
  if (s.kind === "store") return valueCost(s.value, context) + accessCost(s.offset, context, true);
  return 0;
}

function valueCost(root: Expression, context: VectorContext | undefined): number {
  const seen = new Set<Expression>();
  const visit = (e: Expression): number => {
    if (seen.has(e)) return 0;
    seen.add(e);
    switch (e.kind) {
      case "const":
      case "param":
      case "index":
      case "register":
        return 0;
      case "affine":
      case "affineParam":
        return 0.5;
      case "load":
        return accessCost(e.offset, context, false);
      case "quotient":
      case "remainder":
        return visit(e.value) + 4;
    }
    const own =
      e.kind === "binary" && (e.op === "mod" || e.op === "idiv") && e.left.dtype !== "f32"
        ? context && dependsOn(e, context.varying)
          ? 10 * context.lanes
          : 10
        : 1;
    return childrenOf(e).reduce((n, c) => n + visit(c), own);
  };
  return visit(root);
}

/** Neighbours together cost what one does; lanes from elsewhere about twice as much as one by one. */
function accessCost(offset: Expression, context: VectorContext | undefined, store: boolean): number {
  if (!context) return 1.5;
  const pattern = patternOf(offset, context.index, context.varying);
  if (pattern.kind === "uniform" || isUnit(pattern)) return 1.5;
  return pattern.kind === "nearly" ? 2 : (store ? 2 : 1.75) * context.lanes;
}
