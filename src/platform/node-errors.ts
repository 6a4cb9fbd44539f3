import { PlatformError } from "./platform.ts";

/** What to do about the system's commonest refusals. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist. Check the path; relative paths start at the folder the program was started in",
  EACCES: "access is denied. Check who owns it and its permissions",
  EPERM: "access is denied. Check who owns it and its permissions",
  EISDIR: "it is a folder, and a file was wanted",
  ENOTDIR: "a part of the path is a file, and a folder was wanted",
  EEXIST: "a part of the path is a file, and a folder was wanted",
  ENOSPC: "the disk is full. Free some space",
  EDQUOT: "your share of the disk is full. Free some space",
  EFBIG: "the file would be larger than the system or this process allows. See ulimit -f",
  EROFS: "the disk is read-only. Choose another folder",
  ERR_FS_FILE_TOO_LARGE: "it is over 2 GiB, more than can be read at once. Split it",
};

/** A system call's failure, with what to do about it; what was explained already stays as it is. */
export function explain(operation: string, path: string, cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = ADVICE[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new PlatformError(`${operation} "${path}": ${reason}.`, { cause });
}
