import { describe, expect, test } from "vitest";
import { sizeOf, stridesOf } from "../../core/shape.ts";
import { add, affine, cast, index, register, remainder, scale } from "../../ir/expression.ts";
import type { Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import {
  at,
  barrier,
  f32,
  global,
  i32,
  kernelOf,
  local,
  loop,
  lt,
  map,
  numbers,
  plus,
  run,
  shared,
  store,
  when,
} from "../kernels.testing.ts";
import { interpretKernel } from "./interpret.ts";
import { KernelError, WORKGROUP_LIMITS } from "./workers.ts";

describe("threads", () => {
  test("[D3] a guarded map covers each element exactly once", () => {
    for (const size of [1, 7, 8, 9, 31]) {
      const out = new Float32Array(size);
      const kernel = kernelOf([global("readwrite")], [map(size, (i) => store(0, i, plus(at(0, i), f32(1))))]);
      expect(run(kernel, out).writes).toEqual([size]);
      expect([...out]).toEqual(new Array(size).fill(1));
    }
  });

  test("[D6] a grid has ceil(n / block) workgroups, each with shared memory of its own", () => {
    for (const size of [1, 8, 9, 100]) {
      const out = new Float32Array(size);
      expect(run(kernelOf([global("write")], [map(size, (i) => store(0, i, f32(1)))]), out).workgroups).toBe(
        Math.ceil(size / 8),
      );
    }
    // Only the first workgroup writes what all read.
    const block = index(2);
    const leak = kernelOf(
      [global("write"), shared(1)],
      [
        loop("grid", block, [
          loop("thread", index(8), [when(lt(block, i32(1)), store(1, i32(0), f32(5)))]),
          store(0, block, at(1, i32(0))),
        ]),
      ],
    );
    expect(() => run(leak, new Float32Array(2))).toThrow(KernelError);
  });

  test("[D2] workgroups of one, two and three dimensions all have one shape", () => {
    for (const shape of [[6], [2, 3], [2, 3, 4]]) {
      const axes = shape.map((extent) => index(extent));
      const strides = stridesOf(shape);
      const block = index(5);
      const flat = affine(
        [
          { value: block, coefficient: sizeOf(shape) },
          ...axes.map((value, i) => ({ value, coefficient: strides[i]! })),
        ],
        0,
      );
      const body = axes.reduceRight<Statement>((inner, axis) => loop("thread", axis, [inner]), store(0, flat, f32(1)));
      const out = new Float32Array(5 * sizeOf(shape));
      const { workgroups, threads } = run(kernelOf([global("write")], [loop("grid", block, [body])]), out);
      expect([workgroups, threads]).toEqual([5, sizeOf(shape)]);
      expect(out.every((value) => value === 1)).toBe(true);
    }
    const uneven = kernelOf(
      [global("write")],
      [loop("grid", index(2), [loop("thread", index(4), []), loop("thread", index(2), [])])],
    );
    expect(() => run(uneven, new Float32Array(1))).toThrow("workgroups of 4 and of 2 threads. All must have one size");
  });

  test("[D1] a thread has little memory of its own, and what it holds is its own", () => {
    const thread = index(4);
    const kernel = (size: number): LoopKernel =>
      kernelOf(
        [global("write"), local(size)],
        [
          loop("grid", index(1), [
            loop("thread", thread, [store(1, i32(0), cast(thread, "f32")), barrier, store(0, thread, at(1, i32(0)))]),
          ]),
        ],
      );
    const out = new Float32Array(4);
    run(kernel(256), out);
    expect([...out]).toEqual([0, 1, 2, 3]);
    expect(() => run(kernel(257), out)).toThrow("1028 bytes of register memory, a thread has 1024");
    const big = kernelOf([global("write"), shared(4097)], [loop("grid", index(1), [loop("thread", thread, [])])]);
    expect(() => run(big, out)).toThrow("16388 bytes of shared memory, a workgroup has 16384");
    const crowd = kernelOf([global("write")], [loop("grid", index(1), [loop("thread", index(257), [])])]);
    expect(() => run(crowd, out)).toThrow("a workgroup of 257 threads, at most 256");
    expect(() =>
      interpretKernel(crowd, [{ buffers: [out], parameters: [] }], { ...WORKGROUP_LIMITS, threads: 512 }),
    ).not.toThrow();
  });
});

/** Each thread brings one number; thread 0 writes their sum. Halves are added until one number is left. */
function blockSum(blocks: number, size: number, forgotten?: number): LoopKernel {
  const block = index(blocks);
  const thread = index(size);
  const steps: Statement[] = [];
  for (let half = size / 2; half >= 1; half /= 2) {
    if (half !== forgotten) steps.push(barrier);
    steps.push(when(lt(thread, i32(half)), store(2, thread, plus(at(2, thread), at(2, add(thread, i32(half)))))));
  }
  return kernelOf(
    [global("read"), global("write"), shared(size)],
    [
      loop("grid", block, [
        loop("thread", thread, [
          store(2, thread, at(0, add(scale(block, size), thread))),
          ...steps,
          when(lt(thread, i32(1)), store(1, block, at(2, i32(0)))),
        ]),
      ]),
    ],
  );
}

describe("shared memory", () => {
  test("[D4] a workgroup's sum through shared memory is the sum", () => {
    const x = numbers(5 * 16);
    const out = new Float32Array(5);
    const { barriers } = run(blockSum(5, 16), x, out);
    expect(barriers).toBe(5 * 4);
    expect([...out]).toEqual(
      [0, 1, 2, 3, 4].map((b) => x.subarray(16 * b, 16 * b + 16).reduce((sum, value) => sum + value)),
    );
  });

  test("[D4] reaching beyond a workgroup's own shared memory is an error", () => {
    const block = index(2);
    const thread = index(4);
    const outside = kernelOf(
      [global("write"), shared(4)],
      [loop("grid", block, [loop("thread", thread, [store(1, add(scale(block, 4), thread), f32(1))])])],
    );
    expect(() => run(outside, new Float32Array(1))).toThrow(
      "kernel: thread 0 of workgroup 1 writes shared b1[4], which has 4 elements",
    );
  });

  test("[D5] a missing barrier is found", () => {
    expect(() => run(blockSum(2, 8, 2), numbers(16), new Float32Array(2))).toThrow(
      "kernel: thread 2 of workgroup 0 writes shared b2[2], accessed by thread 0 of workgroup 0: a data race. A barrier is missing",
    );
    expect(() => run(blockSum(2, 8, 4), numbers(16), new Float32Array(2))).toThrow(
      "kernel: thread 0 of workgroup 0 reads shared b2[4] before anything was written there in its workgroup",
    );
  });

  test("[D5] every kind of race is found, and ordered accesses are not races", () => {
    const thread = index(4);
    const other = remainder(add(thread, i32(1)), 4);
    const of = (...body: Statement[]): LoopKernel =>
      kernelOf([global("write"), shared(4)], [loop("grid", index(1), [loop("thread", thread, body)])]);
    const own = store(1, thread, f32(1));
    const out = (): Float32Array => new Float32Array(4);
    // Write after write, read after write, write after read.
    expect(() => run(of(store(1, i32(0), f32(1))), out())).toThrow(
      "thread 1 of workgroup 0 writes shared b1[0], accessed by thread 0 of workgroup 0: a data race",
    );
    expect(() => run(of(own, barrier, store(0, thread, at(1, other)), own), out())).toThrow(/data race/);
    expect(() => run(of(own, barrier, own, store(0, thread, at(1, other))), out())).toThrow(/data race/);
    // Two readers are no race, and neither is an exchange with barriers on both sides.
    expect(() =>
      run(of(own, barrier, store(0, thread, plus(at(1, i32(0)), at(1, other))), barrier, own), out()),
    ).not.toThrow();
  });

  test("[D5] a barrier that some threads never reach is an error", () => {
    const thread = index(4);
    const of = (...body: Statement[]): LoopKernel =>
      kernelOf([global("write")], [loop("grid", index(1), [loop("thread", thread, body)])]);
    const kernel = of(when(lt(thread, i32(2)), barrier));
    expect(() => run(kernel, new Float32Array(1))).toThrow(KernelError);
    expect(() => run(kernel, new Float32Array(1))).toThrow(
      "thread 0 of workgroup 0 waits at a barrier and thread 2 has ended. Barriers and exchanges must be reached by all threads of a workgroup",
    );
    const two = of(when(lt(thread, i32(2)), { kind: "barrier" }), when(lt(i32(1), thread), { kind: "barrier" }));
    expect(() => run(two, new Float32Array(1))).toThrow("waits at a barrier and thread 2 waits at another");
  });

  test("threads exchange values, as far apart as they can", () => {
    const [block, thread, step] = [index(2), index(8), index(3)];
    const other = register("f32");
    const exchange: Statement = { kind: "exchange", register: other, value: at(0, thread), mask: 2 };
    const of = (...body: Statement[]): LoopKernel =>
      kernelOf([global("read"), global("write")], [loop("grid", block, [loop("thread", thread, body)])]);
    const x = numbers(8);
    const out = new Float32Array(16);
    const go = (kernel: LoopKernel, reach: number | undefined): unknown =>
      interpretKernel(kernel, [{ buffers: [x, out], parameters: [] }], { ...WORKGROUP_LIMITS, exchange: reach });
    const place = add(scale(block, 8), thread);
    expect(go(of(exchange, store(1, place, other)), 4)).toMatchObject({ barriers: 0 });
    expect([...out]).toEqual([...out.keys()].map((i) => x[(i % 8) ^ 2]));
    // Each turn of a loop is an exchange of its own.
    const turned: Statement = { ...exchange, value: plus(at(0, thread), cast(step, "f32")) };
    const kept = loop("sequential", step, [turned, when(lt(i32(1), step), store(1, place, other))]);
    go(of(kept), 4);
    expect([...out]).toEqual([...out.keys()].map((i) => x[(i % 8) ^ 2]! + 2));
    expect(() => go(of(exchange), 2)).toThrow("at a distance of 2, here they do below 2");
    expect(() => go(of(exchange), undefined)).toThrow("here they do below 1");
    expect(() => go(of(when(lt(thread, i32(4)), exchange)), 4)).toThrow(
      "thread 0 of workgroup 0 waits at an exchange and thread 4 has ended",
    );
    const alone = kernelOf([global("read"), global("write")], [{ ...exchange, value: f32(1) }]);
    expect(() => go(alone, 4)).toThrow("an exchange outside of all threads");
  });

  test("workgroups that write what others read or write are an error, whichever number names the memory", () => {
    const block = index(3);
    const of = (body: Statement): LoopKernel =>
      kernelOf([global("write"), global("read")], [loop("parallel", block, [body])]);
    expect(() => run(of(store(0, i32(0), f32(1))), new Float32Array(3), new Float32Array(3))).toThrow(
      "iteration 1 writes b0[0], accessed by another workgroup or iteration: a data race. Nothing orders the two",
    );
    const memory = new Float32Array(4);
    const shifted = of(store(0, block, at(1, block)));
    expect(() => run(shifted, memory.subarray(0, 3), memory.subarray(1, 4))).toThrow(/data race/);
    expect(() => run(shifted, memory.subarray(0, 3), memory.subarray(0, 3))).not.toThrow();
  });

  test("launches of one step are not ordered either", () => {
    const kernel = kernelOf([global("write")], [loop("parallel", index(2), [store(0, i32(0), f32(1))])]);
    const one = kernelOf([global("write")], [store(0, i32(0), f32(1))]);
    const buffers = [new Float32Array(1)];
    expect(() => interpretKernel(kernel, [{ buffers, parameters: [] }])).toThrow(/data race/);
    expect(() => interpretKernel(one, [{ buffers, parameters: [] }])).not.toThrow();
    expect(() =>
      interpretKernel(one, [
        { buffers, parameters: [] },
        { buffers, parameters: [] },
      ]),
    ).toThrow(/data race/);
  });
});

describe("refusals", () => {
  test("kernels that make no sense are refused", () => {
    const out = new Float32Array(4);
    expect(() => run(kernelOf([global("write")], [store(0, i32(4), f32(1))]), out)).toThrow(
      "kernel: iteration 0 writes b0[4], which has 4 elements",
    );
    expect(() => run(kernelOf([global("readwrite")], [store(0, i32(0), at(0, i32(-1)))]), out)).toThrow(
      "reads b0[-1], which has 4 elements",
    );
    expect(() => interpretKernel(kernelOf([global("write")], []), [{ buffers: [], parameters: [] }])).toThrow(
      "wants 1 buffers and 0 parameters, got 0 and 0",
    );
    expect(() =>
      run(
        kernelOf(
          [global("write")],
          [loop("thread", index(2), [loop("sequential", index(2), [loop("thread", index(2), [])])])],
        ),
        out,
      ),
    ).toThrow("Loops over threads go directly inside one another");
    expect(() =>
      run(kernelOf([global("write")], [loop("thread", index(2), [loop("grid", index(2), [])])]), out),
    ).toThrow("Grid loops go outermost");
    const summing: Loop = {
      ...loop("lane", index(2), []),
      accumulators: [{ register: register("f32"), op: "sum", value: f32(1) }],
    };
    expect(() => run(kernelOf([global("write")], [summing]), out)).toThrow(
      "Threads combine their values through shared memory",
    );
  });
});
