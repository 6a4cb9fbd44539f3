/** Callbacks of a line or two. */
import type { Callback } from "../callback.ts";

/** Functions as a callback: Keras's LambdaCallback. Its name in errors is "lambda" unless it has one. */
export function lambdaCallback(methods: Partial<Callback>): Callback {
  return { name: "lambda", ...methods };
}

/** Ends training when the loss is NaN or infinite, which is found about ten times a second: Keras's TerminateOnNaN. */
export function terminateOnNaN(): Callback {
  const look: Callback["tick"] = (run) => {
    const loss = run.means["loss"];
    if (loss !== undefined && !Number.isFinite(loss)) run.stop(`the loss is ${loss}`);
  };
  return { name: "terminateOnNaN", tick: look, endEpoch: look };
}
