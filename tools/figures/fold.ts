// docs/figures/layer-as-fold.svg: what a layer of two units does to the plane.
import * as nn from "../../src/nn/index.ts";
import { tensor } from "../../src/tensor/create.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Points per line of the grid. */
const POINTS = 81;
const LINES = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2];
/** Of a panel, in pixels, and half of what it shows of the plane. */
const [SIZE, SPAN] = [220, 3.8];

/** relu(x·Wᵀ + b): W turns by 30°, shears and scales, b translates. */
export function foldingLayer(): nn.Linear<2, 2> {
  const layer = new nn.Linear(2, 2, { dtype: "f64" });
  const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
  layer.weight.cell.set(Float64Array.of(1.2 * c, 0.5 * c - 0.9 * s, 1.2 * s, 0.5 * s + 0.9 * c));
  layer.bias!.cell.set(Float64Array.of(0.6, 0.3));
  return layer;
}

/** The lines of a grid over [−2, 2]², [18 · points, 2]: nine upright ones, then nine level ones. */
export function grid(): Tensor<[number, 2]> {
  const along = Array.from({ length: POINTS }, (_, i) => -2 + (4 * i) / (POINTS - 1));
  const upright = LINES.flatMap((x) => along.flatMap((y) => [x, y]));
  const level = LINES.flatMap((y) => along.flatMap((x) => [x, y]));
  return tensor(Float64Array.from([...upright, ...level]), [2 * LINES.length * POINTS, 2]);
}

/** Whether a line through points ends or turns at one of them. */
function bends(points: readonly (readonly [number, number])[], at: number): boolean {
  const [before, here, after] = [points[at - 1], points[at]!, points[at + 1]];
  if (!before || !after) return true;
  const [dx, dy, ex, ey] = [here[0] - before[0], here[1] - before[1], after[0] - here[0], after[1] - here[1]];
  return Math.abs(dx * ey - dy * ex) > 1e-9;
}

/** A panel: its title, axes, and the lines of a grid. */
function panel(title: string, grid: Tensor, left: number): string {
  const values = grid.dataSync();
  const across = (x: number): string => (left + ((x + SPAN) / (2 * SPAN)) * SIZE).toFixed(1);
  const down = (y: number): string => (20 + ((SPAN - y) / (2 * SPAN)) * SIZE).toFixed(1);
  const line = (at: number): string => {
    const points = Array.from({ length: POINTS }, (_, i) => {
      const [x, y] = values.subarray(2 * (at * POINTS + i));
      return [x!, y!] as const;
    });
    return `M${points
      .filter((_, i) => bends(points, i))
      .map(([x, y]) => `${across(x)} ${down(y)}`)
      .join("L")}`;
  };
  const lines = (first: number, color: string): string =>
    `<path d="${LINES.map((_, i) => line(first + i)).join("")}" stroke="${color}" fill="none"/>`;
  return [
    `<text x="${left + 4}" y="14">${title}</text>`,
    `<path d="M${left} ${down(0)}H${left + SIZE}M${across(0)} 20V${20 + SIZE}" stroke="#bbb" fill="none"/>`,
    lines(0, "#1f6feb"),
    lines(LINES.length, "#d9730d"),
  ].join("\n");
}

/** The picture: the grid, the grid after the affine map, and after the ReLU. */
export function foldPicture(): string {
  const layer = foldingLayer();
  const before = grid();
  const mapped = layer.forward(before);
  const gap = 20;
  const [width, height] = [3 * SIZE + 2 * gap, SIZE + 24];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>A grid, turned, sheared and moved by a linear layer, and folded by ReLU</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<g font-family="sans-serif" font-size="12" fill="#555">`,
    panel("x", before, 0),
    panel("W·x + b", mapped, SIZE + gap),
    panel("relu(W·x + b)", mapped.relu(), 2 * (SIZE + gap)),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}
