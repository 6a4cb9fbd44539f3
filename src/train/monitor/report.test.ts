import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callbacks, drawnDigits, fit, losses, manualSeed, nn, optim, tensor, type Tensor } from "../../index.ts";
import type { TracedStep } from "../callback.ts";
import { reportPage } from "../reports/page.ts";
import { histogramsOf, layersOf } from "../reports/curves.ts";
import { KINDS, looksInto, type Look } from "./looks.ts";
import { judge, templatesOf } from "./report.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myelin-report-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function digits(count: number, seed: number): [Tensor, Tensor] {
  const { images, labels } = drawnDigits({ count, seed });
  const pixels = Float32Array.from(images, (value) => value / 255);
  return [tensor(pixels, [count, 784]), tensor(Int32Array.from(labels))];
}

const network = (): nn.Module & { forward(x: Tensor): Tensor } =>
  nn.sequential(new nn.Linear(784, 16), new nn.ReLU(), new nn.Linear(16, 10));

/** Trains and looks into every fourth step; also what was there to see, as it was. */
async function trained(path: string) {
  manualSeed(0);
  const model = network();
  const [inputs, labels] = digits(60, 2);
  const looks: { step: number; look: Look }[] = [];
  const into = looksInto({ kinds: KINDS, histograms: ["weights", "activations"], spread: ["activations"] });
  const direct: { activation: Float32Array; gradient: Float32Array }[] = [];
  const history = await fit(model, digits(160, 1), {
    optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
    loss: losses.crossEntropy,
    metrics: ["accuracy"],
    epochs: 3,
    batchSize: 16,
    validation: [inputs, labels],
    display: false,
    callbacks: [
      callbacks.report(path, {
        title: "<b>Digits</b>",
        config: { lr: 0.01, note: "<script>" },
        lookEvery: 4,
        examples: { inputs, labels, picture: { shape: [28, 28] }, shown: 5 },
      }),
      {
        name: "looking",
        watch: {
          every: 10,
          trace: (step: TracedStep) => ({
            ...into.trace(step),
            "direct activation": step.activations.get("1")!,
            "direct gradient": [...step.model.namedParameters().values()][0]!.grad as Tensor,
          }),
          async see(values, { totalSteps }) {
            const { "direct activation": activation, "direct gradient": gradient, ...measured } = values;
            looks.push({ step: totalSteps, look: await into.read(measured) });
            direct.push({
              activation: (await activation!.data()) as Float32Array,
              gradient: (await gradient!.data()) as Float32Array,
            });
          },
        },
      },
    ],
  });
  return { model, history, looks, direct, inputs, labels };
}

let run: Awaited<ReturnType<typeof trained>>;
let page: string;
beforeAll(async () => {
  run = await trained(join(folder, "run.html"));
  page = readFileSync(join(folder, "run.html"), "utf8");
}, 60_000);

