import { describe, expect, test } from "vitest";
import { DeviceError } from "../../core/errors.ts";
import { affine, binary, cast, index, load, param, register, type Expression } from "../../ir/expression.ts";
import type { Buffer, LoopKernel, Statement } from "../../ir/kernel.ts";
import type { Program } from "../device.ts";
import { WasmDevice } from "./device.ts";
import { bytes, download, execute, floats, step, upload } from "./handmade.ts";

const read: Buffer = { dtype: "f32", space: "global", access: "read" };
const write: Buffer = { dtype: "f32", space: "global", access: "write" };

/** out[i] = f(in[i], s) */
function map(
  count: number,
  f: (x: Expression, s: Expression) => Expression,
  buffers: readonly Buffer[] = [read, write],
): LoopKernel {
  const i = index(count);
  const body: Statement[] = [
    { kind: "store", buffer: buffers.length - 1, offset: i, value: f(load(0, "f32", i), param(0, "f32")) },
  ];
  return {
    kind: "loops",
    buffers,
    parameters: { scalars: ["f32"], sizes: 0 },
    body: [{ kind: "loop", index: i, extent: count, axis: "parallel", body, accumulators: [] }],
  };
}

/** out[r] = Σ in[r, ·] */
function rowSums(rows: number, columns: number): LoopKernel {
  const r = index(rows),
    c = index(columns),
    sum = register("f32");
  return {
    kind: "loops",
    buffers: [read, write],
    parameters: { scalars: [], sizes: 0 },
    body: [
      {
        kind: "loop",
        index: r,
        extent: rows,
        axis: "parallel",
        accumulators: [],
        body: [
          {
            kind: "loop",
            index: c,
            extent: columns,
            axis: "reduce",
            body: [],
            accumulators: [
              {
                register: sum,
                op: "sum",
                value: load(
                  0,
                  "f32",
                  affine(
                    [
                      { value: r, coefficient: columns },
                      { value: c, coefficient: 1 },
                    ],
                    0,
                  ),
                ),
              },
            ],
          },
          { kind: "store", buffer: 1, offset: r, value: sum },
        ],
      },
    ],
  };
}

