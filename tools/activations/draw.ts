// The pages of docs/activations, from the table of properties and the functions themselves.
import { activationCurve, activationProperties } from "../../src/nn/activations/index.ts";
import type { ActivationProperties, Curve } from "../../src/nn/activations/index.ts";

const WIDTH = 320;
const HEIGHT = 240;
const SPAN = { x: [-5, 5], y: [-2, 5.5] } as const;

const place = (value: number, [low, high]: readonly [number, number], size: number): number =>
  ((value - low) / (high - low)) * size;
const across = (x: number): string => place(x, SPAN.x, WIDTH).toFixed(1);
const down = (y: number): string => (HEIGHT - place(y, SPAN.y, HEIGHT)).toFixed(1);

/** A line through points; it is lifted where it leaves the picture or jumps. */
function path(x: Float64Array, y: Float64Array): string {
  let [text, drawing] = ["", false];
  x.forEach((at, i) => {
    const value = y[i]!;
    const jumps = i > 0 && Math.abs(value - y[i - 1]!) > 0.3;
    if (value < SPAN.y[0] || value > SPAN.y[1]) drawing = false;
    else {
      text += `${drawing && !jumps ? "L" : "M"}${across(at)} ${down(value)}`;
      drawing = true;
    }
  });
  return text;
}

/** A function (blue) and its derivative (orange, dashed) from −5 to 5. */
function picture(name: string, { x, value, slope }: Curve): string {
  const lines = [-4, -2, 2, 4].map((at) => `M${across(at)} 0V${HEIGHT}`).join("");
  const rows = [-1, 1, 2, 3, 4, 5].map((at) => `M0 ${down(at)}H${WIDTH}`).join("");
  const label = (at: number, where: string, text: string): string =>
    `<text x="${where === "x" ? across(at) : across(0.12)}" y="${where === "x" ? down(-0.35) : down(at - 0.1)}">${text}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${name} and its derivative</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<path d="${lines}${rows}" stroke="#e4e4e4" fill="none"/>`,
    `<path d="M0 ${down(0)}H${WIDTH}M${across(0)} 0V${HEIGHT}" stroke="#999" fill="none"/>`,
    `<g font-family="sans-serif" font-size="9" fill="#777">${label(-4, "x", "−4")}${label(4, "x", "4")}${label(4, "y", "4")}${label(1, "y", "1")}</g>`,
    `<path d="${path(x, slope)}" stroke="#d9730d" stroke-width="1.5" stroke-dasharray="4 3" fill="none"/>`,
    `<path d="${path(x, value)}" stroke="#1f6feb" stroke-width="2" fill="none"/>`,
    "</svg>",
    "",
  ].join("\n");
}

function bound(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(4))).replace("-", "−") : value < 0 ? "−∞" : "∞";
}

const shown = (name: string, said: ActivationProperties): string => {
  const [low, high] = said.range;
  return [
    `## ${name}`,
    "",
    `![${name} and its derivative](${name}.svg)`,
    "",
    `- formula: \`${said.formula}\``,
    `- derivative: \`${said.derivative}\``,
    `- values: ${bound(low)} … ${bound(high)}`,
    `- flat: ${said.saturates === "never" ? "nowhere" : said.saturates === "both" ? "on both sides" : `on the ${said.saturates}`}`,
    `- mean for standard normal inputs: ${bound(Number(said.mean.toFixed(3)))}`,
    `- cost: ${said.cost}`,
    ...(said.note ? ["", said.note] : []),
    "",
  ].join("\n");
};

const SHARES: readonly (readonly string[])[] = [
  ["function", "formula", "values", "derivative, with y the result and g the gradient that arrives"],
  ["`softmax(x, axis, T)`", "`exp(xᵢ / T) / Σ exp(xⱼ / T)`", "0 … 1, adding up to 1", "`y·(g − Σ g·y) / T`"],
  ["`logSoftmax(x)`", "`xᵢ − ln Σ exp(xⱼ)`", "−∞ … 0", "`g − exp(y)·Σ g`"],
  ["`softmin(x)`", "`softmax(−x)`", "0 … 1, adding up to 1", "`−y·(g − Σ g·y)`"],
  [
    "`sparsemax(x)`",
    "`max(xᵢ − τ, 0)`, τ such that they add up to 1",
    "0 … 1, many of them 0",
    "`g − mean(g)` where y > 0, else 0",
  ],
  ["`gumbelSoftmax(x)`", "`softmax((x + noise) / T)`", "0 … 1, adding up to 1", "that of softmax"],
  ["`glu([a, b])`", "`a·σ(b)`", "−∞ … ∞", "`[g·σ(b), g·a·σ'(b)]`"],
  [
    "`bilinearGlu`, `reglu`, `geglu`, `swiglu`",
    "`a·b`, `a·relu(b)`, `a·gelu(b)`, `a·silu(b)`",
    "−∞ … ∞",
    "`[g·f(b), g·a·f'(b)]`",
  ],
  ["`maxout(x, k)`", "the largest of k neighbours", "those of x", "g for the largest, else 0"],
  ["`prelu(x, w)`", "`max(x, 0) + w·min(x, 0)`", "−∞ … ∞", "1 or w; for w the sum of `g·min(x, 0)`"],
  ["`swish(x, β)`", "`x·σ(β·x)`", "from −0.2785 / β", "for β the sum of `g·x²·σ'(β·x)`"],
];

/** A table with columns of even width. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

/** The files of docs/activations by name. */
export function pages(): Map<string, string> {
  const files = new Map<string, string>();
  const sections = Object.entries(activationProperties).map(([name, said]) => {
    files.set(`${name}.svg`, picture(name, activationCurve(said.call, { points: 401 })));
    return shown(name, said);
  });
  const intro = [
    "# Activations",
    "",
    "Each is a function, `nn.relu(x)`, and a module under PyTorch's name, `new nn.ReLU()`; many have a name of Keras', `new nn.Activation(\"relu\")`.",
    "In the pictures the function is blue and its derivative orange and dashed, from −5 to 5; in the formulas σ is the sigmoid, Φ and φ are the standard",
    "normal's distribution and density, and ζ is softplus. Tests hold formulas, derivatives, values and means against the functions; this folder is written by",
    "`MYELIN_WRITE=1 npx vitest run tools/activations`.",
    "",
  ].join("\n");
  files.set("README.md", [intro, ...sections, "## Several numbers at once\n", table(SHARES), ""].join("\n"));
  return files;
}
