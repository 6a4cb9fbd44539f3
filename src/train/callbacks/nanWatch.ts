import { knownOptions } from "../../core/knownOptions.ts";
import { isFloat } from "../../core/dtype.ts";
import { MyelinError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { gradients } from "../../graph/grad.ts";
import { topological, type Node } from "../../graph/node.ts";
import { withLines } from "../../graph/op.ts";
import { fill } from "../../graph/ops/leaf.ts";
import type { Module } from "../../nn/module.ts";
import { read } from "../../tensor/evaluate.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback, Run } from "../callback.ts";
import { parentOf } from "./paths.ts";

/** A loss or gradient that is not finite, and where that begins. */
export class NonFiniteError extends MyelinError {
  /** Path of the module, "" for the model itself; undefined where it is in none. */
  readonly layer: string | undefined;
  /** The operation, where one was found. */
  readonly op: string | undefined;

  override get name(): string {
    return "NonFiniteError";
  }

  constructor(message: string, layer: string | undefined, op: string | undefined) {
    super(message);
    this.layer = layer;
    this.op = op;
  }
}

/**
 * Ends training with an error at the first step whose loss or gradients are NaN or infinite, and names the layer and the operation where that
 * begins: the step is not made, and its batch runs again, operation by operation. In a `fit` the error is the cause of a `CallbackError`.
 *
 * With `precision: "mixed_float16"` gradients that overflow are ordinary, and this calls them a fault: look for faults in f32.
 *
 * Each step that is looked into waits for its result: for finding a fault, not for long training.
 * @param options.every how many steps from one look to the next, 1 by default; parameters that were spoilt in a step between are named.
 */
export function nanWatch(options: { readonly every?: number } = {}): Callback {
  knownOptions("nanWatch", options, { every: true });
  const { every = 1 } = options;
  wholeNumber("nanWatch", "every", every, 1);
  return {
    name: "nanWatch",
    watch: {
      every,
      accept: "finite",
      trace({ model, loss }) {
        const values = [loss, ...model.parameters().flatMap(({ grad }) => (grad ? [grad] : []))];
        const each = values.map((value) => value.isFinite().all());
        return { finite: each.reduce((all, one) => all.logicalAnd(one)) };
      },
      async see(values, run) {
        if ((await values["finite"]!.item()) !== 1) throw await explain(run);
      },
    },
  };
}

/** A call of a module: the nodes that were made in it have ids between these. */
interface Call {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

async function explain(run: Run): Promise<NonFiniteError> {
  const where = `step ${run.totalSteps}`;
  for (const [path, parameter] of run.model.namedParameters())
    if (!(await parameter.data()).every(Number.isFinite)) {
      const advice = "look at every step to see where that came from";
      return new NonFiniteError(`${path} was not finite before ${where}; ${advice}`, parentOf(path), undefined);
    }
  const { loss, calls } = noted(run.model, () => withLines(() => run.recompute()));
  const forward = await firstBad([loss.node]);
  if (forward) return fault(where, "its values", forward, calls);
  const [names, wanted] = [[...run.model.namedParameters().keys()], run.model.parameters().map(({ node }) => node)];
  const found = withLines(() => gradients([loss.node], [fill(loss.shape, 1, loss.dtype)], wanted));
  const made = found.filter((node) => node !== undefined);
  const backward = await firstBad(made);
  if (backward) return fault(where, "the gradient of its values", backward, calls);
  const states = await Promise.all(found.map((node) => node && stateOf(node)));
  const name = names[states.findIndex((state) => state && state !== "finite")];
  const what = name === undefined ? "the loss or a gradient" : `the gradient of ${name}`;
  return new NonFiniteError(
    `${what} was not finite in ${where}, and is when computed operation by operation: it is at the edge of what the dtype holds`,
    name === undefined ? undefined : parentOf(name),
    undefined,
  );
}

/** Ids of nodes rise; this one is new. */
const nextId = (): number => fill([], 0, "f32").id;

/** Runs something with a note of the calls of all modules, inner ones before those around them. */
function noted(model: Module, run: () => Tensor): { loss: Tensor; calls: Call[] } {
  const calls: Call[] = [];
  const remove = [...model.namedModules()].flatMap(([path, module]) => {
    const starts: number[] = [];
    return [
      module.onForwardStart(() => void starts.push(nextId())),
      module.onForward(() => void calls.push({ path, from: starts.pop()!, to: nextId() })),
    ];
  });
  try {
    return { loss: run(), calls };
  } finally {
    for (const undo of remove) undo();
  }
}

/** The operation that makes something infinite or NaN of finite operands; else the first that makes NaN of what is none. */
async function firstBad(roots: readonly Node[]): Promise<Bad | undefined> {
  const order = topological(roots);
  // Nodes forget their inputs once they have a value.
  const inputs = new Map(order.map((node) => [node, node.inputs]));
  const states = new Map<Node, "finite" | "infinite" | "nan">();
  let later: Bad | undefined;
  for (const node of order) {
    const state = await stateOf(node);
    states.set(node, state);
    const before = inputs.get(node)!;
    if (state === "finite" || before.length === 0) continue;
    if (before.every((input) => states.get(input) === "finite")) return { node, inputs: before, state };
    if (state === "nan" && before.every((input) => states.get(input) !== "nan"))
      later ??= { node, inputs: before, state };
  }
  return states.get(order.at(-1)!) === "finite" ? undefined : later;
}

interface Bad {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly state: "infinite" | "nan";
}

async function stateOf(node: Node): Promise<"finite" | "infinite" | "nan"> {
  if (!isFloat(node.dtype)) return "finite";
  const values = await read(node);
  if (values.some(Number.isNaN)) return "nan";
  return values.every(Number.isFinite) ? "finite" : "infinite";
}

function fault(where: string, what: string, { node, inputs, state }: Bad, calls: readonly Call[]): NonFiniteError {
  // A node of a gradient belongs where the values come from that it reads.
  const ids = [node.id, ...inputs.map(({ id }) => id).sort((a, b) => b - a)];
  const call = ids.map((id) => calls.find(({ from, to }) => from < id && id < to)).find((found) => found !== undefined);
  const layer = call === undefined ? "the loss" : call.path === "" ? "the model" : call.path;
  const line = node.line ? ` (${node.line})` : "";
  return new NonFiniteError(
    `in ${where}, ${layer} is the first where ${what} are not finite: ${node.op.name}${line} gives ${state === "nan" ? "NaN" : state}; the step was not made`,
    call?.path,
    node.op.name,
  );
}
