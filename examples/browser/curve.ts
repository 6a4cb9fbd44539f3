/** A line chart of the loss of training, which grows while one looks, as SVG. */

const SVG = "http://www.w3.org/2000/svg";
/** Around the lines, in pixels. */
const MARGIN = { left: 44, right: 12, top: 12, bottom: 30 };
/** Losses from the top of the chart to its bottom; each line is one power of ten. */
const POWERS = [1, 0, -1, -2, -3];

function element(name: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

export class LossCurve {
  readonly #drawing: SVGElement;
  #points: (readonly [step: number, loss: number])[] = [];
  #marks: (readonly [step: number, text: string])[] = [];
  #steps = 1;

  /** Draws into an SVG element of the page, as large as it is. */
  constructor(drawing: SVGElement) {
    this.#drawing = drawing;
    new ResizeObserver(() => this.#draw()).observe(drawing);
  }

  /** Empties the chart, and makes room for so many steps. */
  clear(steps: number): void {
    this.#steps = steps;
    this.#points = [];
    this.#marks = [];
    this.#draw();
  }

  add(step: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    this.#points.push([step, loss]);
    this.#draw();
  }

  /** Marks the end of an epoch, with the accuracy on test images. */
  mark(step: number, accuracy: number): void {
    this.#marks.push([step, percent(accuracy)]);
    this.#draw();
  }

  #draw(): void {
    const { width, height } = this.#drawing.getBoundingClientRect();
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
    const [highest, lowest] = [POWERS[0]!, POWERS.at(-1)!];
    const x = (step: number): number => left + ((right - left) * Math.min(step, this.#steps)) / this.#steps;
    const y = (loss: number): number => {
      const share = (highest - Math.log10(Math.max(loss, 1e-9))) / (highest - lowest);
      return top + (bottom - top) * Math.min(1, Math.max(0, share));
    };
    const text = (content: string, at: number, height: number, anchor = "end"): SVGElement =>
      element("text", { class: "tick", x: at, y: height, "text-anchor": anchor }, content);

    const rules = POWERS.flatMap((power) => {
      const height = y(10 ** power);
      return [
        element("line", { class: "rule", x1: left, x2: right, y1: height, y2: height }),
        text(String(10 ** power), left - 8, height + 4),
      ];
    });
    // Where there is no room for all of them, every second or third says its accuracy.
    const each = Math.max(
      1,
      Math.ceil((52 * this.#marks.length) / Math.max(1, x(this.#marks.at(-1)?.[0] ?? 0) - left)),
    );
    const marks = this.#marks.flatMap(([step, accuracy], at) => [
      element("line", { class: "epoch", x1: x(step), x2: x(step), y1: top, y2: bottom }),
      ...((this.#marks.length - 1 - at) % each === 0 ? [text(accuracy, x(step) - 4, top + 14)] : []),
    ]);
    const line = this.#points.map(([step, loss]) => [x(step).toFixed(1), y(loss).toFixed(1)] as const);
    const last = line.at(-1);
    this.#drawing.replaceChildren(
      ...rules,
      text("step 0", left, height - 8, "start"),
      ...(this.#steps > 1 ? [text(`step ${this.#steps.toLocaleString("en")}`, right, height - 8)] : []),
      ...marks,
      element("polyline", { class: "loss", fill: "none", points: line.map((point) => point.join()).join(" ") }),
      ...(last ? [element("circle", { class: "last", r: 4, cx: last[0], cy: last[1] })] : []),
    );
    const [step, loss] = this.#points.at(-1) ?? [];
    const about = step === undefined ? "no step yet" : `${loss!.toPrecision(3)} after ${step} steps`;
    this.#drawing.setAttribute("aria-label", `Loss of training on a logarithmic scale: ${about}`);
  }
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
