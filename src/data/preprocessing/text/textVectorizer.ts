import { ArgumentError } from "../../../core/errors.ts";
import { isJsonObject, type Json } from "../../../formats/json.ts";
import { hostArray, type HostArray } from "../../hostArray.ts";
import { wholeNumber } from "../../../core/wholeNumber.ts";
import { fitted, given, StateReader, type Saved, type Transformer } from "../transformer.ts";
import { padSequences } from "./padSequences.ts";
import { byCodePoint, countsOf, Vocabulary, vocabularyIn } from "./tokenizer.ts";

/** How texts become numbers. */
export interface TextVectorizerOptions {
  /** How many tokens there are at most, the two below among them; all by default. The commonest are kept. */
  readonly maxTokens?: number | undefined;
  /**
   * `ids` (the default): i32 [n, length]. One number for each token otherwise, f32 [n, tokens]: whether a text has it (`multiHot`), how
   * often (`count`), or how often, weighted down where many texts have it (`tfIdf`).
   */
  readonly output?: "ids" | "multiHot" | "count" | "tfIdf" | undefined;
  /** Ids in each row; those of the longest text by default. */
  readonly length?: number | undefined;
  /** Whether punctuation stays; it is taken away by default. */
  readonly punctuation?: boolean | undefined;
  /** Also stretches of up to so many words are tokens; 1 by default. */
  readonly ngrams?: number | undefined;
}

const PUNCTUATION = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g;

/**
 * Texts as arrays, as Keras's `TextVectorization`: small letters, no punctuation, words between white space, commonest first. Id 0 is
 * padding and 1 stands for all unknown words; in the other outputs place 0 is that of unknown words.
 *
 * @example
 * const vectorizer = new preprocessing.TextVectorizer({ maxTokens: 10_000, length: 200 }).fit(reviews);
 * vectorizer.transform(["a great film"]).shape; // [1, 200]
 */
export class TextVectorizer implements Transformer<readonly string[], HostArray> {
  readonly takes = "categories" as const;
  readonly #options: TextVectorizerOptions;
  #state: { readonly vocabulary: Vocabulary; readonly weights: readonly number[] } | undefined;

  constructor(options: TextVectorizerOptions = {}) {
    const { maxTokens = 3, length = 1, ngrams = 1 } = options;
    wholeNumber("TextVectorizer", "maxTokens", maxTokens, 3);
    wholeNumber("TextVectorizer", "the length", length, 1);
    wholeNumber("TextVectorizer", "ngrams", ngrams, 1);
    this.#options = options;
  }

  /** All tokens, in the order of their ids: padding, unknown, and then the commonest first. @throws ArgumentError before `fit`. */
  get tokens(): readonly string[] {
    return ["", "[UNK]", ...fitted("TextVectorizer", this.#state).vocabulary.tokens];
  }

  #split(text: string): string[] {
    const { punctuation = false, ngrams = 1 } = this.#options;
    const small = text.toLowerCase();
    const words = (punctuation ? small : small.replace(PUNCTUATION, "")).split(/\s+/).filter((word) => word !== "");
    const all = [...words];
    for (let size = 2; size <= ngrams; size++)
      for (let at = 0; at + size <= words.length; at++) all.push(words.slice(at, at + size).join(" "));
    return all;
  }

  fit(texts: readonly string[]): this {
    const { maxTokens = Infinity, output = "ids" } = this.#options;
    const [counts, texted] = [new Map<string, number>(), new Map<string, number>()];
    for (const text of texts) {
      const words = this.#split(text);
      countsOf(words, counts);
      countsOf(new Set(words), texted);
    }
    const tokens = [...counts]
      .sort(([a, countA], [b, countB]) => countB - countA || byCodePoint(b, a))
      .slice(0, maxTokens - (output === "ids" ? 2 : 1))
      .map(([token]) => token);
    const own = tokens.map((token) => Math.log(1 + texts.length / (1 + texted.get(token)!)));
    // Unknown words weigh what the known ones do on average.
    const unknown = own.reduce((sum, weight) => sum + weight, 0) / (own.length || 1);
    this.#state = { vocabulary: new Vocabulary(tokens), weights: [unknown, ...own] };
    return this;
  }

  transform(texts: readonly string[]): HostArray {
    const { vocabulary, weights } = fitted("TextVectorizer", this.#state);
    const { output = "ids", length } = this.#options;
    const ids = texts.map((text) => Int32Array.from(this.#split(text), (word) => (vocabulary.idOf(word) ?? -1) + 2));
    if (output === "ids") return padSequences(ids, { length }).ids;
    const width = weights.length;
    const made = new Float32Array(texts.length * width);
    ids.forEach((list, row) => {
      for (const id of list) made[row * width + id - 1]! += 1;
    });
    if (output !== "count")
      made.forEach(
        (count, at) => (made[at] = output === "multiHot" ? Number(count > 0) : count * weights[at % width]!),
      );
    return hostArray(made, [texts.length, width]);
  }

  /** The words of ids, with spaces between. @throws ArgumentError for other outputs, in which the order of words is lost. */
  inverse(ids: HostArray): readonly string[] {
    const { output = "ids" } = this.#options;
    if (output !== "ids")
      throw new ArgumentError(
        `TextVectorizer: texts cannot be told from ${output}, which has no order of words; use ids`,
      );
    const { tokens } = this;
    const [rows, length] = ids.shape as readonly [number, number];
    return Array.from({ length: rows }, (_, row) =>
      Array.from(ids.data.subarray(row * length, (row + 1) * length))
        .filter((id) => id !== 0)
        .map((id) => tokens[id] ?? "[UNK]")
        .join(" "),
    );
  }

  fitTransform(texts: readonly string[]): HostArray {
    return this.fit(texts).transform(texts);
  }

  toJSON(): Json {
    const state = this.#state && { tokens: this.#state.vocabulary.tokens, weights: this.#state.weights };
    return { type: "TextVectorizer", options: given(this.#options), state: state ?? null };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: Saved): this {
    const vocabulary = vocabularyIn("TextVectorizer", state);
    if (vocabulary && isJsonObject(state))
      this.#state = { vocabulary, weights: new StateReader("TextVectorizer", state).numbers("weights") };
    return this;
  }
}