describe.each([1, 2, 3])("wasm device, %i threads", (threads) => {
  const device = new WasmDevice({ threads });

  test("runs steps in order, through bindings, scratch and scalars", () => {
    const n = 10_007;
    const x = floats(n, 1);
    const twice = step({
      kernel: map(n, (v, s) => binary("mul", v, s)),
      buffers: [{ binding: 0 }, { scratch: 128, bytes: bytes(n) }],
      scalars: [0],
    });
    const plus = step({
      kernel: map(n, (v, s) => binary("add", v, s)),
      buffers: [{ scratch: 128, bytes: bytes(n) }, { binding: 1 }],
      scalars: [1],
    });
    const memories = [upload(device, x), device.alloc(bytes(n))];
    const program: Program = {
      tape: [twice, plus],
      bindings: [bytes(n), bytes(n)],
      scalars: ["f32", "f32"],
      scratchBytes: 128 + bytes(n),
    };
    const runnable = device.prepare(program);
    for (const [a, b] of [
      [2, 1],
      [3, -1],
    ] as const) {
      device.run(runnable, memories, [a, b]);
      expect(download(device, memories[1]!, "f32")).toEqual(x.map((v) => v * a + b));
    }
    // Another program with more scratch moves the region; the first one follows.
    device.prepare({ ...program, scratchBytes: 200 * 2 ** 20 });
    const other = upload(
      device,
      x.map((v) => v + 1),
    );
    device.run(runnable, [other, memories[1]!], [2, 1]);
    expect(download(device, memories[1]!, "f32")).toEqual(x.map((v) => v * 2 + 3));
    for (const m of [...memories, other]) device.free(m);
  });

  test("rows of a reduction, small and large", () => {
    for (const [rows, columns] of [
      [1, 5],
      [7, 33],
      [3000, 65],
    ] as const) {
      const x = floats(rows * columns, 3);
      const [, out] = execute(
        device,
        [step({ kernel: rowSums(rows, columns), buffers: [{ binding: 0 }, { binding: 1 }] })],
        [x, new Float32Array(rows)],
      );
      for (let r = 0; r < rows; r++)
        expect(out![r]).toBe(x.subarray(r * columns, (r + 1) * columns).reduce((a, b) => a + b, 0));
    }
  });

  test("several launches of one kernel, most of them small", () => {
    const n = 400,
      total = (n * (n + 1)) / 2;
    const x = floats(total, 5);
    const parts = Array.from({ length: n }, (_, i) => {
      const i0 = (i * (i + 1)) / 2;
      return {
        made: step({
          kernel: map(i + 9, (v, s) => binary("mul", v, s)),
          buffers: [{ binding: 0 }, { binding: 1 }],
          scalars: [0],
        }),
        i0,
      };
    });
    // All of them are the same kernel with another size.
    expect(new Set(parts.map((p) => p.made.key)).size).toBe(1);
    const one = parts.at(-1)!.made;
    const tape = [
      {
        ...one,
        launches: parts.map((p) => p.made.launches[0]!),
        work: parts.map((p, i) => ({ items: p.made.work[0]!.items, cost: (i + 9) * 20 })),
      },
    ];
    const [, out] = execute(device, tape, [x, new Float32Array(total)], [["f32", 4]]);
    expect(out!.subarray(0, n + 8)).toEqual(x.subarray(0, n + 8).map((v) => v * 4));
  });

  test("repeats with a counter, also nested", () => {
    const i = index(64);
    const kernel: LoopKernel = {
      kind: "loops",
      buffers: [{ ...write, access: "readwrite" }],
      parameters: { scalars: ["i32", "i32"], sizes: 0 },
      body: [
        {
          kind: "loop",
          index: i,
          extent: 64,
          axis: "parallel",
          accumulators: [],
          body: [
            {
              kind: "store",
              buffer: 0,
              offset: i,
              value: binary(
                "add",
                load(0, "f32", i),
                cast(
                  affine(
                    [
                      { value: param(0, "i32"), coefficient: 1 },
                      { value: param(1, "i32"), coefficient: 10 },
                    ],
                    0,
                  ),
                  "f32",
                ),
              ),
            },
          ],
        },
      ],
    };
    const body = step({ kernel, buffers: [{ binding: 0 }], scalars: [0, 1] });
    const tape = [{ times: 3, counter: 1, steps: [{ times: 4, counter: 0, steps: [body, body] }, body] }];
    const [out] = execute(
      device,
      tape,
      [new Float32Array(64)],
      [
        ["i32", 0],
        ["i32", 0],
      ],
    );
    let sum = 0;
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b < 4; b++) sum += 2 * (b + 10 * a);
      sum += 3 + 10 * a;
    }
    expect([...new Set(out)]).toEqual([sum]);
  });

  test("says what is wrong with memories and bindings", () => {
    const runnable = device.prepare({ tape: [], bindings: [64], scalars: [], scratchBytes: 0 });
    const small = device.alloc(32),
      other = new WasmDevice({ threads: 1 }).alloc(64);
    expect(() => device.run(runnable, [small], [])).toThrow(/binding 0 needs 64 bytes, got a memory of 32 bytes/);
    expect(() => device.run(runnable, [other], [])).toThrow(/another device/);
    expect(() => device.run(runnable, [], [])).toThrow(/1 bindings and 0 scalars, got 0 and 0/);
    expect(() => device.readSync(small, 30, 4)).toThrow(/read: bytes 30 to 34 of a memory of 32 bytes/);
    device.free(small);
    expect(() => device.free(small)).toThrow(/freed before/);
    expect(() => device.run(runnable, [small], [])).toThrow(DeviceError);
    expect(() => device.alloc(5e9)).toThrow(/4\.7 GiB were asked for/);
  });
});

describe("wasm device", () => {
  test("copies, fills and reads parts", async () => {
    const device = new WasmDevice({ threads: 1 });
    const a = upload(device, Uint8Array.of(1, 2, 3, 4)),
      b = device.alloc(8);
    device.fill(b, 7);
    device.copy(a, b);
    expect([...(await device.read(b))]).toEqual([1, 2, 3, 4, 7, 7, 7, 7]);
    device.write(b, Uint8Array.of(9), 5);
    expect([...device.readSync(b, 4, 3)]).toEqual([7, 9, 7]);
  });

  test("rejects senseless numbers of threads", () => {
    expect(() => new WasmDevice({ threads: 0 })).toThrow(/whole number of at least 1, got 0/);
    process.env["MYELIN_THREADS"] = "many";
    expect(() => new WasmDevice()).toThrow(/MYELIN_THREADS: .* got "many"/);
    process.env["MYELIN_THREADS"] = "3";
    expect(new WasmDevice().limits.threads).toBe(3);
    delete process.env["MYELIN_THREADS"];
  });
});
