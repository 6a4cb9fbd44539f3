import * as errors from "./errors.ts";

/** An error on its way from one thread to another: classes do not travel. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: SentError | undefined;
}

/** Whatever was thrown, as it travels. */
export function sentError(thrown: unknown): SentError {
  if (!(thrown instanceof Error)) return { name: "Error", message: String(thrown), stack: "" };
  const { name, message, stack = "", cause } = thrown;
  return { name, message, stack, ...(cause instanceof Error && cause !== thrown ? { cause: sentError(cause) } : {}) };
}

/** The error again: of its own class, where that is one of Myelin's or of the language, otherwise an Error of its name. */
export function arrivedError({ name, message, stack, cause }: SentError): Error {
  const classes: Readonly<Record<string, unknown>> = { ...errors, TypeError, RangeError, SyntaxError, ReferenceError };
  const error = new Error(message, cause && { cause: arrivedError(cause) });
  const own = Object.hasOwn(classes, name) ? classes[name] : undefined;
  // Constructors of Myelin's would add a line of this thread.
  if (typeof own === "function" && own.prototype instanceof Error)
    Object.setPrototypeOf(error, own.prototype as object);
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true, enumerable: false });
  return Object.assign(error, { stack });
}
