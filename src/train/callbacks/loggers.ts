/** Callbacks that write an epoch's numbers into files. */
import { filePath } from "../../core/filePath.ts";
import { knownOptions } from "../../core/knownOptions.ts";
import { appendFile, now, writeFile } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Callback, EpochSummary } from "../callback.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface CsvLoggerOptions {
  /** Between columns, "," by default. */
  readonly separator?: string | undefined;
  /** Adds to a file that is there, without a head; false by default, but for runs that go on from a checkpoint. */
  readonly append?: boolean | undefined;
}

/**
 * Writes a line for every epoch into a file: its number, then the means in alphabetical order, as Keras's CSVLogger does; NaN is empty.
 * @throws ArgumentError for a path that is no text and a separator that is not one character, PlatformError when the file cannot be written.
 */
export function csvLogger(path: string, options: CsvLoggerOptions = {}): Callback {
  filePath("csvLogger", path, "log.csv");
  knownOptions("csvLogger", options, { separator: true, append: true });
  const { separator = ",", append = false } = options;
  if (separator.length !== 1 || /["\n\r\d.]/.test(separator))
    throw new ArgumentError(`the separator must be a character such as , or ;, got "${separator}"`);
  let columns: readonly string[] | undefined;
  let goesOn = append;
  return {
    name: "csvLogger",
    begin(run) {
      columns = undefined;
      goesOn = append || run.totalSteps > 0;
    },
    async endEpoch(_, { epoch, means }) {
      const first = columns === undefined;
      columns ??= Object.keys(means).sort();
      const values = columns.map((name) => means[name]);
      const row = [epoch, ...values.map((value) => (value === undefined || Number.isNaN(value) ? "" : value))];
      const line = `${row.join(separator)}\n`;
      if (!first || goesOn) await appendFile(path, bytes(line));
      else await writeFile(path, bytes(`${["epoch", ...columns].map(quoted).join(separator)}\n${line}`));
    },
  };
}

const quoted = (name: string): string => (/[",;\s]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/**
 * Adds a line of JSON to a file for every epoch: epoch, means, lr, seconds, examplesPerSecond. Numbers that JSON has no word for are
 * texts: "NaN". @throws PlatformError when the file cannot be written.
 */
export function jsonLinesLogger(path: string): Callback {
  filePath("jsonLinesLogger", path, "log.jsonl");
  return {
    name: "jsonLinesLogger",
    endEpoch: (_, summary) => appendFile(path, bytes(jsonLine(flat(summary)))),
  };
}

function flat({ epoch, means, lr, seconds, examplesPerSecond }: EpochSummary): Record<string, unknown> {
  return { epoch, ...means, lr, seconds, examplesPerSecond };
}

function jsonLine(values: unknown): string {
  const spelled = (_: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(values, spelled)}\n`;
}

/** A run that is logged: a callback of `fit`, and something to log to by hand, with the habits of wandb. */
export interface RunLog extends Callback {
  /** The file that is written. */
  readonly path: string;
  /** Hyper-parameters, written as a line of their own. */
  readonly config: { update(values: Readonly<Record<string, unknown>>): Promise<void> };
  /** Writes a line of these values, with the step (counted from 0) and the seconds since `init`; tensors are read. */
  log(values: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Starts the log of a run: lines of JSON in `{folder}/{project}-{time}.jsonl`. As a callback it logs every epoch as `train_loss`, `val_loss`,
 * `learning_rate` and further means.
 *
 * @param project part of the file's name: letters, digits, - and _.
 * @param options.folder made when it is missing, "." by default.
 * @param options.config hyper-parameters.
 * @example
 * const run = await callbacks.initRunLog("my-project", { config: { lr: 1e-3 } });
 * await fit(model, train, { …, callbacks: [run] });
 * await run.log({ test_accuracy: 0.97 });
 */
export async function initRunLog(
  project: string,
  options: { folder?: string; config?: Readonly<Record<string, unknown>> } = {},
): Promise<RunLog> {
  knownOptions("initRunLog", options, { folder: true, config: true });
  const { folder = ".", config } = options;
  if (!/^[\w-]+$/.test(project))
    throw new ArgumentError(`initRunLog: the project's name must be of letters, digits, - and _, got "${project}"`);
  const started = new Date().toISOString();
  const path = `${folder}/${project}-${started.replaceAll(/[:.]/g, "-")}.jsonl`;
  const start = now();
  let step = 0;
  const write = (values: unknown): Promise<void> => appendFile(path, bytes(jsonLine(values)));
  const log = async (values: Readonly<Record<string, unknown>>): Promise<void> => {
    const place = { step: step++, seconds: (now() - start) / 1000 };
    const read = Object.entries(values).map(async ([name, value]) => [
      name,
      value instanceof Tensor ? await value.toArray() : value,
    ]);
    await write({ ...place, ...Object.fromEntries(await Promise.all(read)) });
  };
  await write({ project, started, ...(config ? { config } : {}) });
  return {
    name: "runLog",
    path,
    log,
    config: { update: (values) => write({ config: values }) },
    endEpoch(_, { epoch, means, lr }) {
      const { loss, ...rest } = means;
      return log({ epoch, train_loss: loss, ...rest, learning_rate: lr });
    },
    state: () => ({ step }),
    restore: (state) => {
      step = Number((state as { step?: unknown }).step) || 0;
    },
  };
}
