import { spawn, spawnSync, type SpawnSyncOptionsWithStringEncoding } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { cpus, homedir, tmpdir, totalmem, userInfo } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import { explain } from "./node-errors.ts";
import { takeLock } from "./node-lock.ts";
import type { CommandResult, FileState, PlatformProcess, System } from "./platform.ts";

/** The value of a call that may fail, and undefined if it does. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/** A call whose failure is told with the operation and the path. */
function explained<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw explain(operation, path, cause);
  }
}

function executable(path: string): string | undefined {
  return attempt(() => {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile() ? fs.realpathSync(path) : undefined;
  });
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === "win32") return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "myelin");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "myelin");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "myelin");
}

/** Kills a process and those it started. */
function killGroup(pid: number): void {
  attempt(() => process.kill(-pid, "SIGKILL"));
}

const exitActions = new Set<{ readonly action: () => void }>();
function runExitActions(): void {
  for (const { action } of exitActions) action();
}

/** The operating system under Node. */
export const nodeSystem: System = {
  name: `${process.platform}-${process.arch}`,
  isMainThread,

  get cacheFolder() {
    // Without a home there is no such folder: the system's place for temporary files has one for each user.
    return attempt(cacheFolder) ?? join(tmpdir(), `myelin-${process.getuid?.() ?? userInfo().username}`);
  },

  get memoryBytes() {
    // 0 or a number beyond all memory where nothing limits it.
    const limit = process.constrainedMemory?.() || Infinity;
    return Math.min(totalmem(), limit);
  },

  processor() {
    // Linux tells what the processor can, which under a hypervisor its name does not. The first one speaks for all.
    const described = attempt(() => fs.readFileSync("/proc/cpuinfo", "latin1").split("\n\n", 1)[0]!);
    const lines = described?.split("\n").filter((line) => /^(model name|flags|Features|CPU \w+|isa)\s*:/.test(line));
    return lines?.length ? lines.join("\n") : (cpus()[0]?.model ?? "");
  },

  findCommand(name) {
    if (/[\\/]/.test(name)) return executable(name);
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const found = folder && executable(join(folder, name));
      if (found) return found;
    }
    return undefined;
  },

  absolutePath: (path) => resolve(path),

  fileState(path): FileState | undefined {
    return attempt(() => {
      const { size, mtimeMs, mode, uid } = fs.statSync(path);
      return {
        isFolder: (mode & fs.constants.S_IFMT) === fs.constants.S_IFDIR,
        bytes: size,
        modified: mtimeMs,
        mode: mode & 0o777,
        owned: process.getuid === undefined || uid === process.getuid(),
      };
    });
  },

  namesIn(folder) {
    return (attempt(() => fs.readdirSync(folder)) ?? []).sort();
  },

  readNow(path) {
    return attempt(() => {
      const buffer = fs.readFileSync(path);
      return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    });
  },

  writeNow(path, bytes) {
    const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      fs.writeFileSync(temporary, bytes, { flag: "wx", mode: 0o600 });
      fs.renameSync(temporary, path);
    } catch (cause) {
      this.remove(temporary);
      throw explain("writing", path, cause);
    }
  },

  rename(from, to) {
    explained("rename", from, () => fs.renameSync(from, to));
  },

  remove(path) {
    attempt(() => fs.rmSync(path, { recursive: true, force: true }));
  },

  touch(path) {
    const now = new Date();
    attempt(() => fs.utimesSync(path, now, now));
  },

  lock(path) {
    const taken = explained("lock", path, () => takeLock(path));
    if (!("release" in taken)) return taken;
    const forget = this.onExit(() => taken.release());
    return {
      get held() {
        return taken.held;
      },
      release(): void {
        forget();
        taken.release();
      },
    };
  },

  makeFolder(path) {
    explained("makeFolder", path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }));
  },

  makeTemporaryFolder(prefix, parent = tmpdir()) {
    return explained("makeTemporaryFolder", parent, () => fs.mkdtempSync(join(parent, prefix)));
  },

  hash(content, algorithm = "sha256") {
    const hash = createHash(algorithm);
    for (const piece of [content].flat()) hash.update(piece);
    return hash.digest("hex");
  },

  runCommand(command, args, timeLimit): CommandResult {
    const options = {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeLimit,
      killSignal: "SIGKILL",
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      // Its own group, so that what a compiler starts ends with it.
      detached: true,
    } satisfies SpawnSyncOptionsWithStringEncoding & { readonly detached: boolean };
    const { pid, status, error, stdout, stderr } = spawnSync(command, args, options);
    const timedOut = error !== undefined && "code" in error && error.code === "ETIMEDOUT";
    if (timedOut) killGroup(pid);
    const output = `${stdout ?? ""}${stderr ?? ""}`;
    return { status: status ?? undefined, timedOut, output: output || (error?.message ?? "") };
  },

  startCommand(command, args, folder): PlatformProcess {
    const child = explained("startCommand", command, () =>
      spawn(command, args, { cwd: folder, detached: true, stdio: "ignore", env: { ...process.env, LC_ALL: "C" } }),
    );
    child.on("error", () => {});
    child.unref();
    const { pid } = child;
    if (pid === undefined) throw explain("starting", command, new Error("it could not be started"));
    return {
      stop(): void {
        // The number of one that is gone may be another's by now.
        if (child.exitCode === null && child.signalCode === null) killGroup(pid);
      },
    };
  },

  loadPackage(name) {
    return createRequire(import.meta.url)(name) as unknown;
  },

  onExit(action) {
    // One listener for all: Node warns of many.
    if (!exitActions.size) process.on("exit", runExitActions);
    // Wrapped, because the same function may be given twice.
    const own = { action };
    exitActions.add(own);
    return () => {
      exitActions.delete(own);
      if (!exitActions.size) process.off("exit", runExitActions);
    };
  },
};
