import { readFile } from "node:fs/promises";
import type * as Koffi from "koffi";
import { describe, expect, test, vi } from "vitest";
import { nodeSystem } from "../../platform/node-system.ts";
import { ENTRY_BYTES, LEADER_STEP, REPEAT, SHARED_STEP } from "../cpu/tape.ts";
import { KernelCache } from "./cache.ts";
import { RUNTIME_HEADER } from "./header.c.ts";
import { loadRuntime, NativePool, type Functions, type NativeRuntime } from "./library.ts";
import { fakeCompiler, NEEDS_COMPILER, newCache, refusal, toolchain } from "./native.testing.ts";

const PARAMETERS =
  "(char *heap, const uint32_t *block, uint32_t begin, uint32_t end, char *scratch, const struct runtime *rt)";
const kernel = (statements: string): string => `#include <stdlib.h>
#include <time.h>
void kernel$${PARAMETERS} { (void)scratch; (void)rt; (void)begin; (void)end;
  volatile uint32_t *words = (uint32_t *)(heap + block[0]); (void)words;
  ${statements} }`;

/** Kernels by name; block[0] is where the words are that they work on. */
const BODIES = {
  /** Counts how often each item was computed. */
  count: kernel("for (uint32_t i = begin; i < end; i++) words[i]++;"),
  /** words[i] = words[i] · 3 + the number that block[1] points to: depends on the order of steps. */
  fold: kernel("for (uint32_t i = begin; i < end; i++) words[i] = words[i] * 3 + *(uint32_t *)(heap + block[1]);"),
  /** Fills 4,000 bytes of scratch with the item's number, works a while, and tells where it was and what is left. */
  scratch: kernel(`uint32_t *own = (uint32_t *)scratch, right = 0;
    for (int j = 0; j < 1000; j++) own[j] = begin;
    for (volatile int wait = 0; wait < 20000; wait++) {}
    for (int j = 0; j < 1000; j++) right += own[j] == begin;
    words[2 * begin] = (uint32_t)(uintptr_t)scratch; words[2 * begin + 1] = right;`),
  /** Takes as many milliseconds as block[1] says. */
  wait: kernel(`struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < (long)block[1]);
    words[0]++;`),
  /** The product of two small numbers, which is subnormal. */
  subnormal: kernel(
    "volatile float small = 1e-38f; volatile float *out = (volatile float *)words; out[begin] = small * 0.25f;",
  ),
} as const;
type Name = keyof typeof BODIES;

/** A heap of words, and a tape in it that is written piece by piece. */
class Tapes {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true });
  readonly words: Uint32Array<SharedArrayBuffer>;
  readonly #place: (name: Name) => number;
  #end = 1024;

  constructor(place: (name: Name) => number) {
    this.words = new Uint32Array(this.memory.buffer as unknown as SharedArrayBuffer);
    this.#place = place;
  }

  /** Puts words somewhere. Returns their address. */
  put(...words: number[]): number {
    const at = this.#end;
    this.words.set(words, at);
    this.#end += words.length + 16;
    return at * 4;
  }

  room(words: number): number {
    return this.put(...Array.from({ length: words }, () => 0));
  }

  at(address: number, count = 1): number[] {
    return [...this.words.subarray(address / 4, address / 4 + count)];
  }

  /** The words of a step over so many items, in chunks of one or two records. */
  step(name: Name, block: readonly number[], items: number, chunks = 1): number[] {
    const at = this.put(...block);
    const cut = (part: number): number => Math.round((items * part) / chunks);
    const records: number[] = [];
    const firsts: number[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      firsts.push(records.length * 4);
      const [begin, end] = [cut(chunk), cut(chunk + 1)];
      const middle = (begin + end) >> 1;
      if (middle > begin) records.push(at, begin, middle);
      records.push(at, middle, end);
    }
    const start = this.put(...records);
    const table = this.put(...firsts.map((first) => start + first), start + records.length * 4);
    return [chunks > 1 ? SHARED_STEP : LEADER_STEP, this.#place(name), chunks, table];
  }

  repeat(times: number, counter: number, body: readonly number[]): number[] {
    return [REPEAT, times, counter, body.length * 4, ...body];
  }

  /** Where a tape begins and ends. */
  tape(...entries: readonly number[][]): [from: number, to: number] {
    const words = entries.flat();
    const from = this.put(...words);
    expect(words.length % (ENTRY_BYTES / 4)).toBe(0);
    return [from, from + words.length * 4];
  }
}

