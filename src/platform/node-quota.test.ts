import { expect, test } from "vitest";
import { processorQuota } from "./node-quota.ts";

const withFiles = (files: Readonly<Record<string, string>>): number =>
  processorQuota((path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`no ${path}`);
    return text;
  });

test("the time that a container allows, by both versions of control groups", () => {
  expect(withFiles({ "/sys/fs/cgroup/cpu.max": "150000 100000\n" })).toBe(1.5);
  expect(withFiles({ "/sys/fs/cgroup/cpu.max": "max 100000\n" })).toBe(Infinity);
  const old = { "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" };
  expect(withFiles({ ...old, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n" })).toBe(4);
  expect(withFiles({ ...old, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n" })).toBe(Infinity);
  expect(withFiles({})).toBe(Infinity);
  expect(withFiles({ "/sys/fs/cgroup/cpu.max": "what is this" })).toBe(Infinity);
});
