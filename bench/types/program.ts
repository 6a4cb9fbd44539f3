/** A program of typed calls, for timing the type checker on it. */

const BLOCKS = 100;
/** Calls in every block. */
const CALLS = 14;

/** How many calls over tensors a program makes. */
export const calls: number = BLOCKS * CALLS;

/**
 * About 2,000 lines that check. Sizes differ from block to block, so that the checker can reuse nothing; a block's body reads
 * the same whether its parameters say their shapes or not.
 */
export function program(typed: boolean): string {
  const blocks = Array.from({ length: BLOCKS }, (_, i) => block(i, typed));
  // Were shapes lost on the way, the program would check much faster, and prove nothing.
  const alive = `
export function wrong(x: Tensor<[2, 3]>): Tensor {
  // @ts-expect-error: inner dimensions differ
  return x.matmul(x);
}
`;
  return `import { nn, type Tensor } from "myelin";\n${blocks.join("")}${typed ? alive : ""}`;
}

function block(index: number, typed: boolean): string {
  const input = 100 + 7 * index,
    hidden = 64 + 3 * index,
    output = 10 + index;
  const tensor = (...sizes: number[]): string => (typed ? `Tensor<[${sizes.join(", ")}]>` : "Tensor");
  const layer = (name: string, ...sizes: number[]): string =>
    typed ? `nn.${name}<${sizes.join(", ")}>` : `nn.${name}`;
  return `
export function block${index}(
  x: ${tensor(32, input)},
  weight: ${tensor(hidden, output)},
  bias: ${tensor(output)},
  dense: ${layer("Linear", input, hidden)},
  norm: ${layer("LayerNorm", hidden)},
): Tensor {
  const first = dense.forward(x);
  const active = first.relu();
  const normal = norm.forward(active);
  const product = normal.matmul(weight);
  const moved = product.add(bias);
  const split = moved.reshape([4, 8, ${output}]);
  const turned = split.transpose(1, 2);
  const summed = turned.sum(2);
  const scaled = summed.mul(bias);
  const column = scaled.unsqueeze(1);
  const joined = column.add(split);
  const flat = joined.reshape([4, ${8 * output}]);
  const odds = flat.softmax(-1);
  return odds.mean();
}
`;
}
