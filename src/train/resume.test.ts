import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CallbackError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { slices } from "../data/slices.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback, Run } from "./callback.ts";
import { best, latest } from "./checkpoints/index.ts";
import { fit, type FitOptions } from "./fit.ts";

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "myelin-resume-"));
});
afterAll(() => rm(root, { recursive: true }));

const x = tensor(
  Float32Array.from({ length: 44 * 3 }, (_, at) => Math.sin(at * at)),
  [44, 3],
);
const y = tensor(
  Float32Array.from({ length: 44 }, (_, at) => Math.cos(at)),
  [44, 1],
);

/** A new process: everything is made anew, from another seed. */
function setUp(seed: number) {
  manualSeed(seed);
  const model = nn.sequential(new nn.Linear(3, 8), nn.tanh, new nn.Dropout(0.3), new nn.Linear(8, 1));
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
  const scheduler = new optim.Scheduler(optimizer, optim.cosineAnnealing({ length: 5 }));
  const data = Dataset.from(slices([x, y]))
    .shuffle({ seed: 5 })
    .batch(8);
  return { model, optimizer, scheduler, data };
}

type Options = Partial<FitOptions<Tensor, Tensor, Tensor, never>>;

/** Calls fit as a new process would. */
async function train(seed: number, options: Options, stopAt?: number, data?: unknown) {
  const made = setUp(seed);
  const losing: number[] = [];
  const stopping: Callback = {
    name: "stopping",
    endStep: (run: Run) => {
      if (run.totalSteps === stopAt) run.stop("killed");
    },
    // Counts epochs, across resumes.
    endEpoch: (run) => void losing.push(run.epoch),
    state: () => losing,
    restore: (state) => void losing.splice(0, losing.length, ...(state as number[])),
  };
  const history = await fit(made.model, (data ?? made.data) as typeof made.data, {
    ...made,
    loss: losses.mse,
    epochs: 5,
    display: false,
    callbacks: [stopping],
    validation: [x, y],
    ...options,
  });
  const weights = Object.values(made.model.stateDict()).flatMap((value) => [...value.dataSync()]);
  return { history, weights, losing };
}

describe("going on from a checkpoint", () => {
  const folder = (): string => join(root, `${count++}`);

  test("[AE5] [Z8] in mid-epoch, at its last step, and between epochs, is bit for bit what an uninterrupted run does", async () => {
    const whole = await train(1, { checkpoint: { folder: folder() } });
    expect(whole.losing).toEqual([1, 2, 3, 4, 5]);
    for (const stopAt of [1, 9, 12, 30]) {
      const checkpoint = { folder: folder(), everySteps: 4 };
      await train(1, { checkpoint }, stopAt);
      expect(await train(99, { checkpoint, resume: true })).toEqual(whole);
    }
  });

  test("also with accumulation, and where the data is a generator function or an array", async () => {
    const batches = (await setUp(1).data.toArray()) as [Tensor, Tensor][];
    const sources = { generator: () => batches.values(), array: batches, iterable: new Set(batches) };
    for (const data of Object.values(sources)) {
      const more = { accumulate: 2, stepsPerEpoch: 4 };
      const whole = await train(2, { ...more, checkpoint: { folder: folder() } }, undefined, data);
      const checkpoint = { folder: folder() };
      await train(2, { ...more, checkpoint }, 7, data);
      expect(await train(98, { ...more, checkpoint, resume: true }, undefined, data)).toEqual(whole);
    }
  });

  test("in half precision too: the scale of the loss is kept", async () => {
    const precision = { precision: "mixed_float16" } as const;
    const whole = await train(7, { ...precision, checkpoint: { folder: folder() } });
    const checkpoint = { folder: folder() };
    await train(7, { ...precision, checkpoint }, 8);
    expect((await latest(checkpoint.folder))!.parts).toContain("scaler");
    expect(await train(94, { ...precision, checkpoint, resume: true })).toEqual(whole);
  });

  test("after an error the last checkpoint is what there is; a run that was over stays over", async () => {
    const whole = await train(3, { checkpoint: { folder: folder() } });
    const checkpoint = { folder: folder(), everySteps: 3, keepLast: 2 };
    const failing: Callback = {
      name: "failing",
      endStep: (run) => {
        if (run.totalSteps === 11) throw new Error("out of luck");
      },
    };
    await expect(train(3, { checkpoint, callbacks: [failing] })).rejects.toThrow(CallbackError);
    expect((await readdir(checkpoint.folder)).sort()).toEqual(["model_v3", "model_v4"]);
    const { history, weights } = await train(97, { checkpoint, resume: true });
    expect({ history, weights }).toEqual({ history: whole.history, weights: whole.weights });
    const again = await train(96, { checkpoint, resume: true });
    expect([again.history, again.weights]).toEqual([whole.history, whole.weights]);
  });

  test("Ctrl-C ends training after the step, saves, and says how to go on", async () => {
    const whole = await train(4, { checkpoint: { folder: folder() } });
    const checkpoint = { folder: folder() };
    const lines: string[] = [];
    const terminal = { columns: undefined, write: (text: string) => void lines.push(text) };
    const interrupted: Callback = {
      name: "user",
      endStep: ({ totalSteps }) => {
        if (totalSteps === 8) process.emit("SIGINT");
      },
    };
    const before = process.listenerCount("SIGINT");
    await train(4, { checkpoint, display: terminal, callbacks: [interrupted] });
    expect(process.listenerCount("SIGINT")).toBe(before);
    expect(lines.at(-1)).toBe(
      `training stopped after step 2 of epoch 2: interrupted; the same call with resume: true goes on from there, saved in "${checkpoint.folder}"\n`,
    );
    lines.length = 0;
    const { history, weights } = await train(95, { checkpoint, resume: true, display: terminal });
    expect(lines[0]).toBe(`going on from "${checkpoint.folder}/model_v2": epoch 2, step 2\n`);
    expect({ history, weights }).toEqual({ history: whole.history, weights: whole.weights });

    const listening: Callback = {
      name: "counting",
      begin: () => expect(process.listenerCount("SIGINT")).toBe(before),
    };
    await train(4, { interrupts: false, epochs: 1, callbacks: [listening] });
  });

  test("keeps the best by a number of validation, though within the first epoch there is none", async () => {
    const checkpoint = { folder: folder(), everySteps: 2, keepLast: 1, by: "val_loss" } as const;
    const { history } = await train(5, { checkpoint });
    const found = await best(checkpoint.folder, { by: "val_loss" });
    expect((found!.fields["metrics"] as { val_loss: number }).val_loss).toBe(Math.min(...history.val_loss!));
  });

  test("what makes no sense is refused", async () => {
    await expect(train(6, { resume: true })).rejects.toThrow(/resume wants to know the folder/);
    await expect(train(6, { checkpoint: { folder: folder(), everySteps: 0 } })).rejects.toThrow(
      /checkpoint.everySteps must be a whole number of 1 or more, got 0/,
    );
    const optimizer = { lr: 1, zeroGrad: () => undefined, step: () => undefined };
    await expect(train(6, { checkpoint: { folder: folder() }, optimizer })).rejects.toThrow(
      /wants an optimizer with stateDict/,
    );
  });
});
