import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HostRandom } from "../../core/random.ts";
import { callbacks, fit, linalg, losses, manualSeed, nn, optim, production, randn, tensor } from "../../index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myelin-production-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Weights of a least-squares fit; the first is that of 1. */
function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const matrix = tensor(Float64Array.from(rows.flatMap((row) => [1, ...row])), [rows.length, rows[0]!.length + 1]);
  return Array.from(linalg.lstsq(matrix, tensor(Float64Array.from(targets), [targets.length, 1])).solution.dataSync());
}
const at = (weights: readonly number[], row: readonly number[]): number =>
  row.reduce((sum, value, i) => sum + value * weights[i + 1]!, weights[0]!);

describe("callbacks.runFolder", () => {
  const train = async (place: string, epochs: number): Promise<void> => {
    manualSeed(1);
    const model = new nn.Linear(2, 1);
    const x = randn([8, 2]);
    await fit(model, [x, x.sum(1, true)], {
      optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
      loss: losses.mse,
      epochs,
      validation: [x, x.sum(1, true)],
      display: false,
      callbacks: [callbacks.runFolder(place, { project: "demand", config: { lr: 0.1, layers: [2, 1] } })],
    });
  };

  test("[AC2] a run's folder holds its config as JSON, and a record for each epoch", async () => {
    const place = join(folder, "runs", "first");
    await train(place, 3);
    expect(readdirSync(place)).toEqual(["config.json", "epochs.jsonl"]);
    expect(JSON.parse(readFileSync(join(place, "config.json"), "utf8"))).toEqual({
      project: "demand",
      config: { lr: 0.1, layers: [2, 1] },
    });
    const records = readFileSync(join(place, "epochs.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const record of records) {
      for (const key of ["train_loss", "val_loss"]) expect(record[key]).toEqual(expect.any(Number));
      expect(record["learning_rate"]).toBe(0.1);
      expect(record["time"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    }
    // Going on appends.
    await train(place, 1);
    expect(readFileSync(join(place, "epochs.jsonl"), "utf8").trim().split("\n")).toHaveLength(4);
  });

  test("a config that is no JSON is refused", () => {
    expect(() => callbacks.runFolder(folder, { project: "x", config: { big: 1n } })).toThrow(
      /runFolder: config must be plain JSON/,
    );
  });
});

describe("AbTest", () => {
  const models = { v1: (x: number) => x, v2: (x: number) => 2 * x };
  const make = (seed = 0) => new production.AbTest(models, { shares: { v1: 0.9, v2: 0.1 }, seed });

  test("[AC4] one request in ten goes to v2, and says so; a user stays with a version", () => {
    const router = make();
    for (let request = 0; request < 10_000; request++) {
      const { output, version } = router.run(request, (model) => model(1));
      expect(output).toBe(version === "v1" ? 1 : 2);
    }
    expect(router.counts.v2 / 10_000).toBeGreaterThan(0.09);
    expect(router.counts.v2 / 10_000).toBeLessThan(0.11);
    expect(router.counts.v1 + router.counts.v2).toBe(10_000);
    const users = Array.from({ length: 2000 }, (_, i) => `user ${i}`);
    const chosen = users.map((user) => make().choose(user));
    const again = make();
    const backwards = [...users].reverse().map((user) => again.choose(user));
    expect(backwards.reverse()).toEqual(chosen);
    expect(chosen.filter((version) => version === "v2").length / 2000).toBeCloseTo(0.1, 1);
    // Another seed is another test, with other users.
    expect(users.map((user) => make(1).choose(user))).not.toEqual(chosen);
  });

  test("shares must be those of the versions, and sum to 1", () => {
    for (const shares of [{ v1: 0.9, v2: 0.2 }, { v1: 1.5, v2: -0.5 }, { v1: 1 }, { v1: 0.5, v2: 0.5, v3: 0 }])
      expect(() => new production.AbTest(models, { shares: shares as never })).toThrow(/sum to 1/);
  });
});

describe("predictCsv", () => {
  const csv = (): string => {
    const path = join(folder, "shop.csv");
    const rows = Array.from({ length: 40 }, (_, i) => [
      i % 7,
      (i * 3) % 11,
      2 * (i % 7) - ((i * 3) % 11) + 1 + Math.sin(i) / 10,
    ]);
    writeFileSync(path, `day,price,demand\n${rows.map((row) => row.join(",")).join("\n")}\n`);
    return path;
  };
  const model = (): nn.Linear => {
    const layer = new nn.Linear(2, 1);
    layer.weight.assign(tensor([[2, -1]]));
    layer.bias!.assign(tensor([1]));
    return layer;
  };

  test("[AC5] one call reads a CSV file, predicts, and writes predictions and a report", async () => {
    const [report, predictions] = [join(folder, "report.html"), join(folder, "predictions.csv")];
    const options = { features: ["day", "price"], target: "demand", report, predictions, batch: 16 };
    const { predictions: made, errors } = await production.predictCsv(csv(), model(), options);
    expect(made).toHaveLength(40);
    expect(made[1]).toBeCloseTo(2 * 1 - 3 + 1, 5);
    const distances = Array.from({ length: 40 }, (_, i) => Math.abs(Math.sin(i) / 10));
    expect(errors!.mae).toBeCloseTo(distances.reduce((a, b) => a + b) / 40, 5);
    expect(errors!.rmse).toBeCloseTo(Math.sqrt(distances.reduce((a, b) => a + b * b, 0) / 40), 5);
    expect(readFileSync(predictions, "utf8").trim().split("\n")).toHaveLength(41);
    const page = readFileSync(report, "utf8");
    expect(page.match(/<circle/g)).toHaveLength(40);
    expect(page).toContain("shop.csv");
    expect(page).toContain("rmse");
  });

  test("without a target there are no errors; what does not fit is refused", async () => {
    const made = await production.predictCsv(csv(), model(), { features: ["price", "day"] });
    expect(made.errors).toBeUndefined();
    expect(made.predictions[1]).toBeCloseTo(2 * 3 - 1 + 1, 5);
    const wide = new nn.Linear(2, 3);
    await expect(production.predictCsv(csv(), wide, { features: ["day", "price"] })).rejects.toThrow(
      /one number for each row/,
    );
    await expect(production.predictCsv(csv(), model(), { features: ["day", "cost"] })).rejects.toThrow(/cost/);
  });
});

describe("retraining", () => {
  test("[AC11] where the world drifts, training daily beats weekly beats monthly", async () => {
    const random = new HostRandom(5);
    const noise = Array.from({ length: 400 }, () => random.normal());
    // What a customer buys changes slowly: the slope of demand over price.
    const price = (day: number): number => 5 + 3 * Math.sin(day * 1.7);
    const demand = (day: number): number => 50 + (2 + day / 40) * price(day) + noise[day]! / 2;
    const rows = await production.retrainingTable({
      days: 300,
      warmup: 60,
      intervals: [1, 7, 30],
      train: (day) => {
        const days = Array.from({ length: 28 }, (_, i) => day - 28 + i);
        return leastSquares(
          days.map((d) => [price(d)]),
          days.map(demand),
        );
      },
      predict: (weights, day) => at(weights, [price(day)]),
      actual: demand,
    });
    expect(rows.map(({ interval, trainings }) => [interval, trainings])).toEqual([
      [1, 300],
      [7, 43],
      [30, 10],
    ]);
    const [daily, weekly, monthly] = rows.map(({ error }) => error) as [number, number, number];
    expect(daily).toBeLessThan(weekly);
    expect(weekly).toBeLessThan(monthly);
    await expect(
      production.retrainingTable({
        days: 1,
        warmup: 0,
        intervals: [0],
        train: () => 0,
        predict: () => 0,
        actual: () => 0,
      }),
    ).rejects.toThrow(/whole numbers/);
  });

  test("[AC10] a flag for promotions keeps a viral spike out of the other days", () => {
    const random = new HostRandom(7);
    const days = Array.from({ length: 120 }, (_, day) => ({
      weekday: day % 7,
      viral: day >= 50 && day < 55,
      noise: random.normal(),
    }));
    const usual = ({ weekday }: { weekday: number }): number => 100 + 5 * weekday;
    const demand = days.map((day) => usual(day) + (day.viral ? 400 : 0) + day.noise);
    const plain = (day: (typeof days)[number]): number[] => [day.weekday];
    const flagged = (day: (typeof days)[number]): number[] => [day.weekday, Number(day.viral)];
    const errors = [plain, flagged].map((features) => {
      const weights = leastSquares(days.slice(0, 90).map(features), demand.slice(0, 90));
      const later = days.slice(90);
      return (
        later.reduce((sum, day, i) => sum + Math.abs(at(weights, features(day)) - demand[90 + i]!), 0) / later.length
      );
    }) as [number, number];
    expect(errors[0]).toBeGreaterThan(15);
    expect(errors[1]).toBeLessThan(2);
  });
});
