/** Values recorded from another library, one sample a line. */
import type { TypedArray } from "../core/dtype.ts";
import type { Recorded } from "./suite.ts";

/** A number, or its name where JSON has none: "NaN", "Infinity", "-Infinity", "-0". */
export type Spelled = number | string;

/** One line: the numbers of one sample, and which elements they were recorded for. */
interface Line {
  readonly title: string;
  readonly checksum: string;
  readonly output: readonly Spelled[];
  readonly gradients: readonly (readonly Spelled[] | null)[];
}

/** Numbers as JSON can hold them. */
export function spell(numbers: Iterable<number>): Spelled[] {
  return Array.from(numbers, (x) => (Object.is(x, -0) ? "-0" : Number.isFinite(x) ? x : String(x)));
}

/** The bytes of some arrays as eight hexadecimal digits (FNV-1a), so that values recorded for other inputs are noticed. */
export function checksum(arrays: readonly TypedArray[]): string {
  let hash = 0x811c9dc5;
  for (const { buffer, byteOffset, byteLength } of arrays)
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/**
 * Looks up what was recorded for a sample.
 * @param text lines of JSON.
 * @throws Error when the sample's inputs are not those recorded.
 */
export function recordedValues(text: string): (title: string, inputs: readonly TypedArray[]) => Recorded | undefined {
  const lines = new Map(
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
      .map((line) => [line.title, line]),
  );
  return (title, inputs) => {
    const line = lines.get(title);
    if (!line) return undefined;
    if (line.checksum !== checksum(inputs))
      throw new Error(`${title}: recorded for other inputs. Run tools/goldens/record.py again`);
    const numbers = (list: readonly Spelled[]): number[] => list.map(Number);
    return { output: numbers(line.output), gradients: line.gradients.map((list) => list && numbers(list)) };
  };
}
