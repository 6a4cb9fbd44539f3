/** Connectionist temporal classification: sequences against shorter label sequences, without saying where. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { fill, iota } from "../../graph/ops/leaf.ts";
import { scan } from "../../graph/ops/scan.ts";
import { cast, neg } from "../../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../../tensor/functional/arithmetic.ts";
import { clamp } from "../../tensor/functional/elementary.ts";
import { eq, isInf, logicalAnd, logicalOr, lt, ne, where } from "../../tensor/functional/comparison.ts";
import { takeAlongAxis } from "../../tensor/functional/indexing.ts";
import { concat, narrow, pad, reshape, stack, unsqueeze } from "../../tensor/functional/movement.ts";
import { expandTo, toSingle } from "../../tensor/functional/operands.ts";
import { logsumexp } from "../../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { checkKnown, known } from "./known.ts";
import { checkReduction, reduced, type Reduced, type Reduction, type ReductionOptions } from "./reduction.ts";

export interface CtcOptions<R extends Reduction = Reduction> extends ReductionOptions<R> {
  /** The class that stands for no label, 0 by default. */
  readonly blank?: number | undefined;
  /** Whether losses that are infinite, of inputs too short for their labels, count 0 with no gradient; false by default. */
  readonly zeroInfinity?: boolean | undefined;
}

function check(x: Node, targets: Node, inputLengths: Node, targetLengths: Node, blank: number): void {
  const { shape } = x;
  if (shape.length !== 3)
    throw new ShapeError(`ctc: log-probabilities must be [steps, batch, classes], got ${show(shape)}`);
  const [steps, batch, classes] = shape as [number, number, number];
  if (targets.shape.length !== 2 || targets.shape[0] !== batch)
    throw new ShapeError(`ctc: ${show(shape)} want targets [${batch}, longest], got ${show(targets.shape)}`);
  const lengths = { inputLengths, targetLengths };
  for (const [name, node] of Object.entries({ targets, ...lengths }))
    if (isFloat(node.dtype) || node.dtype === "bool")
      throw new DTypeError(`ctc: ${name} must be integers, got ${node.dtype}. Use ${name}.int()`);
  for (const [name, node] of Object.entries(lengths))
    if (!sameShape(node.shape, [batch]))
      throw new ShapeError(`ctc: ${name} must be [${batch}], one for each example, got ${show(node.shape)}`);
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    throw new ArgumentError(`ctc: blank must be a class from 0 to ${classes - 1}, got ${blank}`);
  checkKnown("ctc", "inputLengths", inputLengths, 0, steps, "They count steps of the input");
  checkKnown("ctc", "targetLengths", targetLengths, 0, targets.shape[1]!, "They count labels of the targets");
  const [names, counts] = [known(targets), known(targetLengths)];
  if (!names || !counts) return;
  const longest = targets.shape[1]!;
  const wrong = names.findIndex(
    (name: number, at: number) =>
      at % longest < counts[Math.floor(at / longest)]! && (name < 0 || name >= classes || name === blank),
  );
  if (wrong >= 0)
    throw new ArgumentError(
      `ctc: targets must be classes from 0 to ${classes - 1} other than blank (${blank}), got ${names[wrong]} at position ${wrong}`,
    );
}

/**
 * −ln of the probability that the input says the labels, summed over all ways to stretch them with repetitions and blanks: the forward
 * algorithm in logarithms, as one loop over the steps (Graves et al. 2006).
 *
 * @param logProbabilities [steps, batch, classes], from `logSoftmax`.
 * @param targets [batch, longest] integers; what is beyond a length does not matter.
 * @param inputLengths [batch]: how many steps of each example count.
 * @param targetLengths [batch]: how many labels.
 * @param options "mean" divides each loss by the number of its labels (at least 1) and then averages, as in PyTorch.
 * @throws ShapeError and DTypeError for what does not fit, ArgumentError for known lengths and labels out of range; in a traced
 * function, where they have no values yet, labels outside the classes count as the nearest one.
 */
export function ctc<const R extends Reduction = "mean">(
  logProbabilities: Tensor,
  targets: Tensor,
  inputLengths: Tensor,
  targetLengths: Tensor,
  options: CtcOptions<R> = {},
): Tensor<Reduced<R, [number]>> {
  const { reduction = "mean", blank = 0, zeroInfinity = false } = options as CtcOptions;
  checkReduction("ctc", reduction);
  check(logProbabilities.node, targets.node, inputLengths.node, targetLengths.node, blank);
  const counts = cast(targetLengths.node, "i32");
  const paths = logPaths(
    toSingle(logProbabilities.node),
    clamp(cast(targets.node, "i32"), 0, logProbabilities.node.shape[2]! - 1),
    inputLengths.node,
    counts,
    blank,
  );
  const losses = zeroInfinity ? where(isInf(paths), 0, neg(paths)) : neg(paths);
  const scaled = reduction === "mean" ? div(losses, cast(maximum(counts, 1), losses.dtype)) : losses;
  return fromNode(reduced("ctc", scaled, options));
}

/** ln of the probability of all paths, [batch]. */
function logPaths(x: Node, targets: Node, inputLengths: Node, counts: Node, blank: number): Node {
  const [steps, batch] = x.shape as [number, number];
  const labels = targets.shape[1]!;
  const states = 2 * labels + 1;
  // Labels with blanks around them: ␣ a ␣ b ␣.
  const names = narrow(
    reshape(
      stack(
        [
          fill([batch, labels + 1], blank, "i32"),
          pad(
            targets,
            [
              [0, 0],
              [0, 1],
            ],
            blank,
          ),
        ],
        -1,
      ),
      [batch, states + 1],
    ),
    1,
    0,
    states,
  );
  const scores = takeAlongAxis(x, expandTo(unsqueeze(names, 0), [steps, batch, states]), 2);
  // A label may follow the one before it without a blank between them, unless both are the same.
  const before = narrow(
    pad(
      names,
      [
        [0, 0],
        [2, 0],
      ],
      blank,
    ),
    1,
    0,
    states,
  );
  const jumps = logicalAnd(ne(names, blank), ne(names, before));
  const never = (count: number): Node => fill([batch, count], -Infinity, x.dtype);
  const shifted = (alpha: Node, by: number): Node =>
    states > by ? concat([never(by), narrow(alpha, 1, 0, states - by)], 1) : never(states);

  const position = iota([batch, states], 1);
  const runs = lt(iota([steps, batch, 1], 0), reshape(cast(inputLengths, "i32"), [1, batch, 1]));
  const { carry } = scan(
    ([alpha], [score, goesOn]) => {
      const ways = stack([alpha!, shifted(alpha!, 1), where(jumps, shifted(alpha!, 2), -Infinity)], -1);
      return { carry: [where(goesOn!, add(logsumexp(ways, -1), score!), alpha!)], outputs: [] };
    },
    // From a certain blank before the first step, that may stay or go on to the first label.
    [cast(where(eq(position, 0), 0, -Infinity), x.dtype)],
    [scores, runs],
  );
  // A path ends in the last label or in the blank after it.
  const end = mul(unsqueeze(counts, -1), 2);
  const ends = logicalOr(eq(position, end), eq(position, sub(end, 1)));
  return logsumexp(where(ends, carry[0]!, -Infinity), -1);
}
