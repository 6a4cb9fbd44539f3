/** A run as one HTML page that needs nothing else: no network, no script. */
import { curvesOf, histogramsOf, layersOf, ratesOf } from "./curves.ts";
import { heatmap } from "./heatmap.ts";
import type { Judgement, Mistake, RunRecord } from "./record.ts";
import { STYLE } from "./style.ts";
import { escape, readable } from "./text.ts";

/** The page of a run. All text in it is shown as it is, and never read as markup. */
export function reportPage(record: RunRecord): string {
  const {
    title,
    begun,
    epochs,
    looks = [],
    judgement,
    templates = [],
    summary,
    config,
    hints = [],
    charts = [],
  } = record;
  const sections = [
    section(
      "What stands out",
      hints.length > 0 ? [`<ul>${hints.map((hint) => `<li>${escape(hint)}</li>`).join("")}</ul>`] : [],
    ),
    section("Training", gallery([...curvesOf(epochs), ...ratesOf(epochs)])),
    section("Charts", gallery(charts)),
    section("Confusion", judgement ? confusion(judgement) : []),
    section("Mistakes", judgement ? mistakes(judgement) : []),
    section("Layers", gallery(layersOf(looks))),
    section("Weights", gallery(histogramsOf(looks, "weights"), " small")),
    section("Gradients", gallery(histogramsOf(looks, "gradients"), " small")),
    section("Activations", gallery(histogramsOf(looks, "activations"), " small")),
    section(
      "Templates",
      templates.length > 0
        ? [`<div class="pictures">${templates.map(({ name, image }) => figure(name, image)).join("")}</div>`]
        : [],
    ),
    section("Model", summary === undefined ? [] : [`<pre tabindex="0">${escape(summary)}</pre>`]),
    section("Choices", config ? [choices(config)] : []),
    section("Epochs", epochs.length > 0 ? [table(record)] : []),
  ].filter((text) => text !== "");
  const date =
    begun === undefined
      ? ""
      : `<p class="date">${new Date(begun).toISOString().slice(0, 16).replace("T", " ")} UTC</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escape(title)}</h1>${date}${tiles(record)}</header>
<main>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

function section(title: string, content: readonly string[]): string {
  if (content.length === 0) return "";
  const id = title.toLowerCase().replaceAll(" ", "-");
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${content.join("\n")}</section>`;
}

/** Charts side by side; `small` ones closer. */
const gallery = (charts: readonly string[], size: "" | " small" = ""): string[] =>
  charts.length === 0
    ? []
    : [`<div class="charts${size}">${charts.map((svg) => `<figure>${svg}</figure>`).join("\n")}</div>`];

/** The last numbers, large. */
function tiles({ epochs, ending }: RunRecord): string {
  const last = epochs.at(-1);
  if (!last) return "";
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const all: [string, string][] = [
    ...Object.entries(last.means).map(([name, value]): [string, string] => [
      name.replace(/^val_/, "validation "),
      readable(value),
    ]),
    ["epochs", String(last.epoch)],
    ...(Number.isFinite(seconds) ? [["seconds", readable(seconds)] as [string, string]] : []),
  ];
  const items = all.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join("");
  return `<dl class="tiles">${items}</dl>${ending ? `<p>Training ended early: ${escape(ending)}.</p>` : ""}`;
}

function confusion({ classes, confusion: counts, mistaken }: Judgement): string[] {
  const totals = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const all = totals.reduce((a, b) => a + b, 0);
  const guessed = classes.map((_, j) => counts.reduce((sum, row) => sum + row[j]!, 0));
  const picture = heatmap({
    title: "Right class ↓, taken for →",
    values: counts,
    rows: classes,
    columns: classes,
    full: totals,
  });
  const rows = classes.map((name, i) => {
    const right = counts[i]![i]!;
    const share = (of: number): string => (of === 0 ? "–" : `${((100 * right) / of).toFixed(1)} %`);
    return `<tr><th scope="row">${escape(name)}</th><td>${totals[i]}</td><td>${share(totals[i]!)}</td><td>${share(guessed[i]!)}</td></tr>`;
  });
  return [
    `<p>${all - mistaken} of ${all} examples right, ${((100 * (all - mistaken)) / Math.max(1, all)).toFixed(2)} %.</p>`,
    `<div class="beside"><figure>${picture}</figure>`,
    `<table><thead><tr><th scope="col">class</th><th scope="col">examples</th><th scope="col">recall</th><th scope="col">precision</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`,
  ];
}

function mistakes({ mistakes: shown, mistaken }: Judgement): string[] {
  if (shown.length === 0) return [];
  const items = shown.map((one) => {
    const words = `${one.label} taken for ${one.guess}${one.probability === undefined ? "" : `, ${(100 * one.probability).toFixed(0)} %`}`;
    return one.image
      ? figure(words, one.image, describe(one))
      : `<figure><figcaption>example ${one.index}: ${escape(words)}</figcaption></figure>`;
  });
  return [
    `<p>${shown.length} of ${mistaken}, the most certain first.</p>`,
    `<div class="pictures">${items.join("")}</div>`,
  ];
}

const describe = ({ index, label, guess }: Mistake): string => `example ${index}, ${label} taken for ${guess}`;

/** A picture with its caption; the file is in the page. */
function figure(caption: string, image: Uint8Array, description: string = caption): string {
  return `<figure><img src="data:image/png;base64,${base64(image)}" alt="${escape(description)}"><figcaption>${escape(caption)}</figcaption></figure>`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function choices(config: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(config).map(([name, value]) => {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
    return `<tr><th scope="row">${escape(name)}</th><td>${escape(text)}</td></tr>`;
  });
  return `<table><tbody>${rows.join("")}</tbody></table>`;
}

/** All numbers of all epochs, for those who do not see charts or want to copy. */
function table({ epochs }: RunRecord): string {
  const names = [...new Set(epochs.flatMap(({ means }) => Object.keys(means)))];
  const head = ["epoch", ...names, "learning rate", "seconds"];
  const rows = epochs.map(({ epoch, means, lr, seconds }) => [
    String(epoch),
    ...[...names.map((name) => means[name] ?? NaN), lr, seconds].map((x) => (Number.isNaN(x) ? "–" : readable(x))),
  ]);
  const cells = (row: readonly string[]): string => row.map((text) => `<td>${escape(text)}</td>`).join("");
  return [
    `<details><summary>${epochs.length} epochs in numbers</summary><table>`,
    `<thead><tr>${head.map((name) => `<th scope="col">${escape(name)}</th>`).join("")}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table></details>`,
  ].join("\n");
}
