/** One try to fetch a file, or the rest of it. */
import { appendFile, system } from "#platform";
import { inLargePieces } from "../files/writing.ts";

/** Milliseconds without a byte after which a connection is given up. */
const SILENCE = 60_000;
/** The longest that a server may ask to be waited for, in milliseconds. */
const LONGEST_WAIT = 60_000;

/** An answer after which it makes no sense to ask the same address again. */
export class Refusal extends Error {}

/** An answer that asks for patience. */
export class Later extends Error {
  readonly milliseconds: number;
  constructor(message: string, milliseconds: number) {
    super(message);
    this.milliseconds = milliseconds;
  }
}

/**
 * Fetches what is missing of a file behind what is there.
 * @param onProgress told how many bytes are there, and how many there will be where the server names that.
 * @returns whether that was all of it.
 * @throws Refusal, Later, or another Error after which another try may do; PlatformError when the file cannot be written; the signal's reason.
 */
export async function fetchRest(
  url: string,
  partial: string,
  onProgress: (bytes: number, total: number | undefined) => void,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const os = system()!;
  const there = os.fileState(partial)?.bytes ?? 0;
  const silence = new AbortController();
  const onSilence = (): void => silence.abort(new Error(`the server said nothing for ${SILENCE / 1000} seconds`));
  let timer = setTimeout(onSilence, SILENCE);
  try {
    const response = await fetch(url, {
      headers: there > 0 ? { Range: `bytes=${there}-` } : {},
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    // 416: all of it is there, or more than there should be, which the checksum tells.
    if (response.status === 416 && there > 0) {
      await response.body?.cancel();
      return false;
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw refused(response);
    }
    const resumed = response.status === 206;
    const from = Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? there);
    if (!resumed || from !== there) os.remove(partial);
    if (resumed && from !== there) {
      await response.body.cancel();
      throw new Error(`the server sent bytes from ${from} on where those from ${there} on were asked for`);
    }
    let bytes = resumed ? there : 0;
    const length =
      response.headers.get("content-encoding") === null ? Number(response.headers.get("content-length")) : 0;
    const total = length > 0 ? bytes + length : undefined;
    const chunks = response.body as AsyncIterable<Uint8Array>;
    for await (const piece of inLargePieces(chunks)) {
      clearTimeout(timer);
      timer = setTimeout(onSilence, SILENCE);
      await appendFile(partial, piece);
      bytes += piece.length;
      onProgress(bytes, total);
    }
    if (total !== undefined && bytes !== total)
      throw new Error(`the connection broke after ${bytes} of ${total} bytes`);
    return !resumed;
  } finally {
    clearTimeout(timer);
  }
}

/** What to make of an answer that is no file. */
function refused({ status, statusText, headers }: Response): Error {
  const message = `the server answered ${[status, statusText].filter(Boolean).join(" ")}`;
  const patience = headers.get("retry-after");
  if (patience !== null && (status === 429 || status === 503)) {
    // Seconds, or a date.
    const asked = /^\d+$/.test(patience) ? 1000 * Number(patience) : Date.parse(patience) - Date.now();
    if (asked > LONGEST_WAIT)
      return new Refusal(`${message} and asks to come back in ${Math.ceil(asked / 1000)} seconds`);
    if (asked >= 0) return new Later(message, asked);
  }
  const passes = status >= 500 || status === 408 || status === 425 || status === 429;
  return passes ? new Error(message) : new Refusal(message);
}

/** Waits, unless the signal ends that. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
