/** The system's C compiler: found, tried once, and remembered with what it says about the processor. */
import { environment } from "#platform";
import type { System } from "../../platform/platform.ts";
import { NativeUnavailable } from "./errors.ts";
import type { CacheFolder } from "./folder.ts";

/** A compiler that works. */
export interface Toolchain {
  /** Its path. */
  readonly command: string;
  /** What it is called with before the source, and after it. */
  readonly flags: readonly string[];
  readonly libraries: readonly string[];
  /** Its name and version, for messages: `gcc 12.2.0`. */
  readonly version: string;
  /** Lanes of 32 bits in one vector register. */
  readonly lanes: 4 | 8 | 16;
  /** What the processor can, of what is asked about: the names in {@link FEATURES}. */
  readonly features: readonly string[];
  /** Compiler, processor and flags: part of the key of everything that is compiled. */
  readonly identity: string;
}

export interface ToolchainOptions {
  /** The compiler's name or path. Default: MYELIN_CC, or the first of cc, gcc and clang that works. */
  readonly command?: string | undefined;
  /** Milliseconds that one trial may take. Default: 20,000. */
  readonly timeLimit?: number;
}

const CANDIDATES = ["cc", "gcc", "clang"];

/** Names of features, and the macros by which compilers tell of them. */
const FEATURES: Readonly<Record<string, string>> = {
  sse41: "__SSE4_1__",
  avx: "__AVX__",
  avx2: "__AVX2__",
  fma: "__FMA__",
  f16c: "__F16C__",
  avx512f: "__AVX512F__",
  avx512bw: "__AVX512BW__",
  avx512dq: "__AVX512DQ__",
  avx512vl: "__AVX512VL__",
  avx512vnni: "__AVX512VNNI__",
  avx512bf16: "__AVX512BF16__",
  neon: "__ARM_NEON",
  sve: "__ARM_FEATURE_SVE",
};

/** Sums keep their order and products their rounding: fast-math never. */
const FLAGS = [
  "-O2",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fno-strict-aliasing",
  "-fwrapv",
  "-fPIC",
  "-shared",
  "-std=gnu11",
  // Vectors wider than the processor's are passed in memory, by every function in the same way.
  "-Wno-psabi",
];
const LIBRARIES = ["-pthread", "-ldl", "-lm"];

/** Marks in the trial's machine code between which the compiler's answers stand. */
const [BEGIN, END] = ["myelin trial begins|", "|myelin trial ends"];

/** Uses what runtime and kernels use, and carries the answers as text. */
const TRIAL = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#define TEXT(x) #x
#define SHOW(x) TEXT(x)
#ifdef __clang__
#define COMPILER "clang " SHOW(__clang_major__) "." SHOW(__clang_minor__) "." SHOW(__clang_patchlevel__)
#else
#define COMPILER "gcc " __VERSION__
#endif
const char trial_answer[] = "${BEGIN}" COMPILER "|"
${Object.entries(FEATURES)
  .map(([name, macro]) => `#ifdef ${macro}\n  "${name} "\n#endif`)
  .join("\n")}
  "${END}";
