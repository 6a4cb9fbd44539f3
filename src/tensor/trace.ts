/** What happens while a function is traced: cells are read and assigned in the graph, not in memory. */
import { TraceError } from "../core/errors.ts";
import type { Node, Source } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import type { Shape } from "../core/shape.ts";
import type { DType } from "../core/dtype.ts";
import type { Cell } from "./cell.ts";
import type { Switch } from "./switch.ts";

/** An argument of a traced function: it has a value only while a replay runs. */
export class Argument implements Source {
  readonly requiresGrad = false;
  readonly trace: Trace;
  readonly position: number;

  constructor(trace: Trace, position: number) {
    this.trace = trace;
    this.position = position;
  }
}

interface CellState {
  /** The leaf for the version before the call; absent while nobody read it. */
  before: Node | undefined;
  readonly emptyBefore: boolean;
  /** Whether the trace depends on that: false where the cell was only assigned or cleared. */
  asked: boolean;
  /** The version now; undefined is empty. */
  now: Node | undefined;
  changed: boolean;
}

export class Trace {
  readonly cells: Map<Cell, CellState> = new Map();
  /** Switches that were read or set, and how they stood before. */
  readonly switches: Map<Switch, boolean> = new Map();
  readonly arguments: Node[] = [];
  /** Name of the traced function, for messages. */
  readonly name: string;
  open = true;

  constructor(name: string) {
    this.name = name;
  }

  /** A leaf for the next tensor argument. */
  argument(shape: Shape, dtype: DType): Node {
    const node = input(shape, dtype, new Argument(this, this.arguments.length));
    this.arguments.push(node);
    return node;
  }

  /** Called before a switch is read or set. */
  noteSwitch(one: Switch): void {
    if (!this.switches.has(one)) this.switches.set(one, one.onNow);
  }

  #state(cell: Cell): CellState {
    let state = this.cells.get(cell);
    if (!state)
      this.cells.set(
        cell,
        (state = { before: undefined, emptyBefore: cell.emptyNow, asked: false, now: undefined, changed: false }),
      );
    return state;
  }

  isEmpty(cell: Cell): boolean {
    const state = this.#state(cell);
    if (state.changed) return state.now === undefined;
    state.asked = true;
    return state.emptyBefore;
  }

  read(cell: Cell): Node {
    const state = this.#state(cell);
    if (state.changed) {
      if (!state.now) throw new TraceError(`${cell.label}: read after it was cleared. Assign a value first`);
      return state.now;
    }
    state.asked = true;
    if (state.emptyBefore) throw new TraceError(`${cell.label}: read before it was given a value. Assign one first`);
    return (state.before ??= cell.slot());
  }

  assign(cell: Cell, node: Node): void {
    const state = this.#state(cell);
    state.now = node;
    state.changed = true;
  }

  clear(cell: Cell): void {
    const state = this.#state(cell);
    state.now = undefined;
    state.changed = true;
  }
}

let current: Trace | undefined;

/** The trace being recorded, if any. */
export function currentTrace(): Trace | undefined {
  return current;
}

/** Records what `f` does. Traces do not nest: a traced function called inside another becomes part of it. */
export function withTrace<T>(trace: Trace, f: () => T): T {
  const before = current;
  current = trace;
  try {
    return f();
  } finally {
    current = before;
    trace.open = false;
  }
}

/** Runs `f` as if nothing were traced: for state that comes into being while a trace needs it. */
export function outsideTraces<T>(f: () => T): T {
  const before = current;
  current = undefined;
  try {
    return f();
  } finally {
    current = before;
  }
}
