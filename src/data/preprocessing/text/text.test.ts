import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError } from "../../../core/errors.ts";
import type { Json } from "../../../formats/json.ts";
import * as preprocessing from "../index.ts";
import type { Tokenizer } from "../index.ts";

interface BytePairCase {
  readonly size: number;
  readonly frequency: number;
  readonly special: string[];
  readonly vocab: string;
  readonly merges: string;
  readonly texts: { text: string; ids: number[]; decoded: string }[];
}
interface VectorizerCase {
  readonly options: preprocessing.TextVectorizerOptions;
  readonly vocabulary: string[];
  readonly texts: string[];
  readonly shape: number[];
  readonly values: number[];
}
const recorded = JSON.parse(
  readFileSync(new URL("../../../../tools/goldens/results/texts.json", import.meta.url), "utf8"),
) as { train: string[]; bytePair: BytePairCase[]; vectorizer: VectorizerCase[] };

/** A copy that was written and read. */
const copied = <T extends { toJSON(): Json }>(own: T): T =>
  preprocessing.fromJSON(JSON.parse(JSON.stringify(own)) as Json) as unknown as T;

const sentences = fc.array(
  fc.constantFrom("the", "Fox", "it's", "東京", " ", "  ", "\n", ".", ",", "🦊", "x_1", "42", "é"),
  { maxLength: 12 },
);

describe("[T15] texts come back from their tokens", () => {
  const pieces = ["the Fox it's 東京  \n.,🦊x_1 42 é. the"];
  const tokenizers: [string, Tokenizer][] = [
    ["characters", new preprocessing.CharacterTokenizer().fit([...pieces, "x_1 é"])],
    ["words", new preprocessing.WordTokenizer({ unknown: "<unk>" }).fit(pieces)],
    ["byte pairs", new preprocessing.BytePairTokenizer({ vocabularySize: 280 }).fit(pieces)],
  ];
  test.each(tokenizers)("%s", (name, tokenizer) => {
    for (const own of [tokenizer, copied(tokenizer)]) {
      fc.assert(
        fc.property(sentences, (words) => {
          const text = words.join("");
          const ids = own.encode(text);
          for (const id of ids) expect(id).toBeLessThan(own.tokens.length);
          // A word that was put together by chance is not in the vocabulary.
          if (name !== "words" || !ids.includes(0)) expect(own.decode(ids)).toBe(text);
        }),
        { numRuns: 100 },
      );
    }
    expect(tokenizer.inverse(tokenizer.transform(pieces))).toEqual(pieces);
  });

  test("words: commonest first, small letters if asked for, unknown ones under one token", () => {
    const words = new preprocessing.WordTokenizer({ lower: true, unknown: "<unk>", maxTokens: 5 }).fit([
      "The cat sat on the mat. The cat!",
    ]);
    expect(words.tokens).toEqual(
      ["<unk>", "the", "cat", "!", " "].sort((a, b) => words.tokens.indexOf(a) - words.tokens.indexOf(b)),
    );
    expect(words.tokens.slice(0, 3)).toEqual(["<unk>", "the", "cat"]);
    expect([...words.encode("the dog")]).toEqual([1, 0]);
    expect(words.decode([1, 2])).toBe("the cat");
    expect(() => new preprocessing.WordTokenizer().fit(["a"]).encode("b")).toThrow(/"b" is not in the vocabulary/);
    const often = new preprocessing.WordTokenizer({ minCount: 2 }).fit(["a a b"]);
    expect(often.tokens).toEqual(["a"]);
  });

  test("characters stand in the order of their code points", () => {
    const tokenizer = new preprocessing.CharacterTokenizer({ unknown: "?" }).fit(["b🦊a\uffee"]);
    expect(tokenizer.tokens).toEqual(["?", "a", "b", "\uffee", "🦊"]);
    expect([...tokenizer.encode("z🦊")]).toEqual([0, 4]);
  });
});

