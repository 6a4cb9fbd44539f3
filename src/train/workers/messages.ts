import type { SentError } from "../../core/sentError.ts";

/** What goes to a worker: a call, or that a call is not wanted any more. */
export type Asked =
  | { readonly myelin: "call"; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly myelin: "abort"; readonly id: number; readonly reason: SentError };

/** What comes back: that the worker listens, what a call reports, its result, or its error. */
export type Told =
  | { readonly myelin: "ready" }
  | { readonly myelin: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly myelin: "result"; readonly id: number; readonly result: unknown }
  | { readonly myelin: "error"; readonly id: number; readonly error: SentError };

/** Whether a message is one of these: others may use the same way. */
export function isMessage(message: unknown): message is Asked | Told {
  return typeof message === "object" && message !== null && "myelin" in message;
}
