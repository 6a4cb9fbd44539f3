/** The folder where compiled code lies between runs. */
import { system } from "#platform";
import type { System } from "../../platform/platform.ts";
import * as cache from "../folder.ts";
import { NativeUnavailable } from "./errors.ts";

export type { CacheFolder } from "../folder.ts";

/** The operating system. @throws NativeUnavailable in a browser and where shared libraries work in another way. */
export function requireSystem(found: System | undefined = system()): System {
  if (!found || found.name.startsWith("win32"))
    throw new NativeUnavailable(
      "system",
      `${found ? "Windows" : "a browser page"} cannot load the native device's code. Use the wasm device.`,
    );
  return found;
}

/**
 * Opens the cache: `path`, or MYELIN_CACHE, or the system's folder for such things, created for this user alone.
 * @throws NativeUnavailable ("cache") when others own it or can write to it, and later when there is no place to write.
 */
export const openCacheFolder = (path?: string, os: System = requireSystem()): cache.CacheFolder =>
  cache.openCacheFolder(os, path, (sentence, options) => new NativeUnavailable("cache", sentence, options));
