/** A study as a file: one line of JSON for everything that happens, so that a crash loses nothing but what was running. */
import { appendFile, fileExists, readFile, system, writeFile } from "#platform";
import { ArgumentError, FormatError, MyelinError } from "../../core/errors.ts";
import { isJsonObject, parseJson, type Json } from "../../formats/json.ts";
import type { Space, Values } from "./space.ts";
import { TrialRecord, type Ending } from "./trial.ts";

/** The first line. */
interface Head {
  readonly study: 1;
  readonly space: Space;
  readonly direction: string;
  readonly seed: number;
}

const NEWLINE = 10;
const ENDINGS: readonly string[] = ["complete", "pruned", "failed"] satisfies Ending[];

export class StudyFile {
  readonly #path: string;
  readonly #release: () => void;
  /** Lines follow one another. */
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, release: () => void) {
    this.#path = path;
    this.#release = release;
  }

  /**
   * Takes a file for this study, and what earlier runs have written into it.
   * @throws MyelinError when another process has it, ArgumentError when it is a study of another space, direction or seed,
   * FormatError when a line is damaged.
   */
  static async open(path: string, head: Omit<Head, "study">): Promise<{ file: StudyFile; trials: TrialRecord[] }> {
    const lock = system()?.lock(`${path}.lock`);
    if (lock && !("release" in lock))
      throw new MyelinError(
        `study: process ${lock.process} on ${lock.host} has been writing "${path}" since ${lock.since}; wait for its end, or give this study a file of its own`,
      );
    const file = new StudyFile(path, () => lock?.release());
    try {
      const lines = (await fileExists(path)) ? await linesOf(path) : [];
      const [first, ...rest] = lines;
      const own = { study: 1, ...head };
      if (!first) file.write(own);
      // Through JSON, which leaves out what is undefined.
      else if (JSON.stringify(first) !== JSON.stringify(JSON.parse(JSON.stringify(own))))
        throw new ArgumentError(
          `study: "${path}" is a study of another space, direction or seed; give this one a file of its own`,
        );
      const trials = replay(path, rest);
      await file.#last;
      return { file, trials };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Adds a line, and waits for the disk. */
  write(line: object): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    const written = this.#last.then(() => appendFile(this.#path, bytes, true));
    this.#last = written.catch(() => undefined);
    return written;
  }

  close(): void {
    this.#release();
  }
}

/** The lines of a file. The last one is cut away where it was torn. */
async function linesOf(path: string): Promise<Json[]> {
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  if (end < bytes.length) await writeFile(path, bytes.subarray(0, end));
  const lines: Json[] = [];
  for (let from = 0; from < end;) {
    const to = bytes.indexOf(NEWLINE, from);
    lines.push(parseJson(bytes.subarray(from, to), `study: line ${lines.length + 1} of "${path}"`));
    from = to + 1;
  }
  return lines;
}

function replay(path: string, lines: readonly Json[]): TrialRecord[] {
  const trials: TrialRecord[] = [];
  for (const [i, line] of lines.entries()) {
    const damaged = new FormatError(
      `study: line ${i + 2} of "${path}" is none of a study: ${JSON.stringify(line).slice(0, 80)}`,
    );
    if (!isJsonObject(line)) throw damaged;
    const { trial: number, params, step, value, state, seconds, error } = line;
    const known = trials[number as number];
    // null stands for what is no number.
    const told = value === null ? NaN : value;
    if (isJsonObject(params) && (number === trials.length || known?.state === "running")) {
      if (known) known.restart();
      else trials.push(new TrialRecord(trials.length, params as Values));
    } else if (!known || known.state !== "running") throw damaged;
    else if (typeof step === "number" && typeof told === "number") known.reports.set(step, told);
    else if (ENDINGS.includes(state as string) && typeof seconds === "number")
      known.end(
        state as Ending,
        typeof value === "number" ? value : undefined,
        seconds,
        typeof error === "string" ? error : undefined,
      );
    else throw damaged;
  }
  return trials;
}
