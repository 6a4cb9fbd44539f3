/** What the passes that CPU devices share must know of one. */
export interface Target {
  /** 32-bit lanes of a vector. */
  readonly lanes: number;
  /** Has it vectors of f64, and vectors of which only the first lanes are used, for the end of a loop? */
  readonly wide: boolean;
  /** Words of a buffer's address: one where all memory is the heap, two where there is memory beyond it. */
  readonly addressWords: 1 | 2;
  /** Can its runner walk several tapes at a time? */
  readonly forks: boolean;
  /** Can its tile read rows whose elements lie anywhere from k to k, or only at even distances? */
  readonly anySteps: boolean;
  /** Rows and columns of the register tile of contractions. */
  readonly tileRows: number;
  readonly tileColumns: number;
  /** Cycles of a tile at one k, on a usual core. */
  readonly tileCycles: number;
  /** The largest block of a contraction: rows, columns, and the run of k that is packed at a time. */
  readonly mostRows: number;
  readonly mostColumns: number;
  readonly mostDepth: number;
}
