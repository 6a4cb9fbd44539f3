import { ArgumentError, FormatError } from "../../../core/errors.ts";
import { isJsonObject, parseJson, quote, type Json } from "../../../formats/json.ts";
import { wholeNumber } from "../../../core/wholeNumber.ts";
import { applyMerges, learnMerges, pairKey, type Rule } from "./bytePairs.ts";
import { countsOf, Vocabulary, type Tokenizer } from "./tokenizer.ts";

/** What a vocabulary of byte pairs is to be. */
export interface BytePairOptions {
  /** How many tokens at most, the 256 bytes and special tokens among them; 30,000 by default, as in HuggingFace's trainer. */
  readonly vocabularySize?: number | undefined;
  /** How often a pair must come to be merged, 2 by default. */
  readonly minCount?: number | undefined;
  /** Tokens that stand for themselves and are never cut, such as `<|endoftext|>`; the first ids are theirs. None by default. */
  readonly special?: readonly string[] | undefined;
}

/** GPT-2's cut into words: endings such as 's, letters, digits, and signs, each with the space before it, and white space. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
/** More distinct words than that are encoded anew each time. */
const REMEMBERED = 50_000;

/** The sign that stands for each byte: printable ones for themselves, the others for the signs from 256 on, as GPT-2 has it. */
function signsOfBytes(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let other = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : other++));
}

/**
 * Byte pairs as GPT-2 has them: texts are cut into words, words into bytes, and neighbours that are common together are merged. Every
 * text can be encoded, and comes back as it was. Equal to HuggingFace's `ByteLevelBPETokenizer`.
 *
 * @example
 * const tokenizer = new preprocessing.BytePairTokenizer({ vocabularySize: 1000 }).fit(texts);
 * const gpt2 = preprocessing.BytePairTokenizer.fromFiles(await readFile("vocab.json", "utf8"), await readFile("merges.txt", "utf8"));
 * gpt2.encode("Hello world"); // [15496, 995]
 */
export class BytePairTokenizer implements Tokenizer {
  readonly takes = "categories" as const;
  readonly #options: BytePairOptions;
  #vocabulary: Vocabulary | undefined;
  #merges: readonly (readonly [left: string, right: string])[] = [];
  #rules: ReadonlyMap<number, Rule> = new Map();
  #byteIds: readonly number[] = [];
  #special: ReadonlyMap<string, number> = new Map();
  #cut: RegExp | undefined;
  readonly #known = new Map<string, readonly number[]>();

  constructor(options: BytePairOptions = {}) {
    const { vocabularySize = 30_000, minCount = 2, special = [] } = options;
    wholeNumber("BytePairTokenizer", "minCount", minCount, 0);
    wholeNumber("BytePairTokenizer", "vocabularySize", vocabularySize, 256 + special.length);
    if (special.includes("")) throw new ArgumentError("BytePairTokenizer: a special token must not be empty");
    this.#options = options;
  }

