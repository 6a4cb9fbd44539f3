/** Low-rank adapters: Hu et al. 2021. A layer's weights stay; what is trained is a small product beside them. */
import { ArgumentError } from "../core/errors.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Dropout } from "./dropout.ts";
import { zeros } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Linear } from "./linear.ts";
import type { Module } from "./module.ts";
import { meant, type PathPattern } from "./paths.ts";
import { loadCells, type StateDict } from "./stateDict.ts";

export interface LoraOptions {
  /** The rank of the product, 8 by default: an adapter of [out, in] has rank · (in + out) weights. */
  readonly rank?: number | undefined;
  /** The product counts alpha / rank, 16 by default. */
  readonly alpha?: number | undefined;
  /** Which linear layers, by path; all by default. */
  readonly match?: PathPattern | readonly PathPattern[] | undefined;
  /** How much of an adapter's input is dropped while training, 0 by default. */
  readonly dropout?: number | undefined;
}

/** What is added to a linear layer's fields. */
interface Adapted {
  lora_A?: Linear;
  lora_B?: Linear;
  lora_dropout?: Dropout;
}

interface Adapter {
  readonly path: string;
  readonly layer: Linear;
  readonly a: Linear;
  readonly b: Linear;
}

/** How the library that most adapters come from names them. */
const PEFT = "base_model.model.";

/**
 * Adds an adapter to linear layers, y = x·Wᵀ + b + (alpha / rank) · x·Aᵀ·Bᵀ, and freezes everything else. B starts at zero, so
 * that the model says what it said before. Optimizers are to be made afterwards, of `lora.parameters()`.
 *
 * The adapters are modules in the layers' fields, `fc1.lora_A` and `fc1.lora_B`; the layers' own names stay as they were.
 * `lora` itself has the state of the adapters only, under the names of Hugging Face's PEFT, for checkpoints and files.
 *
 * @throws ArgumentError when no linear layer is meant, or one has an adapter already.
 * @example
 * const lora = nn.lora.add(model, { rank: 4, match: ["blocks.*.attention", /head$/] });
 * const optimizer = new optim.AdamW(lora.parameters(), { lr: 1e-3 });
 * await saveTensors(lora.stateDict(), "adapter_model.safetensors");
 */
export function add(model: Module, options: LoraOptions = {}): Lora {
  const { rank = 8, alpha = 16, match = [], dropout = 0 } = options;
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new ArgumentError(`lora.add: rank must be a whole number of 1 or more, got ${rank}`);
  if (!Number.isFinite(alpha)) throw new ArgumentError(`lora.add: alpha must be a number, got ${alpha}`);
  const linears = new Map([...model.namedModules()].filter(([, module]) => module instanceof Linear)) as Map<
    string,
    Linear
  >;
  if (linears.size === 0) throw new ArgumentError(`lora.add: ${model} has no linear layers`);
  const patterns = typeof match === "string" || match instanceof RegExp ? [match] : match;
  const chosen = [...meant("lora.add", linears, patterns)];
  const taken = chosen.find(([, layer]) => (layer as Adapted).lora_A);
  if (taken) throw new ArgumentError(`lora.add: ${taken[0]} has an adapter already; remove it first`);
  model.freeze();
  return new Lora(chosen, rank, alpha, dropout);
}

/** The adapters of a model. */
export class Lora {
  readonly rank: number;
  readonly alpha: number;
  readonly #adapters: readonly Adapter[];
  readonly #remove: readonly (() => void)[];
  /** The layers' own weights while the adapters are merged into them. */
  #merged: readonly Tensor[] | undefined;

  constructor(layers: Iterable<readonly [path: string, layer: Linear]>, rank: number, alpha: number, dropout: number) {
    this.rank = rank;
    this.alpha = alpha;
    this.#adapters = Array.from(layers, ([path, layer]) => adapter(path, layer, rank, dropout));
    this.#remove = this.#adapters.map(({ layer, a, b }) =>
      layer.onForward((_, [x], output) => {
        if (this.#merged) return output;
        const input = (layer as Adapted).lora_dropout?.forward(x as Tensor) ?? (x as Tensor);
        const change = b.forward(a.forward(input)) as Tensor;
        return (output as Tensor).add(change.mul(alpha / rank));
      }),
    );
    bumpEpoch();
  }

  /** Paths of the layers that have an adapter. */
  get paths(): readonly string[] {
    return this.#adapters.map(({ path }) => path);
  }

  /** What is to be trained. */
  parameters(): Parameter[] {
    return [...this.#named().values()];
  }

  /** Adds the adapters to the layers' weights: the model says the same, at its old speed. What is trained meanwhile has no effect. */
  merge(): void {
    if (this.#merged) return;
    const { alpha, rank } = this;
    this.#merged = this.#adapters.map(({ layer, a, b }) => {
      const weight = layer.weight;
      const before = weight.detach();
      const product = b.weight.matmul(a.weight);
      layer.weight.assign(before.add(product.detach().mul(alpha / rank)));
      return before;
    });
    bumpEpoch();
  }

  /** Takes `merge` back: the weights are what they were, to the last bit. */
  unmerge(): void {
    this.#merged?.forEach((before, i) => this.#adapters[i]!.layer.weight.assign(before));
    this.#merged = undefined;
    bumpEpoch();
  }

  /** Takes the adapters away: the model is what it was, or, if they are merged now, stays as it is. Parameters stay frozen. */
  remove(): void {
    for (const remove of this.#remove) remove();
    for (const { layer } of this.#adapters) {
      const own = layer as Adapted;
      delete own.lora_A;
      delete own.lora_B;
      delete own.lora_dropout;
    }
    bumpEpoch();
  }

  /** A state dict of the adapters only. */
  stateDict(): Record<string, Tensor> {
    const entries = [...this.#named()].map(([name, { cell }]) => [name, new Tensor(cell.read()).detach()]);
    return Object.fromEntries(entries) as Record<string, Tensor>;
  }

  /**
   * Takes over the adapters that `stateDict` or PEFT gave. Either everything is loaded or, on an error, nothing.
   * @throws FormatError listing missing and unexpected names, ShapeError listing shapes that differ.
   */
  loadStateDict(dict: StateDict): void {
    loadCells("the adapters", new Map([...this.#named()].map(([name, { cell }]) => [cell, [name]])), dict);
  }

  #named(): Map<string, Parameter> {
    return new Map(
      this.#adapters.flatMap(({ path, a, b }): [string, Parameter][] => [
        [`${PEFT}${path}.lora_A.weight`, a.weight as Parameter],
        [`${PEFT}${path}.lora_B.weight`, b.weight as Parameter],
      ]),
    );
  }
}

function adapter(path: string, layer: Linear, rank: number, dropout: number): Adapter {
  const { inFeatures, outFeatures } = layer;
  const { dtype } = layer.weight.cell;
  const a = new Linear(inFeatures, rank, { bias: false, dtype });
  const b = new Linear(rank, outFeatures, { bias: false, dtype });
  b.weight = drawn([outFeatures, rank], zeros, dtype, `${b}.weight`);
  Object.assign(layer, { lora_A: a, lora_B: b, ...(dropout > 0 ? { lora_dropout: new Dropout(dropout) } : {}) });
  return { path, layer, a, b };
}
