import { parseArgs } from "node:util";

/** What the command line chooses. */
export interface Options {
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  /** A folder to look for MNIST in; the usual places when undefined. */
  readonly data: string | undefined;
  readonly device: string;
  /** As many as there are cores when undefined. */
  readonly threads: number | undefined;
}

/** A command line that makes no sense; the message is one sentence for the user. */
export class UsageError extends Error {}

export const USAGE = `Trains a small convolutional network to read handwritten digits, and shows how well it does.

  npm start -- [options]

  --epochs N       how often to go through the training images (8)
  --batch-size N   images per step (64)
  --lr X           highest learning rate (0.003)
  --seed N         of the first weights and of the order of images (0)
  --data FOLDER    where MNIST's IDX files are; otherwise MYELIN_DATA, then ../shared/data,
                   then digits that the library draws itself
  --device NAME    what computes: cpu, native, wasm or reference (cpu)
  --threads N      threads that compute (as many as there are cores)
  --help           shows this`;

const FLAGS = {
  epochs: { type: "string", default: "8" },
  "batch-size": { type: "string", default: "64" },
  lr: { type: "string", default: "0.003" },
  seed: { type: "string", default: "0" },
  data: { type: "string" },
  device: { type: "string", default: "cpu" },
  threads: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * Reads the command line. Returns undefined when help is wanted.
 * @throws UsageError for unknown flags, missing and bad values.
 */
export function parseOptions(args: readonly string[]): Options | undefined {
  // Leaves unknown flags to this function: node's own messages are several sentences long.
  const { values, tokens } = parseArgs({ args: [...args], options: FLAGS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`"${token.value}" is no option; --help shows what there is`);
    if (token.kind !== "option") continue;
    if (!Object.hasOwn(FLAGS, token.name))
      throw new UsageError(`${token.rawName} is unknown; --help shows what there is`);
    const wantsValue = FLAGS[token.name as keyof typeof FLAGS].type === "string";
    // "--epochs --seed 1" takes the next flag for a value; a negative number may be one.
    const isMissing = !token.value || (!token.inlineValue && token.value.startsWith("--"));
    if (wantsValue && isMissing) throw new UsageError(`${token.rawName} needs a value, as in ${token.rawName} 3`);
    if (!wantsValue && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
  }
  if (values.help) return undefined;
  const number = (flag: keyof typeof FLAGS, fits: (value: number) => boolean, wanted: string): number => {
    const text = values[flag] as string;
    const value = Number(text);
    if (!(text.trim() !== "" && fits(value))) throw new UsageError(`--${flag} must be ${wanted}, got "${text}"`);
    return value;
  };
  const count = (flag: keyof typeof FLAGS): number =>
    number(flag, (value) => Number.isSafeInteger(value) && value >= 1, "a whole number of 1 or more");
  return {
    epochs: count("epochs"),
    batchSize: count("batch-size"),
    lr: number("lr", (value) => value > 0 && value < Infinity, "a number above 0"),
    seed: number("seed", Number.isSafeInteger, "a whole number"),
    data: values.data as string | undefined,
    device: values.device as string,
    threads: values.threads === undefined ? undefined : count("threads"),
  };
}
