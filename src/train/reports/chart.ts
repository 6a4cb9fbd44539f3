/** Charts as SVG. Colours come from the page's style where it has them, so that charts follow dark and light. */
import { scaleOf, type Axis, type Scale } from "./scale.ts";
import { escape } from "./text.ts";

/** A point; of a band the lower and the upper end. */
export type Point = readonly [x: number, y: number, to?: number];

/** Something drawn into a chart: a line through points, dots, bars from 0, or a band from one line to another. */
export interface Mark {
  readonly kind: "line" | "dots" | "bars" | "band";
  /** For the legend; without one it is not in it. */
  readonly name?: string | undefined;
  /** Points that are not finite interrupt a line. */
  readonly points: readonly Point[];
  readonly dashed?: boolean | undefined;
  /** The number of its colour; one of its own by default. */
  readonly colour?: number | undefined;
}

export interface ChartOptions {
  /** Also what screen readers say. */
  readonly title: string;
  readonly x?: Axis | undefined;
  readonly y?: Axis | undefined;
  readonly marks: readonly Mark[];
  /** In pixels, 480 by 280 by default. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** Told apart by people who see few colours, too (Okabe and Ito 2008), on white and on black. */
const COLOURS: readonly string[] = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#d55e00",
  "#cc79a7",
  "#56b4e9",
  "#b59f00",
  "#8a6fd1",
];

/** The colour of a number, as the page has it or as said here. */
export function colourOf(number: number): string {
  const at = number % COLOURS.length;
  return `var(--series-${at + 1}, ${COLOURS[at]})`;
}

const MARGIN = { top: 34, right: 14, bottom: 40, left: 58 } as const;
const FONT = 'font-family="system-ui, sans-serif" font-size="11" fill="currentColor"';

/** A picture, with a frame that names it for readers that do not see. */
export function svg(title: string, width: number, height: number, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    `<title>${escape(title)}</title>`,
    ...content,
    "</svg>",
  ].join("\n");
}

/**
 * Draws marks over common axes.
 * @returns an SVG document, which can stand in a page as it is.
 */
export function chart({ title, x = {}, y = {}, marks, width = 480, height = 280 }: ChartOptions): string {
  const points = marks.flatMap((mark) => mark.points);
  const hasBars = marks.some(({ kind }) => kind === "bars");
  const across = scaleOf(
    x,
    points.map(([at]) => at),
  );
  const up = scaleOf(y, [
    ...points.flatMap(([, from, to]) => (to === undefined ? [from] : [from, to])),
    ...(hasBars ? [0] : []),
  ]);
  const [wide, tall] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  const frame: Frame = {
    left: (value) => MARGIN.left + across.place(value) * wide,
    top: (value) => MARGIN.top + (1 - up.place(value)) * tall,
    bar: Math.max(
      1,
      (0.7 * wide) / Math.max(1, x.names?.length ?? marks.find(({ kind }) => kind === "bars")?.points.length ?? 1),
    ),
  };
  return svg(title, width, height, [
    axes(across, up, x, y, frame, width, height),
    `<text x="${MARGIN.left}" y="14" font-family="system-ui, sans-serif" font-size="13" font-weight="600" fill="currentColor">${escape(title)}</text>`,
    legend(marks),
    ...marks.map((mark, at) => draw(mark, colourOf(mark.colour ?? at), frame)),
  ]);
}

/** Pixels of numbers. */
interface Frame {
  left(value: number): number;
  top(value: number): number;
  /** The width of a bar. */
  readonly bar: number;
}

const pixel = (value: number): string => String(Math.round(value * 10) / 10);

function axes(across: Scale, up: Scale, x: Axis, y: Axis, frame: Frame, width: number, height: number): string {
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const rows = up.ticks.map(({ value }) => `M${MARGIN.left} ${pixel(frame.top(value))}H${right}`).join("");
  const texts = [
    ...up.ticks.map(
      ({ value, text }) =>
        `<text x="${MARGIN.left - 6}" y="${pixel(frame.top(value) + 4)}" text-anchor="end">${escape(text)}</text>`,
    ),
    ...across.ticks.map(
      ({ value, text }) =>
        `<text x="${pixel(frame.left(value))}" y="${bottom + 16}" text-anchor="middle">${escape(text)}</text>`,
    ),
    ...(x.label === undefined
      ? []
      : [`<text x="${(MARGIN.left + right) / 2}" y="${height - 6}" text-anchor="middle">${escape(x.label)}</text>`]),
    ...(y.label === undefined
      ? []
      : [
          `<text transform="translate(13 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`,
        ]),
  ];
  return [
    `<path class="grid" d="${rows}" stroke="currentColor" stroke-opacity="0.12" fill="none"/>`,
    `<path class="axis" d="M${MARGIN.left} ${bottom}H${right}" stroke="currentColor" stroke-opacity="0.5" fill="none"/>`,
    `<g ${FONT} opacity="0.75">${texts.join("")}</g>`,
  ].join("\n");
}

/** About how wide a letter is. */
const LETTER = 6.1;

function legend(marks: readonly Mark[]): string {
  let left: number = MARGIN.left;
  const items = marks.flatMap(({ name, dashed, colour }, at) => {
    if (name === undefined) return [];
    const line = `<path d="M${pixel(left)} 24h14" stroke="${colourOf(colour ?? at)}" stroke-width="2.5"${dashed ? ' stroke-dasharray="4 3"' : ""}/>`;
    const text = `<text x="${pixel(left + 18)}" y="28">${escape(name)}</text>`;
    left += 30 + LETTER * name.length;
    return [line + text];
  });
  return `<g class="legend" ${FONT}>${items.join("")}</g>`;
}

function draw({ kind, points, dashed }: Mark, colour: string, frame: Frame): string {
  const placed = points.map(
    ([x, y, to]) => [frame.left(x), frame.top(y), to === undefined ? NaN : frame.top(to)] as const,
  );
  const whole = placed.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (kind === "dots")
    return `<g class="dots" fill="${colour}" fill-opacity="0.75">${whole.map(([x, y]) => `<circle cx="${pixel(x)}" cy="${pixel(y)}" r="2.5"/>`).join("")}</g>`;
  if (kind === "bars") {
    const zero = frame.top(0);
    const bars = whole.map(
      ([x, y]) =>
        `<rect x="${pixel(x - frame.bar / 2)}" y="${pixel(Math.min(y, zero))}" width="${pixel(frame.bar)}" height="${pixel(Math.abs(zero - y))}"/>`,
    );
    return `<g class="bars" fill="${colour}" fill-opacity="0.85">${bars.join("")}</g>`;
  }
  if (kind === "band") {
    const there = whole.map(([x, y]) => `${pixel(x)} ${pixel(y)}`);
    const back = whole.map(([x, , to]) => `${pixel(x)} ${pixel(to)}`).reverse();
    return `<path class="band" d="M${[...there, ...back].join("L")}Z" fill="${colour}" fill-opacity="0.2"/>`;
  }
  const lines: string[][] = [[]];
  for (const [x, y] of placed)
    if (Number.isFinite(x) && Number.isFinite(y)) lines.at(-1)!.push(`${pixel(x)},${pixel(y)}`);
    else lines.push([]);
  const style = `fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dashed ? ' stroke-dasharray="5 4"' : ""}`;
  return lines
    .filter((line) => line.length > 0)
    .map((line) =>
      line.length > 1
        ? `<polyline points="${line.join(" ")}" ${style}/>`
        : `<circle cx="${line[0]!.split(",")[0]}" cy="${line[0]!.split(",")[1]}" r="3" fill="${colour}"/>`,
    )
    .join("\n");
}
