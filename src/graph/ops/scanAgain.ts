/**
 * Derivatives of derivatives of loops. A loop's own gradient covers what its step hands out; where a gradient reaches what the
 * loop kept for its gradient, or a loop that is a gradient itself, the loop is made once more, with gradients throughout.
 */
import { gradients } from "../grad.ts";
import { topological, type Node } from "../node.ts";
import { apply, withGradientMode } from "../op.ts";
import { custom } from "./control.ts";
import { scan, type Step } from "./scan.ts";
import { firstParts, partOf, type ScanAttributes } from "./scanBody.ts";

/** Gradients for all inputs of a loop, from those of any of its results. */
export function gradientsAgain(node: Node, grads: readonly (Node | undefined)[]): (Node | undefined)[] {
  const { length, body, backward } = node.attributes as ScanAttributes;
  const [carries, steps] = [body.carry.length, body.step.length];
  // A gradient's own loop was made without gradients; in others they stop where they stopped.
  const flows = (n: Node): boolean => backward === undefined || n.requiresGrad;
  return withGradientMode(true, () => {
    // Inputs may follow from one another: only what the loop itself does is differentiated here.
    const inputs = node.inputs.map((x) => custom("scan", x, [x], (grad) => [grad]));
    const step: Step = (carry, xs) => {
      const made = new Map<Node, Node>();
      body.carry.forEach((leaf, i) => made.set(leaf, carry[i]!));
      body.step.forEach((leaf, i) => made.set(leaf, xs[i]!));
      body.shared.forEach((leaf, i) => made.set(leaf, inputs[carries + steps + i]!));
      const roots = [...body.next, ...body.outputs];
      for (const n of topological(roots, (x) => made.has(x) || x.source !== undefined)) {
        if (made.has(n)) continue;
        const build = (): Node =>
          n.source || !n.inputs.length
            ? n
            : apply(
                n.op,
                n.inputs.map((x) => made.get(x)!),
                n.attributes,
              );
        made.set(n, withGradientMode(flows(n), build));
      }
      // Carries are handed out as well: a gradient may reach them before any step.
      const outputs = [...body.outputs.map((n) => made.get(n)!), ...carry];
      return { carry: body.next.map((n) => made.get(n)!), outputs };
    };
    const { carry, outputs } = scan(step, inputs.slice(0, carries), inputs.slice(carries, carries + steps), length);
    const reached: Node[] = [];
    const given: Node[] = [];
    const give = (result: Node, grad: Node): void => {
      reached.push(result);
      given.push(grad);
    };
    grads.forEach((grad, i) => {
      if (!grad) return;
      if (i >= carries) return give(outputs[i - carries]!, grad);
      give(outputs[body.outputs.length + i]!, firstParts(grad, length));
      give(carry[i]!, partOf(grad, length));
    });
    return gradients(reached, given, inputs);
  });
}
