/** Made-up examples from shops and kitchens. */
import { HostRandom } from "../../core/random.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { dateOf, dateText } from "../../formats/csvDate.ts";
import { ArgumentError } from "../../core/errors.ts";
import { examplesOf, type Examples } from "./points.ts";

/** How many, and which. */
export interface ShopOptions {
  /** 200 by default. */
  readonly count?: number | undefined;
  /** 0 by default. */
  readonly seed?: number | undefined;
}

/**
 * True where coffee is good: not too cool (175 °C), not too short (12 minutes), and below the line on which it burns, from 15 minutes
 * at 175 °C to 12 at 260 °C. A triangle.
 */
export function isGoodRoast(temperature: number, minutes: number): boolean {
  return temperature > 175 && minutes > 12 && minutes < 15 - ((temperature - 175) * 3) / (260 - 175);
}

/** Roasted coffee: x f32 [n, 2] is temperature (150 to 285 °C) and minutes (11.5 to 15.5); y is 1 for good coffee. */
export function coffee({ count = 200, seed = 0 }: ShopOptions = {}): Examples {
  wholeNumber("coffee", "count", count, 0);
  const random = new HostRandom(seed);
  const points = Array.from({ length: count }, () => [
    Math.fround(random.uniform(150, 285)),
    Math.fround(random.uniform(11.5, 15.5)),
  ]);
  return examplesOf(
    points,
    points.map(([temperature, minutes]) => Number(isGoodRoast(temperature!, minutes!))),
    random,
  );
}

/** A t-shirt that is for sale. */
export interface Shirt {
  /** In dollars, 5 to 60. */
  readonly price: number;
  /** In dollars, 0 to 15. */
  readonly shipping: number;
  /** Spent on advertising, in thousands of dollars, 0 to 100. */
  readonly marketing: number;
  /** From 0 to 1. */
  readonly quality: number;
}

/**
 * True for a top seller, by the rule that is planted in the data: at least two of affordable (price and shipping up to $35), known
 * (marketing of 40 and more) and of good quality in buyers' eyes (0.6 and more, to which a high price adds up to 0.2).
 */
export function isTopSeller({ price, shipping, marketing, quality }: Shirt): boolean {
  const affordable = price + shipping <= 35;
  const known = marketing >= 40;
  const good = quality + 0.2 * Math.min(1, price / 60) >= 0.6;
  return Number(affordable) + Number(known) + Number(good) >= 2;
}

/** T-shirts: x f32 [n, 4] is price, shipping, marketing and quality (see {@link Shirt}); y is 1 for top sellers. */
export function shirts({ count = 200, seed = 0 }: ShopOptions = {}): Examples {
  wholeNumber("shirts", "count", count, 0);
  const random = new HostRandom(seed);
  const points = Array.from({ length: count }, () =>
    [random.uniform(5, 60), random.uniform(0, 15), random.uniform(0, 100), random.uniform()].map(Math.fround),
  );
  const labels = points.map(([price, shipping, marketing, quality]) =>
    Number(isTopSeller({ price: price!, shipping: shipping!, marketing: marketing!, quality: quality! })),
  );
  return examplesOf(points, labels, random);
}

/** Columns of a table of sales, a row a day. */
export interface DailySales {
  /** `2024-01-01`, one after the other. */
  readonly date: string[];
  /** 1 on days of promotion. */
  readonly promo: number[];
  /** Pieces sold: whole numbers. */
  readonly sales: number[];
}

/** How many days, and of what kind. */
export interface DailySalesOptions {
  /** 365 by default. */
  readonly days?: number | undefined;
  /** The first day, 2023-01-01 by default. */
  readonly start?: string | undefined;
  /** Sales on a usual day, 100 by default. */
  readonly level?: number | undefined;
  /** What each day adds, 0.05 by default. */
  readonly trend?: number | undefined;
  /** Factor on days of promotion, 1.4 by default. */
  readonly lift?: number | undefined;
  /** The share of days with promotion, 0.1 by default. */
  readonly promotions?: number | undefined;
  /** Deviation of normal noise in pieces, 5 by default. */
  readonly noise?: number | undefined;
  /** 0 by default. */
  readonly seed?: number | undefined;
}

/** Factors of Monday to Sunday: a shop that is full on Saturdays. */
const WEEK = [0.85, 0.8, 0.9, 0.95, 1.15, 1.4, 0.95] as const;
const DAY = 86_400_000;

/**
 * Sales of a product day by day: a level with a trend, a week's rhythm, days of promotion, and noise. Columns as `serializeCsv` writes
 * them.
 *
 * @example
 * await writeFile("sales.csv", files.serializeCsv(generators.dailySales({ days: 730 })));
 */
export function dailySales(options: DailySalesOptions = {}): DailySales & Record<string, string[] | number[]> {
  const { days = 365, start = "2023-01-01", level = 100, trend = 0.05, lift = 1.4 } = options;
  const { promotions = 0.1, noise = 5, seed = 0 } = options;
  wholeNumber("dailySales", "days", days, 0);
  const first = dateOf(start);
  if (first === undefined)
    throw new ArgumentError(`dailySales: start must be a day such as 2023-01-01, got ${JSON.stringify(start)}`);
  const random = new HostRandom(seed);
  const table: DailySales = { date: [], promo: [], sales: [] };
  for (let day = 0; day < days; day++) {
    const time = first + day * DAY;
    const promo = Number(random.uniform() < promotions);
    const factor = WEEK[(new Date(time).getUTCDay() + 6) % 7]! * (promo ? lift : 1);
    table.date.push(dateText(time));
    table.promo.push(promo);
    table.sales.push(Math.max(0, Math.round((level + trend * day) * factor + random.normal(0, noise))));
  }
  return { ...table };
}
