/** A file that says which process has something for itself. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Lock, LockHolder } from "./platform.ts";

/** Between signs of life, in milliseconds. */
const HEARTBEAT = 10_000;
/** Without one for so long a process of another machine is taken for gone. */
const SILENCE = 300_000;

interface Content extends LockHolder {
  /** What tells the process from a later one with the same number. */
  readonly started: string;
  /** What tells this lock from others of the same process. */
  readonly id: string;
}

/** When a process began; undefined when there is none of that number. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and is another user's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  try {
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    // The name of the command, in brackets, may contain anything; the 20th word after it is the time since the machine started.
    const state = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return `${boot} ${state.slice(state.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    // Not Linux: a process of that number counts as the same.
    return "unknown";
  }
}

function contentOf(path: string): Content | undefined {
  try {
    const { process: pid, host, since, started, id } = JSON.parse(fs.readFileSync(path, "utf8")) as Partial<Content>;
    if (typeof pid !== "number" || typeof id !== "string") return undefined;
    return { process: pid, host: String(host), since: String(since), started: String(started), id };
  } catch {
    return undefined;
  }
}

/** Whether who wrote a lock is still there. */
function lives(path: string, { process: pid, host, started }: Content): boolean {
  if (host === hostname()) return startOf(pid) === started;
  const state = fs.statSync(path, { throwIfNoEntry: false });
  return state !== undefined && Date.now() - state.mtimeMs < SILENCE;
}

/** Creates the file with its content at once; false where there is one already. */
function create(path: string, content: Content): boolean {
  const temporary = `${path}.${content.id}`;
  fs.writeFileSync(temporary, JSON.stringify(content), { flag: "wx" });
  try {
    // Unlike a rename, a link does not replace what is there.
    fs.linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** See `System.lock`. */
export function takeLock(path: string): Lock | LockHolder {
  const own: Content = {
    process: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    started: startOf(process.pid)!,
    id: randomBytes(8).toString("hex"),
  };
  fs.mkdirSync(dirname(path), { recursive: true });
  while (!create(path, own)) {
    const other = contentOf(path);
    if (other && lives(path, other)) return { process: other.process, host: other.host, since: other.since };
    // Two processes may find the same dead lock: only one of them can move it away.
    const dead = `${path}.${own.id}.dead`;
    try {
      fs.renameSync(path, dead);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      continue;
    }
    const moved = contentOf(dead);
    // The other one may have been quicker still, and this is its new lock.
    if (moved && moved.id !== other?.id && lives(dead, moved)) create(path, moved);
    fs.rmSync(dead, { force: true });
  }
  const held = (): boolean => contentOf(path)?.id === own.id;
  const timer = setInterval(() => {
    if (!held()) return;
    const now = new Date();
    fs.utimes(path, now, now, () => undefined);
  }, HEARTBEAT);
  timer.unref();
  return {
    get held() {
      return held();
    },
    release(): void {
      clearInterval(timer);
      if (held()) fs.rmSync(path, { force: true });
    },
  };
}
