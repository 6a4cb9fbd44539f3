import { topological, type Node } from "../graph/node.ts";
import { apply, gradientsEnabled, withGradientMode } from "../graph/op.ts";
import { after, custom, detach, nextRecomputation } from "../graph/ops/control.ts";
import { fill } from "../graph/ops/leaf.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { gradients } from "./precision.ts";

/** The graph of one call, as far as it was made inside. */
interface Recording {
  readonly output: Node;
  /** The function's view of its inputs. */
  readonly inputs: readonly Node[];
  /** What was made inside from other things, inputs first. */
  readonly inner: readonly Node[];
  /** What requires gradients and came from outside by other ways than the inputs: parameters, mostly. */
  readonly captured: readonly Node[];
}

function record(f: (...inputs: readonly Tensor[]) => Tensor, nodes: readonly Node[]): Recording {
  // Ids count up, so what was made before is known by its id.
  const mark = fill([], 0, "f32").id;
  // Fences tell the function's use of an input from other uses of the same node.
  const inputs = nodes.map((x) => custom("checkpoint", x, [x], (grad) => [grad]));
  const output = f(...inputs.map((x) => fromNode(x))).node;
  const fences = new Set(inputs);
  const outside = (n: Node): boolean => n.id < mark || n.inputs.length === 0;
  const order = topological([output], (n) => fences.has(n) || outside(n)).filter((n) => !fences.has(n));
  return {
    output,
    inputs,
    inner: order.filter((n) => !outside(n)),
    captured: order.filter((n) => outside(n) && n.requiresGrad),
  };
}

/**
 * `f` with its activations forgotten: its backward pass computes them again from the inputs, once the gradient has arrived
 * (PyTorch's checkpoint, JAX's remat). Costs one more forward pass, saves the memory between the two. Random numbers come out
 * the same again; state that `f` updates is updated once.
 */
export function checkpoint<A extends readonly Tensor[]>(f: (...inputs: A) => Tensor): (...inputs: A) => Tensor {
  return (...given) => {
    if (!gradientsEnabled()) return f(...given);
    const nodes = given.map((x) => x.node);
    const recording = record(f as (...inputs: readonly Tensor[]) => Tensor, nodes);
    return fromNode(
      custom("checkpoint", detach(recording.output), [...nodes, ...recording.captured], (grad, _, sources) =>
        recompute(recording, sources, grad),
      ),
    );
  };
}

/** Builds the recorded graph once more, behind the gradient, and differentiates that. */
function recompute(recording: Recording, sources: readonly Node[], grad: Node): (Node | undefined)[] {
  const { output, inputs, inner, captured } = recording;
  const id = nextRecomputation();
  const wanted = withGradientMode(true, () => sources.map((x, i) => (i < inputs.length ? after(x, grad, id) : x)));
  const copies = new Map<Node, Node>();
  [...inputs, ...captured].forEach((x, i) => copies.set(x, wanted[i]!));
  withGradientMode(true, () => {
    for (const node of inner)
      copies.set(
        node,
        apply(
          node.op,
          node.inputs.map((x) => copies.get(x) ?? x),
          node.attributes,
        ),
      );
  });
  return gradients([copies.get(output) ?? output], [grad], wanted);
}
