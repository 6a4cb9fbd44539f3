import { ArgumentError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";

/**
 * Sends shares of the traffic to versions of a model. The choice for a key (a user's name, a request's number) depends on the seed and the
 * key alone: the same user meets the same version, in every process.
 * @example
 * const test = new AbTest({ v1: old, v2: candidate }, { shares: { v1: 0.9, v2: 0.1 } });
 * const { output, version } = test.run(userId, (model) => model.forward(x));
 */
export class AbTest<M, V extends string> {
  /** How often each version was chosen. */
  readonly counts: Record<V, number>;
  readonly #models: Readonly<Record<V, M>>;
  readonly #versions: readonly V[];
  readonly #limits: readonly number[];
  readonly #seed: number;

  /** @throws ArgumentError where shares are not those of the versions, are below 0, or do not sum to 1. */
  constructor(
    models: Readonly<Record<V, M>>,
    { shares, seed = 0 }: { readonly shares: Readonly<Record<V, number>>; readonly seed?: number },
  ) {
    this.#models = models;
    this.#versions = Object.keys(models) as V[];
    const given = this.#versions.map((version) => shares[version]);
    const sum = given.reduce((a, b) => a + b, 0);
    if (
      given.some((share) => !(share >= 0)) ||
      Object.keys(shares).length !== given.length ||
      !(Math.abs(sum - 1) < 1e-9)
    )
      throw new ArgumentError(
        `AbTest: a share for each of ${this.#versions.join(", ")} was wanted, which sum to 1; got ${JSON.stringify(shares)}`,
      );
    let limit = 0;
    this.#limits = given.map((share) => (limit += share));
    this.#seed = seed;
    this.counts = Object.fromEntries(this.#versions.map((version) => [version, 0])) as Record<V, number>;
  }

  /** The version for a key. */
  choose(key: string | number): V {
    const at = new HostRandom(this.#seed, typeof key === "number" ? key : hashOf(key)).uniform();
    const index = this.#limits.findIndex((limit) => at < limit);
    const version = this.#versions[index < 0 ? this.#versions.length - 1 : index]!;
    this.counts[version]++;
    return version;
  }

  /** Runs the version for a key, and says which it was. */
  run<R>(key: string | number, use: (model: M, version: V) => R): { readonly output: R; readonly version: V } {
    const version = this.choose(key);
    return { output: use(this.#models[version], version), version };
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
