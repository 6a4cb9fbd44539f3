/** Losses over learning rates, to be looked at. */

/** What a range test has found. Prints as a plot in text. */
export class RateCurve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  /** Running means of the losses. */
  readonly smoothed: readonly number[];

  constructor(rates: readonly number[], losses: readonly number[], smoothed: readonly number[]) {
    this.rates = rates;
    this.losses = losses;
    this.smoothed = smoothed;
  }

  /** The rate at which the smoothed loss falls fastest, by the logarithm of the rate. */
  get suggestion(): number {
    return this.rates[this.#steepest()]!;
  }

  /** A tenth of the rate with the lowest smoothed loss: the other rule of thumb. */
  get tenthOfLowest(): number {
    return this.rates[this.smoothed.indexOf(Math.min(...this.smoothed))]! / 10;
  }

  #steepest(): number {
    const x = this.rates.map(Math.log);
    const slopes = this.smoothed.map((_, i) => {
      const [before, after] = [Math.max(0, i - 1), Math.min(x.length - 1, i + 1)];
      return (this.smoothed[after]! - this.smoothed[before]!) / (x[after]! - x[before]!);
    });
    return slopes.indexOf(Math.min(...slopes));
  }

  /** One line for each step: rate, loss and smoothed loss. */
  toCsv(): string {
    const rows = this.rates.map((rate, i) => `${rate},${this.losses[i]},${this.smoothed[i]}`);
    return ["lr,loss,smoothed", ...rows, ""].join("\n");
  }

  /** Points of the smoothed curve in a box of this size, y from its upper edge; huge losses at the end are cut. */
  #points(width: number, height: number): { points: (readonly [number, number])[]; low: number; high: number } {
    const low = Math.min(...this.smoothed);
    const high = Math.max(this.smoothed[0]!, low + 1.5 * (this.smoothed[0]! - low), low + 1e-12);
    const x = this.rates.map(Math.log);
    const [from, to] = [x[0]!, x.at(-1)!];
    const points = this.smoothed.map((loss, i) => {
      const share = Math.min(1, (loss - low) / (high - low));
      return [(width * (x[i]! - from)) / (to - from), height * (1 - share)] as const;
    });
    return { points, low, high };
  }

  /** A plot of characters, the suggestion marked. */
  toString({ width = 64, height = 14 }: { readonly width?: number; readonly height?: number } = {}): string {
    const { points, low, high } = this.#points(width - 1, height - 1);
    const rows = Array.from({ length: height }, () => new Array<string>(width).fill(" "));
    for (const [x, y] of points) rows[Math.round(y)]![Math.round(x)] = "·";
    const [x, y] = points[this.#steepest()]!;
    rows[Math.round(y)]![Math.round(x)] = "●";
    const labels = [high, low].map((value) => value.toPrecision(4));
    const edge = Math.max(...labels.map((label) => label.length));
    const label = (row: number): string =>
      (row === 0 ? labels[0]! : row === height - 1 ? labels[1]! : "").padStart(edge);
    const [first, last] = [this.rates[0]!, this.rates.at(-1)!].map((rate) => rate.toExponential(0));
    return [
      ...rows.map((row, i) => `${label(i)} ┤${row.join("").trimEnd()}`),
      `${" ".repeat(edge)} └${"─".repeat(width)}`,
      `${" ".repeat(edge + 2)}${first}${last!.padStart(width - first!.length)}`,
      `${" ".repeat(edge + 2)}● suggestion: ${this.suggestion.toExponential(2)}`,
    ].join("\n");
  }

  /** A picture: the losses faint, the smoothed curve, the suggestion marked. */
  toSvg({ width = 480, height = 300 }: { readonly width?: number; readonly height?: number } = {}): string {
    const [left, bottom, top] = [56, 40, 16];
    const [w, h] = [width - left - 16, height - bottom - top];
    const { points, low, high } = this.#points(w, h);
    const place = ([x, y]: readonly [number, number]): string => `${(left + x).toFixed(1)},${(top + y).toFixed(1)}`;
    const [sx, sy] = points[this.#steepest()]!;
    const raw = this.losses.map((loss, i) => {
      const share = Math.min(1, Math.max(0, (loss - low) / (high - low)));
      return place([points[i]![0], h * (1 - share)]);
    });
    const text = (x: number, y: number, anchor: string, words: string): string =>
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
      `<title>Loss over learning rate; suggestion ${this.suggestion.toExponential(2)}</title>`,
      `<path d="M${left},${top}v${h}h${w}" fill="none" stroke="#888"/>`,
      `<polyline points="${raw.join(" ")}" fill="none" stroke="#4477aa" stroke-opacity="0.3"/>`,
      `<polyline points="${points.map(place).join(" ")}" fill="none" stroke="#4477aa" stroke-width="2"/>`,
      `<circle cx="${(left + sx).toFixed(1)}" cy="${(top + sy).toFixed(1)}" r="5" fill="#ee6677"/>`,
      text(left - 6, top + 10, "end", high.toPrecision(3)),
      text(left - 6, top + h, "end", low.toPrecision(3)),
      text(left, height - 22, "start", this.rates[0]!.toExponential(0)),
      text(left + w, height - 22, "end", this.rates.at(-1)!.toExponential(0)),
      text(left + w / 2, height - 6, "middle", "learning rate (logarithmic)"),
      text(left + sx, top + sy - 10, "middle", this.suggestion.toExponential(2)),
      "</svg>",
      "",
    ].join("\n");
  }
}
