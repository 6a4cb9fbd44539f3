/** Distributions of whole numbers: how often something happens. Results are floats unless a dtype is asked for, as in PyTorch. */
import { zerosLike } from "../create.ts";
import { lgamma, where } from "../functions.ts";
import { loop } from "../loop.ts";
import type { Tensor } from "../tensor.ts";
import { noGrad } from "../autodiff.ts";
import { firstTaken } from "./rejection.ts";
import { asked, keyOf, split, spread, uniformLike, type DrawOptions, type Parameter } from "./parameters.ts";

/** From this mean on numbers come by rejection, below by going through the distribution function. */
const MANY = 10;
/** With a mean below `MANY` larger numbers come less than once in 10¹⁵ draws. */
const STEPS = 48;
/** Every try is taken with a probability above 80 %: all fail once in 10¹¹ draws. */
const TRIES = 16;

/** x·ln(x / m) + m − x without cancellation (Loader, "Fast and accurate computation of binomial probabilities", 2000). */
function deviance(x: Tensor, m: Tensor): Tensor {
  const d = x.sub(m).div(m);
  const series = d.square().mul(
    d
      .mul(d.mul(d.mul(d.mul(-1 / 30).add(1 / 20)).add(-1 / 12)).add(1 / 6))
      .mul(-1)
      .add(0.5),
  );
  const direct = d
    .add(1)
    .mul(d.clamp(-1 + 2 ** -24).log1p())
    .sub(d);
  return m.mul(where(d.abs().lt(0.1), series, direct));
}

/** What Stirling's formula for ln x! leaves out. */
function stirlingError(x: Tensor): Tensor {
  const large = x.clamp(8);
  const series = large
    .square()
    .recip()
    .mul(1 / 1260)
    .sub(1 / 360)
    .div(large.square())
    .add(1 / 12)
    .div(large);
  const low = x.clamp(1, 8);
  const exact = lgamma(low.add(1))
    .sub(low.add(0.5).mul(low.log()))
    .add(low)
    .sub(Math.log(2 * Math.PI) / 2);
  return where(x.lt(8), exact, series);
}

/** The number at which the running sum of probabilities passes a uniform number. */
function byInversion(atZero: Tensor, next: (p: Tensor, k: Tensor) => Tensor, from: Tensor): Tensor {
  const u = uniformLike(atZero, from);
  const start = [atZero, atZero, zerosLike(atZero)];
  const { state } = loop(STEPS, start, [], ([p, sum, count], turn) => {
    const following = next(p!, turn.squeeze(0).cast(p!.dtype));
    const beyond = u.ge(sum!).cast(p!.dtype);
    return { state: [following, sum!.add(following), count!.add(beyond)], outputs: [] };
  });
  return state[2]!;
}

/**
 * Transformed rejection (Hörmann, "The transformed rejection method for generating Poisson random variables" and "The generation
 * of binomial random variates", 1993): candidates from a curve that lies closely over the distribution.
 */
function byRejection(
  curve: {
    readonly a: Tensor;
    readonly b: Tensor;
    readonly centre: Tensor;
    readonly sure: Tensor;
    readonly level: Tensor;
  },
  logProbability: (k: Tensor) => Tensor,
  inside: (k: Tensor) => Tensor,
  from: Tensor,
): Tensor {
  const { a, b, centre, sure, level } = curve;
  return firstTaken(TRIES, centre, from, (first, second) => {
    const u = uniformLike(a, first).sub(0.5 - 2 ** -25);
    const v = uniformLike(a, second).add(2 ** -25);
    const room = u
      .abs()
      .neg()
      .add(0.5)
      .clamp(2 ** -25);
    const k = a.mul(2).div(room).add(b).mul(u).add(centre).floor();
    const possible = inside(k);
    const value = where(possible, k, centre.floor());
    const height = v.mul(level).div(a.div(room.square()).add(b)).log();
    const under = height.le(logProbability(value));
    const quickly = room.ge(0.07).logicalAnd(v.le(sure));
    const never = room.lt(0.013).logicalAnd(v.gt(room));
    return {
      value,
      taken: possible.logicalAnd(quickly.logicalOr(under.logicalAnd(never.logicalNot()))),
    };
  });
}

