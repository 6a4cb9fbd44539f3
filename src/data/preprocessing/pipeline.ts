import { ArgumentError } from "../../core/errors.ts";
import type { Json } from "../../formats/json.ts";
import type { AnyTransformer, Transformer } from "./transformer.ts";

/**
 * Transformers one after the other: each learns from what those before it make of the training data.
 *
 * @example
 * const prepare = new preprocessing.Pipeline([new preprocessing.Imputer(), new preprocessing.StandardScaler()]);
 * const train = prepare.fitTransform(rows); // number[][]
 */
export class Pipeline<In, Out = In> implements Transformer<In, Out> {
  readonly takes: "numbers" | "categories";
  readonly #steps: readonly Transformer<unknown, unknown>[];

  /** @throws ArgumentError for no steps. */
  constructor(steps: readonly AnyTransformer[]) {
    if (steps.length === 0) throw new ArgumentError("Pipeline: there is no step; give at least one");
    this.#steps = steps as readonly Transformer<unknown, unknown>[];
    this.takes = steps[0]!.takes;
  }

  fit(data: In): this {
    let changed: unknown = data;
    for (const [at, step] of this.#steps.entries())
      if (at === this.#steps.length - 1) step.fit(changed);
      else changed = step.fitTransform(changed);
    return this;
  }

  transform(data: In): Out {
    return this.#steps.reduce((changed: unknown, step) => step.transform(changed), data) as Out;
  }

  inverse(data: Out): In {
    return this.#steps.reduceRight((changed: unknown, step) => step.inverse(changed), data) as In;
  }

  fitTransform(data: In): Out {
    return this.#steps.reduce((changed: unknown, step) => step.fitTransform(changed), data) as Out;
  }

  toJSON(): Json {
    return { type: "Pipeline", options: { steps: this.#steps.map((step) => step.toJSON()) }, state: null };
  }
}
