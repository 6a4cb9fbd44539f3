/** A small training run, for tests of checkpoints. */
import * as nn from "../../nn/index.ts";
import * as losses from "../../nn/losses/index.ts";
import * as optim from "../../optim/index.ts";
import { tensor } from "../../tensor/create.ts";
import { jit } from "../../tensor/jit.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export class Net extends nn.Module {
  fc1: nn.Linear;
  /** Sums over the width, whose last digits differ between kinds of code. */
  norm: nn.LayerNorm;
  drop: nn.Dropout = new nn.Dropout(0.3);
  fc2: nn.Linear;

  constructor(width: number = 6) {
    super();
    this.fc1 = new nn.Linear(4, width);
    this.norm = new nn.LayerNorm(width);
    this.fc2 = new nn.Linear(width, 2);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.drop.forward(this.norm.forward(this.fc1.forward(x).relu())));
  }
}

export class Run {
  model: Net;
  optimizer: optim.AdamW;
  scheduler: optim.Scheduler;
  step: (x: Tensor, y: Tensor) => Tensor;

  constructor(seed: number, width?: number) {
    manualSeed(seed);
    this.model = new Net(width);
    this.optimizer = new optim.AdamW(this.model.parameters(), { lr: 0.01 });
    this.scheduler = new optim.Scheduler(this.optimizer, optim.cosineAnnealing({ length: 400 }));
    this.step = jit((x: Tensor, y: Tensor) => {
      const loss = losses.crossEntropy(this.model.forward(x), y);
      this.optimizer.zeroGrad();
      loss.backward();
      this.optimizer.step();
      return loss;
    });
  }

  get parts(): { model: Net; optimizer: optim.AdamW; scheduler: optim.Scheduler } {
    return { model: this.model, optimizer: this.optimizer, scheduler: this.scheduler };
  }

  train(steps: number): number[] {
    const x = tensor(
      Float32Array.from({ length: 32 }, (_, at) => Math.sin(at)),
      [8, 4],
    );
    const y = tensor(Int32Array.from({ length: 8 }, (_, at) => at % 2));
    return Array.from({ length: steps }, () => {
      const loss = this.step(x, y).itemSync();
      this.scheduler.step();
      return loss;
    });
  }

  /** All weights and moments. */
  values(): number[] {
    const moments = Object.values(this.optimizer.stateDict().state).flatMap((parts) => Object.values(parts));
    return [...Object.values(this.model.stateDict()), ...moments].flatMap((value) => [...value.dataSync()]);
  }
}
