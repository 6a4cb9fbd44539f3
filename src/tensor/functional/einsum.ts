import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { contract, ordered, summed, type Labelled } from "./contract.ts";
import { diagonal } from "./movement.ts";

const ELLIPSIS = "...";

/** Splits "b...ij" into labels; the ellipsis counts as one. */
function labelsOf(equation: string, term: string): string[] {
  const labels: string[] = [];
  for (let i = 0; i < term.length;) {
    const dots = term.startsWith(ELLIPSIS, i);
    const label = dots ? ELLIPSIS : term[i]!;
    if (!dots && !/[A-Za-z]/.test(label))
      throw new ArgumentError(
        `einsum: "${label}" in "${equation}" is no axis: axes are letters, "..." stands for the rest`,
      );
    if (dots && labels.includes(ELLIPSIS))
      throw new ArgumentError(
        `einsum: "${term}" in "${equation}" has two ellipses, and one stands for all axes that have no letter`,
      );
    labels.push(label);
    i += label.length;
  }
  return labels;
}

/** Names for the axes that an ellipsis stands for, counted from the right, so that they broadcast. */
const ellipsisLabels = (count: number): string[] => Array.from({ length: count }, (_, i) => `.${count - i}`);

/** One operand with the ellipsis spelled out. */
function spelled(term: readonly string[], node: Node): string[] {
  const extra = node.shape.length - term.filter((label) => label !== ELLIPSIS).length;
  if (extra < 0 || (extra > 0 && !term.includes(ELLIPSIS)))
    throw new ShapeError(
      `einsum: "${term.join("")}" names ${term.length} axes, ${show(node.shape)} has ${node.shape.length}`,
    );
  return term.flatMap((label) => (label === ELLIPSIS ? ellipsisLabels(extra) : [label]));
}

/** Axes with the same letter become one: their diagonal. */
function withoutRepeats(node: Node, labels: readonly string[]): Labelled {
  const second = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (second < 0) return { node, labels };
  const first = labels.indexOf(labels[second]!);
  if (node.shape[first] !== node.shape[second])
    throw new ShapeError(
      `einsum: "${labels[first]}" stands for ${node.shape[first]} and ${node.shape[second]} in ${show(node.shape)}`,
    );
  const rest = labels.filter((_, i) => i !== first && i !== second);
  return withoutRepeats(diagonal(node, 0, first, second), [...rest, labels[first]!]);
}

/** Sizes must agree wherever a letter appears; 1 fits every size. */
function checkSizes(operands: readonly Labelled[]): void {
  const sizes = new Map<string, number>();
  for (const { node, labels } of operands)
    labels.forEach((label, i) => {
      const size = node.shape[i]!;
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size)
        throw new ShapeError(
          `einsum: "${label.startsWith(".") ? ELLIPSIS : label}" stands for ${known} and ${size} in ` +
            operands.map((x) => show(x.node.shape)).join(", "),
        );
      if (known === 1) sizes.set(label, size);
    });
}

/**
 * Products of any number of tensors, summed over the axes that the result does not name (Einstein's convention).
 * "ij,jk->ik" is a matrix product, "ii->i" a diagonal, "...i->..." a sum over the last axis. Without "->" the result has the
 * letters that appear once, in alphabetical order, after the ellipsis. Sizes of 1 broadcast. Operands are taken in pairs,
 * from the left, each pair one `dot`.
 * Throws ArgumentError for an equation that makes no sense, ShapeError for sizes that do not fit.
 */
export function einsum(equation: string, nodes: readonly Node[]): Node {
  const [left, right, ...more] = equation.replaceAll(/\s/g, "").split("->") as [string, string?, ...string[]];
  const terms = left.split(",").map((term) => labelsOf(equation, term));
  if (more.length || terms.length !== nodes.length)
    throw new ArgumentError(`einsum: "${equation}" is for ${terms.length} tensors, got ${nodes.length}`);
  const labelled = terms.map((term, i) => withoutRepeats(nodes[i]!, spelled(term, nodes[i]!)));
  checkSizes(labelled);
  const dots = ellipsisLabels(
    Math.max(...terms.map((term, i) => (term.includes(ELLIPSIS) ? nodes[i]!.shape.length - term.length + 1 : 0))),
  );
  const result = right === undefined ? implicit(terms, dots) : explicit(equation, right, terms, dots);
  const [first, ...rest] = labelled;
  const product = rest.reduce((sofar, next, i) => {
    const needed = new Set([...result, ...rest.slice(i + 1).flatMap((x) => x.labels)]);
    const kept = [...new Set([...sofar.labels, ...next.labels])].filter((label) => needed.has(label));
    return contract(sofar, next, i === rest.length - 1 ? result : kept);
  }, first!);
  return ordered(summed(product, result), result);
}

function implicit(terms: readonly (readonly string[])[], dots: readonly string[]): string[] {
  const letters = terms.flat().filter((label) => label !== ELLIPSIS);
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  return [...dots, ...once.sort((a, b) => (a < b ? -1 : 1))];
}

function explicit(
  equation: string,
  term: string,
  terms: readonly (readonly string[])[],
  dots: readonly string[],
): string[] {
  const labels = labelsOf(equation, term);
  labels.forEach((label, i) => {
    if (label !== ELLIPSIS && !terms.some((x) => x.includes(label)))
      throw new ArgumentError(`einsum: "${label}" of the result of "${equation}" names no axis of the operands`);
    if (labels.indexOf(label) < i)
      throw new ArgumentError(`einsum: "${label}" appears twice in the result of "${equation}"`);
  });
  return labels.flatMap((label) => (label === ELLIPSIS ? dots : [label]));
}
