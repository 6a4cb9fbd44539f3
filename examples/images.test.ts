import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { main } from "./images.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-images-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("[Y1][Y3] a folder of images becomes a classifier: trained on three sizes with the same weights, each timed, saved, loaded and used", async () => {
  vi.stubEnv("MYELIN_DATA", join(folder, "none"));
  const start = process.cwd();
  // Where no photos are near, so that pictures are drawn.
  process.chdir(folder);
  try {
    const lines: string[] = [];
    const right = await main({ epochs: 6, sizes: [16, 24, 32], drawn: 40 }, (line) => void lines.push(line));
    const text = lines.join("\n");
    expect(text).toMatch(/^images: drawn ones/);
    expect(text).toContain("64 to train on, 16 to test; classes car, lorry, sad, smiling");
    for (const side of [16, 24, 32])
      expect(text).toMatch(new RegExp(`^${side} pixels: \\d+\\.\\d\\d s an epoch$`, "m"));
    expect(text).toMatch(/^epoch 6\/6 {2}32 pixels/m);
    // What was saved does what was trained.
    const shares = [...text.matchAll(/(?:images\.safetensors: |it was )(\d+\.\d) %/g)].map(([, share]) => share);
    expect(shares[0]).toBe(shares[1]);
    expect(right).toBeGreaterThan(0.4);
  } finally {
    process.chdir(start);
    vi.unstubAllEnvs();
  }
});
