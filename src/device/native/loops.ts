/** Statements as C: loops run one iteration at a time, or on vectors where `vectorize` said so. */
import { byteSize } from "../../core/dtype.ts";
import { childrenOf, constant, type Expression, type Param } from "../../ir/expression.ts";
import { COMBINE, isArg, type Accumulator, type Block, type Loop, type Statement } from "../../ir/kernel.ts";
import { expressionsOf, plainBinary, plainDivide } from "../../ir/rewrite.ts";
import { loadsIn, walk } from "../../ir/walk.ts";
import { definedIn, speculate } from "../cpu/speculate.ts";
import { beats, start, step, type Running } from "../render/accumulate.ts";
import { C, cType } from "./c.ts";
import { elementType, type Lanes } from "./lanes.ts";
import { fetchesOf } from "./prefetch.ts";
import { instructionsOf } from "./target.ts";

/** The iterations that a loop is to run: names or numbers. */
export interface Range {
  readonly begin: string;
  readonly end: string;
}

/** Writes a kernel's statements, or those of a part of one; `range` limits the loop that they consist of. */
export function renderBody(lanes: Lanes, statements: readonly Statement[], range?: Range): void {
  const divisors = new Set<number>();
  walk(expressionsOf(statements), (e) => {
    if ((e.kind === "quotient" || e.kind === "remainder") && typeof e.divisor !== "number")
      divisors.add(e.divisor.slot);
  });
  for (const slot of divisors) lanes.lines.push(`const u64 per_s${slot} = reciprocal_of(s${slot});`);
  lanes.learn(statements);
  renderStatements(lanes, statements, range);
}

/** Writes statements in order; `range` limits the loop that they consist of. */
function renderStatements(lanes: Lanes, statements: readonly Statement[], range?: Range): void {
  const copies = lanes.vectors?.count ?? 1;
  for (const s of statements) {
    switch (s.kind) {
      case "let":
        renderLet(lanes, s);
        break;
      case "store":
        if (!lanes.vectors) lanes.lines.push(scalarStore(lanes, s));
        else for (let u = 0; u < copies; u++) lanes.storeVector(s, u);
        lanes.forgetStored();
        break;
      case "if":
        lanes.lines.block(`if (${lanes.scalar(s.condition)})`, () =>
          lanes.scope(() => renderStatements(lanes, s.body)),
        );
        lanes.forgetStored();
        break;
      case "loop":
        if (s.block) renderBlocks(lanes, s, s.block, range);
        else if (s.axis === "vector") renderVectorLoop(lanes, s, range);
        else renderLoop(lanes, s, range);
        lanes.forgetStored();
        break;
      case "barrier":
      case "exchange":
        throw new Error(`C: one thread has no ${s.kind}`);
    }
  }
}

function renderLet(lanes: Lanes, { register, value }: Extract<Statement, { kind: "let" }>): void {
  const { lines } = lanes;
  if (!lanes.isVarying(value)) {
    const name = lanes.fresh("r");
    lines.push(`const ${cType(register.dtype, false)} ${name} = ${lanes.scalar(value)};`);
    lanes.bind(register, name);
    return;
  }
  const names = Array.from({ length: lanes.vectors!.count }, (_, u) => {
    const name = lanes.fresh("r");
    lines.push(`const ${cType(register.dtype, true)} ${name} = ${lanes.vector(value, u)};`);
    return name;
  });
  lanes.bindWide(register, names);
}

function scalarStore(lanes: Lanes, { buffer, offset, value }: Extract<Statement, { kind: "store" }>): string {
  const x = lanes.scalar(value);
  return `b${buffer}[${lanes.scalar(offset)}] = ${byteSize(value.dtype) < 4 ? `(${elementType(value.dtype)})` : ""}${x};`;
}

// ---------- accumulators

/** Takes an iteration's value in; of vector `u` when it is one of vectors. */
function stepOf(lanes: Lanes, loop: Loop, accumulator: Accumulator, running: Running, u: number): void {
  const { wide } = running;
  const { op, value, position = loop.index, isFused } = accumulator;
  const text = (e: Expression): string => (wide ? lanes.vector(e, u) : lanes.scalar(e));
  if (isFused && instructionsOf({ lanes: lanes.width }).fused && value.kind === "binary") {
    const sum = running.values[u]!;
    lanes.lines.push(`${sum} = ${C.fused(text(value.left), text(value.right), sum, wide)};`);
    return;
  }
  const some = wide && lanes.vectors?.index === loop.index ? lanes.vectors.some : undefined;
  const candidate = text(value);
  step(lanes, running, {
    candidate,
    position: isArg(op) ? text(position) : "",
    u,
    mask: some && `first_lanes(${some})`,
  });
}

