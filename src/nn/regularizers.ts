/** Penalties on parameters, to be added to a loss. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { eye } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A penalty on one parameter: one number. */
export type Regularizer = (x: Tensor) => Tensor<[]>;

function checkFactor(name: string, factor: number): void {
  if (!(factor >= 0 && factor < Infinity))
    throw new ArgumentError(`regularizers.${name}: the factor must be a number of 0 or more, got ${factor}`);
}

/** factor · Σ|w|, 0.01 by default: drives weights to 0. Keras's L1. */
export function l1(factor: number = 0.01): Regularizer {
  checkFactor("l1", factor);
  return (x) => x.abs().sum().mul(factor) as Tensor<[]>;
}

/** factor · Σw², 0.01 by default; the gradient is 2·factor·w. Keras's L2. */
export function l2(factor: number = 0.01): Regularizer {
  checkFactor("l2", factor);
  return (x) => x.square().sum().mul(factor) as Tensor<[]>;
}

/** The sum of both, 0.01 each by default: elastic net. Keras's L1L2. */
export function l1l2({
  l1: first = 0.01,
  l2: second = 0.01,
}: { readonly l1?: number; readonly l2?: number } = {}): Regularizer {
  const [absolute, squared] = [l1(first), l2(second)];
  return (x) => absolute(x).add(squared(x)) as Tensor<[]>;
}

/**
 * How far rows (or columns) of a matrix are from orthogonal: factor (0.01 by default) times the mean |cosine| of all pairs.
 * Keras's OrthogonalRegularizer. Throws ShapeError for anything but a matrix with two of them.
 */
export function orthogonal({
  factor = 0.01,
  mode = "rows",
}: { readonly factor?: number; readonly mode?: "rows" | "columns" } = {}): Regularizer {
  checkFactor("orthogonal", factor);
  if (mode !== "rows" && mode !== "columns")
    throw new ArgumentError(`regularizers.orthogonal: mode must be "rows" or "columns", got "${mode as string}"`);
  return (x) => {
    const vectors = mode === "rows" || x.rank !== 2 ? x : x.transpose(0, 1);
    const count = vectors.shape[0] ?? 0;
    if (x.rank !== 2 || count < 2)
      throw new ShapeError(`regularizers.orthogonal: needs a matrix with two ${mode} or more, got ${show(x.shape)}`);
    const unit = vectors.mul(vectors.square().sum(-1, true).maximum(1e-12).rsqrt());
    const cosines = unit.matmul(unit.T);
    const others = cosines.mul(eye(count, count, { dtype: x.dtype }).mul(-1).add(1));
    return others
      .abs()
      .sum()
      .mul(factor / (count * (count - 1))) as Tensor<[]>;
  };
}

/**
 * The penalty of several parameters, summed: to be added to the loss before `backward`.
 * @example loss.add(nn.regularizers.penalty([model.fc1.weight, model.fc2.weight], nn.regularizers.l2(1e-4)))
 * @throws ArgumentError for no parameters.
 */
export function penalty(parameters: Iterable<Tensor>, regularizer: Regularizer): Tensor<[]> {
  const [first, ...rest] = [...parameters].map((x) => regularizer(x));
  if (!first) throw new ArgumentError("regularizers.penalty: got no parameters. Give it model.parameters()");
  return rest.reduce((sum, one) => sum.add(one) as Tensor<[]>, first);
}

const NAMES: Readonly<Record<string, () => Regularizer>> = { l1, l2, l1l2, orthogonal };

/** The regularizer that a name stands for ("l1", "l2", "l1_l2", "orthogonal"), with its defaults. Throws ArgumentError for others. */
export function named(name: string): Regularizer {
  const make = NAMES[name.replaceAll("_", "")];
  if (!make)
    throw new ArgumentError(
      `regularizers.named: no "${name}" is known; the names are ${Object.keys(NAMES).join(", ")}`,
    );
  return make();
}
