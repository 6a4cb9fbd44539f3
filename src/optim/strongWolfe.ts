/** A point on the line that an optimizer searches. */
export interface LinePoint {
  /** How far along the direction. */
  readonly t: number;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** The derivative along the direction. */
  readonly slope: number;
}

export interface StrongWolfeOptions {
  /** How much of the slope's promise must be kept: 1e-4 by default. */
  readonly decrease?: number;
  /** What is left of the slope at most: 0.9 by default. */
  readonly curvature?: number;
  /** Brackets whose ends move no number by more are small enough: 1e-9 by default. */
  readonly tolerance?: number;
  /** Evaluations after the first at most: 25 by default. */
  readonly limit?: number;
}

/** The lowest point of the cubic through two points with their slopes, brought within bounds; their middle where there is none. */
function interpolated(a: LinePoint, b: LinePoint, low: number, high: number): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = left.slope + right.slope - (3 * (left.loss - right.loss)) / (left.t - right.t);
  const square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(t, low), high);
}

/**
 * A step along a direction after which the loss is lower and the slope flatter by the strong Wolfe conditions (Nocedal and
 * Wright 2006, algorithms 3.5 and 3.6), as PyTorch's L-BFGS searches it.
 * @param first the step to try first.
 * @param size the largest number of the direction.
 * @returns the best point found, and how often the loss was evaluated.
 */
export async function strongWolfe(
  evaluate: (t: number) => Promise<LinePoint>,
  start: LinePoint,
  first: number,
  size: number,
  { decrease = 1e-4, curvature = 0.9, tolerance = 1e-9, limit = 25 }: StrongWolfeOptions = {},
): Promise<{ readonly point: LinePoint; readonly evaluations: number }> {
  const isHigh = (p: LinePoint): boolean => p.loss > start.loss + decrease * p.t * start.slope;
  const isFlat = (p: LinePoint): boolean => Math.abs(p.slope) <= -curvature * start.slope;

  // Goes on until two points enclose a good one.
  let [last, next, tried] = [start, await evaluate(first), 0];
  let enclosed = false;
  for (; tried < limit; tried++) {
    if (isHigh(next) || (tried > 1 && next.loss >= last.loss)) enclosed = true;
    else if (isFlat(next)) return { point: next, evaluations: tried + 1 };
    else if (next.slope >= 0) enclosed = true;
    if (enclosed) break;
    const t = interpolated(last, next, next.t + 0.01 * (next.t - last.t), next.t * 10);
    [last, next] = [next, await evaluate(t)];
  }
  if (!enclosed) last = start;

  // Narrows the bracket.
  let [low, high] = last.loss <= next.loss ? [last, next] : [next, last];
  let slow = false;
  while (tried < limit && Math.abs(high.t - low.t) * size >= tolerance) {
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    let t = interpolated(low, high, left, right);
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      // Twice near an end, or at it: away from there.
      if (slow || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        slow = false;
      } else slow = true;
    } else slow = false;
    const point = await evaluate(t);
    tried++;
    if (isHigh(point) || point.loss >= low.loss) {
      high = point;
      if (high.loss < low.loss) [low, high] = [high, low];
    } else {
      if (isFlat(point)) return { point, evaluations: tried + 1 };
      if (point.slope * (high.t - low.t) >= 0) high = low;
      low = point;
    }
  }
  return { point: low, evaluations: tried + 1 };
}
