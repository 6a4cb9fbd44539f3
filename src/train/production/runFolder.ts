import { knownOptions } from "../../core/knownOptions.ts";
import { appendFile, writeFile } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import type { Callback } from "../callback.ts";

/**
 * Keeps what a run was and did in a folder: `config.json` with the project and what was chosen, and `epochs.jsonl` with one line for each
 * epoch: `epoch`, `train_loss`, `val_loss` (where there is validation), `learning_rate`, further means, and the time. A run that goes on
 * appends to it.
 * @param folder made when it is missing.
 * @param options.config plain JSON.
 * @throws ArgumentError for a config that is no JSON.
 */
export function runFolder(
  folder: string,
  options: { readonly project: string; readonly config?: Readonly<Record<string, unknown>> },
): Callback {
  knownOptions("runFolder", options, { project: true, config: true });
  const { project, config = {} } = options;
  let text: string;
  try {
    text = JSON.stringify({ project, config }, undefined, 2);
  } catch (cause) {
    throw new ArgumentError(`runFolder: config must be plain JSON (${String(cause)})`, { cause });
  }
  const write = (value: string): Uint8Array => new TextEncoder().encode(`${value}\n`);
  return {
    name: "runFolder",
    async begin() {
      // Makes the folder, and says that it cannot be written before an epoch is over.
      await appendFile(`${folder}/epochs.jsonl`, new Uint8Array());
      await writeFile(`${folder}/config.json`, write(text));
    },
    endEpoch(_, { epoch, means, lr, seconds }) {
      const { loss, ...others } = means;
      const record = { epoch, train_loss: loss, ...others, learning_rate: lr, seconds, time: new Date().toISOString() };
      return appendFile(`${folder}/epochs.jsonl`, write(JSON.stringify(record)));
    },
  };
}
