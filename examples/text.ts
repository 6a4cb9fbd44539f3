/**
 * Text, character by character: a small GPT learns to write like the text that it is given, and goes on from a beginning.
 *
 *     node build/examples/text.js [file] [steps]
 *
 * Without a file it learns two sonnets by heart. With tiny Shakespeare (1.1 MB) and some thousand steps it writes plays.
 */
import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { Dataset, fit, hostArray, losses, manualSeed, nn, optim, preprocessing, tensor, type Tensor } from "myelin";

/** Sonnets 18 and 116. */
const SONNETS = `Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.

Let me not to the marriage of true minds
Admit impediments. Love is not love
Which alters when it alteration finds,
Or bends with the remover to remove:
O no! it is an ever-fixed mark
That looks on tempests and is never shaken;
It is the star to every wandering bark,
Whose worth's unknown, although his height be taken.
Love's not Time's fool, though rosy lips and cheeks
Within his bending sickle's compass come;
Love alters not with his brief hours and weeks,
But bears it out even to the edge of doom.
If this be error and upon me proved,
I never writ, nor no man ever loved.
`;

/**
 * Goes on from a beginning. The model knows the positions of its context only: it is given the last half of that again and again,
 * and writes the other half.
 */
async function write(
  model: nn.GPT,
  start: Int32Array,
  length: number,
  context: number,
  temperature: number,
): Promise<number[]> {
  const written = [...start];
  const half = context >> 1;
  while (written.length < start.length + length) {
    const seed = written.slice(-half);
    const ids = tensor(Int32Array.from(seed), [1, seed.length]);
    const longer = await model.generate(ids, context - seed.length, { temperature, topK: 10 }).data();
    written.push(...longer.subarray(seed.length));
  }
  return written.slice(0, start.length + length);
}

export interface TextOptions {
  readonly text?: string;
  readonly steps?: number;
  /** Characters that the model sees at once. */
  readonly context?: number;
  readonly features?: number;
  readonly prompt?: string;
  /** How bold the writing is: 0 takes the likeliest character always. */
  readonly temperature?: number;
  readonly length?: number;
  readonly print?: (line: string) => void;
}

/** @returns the mean loss of the last steps, in nats a character, and what the model has written. */
export async function main(options: TextOptions = {}): Promise<{ loss: number; written: string }> {
  const { text = SONNETS, steps = 600, context = 64, features = 96, print = console.log } = options;
  const { temperature = 0.8, length = 400 } = options;
  manualSeed(1);
  const characters = new preprocessing.CharacterTokenizer().fit([text]);
  const ids = characters.encode(text);
  // Every window of the text, and the same one character later.
  const windows = Dataset.from({
    length: ids.length - context,
    get: (start) => [
      hostArray(ids.subarray(start, start + context)),
      hostArray(ids.subarray(start + 1, start + context + 1)),
    ],
  });
  print(`${ids.length} characters, ${characters.tokens.length} different ones`);

  const vocabulary = characters.tokens.length;
  const model = new nn.GPT({ vocabulary, context, features, heads: 4, layers: 2, dropout: 0.1 });
  const reports = Math.min(10, steps);
  const history = await fit(model, windows.shuffle().repeat().batch(32) as Dataset<[Tensor, Tensor]>, {
    optimizer: new optim.AdamW(model.parameters(), { lr: 2e-3, weightDecay: 0.01 }),
    loss: (logits: Tensor, next: Tensor) => losses.crossEntropy(logits, next),
    clip: { norm: 1 },
    epochs: reports,
    stepsPerEpoch: Math.ceil(steps / reports),
    display: false,
    onEpoch: ({ epoch, loss, seconds }) =>
      print(
        `step ${epoch * Math.ceil(steps / reports)}  loss ${loss.toFixed(3)} nats a character  ${seconds.toFixed(1)} s`,
      ),
  });

  model.eval();
  const prompt = options.prompt ?? text.slice(0, 16);
  const written = characters.decode(await write(model, characters.encode(prompt), length, context, temperature));
  print(`\n${written}`);
  return { loss: history.loss.at(-1)!, written };
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const [path, steps] = process.argv.slice(2);
  await main({
    ...(path === undefined ? {} : { text: await readFile(path, "utf8") }),
    steps: Number(steps ?? 600),
  });
}
