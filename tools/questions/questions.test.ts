// docs/questions.md: every snippet prints what stands behind it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as myelin from "../../src/index.ts";

const text = readFileSync(new URL("../../docs/questions.md", import.meta.url), "utf8");

const questions = Array.from(
  text.matchAll(/^## ([^\n]*\?)\n\n((?:(?!```).)*?)\n```js\n(.*?)```/gms),
  ([, question, answer, code]) => ({
    question: question!,
    answer: answer!,
    code: code!,
  }),
);

/** What a snippet says that it prints: behind `console.log(…);`, or in lines of their own. */
const promised = (code: string): string[] => Array.from(code.matchAll(/(?:^|\);) ?\/\/ (.*)$/gm), ([, said]) => said!);

type Snippet = (...values: unknown[]) => Promise<void>;
const AsyncFunction = (async () => undefined).constructor as new (...source: string[]) => Snippet;

describe("[AF15] questions", () => {
  test("there are about thirty, each with an answer and a snippet that shows it", () => {
    expect(questions.length).toBe(text.match(/^## .*\?$/gm)!.length);
    expect(questions.length).toBeGreaterThanOrEqual(30);
    for (const { answer, code } of questions) {
      expect(answer.length).toBeGreaterThan(20);
      expect(promised(code).length).toBeGreaterThan(0);
    }
  });

  test.each(questions)("$question", async ({ code }) => {
    const printed: string[] = [];
    const console = { log: (...values: unknown[]) => void printed.push(values.map(String).join(" ")) };
    const names = Object.keys(myelin);
    await new AsyncFunction("console", ...names, code)(console, ...Object.values(myelin));
    expect(printed).toEqual(promised(code));
  });

  test("[AC13] further reading has its four links", () => {
    const links = Array.from(text.matchAll(/^- \[.*\]\((https:.*)\)$/gm), ([, link]) => new URL(link!).hostname);
    expect(links).toEqual(["playground.tensorflow.org", "www.youtube.com", "pytorch.org", "www.deeplearningbook.org"]);
  });
});
