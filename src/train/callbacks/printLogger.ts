import { writeText } from "#platform";
import type { Callback, EpochSummary } from "../callback.ts";

/**
 * How an epoch is printed:
 * - "short": `Epoch 1, Loss: 0.1234`
 * - "line": `Epoch 01: Train Loss=0.1234, Train Acc=0.9612, Val Loss=…, Val Acc=…`
 * - "block": `Epoch 1/50:` and two indented lines, `  Train Loss: 0.1234, Train Acc: 96.12%` and `  Val Loss: …`
 */
export type PrintFormat = "short" | "line" | "block";

/**
 * Prints every epoch, and why training was stopped: `Early stopping at epoch 7: …`. Give `fit` `display: false` beside it. What was not measured is
 * left out; accuracy is the mean called `accuracy` or `acc`.
 * @param write standard output by default.
 */
export function printLogger(format: PrintFormat = "line", write: (text: string) => void = writeText): Callback {
  return {
    name: "printLogger",
    endEpoch: ({ epochs }, summary) => write(`${texts[format](summary, epochs)}\n`),
    end: ({ stopReason }) => void (stopReason !== undefined && write(`${stopReason}\n`)),
  };
}

const texts: Readonly<Record<PrintFormat, (summary: EpochSummary, epochs: number) => string>> = {
  short: ({ epoch, means }) => `Epoch ${epoch}, Loss: ${means["loss"]!.toFixed(4)}`,
  line: ({ epoch, means }) => {
    const parts = [...numbers("Train", means, ""), ...numbers("Val", means, "val_")];
    const words = parts.map(([name, value]) => `${name}=${value.toFixed(4)}`);
    return `Epoch ${String(epoch).padStart(2, "0")}: ${words.join(", ")}`;
  },
  block: ({ epoch, means }, epochs) => {
    const lines = [numbers("Train", means, ""), numbers("Val", means, "val_")]
      .filter((parts) => parts.length > 0)
      .map((parts) =>
        parts
          .map(([name, value]) =>
            name.endsWith("Acc") ? `${name}: ${(100 * value).toFixed(2)}%` : `${name}: ${value.toFixed(4)}`,
          )
          .join(", "),
      );
    return [`Epoch ${epoch}/${epochs}:`, ...lines.map((line) => `  ${line}`)].join("\n");
  },
};

function numbers(side: string, means: Readonly<Record<string, number>>, prefix: string): [string, number][] {
  const loss = means[`${prefix}loss`];
  const accuracy = means[`${prefix}accuracy`] ?? means[`${prefix}acc`];
  return [
    ...(loss === undefined ? [] : [[`${side} Loss`, loss] as [string, number]]),
    ...(accuracy === undefined ? [] : [[`${side} Acc`, accuracy] as [string, number]]),
  ];
}
