/** The models of the training workloads, as a user would write them. */
import { arange, nn, type Tensor } from "myelin";

/** Dense layers with ReLU between them. */
export class Perceptron extends nn.Module {
  readonly layers: nn.Linear[];

  constructor(...sizes: number[]) {
    super();
    this.layers = sizes.slice(1).map((size, i) => new nn.Linear(sizes[i]!, size));
  }

  forward(x: Tensor): Tensor {
    this.layers.forEach((layer, i) => {
      x = layer.forward(x);
      if (i < this.layers.length - 1) x = x.relu();
    });
    return x;
  }
}

/** Two convolutions with pooling and a dense head, for 28×28 images. */
export class Convolutional extends nn.Module {
  readonly conv1: nn.Conv2d = new nn.Conv2d(1, 32, 3, { padding: 1 });
  readonly conv2: nn.Conv2d = new nn.Conv2d(32, 64, 3, { padding: 1 });
  readonly dense: nn.Linear = new nn.Linear(64 * 49, 128);
  readonly head: nn.Linear = new nn.Linear(128, 10);

  forward(x: Tensor): Tensor {
    x = this.conv1.forward(x).relu().maxPool2d(2);
    x = this.conv2.forward(x).relu().maxPool2d(2);
    return this.head.forward(this.dense.forward(x.flatten(1)).relu());
  }
}

class Block extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly attention: nn.MultiheadAttention;
  readonly norm2: nn.LayerNorm;
  readonly up: nn.Linear;
  readonly down: nn.Linear;

  constructor(width: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(width);
    this.attention = new nn.MultiheadAttention(width, heads);
    this.norm2 = new nn.LayerNorm(width);
    this.up = new nn.Linear(width, 4 * width);
    this.down = new nn.Linear(4 * width, width);
  }

  forward(x: Tensor): Tensor {
    const seen = this.norm1.forward(x);
    x = x.add(this.attention.forward(seen, seen, seen, { isCausal: true }));
    return x.add(this.down.forward(this.up.forward(this.norm2.forward(x)).gelu()));
  }
}

/** A GPT: token and position embeddings, pre-norm blocks, an untied head. */
export class Gpt extends nn.Module {
  readonly tokens: nn.Embedding;
  readonly positions: nn.Embedding;
  readonly blocks: Block[];
  readonly norm: nn.LayerNorm;
  readonly head: nn.Linear;

  constructor(vocabulary: number, length: number, width: number, depth: number, heads: number) {
    super();
    this.tokens = new nn.Embedding(vocabulary, width);
    this.positions = new nn.Embedding(length, width);
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads));
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, vocabulary, { bias: false });
  }

  forward(ids: Tensor): Tensor {
    let x: Tensor = this.tokens.forward(ids).add(this.positions.forward(arange(ids.shape[1]!)));
    for (const block of this.blocks) x = block.forward(x);
    return this.head.forward(this.norm.forward(x));
  }
}

/** An LSTM read at its last step. */
export class Recurrent extends nn.Module {
  readonly lstm: nn.LSTM;
  readonly head: nn.Linear;

  constructor(features: number, hidden: number, classes: number) {
    super();
    this.lstm = new nn.LSTM(features, hidden, { batchFirst: true });
    this.head = new nn.Linear(hidden, classes);
  }

  forward(x: Tensor): Tensor {
    const [outputs] = this.lstm.forward(x);
    const last: Tensor = outputs.narrow(1, x.shape[1]! - 1, 1).squeeze(1);
    return this.head.forward(last);
  }
}
