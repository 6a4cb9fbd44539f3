/** What is known of activations, as data: for documentation, lessons and choices. */
import type { Tensor } from "../../tensor/tensor.ts";
import * as hard from "./hard.ts";
import * as rectifiers from "./rectifiers.ts";
import * as smooth from "./smooth.ts";

export interface ActivationProperties {
  readonly call: (x: Tensor) => Tensor;
  /** In x, with σ the sigmoid, Φ and φ the standard normal's distribution and density, ζ softplus, λ and α SELU's constants. */
  readonly formula: string;
  readonly derivative: string;
  /** The least and the largest value, or what values come arbitrarily close to. */
  readonly range: readonly [low: number, high: number];
  /** The sides on which it becomes flat, where gradients vanish. */
  readonly saturates: "left" | "right" | "both" | "never";
  /** The mean of its values for standard normal inputs: 0 is what "zero-centred" asks for. */
  readonly mean: number;
  /** "low": comparisons and products; "medium": one exponential; "high": more. */
  readonly cost: "low" | "medium" | "high";
  readonly note?: string | undefined;
}

/** The mean of max(x, 0): 1 / √(2π). Written out, as are numbers below: bundlers keep what has to be computed. */
const HALF = 0.3989422804014327;

/** Activations of one number each, at their defaults. */
export const activationProperties: Readonly<Record<string, ActivationProperties>> = {
  linear: {
    call: smooth.linear,
    formula: "x",
    derivative: "1",
    range: [-Infinity, Infinity],
    saturates: "never",
    mean: 0,
    cost: "low",
  },
  relu: {
    call: rectifiers.relu,
    formula: "max(x, 0)",
    derivative: "1 if x > 0 else 0",
    range: [0, Infinity],
    saturates: "left",
    mean: HALF,
    cost: "low",
  },
  relu6: {
    call: rectifiers.relu6,
    formula: "min(max(x, 0), 6)",
    derivative: "1 if |x − 3| < 3 else 0",
    range: [0, 6],
    saturates: "both",
    mean: HALF,
    cost: "low",
  },
  leakyRelu: {
    call: (x) => rectifiers.leakyRelu(x),
    formula: "x if x > 0 else 0.01·x",
    derivative: "1 if x > 0 else 0.01",
    range: [-Infinity, Infinity],
    saturates: "never",
    mean: 0.3949528575974184,
    cost: "low",
    note: "The slope is 0.01 in PyTorch and 0.2 in Keras. PReLU learns it, from 0.25; RReLU draws it from [1/8, 1/3] while training.",
  },
  elu: {
    call: (x) => rectifiers.elu(x),
    formula: "x if x > 0 else exp(x) − 1",
    derivative: "1 if x > 0 else exp(x)",
    range: [-1, Infinity],
    saturates: "left",
    mean: 0.16052,
    cost: "medium",
    note: "CELU, max(x, 0) + min(0, α·(exp(x / α) − 1)), is the same at α = 1.",
  },
  selu: {
    call: rectifiers.selu,
    formula: "λ·x if x > 0 else λ·α·(exp(x) − 1)",
    derivative: "λ if x > 0 else λ·α·exp(x)",
    range: [-1.7580993408473766, Infinity],
    saturates: "left",
    mean: 0,
    cost: "medium",
    note: "λ = 1.0507 and α = 1.6733 make mean 0 and variance 1 a fixed point, with LeCun's normal weights.",
  },
  sigmoid: {
    call: smooth.sigmoid,
    formula: "1 / (1 + exp(−x))",
    derivative: "σ(x)·(1 − σ(x))",
    range: [0, 1],
    saturates: "both",
    mean: 0.5,
    cost: "medium",
  },
  logSigmoid: {
    call: smooth.logSigmoid,
    formula: "−ln(1 + exp(−x))",
    derivative: "σ(−x)",
    range: [-Infinity, 0],
    saturates: "right",
    mean: -0.80606,
    cost: "high",
  },
  tanh: {
    call: smooth.tanh,
    formula: "(exp(x) − exp(−x)) / (exp(x) + exp(−x))",
    derivative: "1 − tanh(x)²",
    range: [-1, 1],
    saturates: "both",
    mean: 0,
    cost: "medium",
  },
  softsign: {
    call: smooth.softsign,
    formula: "x / (1 + |x|)",
    derivative: "1 / (1 + |x|)²",
    range: [-1, 1],
    saturates: "both",
    mean: 0,
    cost: "low",
  },
  softplus: {
    call: (x) => x.softplus(),
    formula: "ln(1 + exp(x))",
    derivative: "σ(x)",
    range: [0, Infinity],
    saturates: "left",
    mean: 0.80606,
    cost: "high",
  },
  squareplus: {
    call: (x) => smooth.squareplus(x),
    formula: "(x + √(x² + 4)) / 2",
    derivative: "(1 + x / √(x² + 4)) / 2",
    range: [0, Infinity],
    saturates: "left",
    mean: 1.10931,
    cost: "low",
  },
  gelu: {
    call: (x) => smooth.gelu(x),
    formula: "x·Φ(x)",
    derivative: "Φ(x) + x·φ(x)",
    range: [-0.16997120747990369, Infinity],
    saturates: "left",
    mean: 0.28209479177387814,
    cost: "high",
    note: "Some notes give the range as all numbers; its least value is −0.1700, at −0.7518.",
  },
  silu: {
    call: smooth.silu,
    formula: "x·σ(x)",
    derivative: "σ(x)·(1 + x·(1 − σ(x)))",
    range: [-0.2784645427610738, Infinity],
    saturates: "left",
    mean: 0.20662,
    cost: "medium",
    note: "Swish is x·σ(β·x); it is SiLU at β = 1. ParametricSwish learns β.",
  },
  mish: {
    call: smooth.mish,
    formula: "x·tanh(ζ(x))",
    derivative: "tanh(ζ(x)) + x·σ(x)·(1 − tanh(ζ(x))²)",
    range: [-0.30884341, Infinity],
    saturates: "left",
    mean: 0.24,
    cost: "high",
  },
  hardSigmoid: {
    call: hard.hardSigmoid,
    formula: "min(max(x + 3, 0), 6) / 6",
    derivative: "1 / 6 if |x| < 3 else 0",
    range: [0, 1],
    saturates: "both",
    mean: 0.5,
    cost: "low",
  },
  hardSwish: {
    call: hard.hardSwish,
    formula: "x·min(max(x + 3, 0), 6) / 6",
    derivative: "0 if x < −3 else 1 if x > 3 else (2·x + 3) / 6",
    range: [-0.375, Infinity],
    saturates: "left",
    mean: 0.166,
    cost: "low",
    note: "Some notes give −0.25 as its least value; by this definition it is −0.375, at −1.5.",
  },
  hardTanh: {
    call: (x) => hard.hardTanh(x),
    formula: "min(max(x, −1), 1)",
    derivative: "1 if |x| < 1 else 0",
    range: [-1, 1],
    saturates: "both",
    mean: 0,
    cost: "low",
  },
  hardShrink: {
    call: (x) => hard.hardShrink(x),
    formula: "x if |x| > 0.5 else 0",
    derivative: "1 if |x| > 0.5 else 0",
    range: [-Infinity, Infinity],
    saturates: "never",
    mean: 0,
    cost: "low",
  },
  softShrink: {
    call: (x) => hard.softShrink(x),
    formula: "x − 0.5 if x > 0.5 else x + 0.5 if x < −0.5 else 0",
    derivative: "1 if |x| > 0.5 else 0",
    range: [-Infinity, Infinity],
    saturates: "never",
    mean: 0,
    cost: "low",
  },
  tanhShrink: {
    call: hard.tanhShrink,
    formula: "x − tanh(x)",
    derivative: "tanh(x)²",
    range: [-Infinity, Infinity],
    saturates: "never",
    mean: 0,
    cost: "medium",
  },
  sparsePlus: {
    call: hard.sparsePlus,
    formula: "0 if x < −1 else x if x > 1 else (x + 1)² / 4",
    derivative: "0 if x < −1 else 1 if x > 1 else (x + 1) / 2",
    range: [0, Infinity],
    saturates: "left",
    mean: 0.46233,
    cost: "low",
  },
  sparseSigmoid: {
    call: hard.sparseSigmoid,
    formula: "min(max((x + 1) / 2, 0), 1)",
    derivative: "1 / 2 if |x| < 1 else 0",
    range: [0, 1],
    saturates: "both",
    mean: 0.5,
    cost: "low",
  },
};