/** The lanes of all vectors as one value: neighbouring vectors first, then halves of what is left. */
function combine(lanes: Lanes, { accumulator, values, positions }: Running): Running {
  const { op, value } = accumulator;
  const { lines } = lanes;
  if (isArg(op)) return combineArg(lanes, { accumulator, wide: true, values, positions });
  let vectors = values;
  while (vectors.length > 1) {
    vectors = vectors.flatMap((x, i) => {
      if (i % 2) return [];
      if (i + 1 < vectors.length) lines.push(`${x} = ${C.binary(COMBINE[op], value.dtype, x, vectors[i + 1]!, true)};`);
      return [x];
    });
  }
  const [all] = vectors;
  const { dtype } = value;
  for (let half = lanes.width / 2; half >= 1; half /= 2)
    lines.push(
      `${all!} = ${C.binary(COMBINE[op], dtype, all!, `rotate_${half}_${cType(dtype, true)}(${all!})`, true)};`,
    );
  return { accumulator, wide: false, values: [laneOf(dtype, all!, 0)], positions: [] };
}

/** The lanes of argmax and argmin one by one: among equals the smallest position is the first. */
function combineArg(lanes: Lanes, { accumulator, values, positions }: Running): Running {
  const { op, value } = accumulator;
  if (!isArg(op)) throw new Error("C: no positions to combine");
  const one = start(lanes, accumulator, undefined);
  const [best] = one.values,
    [at] = one.positions;
  const { dtype } = value;
  values.forEach((vector, u) => {
    const candidate = laneOf(dtype, vector, "l"),
      place = `${positions[u]!}[l]`;
    const equal =
      dtype === "f32" || dtype === "f64"
        ? `(${candidate} == ${best} | (${candidate} != ${candidate} & ${best} != ${best}))`
        : `(${candidate} == ${best})`;
    lanes.lines.block(`for (int l = 0; l < L; l++)`, () =>
      lanes.lines.push(
        `if (${place} >= 0 && (${at} < 0 || ${beats(C, op, dtype, candidate, best!, false)} || (${equal} && ${place} < ${at}))) { ${best} = ${candidate}; ${at} = ${place}; }`,
      ),
    );
  });
  return one;
}

const laneOf = (dtype: Expression["dtype"], vector: string, lane: number | string): string =>
  dtype === "bool" ? `lane_of(${vector}, ${lane})` : `${vector}[${lane}]`;

function bindResults(lanes: Lanes, running: readonly Running[]): void {
  for (const { accumulator, wide, values, positions } of running) {
    const results = isArg(accumulator.op) ? positions : values;
    if (wide) lanes.bindWide(accumulator.register, results);
    else lanes.bind(accumulator.register, results[0]!);
  }
}

// ---------- loops

/**
 * Names in front of a loop what is loaded for all its iterations alike, and what they compute of it. A C compiler does
 * not: as far as it can see, every store may change what is loaded, and arithmetic may trap.
 */
function nameInvariants(lanes: Lanes, loop: Loop): void {
  const own = definedIn(loop.body).add(loop.index);
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    // What a choice may skip, such as an element beyond a border, stays there.
    if ([...e.free].some((v) => own.has(v))) (e.kind === "select" ? [e.condition] : childrenOf(e)).forEach(visit);
    else if (!lanes.isVarying(e) && (isArithmetic(e) || loadsIn([e]).length)) lanes.name(e);
  };
  for (const s of loop.body)
    if (s.kind === "let") visit(s.value);
    else if (s.kind === "store") [s.offset, s.value].forEach(visit);
  for (const { value } of loop.accumulators) visit(value);
}

const isArithmetic = ({ kind, dtype }: Expression): boolean =>
  (kind === "unary" || kind === "binary") && (dtype === "f32" || dtype === "f64");

/** One iteration at a time; inside a vector loop all vectors side by side run through it together. */
function renderLoop(lanes: Lanes, loop: Loop, range: Range | undefined): void {
  const { lines } = lanes;
  if (loop.turn) {
    const { count, lines: starts, from, to, pitch } = loop.turn;
    const all = typeof count === "number" ? count : lanes.scalar(count);
    lines.push(`rt->turn(b${starts}, ${all}, b${from}, ${extentOf(lanes, loop)}, b${to}, ${pitch});`);
    return;
  }
  const varying = varyingAccumulators(lanes, loop);
  const running = loop.accumulators.map((a) => start(lanes, a, varying.has(a) ? lanes.vectors!.count : undefined));
  const i = lanes.fresh("i");
  const { begin, end } = range ?? { begin: "0", end: extentOf(lanes, loop) };
  nameInvariants(lanes, loop);
  const plan = lanes.vectors ? undefined : fetchesOf(loop, lanes.buffers);
  if (plan) lanes.fetches.set(plan.pass, plan.fetches);
  lines.block(C.count(i, begin, end), () => {
    lanes.bind(loop.index, i);
    lanes.scope(() => {
      renderStatements(lanes, loop.body);
      for (const r of running) for (let u = 0; u < r.values.length; u++) stepOf(lanes, loop, r.accumulator, r, u);
    });
  });
  bindResults(lanes, running);
}

