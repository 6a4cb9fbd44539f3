import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeSystem } from "../../platform/node-system.ts";
import type { System } from "../../platform/platform.ts";
import { fakeCompiler, NEEDS_COMPILER, newCache, newPath, refusal, toolchain } from "./native.testing.ts";
import { findToolchain } from "./toolchain.ts";

// The machine's own choice is not what is tested.
beforeEach(() => void vi.stubEnv("MYELIN_CC", ""));
afterEach(() => vi.unstubAllEnvs());

/** A system that counts the commands it runs, and knows only some. */
function counting(
  known: (name: string) => string | undefined = nodeSystem.findCommand,
): System & { commands: string[] } {
  const commands: string[] = [];
  return {
    ...nodeSystem,
    commands,
    findCommand: known,
    runCommand(command, args, timeLimit) {
      commands.push(command);
      return nodeSystem.runCommand(command, args, timeLimit);
    },
  };
}

describe.skipIf(!toolchain)(`a compiler that works${NEEDS_COMPILER}`, () => {
  test("is found and says what the processor can", () => {
    const { command, version, lanes, features, flags, identity } = toolchain!;
    expect(command).toMatch(/^\//);
    expect(version).toMatch(/^(gcc|clang) \d+\.\d+/);
    const wanted =
      features.includes("avx512f") && features.includes("avx512dq")
        ? 16
        : features.includes("avx2") && features.includes("fma")
          ? 8
          : 4;
    expect(lanes).toBe(wanted);
    expect(features).toContain(process.arch === "arm64" ? "neon" : "sse41");
    expect(flags.join(" ")).toMatch(/^-O\d -ffp-contract=off .*-m(arch|cpu)=native/);
    expect(flags.join(" ")).not.toMatch(/fast-math/);
    expect(identity).toContain(version);
  });

  test("is tried once, and remembered on disk", () => {
    const os = counting();
    const folder = newCache(os);
    const first = findToolchain(folder, { command: toolchain!.command });
    expect(os.commands).toHaveLength(1);
    expect(findToolchain(folder, { command: toolchain!.command })).toEqual(first);
    expect(os.commands).toHaveLength(1);
    expect(readdirSync(folder.path)).toEqual([expect.stringMatching(/^toolchain-/)]);
  });

  test.each(["", "{", "null", '{"version":1,"features":[],"flags":[]}', '{"version":"gcc","features":"x","flags":[]}'])(
    "is tried again when what was remembered is damaged: %j",
    (text) => {
      const os = counting();
      const folder = newCache(os);
      const first = findToolchain(folder, { command: toolchain!.command });
      writeFileSync(join(folder.path, readdirSync(folder.path)[0]!), text);
      expect(findToolchain(folder, { command: toolchain!.command })).toEqual(first);
      expect(os.commands).toHaveLength(2);
    },
  );

  test("is tried again on another processor", () => {
    const os = counting();
    const folder = newCache(os);
    const first = findToolchain(folder);
    const moved = { ...os, processor: () => "another one" };
    const second = findToolchain(Object.assign(newCache(moved), { path: folder.path }));
    expect(second.identity).not.toBe(first.identity);
    expect(os.commands).toHaveLength(2);
  });

  test("takes the place of one that fails, unless that was asked for", () => {
    const broken = fakeCompiler("echo broken >&2; exit 1");
    const os = counting((name) => (name === "cc" ? broken : name === "gcc" ? toolchain!.command : undefined));
    expect(findToolchain(newCache(os)).command).toBe(toolchain!.command);
    vi.stubEnv("MYELIN_CC", broken);
    expect(refusal(() => findToolchain(newCache())).message).toMatch(/fails \(broken\)/);
  });

  test("is asked in another way when it does not know this processor", () => {
    const old = fakeCompiler(
      `case "$*" in *=native*) echo "error: bad value (native)" >&2; exit 1;; esac; exec ${toolchain!.command} "$@"`,
    );
    const found = findToolchain(newCache(), { command: old });
    expect(found.flags.join(" ")).not.toMatch(/native/);
    expect(found.lanes).toBe(4);
  });
});

describe("a machine without a compiler", () => {
  test("says so", () => {
    expect(refusal(() => findToolchain(newCache(counting(() => undefined))))).toEqual({
      reason: "compiler",
      message: "native: no C compiler was found (cc, gcc, clang). Install one, or name it in MYELIN_CC.",
    });
    vi.stubEnv("MYELIN_CC", newPath("none"));
    expect(refusal(() => findToolchain(newCache())).message).toMatch(
      /^native: the C compiler ".*none" was not found\. Check MYELIN_CC\./,
    );
  });

  test("does not open a Mac's installer", () => {
    const os = counting((name) => (name === "cc" ? "/usr/bin/cc" : undefined));
    const mac: System = {
      ...os,
      name: "darwin-arm64",
      runCommand(command) {
        os.commands.push(command);
        return { status: 2, timedOut: false, output: "xcode-select: error: unable to get active developer directory" };
      },
    };
    expect(refusal(() => findToolchain(newCache(mac))).message).toMatch(/no C compiler was found/);
    expect(os.commands).toEqual(["xcode-select"]);
  });
});

describe("a compiler that", () => {
  const about = (script: string, timeLimit?: number): string => {
    const folder = newCache();
    const command = fakeCompiler(script);
    const { reason, message } = refusal(() => findToolchain(folder, { command, ...(timeLimit ? { timeLimit } : {}) }));
    expect(reason).toBe("compiler");
    // Nothing is left behind, and the failure is not remembered: what was missing may be installed.
    expect(readdirSync(folder.path)).toEqual([]);
    return message.replace(command, "CC");
  };

  test.each([
    [
      "fails",
      "echo 'trial.c:2: fatal error: dlfcn.h: No such file' >&2; exit 1",
      "fails (trial.c:2: fatal error: dlfcn.h: No such file)",
    ],
    ["fails silently", "exit 3", "fails (ended with status 3)"],
    ["makes nothing", "exit 0", "makes no machine code"],
    ["prints garbage", "head -c 100000 /dev/urandom; exit 0", "makes no machine code"],
    [
      "writes garbage",
      'while [ "$1" != -o ]; do shift; done; head -c 100000 /dev/zero > "$2"',
      "makes no machine code",
    ],
    [
      "is too old",
      "echo 'trial.c:70: error: unknown type name f32v' >&2; exit 1",
      "fails (trial.c:70: error: unknown type name f32v)",
    ],
  ])("%s is refused", (_what, script, why) => {
    expect(about(script)).toBe(`native: no C compiler works here: CC ${why}. Name another one in MYELIN_CC.`);
  });

  test("hangs is killed, with what it started", async () => {
    const clock = newPath("clock");
    const before = Date.now();
    expect(about(`(while :; do date +%N > ${clock}; sleep 0.02; done) & wait`, 300)).toMatch(
      /CC did not answer within 0\.3 s/,
    );
    expect(Date.now() - before).toBeLessThan(20_000);
    const stopped = readFileSync(clock, "utf8");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readFileSync(clock, "utf8")).toBe(stopped);
  });

  test("is no program is refused", () => {
    const path = fakeCompiler("");
    writeFileSync(path, new Uint8Array(100).fill(200));
    expect(refusal(() => findToolchain(newCache(), { command: path })).message).toMatch(
      / fails \([^\u007f-\u00a0\ufffd]*\)/,
    );
  });
});
