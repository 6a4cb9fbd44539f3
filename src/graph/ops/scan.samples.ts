import { ShapeError } from "../../core/errors.ts";
import type { Node } from "../node.ts";
import { on, type, type OpSamples, type Sample } from "../sample.ts";
import { add, mul, sub } from "./binary.ts";
import { dot } from "./dot.ts";
import { fill } from "./leaf.ts";
import { concat, reshape } from "./movement.ts";
import { sum } from "./reduce.ts";
import { scan, scanOp } from "./scan.ts";
import { scanOutputOp } from "./scanBody.ts";
import { tanh } from "./unary.ts";

const flat = (x: Node): Node => reshape(x, [x.shape.reduce((size, extent) => size * extent, 1)]);
const matmul = (a: Node, b: Node): Node => dot(a, b, { batch: [[], []], contract: [[1], [0]] });

/** Running sums. */
function sums([init, xs]: readonly Node[]): Node {
  return scan(([c], [x]) => ({ carry: [add(c!, x!)], outputs: [add(c!, x!)] }), [init!], [xs!]).outputs[0]!;
}

/** h ← tanh(h·w + x), the last h. */
function recurrent([init, xs, weights]: readonly Node[]): Node {
  return scan(([h], [x]) => ({ carry: [tanh(add(matmul(h!, weights!), x!))], outputs: [] }), [init!], [xs!]).carry[0]!;
}

/** Two carried values, two stacked inputs, two outputs; everything is read. */
function pair([a, b, xs, ys]: readonly Node[]): Node {
  const { carry, outputs } = scan(
    ([p, q], [x, y]) => {
      const next = add(mul(p!, x!), q!);
      return { carry: [next, sub(mul(q!, y!), p!)], outputs: [mul(next, x!), sum(next, [0])] };
    },
    [a!, b!],
    [xs!, ys!],
  );
  return concat([...carry, ...outputs].map(flat), 0);
}

/** c ← c · s + 1 without inputs per step: s is the same in all. */
function shared([init, factor]: readonly Node[]): Node {
  return scan(([c]) => ({ carry: [add(mul(c!, factor!), fill(c!.shape, 1, c!.dtype))], outputs: [] }), [init!], [], 3)
    .carry[0]!;
}

const of = (build: NonNullable<Sample["build"]>, about: string, inputs: Sample["inputs"]): Sample => ({
  inputs,
  attributes: {},
  build,
  about,
});

export const samples: readonly OpSamples[] = [
  {
    name: "scan",
    op: scanOp,
    smooth: true,
    ulps: 4,
    valid: [
      of(sums, "running sums", [on("f32", [3]), on("f32", [5, 3])]),
      of(sums, "running sums", [on("f32", []), on("f32", [19])]),
      of(sums, "running sums", [on("f32", [0]), on("f32", [2, 0])]),
      of(sums, "running sums", [on("f64", [2, 2]), on("f64", [1, 2, 2])]),
      of(sums, "running sums", [on("i32", [2]), on("i32", [4, 2])]),
      of(pair, "two of each", [on("f32", [3]), on("f32", [3]), on("f32", [4, 3]), on("f32", [4, 3])]),
      of(pair, "two of each", [on("f64", [2]), on("f64", [2]), on("f64", [3, 2]), on("f64", [3, 2])]),
      of(pair, "two of each", [on("f32", [1]), on("f32", [1]), on("f32", [1, 1]), on("f32", [1, 1])]),
      of(sums, "running sums", [on("f32", [2, 1, 3]), on("f32", [3, 2, 1, 3])]),
      of(sums, "running sums", [on("u32", [3]), on("u32", [5, 3])]),
      of(sums, "running sums", [on("u8", [3]), on("u8", [5, 3])]),
      of(sums, "running sums", [on("f32", [17]), on("f32", [2, 17])]),
      of(sums, "running sums", [on("f64", []), on("f64", [40])]),
    ],
    invalid: [
      {
        inputs: [type("f32", [2]), type("f32", [0, 2])],
        attributes: {},
        build: sums,
        error: ShapeError,
        message: "scan: needs at least one step, got inputs of length 0",
      },
      {
        inputs: [type("f32", [2]), type("f32", [2]), type("f32", [3, 2]), type("f32", [4, 2])],
        attributes: {},
        build: pair,
        error: ShapeError,
        message: "scan: inputs differ in length: [4, 2] has 4 steps, wanted 3",
      },
      {
        inputs: [type("f32", [2]), type("f32", [3, 2])],
        attributes: {},
        build: ([init, xs]) => scan(([c]) => ({ carry: [reshape(c!, [1, 2])], outputs: [] }), [init!], [xs!]).carry[0]!,
        error: ShapeError,
        message: "scan: the carry must keep its type: f32 [2] became f32 [1, 2]",
      },
    ],
  },
  {
    name: "scanOutput",
    op: scanOutputOp,
    smooth: true,
    ulps: 8,
    valid: [
      of(recurrent, "recurrent", [on("f32", [2, 3]), on("f32", [4, 2, 3]), on("f32", [3, 3])]),
      of(recurrent, "recurrent", [on("f64", [1, 2]), on("f64", [3, 1, 2]), on("f64", [2, 2])]),
      of(recurrent, "recurrent", [on("f32", [0, 3]), on("f32", [2, 0, 3]), on("f32", [3, 3])]),
      of(recurrent, "recurrent", [on("f32", [3, 1]), on("f32", [2, 3, 1]), on("f32", [1, 1])]),
      of(recurrent, "recurrent", [on("f32", [1, 4]), on("f32", [1, 1, 4]), on("f32", [4, 4])]),
      of(recurrent, "recurrent", [on("f64", [2, 2]), on("f64", [5, 2, 2]), on("f64", [2, 2])]),
      of(shared, "shared", [on("f32", [2, 2]), on("f32", [2, 2])]),
      of(shared, "shared", [on("f32", []), on("f32", [])]),
      of(shared, "shared", [on("f32", [19]), on("f32", [19])]),
      of(shared, "shared", [on("f64", [2, 1, 3]), on("f64", [2, 1, 3])]),
      of(shared, "shared", [on("i32", [4]), on("i32", [4])]),
      of(shared, "shared", [on("u32", [4]), on("u32", [4])]),
      of(shared, "shared", [on("u8", [4]), on("u8", [4])]),
    ],
    invalid: [],
  },
];