/** Several iterations at a time. */
function renderBlocks(lanes: Lanes, loop: Loop, { count, most, within }: Block, range: Range | undefined): void {
  const { lines } = lanes;
  const [i, n] = [lanes.fresh("i"), lanes.fresh("n")];
  const { begin, end } = range ?? { begin: "0", end: extentOf(lanes, loop) };
  lines.block(`for (i32 ${i} = ${begin}, ${n}; ${i} < ${end}; ${i} += ${n})`, () => {
    lanes.bind(loop.index, i);
    lanes.scope(() => {
      lines.push(`${n} = min_i32(${most}, ${end} - ${i});`);
      for (const divisor of within) {
        const left = plainBinary("sub", plain(divisor), plainDivide("remainder", loop.index, divisor));
        lines.push(`${n} = min_i32(${n}, ${lanes.scalar(left)});`);
      }
      lanes.bind(count, n);
      renderStatements(lanes, loop.body);
    });
  });
}

const plain = (n: number | Param): Expression => (typeof n === "number" ? constant(n, "i32") : n);

function extentOf(lanes: Lanes, { extent }: Loop): string {
  return typeof extent === "number" ? String(extent) : lanes.scalar(extent);
}

/** Several vectors at a time, then one, then what is left in a part of one. */
function renderVectorLoop(lanes: Lanes, loop: Loop, range: Range | undefined): void {
  const { lines } = lanes;
  const vectors = loop.vectors ?? vectorsFor(loop);
  const speculation = speculate(loop);
  if (speculation) lanes.learn([...speculation.lets, speculation.loop]);
  const running = loop.accumulators.map((a) => start(lanes, a, vectors));
  const i = lanes.fresh("i"),
    end = lanes.fresh("e");
  const limits = range ?? { begin: "0", end: extentOf(lanes, loop) };
  lines.push(`i32 ${i} = ${limits.begin};`, `const i32 ${end} = ${limits.end};`);
  lanes.bind(loop.index, i);
  nameInvariants(lanes, loop);
  const fetches = lanes.fetches.get(loop) ?? [];
  const iterations = (of: Loop, count: number, some?: string): void =>
    lanes.inside({ index: loop.index, count, ...(some ? { some } : {}) }, () => {
      if (!some) for (const f of fetches) for (let u = 0; u < count; u++) lanes.fetch(f, u);
      renderStatements(lanes, of.body);
      for (let u = 0; u < count; u++) of.accumulators.forEach((a, k) => stepOf(lanes, of, a, running[k]!, u));
    });
  const guarded = (count: number, some?: string): void => {
    if (!speculation) return iterations(loop, count, some);
    lanes.scope(() => {
      renderStatements(lanes, speculation.lets);
      // Where a part of a vector is left, its lanes are asked as if all were.
      const condition = lanes.scalar(speculation.guard(count * lanes.width));
      lines.block(`if (${condition})`, () => iterations(speculation.loop, count, some));
      lines.block("else", () => iterations(loop, count, some));
    });
  };
  const fixed = typeof loop.extent === "number" && !range ? loop.extent : undefined;
  let left = fixed;
  for (let count = vectors; count >= 1; count /= 2) {
    const stride = count * lanes.width;
    if (left !== undefined && left < stride) continue;
    lines.block(`for (; ${i} <= ${end} - ${count} * L; ${i} += ${count} * L)`, () => guarded(count));
    if (left !== undefined) left %= stride;
  }
  if (left !== 0)
    lines.block(`if (${i} < ${end})`, () => {
      const some = lanes.fresh("n");
      lines.push(`const i32 ${some} = ${end} - ${i};`);
      guarded(1, some);
    });
  bindResults(
    lanes,
    running.map((r) => combine(lanes, r)),
  );
}

/** How many vectors side by side keep the arithmetic busy: sums wait for one another, plain maps do not. */
function vectorsFor(loop: Loop): number {
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e) || !e.free.size) return;
    seen.add(e);
    childrenOf(e).forEach(visit);
  };
  for (const root of expressionsOf([loop])) visit(root);
  const nested = loop.body.some((s) => s.kind === "loop" || s.kind === "if");
  if (!nested && !loop.accumulators.length) return 1;
  return seen.size <= 24 ? 4 : seen.size <= 60 ? 2 : 1;
}

/** The accumulators of a loop, inside a vector loop, that differ between lanes. */
function varyingAccumulators(lanes: Lanes, loop: Loop): Set<Accumulator> {
  const out = new Set<Accumulator>();
  if (!lanes.vectors) return out;
  const inner = new Set<Expression>();
  const differs = (e: Expression): boolean => lanes.isVarying(e) || [...e.free].some((v) => inner.has(v));
  const collect = (l: Loop): void => {
    const visit = (statements: readonly Statement[]): void => {
      for (const s of statements) {
        if (s.kind === "let" && differs(s.value)) inner.add(s.register);
        else if (s.kind === "if") visit(s.body);
        else if (s.kind === "loop") collect(s);
      }
    };
    visit(l.body);
    for (const a of l.accumulators)
      if (differs(a.value) || (a.position && differs(a.position))) {
        inner.add(a.register);
        out.add(a);
      }
  };
  collect(loop);
  return out;
}
