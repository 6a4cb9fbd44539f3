// Transfer, search and text, each on little data.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { main as search } from "./search.ts";
import { main as text } from "./text.ts";
import { main as transfer } from "./transfer.ts";

/** What a program prints. */
function paper(): { print: (line: string) => void; lines: string[] } {
  const lines: string[] = [];
  return { lines, print: (line) => void lines.push(line) };
}

test("a network that reads digits learns to tell even from odd from a few, better than one that knows nothing", async () => {
  const { print, lines } = paper();
  const { transferred, fromScratch } = await transfer({ print });
  expect(transferred).toBeGreaterThan(fromScratch + 0.05);
  expect(transferred).toBeGreaterThan(0.75);
  expect(lines.at(-1)).toMatch(/^even or odd from 20: [\d.]+ % after transfer, [\d.]+ % from scratch$/);
});

test("a search gives up what goes badly, prints what it tried, and goes on from its file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "myelin-search-"));
  const file = join(folder, "study.jsonl");
  const { print, lines } = paper();
  const first = await search({ trials: 6, epochs: 3, images: 300, file, print });
  const best = await search({ trials: 12, epochs: 3, images: 300, file, print });
  expect(best.value).toBeGreaterThanOrEqual(first.value);
  expect(best.value).toBeGreaterThan(0.5);
  const rows = lines.at(-1)!.split("\n");
  expect(rows.length).toBe(13);
  expect(rows[0]).toMatch(/trial +value +seconds +state +optimizer +momentum +lr +units +activation +dropout$/);
  expect(lines.at(-1)).toContain("pruned");
  // Nothing was tried twice.
  expect(readFileSync(file, "utf8").match(/"params"/g)!.length).toBe(12);
  expect(existsSync(`${file}.lock`)).toBe(false);
  rmSync(folder, { recursive: true });
});

test("a small GPT learns a verse by heart and goes on from its beginning", async () => {
  const verse = "Rough winds do shake the darling buds of May,\n".repeat(6);
  const { print, lines } = paper();
  const { loss, written } = await text({
    text: verse,
    steps: 120,
    context: 32,
    features: 32,
    temperature: 0,
    length: 60,
    prompt: "Rough winds do sha",
    print,
  });
  expect(loss).toBeLessThan(0.5);
  expect(written).toBe(verse.slice(0, 78));
  expect(lines[0]).toMatch(/^276 characters, \d+ different ones$/);
  expect(lines.filter((line) => line.startsWith("step ")).length).toBe(10);
  await expect(text({ text: "abc".repeat(40), steps: 1, context: 8, features: 8, prompt: "x", print })).rejects.toThrow(
    /"x" is not in the vocabulary/,
  );
});
