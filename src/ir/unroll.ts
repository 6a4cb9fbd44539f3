/** Writes out the loops marked `unroll`: their bodies once per iteration, their accumulators as chains of values. */
import { constant, register, type Expression, type Index, type Register } from "./expression.ts";
import { COMBINE, identityOf, isArg, type Accumulator, type Loop, type LoopKernel, type Statement } from "./kernel.ts";
import { mapStatements, plainBinary, plainSelect, plainUnary, replacer } from "./rewrite.ts";

/** The kernel without loops marked `unroll`. */
export function unrollLoops(kernel: LoopKernel): LoopKernel {
  return { ...kernel, body: unrollStatements(kernel.body) };
}

function unrollStatements(statements: readonly Statement[]): Statement[] {
  return statements.flatMap((s): Statement[] => {
    if (s.kind === "if") return [{ ...s, body: unrollStatements(s.body) }];
    if (s.kind !== "loop") return [s];
    const loop = { ...s, body: unrollStatements(s.body) };
    return loop.axis === "unroll" && typeof loop.extent === "number" ? writeOut(loop, loop.extent) : [loop];
  });
}

function writeOut(loop: Loop, extent: number): Statement[] {
  const out: Statement[] = [];
  const chains = loop.accumulators.map((a) => new Chain(a));
  for (let i = 0; i < extent; i++) {
    // Each copy has registers of its own.
    const replace = new Map<Expression, Expression>([[loop.index, constant(i, "i32")]]);
    const fresh = renameDefinitions(loop.body, replace);
    const rewrite = replacer(replace);
    out.push(...mapStatements(fresh, rewrite));
    loop.accumulators.forEach((a, k) =>
      chains[k]!.step(rewrite(a.value), a.position ? rewrite(a.position) : constant(i, "i32"), i, out),
    );
  }
  for (const chain of chains) chain.finish(out);
  return out;
}

/** Gives every register and index that the statements define a new name, and records it for their uses. */
function renameDefinitions(statements: readonly Statement[], replace: Map<Expression, Expression>): Statement[] {
  const rename = (r: Register): Register => {
    const made = register(r.dtype);
    replace.set(r, made);
    return made;
  };
  return statements.map((s): Statement => {
    if (s.kind === "let" || s.kind === "exchange") return { ...s, register: rename(s.register) };
    if (s.kind === "if") return { ...s, body: renameDefinitions(s.body, replace) };
    if (s.kind !== "loop") return s;
    const index = freshIndex(s.index);
    replace.set(s.index, index);
    return {
      ...s,
      index,
      body: renameDefinitions(s.body, replace),
      accumulators: s.accumulators.map((a) => ({ ...a, register: rename(a.register) })),
    };
  });
}

function freshIndex(index: Index): Index {
  const made = { ...index } as Index & { free: ReadonlySet<Index | Register> };
  (made as { free: ReadonlySet<Index | Register> }).free = new Set([made]);
  return made;
}

/** An accumulator as one register after another. */
class Chain {
  private readonly accumulator: Accumulator;
  private value: Expression;
  private position: Expression = constant(0, "i32");

  constructor(accumulator: Accumulator) {
    this.accumulator = accumulator;
    this.value = constant(identityOf(accumulator.op, accumulator.value.dtype), accumulator.value.dtype);
  }

  step(value: Expression, position: Expression, iteration: number, out: Statement[]): void {
    const { op } = this.accumulator;
    const name = (e: Expression): Register => {
      const r = register(e.dtype);
      out.push({ kind: "let", register: r, value: e });
      return r;
    };
    const candidate = name(value);
    if (!isArg(op)) {
      this.value = iteration === 0 ? candidate : name(plainBinary(COMBINE[op], this.value, candidate));
      return;
    }
    if (iteration === 0) {
      this.value = candidate;
      this.position = position;
      return;
    }
    const [low, high] = op === "argmax" ? [this.value, candidate] : [candidate, this.value];
    // Not "high ≤ low", so that a NaN wins, unless the best is NaN already.
    const better = name(
      plainBinary("and", plainBinary("eq", this.value, this.value), plainUnary("not", plainBinary("le", high, low))),
    );
    this.value = name(plainSelect(better, candidate, this.value));
    this.position = name(plainSelect(better, position, this.position));
  }

  finish(out: Statement[]): void {
    const { op, register: result } = this.accumulator;
    out.push({ kind: "let", register: result, value: isArg(op) ? this.position : this.value });
  }
}
