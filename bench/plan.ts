/**
 * `node build/bench/plan.js`: what a training step of gpt holds beyond parameters and optimizer state, planned, in f32, in mixed precision
 * and with its blocks checkpointed. PyTorch's figure for the same step: bench/peers/torch_memory.py.
 */
import { autocast, losses, memory, nn, optim, randint, type Tensor } from "myelin";
import { Gpt } from "./models.ts";

const [VOCABULARY, LENGTH, BATCH] = [256, 128, 8];

function plan(precision: "bf16" | undefined, checkpointed: boolean): memory.MemoryPlan {
  const model = new Gpt(VOCABULARY, LENGTH, 256, 4, 4);
  if (checkpointed) for (const block of model.blocks) nn.checkpointModule(block);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const step = (ids: Tensor, targets: Tensor): Tensor => {
    const loss = autocast(precision, () => losses.crossEntropy(model.forward(ids).reshape([-1, VOCABULARY]), targets));
    loss.backward();
    optimizer.step();
    // Gradients that nobody reads need not be stored: they are part of the scratch.
    optimizer.zeroGrad();
    return loss;
  };
  return memory.plannedMemory(step, randint(0, VOCABULARY, [BATCH, LENGTH]), randint(0, VOCABULARY, [BATCH * LENGTH]));
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1).padStart(6)} MB`;
for (const [name, precision, checkpointed] of [
  ["f32", undefined, false],
  ["f32, blocks checkpointed", undefined, true],
  ["bf16 by autocast", "bf16", false],
  ["bf16, blocks checkpointed", "bf16", true],
] as const) {
  const { scratchBytes, activationBytes } = plan(precision, checkpointed);
  console.log(
    `${name.padEnd(28)} ${megabytes(scratchBytes)} in between, ${megabytes(activationBytes)} kept for gradients`,
  );
}
