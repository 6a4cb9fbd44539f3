/** Derivatives by differences: what gradients are checked against. */

/** Small enough for the error of fourth order, large enough for float64's rounding; a power of two, so that steps are exact. */
const STEP = 2 ** -10;

/**
 * ∂f/∂x for every element of every array, by central differences of fourth order. The arrays are changed while it runs
 * and restored.
 */
export function differences(f: () => number, arrays: readonly Float64Array[]): Float64Array[] {
  return arrays.map((array) =>
    Float64Array.from(array, (x, i) => {
      const at = (offset: number): number => {
        array[i] = x + offset * STEP;
        return f();
      };
      const slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP);
      array[i] = x;
      return slope;
    }),
  );
}
