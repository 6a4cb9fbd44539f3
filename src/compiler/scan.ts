/** A scan to a loop of kernels: its nested graph is compiled like any other, over placeholders that move with the step. */
import { sizeOf } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { input } from "../graph/ops/leaf.ts";
import { contiguous } from "../graph/ops/movement.ts";
import { loopOf, Placeholder, scanOutputOp } from "../graph/ops/scanBody.ts";
import { add, constant, index as freshIndex, scale, type Expression } from "../ir/expression.ts";
import { loadNumber } from "../ir/half.ts";
import { fuse, type Group } from "./fuse.ts";
import { flatten, type Inliner, type Layouts } from "./inline.ts";
import { kernelize, type Destination, type Surroundings } from "./kernelize.ts";
import { rowsAreApart } from "./rows-apart.ts";
import { addressAll, schedule, type ScheduledLoop } from "./schedule.ts";
import { simplify } from "./simplify.ts";
import { sharedBeneath } from "./stored.ts";

/** Where a value of the step goes: a slot of a stacked buffer, `ahead` steps on. */
interface Slot {
  readonly stack: Node;
  readonly ahead: 0 | 1;
}

/** Lowers a scan group. Only results that somebody reads are kept; the carry always is, since the next step reads it. */
export function lowerScan(group: Group, isStored: (node: Node) => boolean, layouts: Layouts): ScheduledLoop {
  const scan = group.scan!;
  const { body, length } = loopOf(scan)!;
  const outer = (role: Placeholder["role"], i: number): Node =>
    scan.inputs[
      role === "carry" ? i : role === "step" ? body.carry.length + i : body.carry.length + body.step.length + i
    ]!;
  const kept = new Map(
    group.members.map(({ node }) => [`${node.attributes["kind"]}${node.attributes["index"]}`, node]),
  );
  const stacks = body.carry.map(
    (n, i) =>
      kept.get(`carry${i}`) ??
      apply(scanOutputOp, [scan], { kind: "carry", index: i, shape: [length + 1, ...n.shape], dtype: n.dtype }),
  );
  const outputs = body.outputs.flatMap((node, i) => {
    const stack = kept.get(`output${i}`);
    return stack ? [{ node, stack }] : [];
  });
  const counter = input([], "i32", new Placeholder("step", -1, false));

  // The same value may be wanted as the next carry and as an output.
  const simple = simplify([...body.next, ...outputs.map((o) => o.node)]);
  const slots = new Map<Node, Slot[]>();
  const roots = simple.map((node, i) => {
    const own = node.source ? contiguous(node) : node;
    const slot: Slot =
      i < stacks.length ? { stack: stacks[i]!, ahead: 1 } : { stack: outputs[i - stacks.length]!.stack, ahead: 0 };
    slots.set(own, [...(slots.get(own) ?? []), slot]);
    return own;
  });

  const at = (stack: Node, inliner: Inliner, index: readonly Expression[], ahead: number): Expression => {
    const size = sizeOf(stack.shape.slice(1));
    return add(add(scale(inliner.scalar(counter), size), constant(size * ahead, "i32")), inner(stack, index));
  };
  const surroundings: Surroundings = {
    resolve(node, index, inliner) {
      const slot = slots.get(node)?.[0];
      if (slot) return loadNumber(inliner.bufferOf(slot.stack), node.dtype, at(slot.stack, inliner, index, slot.ahead));
      if (!(node.source instanceof Placeholder)) return undefined;
      const { role, index: position } = node.source;
      if (role === "carry")
        return loadNumber(inliner.bufferOf(stacks[position]!), node.dtype, at(stacks[position]!, inliner, index, 0));
      const whole = outer(role, position);
      if (role === "step") return inliner.read(whole, [inliner.scalar(counter), ...index]);
      const source = sharedBeneath(scan, body.carry.length + body.step.length + position);
      if (!source) return inliner.read(whole, index);
      const inSource: Expression[] = [];
      (whole.attributes["axes"] as readonly number[]).forEach((axis, i) => (inSource[axis] = index[i]!));
      return inliner.read(source, inSource);
    },
    destinations(node, index, inliner): readonly Destination[] {
      const wanted = slots.get(node);
      if (!wanted) return [{ node, offset: flatten(node, index) }];
      return wanted.map(({ stack, ahead }) => ({ node: stack, offset: at(stack, inliner, index, ahead) }));
    },
  };
  const nested = fuse([...new Set(roots)]);
  const stored = (n: Node): boolean => nested.groupOf.has(n) || isStored(n);
  const kernels = addressAll(nested.groups.map((g) => kernelize(g, stored, { layouts, surroundings })));
  const waits = new Map(
    nested.groups.map((g) => [
      g,
      new Set(
        g.members.flatMap((m) => nested.needs.get(m.node)!.map((x) => nested.groupOf.get(x)!)).filter((x) => x !== g),
      ),
    ]),
  );
  const { steps } = schedule(kernels, waits);

  // The first slot of every carry holds its initial value.
  const before = stacks.map((stack, i) => {
    const copy = contiguous(outer("carry", i));
    const rows = copy.shape.map((d) => freshIndex(d));
    const first: Group = { members: [{ node: copy, index: rows, stored: true }], rows, notes: [] };
    const [kernel] = addressAll([
      kernelize(first, isStored, {
        layouts,
        surroundings: {
          resolve: () => undefined,
          destinations: (_, index) => [{ node: stack, offset: inner(stack, index) }],
        },
      }),
    ]);
    return { key: kernel!.key, launches: [kernel!] };
  });
  const rows = body.carry[0]?.shape[0] ?? 1;
  const apart = rows > 1 && rowsAreApart(kernels, rows, new Set([...stacks, ...outputs.map((o) => o.stack)]), counter);
  return { group, times: length, counter, before, steps, key: `scan${scan.id}`, rows: apart ? rows : undefined };
}

/** Offset within one slot of a stack. */
function inner(stack: Node, index: readonly Expression[]): Expression {
  return flatten({ shape: stack.shape.slice(1) }, index);
}