describe("[T15] byte pairs as HuggingFace's", () => {
  test.each(recorded.bytePair)(
    "trained to $size tokens, $special",
    ({ size, frequency, special, vocab, merges, texts }) => {
      const trained = new preprocessing.BytePairTokenizer({ vocabularySize: size, minCount: frequency, special }).fit(
        recorded.train,
      );
      const lines = merges.split("\n").filter((line) => line !== "" && !line.startsWith("#version"));
      expect(trained.merges.map((pair) => pair.join(" "))).toEqual(lines);
      expect(Object.fromEntries(trained.tokens.map((token, id) => [token, id]))).toEqual(JSON.parse(vocab));
      const read = preprocessing.BytePairTokenizer.fromFiles(vocab, merges, special);
      for (const tokenizer of [trained, read, copied(trained), copied(read)])
        for (const { text, ids, decoded } of texts) {
          expect([...tokenizer.encode(text)]).toEqual(ids);
          expect(tokenizer.decode(ids)).toBe(decoded);
        }
    },
  );

  test("a word without end takes no time without end", () => {
    const tokenizer = new preprocessing.BytePairTokenizer({ vocabularySize: 300 }).fit(["aaaa aaaa aaaa"]);
    const long = "a".repeat(200_000);
    expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
  });

  test("learns from a real text", () => {
    const text = recorded.train.join(" ").repeat(20);
    const tokenizer = new preprocessing.BytePairTokenizer({ vocabularySize: 400 }).fit([text]);
    expect(tokenizer.encode(text).length).toBeLessThan(text.length / 2);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  const files = recorded.bytePair[0]!;
  const wrong: [string, () => unknown, RegExp][] = [
    ["an id twice", () => preprocessing.BytePairTokenizer.fromFiles('{"a":0,"b":0}', ""), /"b" has the id "0"/],
    ["ids with holes", () => preprocessing.BytePairTokenizer.fromFiles('{"a":5}', ""), /ids must be 0 to 0/],
    ["no bytes", () => preprocessing.BytePairTokenizer.fromFiles('{"a":0}', ""), /is not in the vocabulary/],
    ["a list", () => preprocessing.BytePairTokenizer.fromFiles("[]", ""), /an object of tokens and ids/],
    [
      "half a merge",
      () => preprocessing.BytePairTokenizer.fromFiles(files.vocab, "#version: 0.2\na"),
      /merges\.txt: line 2/,
    ],
    [
      "a merge of others",
      () => preprocessing.BytePairTokenizer.fromFiles(files.vocab, "zzz qqq"),
      /"zzz" is not in the vocabulary/,
    ],
    [
      "damaged JSON",
      () => preprocessing.fromJSON({ type: "BytePairTokenizer", options: {}, state: { tokens: [1], merges: [] } }),
      /list of tokens/,
    ],
    [
      "tokens twice",
      () => preprocessing.fromJSON({ type: "WordTokenizer", options: {}, state: { tokens: ["a", "a"] } }),
      /different texts/,
    ],
  ];
  test.each(wrong)("refuses files with %s", (_what, run, message) => {
    expect(run).toThrow(FormatError);
    expect(run).toThrow(message);
  });

  test("refuses what makes no sense", () => {
    expect(() => new preprocessing.BytePairTokenizer({ vocabularySize: 100 })).toThrow(ArgumentError);
    expect(() => new preprocessing.BytePairTokenizer().encode("a")).toThrow(/it knows no tokens yet/);
    const own = new preprocessing.BytePairTokenizer({ vocabularySize: 256 }).fit([]);
    expect(() => own.decode([256])).toThrow(/256 is the id of no token; there are 256/);
  });
});

describe("[T15] ids as arrays", () => {
  test.each(recorded.vectorizer)("vectorizer $options as Keras's", ({ options, vocabulary, texts, shape, values }) => {
    const own = copied(new preprocessing.TextVectorizer(options).fit(recorded.train.slice(0, 3)));
    expect(own.tokens.slice(options.output ? 1 : 0)).toEqual(vocabulary);
    const made = own.transform(texts);
    // Keras pads the other outputs to the size of the vocabulary asked for.
    expect(made.shape).toEqual(shape);
    for (const [at, value] of values.entries()) expect(made.data[at]).toBeCloseTo(value, 5);
  });

  test("padding and cutting on either side, with a mask", () => {
    const sequences = [[1, 2, 3, 4, 5], [6]];
    const right = preprocessing.padSequences(sequences, { length: 3, value: 9 });
    expect([...right.ids.data]).toEqual([1, 2, 3, 6, 9, 9]);
    expect([right.mask.dtype, ...right.mask.data]).toEqual(["bool", 1, 1, 1, 1, 0, 0]);
    // As Keras's pad_sequences by default.
    const left = preprocessing.padSequences(sequences, { length: 3, side: "left", cut: "left" });
    expect([...left.ids.data]).toEqual([3, 4, 5, 0, 0, 6]);
    expect(preprocessing.padSequences(sequences, { multipleOf: 4 }).ids.shape).toEqual([2, 8]);
    expect(preprocessing.padSequences([]).ids.shape).toEqual([0, 0]);
    expect(() => preprocessing.padSequences(sequences, { side: "top" as never })).toThrow(ArgumentError);
  });

  test("texts of ids", () => {
    const own = new preprocessing.TextVectorizer().fit(["a great film", "a film"]);
    expect(own.inverse(own.transform(["a film", "a great bore"]))).toEqual(["a film", "a great [UNK]"]);
    const counts = new preprocessing.TextVectorizer({ output: "count" }).fit(["a"]);
    expect(() => counts.inverse(counts.transform(["a"]))).toThrow(/no order of words/);
  });
});
