/** Linear algebra on every device and inside traced functions; the last two axes are matrices, those before them batches. */
export { cholesky, choleskySolve, type CholeskyOptions } from "./cholesky.ts";
export { eigh, eigvalsh, type Eigen } from "./eigh.ts";
export { lstsq, matrixRank, pinv, type LeastSquares, type RankOptions } from "./leastSquares.ts";
export { lu, type LU } from "./lu.ts";
export { cond, matrixNorm, norm, vectorNorm, type MatrixOrder } from "./norms.ts";
export { matrixExp, matrixPower } from "./powers.ts";
export { cross, multiDot, vander, vecdot } from "./products.ts";
export { qr, type QR } from "./qr.ts";
export { det, inverse, slogdet, solve, type SignedLogarithm } from "./solve.ts";
export { svd, svdvals, type SVD, type SvdOptions } from "./svd.ts";
export { solveTriangular, type TriangularOptions } from "./triangular.ts";
