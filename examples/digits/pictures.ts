/** Images as text: braille signs, whose dots are pixels. */

/** Dot `column + 2 · row` of a braille sign, as its bit. */
const DOTS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
const BLANK = 0x2800;
/** Columns that are left out at either side, where digits have no ink: five pictures fit into 80 columns. */
const CROP = 2;
const PER_LINE = 5;

/** An image of bytes, [rows, columns], as lines of text, each sign for two columns and four rows. */
export function drawImage(pixels: Uint8Array, rows: number, columns: number): string[] {
  const lines: string[] = [];
  for (let top = 0; top < rows; top += 4) {
    let line = "";
    for (let left = CROP; left < columns - CROP; left += 2) {
      const dots = DOTS.filter((_, at) => {
        const [row, column] = [top + (at >> 1), left + (at & 1)];
        return row < rows && column < columns - CROP && pixels[row * columns + column]! > 96;
      });
      line += String.fromCodePoint(BLANK + dots.reduce((sum, bit) => sum + bit, 0));
    }
    lines.push(line);
  }
  return lines;
}

/** Pictures five in a line, each with its caption's lines (of three letters at most) beside it. */
export function gallery(
  pictures: readonly { readonly image: readonly string[]; readonly caption: readonly string[] }[],
): string {
  const lines: string[] = [];
  for (let first = 0; first < pictures.length; first += PER_LINE) {
    const row = pictures.slice(first, first + PER_LINE);
    for (let line = 0; line < row[0]!.image.length; line++)
      lines.push(
        row
          .map(({ image, caption }) => `${image[line]} ${(caption[line] ?? "").padEnd(3)}`)
          .join("")
          .trimEnd(),
      );
    lines.push("");
  }
  return lines.join("\n");
}
