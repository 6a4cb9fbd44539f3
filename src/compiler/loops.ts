/**
 * Expressions to loops. A reduction is computed in the outermost scope where its free indices are known, so nothing is
 * computed twice; reductions and stores of one scope that run over equally many steps share a loop.
 */
import {
  add,
  index as freshIndex,
  load,
  reduce,
  register,
  scale,
  type Expression,
  type Index,
  type Reduce,
  type Register,
} from "../ir/expression.ts";
import { isArg, type Accumulator, type Buffer, type Statement } from "../ir/kernel.ts";
import { collapseIndices, volume } from "./index-space.ts";
import { loadsIn, walk } from "../ir/walk.ts";
import { substitute } from "../ir/substitute.ts";

/** A value to be stored once per step of `loops` (inside the scope at hand). */
export interface PendingStore {
  readonly loops: readonly Index[];
  readonly buffer: number;
  readonly offset: Expression;
  readonly value: Expression;
}

/** Where row buffers are asked for: values of one row that are dear to compute and needed by two loops. */
export interface RowBuffers {
  /** Adds a buffer of `size` elements that one row at a time uses; returns its number. */
  add(buffer: Buffer): number;
}

/** One loop to be opened in a scope, with what it does there. */
interface Task {
  readonly level: number;
  readonly index: Index;
  /** A store with its remaining loops … */
  readonly store?: PendingStore;
  /** … or an accumulation. */
  readonly accumulate?: { readonly register: Register; readonly reduction: Reduce };
}

/** The statements that perform `stores` in a scope where `defined` are known. */
export function lowerScope(
  stores: readonly PendingStore[],
  defined: ReadonlySet<Index | Register>,
  rows: RowBuffers,
): Statement[] {
  return scope(stores, [], defined, rows).statements;
}

/** As above, and also the given values in terms of what the statements leave in registers. */
function scope(
  stores: readonly PendingStore[],
  values: readonly Expression[],
  defined: ReadonlySet<Index | Register>,
  rows: RowBuffers,
): { statements: Statement[]; values: Expression[] } {
  const known = new Set(defined);
  const reductions = readyReductions([...stores.flatMap((s) => [s.offset, s.value]), ...values], defined);
  const replace = new Map<Expression, Expression>();
  const levels = new Map<Register, number>();
  const canonical = new Map<number, Index>();
  const shared = (i: Index): Index => {
    let v = canonical.get(i.extent);
    if (!v) canonical.set(i.extent, (v = freshIndex(i.extent)));
    return v;
  };
  const levelOf = (expressions: readonly Expression[]): number => {
    let level = 0;
    for (const e of expressions)
      for (const v of e.free) if (v.kind === "register" && levels.has(v)) level = Math.max(level, levels.get(v)! + 1);
    return level;
  };
  const tasks: Task[] = [];
  for (const original of reductions) {
    const reduction = substitute(original, replaceInside(original, replace)) as Reduce;
    const target = register(original.dtype);
    const level = levelOf([reduction]);
    levels.set(target, level);
    replace.set(original, target);
    const flat = flattenAxes(reduction);
    const v = shared(flat.axes[0]!);
    const rest = flat.axes.slice(1);
    const body = substitute(flat.body, new Map([[flat.axes[0]! as Expression, v as Expression]]));
    tasks.push({ level, index: v, accumulate: { register: target, reduction: { ...flat, axes: [v, ...rest], body } } });
  }
  const memo = new Map<Expression, Expression>();
  const finish = (e: Expression): Expression => substitute(e, replace, memo);
  const leaves: PendingStore[] = [];
  for (const s of stores) {
    const done = { ...s, offset: finish(s.offset), value: finish(s.value) };
    if (!done.loops.length) {
      leaves.push(done);
      continue;
    }
    const v = shared(done.loops[0]!);
    const rename = new Map([[done.loops[0]! as Expression, v as Expression]]);
    const store = {
      ...done,
      loops: done.loops.slice(1),
      offset: substitute(done.offset, rename),
      value: substitute(done.value, rename),
    };
    tasks.push({ level: levelOf([store.offset, store.value]), index: v, store });
  }
  const statements: Statement[] = [];
  const kept = keepRows(tasks, rows);
  const last = Math.max(-1, ...kept.map((t) => t.level));
  for (let level = 0; level <= last; level++) {
    const now = kept.filter((t) => t.level === level);
    for (const v of new Set(now.map((t) => t.index))) {
      const together = now.filter((t) => t.index === v);
      statements.push(openLoop(v, together, new Set([...known, v]), rows));
      for (const t of together) if (t.accumulate) known.add(t.accumulate.register);
    }
  }
  statements.push(...storeTogether(leaves));
  return { statements, values: values.map(finish) };
}