  /**
   * A tokenizer from the two files that GPT-2, RoBERTa and HuggingFace's `save_model` have.
   * @param vocab the text of vocab.json: tokens and their ids.
   * @param merges the text of merges.txt: a pair in each line, the first learnt first.
   * @param special tokens of the vocabulary that are never cut, `<|endoftext|>` where it is there by default.
   * @throws FormatError for files that do not fit one another.
   */
  static fromFiles(vocab: string, merges: string, special?: readonly string[]): BytePairTokenizer {
    const json = parseJson(new TextEncoder().encode(vocab), "vocab.json");
    if (!isJsonObject(json)) throw new FormatError("vocab.json: an object of tokens and ids was wanted");
    const tokens = new Array<string>(Object.keys(json).length);
    for (const [token, id] of Object.entries(json)) {
      if (
        !Number.isInteger(id) ||
        (id as number) < 0 ||
        (id as number) >= tokens.length ||
        tokens[id as number] !== undefined
      )
        throw new FormatError(
          `vocab.json: ${quote(token)} has the id ${quote(JSON.stringify(id))}; ids must be 0 to ${tokens.length - 1}, each once`,
        );
      tokens[id as number] = token;
    }
    const pairs: [string, string][] = [];
    merges.split(/\r?\n/).forEach((line, at) => {
      if (line === "" || (at === 0 && line.startsWith("#version"))) return;
      const [left, right, more] = line.split(" ");
      if (!left || !right || more !== undefined)
        throw new FormatError(
          `merges.txt: line ${at + 1} should be two tokens with a space between, got ${quote(line)}`,
        );
      pairs.push([left, right]);
    });
    const never = special ?? ["<|endoftext|>"].filter((token) => Object.hasOwn(json, token));
    return new BytePairTokenizer({ vocabularySize: Math.max(256 + never.length, tokens.length), special: never }).#take(
      tokens,
      pairs,
    );
  }

  /** Puts tokens and merges to use. */
  #take(tokens: readonly string[], merges: readonly (readonly [string, string])[]): this {
    const bad = (what: string): FormatError =>
      new FormatError(`BytePairTokenizer: ${what}; the files do not belong together`);
    if (new Set(tokens).size !== tokens.length) throw bad("a token comes twice");
    const vocabulary = new Vocabulary(tokens);
    const idOf = (token: string): number => {
      const id = vocabulary.idOf(token);
      if (id === undefined) throw bad(`${quote(token)} is not in the vocabulary`);
      return id;
    };
    this.#byteIds = signsOfBytes().map(idOf);
    this.#special = new Map((this.#options.special ?? []).map((token) => [token, idOf(token)]));
    const rules = new Map<number, Rule>();
    merges.forEach(([left, right], rank) => {
      const key = pairKey(idOf(left), idOf(right));
      if (!rules.has(key)) rules.set(key, { rank, id: idOf(left + right) });
    });
    this.#rules = rules;
    this.#merges = merges;
    this.#vocabulary = vocabulary;
    this.#known.clear();
    // Longer ones first: one may begin with another.
    const escaped = [...this.#special.keys()]
      .sort((a, b) => b.length - a.length)
      .map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    this.#cut = escaped.length > 0 ? new RegExp(`(${escaped.join("|")})`, "u") : undefined;
    return this;
  }

  get tokens(): readonly string[] {
    if (this.#vocabulary === undefined)
      throw new ArgumentError("BytePairTokenizer: it knows no tokens yet; call fit with the training texts before");
    return this.#vocabulary.tokens;
  }

  /** The pairs that are merged, the first learnt first: the lines of merges.txt. */
  get merges(): readonly (readonly [left: string, right: string])[] {
    return this.#merges;
  }

  fit(texts: readonly string[]): this {
    const { vocabularySize = 30_000, minCount = 2, special = [] } = this.#options;
    const signs = signsOfBytes();
    const alphabet = [...signs].sort();
    const tokens = [...special, ...alphabet.filter((sign) => !special.includes(sign))];
    const ids = new Map(tokens.map((token, id) => [token, id]));
    const counts = new Map<string, number>();
    for (const text of texts) countsOf(text.match(WORDS) ?? [], counts);
    const encoder = new TextEncoder();
    const words = [...counts].map(([word, count]) => ({
      ids: Array.from(encoder.encode(word), (byte) => ids.get(signs[byte]!)!),
      count,
    }));
    const merges: [string, string][] = [];
    learnMerges(words, minCount, ({ left, right }) => {
      if (tokens.length >= vocabularySize) return undefined;
      const token = tokens[left]! + tokens[right]!;
      merges.push([tokens[left]!, tokens[right]!]);
      const known = ids.get(token);
      if (known !== undefined) return known;
      ids.set(token, tokens.length);
      return tokens.push(token) - 1;
    });
    return this.#take(tokens, merges);
  }

  encode(text: string): Int32Array {
    void this.tokens;
    const ids: number[] = [];
    for (const part of this.#cut ? text.split(this.#cut) : [text]) {
      const special = this.#special.get(part);
      if (special !== undefined) ids.push(special);
      else for (const word of part.match(WORDS) ?? []) for (const id of this.#word(word)) ids.push(id);
    }
    return Int32Array.from(ids);
  }

  #word(word: string): readonly number[] {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const pieces = Array.from(new TextEncoder().encode(word), (byte) => this.#byteIds[byte]!);
    const ids = applyMerges(pieces, this.#rules);
    if (this.#known.size < REMEMBERED) this.#known.set(word, ids);
    return ids;
  }

  /** The text of ids; bytes that are no UTF-8, where a sign was cut in two, become the sign for that. */
  decode(ids: ArrayLike<number>): string {
    const { tokens } = this;
    const bytes = new Map(signsOfBytes().map((sign, byte) => [sign, byte]));
    const encoder = new TextEncoder();
    const all: number[] = [];
    for (const id of Array.from(ids)) {
      if (tokens[id] === undefined)
        throw new ArgumentError(
          `BytePairTokenizer: ${id} is the id of no token; there are ${tokens.length}, from 0 on`,
        );
      if (this.#special.has(tokens[id]!)) all.push(...encoder.encode(tokens[id]));
      else for (const sign of tokens[id]!) all.push(bytes.get(sign) ?? 0xfffd);
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(all));
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
    const { vocabularySize, minCount, special } = this.#options;
    const options = Object.entries({ vocabularySize, minCount, special }).filter(([, value]) => value !== undefined);
    return {
      type: "BytePairTokenizer",
      options: Object.fromEntries(options) as { [name: string]: Json },
      state: this.#vocabulary ? { tokens: this.#vocabulary.tokens, merges: this.#merges } : null,
    };
  }

  /** Takes over what was learnt. @throws FormatError for what makes no sense. */
  restore({ state }: { readonly state: Json }): this {
    if (state === null) return this;
    const { tokens, merges } = isJsonObject(state) ? state : {};
    const isText = (value: Json): boolean => typeof value === "string";
    if (
      !Array.isArray(tokens) ||
      !tokens.every(isText) ||
      !Array.isArray(merges) ||
      !merges.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText))
    )
      throw new FormatError("BytePairTokenizer: it needs a list of tokens and one of pairs; the file is damaged");
    return this.#take(tokens as string[], merges as [string, string][]);
  }
}
