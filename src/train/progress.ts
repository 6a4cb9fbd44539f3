import { now, terminalColumns, writeText } from "#platform";
import type { Callback } from "./callback.ts";

/** Where progress is shown. */
export interface Terminal {
  /** How wide a line may be, where one can be written over with a carriage return; undefined for files and pipes. */
  readonly columns: number | undefined;
  write(text: string): void;
}

/** How far training is. */
export interface ProgressState {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, and how many there will be, where that is known. */
  readonly step: number;
  readonly steps: number | undefined;
  /** Means so far, by name. */
  readonly means: Readonly<Record<string, number>>;
  readonly examplesPerSecond: number;
  /** The share of the time in which steps waited for data, where that is known: when an epoch is over. Shown from 5 % on. */
  readonly stalled?: number | undefined;
  /** Until the end of all epochs, where that can be told. While an epoch runs only. */
  readonly secondsLeft?: number | undefined;
  /** That the epoch took. When it is over only. */
  readonly seconds?: number | undefined;
}

/** Standard output, or the browser's console. */
export const standardTerminal: Terminal = {
  get columns(): number | undefined {
    return terminalColumns();
  },
  write: writeText,
};

/** Without a terminal a running epoch is reported this rarely, in milliseconds: logs keep every line. */
const LOG_INTERVAL = 10_000;
/** From this share of the time on, waiting for data is worth a word. */
const STALLED = 0.05;
/** Widths of the bar, the widest that fits. Few, so that it does not change with every digit beside it. */
const BARS: readonly number[] = [30, 20, 10];

/** Shows one line: on a terminal always the same one, elsewhere one for each epoch and one every ten seconds. */
export class Progress {
  readonly #terminal: Terminal;
  #lastLine = now();
  /** True while the terminal's line is not ended. */
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows a state of the running epoch. */
  update(state: ProgressState): void {
    const { columns } = this.#terminal;
    if (columns !== undefined) {
      this.#over(progressLine(state, columns));
      this.#isOpen = true;
    } else if (now() - this.#lastLine >= LOG_INTERVAL) this.#line(progressLine(state));
  }

  /** Shows the state of an epoch that is over, and keeps it. */
  endEpoch(state: ProgressState): void {
    const { columns } = this.#terminal;
    if (columns !== undefined) this.#over(progressLine(state, columns), "\n");
    else this.#line(progressLine(state));
    this.#isOpen = false;
  }

  /** Shows a line of its own, above the line of progress. */
  log(text: string): void {
    if (this.#isOpen) this.#over(text, "\n");
    else this.#terminal.write(`${text}\n`);
    this.#isOpen = false;
  }

  /** Leaves the line, also when an error ends training. */
  close(): void {
    if (this.#isOpen) this.#terminal.write("\n");
    this.#isOpen = false;
  }

  #over(text: string, end: string = ""): void {
    // The escape sequence erases what a longer line before has left.
    this.#terminal.write(`\r${text}\u001b[K${end}`);
  }

  #line(text: string): void {
    this.#lastLine = now();
    this.#terminal.write(`${text}\n`);
  }
}

/** Shows the progress of a run. */
export function progressCallback(progress: Progress): Callback {
  let [start, beginEpoch] = [0, 0];
  let epochsBefore = 0;
  return {
    name: "progress",
    begin({ epoch }) {
      start = now();
      epochsBefore = epoch;
    },
    beginEpoch() {
      beginEpoch = now();
    },
    tick({ epoch, epochs, step, stepsPerEpoch: steps, means, examples }) {
      const over =
        steps === undefined || epochs === Infinity
          ? undefined
          : (epoch - epochsBefore - 1 + step / steps) / (epochs - epochsBefore);
      const secondsLeft = over && ((now() - start) / 1000) * (1 / over - 1);
      const examplesPerSecond = (1000 * examples) / (now() - beginEpoch);
      progress.update({ epoch, epochs, step, steps, means, examplesPerSecond, secondsLeft });
    },
    endEpoch({ epochs, step, stepsPerEpoch: steps }, { epoch, means, examplesPerSecond, stalled, seconds }) {
      progress.endEpoch({ epoch, epochs, step, steps, means, examplesPerSecond, stalled, seconds });
    },
    end() {
      progress.close();
    },
  };
}

/**
 * One line about a state: `epoch 2/5 [=====>    ] 47 %  loss 0.1234  accuracy 0.9612  8,123 examples/s  0:07 left`.
 * @param columns leaves room for a bar and cuts the line to this width; neither by default.
 */
export function progressLine(state: ProgressState, columns?: number): string {
  const { epoch, epochs, step, steps, means, examplesPerSecond, stalled = 0, secondsLeft, seconds } = state;
  const head =
    epochs === Infinity ? `epoch ${epoch}` : `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`;
  const done = steps === undefined ? `step ${step}` : `${String(Math.floor((100 * step) / steps)).padStart(3)} %`;
  const rest = [
    ...Object.entries(means).map(([name, value]) => `${name} ${number(value)}`),
    `${Math.round(examplesPerSecond).toLocaleString("en-US")} examples/s`,
    ...(stalled < STALLED ? [] : [`${Math.round(100 * stalled)} % waiting for data`]),
    ...(secondsLeft === undefined ? [] : [`${clock(secondsLeft)} left`]),
    ...(seconds === undefined ? [] : [clock(seconds)]),
  ];
  const plain = [...(seconds === undefined ? [done] : []), ...rest].join("  ");
  if (columns === undefined) return `${head}  ${plain}`;
  // A line that wraps cannot be written over, and many terminals wrap when the last column is written.
  const room = columns - 1 - head.length - plain.length - " [] ".length;
  const width = BARS.find((candidate) => candidate <= room);
  const bar = width === undefined || steps === undefined ? "" : `[${barOf(step / steps, width)}] `;
  return `${head} ${bar || " "}${plain}`.slice(0, columns - 1);
}

function barOf(fraction: number, width: number): string {
  // Data may hold more than its length promised.
  const filled = Math.min(width, Math.floor(fraction * width));
  return `${"=".repeat(filled)}${filled < width ? ">" : ""}`.padEnd(width);
}

function number(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toPrecision(4);
}

/** 67 s as 1:07; hours where there are any. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