/**
 * Stores of one place. What several of them share and a store may change is named before the first: it would be computed
 * again after every store, since nobody sees that they meet nowhere.
 */
function storeTogether(leaves: readonly PendingStore[]): Statement[] {
  const changed = new Set(leaves.map((s) => s.buffer));
  const values = [...new Set(leaves.map((s) => s.value))].sort((a, b) => a.id - b.id);
  const names = new Map<Expression, Expression>();
  const lets: Statement[] = [];
  for (const value of values) {
    const uses =
      leaves.filter((s) => s.value === value).length + values.filter((v) => v !== value && holds(v, value)).length;
    if (uses < 2 || value.kind === "load" || !loadsIn([value]).some((l) => changed.has(l.buffer))) continue;
    const name = register(value.dtype);
    lets.push({ kind: "let", register: name, value: substitute(value, names) });
    names.set(value, name);
  }
  return [
    ...lets,
    ...leaves.map(({ buffer, offset, value }): Statement => ({
      kind: "store",
      buffer,
      offset,
      value: substitute(value, names),
    })),
  ];
}

function holds(whole: Expression, part: Expression): boolean {
  let found = false;
  walk([whole], (e) => void (found ||= e === part));
  return found;
}

function openLoop(
  v: Index,
  tasks: readonly Task[],
  defined: ReadonlySet<Index | Register>,
  rows: RowBuffers,
): Statement {
  const accumulations = tasks.filter((t) => t.accumulate).map((t) => t.accumulate!);
  const steps = accumulations.map(({ reduction }) => stepOf(reduction));
  const inner = scope(
    tasks.filter((t) => t.store).map((t) => t.store!),
    steps.flatMap(({ value, position }) => (position ? [value, position] : [value])),
    defined,
    rows,
  );
  const values = inner.values[Symbol.iterator]();
  const next = (): Expression => values.next().value!;
  const accumulators = accumulations.map(({ register: target, reduction: { op } }, i): Accumulator => ({
    register: target,
    op,
    value: next(),
    ...(steps[i]!.position ? { position: next() } : {}),
  }));
  return {
    kind: "loop",
    index: v,
    extent: v.extent,
    axis: accumulators.length ? "reduce" : "parallel",
    body: inner.statements,
    accumulators,
  };
}

/** What one step along the first axis takes in: of further axes the reduction over these, of argmax and argmin where it stands too. */
function stepOf({ op, axes: [first, ...rest], body }: Reduce): {
  readonly value: Expression;
  readonly position?: Expression;
} {
  if (!rest.length) return { value: body };
  if (!isArg(op)) return { value: reduce(op, rest, body) };
  return {
    value: reduce(op === "argmax" ? "max" : "min", rest, body),
    position: add(scale(first!, volume(rest)), reduce(op, rest, body)),
  };
}

/** Reductions whose free variables are all known, inner ones first. */
function readyReductions(roots: readonly Expression[], defined: ReadonlySet<Index | Register>): Reduce[] {
  const ready: Reduce[] = [];
  walk(roots, (e) => {
    if (e.kind === "reduce" && [...e.free].every((v) => defined.has(v))) ready.push(e);
  });
  // Operands are older than what is made of them; sorting by id is a topological order.
  return ready.sort((a, b) => a.id - b.id);
}

