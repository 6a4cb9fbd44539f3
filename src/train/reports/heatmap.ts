import { svg } from "./chart.ts";
import { escape, readable } from "./text.ts";

export interface HeatmapOptions {
  /** Also what screen readers say. */
  readonly title: string;
  /** Rows of numbers, the first on top. */
  readonly values: readonly (readonly number[])[];
  /** Names of rows and columns, their numbers by default. */
  readonly rows?: readonly string[] | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly rowLabel?: string | undefined;
  readonly columnLabel?: string | undefined;
  /** The value of full colour for each row; the largest of all values by default. */
  readonly full?: readonly number[] | undefined;
  /** Whether values are written into their cells; where there are at most 20 rows and columns, by default. */
  readonly written?: boolean | undefined;
}

const LETTER = 6.2;

/** A table of numbers as colours, stronger for larger ones. Values below 0 have no colour. */
export function heatmap({
  title,
  values,
  rows,
  columns,
  rowLabel,
  columnLabel,
  full,
  written,
}: HeatmapOptions): string {
  const down = values.map((_, at) => rows?.[at] ?? String(at));
  const across = (values[0] ?? []).map((_, at) => columns?.[at] ?? String(at));
  const writes = written ?? Math.max(down.length, across.length) <= 20;
  const most = Math.max(...values.flat().filter((value) => Number.isFinite(value)), 0);
  const longest = writes ? Math.max(...values.flat().map((value) => readable(value).length), 1) : 1;
  const cell = writes ? Math.max(30, longest * 7 + 10) : Math.max(4, Math.min(24, 400 / Math.max(across.length, 1)));
  const left = 30 + LETTER * Math.max(...down.map((name) => name.length), 1);
  // Long names of columns are turned.
  const turned = Math.max(...across.map((name) => name.length), 1) * LETTER > cell;
  const top = 34 + (turned ? LETTER * Math.max(...across.map((name) => name.length)) : 18);
  const [width, height] = [left + cell * across.length + 14, top + cell * down.length + 14];
  const every = Math.max(1, Math.ceil(14 / cell));
  const middle = (at: number): number => (at + 0.5) * cell;
  const cells = values.flatMap((row, i) =>
    row.map((value, j) => {
      const share = Math.max(0, Math.min(1, value / ((full?.[i] ?? most) || 1))) || 0;
      const place = `x="${left + j * cell}" y="${top + i * cell}"`;
      const box = `<rect ${place} width="${cell - 1}" height="${cell - 1}" fill="var(--heat, #0072b2)" fill-opacity="${share.toFixed(3)}"><title>${escape(`${down[i]} → ${across[j]}: ${readable(value)}`)}</title></rect>`;
      if (!writes) return box;
      const ink = share > 0.55 ? "var(--on-heat, #fff)" : "currentColor";
      const faint = value === 0 ? ' opacity="0.35"' : "";
      return `${box}<text x="${left + middle(j)}" y="${top + middle(i) + 4}" text-anchor="middle" fill="${ink}"${faint}>${escape(readable(value))}</text>`;
    }),
  );
  const names = [
    ...down.flatMap((name, i) =>
      i % every ? [] : [`<text x="${left - 6}" y="${top + middle(i) + 4}" text-anchor="end">${escape(name)}</text>`],
    ),
    ...across.flatMap((name, j) => {
      if (j % every) return [];
      const [x, y] = [left + middle(j), top - 6];
      return [
        turned
          ? `<text transform="translate(${x + 4} ${y}) rotate(-90)">${escape(name)}</text>`
          : `<text x="${x}" y="${y}" text-anchor="middle">${escape(name)}</text>`,
      ];
    }),
    ...(rowLabel
      ? [
          `<text transform="translate(12 ${top + (cell * down.length) / 2}) rotate(-90)" text-anchor="middle">${escape(rowLabel)}</text>`,
        ]
      : []),
    ...(columnLabel ? [`<text x="${width - 14}" y="14" text-anchor="end">${escape(columnLabel)}</text>`] : []),
  ];
  return svg(title, Math.ceil(width), Math.ceil(height), [
    `<text x="0" y="14" font-family="system-ui, sans-serif" font-size="13" font-weight="600" fill="currentColor">${escape(title)}</text>`,
    `<g font-family="system-ui, sans-serif" font-size="11" fill="currentColor">${names.join("")}${cells.join("")}</g>`,
  ]);
}
