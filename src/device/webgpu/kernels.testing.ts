/** For tests: a small kernel of each kind that GPUs run, written by hand. */
import type { DType } from "../../core/dtype.ts";
import {
  add,
  binary,
  cast,
  constant,
  index,
  load,
  param,
  register,
  scale,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import { loadNumber, toStored } from "../../ir/half.ts";
import type { Accumulator, Axis, Buffer, LoopKernel, Statement } from "../../ir/kernel.ts";
import { plainBinary } from "../../ir/rewrite.ts";
import { at, barrier, f32, i32, kernelOf, loop, lt, plus, shared, store, when } from "../kernels.testing.ts";
import type { GridKernel } from "../gpu/kernel.ts";

export interface KernelCase {
  readonly kernel: GridKernel;
  readonly workgroups: number;
  /** Elements of each global buffer. */
  readonly sizes: readonly number[];
  readonly parameters: readonly number[];
}

const global = (dtype: DType, access: Buffer["access"] = "read"): Buffer => ({ dtype, space: "global", access });
const local = (size: number): Buffer => ({ dtype: "f32", space: "register", access: "readwrite", size });
const accumulating = (
  axis: Axis,
  over: Index,
  accumulators: readonly Accumulator[],
  ...body: Statement[]
): Statement => ({ ...loop(axis, over, body), accumulators });

/** A kernel of workgroups of 32 threads. */
function grid(
  buffers: readonly Buffer[],
  workgroups: number,
  body: (group: Index, thread: Index) => Statement[],
): GridKernel {
  const [group, thread] = [index(workgroups), index(32)];
  return kernelOf(buffers, [loop("grid", group, [loop("thread", thread, body(group, thread))])]) as GridKernel;
}

/** An element for each thread, as far as they go. */
function map(
  buffers: readonly Buffer[],
  elements: number,
  body: (i: Expression) => Statement[],
): Pick<KernelCase, "kernel" | "workgroups"> {
  const workgroups = Math.ceil(elements / 32);
  const kernel = grid(buffers, workgroups, (group, thread) => {
    const i = add(scale(group, 32), thread);
    return [when(lt(i, i32(elements)), ...body(i))];
  });
  return { kernel, workgroups };
}

/** max(x · learning rate, 0) with a scalar, a size that is known when the program is prepared, and more workgroups than one dimension has. */
function mapped(): KernelCase {
  const kernel: LoopKernel = {
    ...kernelOf([global("f32"), global("f32", "write")], []),
    parameters: { scalars: ["f32"], sizes: 2 },
  };
  const [group, thread, place] = [index(1), index(32), register("i32")];
  const body = loop("thread", thread, [
    { kind: "let", register: place, value: add(scale(group, 32), thread) },
    when(
      plainBinary("lt", place, param(1, "i32")),
      store(1, place, binary("max", binary("mul", at(0, place), param(0, "f32")), f32(0))),
    ),
  ]);
  return {
    kernel: {
      ...kernel,
      body: [{ ...loop("grid", group, [body]), extent: param(2, "i32") }],
    } as GridKernel,
    workgroups: 4,
    sizes: [100, 100],
    parameters: [0.5, 100, 4],
  };
}

/** Each workgroup adds up 128 numbers: threads first, then halves of them. */
function reduced(): KernelCase {
  const own = register("f32"),
    step = index(4);
  const kernel = grid([global("f32"), global("f32", "write"), shared(32)], 3, (group, thread) => [
    accumulating("reduce", step, [
      { register: own, op: "sum", value: at(0, add(scale(group, 128), add(scale(step, 32), thread))) },
    ]),
    store(2, thread, own),
    ...[16, 8, 4, 2, 1].flatMap((half) => [
      barrier,
      when(lt(thread, i32(half)), store(2, thread, plus(at(2, thread), at(2, add(thread, i32(half)))))),
    ]),
    when(lt(thread, i32(1)), store(1, group, at(2, i32(0)))),
  ]);
  return { kernel, workgroups: 3, sizes: [384, 3], parameters: [] };
}

/** A row for each workgroup: what its elements have above the row's maximum, in an exponential. */
function row(): KernelCase {
  const [own, most, first, second] = [register("f32"), register("f32"), index(2), index(2)];
  const kernel = grid([global("f32"), global("f32", "write"), shared(32)], 2, (group, thread) => {
    const place = (step: Expression): Expression => add(scale(group, 64), add(scale(step, 32), thread));
    const all = index(32);
    return [
      accumulating("reduce", first, [{ register: own, op: "max", value: at(0, place(first)) }]),
      store(2, thread, own),
      barrier,
      accumulating("reduce", all, [{ register: most, op: "max", value: at(2, all) }]),
      loop("sequential", second, [store(1, place(second), unary("exp", binary("sub", at(0, place(second)), most)))]),
    ];
  });
  return { kernel, workgroups: 2, sizes: [128, 128], parameters: [] };
}

/** A row of four for each four threads, added up by exchanging values. */
function exchanged(): KernelCase {
  const [one, two, sum] = [register("f32"), register("f32"), register("f32")];
  const kernel = grid([global("f32"), global("f32", "write")], 3, (group, thread) => {
    const place = add(scale(group, 32), thread);
    return [
      { kind: "exchange", register: one, value: at(0, place), mask: 1 },
      { kind: "let", register: sum, value: plus(at(0, place), one) },
      { kind: "exchange", register: two, value: sum, mask: 2 },
      store(1, place, plus(sum, two)),
    ];
  });
  return { kernel, workgroups: 3, sizes: [96, 96], parameters: [] };
}

/** A product of matrices of 16 × 32 and 32 × 16: a tile of 16 × 16 for one workgroup, 2 × 4 sums for a thread. */
function contracted(): KernelCase {
  const kernel = grid(
    [global("f32"), global("f32"), global("f32", "write"), shared(16 * 8), shared(8 * 16), local(8), local(2)],
    1,
    (_, thread) => {
      const [k, inner, i, j, v, z, o, p, q] = [4, 8, 2, 2, 4, 8, 2, 4, 4].map(index) as [
        Index,
        Index,
        Index,
        Index,
        Index,
        Index,
        Index,
        Index,
        Index,
      ];
      const [ty, tx] = [register("i32"), register("i32")];
      const sum = (r: Expression, c: Expression): Expression => add(scale(r, 4), c);
      const four = (a: Expression, b: Expression): Expression => add(scale(a, 4), b);
      return [
        { kind: "let", register: ty, value: binary("shr", thread, i32(2)) },
        { kind: "let", register: tx, value: binary("and", thread, i32(3)) },
        loop("unroll", z, [store(5, z, f32(0))]),
        loop("sequential", k, [
          loop("vector", v, [
            store(
              3,
              four(thread, v),
              at(
                0,
                add(
                  scale(binary("shr", thread, i32(1)), 32),
                  add(scale(k, 8), add(scale(binary("and", thread, i32(1)), 4), v)),
                ),
              ),
            ),
            store(4, four(thread, v), at(1, add(scale(k, 128), four(thread, v)))),
          ]),
          barrier,
          loop("sequential", inner, [
            loop("unroll", i, [store(6, i, at(3, add(scale(add(scale(ty, 2), i), 8), inner)))]),
            loop("unroll", j, [
              loop("vector", p, [
                store(
                  5,
                  sum(j, p),
                  plus(at(5, sum(j, p)), binary("mul", at(6, j), at(4, add(scale(inner, 16), four(tx, p))))),
                ),
              ]),
            ]),
          ]),
          barrier,
        ]),
        loop("unroll", o, [
          loop("vector", q, [store(2, add(scale(add(scale(ty, 2), o), 16), four(tx, q)), at(5, sum(o, q)))]),
        ]),
      ];
    },
  );
  return { kernel, workgroups: 1, sizes: [512, 512, 256], parameters: [] };
}

/** Where the largest of eight numbers is, and of eight whole numbers the smallest. */
function positions(): KernelCase {
  return {
    ...map([global("f32"), global("i32"), global("i32", "write")], 40, (i) => {
      const [over, again, found, other] = [index(8), index(8), register("i32"), register("i32")];
      return [
        accumulating("reduce", over, [{ register: found, op: "argmax", value: at(0, add(scale(i, 8), over)) }]),
        accumulating("reduce", again, [
          {
            register: other,
            op: "argmin",
            value: load(1, "i32", add(scale(i, 8), again)),
            position: binary("sub", i32(7), again),
          },
        ]),
        store(2, i, add(scale(found, 8), other)),
      ];
    }),
    sizes: [320, 320, 40],
    parameters: [],
  };
}

/** Elements smaller than a word: u8 and bool. */
function bytes(): KernelCase {
  return {
    ...map([global("u8"), global("bool"), global("u8", "write"), global("bool", "write")], 70, (i) => {
      const [x, flag] = [load(0, "u8", i), load(1, "bool", i)];
      const moved = binary("add", x, constant(200, "u8"));
      return [store(2, i, select(flag, moved, x)), store(3, i, binary("lt", moved, x))];
    }),
    sizes: [70, 70, 70, 70],
    parameters: [],
  };
}

/** Small elements, four at a time: whole words are written. */
function packed(): KernelCase {
  return {
    ...map(
      [global("u8"), global("bf16"), global("u8", "write"), global("bf16", "write"), global("bool", "write")],
      20,
      (i) => {
        const lane = index(4);
        const at = add(scale(i, 4), lane);
        const [x, y] = [load(0, "u8", at), loadNumber(1, "bf16", at)];
        return [
          loop("vector", lane, [
            store(2, at, binary("mul", x, x)),
            store(3, at, toStored(binary("mul", y, cast(x, "f32")), "bf16")),
            store(4, at, binary("lt", y, f32(0))),
          ]),
        ];
      },
    ),
    sizes: [80, 80, 80, 80, 80],
    parameters: [],
  };
}

/** Halves in, halves out. */
function halves(): KernelCase {
  return {
    ...map([global("f16"), global("bf16"), global("f16", "write"), global("bf16", "write")], 50, (i) => {
      const sum = plus(loadNumber(0, "f16", i), loadNumber(1, "bf16", i));
      return [store(2, i, toStored(sum, "f16")), store(3, i, toStored(sum, "bf16"))];
    }),
    sizes: [50, 50, 50, 50],
    parameters: [],
  };
}

/** Integers at their limits, casts that saturate, numbers that no literal can be, and operations on known numbers. */
function corners(): KernelCase {
  return {
    ...map([global("f32"), global("i32"), global("i32", "write"), global("f32", "write")], 64, (i) => {
      const [x, n] = [at(0, i), load(1, "i32", i)];
      const whole = cast(x, "i32");
      const quotient = binary("idiv", n, whole);
      const rest = binary("mod", whole, n);
      const known = binary("shl", i32(3), i32(31));
      const bounded = select(binary("lt", unary("abs", x), f32(Infinity)), x, f32(NaN));
      return [
        store(2, i, binary("xor", binary("add", quotient, rest), binary("add", known, binary("shr", whole, n)))),
        store(3, i, binary("min", plus(unary("round", bounded), f32(-0)), binary("div", x, f32(0)))),
      ];
    }),
    sizes: [64, 64, 64, 64],
    parameters: [],
  };
}

export const KERNELS: Readonly<Record<string, () => KernelCase>> = {
  map: mapped,
  reduce: reduced,
  row,
  exchange: exchanged,
  contract: contracted,
  positions,
  bytes,
  packed,
  halves,
  corners,
};
