/** Small functions over packed blocks, one of each per module, whatever the number of contractions. */
import type { FunctionBuilder, Local, ModuleBuilder, ValueType } from "./assembler.ts";

/** Writes a function's body, its parameters given. */
export type Write = (f: FunctionBuilder, ...params: Local[]) => void;

/** A function of so many i32s, written into each module on first use. */
export function once(
  params: number,
  write: (module: ModuleBuilder) => Write,
): (module: ModuleBuilder) => FunctionBuilder {
  const made = new WeakMap<ModuleBuilder, FunctionBuilder>();
  return (module) => {
    let f = made.get(module);
    if (!f) {
      const body = write(module);
      f = module.function(
        Array.from({ length: params }, (): ValueType => "i32"),
        [],
      );
      body(f, ...f.params);
      made.set(module, f);
    }
    return f;
  };
}

/** `count(address, n, step)`: the words 0, step, 2 · step … */
export const emitCount: (module: ModuleBuilder) => FunctionBuilder = once(3, () => (f, address, n, step) => {
  const value = f.local("i32");
  f.loop(() => {
    f.get(address!).get(value).memory("i32.store").get(value).get(step!).op("i32.add").set(value);
    f.get(address!).i32(4).op("i32.add").set(address!).get(n!).i32(1).op("i32.sub").tee(n!).brIf(0);
  });
});

/** `clear(address, pitch, lines, from)`: zeros in each line (`pitch` bytes apart) from element `from` on. */
export const emitClear: (module: ModuleBuilder) => FunctionBuilder = once(4, () => (f, address, pitch, lines, from) => {
  const at = f.local("i32"),
    end = f.local("i32");
  f.loop(() => {
    f.get(address!).get(from!).i32(2).op("i32.shl").op("i32.add").set(at);
    f.get(address!).get(pitch!).op("i32.add").tee(end).set(address!);
    f.loop(() => {
      f.get(at).f32(0).memory("f32.store").get(at).i32(4).op("i32.add").tee(at).get(end).op("i32.lt_u").brIf(0);
    });
    f.get(lines!).i32(1).op("i32.sub").tee(lines!).brIf(0);
  });
});

/** `turnFour(p0, p1, p2, p3, length, out, pitch)`: four lines become `length` lines of four, `pitch` bytes apart. */
const emitTurnFour = once(7, () => (f, ...params) => {
  const pointers = params.slice(0, 4),
    [length, out, pitch] = params.slice(4) as [Local, Local, Local];
  const [a, b, c, d] = pointers.map(() => f.local("v128")) as [Local, Local, Local, Local];
  const [ab, cd, AB, CD] = pointers.map(() => f.local("v128")) as [Local, Local, Local, Local];
  const advance = (bytes: number): void => {
    for (const p of pointers) f.get(p).i32(bytes).op("i32.add").set(p);
  };
  const write = (left: Local, right: Local, lanes: readonly [number, number, number, number]): void => {
    f.get(out).get(left).get(right).shuffle32(lanes).memory("v128.store").get(out).get(pitch).op("i32.add").set(out);
  };
  f.block(() =>
    f.loop(() => {
      f.get(length).i32(4).op("i32.lt_u").brIf(1);
      [a, b, c, d].forEach((v, i) => f.get(pointers[i]!).memory("v128.load").set(v));
      f.get(a).get(b).shuffle32([0, 4, 1, 5]).set(ab).get(a).get(b).shuffle32([2, 6, 3, 7]).set(AB);
      f.get(c).get(d).shuffle32([0, 4, 1, 5]).set(cd).get(c).get(d).shuffle32([2, 6, 3, 7]).set(CD);
      write(ab, cd, [0, 1, 4, 5]);
      write(ab, cd, [2, 3, 6, 7]);
      write(AB, CD, [0, 1, 4, 5]);
      write(AB, CD, [2, 3, 6, 7]);
      advance(16);
      f.get(length).i32(4).op("i32.sub").set(length).br(0);
    }),
  );
  f.block(() =>
    f.loop(() => {
      f.get(length).op("i32.eqz").brIf(1);
      pointers.forEach((p, i) =>
        f
          .get(out)
          .get(p)
          .memory("f32.load")
          .memory("f32.store", 4 * i),
      );
      f.get(out).get(pitch).op("i32.add").set(out);
      advance(4);
      f.get(length).i32(1).op("i32.sub").set(length).br(0);
    }),
  );
});

/**
 * `turn(pointers, count, base, length, out, pitch)`: `count` lines of `length` elements, at element `pointers[i]` from
 * `base`, become `length` lines of `count`, `pitch` bytes apart, filled up to groups of four with the last one.
 */
export const emitTurn: (module: ModuleBuilder) => FunctionBuilder = once(6, (module) => {
  const four = emitTurnFour(module);
  return (f, pointers, count, base, length, out, pitch) => {
    const last = f.local("i32"),
      at = f.local("i32");
    f.get(pointers!).get(count!).i32(2).op("i32.shl").op("i32.add").i32(4).op("i32.sub").set(last);
    f.loop(() => {
      for (let i = 0; i < 4; i++) {
        f.get(pointers!)
          .i32(4 * i)
          .op("i32.add")
          .tee(at)
          .get(last)
          .get(at)
          .get(last)
          .op("i32.lt_u")
          .op("select");
        f.memory("i32.load").i32(2).op("i32.shl").get(base!).op("i32.add");
      }
      f.get(length!).get(out!).get(pitch!).call(four);
      f.get(out!).i32(16).op("i32.add").set(out!);
      f.get(pointers!).i32(16).op("i32.add").tee(pointers!).get(last).op("i32.le_u").brIf(0);
    });
  };
});
