/** Draws smooth strokes as grey pixels: a curve through points, and the ink of a round pen along it. */

/** Straight pieces between two points of a stroke: at 20 pixels' height a piece is about a pixel long. */
const PIECES = 6;

/**
 * The points of a smooth curve through given points: a uniform Catmull–Rom spline, cut into straight pieces. A point
 * given twice makes a corner.
 * @param points x, y, x, y, …, at least one point.
 * @returns points in the same form, one every sixth of a span, ends included.
 */
export function smoothCurve(points: ArrayLike<number>): Float64Array {
  const last = points.length / 2 - 1;
  const curve = new Float64Array(2 * (last * PIECES + 1));
  for (let piece = 0; piece <= last * PIECES; piece++) {
    const span = Math.floor(piece / PIECES);
    const t = piece / PIECES - span;
    const [before, from] = [Math.max(0, span - 1), span];
    const [to, after] = [Math.min(last, span + 1), Math.min(last, span + 2)];
    const corner = points[2 * from] === points[2 * to] && points[2 * from + 1] === points[2 * to + 1];
    for (let axis = 0; axis < 2; axis++) {
      const start = points[2 * from + axis]!;
      const end = points[2 * to + axis]!;
      // Hermite form; the tangent at a point is half the way from its one neighbour to the other. Within a corner, where
      // there is no way to go, they would draw a loop.
      const leave = corner ? 0 : (end - points[2 * before + axis]!) / 2;
      const arrive = corner ? 0 : (points[2 * after + axis]! - start) / 2;
      const square = 3 * (end - start) - 2 * leave - arrive;
      const cube = 2 * (start - end) + leave + arrive;
      curve[2 * piece + axis] = start + t * (leave + t * (square + t * cube));
    }
  }
  return curve;
}

/** A round pen. Lengths are in pixels. */
export interface Pen {
  /** Half the width of the line, at a point of a curve given by its index. */
  radius(point: number): number;
  /** Width of the edge over which ink fades to paper: 1 is a plain antialiased edge, more is blurred. */
  readonly softness: number;
}

/**
 * Draws a curve: every pixel becomes at least as dark as the pen makes it there.
 * @param ink rows × columns, 0 is paper and 1 full ink; changed in place.
 * @param curve points x, y, x, y, …; 0, 0 is the middle of the first pixel.
 */
export function drawCurve(ink: Float32Array, rows: number, columns: number, curve: ArrayLike<number>, pen: Pen): void {
  const fade = 1 / pen.softness;
  for (let point = 0; 2 * point + 3 < curve.length; point++) {
    const [x0, y0, x1, y1] = [curve[2 * point]!, curve[2 * point + 1]!, curve[2 * point + 2]!, curve[2 * point + 3]!];
    const reach = pen.radius(point) + pen.softness / 2;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    const perLength = length > 0 ? 1 / length : 0;
    const right = Math.min(columns - 1, Math.floor(Math.max(x0, x1) + reach));
    const bottom = Math.min(rows - 1, Math.floor(Math.max(y0, y1) + reach));
    const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach));
    for (let y = Math.max(0, Math.ceil(Math.min(y0, y1) - reach)); y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        // The nearest point of the piece, between its ends.
        const along = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) * perLength));
        const [offX, offY] = [x - x0 - along * dx, y - y0 - along * dy];
        const value = Math.min(1, (reach - Math.sqrt(offX * offX + offY * offY)) * fade);
        const pixel = y * columns + x;
        if (value > ink[pixel]!) ink[pixel] = value;
      }
    }
  }
}
