/** A module for workers: what the tests call, in Node and in pages. */
import { ShapeError } from "../../core/errors.ts";
import { slices } from "../../data/slices.ts";
import { Dataset } from "../../data/dataset.ts";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { setDevice } from "../../tensor/engine.ts";
import { manualSeed } from "../../tensor/random.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fit } from "../fit.ts";
import { expose, type WorkerCall } from "./expose.ts";
import { progressTo, type TrainingProgress } from "./progressTo.ts";

export interface Job {
  /** f32 [n, 2] and i32 [n]. */
  readonly x: Tensor;
  readonly y: Tensor;
  readonly epochs: number;
  /** Shared with the caller: [0] is 1 when a step waits for the caller, who sets it to 2. */
  readonly gate?: Int32Array | undefined;
}

/** Two layers. */
export class Net extends nn.Module {
  hidden: nn.Linear = new nn.Linear(2, 16);
  output: nn.Linear = new nn.Linear(16, 2);
  forward(x: Tensor): Tensor {
    return this.output.forward(this.hidden.forward(x).tanh());
  }
}

async function train(
  { x, y, epochs, gate }: Job,
  { report, signal }: WorkerCall<TrainingProgress>,
): Promise<{ readonly weights: Record<string, Tensor>; readonly loss: readonly number[] }> {
  setDevice("wasm");
  manualSeed(1);
  const model = new Net();
  const { loss } = await fit(model, Dataset.from(slices([x, y])).batch(50), {
    optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
    loss: losses.crossEntropy,
    epochs,
    callbacks: [
      progressTo(report),
      {
        name: "gate",
        // In the middle of training, this thread does nothing until the other one has done something.
        endStep({ totalSteps }) {
          if (!gate || totalSteps !== 3) return;
          Atomics.store(gate, 0, 1);
          Atomics.wait(gate, 0, 1, 20_000);
        },
      },
    ],
    signal,
    display: false,
  });
  return { weights: model.stateDict(), loss };
}

interface Mail {
  readonly values: Tensor;
  readonly bytes: Uint8Array;
  readonly note: string;
}

/** Sums in this thread what comes; the rest goes back as it came. */
const echo = (mail: Mail): Mail & { readonly sum: Tensor } => ({ ...mail, sum: mail.values.sum() });

const half = (): Tensor => tensor([0.5, -2], { dtype: "f16" });

const misfit = (): never => {
  throw new ShapeError("misfit: [2] and [3]", { cause: new RangeError("three is too much") });
};
const foreign = (): never => {
  throw Object.assign(new Error("what is this?"), { name: "ForeignError" });
};
/** What no thread can be given. */
const closure = (): (() => number) => () => 1;

async function count(
  to: number,
  { report, signal }: WorkerCall<{ readonly at: number; readonly square: Tensor }>,
): Promise<number> {
  for (let at = 1; at <= to; at++) {
    signal.throwIfAborted();
    report({ at, square: tensor(at).square() });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return to;
}

/** Ends this thread: in a page, by closing it. */
function end(): Promise<never> {
  const own = globalThis as { readonly close?: () => void; readonly process?: { exit(status: number): never } };
  if (own.process) own.process.exit(3);
  own.close?.();
  return new Promise(() => undefined);
}

const functions: {
  readonly train: typeof train;
  readonly echo: typeof echo;
  readonly half: typeof half;
  readonly misfit: typeof misfit;
  readonly foreign: typeof foreign;
  readonly closure: typeof closure;
  readonly count: typeof count;
  readonly end: typeof end;
} = { train, echo, half, misfit, foreign, closure, count, end };

export const offered: typeof functions = expose(functions);
