/** Tokenizers that cut texts where anyone would. */
import { byCodePoint, VocabularyTokenizer } from "./tokenizer.ts";

/** What becomes of tokens that the training texts had not. */
export interface UnknownOptions {
  /** A token that stands for all of them, with id 0; an error by default. */
  readonly unknown?: string | undefined;
}

/**
 * A token for each character (code point), in their order.
 *
 * @example
 * const tokenizer = new preprocessing.CharacterTokenizer().fit([shakespeare]);
 * tokenizer.decode(tokenizer.encode("to be")); // "to be"
 */
export class CharacterTokenizer extends VocabularyTokenizer {
  protected readonly type = "CharacterTokenizer";
  protected readonly options: UnknownOptions;

  constructor(options: UnknownOptions = {}) {
    super();
    this.options = options;
  }

  protected split(text: string): Iterable<string> {
    return text;
  }

  protected join(tokens: readonly string[]): string {
    return tokens.join("");
  }

  protected choose(counts: ReadonlyMap<string, number>): string[] {
    return [...counts.keys()].sort(byCodePoint);
  }
}

/** How words are cut and chosen. */
export interface WordOptions extends UnknownOptions {
  /** Whether all letters become small ones; false by default. */
  readonly lower?: boolean | undefined;
  /** How many tokens there are at most, `unknown` among them; all by default. The commonest are kept. */
  readonly maxTokens?: number | undefined;
  /** How often a token must come; once by default. */
  readonly minCount?: number | undefined;
}

const WORD = /[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}\p{N}_]+)*/u;

/**
 * A token for each word, each sign of punctuation and each stretch of white space, commonest first; one space between two words goes
 * without saying. So texts come back as they were.
 */
export class WordTokenizer extends VocabularyTokenizer {
  protected readonly type = "WordTokenizer";
  protected readonly options: WordOptions;

  constructor(options: WordOptions = {}) {
    super();
    this.options = options;
  }

  protected split(text: string): string[] {
    const given = this.options.lower ? text.toLowerCase() : text;
    const pieces = given.match(new RegExp(`${WORD.source}|\\s+|[^\\s]`, "gu")) ?? [];
    return pieces.filter((piece, at) => !(piece === " " && isWord(pieces[at - 1]) && isWord(pieces[at + 1])));
  }

  protected join(tokens: readonly string[]): string {
    return tokens
      .map((token, at) => (at > 0 && isWord(token) && isWord(tokens[at - 1]) ? ` ${token}` : token))
      .join("");
  }

  protected choose(counts: ReadonlyMap<string, number>): string[] {
    const { maxTokens = Infinity, minCount = 1, unknown } = this.options;
    return [...counts]
      .filter(([, count]) => count >= minCount)
      .sort(([a, countA], [b, countB]) => countB - countA || byCodePoint(a, b))
      .slice(0, maxTokens - (unknown === undefined ? 0 : 1))
      .map(([token]) => token);
  }
}

function isWord(piece: string | undefined): boolean {
  return piece !== undefined && new RegExp(`^(?:${WORD.source})$`, "u").test(piece);
}
