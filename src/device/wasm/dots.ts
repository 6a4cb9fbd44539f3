/**
 * A few rows by many columns that have k side by side: a matrix times a vector. Nothing is packed and every column is
 * read once, along k; four columns at a time keep the additions from waiting for one another.
 */
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { multiplyAdd } from "./fused.ts";
import { once } from "./panels.ts";

/** `dotFour(row, p0, p1, p2, p3, depth, out, more)`: four sums of products, added to what is there if `more`. */
const emitDotFour = once(8, (module) => (f, row, p0, p1, p2, p3, depth, out, more) => {
  const pointers = [p0!, p1!, p2!, p3!];
  const sums = pointers.map(() => f.local("v128"));
  const x = f.local("v128");
  const advance = (bytes: number): void => {
    for (const p of [row!, ...pointers]) f.get(p).i32(bytes).op("i32.add").set(p);
  };
  f.block(() =>
    f.loop(() => {
      f.get(depth!).i32(4).op("i32.lt_u").brIf(1);
      f.get(row!).memory("v128.load").set(x);
      pointers.forEach((p, i) => multiplyAdd(module, f.get(p).memory("v128.load").get(x), sums[i]!).set(sums[i]!));
      advance(16);
      f.get(depth!).i32(4).op("i32.sub").set(depth!).br(0);
    }),
  );
  // The lanes of each sum are added: 0 + 2 and 1 + 3, then both.
  const [a, b, c, d] = sums as [Local, Local, Local, Local];
  const half = (left: Local, right: Local): void => {
    f.get(left).get(right).shuffle32([0, 4, 1, 5]).get(left).get(right).shuffle32([2, 6, 3, 7]).op("f32x4.add");
  };
  half(a, b);
  f.set(a);
  half(c, d);
  f.set(c).get(a).get(c).shuffle32([0, 1, 4, 5]).get(a).get(c).shuffle32([2, 3, 6, 7]).op("f32x4.add").set(a);
  f.block(() =>
    f.loop(() => {
      f.get(depth!).op("i32.eqz").brIf(1);
      f.get(p0!).memory("v128.load32_zero").set(x);
      for (let i = 1; i < 4; i++) f.get(pointers[i]!).get(x).memoryLane("v128.load32_lane", i).set(x);
      multiplyAdd(module, f.get(x).get(row!).memory("v128.load32_splat"), a).set(a);
      advance(4);
      f.get(depth!).i32(1).op("i32.sub").set(depth!).br(0);
    }),
  );
  f.get(more!).if(() => f.get(a).get(out!).memory("v128.load").op("f32x4.add").set(a));
  f.get(out!).get(a).memory("v128.store");
});

/**
 * `dots(rows, rowCount, rowBase, columns, columnCount, columnBase, depth, out, pitch, more)`:
 * `rows` and `columns` are addresses
 * of words, each where a row or column starts, in elements from its base; k is side by side in both. The sums go to
 * `out`, `pitch` bytes from row to row, groups of four columns filled up with copies of the last.
 */
export const emitDots: (module: ModuleBuilder) => FunctionBuilder = once(10, (module) => {
  const four = emitDotFour(module);
  return (f, rows, rowCount, rowBase, columns, columnCount, columnBase, depth, out, pitch, more) => {
    const end = f.local("i32"),
      last = f.local("i32"),
      row = f.local("i32"),
      at = f.local("i32"),
      to = f.local("i32");
    f.get(rows!).get(rowCount!).i32(2).op("i32.shl").op("i32.add").set(end);
    f.get(columns!).get(columnCount!).i32(2).op("i32.shl").op("i32.add").i32(4).op("i32.sub").set(last);
    const pointer = (base: Local): void => void f.memory("i32.load").i32(2).op("i32.shl").get(base).op("i32.add");
    // The same columns for every row: all but the first find them in the nearest cache.
    f.loop(() => {
      f.get(rows!).set(row).get(out!).set(to);
      f.loop(() => {
        f.get(row);
        pointer(rowBase!);
        for (let i = 0; i < 4; i++) {
          f.get(columns!)
            .i32(4 * i)
            .op("i32.add")
            .tee(at)
            .get(last)
            .get(at)
            .get(last)
            .op("i32.lt_u")
            .op("select");
          pointer(columnBase!);
        }
        f.get(depth!).get(to).get(more!).call(four);
        f.get(to).get(pitch!).op("i32.add").set(to);
        f.get(row).i32(4).op("i32.add").tee(row).get(end).op("i32.lt_u").brIf(0);
      });
      f.get(out!).i32(16).op("i32.add").set(out!);
      f.get(columns!).i32(16).op("i32.add").tee(columns!).get(last).op("i32.le_u").brIf(0);
    });
  };
});