describe("callbacks.report", () => {
  test("writes one page of everything, that asks for nothing from elsewhere and runs nothing", () => {
    for (const heading of ["Training", "Confusion", "Mistakes", "Layers", "Weights", "Templates", "Model", "Choices"])
      expect(page).toContain(`>${heading}</h2>`);
    expect(/<script|<link|@import|url\(|src="(?!data:image\/png;base64,)|<[^>]* on\w+=/.test(page)).toBe(false);
    expect(page).not.toContain("<b>Digits");
    expect(page).toContain("&lt;b&gt;Digits");
    expect(page).toContain("Linear(784, 16)");
    expect(page).toMatch(/<html lang="en">/);
    // Every picture says what it shows.
    for (const [image] of page.matchAll(/<img [^>]*>/g)) expect(image).toMatch(/alt="[^"]+"/);
    for (const [svg] of page.matchAll(/<svg [^>]*>/g)) expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
  });

  test("[AH34] the confusion matrix counts every example once", async () => {
    const { confusion, mistaken, mistakes, classes } = await judge(run.model, {
      inputs: run.inputs,
      labels: run.labels,
      picture: { shape: [28, 28] },
    });
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect(sum(confusion.map(sum))).toBe(60);
    const right = sum(confusion.map((row, i) => row[i]!));
    expect(mistaken).toBe(60 - right);
    expect(right / 60).toBeCloseTo(run.history.val_accuracy!.at(-1)!, 6);
    const shown = Array.from(
      page.matchAll(/<title>(\d) → (\d): (\d+)<\/title>/g),
      ([, i, j, count]) => [Number(i), Number(j), Number(count)] as const,
    );
    expect(sum(shown.map(([, , count]) => count))).toBe(60);
    for (const [i, j, count] of shown) expect(count).toBe(confusion[i]![j]);
    // Mistakes are mistakes, the surest first.
    const [labels, outputs] = [run.labels.dataSync(), run.model.forward(run.inputs).argmax(-1).dataSync()];
    for (const { index, label, guess } of mistakes) {
      expect([label, guess]).toEqual([classes[labels[index]!], classes[outputs[index]!]]);
      expect(label).not.toBe(guess);
    }
    const sure = mistakes.map(({ probability }) => probability!);
    expect([...sure].sort((a, b) => b - a)).toEqual(sure);
    expect(page.match(/taken for/g)!.length).toBeGreaterThanOrEqual(Math.min(5, mistaken));
  });

  test("[AH3] templates: the weights of each unit of the first layer as a picture of 28 by 28", async () => {
    const wide = nn.sequential(new nn.Linear(784, 10));
    const templates = await templatesOf(wide, { shape: [28, 28] });
    expect(templates).toHaveLength(10);
    const weights = wide.parameters()[0]!.dataSync();
    for (const [unit, { image }] of templates.entries()) {
      const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([28, 28]);
      const row = weights.slice(unit * 784, (unit + 1) * 784);
      const brightest = Array.from({ length: 784 }, (_, at) => data[at * info.channels]!).indexOf(255);
      expect(row[brightest]).toBeCloseTo(Math.max(...row), 2);
    }
  });

  test("[AH8] histograms of weights: their counts sum to the number of weights", () => {
    expect(run.looks.map(({ step }) => step)).toEqual([10, 20, 30]);
    for (const { look } of run.looks)
      for (const [path, parameter] of run.model.namedParameters()) {
        const { histogram } = look.weights.get(path)!;
        expect(histogram!.counts.reduce((a, b) => a + b)).toBe(parameter.size);
      }
    expect(histogramsOf(run.looks, "weights")).toHaveLength(4);
  });

  test("[AH9] histograms of activations, and the share of zeros, equal direct counts", () => {
    for (const [at, { look }] of run.looks.entries()) {
      const { activation } = run.direct[at]!;
      const { spread, histogram } = look.activations.get("1")!;
      const { zeros, size } = spread!;
      expect(zeros).toBe(activation.filter((value) => value === 0).length);
      expect([size, histogram!.count]).toEqual([activation.length, activation.length]);
      expect([histogram!.min, histogram!.max]).toEqual([Math.min(...activation), Math.max(...activation)]);
    }
  });

  test("[AH10] norms of gradients equal direct ones, and each layer has a line", () => {
    for (const [at, { look }] of run.looks.entries()) {
      const norm = Math.sqrt(run.direct[at]!.gradient.reduce((sum, value) => sum + value * value, 0));
      expect(look.gradients.get("0.weight")!.norm / norm).toBeCloseTo(1, 5);
    }
    const [gradients] = layersOf(run.looks);
    expect(gradients!.match(/<polyline/g)).toHaveLength(4);
    for (const path of run.model.namedParameters().keys()) expect(gradients).toContain(`>${path}<`);
  });

  test("[AH11] means and variances of layers equal direct ones", () => {
    for (const [at, { look }] of run.looks.entries()) {
      const values = Float64Array.from(run.direct[at]!.activation);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      const seen = look.activations.get("1")!.spread!;
      expect(seen.mean / mean).toBeCloseTo(1, 5);
      expect(seen.variance / variance).toBeCloseTo(1, 5);
    }
  });

  test("a run that fails has a page that says why", async () => {
    const model = network();
    const path = join(folder, "failed.html");
    const failing = {
      name: "failing",
      beginEpoch: ({ epoch }: { epoch: number }): void => {
        if (epoch === 2) throw new Error("the cat <sat> on the keyboard");
      },
    };
    const training = fit(model, digits(16, 1), {
      optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
      loss: losses.crossEntropy,
      epochs: 3,
      display: false,
      callbacks: [callbacks.report(path), failing],
    });
    await expect(training).rejects.toThrow("keyboard");
    const text = readFileSync(path, "utf8");
    expect(text).toContain("the cat &lt;sat&gt; on the keyboard");
    expect(text).toContain("1 epochs in numbers");
  });

  test("a page of nothing is a page", () => {
    expect(reportPage({ title: "empty", epochs: [] })).toContain("<h1>empty</h1>");
  });
});

const browser = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
describe.skipIf(!existsSync(browser))("the page in a browser (needs Chromium, named in CHROMIUM)", () => {
  test("is shown whole, in light and dark, with no request but for itself and no error", async () => {
    const chrome = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
    try {
      for (const colorScheme of ["light", "dark"] as const) {
        const tab = await chrome.newPage({ viewport: { width: 900, height: 700 }, colorScheme });
        const [requests, errors]: string[][] = [[], []];
        tab.on("request", (request) => requests!.push(request.url().slice(0, 5)));
        tab.on("pageerror", (error) => errors!.push(error.message));
        await tab.goto(`file://${join(folder, "run.html")}`);
        expect(requests!.filter((url) => url !== "file:" && url !== "data:")).toEqual([]);
        expect(errors).toEqual([]);
        // Nothing is wider than the page, and ink is not the colour of paper.
        const [wide, ink, paper, pictures] = await tab.evaluate(() => [
          document.documentElement.scrollWidth,
          getComputedStyle(document.body).color,
          getComputedStyle(document.body).backgroundColor,
          [...document.images].every((image) => image.naturalWidth === 28),
        ]);
        expect(wide).toBeLessThanOrEqual(900);
        expect([ink, paper]).toEqual(
          colorScheme === "light"
            ? ["rgb(28, 36, 48)", "rgb(246, 247, 249)"]
            : ["rgb(230, 233, 238)", "rgb(18, 22, 28)"],
        );
        expect(pictures).toBe(true);
        await tab.close();
      }
    } finally {
      await chrome.close();
    }
  });
});
