import { MyelinError } from "../core/errors.ts";

/**
 * SHA-256 of bytes, in hexadecimal.
 * @throws MyelinError on a page that did not come by HTTPS, where browsers offer none.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle)
    throw new MyelinError("sha256: a browser has it only for pages that come by HTTPS or from localhost; serve it so");
  // Memory that threads share is refused.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const digest = new Uint8Array(await subtle.digest("SHA-256", own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
