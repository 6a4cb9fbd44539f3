/** `loss.backward()`: gradients of everything trainable that the loss depends on. */
import { GradientError, ShapeError } from "../core/errors.ts";
import { sameShape, show, sizeOf } from "../core/shape.ts";
import { topological, type Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { add } from "../graph/ops/binary.ts";
import { fill } from "../graph/ops/leaf.ts";
import { CellVersion, type Cell } from "./cell.ts";
import type { Assignment } from "./evaluate.ts";
import { assign } from "./assign.ts";
import { gradients } from "./precision.ts";

const spent = new WeakSet<Node>();

/**
 * Adds the gradients of `root` to the `grad` of every trainable cell it depends on (PyTorch's `backward`). Outside a trace,
 * root and gradients are computed at once, in one program.
 * @param cotangent Gradient of the final result with respect to `root`; 1 for a scalar.
 * @param retainGraph Allows another backward through the same root.
 * @throws GradientError when nothing trainable is reached, when `root` is not a scalar and no cotangent came, or the second time.
 */
export function backward(root: Node, cotangent?: Node, retainGraph: boolean = false): void {
  if (!root.requiresGrad)
    throw new GradientError(
      `backward: nothing trainable leads to this tensor. Use parameters with requiresGrad, and build it outside noGrad`,
    );
  if (!cotangent && sizeOf(root.shape) !== 1)
    throw new GradientError(
      `backward: needs a scalar, got ${show(root.shape)}. Reduce it first, for instance with .mean(), or pass the gradient of the result`,
    );
  if (cotangent && !sameShape(cotangent.shape, root.shape))
    throw new ShapeError(
      `backward: the gradient ${show(cotangent.shape)} must have the shape of the tensor, ${show(root.shape)}`,
    );
  if (spent.has(root))
    throw new GradientError(
      `backward: called twice on the same tensor. Compute it again, or pass { retainGraph: true } the first time`,
    );
  if (!retainGraph) spent.add(root);
  const leaves = topological([root], (n) => !n.requiresGrad).filter(
    (n) => n.source instanceof CellVersion && n.requiresGrad,
  );
  const seed = cotangent ?? fill(root.shape, 1, root.dtype);
  const updates = withGradientMode(false, () => {
    const grads = gradients([root], [seed], leaves);
    const byCell = new Map<Cell, Node>();
    leaves.forEach((leaf, i) => {
      const { cell } = leaf.source as CellVersion;
      const grad = grads[i];
      if (!grad) return;
      const known = byCell.get(cell);
      byCell.set(cell, known ? add(known, grad) : grad);
    });
    return [...byCell].map(([{ gradient: cell }, grad]): Assignment => ({
      cell,
      value: cell.empty ? grad : add(cell.read(), grad),
    }));
  });
  assign(updates, [root]);
}
