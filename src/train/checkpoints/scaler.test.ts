import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { randint, randn } from "../../tensor/create.ts";
import { jit } from "../../tensor/jit.ts";
import { autocast } from "../../tensor/autocast.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as checkpoints from "./index.ts";

/** A loop in PyTorch's habits, with everything that has state. */
function training() {
  const model = nn.sequential(new nn.Linear(6, 16), new nn.ReLU(), new nn.Linear(16, 3));
  const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-2 });
  // So high that the first steps overflow, and so eager that it grows again.
  const scaler = new optim.GradScaler({ initScale: 2 ** 120, growthInterval: 3, backoffFactor: 2 ** -60 });
  const step = jit((x: Tensor, y: Tensor) => {
    optimizer.zeroGrad();
    const loss = autocast("f16", () => losses.crossEntropy(model.forward(x), y));
    scaler.scale(loss).backward();
    scaler.step(optimizer);
    scaler.update();
    return loss;
  });
  const state = () => ({
    weights: Object.values(model.stateDict()).map((tensor) => [...tensor.dataSync()]),
    scaler: scaler.stateDict(),
  });
  return { parts: { model, optimizer, scaler }, step, state };
}

test("a loop with a GradScaler goes on from a checkpoint bit for bit, scale and count included", async () => {
  manualSeed(3);
  const x = randn([8, 6]);
  const y = randint(0, 3, [8]);
  const folder = await mkdtemp(join(tmpdir(), "myelin-scaler-"));
  try {
    const whole = training();
    const scales: number[] = [];
    for (let at = 0; at < 14; at++) {
      // In the middle of a count, after overflows.
      if (at === 6) await checkpoints.save(`${folder}/at6`, whole.parts, { at });
      whole.step(x, y);
      scales.push(whole.parts.scaler.currentScale);
    }
    expect(scales[0]).toBeLessThan(2 ** 120);
    expect(scales.some((scale, at) => scale > scales[at - 1]!)).toBe(true);

    manualSeed(99);
    const again = training();
    expect(await checkpoints.load(`${folder}/at6`, again.parts)).toMatchObject({ at: 6 });
    expect(again.parts.scaler.currentScale).toBe(scales[5]);
    for (let at = 6; at < 14; at++) {
      again.step(x, y);
      expect(again.parts.scaler.currentScale).toBe(scales[at]);
    }
    expect(again.state()).toEqual(whole.state());
  } finally {
    await rm(folder, { recursive: true });
  }
});
