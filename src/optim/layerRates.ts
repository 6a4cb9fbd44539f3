import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Parameter } from "../tensor/parameter.ts";

/** Something with parameters: a layer, a block, or just the parameters. */
type Layer = { parameters(): Iterable<Parameter> } | Iterable<Parameter>;

export interface LayerRateOptions {
  /** The largest rate, 1e-3 by default. */
  readonly lr?: number | undefined;
  /** The rate's factor from layer to layer, 0.9 by default. */
  readonly decay?: number | undefined;
  /**
   * False (the default): the first layer has the largest rate. True: the last one has, so that layers near the input, which
   * know the most general things, change the least. That is what fine-tuning wants.
   */
  readonly reverse?: boolean | undefined;
}

/**
 * Groups of parameters with rates by depth, lr · decay^depth (discriminative rates, Howard and Ruder 2018). Layers without
 * parameters do not count.
 * @example new optim.AdamW(optim.groupsByDepth([model.embed, ...model.blocks, model.head], { lr: 1e-4, reverse: true }))
 * @throws ArgumentError where no layer has parameters.
 */
export function groupsByDepth(
  layers: Iterable<Layer>,
  options: LayerRateOptions = {},
): { readonly params: readonly Parameter[]; readonly lr: number }[] {
  knownOptions("groupsByDepth", options, { lr: true, decay: true, reverse: true });
  const { lr = 1e-3, decay = 0.9, reverse = false } = options;
  const filled = [...layers]
    .map((layer) => [...("parameters" in layer ? layer.parameters() : layer)])
    .filter((params) => params.length > 0);
  if (filled.length === 0) throw new ArgumentError("groupsByDepth: got no layer with parameters");
  return filled.map((params, i) => ({ params, lr: lr * decay ** (reverse ? filled.length - 1 - i : i) }));
}
