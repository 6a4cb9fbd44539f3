/**
 * The register tile: two rows by sixteen columns of Σ over k of row · column, for all tiles of a block.
 *
 * Rows are read where they lie, through one pointer each and a step along k; columns stand side by side for every k,
 * one step apart. Fifteen vectors live at once are as many as the engine keeps in registers: 8 sums, 4 of the
 * columns, 2 of the rows. Unrolling over k would exceed that. Each tile is a call, so that the engine can replace
 * slow code early.
 */
import type { FunctionBuilder, Local, ModuleBuilder } from "./assembler.ts";
import { multiplyAdd } from "./fused.ts";
import { once } from "./panels.ts";
import { WASM } from "./target.ts";

/** Columns of a tile. Blocks have a multiple of this. */
export const TILE_COLUMNS: number = WASM.tileColumns;
const VECTORS = TILE_COLUMNS / 4;
/** Bytes of its columns at one k. */
const STRIP: number = 4 * TILE_COLUMNS;

/**
 * Writes `sweep(rows, count, base, rowStep, columns, columnStep, depth, out, pitch, width, more)` into the module,
 * all i32, addresses and steps in bytes:
 *
 * - `rows`: address of `count` words, each where a row starts, in elements from `base`; `rowStep` leads from one k to
 *   the next.
 * - `columns`: address of the first column at the first k, a multiple of `TILE_COLUMNS` columns being readable;
 *   `columnStep` leads from one k to the next. `depth` ≥ 1 is the number of ks.
 * - `out`: the block of sums, `pitch` bytes from row to row, `width` bytes of each to be filled (rounded up to a
 *   tile).
 * - `more`: 0 to write the sums, 1 to add them to what is there.
 */
export const emitSweep: (module: ModuleBuilder) => FunctionBuilder = once(11, (module) => {
  const two = emitTile(module, 2);
  const one = emitTile(module, 1);
  return (f, ...params) => {
    const [rows, count, base, rowStep, columns, columnStep, depth, out, pitch, width, more] = params as Eleven;
    const row = f.local("i32");
    const last = f.local("i32");
    const at = f.local("i32");
    const column = f.local("i32");
    const shared = (): void => {
      f.get(rowStep).get(columns).get(column).op("i32.add").get(columnStep).get(depth).get(at);
    };
    const pointer = (offset: number): void => {
      f.get(row).memory("i32.load", offset).i32(2).op("i32.shl").get(base).op("i32.add");
    };
    // All rows of one strip of columns first: the strip stays in the nearest cache.
    f.get(rows).get(count).i32(2).op("i32.shl").op("i32.add").set(last);
    f.loop(() => {
      f.get(rows).set(row).get(out).get(column).op("i32.add").set(at);
      f.block(() => {
        f.loop(() => {
          f.get(row).i32(8).op("i32.add").get(last).op("i32.gt_u").brIf(1);
          pointer(0);
          pointer(4);
          shared();
          f.get(pitch).get(more).call(two);
          f.get(row).i32(8).op("i32.add").set(row);
          f.get(at).get(pitch).i32(1).op("i32.shl").op("i32.add").set(at).br(0);
        });
      });
      f.get(row).get(last).op("i32.lt_u");
      f.if(() => {
        pointer(0);
        shared();
        f.get(more).call(one);
      });
      f.get(column).i32(STRIP).op("i32.add").tee(column).get(width).op("i32.lt_u").brIf(0);
    });
  };
});

type Eleven = [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];

/** `tile(row0, row1?, rowStep, columns, columnStep, depth, out, pitch?, more)`. */
function emitTile(module: ModuleBuilder, rows: 1 | 2): FunctionBuilder {
  const f = module.function(
    Array.from({ length: rows === 2 ? 9 : 7 }, () => "i32" as const),
    [],
  );
  const pointers = f.params.slice(0, rows);
  const [rowStep, columns, columnStep, depth, out] = f.params.slice(rows) as [Local, Local, Local, Local, Local];
  const more = f.params.at(-1)!;
  const vectors = (count: number): Local[] => Array.from({ length: count }, () => f.local("v128"));
  const sums = pointers.map(() => vectors(VECTORS));
  const column = vectors(VECTORS);
  const splat = f.local("v128");
  f.loop(() => {
    column.forEach((c, j) =>
      f
        .get(columns)
        .memory("v128.load", 16 * j)
        .set(c),
    );
    pointers.forEach((pointer, i) => {
      f.get(pointer).memory("v128.load32_splat").set(splat);
      sums[i]!.forEach((sum, j) => multiplyAdd(module, f.get(splat).get(column[j]!), sum).set(sum));
      f.get(pointer).get(rowStep).op("i32.add").set(pointer);
    });
    f.get(columns).get(columnStep).op("i32.add").set(columns);
    f.get(depth).i32(1).op("i32.sub").tee(depth).brIf(0);
  });
  const at = f.local("i32");
  const write = (add: boolean): void => {
    f.get(out).set(at);
    sums.forEach((row, i) => {
      if (i)
        f.get(at)
          .get(f.params[rows + 5]!)
          .op("i32.add")
          .set(at);
      row.forEach((sum, j) => {
        f.get(at);
        if (add)
          f.get(at)
            .memory("v128.load", 16 * j)
            .get(sum)
            .op("f32x4.add");
        else f.get(sum);
        f.memory("v128.store", 16 * j);
      });
    });
  };
  f.get(more).if(
    () => write(true),
    () => write(false),
  );
  return f;
}
