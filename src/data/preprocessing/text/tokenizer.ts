/** What every tokenizer is: texts as lists of whole numbers, and back. */
import { ArgumentError, FormatError } from "../../../core/errors.ts";
import { isJsonObject, type Json } from "../../../formats/json.ts";
import type { Transformer } from "../transformer.ts";

/**
 * Texts as ids. As a transformer it learns its vocabulary from texts and turns lists of texts into lists of ids, which `padSequences`
 * makes one array of.
 */
export interface Tokenizer extends Transformer<readonly string[], Int32Array[]> {
  /** The ids of a text's tokens. */
  encode(text: string): Int32Array;
  /** The text of ids. `decode(encode(text))` is the text where all its tokens are known. */
  decode(ids: ArrayLike<number>): string;
  /** All tokens; an id is a position in this list. @throws ArgumentError before `fit`. */
  readonly tokens: readonly string[];
}

/** Tokens and their ids. */
export class Vocabulary {
  readonly tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws ArgumentError when a token comes twice. */
  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
    this.#ids = new Map(tokens.map((token, id) => [token, id]));
    if (this.#ids.size !== tokens.length) throw new ArgumentError("Vocabulary: a token comes twice; leave one out");
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** @throws ArgumentError for an id that there is not. */
  tokenOf(operation: string, id: number): string {
    const token = this.tokens[id];
    if (token === undefined)
      throw new ArgumentError(`${operation}: ${id} is the id of no token; there are ${this.tokens.length}, from 0 on`);
    return token;
  }
}

/** How often each piece comes, in the order in which pieces first come. */
export function countsOf(pieces: Iterable<string>, counts: Map<string, number> = new Map()): Map<string, number> {
  for (const piece of pieces) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}

/** Orders texts by code point: JavaScript's own order goes by UTF-16 units. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++)
    if (left[at] !== right[at]) return left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
  return left.length - right.length;
}

/** The vocabulary that was saved, or undefined before `fit`. @throws FormatError for what makes no sense. */
export function vocabularyIn(type: string, state: Json): Vocabulary | undefined {
  if (state === null) return undefined;
  const tokens = isJsonObject(state) ? state["tokens"] : undefined;
  if (
    !Array.isArray(tokens) ||
    !tokens.every((token) => typeof token === "string") ||
    new Set(tokens).size !== tokens.length
  )
    throw new FormatError(`${type}: its tokens should be a list of different texts; the file is damaged`);
  return new Vocabulary(tokens);
}

/** What the tokenizers of a vocabulary share. */
export abstract class VocabularyTokenizer implements Tokenizer {
  readonly takes = "categories" as const;
  protected abstract readonly type: string;
  protected abstract readonly options: { readonly unknown?: string | undefined };
  protected vocabulary: Vocabulary | undefined;

  /** Cuts a text into tokens. */
  protected abstract split(text: string): Iterable<string>;
  /** Puts tokens together. */
  protected abstract join(tokens: readonly string[]): string;
  /** Which tokens to know, in their order, from how often each comes. */
  protected abstract choose(counts: ReadonlyMap<string, number>): string[];

  get tokens(): readonly string[] {
    return this.#known().tokens;
  }

  #known(): Vocabulary {
    if (this.vocabulary === undefined)
      throw new ArgumentError(`${this.type}: it knows no tokens yet; call fit with the training texts before`);
    return this.vocabulary;
  }

  fit(texts: readonly string[]): this {
    const counts = new Map<string, number>();
    for (const text of texts) countsOf(this.split(text), counts);
    const { unknown } = this.options;
    if (unknown !== undefined) counts.delete(unknown);
    this.vocabulary = new Vocabulary([...(unknown === undefined ? [] : [unknown]), ...this.choose(counts)]);
    return this;
  }

  encode(text: string): Int32Array {
    const vocabulary = this.#known();
    const { unknown } = this.options;
    return Int32Array.from(Array.from(this.split(text)), (token) => {
      const id = vocabulary.idOf(token) ?? (unknown === undefined ? undefined : vocabulary.idOf(unknown));
      if (id === undefined)
        throw new ArgumentError(
          `${this.type}: ${JSON.stringify(token)} is not in the vocabulary; fit it to texts that have it, or give { unknown: "<unk>" }`,
        );
      return id;
    });
  }

  decode(ids: ArrayLike<number>): string {
    const vocabulary = this.#known();
    return this.join(Array.from(ids, (id) => vocabulary.tokenOf(this.type, id)));
  }

  transform(texts: readonly string[]): Int32Array[] {
    return texts.map((text) => this.encode(text));
  }

  inverse(ids: readonly ArrayLike<number>[]): readonly string[] {
    return ids.map((list) => this.decode(list));
  }

  fitTransform(texts: readonly string[]): Int32Array[] {
    return this.fit(texts).transform(texts);
  }

  toJSON(): Json {
    const given = Object.entries(this.options).filter(([, value]) => value !== undefined);
    return {
      type: this.type,
      options: Object.fromEntries(given) as { [name: string]: Json },
      state: this.vocabulary ? { tokens: this.vocabulary.tokens } : null,
    };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: { readonly state: Json }): this {
    this.vocabulary = vocabularyIn(this.type, state);
    return this;
  }
}
