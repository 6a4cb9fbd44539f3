/** Memory comes in lines of 16 numbers. A transpose by rows writes each number to another line; by tiles, lines fill while they are near. */

/** Visits every place of a matrix once. */
export type Order = (rows: number, columns: number, visit: (i: number, j: number) => void) => void;

/** Row after row. */
export const byRows: Order = (rows, columns, visit) => {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) visit(i, j);
};

/** Tile after tile, each row after row. */
export const byTiles =
  (tile: number = 16): Order =>
  (rows, columns, visit) => {
    for (let top = 0; top < rows; top += tile)
      for (let left = 0; left < columns; left += tile)
        byRows(Math.min(tile, rows - top), Math.min(tile, columns - left), (i, j) => visit(top + i, left + j));
  };

/** [rows, columns] → [columns, rows], copied in this order. */
export function transposed(x: Float32Array, rows: number, columns: number, order: Order): Float32Array {
  const result = new Float32Array(x.length);
  order(rows, columns, (i, j) => {
    result[j * rows + i] = x[i * columns + j]!;
  });
  return result;
}

/** How many lines of memory a transpose in this order moves into a cache that keeps the 512 used last (32 KB of f32). */
export function linesMoved(
  rows: number,
  columns: number,
  order: Order,
  kept: number = 512,
  width: number = 16,
): number {
  const cache = new Set<number>();
  let moved = 0;
  const touch = (address: number): void => {
    const line = Math.floor(address / width);
    if (!cache.delete(line)) {
      moved++;
      if (cache.size === kept) cache.delete(cache.values().next().value!);
    }
    cache.add(line);
  };
  order(rows, columns, (i, j) => {
    touch(i * columns + j);
    touch(rows * columns + j * rows + i);
  });
  return moved;
}
