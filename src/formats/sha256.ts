import { system } from "#platform";
import { joinBytes, lengthOf } from "../core/bytes.ts";
import { MyelinError } from "../core/errors.ts";
import type { Pieces } from "../platform/platform.ts";

/** More bytes are not put into one array for this. */
const MOST = 2 ** 30;

/**
 * SHA-256 of bytes, in hexadecimal.
 * @throws MyelinError on a page that did not come by HTTPS, where browsers offer none.
 */
export async function sha256(bytes: Pieces): Promise<string> {
  const pieces = [bytes].flat();
  const os = system();
  // The engine's own takes no pieces, but works beside this thread.
  if (os && lengthOf(pieces) > MOST) return os.hash(pieces);
  const whole = joinBytes(pieces);
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle)
    throw new MyelinError("sha256: a browser has it only for pages that come by HTTPS or from localhost; serve it so");
  // Memory that threads share is refused.
  const own = whole.buffer instanceof ArrayBuffer ? (whole as Uint8Array<ArrayBuffer>) : new Uint8Array(whole);
  const digest = new Uint8Array(await subtle.digest("SHA-256", own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
