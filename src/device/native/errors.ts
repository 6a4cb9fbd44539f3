/** Why there is no native code: the machine's fault, never the user's program's. */
import { DeviceError } from "../../core/errors.ts";

/** What is missing or refused: the operating system, the compiler, the folder of compiled code, koffi, or the runtime library. */
export type NativeReason = "system" | "compiler" | "cache" | "koffi" | "runtime";

/** Native code cannot be made or loaded here. The message is one sentence, fit to be shown once before going on without. */
export class NativeUnavailable extends DeviceError {
  readonly reason: NativeReason;

  constructor(reason: NativeReason, message: string, options?: { cause?: unknown }) {
    super(`native: ${message}`, options);
    this.reason = reason;
  }
}
