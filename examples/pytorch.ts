/**
 * What a training script of PyTorch is made of, piece by piece, as docs/pytorch.md explains it: a module of one's own with buffers, initial
 * weights, groups of parameters, a schedule with warmup, clipping, hooks, a gradient of one's own, a loader with workers and collate, weights as
 * safetensors; then sequences of different lengths, and generation with a cache.
 *
 *     node build/examples/pytorch.js
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  customGradient,
  DataLoader,
  drawnDigits,
  jit,
  loadTensors,
  losses,
  manualSeed,
  nn,
  noGrad,
  optim,
  random,
  saveTensors,
  tensor,
  zeros,
  type Tensor,
} from "myelin";

class Centred extends nn.Module {
  mean = nn.buffer(zeros([1]));
  forward(x: Tensor): Tensor {
    if (this.training) this.mean.assign(this.mean.mul(0.9).add(x.detach().mean().mul(0.1)));
    return x.sub(this.mean);
  }
}

const clampThrough = customGradient<[Tensor]>({
  forward: (x) => x.clamp(-8, 8),
  backward: (gradient) => [gradient],
});

class Net extends nn.Module {
  centred = new Centred();
  features = nn.sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(8),
    nn.relu,
    new nn.MaxPool2d(4),
  );
  head = new nn.Linear(8 * 7 * 7, 10);
  forward(x: Tensor): Tensor {
    const h: Tensor = this.features.forward(this.centred.forward(x));
    return clampThrough(this.head.forward(h.flatten(1)));
  }
}

class Names extends nn.Module {
  letters = new nn.Embedding(27, 8, { paddingIndex: 0 });
  lstm = new nn.LSTM(8, 16, { batchFirst: true, bidirectional: true });
  fc = new nn.Linear(32, 2);
  forward(ids: Tensor, lengths: Tensor): Tensor {
    const [, [h]] = this.lstm.forward(this.letters.forward(ids), undefined, { lengths });
    return this.fc.forward(h.permute([1, 0, 2]).flatten(1));
  }
}

/** The program. Returns the share of right answers, of the model and of the one that was loaded, and what was generated. */
export async function main({
  count = 2000,
  epochs = 4,
  print = console.log,
}: { readonly count?: number; readonly epochs?: number; readonly print?: (line: string) => void } = {}): Promise<{
  right: number;
  loaded: number;
  seen: string;
  ends: number;
  text: string;
}> {
  const folder = mkdtempSync(join(tmpdir(), "myelin-pytorch-"));
  try {
    manualSeed(0);
    const model = new Net();
    model.apply((module) => {
      if (module instanceof nn.Conv2d) nn.init.assign(module.weight, nn.init.kaimingNormal());
      else if (module instanceof nn.Linear) nn.init.assign(module.bias!, nn.init.zeros);
    });

    const all = [...model.namedParameters().values()];
    const optimizer = new optim.AdamW(
      [{ params: all.filter((p) => p.rank > 1) }, { params: all.filter((p) => p.rank <= 1), weightDecay: 0 }],
      { lr: 3e-3, weightDecay: 0.01 },
    );
    const { LinearLR, CosineAnnealingLR, SequentialLR } = optim.lrScheduler;
    const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 1 });
    const cosine = new CosineAnnealingLR(optimizer, { TMax: epochs });
    const scheduler = new SequentialLR(optimizer, { schedulers: [warmup, cosine], milestones: [1] });

    const { images, labels } = drawnDigits({ count, seed: 1 });
    class Digits {
      length = count;
      get(i: number) {
        return { image: images.subarray(i * 784, (i + 1) * 784), label: labels[i]! };
      }
    }
    const loader = new DataLoader(new Digits(), {
      batchSize: 50,
      shuffle: true,
      workers: 2,
      transform: ({ image, label }) => ({ image: Float32Array.from(image, (byte) => byte / 255), label }),
      collate: (examples) => ({
        x: tensor(Float32Array.from(examples.flatMap(({ image }) => [...image])), [examples.length, 1, 28, 28]),
        y: tensor(Int32Array.from(examples, ({ label }) => label)),
      }),
    });

    let seen = "";
    const remove = model.features.onForward((_, __, output) => {
      seen = String((output as Tensor).shape);
    });

    const step = jit((x: Tensor, y: Tensor) => {
      optimizer.zeroGrad();
      const loss = losses.crossEntropy(model.forward(x), y, { labelSmoothing: 0.1 });
      loss.backward();
      optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      return loss;
    });
    const share = async (net: Net): Promise<number> => {
      net.eval();
      let hits = 0;
      for await (const { x, y } of loader) hits += await noGrad(() => net.forward(x).argmax(1).eq(y).sum()).item();
      return hits / count;
    };
    for (let epoch = 1; epoch <= epochs; epoch++) {
      model.train();
      let loss = zeros([]) as Tensor;
      for await (const { x, y } of loader) loss = step(x, y);
      print(`epoch ${epoch}  lr ${optimizer.lr.toFixed(5)}  loss ${(await loss.item()).toFixed(3)}`);
      scheduler.step();
    }
    remove();

    const path = join(folder, "net.safetensors");
    await saveTensors(model.stateDict(), path);
    const other = new Net();
    other.loadStateDict(await loadTensors(path));
    const [right, loaded] = [await share(model), await share(other)];
    print(`right ${right}, from the file ${loaded}`);

    const words = ["anna", "otto", "lea", "max", "sophia", "kim", "julia", "finn"];
    const length = 8;
    const ids = tensor(words.map((word) => Array.from({ length }, (_, i) => (word.charCodeAt(i) || 96) - 96))).int();
    const lengths = tensor(words.map((word) => word.length)).int();
    const vowel = tensor(words.map((word) => Number(/[aeiou]$/.test(word)))).int();
    const names = new Names();
    const adam = new optim.Adam(names.parameters(), { lr: 0.02 });
    const learn = jit((x: Tensor, steps: Tensor, y: Tensor) => {
      adam.zeroGrad();
      const loss = losses.crossEntropy(names.forward(x, steps), y);
      loss.backward();
      adam.step();
      return loss;
    });
    for (let i = 0; i < 60; i++) learn(ids, lengths, vowel);
    const ends = await names.forward(ids, lengths).argmax(1).eq(vowel).float().mean().item();

    const gpt = new nn.GPT({ vocabulary: 27, context: 16, features: 16, heads: 2, layers: 1 }).eval();
    const caches = gpt.newCaches(1, 16);
    const next = jit((id: Tensor) =>
      noGrad(() => random.categorical(gpt.forward(id, caches).slice(null, -1).div(0.8)).unsqueeze(1)),
    );
    let id: Tensor = tensor([[1]]).int();
    let text = "";
    for (let i = 0; i < 8; i++) {
      id = next(id);
      text += String.fromCharCode(96 + (await id.item()));
    }
    print(`${ends} of the endings right; generated ${text}`);
    return { right, loaded, seen, ends, text };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) await main();