function poissonOf(rate: Tensor, from: Tensor): Tensor {
  const [first, second] = split(from) as [Tensor, Tensor];
  const few = rate.lt(MANY);
  const low = where(few, rate, 1);
  const small = byInversion(low.neg().exp(), (p, k) => p.mul(low).div(k.add(1)), first);
  const m = where(few, MANY, rate);
  const b = m.sqrt().mul(2.53).add(0.931);
  const a = b.mul(0.02483).sub(0.059);
  const curve = {
    a,
    b,
    centre: m.add(0.43),
    sure: b.sub(2).recip().mul(-3.6224).add(0.9277),
    level: b.sub(3.4).recip().mul(1.1328).add(1.1239),
  };
  const logProbability = (k: Tensor): Tensor => {
    const x = k.clamp(1);
    const usual = deviance(x, m)
      .add(stirlingError(x))
      .add(
        x
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      )
      .neg();
    return where(k.eq(0), m.neg(), usual);
  };
  const large = byRejection(curve, logProbability, (k) => k.ge(0), second);
  return where(rate.ge(0), where(few, small, large), NaN);
}

/** How often something happens that happens `rate` times on average. No gradient flows. Rates below 0 give NaN. */
export function poisson(rate: Parameter, options: DrawOptions = {}): Tensor {
  const [m] = spread("poisson", [rate], options) as [Tensor];
  const from = keyOf(options);
  return asked(
    noGrad(() => poissonOf(m, from)),
    options,
  );
}

function binomialOf(n: Tensor, probability: Tensor, from: Tensor): Tensor {
  const [first, second] = split(from) as [Tensor, Tensor];
  // The rarer of the two outcomes is counted.
  const turned = probability.gt(0.5);
  const p = where(turned, probability.neg().add(1), probability);
  const mean = n.mul(p);
  const few = mean.lt(MANY);
  const q = p.neg().add(1);
  const odds = p.div(q);
  const none = where(few, n, 0).mul(p.neg().log1p()).exp();
  const small = byInversion(none, (now, k) => now.mul(n.sub(k).clamp(0).div(k.add(1))).mul(odds), first).minimum(n);
  const [count, chance] = [where(few, 4 * MANY, n), where(few, 0.5, p)];
  const expected = count.mul(chance);
  const rest = count.sub(expected);
  const deviation = rest.mul(chance).sqrt();
  const b = deviation.mul(2.53).add(1.15);
  const a = b.mul(0.0248).add(chance.mul(0.01)).sub(0.0873);
  const logProbability = (k: Tensor): Tensor => {
    const [x, y] = [k.clamp(1), count.sub(k).clamp(1)] as [Tensor, Tensor];
    const usual = stirlingError(count)
      .sub(stirlingError(x))
      .sub(stirlingError(y))
      .sub(deviance(x, expected))
      .sub(deviance(y, rest))
      .add(
        count
          .div(x)
          .div(y)
          .div(2 * Math.PI)
          .log()
          .mul(0.5),
      );
    const atZero = count.mul(chance.neg().log1p());
    return where(k.eq(0), atZero, where(k.eq(count), count.mul(chance.log()), usual));
  };
  const mode = count.add(1).mul(chance).floor();
  const curve = {
    a,
    b,
    centre: expected.add(0.5),
    sure: b.recip().mul(-4.2).add(0.92),
    level: b.recip().mul(5.1).add(2.83).mul(deviation),
  };
  const atMode = logProbability(mode);
  const large = byRejection(
    curve,
    (k) => logProbability(k).sub(atMode),
    (k) => k.ge(0).logicalAnd(k.le(count)),
    second,
  );
  const counted = where(few, small, large);
  const valid = n.ge(0).logicalAnd(probability.ge(0)).logicalAnd(probability.le(1));
  return where(valid, where(turned, n.sub(counted), counted), NaN);
}

/** How many of `count` tries succeed, each with a given probability. No gradient flows. Impossible parameters give NaN. */
export function binomial(count: Parameter, probability: Parameter, options: DrawOptions = {}): Tensor {
  const [n, p] = spread("binomial", [count, probability], options) as [Tensor, Tensor];
  const from = keyOf(options);
  return asked(
    noGrad(() => binomialOf(n, p, from)),
    options,
  );
}

/** True with the given probability; bool unless a dtype is asked for. */
export function bernoulli(probability: Parameter, options: DrawOptions = {}): Tensor {
  const [p] = spread("bernoulli", [probability], options) as [Tensor];
  return uniformLike(p, keyOf(options))
    .lt(p.detach())
    .cast(options.dtype ?? "bool");
}

/** How many tries fail before one succeeds. No gradient flows. */
export function geometric(probability: Parameter, options: DrawOptions = {}): Tensor {
  const [p] = spread("geometric", [probability], options) as [Tensor];
  const u = uniformLike(p, keyOf(options)).neg().log1p();
  return asked(u.div(p.detach().neg().log1p()).floor(), options);
}
