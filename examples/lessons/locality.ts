/** Memory is read in lines of some 16 numbers: what walks across them reads 16 times as much as it uses, unless it stays near. */

/** Row by row: every write falls into another line. */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = x[i * columns + j]!;
  return result;
}

/** Tile by tile: the lines that a tile writes to stay in the cache until they are full. */
export function transposedInTiles(x: Float32Array, rows: number, columns: number, tile: number = 16): Float32Array {
  const result = new Float32Array(x.length);
  for (let top = 0; top < rows; top += tile)
    for (let left = 0; left < columns; left += tile) {
      const [bottom, right] = [Math.min(top + tile, rows), Math.min(left + tile, columns)];
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) result[j * rows + i] = x[i * columns + j]!;
    }
  return result;
}

/** The least of some runs, in milliseconds: what else the machine does only ever adds. */
export function fastest(run: () => unknown, runs: number = 7): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}
