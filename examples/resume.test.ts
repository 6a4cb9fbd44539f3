import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { train } from "./resume.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "myelin-resume-example-"));
});
afterAll(() => rm(root, { recursive: true }));

test("[AE5] killed three times and started again, training ends with the weights of a run that was left alone", async () => {
  const work = { examples: 400, epochs: 4, everySteps: 2, display: false } as const;
  const weights = ({ model }: Awaited<ReturnType<typeof train>>): number[][] =>
    model.parameters().map((parameter) => [...parameter.dataSync()]);
  const alone = await train({ ...work, folder: join(root, "alone") });
  expect(alone.accuracies.length).toBe(4);

  const folder = join(root, "killed");
  // The first comes before there is a checkpoint, the second within an epoch, the third right after one.
  for (const at of [1, 8, 16]) {
    const kill = new AbortController();
    const onStep = (step: number): void => {
      if (step === at) kill.abort(new Error("killed"));
    };
    await expect(train({ ...work, folder, signal: kill.signal, onStep })).rejects.toThrow("killed");
  }
  const resumed = await train({ ...work, folder });
  expect(weights(resumed)).toEqual(weights(alone));
  expect(resumed.accuracies).toEqual(alone.accuracies);
});
