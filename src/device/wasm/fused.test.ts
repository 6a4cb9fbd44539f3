import { afterAll, describe, expect, test } from "vitest";
import { add, index, load, register, scale, type Index } from "../../ir/expression.ts";
import type { Buffer, ContractKernel } from "../../ir/kernel.ts";
import { WasmDevice } from "./device.ts";
import { fusedModule, hasRelaxedSimd } from "./fused.ts";
import { execute, step } from "./handmade.ts";

const global = (access: Buffer["access"]): Buffer => ({ dtype: "f32", space: "global", access });

/** [m, k] × [n, k]ᵀ: with one row by dot products, with more by tiles. */
function product(rows: number, columns: number, depth: number): ContractKernel {
  const [m, n, k] = [index(rows), index(columns), index(depth)];
  const sum = register("f32");
  const axis = (i: Index): ContractKernel["m"] => [{ index: i, extent: i.extent }];
  return {
    kind: "contract",
    buffers: [global("read"), global("read"), global("write")],
    parameters: { scalars: [], sizes: 0 },
    batch: [],
    m: axis(m),
    n: axis(n),
    k: axis(k),
    left: load(0, "f32", add(scale(m, depth), k)),
    right: load(1, "f32", add(scale(n, depth), k)),
    sum,
    epilogue: [{ kind: "store", buffer: 2, offset: add(scale(m, columns), n), value: sum }],
  };
}

describe("multiply-add", () => {
  /** Its square is 1 + 2⁻¹¹ + 2⁻²⁴, whose last term f32 cannot hold. */
  const x = 1 + 2 ** -12;
  const rest = 2 ** -24;
  const devices = [new WasmDevice({ threads: 2 }), new WasmDevice({ threads: 2, relaxed: false })];
  afterAll(() => devices.forEach((d) => d.dispose()));

  /** −(1 + 2⁻¹¹) + x², 0 where the product is rounded by itself. Lanes of dot products are four steps of k apart. */
  const left = Float32Array.of(-(1 + 2 ** -11), 0, 0, 0, x, 0, 0, 0);
  const right = Float32Array.of(1, 0, 0, 0, x, 0, 0, 0);
  const repeat = (row: Float32Array, times: number): Float32Array =>
    Float32Array.from({ length: times * row.length }, (_, i) => row[i % row.length]!);

  /** What the instruction itself gives: engines may round twice where the processor cannot help it. */
  function instruction(): number {
    if (!hasRelaxedSimd()) return 0;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fusedModule()));
    return (exports["fused"] as (a: number, b: number, c: number) => number)(x, x, left[0]!);
  }

  test.each([
    ["dot products", 1, 5],
    ["tiles", 70, 90],
  ])("%s round once where the instruction does, and twice without it, on all threads", (_, rows, columns) => {
    const made = step({ kernel: product(rows, columns, 8), buffers: [0, 1, 2].map((binding) => ({ binding })) });
    const arrays = [repeat(left, rows), repeat(right, columns), new Float32Array(rows * columns)];
    const [fused, apart] = devices.map((device) => execute(device, [made], arrays)[2]!);
    expect([0, rest]).toContain(instruction());
    expect(new Set(fused)).toEqual(new Set([instruction()]));
    expect(new Set(apart)).toEqual(new Set([0]));
  });

  test("this engine has it: from Node 20 on it is there, switched on or not", () => {
    expect(hasRelaxedSimd()).toBe(true);
  });
});
