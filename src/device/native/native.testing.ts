/** What tests of native code share: folders that go away, compilers that misbehave, and whether there is a real one. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { nodeSystem } from "../../platform/node-system.ts";
import type { System } from "../../platform/platform.ts";
import { NativeUnavailable, type NativeReason } from "./errors.ts";
import { openCacheFolder, type CacheFolder } from "./folder.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";

const made: string[] = [];
afterAll(() => made.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A path in a new folder that is removed after the file's tests. */
export function newPath(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "myelin-native-test-"));
  made.push(folder);
  return join(folder, name);
}

/** An empty cache. */
export const newCache = (os: System = nodeSystem): CacheFolder => openCacheFolder(newPath("cache"), os);

/** A program that is called like a compiler and does what the shell script says. */
export function fakeCompiler(script: string): string {
  const path = newPath("fake-cc");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** What a call throws, its reason and its sentence, without the user's line. */
export function refusal(call: () => unknown): { readonly reason: NativeReason; readonly message: string } {
  try {
    call();
  } catch (error) {
    if (error instanceof NativeUnavailable)
      return { reason: error.reason, message: error.message.replace(/  at \S+$/, "") };
    throw error;
  }
  throw new Error("nothing was thrown");
}

function realToolchain(): Toolchain | undefined {
  try {
    return findToolchain(newCache());
  } catch (error) {
    if (error instanceof NativeUnavailable) return undefined;
    throw error;
  }
}

/** The machine's compiler, if it has one. */
export const toolchain: Toolchain | undefined = realToolchain();

/** For the titles of tests that need a compiler. */
export const NEEDS_COMPILER: string = toolchain ? "" : " (skipped: this machine has no C compiler)";
