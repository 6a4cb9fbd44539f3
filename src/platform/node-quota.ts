import { readFileSync } from "node:fs";

/** Where Linux keeps what it allows groups of processes. */
const GROUPS = "/sys/fs/cgroup";

/**
 * The time that control groups allow this process, in processors; infinite where nothing limits it. Not every version of Node counts
 * it in `availableParallelism`.
 * @param read gives a file's text, or throws.
 */
export function processorQuota(read: (path: string) => string = (path) => readFileSync(path, "latin1")): number {
  const numbers = (path: string): number[] => {
    try {
      // "max" is no number: nothing is limited.
      return read(path).trim().split(/\s+/).map(Number);
    } catch {
      return [];
    }
  };
  const [quota = NaN, period = NaN] = numbers(`${GROUPS}/cpu.max`);
  const [older = NaN] = numbers(`${GROUPS}/cpu/cpu.cfs_quota_us`);
  const [olderPeriod = NaN] = numbers(`${GROUPS}/cpu/cpu.cfs_period_us`);
  const limits = [quota / period, older / olderPeriod].filter((limit) => limit > 0);
  return Math.min(Infinity, ...limits);
}