typedef float f32v __attribute__((vector_size(64)));
typedef int32_t i32v __attribute__((vector_size(64)));
_Static_assert(sizeof(void *) == 8, "64-bit");
void trial(const char *x, char *y, _Atomic uint32_t *word) {
  f32v a;
  memcpy(&a, x, sizeof a);
  i32v small = a < 1.0f;
  a = (f32v)((i32v)a & small) + __builtin_convertvector(small, f32v);
  for (int l = 0; l < 16; l++) a[l] = __builtin_fmaf(a[l], a[l], 1.0f);
  memcpy(y, &a, sizeof a);
  atomic_fetch_add(word, 1);
}
`;

/**
 * The compiler to use. Trying one takes a process (50 ms); what came out is kept in the folder, so that it happens once.
 * @throws NativeUnavailable ("compiler") when none works: missing, failing, too slow, too old.
 */
export function findToolchain(folder: CacheFolder, options: ToolchainOptions = {}): Toolchain {
  const { system } = folder;
  const wanted = options.command ?? environment("MYELIN_CC");
  const refusals: string[] = [];
  for (const name of wanted === undefined ? CANDIDATES : [wanted]) {
    const command = system.findCommand(name);
    if (command === undefined || isInstaller(system, command)) continue;
    const found = examine(folder, command, options.timeLimit ?? 20_000);
    if (typeof found === "object") return found;
    refusals.push(`${name} ${found}`);
  }
  if (refusals.length)
    throw new NativeUnavailable(
      "compiler",
      `no C compiler works here: ${refusals.join("; ")}. Name another one in MYELIN_CC.`,
    );
  throw new NativeUnavailable(
    "compiler",
    wanted === undefined
      ? `no C compiler was found (${CANDIDATES.join(", ")}). Install one, or name it in MYELIN_CC.`
      : `the C compiler "${wanted}" was not found. Check MYELIN_CC.`,
  );
}

/** On a Mac without the developer tools, cc is a program that offers to install them in a window. */
function isInstaller(system: System, command: string): boolean {
  return (
    system.name.startsWith("darwin") &&
    command.startsWith("/usr/bin/") &&
    system.runCommand("xcode-select", ["-p"], 5_000).status !== 0
  );
}

/** What is known or found out about a compiler, or why it does not serve. */
function examine(folder: CacheFolder, command: string, timeLimit: number): Toolchain | string {
  const { system } = folder;
  const file = system.fileState(command);
  const about = [command, file?.bytes, file?.modified, system.name, system.processor(), TRIAL, ...FLAGS, ...LIBRARIES];
  const name = `toolchain-${system.hash(JSON.stringify(about)).slice(0, 32)}`;
  const known = recall(folder.read(name));
  const answer = known ?? attempt(folder, command, timeLimit);
  if (typeof answer === "string") return answer;
  if (!known) folder.write(name, new TextEncoder().encode(JSON.stringify(answer)));
  const { version, features, flags } = answer;
  return {
    command,
    flags,
    libraries: LIBRARIES,
    version,
    lanes:
      features.includes("avx512f") && features.includes("avx512dq")
        ? 16
        : features.includes("avx2") && features.includes("fma")
          ? 8
          : 4,
    features,
    identity: [version, system.name, system.processor(), ...features, ...flags, ...LIBRARIES].join("\n"),
  };
}

interface Answer {
  readonly version: string;
  readonly features: readonly string[];
  readonly flags: readonly string[];
}

/** What an earlier process wrote down; undefined when it is damaged. */
function recall(bytes: Uint8Array | undefined): Answer | undefined {
  const strings = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((item) => typeof item === "string");
  try {
    const { version, features, flags } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return typeof version === "string" && strings(features) && strings(flags)
      ? { version, features, flags }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Compiles the trial, tuned for this processor in the first way that the compiler understands. */
function attempt(folder: CacheFolder, command: string, timeLimit: number): Answer | string {
  const { system } = folder;
  const workspace = folder.workspace({ "trial.c": new TextEncoder().encode(TRIAL) });
  const [source, library] = [`${workspace}/trial.c`, `${workspace}/trial.so`];
  let refusal = "";
  try {
    const native = system.name.endsWith("arm64") ? ["-mcpu=native", "-march=native"] : ["-march=native"];
    for (const tuning of [...native.map((flag) => [flag]), []]) {
      const flags = [...FLAGS, ...tuning];
      const result = system.runCommand(command, [...flags, source, "-o", library, ...LIBRARIES], timeLimit);
      if (result.timedOut) return `did not answer within ${timeLimit / 1000} s`;
      if (result.status === 0) {
        const text = new TextDecoder("latin1").decode(system.readNow(library));
        const answer = text.slice(text.indexOf(BEGIN), text.indexOf(END)).split("|");
        if (answer.length !== 3) return "makes no machine code";
        return { version: answer[1]!, features: answer[2]!.split(" ").filter(Boolean), flags };
      }
      refusal ||= firstError(result.output) || `ended with status ${result.status}`;
    }
  } finally {
    system.remove(workspace);
  }
  return `fails (${refusal})`;
}

/** The line of a compiler's output that says what went wrong. */
export function firstError(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim());
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? "")
    .replace(/[\p{Cc}\uFFFD]+/gu, " ")
    .trim()
    .slice(0, 300);
}
