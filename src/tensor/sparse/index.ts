/** Matrices that are mostly zero. */
export { coo, csc, csr, fromDense, type Values } from "./create.ts";
export type { Integers, Layout } from "./entries.ts";
export { SparseMatrix, type Normalization } from "./sparseMatrix.ts";