/** How threads wait: on Linux in a way of its own, elsewhere in one that Linux has too. */
const WAITING = [
  ["as the system has it", []],
  ["portably", ["-DPORTABLE_WAITING"]],
] as const;

describe.skipIf(!toolchain).each(WAITING)(`the native runtime, waiting %s${NEEDS_COMPILER}`, (_how, flags) => {
  const cache =
    toolchain &&
    new KernelCache(newCache(), {
      ...toolchain,
      flags: [...toolchain.flags, ...flags, "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"],
    });
  const runtime = (cache && loadRuntime(cache)) as NativeRuntime;
  const names = Object.keys(BODIES) as Name[];
  const kernels = cache?.compile(names.map((name) => ({ prelude: RUNTIME_HEADER, body: BODIES[name] }))).wait() ?? [];
  const place = (name: Name): number => runtime.load(kernels[names.indexOf(name)]!);

  /** A pool with its heap, gone after the test. */
  const using = async (threads: number, work: (tapes: Tapes, pool: NativePool) => unknown): Promise<void> => {
    const tapes = new Tapes(place);
    const pool = runtime.createPool(tapes.memory, threads);
    try {
      await work(tapes, pool);
    } finally {
      pool.dispose();
    }
  };

  test("loads a kernel once", () => {
    expect(place("count")).toBe(place("count"));
    expect(new Set(names.map(place)).size).toBe(names.length);
  });

  test("says why a kernel cannot be loaded", () => {
    const { path } = kernels[0]!;
    for (const missing of [
      { path: "/none.so", symbol: "kernel_1" },
      { path, symbol: "kernel_2" },
    ]) {
      const { reason, message } = refusal(() => runtime.load(missing));
      expect([reason, message]).toEqual([
        "runtime",
        expect.stringMatching(/could not be loaded \(.*(none\.so|kernel_2)/),
      ]);
    }
  });

  test.each([1, 2, 3, 8])("computes every item of every step once (%i threads)", (threads) =>
    using(threads, (tapes, pool) => {
      expect(pool.threads).toBe(threads);
      const data = [tapes.room(1000), tapes.room(5000), tapes.room(3)] as const;
      const tape = tapes.tape(
        tapes.step("count", [data[0]], 1000, 7),
        tapes.step("count", [data[1]], 5000, 4095),
        tapes.step("count", [data[2]], 3),
        tapes.step("count", [data[0]], 1000, 1000),
      );
      for (let run = 0; run < 300; run++) pool.run(...tape);
      expect(new Set(tapes.at(data[0], 1000))).toEqual(new Set([600]));
      expect(new Set(tapes.at(data[1], 5000))).toEqual(new Set([300]));
      expect(tapes.at(data[2], 4)).toEqual([300, 300, 300, 0]);
    }),
  );

  test.each([1, 2, 5])("finishes a step before it starts the next, asleep or awake (%i threads)", (threads) =>
    using(threads, async (tapes, pool) => {
      const [data, number] = [tapes.room(64), tapes.put(0)];
      const steps = Array.from({ length: 20 }, (_, i) =>
        tapes.step("fold", [data, tapes.put(i)], 64, (i % 5) * 13 + 1),
      );
      const tape = tapes.tape(...steps);
      let expected = 0;
      for (let run = 0; run < 60; run++) {
        pool.run(...tape);
        for (let i = 0; i < 20; i++) expected = (Math.imul(expected, 3) + i) >>> 0;
        expect(new Set(tapes.at(data, 64))).toEqual(new Set([expected]));
        if (run % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      }
      expect(tapes.at(number)).toEqual([0]);
    }),
  );

  test.each([1, 2])("repeats, repeats within repeats included, and counts (%i threads)", (threads) =>
    using(threads, (tapes, pool) => {
      const [data, outer, inner] = [tapes.room(40), tapes.put(9), tapes.put(9)];
      const body = tapes.step("fold", [data, inner], 40, 4);
      const tape = tapes.tape(
        tapes.repeat(3, outer, [...tapes.repeat(4, inner, body), ...tapes.step("fold", [data, outer], 40)]),
        tapes.repeat(0, outer, body),
        tapes.step("fold", [data, tapes.put(5)], 40),
      );
      pool.run(...tape);
      let expected = 0;
      for (let i = 0; i < 3; i++)
        for (const number of [0, 1, 2, 3, i]) expected = (Math.imul(expected, 3) + number) >>> 0;
      expect(new Set(tapes.at(data, 40))).toEqual(new Set([expected * 3 + 5]));
      expect([tapes.at(outer), tapes.at(inner)]).toEqual([[2], [3]]);
      pool.run(tape[0], tape[0]);
      expect(tapes.at(data)).toEqual([expected * 3 + 5]);
    }),
  );

  test.each([1, 2, 4])("gives every thread scratch of its own on a cache line (%i threads)", (threads) =>
    using(threads, (tapes, pool) => {
      pool.reserve(100);
      pool.reserve(4000);
      pool.reserve(8);
      const data = tapes.room(400);
      pool.run(...tapes.tape(tapes.step("scratch", [data], 200, 200)));
      const told = tapes.at(data, 400);
      const places = new Set(told.filter((_, i) => i % 2 === 0));
      expect(places.size).toBeLessThanOrEqual(threads);
      for (const address of places) expect(address % 64).toBe(0);
      expect(new Set(told.filter((_, i) => i % 2))).toEqual(new Set([1000]));
      expect(refusal(() => pool.reserve(2 ** 52)).message).toMatch(/no memory for 4503599627370496 bytes of scratch/);
    }),
  );

  describe("with programs that were submitted", () => {
    test("lets timers live meanwhile", () =>
      using(2, async (tapes, pool) => {
        const data = tapes.room(1);
        const ticket = pool.submit(...tapes.tape(tapes.step("wait", [data, 60], 1)));
        expect([pool.finished(ticket), tapes.at(data)]).toEqual([false, [0]]);
        let turns = 0;
        const timer = setInterval(() => turns++, 2);
        await pool.wait(ticket);
        clearInterval(timer);
        expect(turns).toBeGreaterThan(0);
        expect([pool.finished(ticket), tapes.at(data)]).toEqual([true, [1]]);
        await pool.wait(ticket);
        pool.waitSync(ticket);
      }));

    test("holds one of the system's threads, however many wait", () =>
      using(2, async (tapes, pool) => {
        const pause = tapes.tape(tapes.step("wait", [tapes.room(1), 30], 1));
        const [first, second] = [pool.submit(...pause), pool.submit(...pause)];
        const order: string[] = [];
        const waits = Array.from({ length: 20 }, (_, i) =>
          pool.wait(i % 2 ? second : first).then(() => order.push(i % 2 ? "second" : "first")),
        );
        await readFile(new URL(import.meta.url));
        expect(pool.finished(second)).toBe(false);
        await Promise.all(waits);
        expect(order).toEqual([...Array<string>(10).fill("first"), ...Array<string>(10).fill("second")]);
      }));

    test.each([1, 3])("runs them in order, and what is run at once after them (%i threads)", (threads) =>
      using(threads, async (tapes, pool) => {
        const data = tapes.room(64);
        const tape = Array.from({ length: 50 }, (_, i) =>
          tapes.tape(tapes.step("fold", [data, tapes.put(i)], 64, 1 + (i % 3))),
        );
        const pause = tapes.tape(tapes.step("wait", [tapes.room(1), 20], 1));
        const fold = (value: number, count: number): number =>
          Array.from({ length: count }, (_, i) => i).reduce((sum, i) => (Math.imul(sum, 3) + i) >>> 0, value);
        pool.submit(...pause);
        const tickets = tape.slice(0, 49).map((own) => pool.submit(...own));
        expect(tickets.map((ticket) => pool.finished(ticket))).toContain(false);
        pool.run(...tape[49]!);
        expect(tickets.every((ticket) => pool.finished(ticket))).toBe(true);
        const once = fold(0, 50);
        expect(new Set(tapes.at(data, 64))).toEqual(new Set([once]));
        const waits = tape.map((own) => pool.wait(pool.submit(...own)));
        await Promise.all(waits);
        expect(new Set(tapes.at(data, 64))).toEqual(new Set([fold(once, 50)]));
        const more = pool.submit(...pause);
        pool.reserve(10_000);
        expect(pool.finished(more)).toBe(true);
      }),
    );

    test.each([1, 2])("can be ended in the middle of one (%i threads)", (threads) =>
      using(threads, async (tapes, pool) => {
        const data = tapes.room(8);
        const step = tapes.step("count", [data], 8, 2);
        const endless = tapes.tape(tapes.repeat(2 ** 32 - 1, tapes.put(0), [...step, ...step]));
        const tickets = [pool.submit(...endless), pool.submit(...endless)];
        const waiting = Promise.all(tickets.map((ticket) => pool.wait(ticket)));
        await vi.waitFor(() => expect(tapes.at(data)[0]).toBeGreaterThan(0), { timeout: 20_000, interval: 5 });
        expect(tickets.map((ticket) => pool.finished(ticket))).toEqual([false, false]);
        pool.dispose();
        pool.dispose();
        await waiting;
        const after = tapes.at(data, 8);
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(tapes.at(data, 8)).toEqual(after);
        expect(() => pool.run(...endless)).toThrow(/the device was disposed of/);
        await expect(async () => pool.wait(tickets[0]!)).rejects.toThrow(/disposed/);
      }),
    );
  });

  /** Turns subnormal numbers off and on again for this thread, as a library built for speed may. */
  test.skipIf(process.arch !== "x64")(
    "counts subnormal numbers as 0, whatever was done to the thread, which gets its own setting back",
    () =>
      using(3, (tapes, pool) => {
        const [set] = cache!
          .compile([{ prelude: "", body: "void kernel$(unsigned x) { __builtin_ia32_ldmxcsr(x); }" }])
          .wait();
        const koffi = nodeSystem.loadPackage("koffi") as typeof Koffi;
        const control = koffi.load(set!.path).func(`void ${set!.symbol}(uint32_t control)`) as (
          control: number,
        ) => void;
        const data = tapes.room(64);
        const tape = tapes.tape(tapes.step("subnormal", [data], 64, 64));
        const out = new Float32Array(tapes.memory.buffer, data, 64);
        const small = new Float32Array([1e-38])[0]!;
        const product = (): number => small * 0.25 * 2 ** -900;
        const NORMAL = 0x1f80;
        const FLUSH = 0x8040;
        let flushed: number;
        control(NORMAL | FLUSH);
        try {
          pool.run(...tape);
          pool.waitSync(pool.submit(...tape));
          flushed = product();
        } finally {
          control(NORMAL);
        }
        // The thread's own setting is back afterwards: this product is subnormal in float64.
        expect(flushed).toBe(0);
        pool.run(...tape);
        expect(product()).toBeGreaterThan(0);
        expect(new Set(out)).toEqual(new Set([0]));
      }),
  );
});

test("whoever waits is answered, even if the program ends while the pool asks who is done", async () => {
  // The first program is done when the pool is called back, the second one as soon as it has been asked about once more.
  let calledBack = false;
  let questions = 0;
  const finished = (_pool: unknown, ticket: unknown): number => Number(calledBack && (ticket === 1 || questions++ > 0));
  const nothing = Object.assign(() => 0, { async: () => undefined });
  const wait = Object.assign(() => undefined, {
    async: (...[, , back]: readonly unknown[]) =>
      setTimeout(() => {
        calledBack = true;
        (back as (error: unknown) => void)(null);
      }),
  });
  const functions = new Proxy({ wait, finished } as unknown as Functions, {
    get: (own, name: keyof Functions) => own[name] ?? nothing,
  });
  const pool = new NativePool(functions, nodeSystem, new WebAssembly.Memory({ initial: 1 }), 1);
  await Promise.all([pool.wait(1), pool.wait(2)]);
  expect(questions).toBe(2);
  pool.dispose();
});

describe.skipIf(!toolchain)(`what the runtime needs${NEEDS_COMPILER}`, () => {
  test("koffi, which may be missing", () => {
    const folder = newCache({ ...nodeSystem, loadPackage: () => nodeSystem.loadPackage("koffi-that-nobody-wrote") });
    expect(refusal(() => loadRuntime(new KernelCache(folder, toolchain!)))).toEqual({
      reason: "koffi",
      message: "native: koffi, through which native code is called, is not installed. Run npm install koffi.",
    });
  });

  test("koffi, which may refuse", () => {
    const loadPackage = (): never => {
      throw new Error("Cannot find the native Koffi module; did you bundle it correctly?\nmore");
    };
    expect(refusal(() => loadRuntime(new KernelCache(newCache({ ...nodeSystem, loadPackage }), toolchain!)))).toEqual({
      reason: "koffi",
      message:
        "native: koffi, through which native code is called, refuses to load (Cannot find the native Koffi module; did you bundle it correctly?). Run npm install koffi again.",
    });
  });

  test("a compiler for this machine", () => {
    const command = fakeCompiler("head -c 5000 /dev/zero > kernels.so");
    const { reason, message } = refusal(() => loadRuntime(new KernelCache(newCache(), { ...toolchain!, command })));
    expect([reason, message]).toEqual([
      "runtime",
      expect.stringMatching(/^native: the compiled runtime ".*" could not be loaded/),
    ]);
  });
});