/** The replacements that apply inside a reduction: all but itself. */
const replaceInside = (
  e: Reduce,
  replace: ReadonlyMap<Expression, Expression>,
): ReadonlyMap<Expression, Expression> => {
  if (!replace.has(e)) return replace;
  const rest = new Map(replace);
  rest.delete(e);
  return rest;
};

/** Axes that memory runs through without a jump become one. */
function flattenAxes(e: Reduce): Reduce {
  if (e.axes.length === 1) return e;
  const { loops, expressions } = collapseIndices({ loops: e.axes, expressions: [e.body] });
  return { ...e, axes: loops.length ? loops : e.axes.slice(0, 1), body: expressions[0]! };
}

const DEAR: ReadonlySet<string> = new Set(["exp", "log", "sin", "cos", "tanh", "erf", "pow"]);
/** Longest row worth keeping close: 64 KiB of f32. */
const LONGEST_ROW = 16_384;

/**
 * Where a loop of a later level needs a dear value that an earlier loop over the same index computes anyway, the earlier one
 * keeps it in a row buffer.
 */
function keepRows(tasks: readonly Task[], rows: RowBuffers): readonly Task[] {
  if (tasks.length < 2) return tasks;
  const out: Task[] = [...tasks];
  const bodyOf = (t: Task): Expression | undefined =>
    t.store
      ? t.store.loops.length
        ? undefined
        : t.store.value
      : t.accumulate!.reduction.axes.length > 1
        ? undefined
        : t.accumulate!.reduction.body;
  for (let i = 0; i < tasks.length; i++) {
    const early = tasks[i]!;
    const body = bodyOf(early);
    if (!body || early.index.extent > LONGEST_ROW || early.index.extent <= 1) continue;
    const inside = new Set<Expression>();
    walk([body], (e) => void inside.add(e));
    const slots = new Map<Expression, number>();
    for (let j = 0; j < out.length; j++) {
      const late = out[j]!;
      const value = bodyOf(late);
      if (!value || late.level <= early.level || late.index !== early.index) continue;
      const found = new Set<Expression>();
      topmost(value, (e) => inside.has(e) && e.free.has(early.index) && e.dtype === "f32" && isDear(e), found);
      if (!found.size) continue;
      const replace = new Map<Expression, Expression>();
      for (const e of found) {
        let slot = slots.get(e);
        if (slot === undefined) {
          slots.set(
            e,
            (slot = rows.add({ dtype: e.dtype, space: "shared", access: "readwrite", size: early.index.extent })),
          );
          out.push({
            level: early.level,
            index: early.index,
            store: { loops: [], buffer: slot, offset: early.index, value: e },
          });
        }
        replace.set(e, load(slot, e.dtype, early.index));
      }
      out[j] = late.store
        ? { ...late, store: { ...late.store, value: substitute(value, replace) } }
        : {
            ...late,
            accumulate: {
              ...late.accumulate!,
              reduction: { ...late.accumulate!.reduction, body: substitute(value, replace) },
            },
          };
    }
  }
  return out;
}

/** Each shared part is looked at once: random bits are made of so many that paths to them cannot be walked one by one. */
function topmost(
  e: Expression,
  wanted: (e: Expression) => boolean,
  found: Set<Expression>,
  seen: Set<Expression> = new Set(),
): void {
  if (seen.has(e)) return;
  seen.add(e);
  if (wanted(e)) found.add(e);
  else for (const child of childrenFor(e)) topmost(child, wanted, found, seen);
}
function childrenFor(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "unary":
    case "cast":
    case "bitcast":
      return [e.value];
    case "binary":
      return [e.left, e.right];
    case "select":
      return [e.condition, e.yes, e.no];
    default:
      return [];
  }
}
const isDear = (e: Expression): boolean => {
  let dear = false;
  walk([e], (x) => {
    if ((x.kind === "unary" || x.kind === "binary") && DEAR.has(x.op)) dear = true;
  });
  return dear;
};
