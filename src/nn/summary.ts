/** A model as a table: layers, the shapes they return, and where the parameters are. */
import { show, sizeOf, type Shape } from "../core/shape.ts";
import { withGradientMode } from "../graph/op.ts";
import { fill } from "../graph/ops/leaf.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Trace, withTrace } from "../tensor/trace.ts";
import type { Module } from "./module.ts";

/** A shape stands for a tensor of f32. */
export type SummaryInput = Shape | Tensor;

/** The shapes that the modules below `root` return. Nothing is computed, and cells are left alone. */
function outputShapes(root: Module, inputs: readonly SummaryInput[]): Map<Module, string> {
  const shapes = new Map<Module, string>();
  const removals = root.modules().map((module) =>
    module.onForward((_, __, output) => {
      if (output instanceof Tensor) shapes.set(module, show(output.shape));
      else if (Array.isArray(output))
        shapes.set(module, output.map((o) => (o instanceof Tensor ? show(o.shape) : "")).join(" "));
    }),
  );
  const tensors = inputs.map((x) => (x instanceof Tensor ? x : new Tensor(fill(x, 0, "f32"))));
  try {
    // A trace that is thrown away: what the modules assign is never carried out.
    withTrace(new Trace("summary"), () => withGradientMode(false, () => Reflect.apply(root.forward, root, tensors)));
  } finally {
    for (const undo of removals) undo();
  }
  return shapes;
}

const countOf = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { cell }) => sum + sizeOf(cell.shape), 0);

const number = (n: number): string => n.toLocaleString("en-US");

/** See `Module.summary`. */
export function summarize(root: Module, inputs: readonly SummaryInput[]): string {
  const shapes = inputs.length > 0 ? outputShapes(root, inputs) : undefined;
  const rows = [...root.namedModules()].map(([path, module]) => {
    const output = shapes ? [shapes.get(module) ?? ""] : [];
    return [path || "(model)", `${module}`, ...output, number(countOf(module.parameters()))];
  });
  const header = ["path", "layer", ...(shapes ? ["output"] : []), "parameters"];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  const parameters = root.parameters();
  const total = countOf(parameters);
  const trainable = countOf(parameters.filter(({ cell }) => cell.requiresGrad));
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const footer = `${number(total)} parameters, ${number(trainable)} trainable, ${number(total - trainable)} frozen`;
  return [line(header), rule, ...rows.map(line), rule, footer].join("\n");
}

/** A module and those below it by name, a line each. */
export function outline(root: Module): string {
  const [, ...below] = root.namedModules();
  const direct = below.filter(([path]) => !below.some(([above]) => path.startsWith(`${above}.`)));
  if (direct.length === 0) return `${root}`;
  const lines = direct.map(([name, module]) => `${name}: ${outline(module)}`.replaceAll("\n", "\n  "));
  return `${root} {\n  ${lines.join("\n  ")}\n}`;
}
