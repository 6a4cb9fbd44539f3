import { describe, expect, test } from "vitest";
import { progressLine, type ProgressState } from "./progress.ts";

const running: ProgressState = {
  epoch: 2,
  epochs: 10,
  step: 40,
  steps: 157,
  means: { loss: 0.123456, accuracy: 0.9, tiny: 0.0000123 },
  examplesPerSecond: 8123.4,
  secondsLeft: 67,
};

describe("the line of progress", () => {
  test("while an epoch runs", () => {
    expect(progressLine(running)).toBe(
      "epoch  2/10   25 %  loss 0.1235  accuracy 0.9000  tiny 1.23e-5  8,123 examples/s  1:07 left",
    );
  });

  test("gets a bar on a terminal that has room for it, and is cut where there is none", () => {
    expect(progressLine(running, 130)).toBe(
      "epoch  2/10 [=======>                      ]  25 %  loss 0.1235  accuracy 0.9000  tiny 1.23e-5  8,123 examples/s  1:07 left",
    );
    expect(progressLine(running, 40)).toBe("epoch  2/10   25 %  loss 0.1235  accura");
    for (let columns = 10; columns < 200; columns++)
      expect(progressLine(running, columns).length).toBeLessThan(columns);
  });

  test("without a known number of steps", () => {
    const state = { ...running, steps: undefined, secondsLeft: undefined, means: { loss: 123_456 } };
    expect(progressLine(state, 200)).toBe("epoch  2/10  step 40  loss 1.23e+5  8,123 examples/s");
  });

  test("when an epoch is over", () => {
    const { secondsLeft: _, ...over } = {
      ...running,
      step: 157,
      means: { loss: 0, val_loss: Number.NaN },
      seconds: 3725,
    };
    expect(progressLine(over)).toBe("epoch  2/10  loss 0.000  val_loss NaN  8,123 examples/s  1:02:05");
    expect(progressLine({ ...over, stalled: 0.049 })).toBe(progressLine(over));
    expect(progressLine({ ...over, stalled: 0.234 })).toBe(
      "epoch  2/10  loss 0.000  val_loss NaN  8,123 examples/s  23 % waiting for data  1:02:05",
    );
    expect(progressLine(over, 90)).toBe(
      "epoch  2/10 [====================] loss 0.000  val_loss NaN  8,123 examples/s  1:02:05",
    );
  });
});
