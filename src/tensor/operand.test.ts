// What JavaScript lets pass, and must not be silent.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  DTypeError,
  full,
  jit,
  nn,
  ones,
  optim,
  tensor,
  zeros,
  type DType,
  type Tensor,
} from "../index.ts";

/** What TypeScript would refuse. */
const wrong = (given: unknown): never => given as never;

describe("what is no tensor", () => {
  const x = ones([2, 3]);

  it("is refused where an operand is wanted, with the way to make it one", () => {
    expect(() => x.add(wrong("3"))).toThrow(new RegExp("^operand: wants a tensor, got a string"));
    expect(() => x.add(wrong(undefined))).toThrow(/got undefined/);
    expect(() => x.mul(wrong([1, 2, 3]))).toThrow(/got an array\. Use tensor\(array\)/);
    expect(() => x.matmul(wrong(new Float32Array(3)))).toThrow(/got an array\. Use tensor\(array\)/);
    expect(() => x.maximum(wrong(x.data()))).toThrow(/got a promise\. Use await/);
    expect(() => x.where(wrong(true), x)).toThrow(/got a boolean/);
    expect(() => x.gather(wrong(1))).toThrow(/got 1\. Use full/);
    expect(() => x.eq(wrong({ data: [], shape: [0], dtype: "f32" }))).toThrow(/Use toTensor/);
    expect(() => x.add(wrong(new Date()))).toThrow(/an object of class Date/);
    expect(() => x.add(wrong(null))).toThrow(ArgumentError);
  });

  it("is refused by layers and by what is assigned", () => {
    const linear = new nn.Linear(3, 4);
    expect(() => linear.forward(wrong([[1, 2, 3]]))).toThrow(/^Linear\(3, 4\): wants a tensor, got an array/);
    expect(() => new nn.Conv2d(3, 4, 3).forward(wrong(undefined))).toThrow(/^Conv2d\(.*wants a tensor, got undefined/);
    expect(() => new nn.Embedding(3, 4).forward(wrong([1]))).toThrow(/^Embedding\(3, 4\): wants a tensor/);
    expect(() => linear.weight.assign(wrong(3))).toThrow(/^Linear\(3, 4\)\.weight: wants a tensor, got 3\. Use full/);
    expect(() => new (nn.Sequential as new (...layers: unknown[]) => unknown)(linear, nn.relu)).toThrow(
      /nn\.sequential\(a, b\)/,
    );
    expect(() => new optim.Adam(wrong(linear))).toThrow(/Give it model\.parameters\(\)/);
    expect(() => new optim.Adam(wrong(undefined))).toThrow(ArgumentError);
  });

  it("does not pass as an initializer's option, PyTorch's way to write it", () => {
    const { weight } = new nn.Linear(3, 4);
    for (const name of [
      "xavierUniform",
      "kaimingNormal",
      "lecunNormal",
      "varianceScaling",
      "normal",
      "uniform",
    ] as const)
      expect(() => nn.init[name](wrong(weight)), name).toThrow(/nn\.init\.assign\(weight, nn\.init\./);
    expect(() => nn.init.zeros(wrong(weight), wrong(undefined))).toThrow(/nn\.init\.assign/);
    nn.init.assign(weight, nn.init.zeros);
    expect(weight.abs().sum().itemSync()).toBe(0);
  });

  it("is no number for JavaScript's operators, which would say false and NaN", () => {
    const loss = full([], 3) as unknown as number;
    expect(() => loss > 0).toThrow(/operators compute with numbers.*x\.gt\(0\)/);
    expect(() => 2 * loss).toThrow(ArgumentError);
    expect(() => -loss).toThrow(ArgumentError);
    expect(() => Math.max(loss, 0)).toThrow(ArgumentError);
    expect(`${loss} ` + loss).toBe("3.0 3.0");
  });
});

it("a dtype that there is not is told of, with its name here", () => {
  expect(() => tensor([1], { dtype: "float32" as DType })).toThrow(/none named "float32"\. Use "f32"/);
  expect(() => zeros([1], { dtype: "int64" as DType })).toThrow(/Use "i32"/);
  expect(() => tensor([1]).cast("complex64" as DType)).toThrow(/There are bool, u8/);
  expect(() => tensor([1]).cast("complex64" as DType)).toThrow(DTypeError);
});

it("an error names the user's line below many layers in layers", () => {
  let deep: nn.Sequential = new nn.Sequential([new nn.Conv2d(3, 4, 5)] as readonly nn.Layer[]);
  for (let i = 0; i < 12; i++) deep = new nn.Sequential([deep] as readonly nn.Layer[]);
  const limit = Error.stackTraceLimit;
  expect(() => deep.forward(zeros([1, 3, 3, 3]))).toThrow(/spans 5 elements.* {2}at operand\.test\.ts:\d+$/);
  expect(Error.stackTraceLimit).toBe(limit);
});

describe("console.log", () => {
  it("shows dtype, shape and elements of a tensor", () => {
    expect(
      inspect(
        tensor([
          [1, 2],
          [3, 4],
        ]).mul(2),
      ),
    ).toBe("Tensor [f32 [2, 2]]\n[[2. 4.]\n [6. 8.]]");
    expect(inspect({ a: tensor([1, 2]), b: full([], 3) })).toBe(
      "{ a: Tensor [f32 [2]] [1. 2.], b: Tensor [f32 []] 3.0 }",
    );
    expect(inspect(nn.parameter(zeros([2])))).toBe("Parameter [f32 [2]] [0. 0.]");
    expect(inspect(zeros([0, 3]))).toBe("Tensor [f32 [0, 3]] []");
    expect(inspect([[[[tensor([1])]]]])).toBe("[ [ [ [Array] ] ] ]");
  });

  it("shows dtype and shape inside a traced function", () => {
    const seen: string[] = [];
    jit((x: Tensor) => {
      seen.push(inspect(x.mul(2)));
      return x;
    })(ones([2]));
    expect(seen).toEqual(["Tensor [f32 [2]]"]);
  });

  it("shows a model's modules by name", () => {
    class Net extends nn.Module {
      body = nn.sequential(new nn.Linear(3, 4), nn.relu, new nn.Dropout(0.5));
      heads = [new nn.Linear(4, 1), new nn.Linear(4, 2)];
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    expect(inspect(new Net())).toBe(
      "Net {\n  body: Sequential {\n    0: Linear(3, 4)\n    2: Dropout(0.5)\n  }\n  heads.0: Linear(4, 1)\n  heads.1: Linear(4, 2)\n}",
    );
  });
});
