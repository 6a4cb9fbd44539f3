/**
 * A few rows by many columns that have k side by side: a matrix times a vector. Nothing is packed and every column is
 * read once, along k; several columns at a time keep the additions from waiting for one another, and more of memory on
 * its way: of a large matrix, eight at a time arrive a quarter sooner than four.
 */
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { multiplyAdd } from "./fused.ts";
import { once } from "./panels.ts";

/** Columns that are read at a time, where there are so many. */
const TOGETHER = 8;

/** `dot(row, p0, …, depth, out, more)` for so many columns, in fours: their sums of products, added to what is there if `more`. */
/* @__NO_SIDE_EFFECTS__ */
const emitDot = (columns: number): ((module: ModuleBuilder) => FunctionBuilder) =>
  once(columns + 4, (module) => (f, row, ...others) => {
    const pointers = others.slice(0, columns) as Local[];
    const [depth, out, more] = others.slice(columns);
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
    const half = (left: Local, right: Local): void => {
      f.get(left).get(right).shuffle32([0, 4, 1, 5]).get(left).get(right).shuffle32([2, 6, 3, 7]).op("f32x4.add");
    };
    const fours = Array.from({ length: columns / 4 }, (_, g) => {
      const [a, b, c, d] = sums.slice(4 * g) as [Local, Local, Local, Local];
      half(a, b);
      f.set(a);
      half(c, d);
      f.set(c).get(a).get(c).shuffle32([0, 1, 4, 5]).get(a).get(c).shuffle32([2, 3, 6, 7]).op("f32x4.add").set(a);
      return { sum: a, from: pointers.slice(4 * g, 4 * g + 4) };
    });
    f.block(() =>
      f.loop(() => {
        f.get(depth!).op("i32.eqz").brIf(1);
        for (const { sum, from } of fours) {
          f.get(from[0]!).memory("v128.load32_zero").set(x);
          for (let i = 1; i < 4; i++) f.get(from[i]!).get(x).memoryLane("v128.load32_lane", i).set(x);
          multiplyAdd(module, f.get(x).get(row!).memory("v128.load32_splat"), sum).set(sum);
        }
        advance(4);
        f.get(depth!).i32(1).op("i32.sub").set(depth!).br(0);
      }),
    );
    fours.forEach(({ sum }, g) => {
      f.get(more!).if(() =>
        f
          .get(sum)
          .get(out!)
          .memory("v128.load", 16 * g)
          .op("f32x4.add")
          .set(sum),
      );
      f.get(out!)
        .get(sum)
        .memory("v128.store", 16 * g);
    });
  });

const emitFour = emitDot(4);
const emitMany = emitDot(TOGETHER);

/**
 * `dots(rows, rowCount, rowBase, columns, columnCount, columnBase, depth, out, pitch, more)`:
 * `rows` and `columns` are addresses
 * of words, each where a row or column starts, in elements from its base; k is side by side in both. The sums go to
 * `out`, `pitch` bytes from row to row, groups of four or eight columns filled up with copies of the last.
 */
export const emitDots: (module: ModuleBuilder) => FunctionBuilder = once(10, (module) => {
  const [four, many] = [emitFour(module), emitMany(module)];
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
    const group = (count: number, dot: FunctionBuilder): void => {
      f.get(rows!).set(row).get(out!).set(to);
      f.loop(() => {
        f.get(row);
        pointer(rowBase!);
        for (let i = 0; i < count; i++) {
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
        f.get(depth!).get(to).get(more!).call(dot);
        f.get(to).get(pitch!).op("i32.add").set(to);
        f.get(row).i32(4).op("i32.add").tee(row).get(end).op("i32.lt_u").brIf(0);
      });
      for (const place of [out!, columns!])
        f.get(place)
          .i32(4 * count)
          .op("i32.add")
          .set(place);
    };
    f.loop(() => {
      f.get(columns!)
        .i32(16)
        .op("i32.add")
        .get(last)
        .op("i32.le_u")
        .if(
          () => group(TOGETHER, many),
          () => group(4, four),
        );
      f.get(columns!).get(last).op("i32.le_u").brIf(0);
    });
  };
});
