/** Keras's table of a model. */
import { byteSize } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Model } from "./model.ts";
import { showShape, type KerasShape } from "./symbolic.ts";
import type { Weight } from "./weight.ts";

const number = (n: number): string => n.toLocaleString("en-US");

/** 397.54 KB, as Keras writes it. */
function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(2)} ${units[unit]}`;
}

function totals(weights: readonly Weight[]): { readonly params: number; readonly size: number } {
  const cells = weights.flatMap(({ held }) => held.map(({ cell }) => cell));
  return {
    params: cells.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    size: cells.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * byteSize(dtype), 0),
  };
}

const shapeOf = (shape: KerasShape): string =>
  showShape(shape).replaceAll("null", "None").replace("[", "(").replace("]", ")");

/** Whether each layer has one input, from the one before it. */
function isChain(model: Model): boolean {
  const { layers } = model;
  return layers.every((layer, i) => {
    const applications = model.applicationsOf(layer);
    const follows = applications.every(({ inputs }) => {
      const list = [inputs].flat();
      return i === 0 || (list.length === 1 && list[0]!.source?.layer === layers[i - 1]);
    });
    return applications.length < 2 && follows;
  });
}

/** A table of layers: name and type, shape of the output, number of parameters and, unless they form a chain, where inputs come from. */
export function summaryOf(model: Model): string {
  const { layers } = model;
  const chain = isChain(model);
  const header = ["Layer (type)", "Output Shape", "Param #", ...(chain ? [] : ["Connected to"])];
  const rows = layers.map((layer) => {
    const applications = model.applicationsOf(layer);
    const shapes = applications[0]?.outputs ?? (layer.className === "InputLayer" ? [layer.output] : []);
    const from = applications.flatMap(({ inputs }) => [inputs].flat().map(({ source }) => source!.layer.name));
    return [
      `${layer.name} (${layer.className})`,
      shapes.length === 0 ? "?" : shapes.map(({ shape }) => shapeOf(shape)).join(", "),
      layer.built ? number(layer.countParams()) : "0 (unbuilt)",
      ...(chain ? [] : [from.length === 0 ? "-" : from.join(", ")]),
    ];
  });
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `│ ${cells.map((cell, i) => (i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(" │ ")} │`;
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  const body = rows.flatMap((row, i) => (i === 0 ? [line(row)] : [rule("├", "┼", "┤"), line(row)]));
  const weights = model.built ? model.weights : [];
  const [all, trained, frozen] = [
    weights,
    weights.filter(({ trainable }) => trainable),
    weights.filter(({ trainable }) => !trainable),
  ].map(totals);
  return [
    `Model: "${model.name}"`,
    rule("┌", "┬", "┐"),
    line(header),
    rule("├", "┼", "┤"),
    ...body,
    rule("└", "┴", "┘"),
    ` Total params: ${number(all!.params)} (${bytes(all!.size)})`,
    ` Trainable params: ${number(trained!.params)} (${bytes(trained!.size)})`,
    ` Non-trainable params: ${number(frozen!.params)} (${bytes(frozen!.size)})`,
  ].join("\n");
}
