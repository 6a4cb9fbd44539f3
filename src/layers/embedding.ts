import { isFloat } from "../core/dtype.ts";
import { Embedding as NnEmbedding } from "../nn/embedding.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { InitializerLike } from "./initializers.ts";
import { initializerOf } from "./initializers.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";

export interface EmbeddingOptions extends LayerOptions {
  /** How many integers there are. */
  readonly inputDim: number;
  /** Features of each. */
  readonly outputDim: number;
  /** "uniform" by default: within ±0.05. */
  readonly embeddingsInitializer?: InitializerLike | undefined;
  readonly embeddingsRegularizer?: RegularizerLike | null | undefined;
  readonly embeddingsConstraint?: ConstraintLike | null | undefined;
  /** Whether 0 stands for steps that are none, which later layers then leave out: false by default. */
  readonly maskZero?: boolean | undefined;
  /** Steps of each example, where that is known: what `inputShape: [inputLength]` says too. */
  readonly inputLength?: number | undefined;
}

/** Weights: embeddings [inputDim, outputDim]. */
export class Embedding extends Layer<EmbeddingOptions> {
  static override readonly className: string = "Embedding";
  table!: NnEmbedding;

  override get batchInputShape(): readonly (number | null)[] | undefined {
    const { inputLength } = this.options;
    return super.batchInputShape ?? (inputLength === undefined ? undefined : [null, inputLength]);
  }

  override build(): void {
    const { inputDim, outputDim, embeddingsInitializer = "uniform" } = this.options;
    const initializer = initializerOf(embeddingsInitializer);
    this.table = new NnEmbedding(inputDim, outputDim, { dtype: this.dtype });
    this.hold("embeddings", this.table.weight, {
      // A linear map of one-hot rows: [in, out], as Keras counts.
      initializer: ([count, features], random) => initializer([features!, count!], random),
      regularizer: this.options.embeddingsRegularizer,
      constraint: this.options.embeddingsConstraint,
    });
  }

  override computeMask(ids: Tensor): Tensor | undefined {
    return this.options.maskZero ? ids.ne(0) : undefined;
  }

  call(ids: Tensor): Tensor {
    return this.table.forward(isFloat(ids.dtype) ? ids.int() : ids);
  }
}

/**
 * A table of vectors, looked up by integers: [n, steps] → [n, steps, outputDim].
 * @example layers.embedding({ inputDim: 1000, outputDim: 64, maskZero: true })
 */
export function embedding(options: EmbeddingOptions): Embedding {
  return new Embedding(options);
}
