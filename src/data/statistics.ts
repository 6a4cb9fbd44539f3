/** What of several numbers: `std` divides by n − 1, as pandas does. */
export type Statistic = "mean" | "std" | "min" | "max" | "sum" | "median";

/** Each is NaN where one of the numbers is. */
export const STATISTICS: Readonly<Record<Statistic, (values: Float64Array) => number>> = {
  sum: total,
  mean: (values) => total(values) / values.length,
  std: (values) => {
    const mean = total(values) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  },
  min: (values) => values.reduce((least, value) => Math.min(least, value), Infinity),
  max: (values) => values.reduce((most, value) => Math.max(most, value), -Infinity),
  median: (values) => {
    if (values.some(Number.isNaN)) return NaN;
    const sorted = values.slice().sort();
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  },
};

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
