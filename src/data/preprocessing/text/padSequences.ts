import { ArgumentError } from "../../../core/errors.ts";
import { hostArray, type HostArray } from "../../hostArray.ts";
import { wholeNumber } from "../../../core/wholeNumber.ts";

/** How lists of ids become rows of one length. */
export interface PaddingOptions {
  /** That of the longest by default. */
  readonly length?: number | undefined;
  /** The length is rounded up to a multiple of this, so that few different ones come up; 1 by default. */
  readonly multipleOf?: number | undefined;
  /** Where what is missing is filled in: `right` by default, as in HuggingFace and PyTorch; Keras's `pad_sequences` has `left`. */
  readonly side?: "left" | "right" | undefined;
  /** Which end of longer ones is cut off; `right` by default. Keras's `pad_sequences` has `left`. */
  readonly cut?: "left" | "right" | undefined;
  /** What is filled in, 0 by default. */
  readonly value?: number | undefined;
}

/**
 * Lists of ids as an array i32 [n, length], short ones filled up and long ones cut; and which of its entries are ids: bool [n, length].
 *
 * @example
 * const { ids, mask } = preprocessing.padSequences(tokenizer.transform(texts), { length: 128 });
 */
export function padSequences(
  sequences: readonly ArrayLike<number>[],
  options: PaddingOptions = {},
): { readonly ids: HostArray; readonly mask: HostArray } {
  const { multipleOf = 1, side = "right", cut = "right", value = 0 } = options;
  wholeNumber("padSequences", "multipleOf", multipleOf, 1);
  for (const end of [side, cut])
    if (end !== "left" && end !== "right")
      throw new ArgumentError(`padSequences: sides are "left" and "right", got ${JSON.stringify(end)}`);
  const wanted = options.length ?? sequences.reduce((longest, { length }) => Math.max(longest, length), 0);
  wholeNumber("padSequences", "the length", wanted, 0);
  const length = Math.ceil(wanted / multipleOf) * multipleOf;
  const ids = new Int32Array(sequences.length * length).fill(value);
  const mask = new Uint8Array(sequences.length * length);
  sequences.forEach((sequence, row) => {
    const kept = Math.min(sequence.length, length);
    const from = cut === "left" ? sequence.length - kept : 0;
    const to = row * length + (side === "left" ? length - kept : 0);
    for (let at = 0; at < kept; at++) ids[to + at] = sequence[from + at]!;
    mask.fill(1, to, to + kept);
  });
  return {
    ids: hostArray(ids, [sequences.length, length]),
    mask: hostArray(mask, [sequences.length, length], "bool"),
  };
}
