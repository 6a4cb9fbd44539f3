/** A run with something of everything, always the same bytes: no image, because how well zlib packs is its own affair. */
import { tensor, type Tensor } from "../../index.ts";
import * as nn from "../../nn/index.ts";
import { SummaryWriter, type EventSink } from "./summaryWriter.ts";

class Net extends nn.Module {
  hidden: nn.Linear = new nn.Linear(3, 4);
  blocks: nn.Module[] = [new nn.LayerNorm(4), new nn.Linear(4, 2, { bias: false })];

  forward(x: Tensor): Tensor {
    const [norm, last] = this.blocks as [nn.LayerNorm, nn.Linear];
    return last.forward(norm.forward(this.hidden.forward(x).relu()));
  }
}

/** Writes the run. `target` is a folder or takes the bytes. */
export async function writeRun(target: string | EventSink): Promise<void> {
  let seconds = 1_700_000_000;
  const writer = new SummaryWriter(target, { clock: () => (seconds += 0.25) });
  for (let step = 0; step < 5; step++) {
    writer.addScalar("loss/train", 1 / (step + 1), 10 * step);
    writer.addScalar("accuracy", tensor(0.5 + step / 16), 10 * step);
  }
  writer.addScalar("zero", 0, 2 ** 40);
  writer.addScalar("not a number", NaN);
  writer.addHistogram(
    "weights",
    Float32Array.from({ length: 64 }, (_, i) => (i - 20) / 16),
    3,
  );
  writer.addHistogram("all equal", tensor([2, 2, 2]), 3);
  writer.addText("config", "| lr | batch |\n|----|-------|\n| 0.1 | größer |", 1);
  writer.addHparams({ lr: 0.1, optimizer: "adam", nesterov: false, layers: 3 }, { "final/accuracy": 0.875 });
  writer.addGraph(new Net(), [2, 3]);
  await writer.close();
}
