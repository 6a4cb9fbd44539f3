import { describe, expect, test } from "vitest";
import { ModuleBuilder } from "./assembler.ts";
import { hasRelaxedSimd } from "./fused.ts";
import {
  ATOMIC,
  LANE,
  LOADS,
  LOAD_LANE,
  PLAIN,
  type AtomicOp,
  type LaneOp,
  type LoadLaneOp,
  type MemoryOp,
  type PlainOp,
} from "./opcodes.ts";

const instantiate = (
  module: ModuleBuilder,
  imports: WebAssembly.Imports = {},
): Record<string, (...args: number[]) => number> =>
  new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports).exports as Record<
    string,
    (...args: number[]) => number
  >;

describe("assembler", () => {
  test("adds, branches and loops", () => {
    const module = new ModuleBuilder();
    const f = module.function(["i32"], ["i32"], "triangle");
    const sum = f.local("i32"),
      n = f.params[0]!;
    f.get(n).if(() => {
      f.loop(() => f.get(sum).get(n).op("i32.add").set(sum).get(n).i32(1).op("i32.sub").tee(n).brIf(0));
    });
    f.get(sum);
    expect(instantiate(module).triangle!(100)).toBe(5050);
  });

  test("constants of every size survive the encoding", () => {
    const module = new ModuleBuilder();
    const values = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, 2 ** 31 - 1, -(2 ** 31), 123456789];
    values.forEach((v, i) => module.function([], ["i32"], `c${i}`).i32(v));
    module.function([], ["f64"], "f64").f64(Math.PI);
    module.function([], ["f32"], "f32").f32(1.5);
    module.function([], ["i64"], "i64").i64(-(2n ** 40n));
    const made = instantiate(module);
    values.forEach((v, i) => expect(made[`c${i}`]!()).toBe(v));
    expect(made.f64!()).toBe(Math.PI);
    expect(made.f32!()).toBe(1.5);
    expect(made.i64!()).toBe(-(2n ** 40n));
  });

  test("vectors, memory and lanes", () => {
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1, shared: false });
    const f = module.function(["i32", "i32"], ["f32"], "f");
    f.get(f.params[1]!).get(f.params[0]!).memory("v128.load", 16).f32x4(2).op("f32x4.mul").memory("v128.store");
    f.get(f.params[1]!).memory("v128.load").f32x4(0).shuffle32([3, 2, 1, 0]).lane("f32x4.extract_lane", 0);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const floats = new Float32Array(memory.buffer);
    floats.set([0, 0, 0, 0, 1, 2, 3, 4.5]);
    expect(instantiate(module, { env: { memory } }).f!(0, 64)).toBe(9);
    expect(Array.from(floats.subarray(16, 20))).toEqual([2, 4, 6, 9]);
  });

  test("tables, indirect calls and shared memory with atomics", () => {
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1, maximum: 2, shared: true });
    const outside = module.importFunction("env", "outside", ["i32"], ["i32"]);
    const double = module.function(["i32"], ["i32"]);
    double.get(double.params[0]!).i32(1).op("i32.shl");
    module.defineTable(3, "table");
    module.fillTable(1, [double, outside]);
    const f = module.function(["i32", "i32"], ["i32"], "f");
    f.get(f.params[0]!)
      .get(f.params[1]!)
      .callIndirect(module.type(["i32"], ["i32"]));
    const g = module.function(["i32"], ["i32"], "g");
    g.get(g.params[0]!).i32(5).atomic("i32.atomic.rmw.add").op("drop").get(g.params[0]!).atomic("i32.atomic.load");
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const made = instantiate(module, { env: { memory, outside: (x: number) => x + 100 } });
    expect(made.f!(21, 1)).toBe(42);
    expect(made.f!(21, 2)).toBe(121);
    expect(made.g!(8)).toBe(5);
    expect(made.g!(8)).toBe(10);
  });

  // The engine's own validator checks every code: a wrong one would take other operands.
  test("every instruction validates with its name's types", () => {
    const module = new ModuleBuilder();
    module.importMemory("env", "memory", { initial: 1, maximum: 2, shared: true });
    const vector = (name: string): boolean => /^(i8x16|i16x8|i32x4|i64x2|f32x4|f64x2|v128)/.test(name);
    for (const name of Object.keys(PLAIN) as PlainOp[]) {
      if (["unreachable", "nop", "drop", "select"].includes(name)) continue;
      const f = module.function([], []);
      const [type, op] = name.split(".") as [string, string];
      const scalar =
        { i8x16: "i32", i16x8: "i32", i32x4: "i32", i64x2: "i64", f32x4: "f32", f64x2: "f64" }[type] ?? type;
      const push = (t: string): unknown =>
        t === "v128"
          ? f.i32x4(1)
          : t === "i32"
            ? f.i32(1)
            : t === "i64"
              ? f.i64(1n)
              : t === "f32"
                ? f.f32(1)
                : f.f64(1);
      if (op === "splat") push(scalar);
      else if (vector(name)) {
        push("v128");
        if (/^(shl|shr)/.test(op)) push("i32");
        else if (op === "bitselect" || op === "relaxed_madd") {
          push("v128");
          push("v128");
        } else if (
          !/^(not|any_true|all_true|bitmask|abs|neg|sqrt|ceil|floor|trunc|nearest|extend|convert|demote|promote)/.test(
            op,
          )
        )
          push("v128");
      } else {
        const from = /_(i32|i64|f32|f64)/.exec(op)?.[1] ?? type;
        push(from);
        if (
          !/^(eqz|clz|ctz|popcnt|abs|neg|sqrt|ceil|floor|trunc|nearest|extend|convert|demote|promote|wrap|reinterpret)/.test(
            op,
          )
        )
          push(from);
      }
      f.op(name).op("drop");
    }
    for (const name of Object.keys(LOADS) as MemoryOp[]) {
      const f = module.function([], []).i32(0);
      if (!name.includes("store")) f.memory(name, 4).op("drop");
      else {
        if (name.startsWith("v128")) f.i32x4(1);
        else if (name.startsWith("i32")) f.i32(1);
        else if (name.startsWith("i64")) f.i64(1n);
        else if (name.startsWith("f32")) f.f32(1);
        else f.f64(1);
        f.memory(name, 4);
      }
    }
    for (const name of Object.keys(LOAD_LANE) as LoadLaneOp[]) {
      const f = module.function([], []).i32(0).i32x4(1).memoryLane(name, 1);
      if (name.includes("load")) f.op("drop");
    }
    for (const name of Object.keys(LANE) as LaneOp[]) {
      const f = module.function([], []).i32x4(1);
      if (name.includes("replace")) {
        if (name.startsWith("i")) f.i32(1);
        else if (name.startsWith("f32")) f.f32(1);
        else f.f64(1);
      }
      f.lane(name, 1).op("drop");
    }
    for (const name of Object.keys(ATOMIC) as AtomicOp[]) {
      const f = module.function([], []).i32(0);
      if (name !== "i32.atomic.load") f.i32(1);
      if (name === "memory.atomic.wait32") f.i64(-1n);
      if (name.endsWith("cmpxchg")) f.i32(2);
      f.atomic(name);
      if (name !== "i32.atomic.store") f.op("drop");
    }
    const bytes = module.toBytes();
    expect(hasRelaxedSimd()).toBe(true);
    expect(() => new WebAssembly.Module(bytes)).not.toThrow();
  });
});
