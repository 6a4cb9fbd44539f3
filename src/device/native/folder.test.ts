import { chmodSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeSystem } from "../../platform/node-system.ts";
import { PlatformError, type System } from "../../platform/platform.ts";
import { openCacheFolder, requireSystem } from "./folder.ts";
import { newCache, newPath, refusal } from "./native.testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (content: Uint8Array | undefined): string => new TextDecoder().decode(content);

/** A system on which nothing can be written in a folder, nor in those that `also` names. */
function readOnly(path: string, also: (path: string | undefined) => boolean = () => false): System {
  const refuse = (target: string | undefined): void => {
    if (target?.startsWith(path) || also(target)) throw new PlatformError(`writeNow "${target}": the disk is full.`);
  };
  return {
    ...nodeSystem,
    writeNow: (target, content) => (refuse(target), nodeSystem.writeNow(target, content)),
    makeFolder: (target) => (refuse(target), nodeSystem.makeFolder(target)),
    makeTemporaryFolder: (prefix, parent) => (refuse(parent), nodeSystem.makeTemporaryFolder(prefix, parent)),
  };
}

describe("the cache folder", () => {
  test("is created for this user alone", () => {
    const { path } = openCacheFolder(newPath("a/b/cache"));
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("stays where it is when the process moves", () => {
    const path = newPath("cache");
    expect(openCacheFolder(relative(process.cwd(), path)).path).toBe(path);
  });

  test("gives back what was written", () => {
    const folder = newCache();
    expect(folder.find("one")).toBeUndefined();
    expect(folder.read("one")).toBeUndefined();
    folder.write("one", bytes("first"));
    folder.write("one", bytes("second"));
    expect(textOf(folder.read("one"))).toBe("second");
    expect(readdirSync(folder.path)).toEqual(["one"]);
    folder.remove("one");
    expect(folder.read("one")).toBeUndefined();
  });

  test.each([0o777, 0o770, 0o720, 0o702])("is refused when others can write to it (mode %o)", (mode) => {
    const path = newPath("cache");
    mkdirSync(path);
    chmodSync(path, mode);
    expect(refusal(() => openCacheFolder(path))).toEqual({
      reason: "cache",
      message: expect.stringMatching(
        /^native: the cache folder ".*" can be written by others \(mode 7\d\d\), .* Run chmod 700/,
      ),
    });
  });

  test("is refused when it is another user's, or a file", () => {
    const os: System = { ...nodeSystem, fileState: (path) => ({ ...nodeSystem.fileState(path)!, owned: false }) };
    const path = newPath("cache");
    mkdirSync(path);
    expect(refusal(() => openCacheFolder(path, os)).message).toMatch(/belongs to another user/);
    const file = newPath("file");
    writeFileSync(file, "");
    expect(refusal(() => openCacheFolder(file)).message).toMatch(/is a file/);
  });

  test("does not serve files that others can write", () => {
    const folder = newCache();
    folder.write("one", bytes("mine"));
    chmodSync(join(folder.path, "one"), 0o666);
    expect(folder.find("one")).toBeUndefined();
  });

  test("that is read-only or full still serves what it has; the rest goes to a folder of this process's own", () => {
    const path = newPath("cache");
    openCacheFolder(path).write("old", bytes("old"));
    const folder = openCacheFolder(path, readOnly(path));
    folder.write("new", bytes("new"));
    expect([textOf(folder.read("old")), textOf(folder.read("new"))]).toEqual(["old", "new"]);
    const workspace = folder.workspace({ source: bytes("x") });
    for (const outside of [folder.find("new")!, workspace]) expect(outside.startsWith(path)).toBe(false);
    expect(readdirSync(path)).toEqual(["old"]);
    expect(statSync(join(folder.find("new")!, "..")).mode & 0o777).toBe(0o700);
  });

  test("that cannot be created is replaced likewise", () => {
    const path = newPath("cache");
    const folder = openCacheFolder(path, readOnly(path));
    expect(folder.read("new")).toBeUndefined();
    folder.write("new", bytes("new"));
    expect(textOf(folder.read("new"))).toBe("new");
  });

  test("is an error when there is no other place either", () => {
    const path = newPath("cache");
    const folder = openCacheFolder(
      path,
      readOnly(path, (target) => target === undefined),
    );
    expect(refusal(() => folder.write("new", bytes("new")))).toEqual({
      reason: "cache",
      message: expect.stringMatching(/^native: neither ".*" nor the system's temporary folder can be written\. Free/),
    });
  });

  test("loses workspaces that were abandoned", () => {
    const folder = newCache();
    const [left, used] = [folder.workspace({}), folder.workspace({})];
    const hours = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(left, hours, hours);
    const next = folder.workspace({});
    expect(readdirSync(folder.path).map((name) => join(folder.path, name))).toEqual([used, next].sort());
  });
});

test("there is no native code in pages and on Windows", () => {
  expect(refusal(() => requireSystem({ ...nodeSystem, name: "win32-x64" }))).toEqual({
    reason: "system",
    message: "native: Windows cannot load the native device's code. Use the wasm device.",
  });
});
