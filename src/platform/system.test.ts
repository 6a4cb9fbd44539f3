import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { system as browserSystem } from "./browser.ts";
import { system } from "./node.ts";
import { PlatformError } from "./platform.ts";

const os = system()!;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myelin-system-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

test("a browser has no system", () => {
  expect(browserSystem()).toBeUndefined();
});

describe("the system", () => {
  test("names itself, its processor and the user's cache", () => {
    expect(os.name).toBe(`${process.platform}-${process.arch}`);
    expect(os.isMainThread).toBe(true);
    expect(os.processor()).not.toBe("");
    expect(os.processor()).toBe(os.processor());
    expect(os.processor()).not.toMatch(/MHz/);
    vi.stubEnv("XDG_CACHE_HOME", "/elsewhere");
    if (process.platform === "linux") expect(os.cacheFolder).toBe("/elsewhere/myelin");
    vi.stubEnv("XDG_CACHE_HOME", "");
    expect(os.cacheFolder).toMatch(/\/(\.cache|Library\/Caches)\/myelin$/);
  });

  test("writes files as a whole, and says what cannot be done", () => {
    const path = join(folder, "file");
    expect([os.readNow(path), os.fileState(path)]).toEqual([undefined, undefined]);
    for (const text of ["first", "second"]) os.writeNow(path, bytes(text));
    expect(os.readNow(path)).toEqual(bytes("second"));
    expect(os.fileState(path)).toEqual({
      isFolder: false,
      bytes: 6,
      modified: expect.any(Number),
      mode: 0o600,
      owned: true,
    });
    expect(() => os.writeNow(join(folder, "none", "file"), bytes("x"))).toThrow(PlatformError);
    mkdirSync(join(folder, "taken", "by"), { recursive: true });
    expect(() => os.writeNow(join(folder, "taken"), bytes("x"))).toThrow(/writing ".*taken": /);
    expect(os.namesIn(folder)).toEqual(["file", "taken"]);
    expect(os.namesIn(join(folder, "none"))).toEqual([]);
    os.rename(path, join(folder, "moved"));
    expect(() => os.rename(path, join(folder, "moved"))).toThrow(/rename ".*file": it does not exist/);
    const old = new Date(2000, 1);
    utimesSync(join(folder, "moved"), old, old);
    os.touch(join(folder, "moved"));
    os.touch(path);
    expect(Date.now() - os.fileState(join(folder, "moved"))!.modified).toBeLessThan(60_000);
    for (const name of ["moved", "taken", "none"]) os.remove(join(folder, name));
    expect(os.namesIn(folder)).toEqual([]);
  });

  test("makes folders that only this user may enter", () => {
    const path = join(folder, "a", "b");
    os.makeFolder(path);
    os.makeFolder(path);
    const temporary = os.makeTemporaryFolder("own-", path);
    for (const made of [path, temporary]) expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(os.namesIn(path)).toEqual([expect.stringMatching(/^own-/)]);
    writeFileSync(join(folder, "in the way"), "");
    expect(() => os.makeFolder(join(folder, "in the way", "c"))).toThrow(/makeFolder ".*": .*a folder was wanted/);
    expect(() => os.makeTemporaryFolder("own-", join(folder, "none"))).toThrow(
      /makeTemporaryFolder ".*none": it does not exist/,
    );
    const elsewhere = os.makeTemporaryFolder("myelin-test-");
    expect(elsewhere.startsWith(join(tmpdir(), "myelin-test-"))).toBe(true);
    os.remove(elsewhere);
  });

  test("finds commands by name and by path, and only what can be executed", () => {
    const [command, link, text] = ["command", "link", "text"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(command, "#!/bin/sh\n");
    chmodSync(command, 0o755);
    symlinkSync(command, link);
    writeFileSync(text, "");
    chmodSync(text, 0o644);
    vi.stubEnv("PATH", ["", join(folder, "none"), folder].join(delimiter));
    expect(["command", "link", "text", "none", command, text, folder].map((name) => os.findCommand(name))).toEqual([
      realpathSync(command),
      realpathSync(command),
      undefined,
      undefined,
      realpathSync(command),
      undefined,
      undefined,
    ]);
  });

  test("hashes", () => {
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect([os.hash("abc"), os.hash(bytes("abc"))]).toEqual([expected, expected]);
  });

  test.each([
    ["echo out; echo err >&2; exit 3", { status: 3, timedOut: false, output: "out\nerr\n" }],
    ["exit 0", { status: 0, timedOut: false, output: "" }],
    ["kill -KILL $$", { status: undefined, timedOut: false, output: "" }],
    ["echo $LC_ALL; cat", { status: 0, timedOut: false, output: "C\n" }],
  ])("runs commands to their end: %s", (script, result) => {
    expect(os.runCommand("/bin/sh", ["-c", script], 10_000)).toEqual(result);
  });

  test("gives up on commands that hang or are not there", () => {
    expect(os.runCommand("/bin/sh", ["-c", "sleep 100"], 50)).toMatchObject({ status: undefined, timedOut: true });
    expect(os.runCommand("/none/command", [], 50)).toEqual({
      status: undefined,
      timedOut: false,
      output: expect.stringMatching(/ENOENT/),
    });
  });

  test("starts commands, and stops them with what they started", async () => {
    const started = os.startCommand(
      "/bin/sh",
      ["-c", "(while :; do date +%N > clock; sleep 0.01; done) & wait"],
      folder,
    );
    const clock = join(folder, "clock");
    while (!existsSync(clock)) await pause(5);
    started.stop();
    await pause(50);
    const stopped = readFileSync(clock, "utf8");
    await pause(100);
    expect(readFileSync(clock, "utf8")).toBe(stopped);
    started.stop();
    expect(() => os.startCommand("/none/command", [], folder)).toThrow(/starting "\/none\/command": it could not/);
  });

  test("loads packages where there are any", () => {
    expect(os.loadPackage("vitest/package.json")).toMatchObject({ name: "vitest" });
    expect(() => os.loadPackage("a-package-that-nobody-wrote")).toThrow(/Cannot find module/);
  });

  test("calls back when the process ends, unless that was taken back", () => {
    const before = process.listenerCount("exit");
    const calls: number[] = [];
    const takeBack = Array.from({ length: 20 }, (_, i) => os.onExit(() => calls.push(i)));
    expect(process.listenerCount("exit")).toBeLessThanOrEqual(before + 1);
    takeBack.forEach((forget) => forget());
    takeBack[0]!();
    expect(process.listenerCount("exit")).toBe(before);
    expect(calls).toEqual([]);
  });
});
