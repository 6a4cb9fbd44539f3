import { describe as suite, expect, it } from "vitest";
import type { Device } from "../device/device.ts";
import { InterpretingDevice } from "../device/reference/interpreting.ts";
import { evaluateNode } from "../device/reference/evaluate.ts";
import { WasmDevice } from "../device/wasm/device.ts";
import { byteSize, numbersIn, viewOf, type TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import { topological, type Node, type Source } from "../graph/node.ts";
import { gradients } from "../graph/grad.ts";
import { add, div, mul, sub } from "../graph/ops/binary.ts";
import { dot } from "../graph/ops/dot.ts";
import { fill, input } from "../graph/ops/leaf.ts";
import { scan } from "../graph/ops/scan.ts";
import { concat, contiguous, expand, pad, permute, reshape, slice, window } from "../graph/ops/movement.ts";
import { maxReduce, spread, sum } from "../graph/ops/reduce.ts";
import { exp, sqrt, tanh } from "../graph/ops/unary.ts";
import { compile, rootsOf, type Request } from "./compile.ts";
import { report } from "./explain.ts";

class Host implements Source {
  readonly requiresGrad = true;
  readonly array: Float32Array;
  constructor(array: Float32Array) {
    this.array = array;
  }
}
let seed = 1;
const leaf = (...shape: number[]): Node => {
  const array = Float32Array.from(
    { length: sizeOf(shape) },
    () => ((seed = (seed * 16807) % 2147483647) / 2147483647) * 2 - 1,
  );
  return input(shape, "f32", new Host(array));
};

function reference(roots: readonly Node[]): TypedArray[] {
  const values = new Map<Node, TypedArray>();
  for (const n of topological(roots))
    values.set(
      n,
      n.source
        ? (n.source as Host).array
        : evaluateNode(
            n,
            n.inputs.map((x) => values.get(x)!),
          ),
    );
  return roots.map((r) => values.get(r)!);
}

/** Results, then what updates have left. */
function run(device: Device, request: Request): TypedArray[] {
  const compiled = compile(request);
  const runnable = device.prepare(compiled.program);
  const memories = compiled.program.bindings.map((bytes) => device.alloc(Math.max(1, bytes)));
  compiled.structure.leaves.forEach((l, i) => {
    const { array } = l.source as Host;
    device.write(memories[i]!, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  });
  device.run(
    runnable,
    memories,
    compiled.program.scalars.map(
      (_, i) => (compiled.structure.numbers[i]?.attributes["value"] as number | undefined) ?? 0,
    ),
  );
  const bindings = [...compiled.results, ...compiled.updates];
  return rootsOf(request).map((n, i) => {
    const bytes = device.readSync!(memories[bindings[i]!]!, 0, sizeOf(n.shape) * byteSize(n.dtype));
    return numbersIn(viewOf(n.dtype, bytes.buffer, bytes.byteOffset, sizeOf(n.shape)), n.dtype);
  });
}

const softmax = (x: Node): Node => {
  const axes = [x.shape.length - 1];
  const e = exp(sub(x, spread(maxReduce(x, axes), x.shape, axes)));
  return div(e, spread(sum(e, axes), x.shape, axes));
};
const layerNorm = (x: Node): Node => {
  const axes = [x.shape.length - 1];
  const n = fill([x.shape[0]!], x.shape[1]!, "f32");
  const centred = sub(x, spread(div(sum(x, axes), n), x.shape, axes));
  const variance = div(sum(mul(centred, centred), axes), n);
  return div(centred, spread(sqrt(add(variance, fill(variance.shape, 1e-5, "f32"))), x.shape, axes));
};
const bias = (x: Node, b: Node): Node => add(x, expand(reshape(b, [1, b.shape[0]!]), x.shape));
const matmul = (a: Node, b: Node): Node => dot(a, b, { batch: [[], []], contract: [[1], [0]] });

const cases: Record<string, () => { roots: Node[]; expected?: Node[]; kernels: number }> = {
  map: () => ({ roots: [mul(add(leaf(3, 5), leaf(3, 5)), leaf(3, 5))], kernels: 1 }),
  "transposed map": () => ({ roots: [add(permute(leaf(7, 5), [1, 0]), leaf(5, 7))], kernels: 1 }),
  "full sum": () => ({ roots: [sum(leaf(40, 1000), [0, 1])], kernels: 2 }),
  "column sum": () => ({ roots: [sum(leaf(33, 21), [0])], kernels: 1 }),
  softmax: () => ({ roots: [softmax(leaf(9, 21))], kernels: 1 }),
  "layer norm": () => ({ roots: [layerNorm(leaf(9, 21))], kernels: 1 }),
  "contraction with epilogue": () => ({ roots: [tanh(bias(matmul(leaf(9, 21), leaf(21, 18)), leaf(18)))], kernels: 1 }),
  "contraction read under another axis of size 1": () => ({
    roots: [
      add(
        reshape(dot(leaf(4), leaf(4, 6), { batch: [[], []], contract: [[0], [0]] }), [1, 6]),
        slice(leaf(2, 6), [1, 0], [1, 6], [1, 1]),
      ),
    ],
    kernels: 1,
  }),
  "contraction, and nothing of it": () => {
    const product = reshape(dot(leaf(4), leaf(4), { batch: [[], []], contract: [[0], [0]] }), [1]);
    return { roots: [slice(product, [0], [0]), product], kernels: 1 };
  },
  "a contraction whose copy is read in another order": () => ({
    roots: [permute(contiguous(matmul(leaf(9, 21), leaf(21, 18))), [1, 0])],
    kernels: 2,
  }),
  "a contraction and a copy of it": () => {
    const product = matmul(leaf(9, 21), leaf(21, 18));
    return { roots: [product, contiguous(permute(product, [1, 0]))], kernels: 2 };
  },
  "transposed contraction": () => ({
    roots: [matmul(permute(leaf(21, 9), [1, 0]), permute(leaf(18, 21), [1, 0]))],
    kernels: 1,
  }),
  "a long contraction of rows far apart and few columns": () => ({
    roots: [matmul(permute(leaf(90, 300), [1, 0]), leaf(90, 10))],
    kernels: 1,
  }),
  "attention heads": () => {
    const x = leaf(2, 6, 12);
    const heads = permute(reshape(x, [2, 6, 3, 4]), [0, 2, 1, 3]);
    const scores = softmax(
      dot(heads, heads, {
        batch: [
          [0, 1],
          [0, 1],
        ],
        contract: [[3], [3]],
      }),
    );
    const out = dot(scores, heads, {
      batch: [
        [0, 1],
        [0, 1],
      ],
      contract: [[3], [2]],
    });
    return {
      roots: [
        dot(reshape(permute(out, [0, 2, 1, 3]), [2, 6, 12]), leaf(12, 5), { batch: [[], []], contract: [[2], [0]] }),
      ],
      kernels: 4,
    };
  },
  convolution: () => {
    const x = pad(leaf(2, 3, 6, 6), [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    const w = window(window(x, { axis: 2, size: 3, stride: 1, dilation: 1 }), {
      axis: 3,
      size: 3,
      stride: 1,
      dilation: 1,
    });
    return {
      roots: [
        permute(
          dot(w, leaf(4, 3, 3, 3), {
            batch: [[], []],
            contract: [
              [1, 4, 5],
              [1, 2, 3],
            ],
          }),
          [0, 3, 1, 2],
        ),
      ],
      kernels: 1,
    };
  },
  "a loop and its gradients": () => {
    const [steps, batch, wide, hidden] = [5, 3, 4, 6];
    const xs = leaf(steps, batch, wide),
      h0 = leaf(batch, hidden),
      w = leaf(hidden, wide),
      u = leaf(hidden, hidden),
      b = leaf(hidden);
    const cell = (h: Node, x: Node): Node =>
      tanh(bias(add(matmul(x, permute(w, [1, 0])), matmul(h, permute(u, [1, 0]))), b));
    const looped = scan(
      ([h], [x]) => {
        const next = cell(h!, x!);
        return { carry: [next], outputs: [mul(next, next)] };
      },
      [h0],
      [xs],
    );
    let h = h0;
    let total = fill([], 0, "f32");
    for (let t = 0; t < steps; t++) {
      h = cell(h, reshape(slice(xs, [t, 0, 0], [1, batch, wide]), [batch, wide]));
      total = add(total, sum(mul(h, h), [0, 1]));
    }
    const plain = add(total, sum(h, [0, 1]));
    const loss = add(sum(looped.outputs[0]!, [0, 1, 2]), sum(looped.carry[0]!, [0, 1]));
    const wanted = [w, u, b, h0, xs];
    const all = (root: Node): Node[] => [root, ...gradients([root], [fill([], 1, "f32")], wanted).map((g) => g!)];
    return { roots: all(loss), expected: all(plain), kernels: 0 };
  },
  "kernels that are alike, and kernels that only seem so": () => {
    const [x, y, w, v] = [leaf(9, 16), leaf(9, 16), leaf(16, 16), leaf(16, 16)];
    const [three, seven] = [0.3, 0.7].map((number) => fill([9, 16], number, "f32")) as [Node, Node];
    const layer = (from: Node, weights: Node): Node => tanh(bias(matmul(from, weights), leaf(16)));
    // Loaded once or twice, by one place or two; numbers that change places; rows of other values.
    const sums = [softmax(add(x, x)), softmax(add(x, y)), softmax(add(y, x)), softmax(add(y, leaf(9, 16)))];
    const numbers = [add(mul(x, three), seven), add(mul(x, seven), three), add(mul(y, three), three)];
    const turned = [mul(matmul(x, w), permute(leaf(16, 9), [1, 0])), mul(matmul(x, v), leaf(9, 16))];
    // Two values of one kernel: the second takes what the first takes first, or last.
    const pair = (at: number, by: number): Node[] => {
      const read = [leaf(9, 16), leaf(9, 16)];
      const given = [fill([9, 16], at + 0.1, "f32"), fill([9, 16], by + 0.2, "f32")];
      return [add(mul(read[0]!, given[0]!), mul(read[1]!, given[1]!)), mul(exp(read[at]!), given[by]!)];
    };
    const pairs = [...pair(0, 0), ...pair(0, 1), ...pair(1, 0), ...pair(1, 1), ...pair(1, 1)];
    return { roots: [layer(layer(x, w), v), layer(y, v), ...sums, ...numbers, ...turned, ...pairs], kernels: 0 };
  },
  "gradients of a small network": () => {
    const x = leaf(9, 12),
      w1 = leaf(12, 8),
      b1 = leaf(8),
      w2 = leaf(8, 5);
    const loss = sum(softmax(matmul(tanh(bias(matmul(x, w1), b1)), w2)), [0, 1]);
    const squared = mul(loss, loss);
    return { roots: [squared, ...gradients([squared], [fill([], 1, "f32")], [w1, b1, w2]).map((g) => g!)], kernels: 0 };
  },
};

/** Steps of many parameters, as an optimizer takes them. */
function steps(shapes: readonly number[][]): Request {
  const count = leaf();
  const next = add(count, fill([], 1, "f32"));
  const updates = shapes.flatMap((shape) => {
    const [parameter, gradient, mean, square] = [leaf(...shape), leaf(...shape), leaf(...shape), leaf(...shape)];
    const flat = (x: Node): Node => reshape(x, [sizeOf(shape)]);
    const all = (x: Node): Node => expand(reshape(x, [1]), [sizeOf(shape)]);
    const decay = fill([sizeOf(shape)], 0.1, "f32");
    // Read by mean and square, twice by the latter.
    const penalized = add(flat(gradient), mul(flat(parameter), decay));
    const nextMean = add(flat(mean), penalized);
    const nextSquare = add(mul(flat(square), flat(square)), mul(penalized, penalized));
    const change = mul(nextMean, all(next));
    const moved = sub(flat(parameter), div(change, add(sqrt(nextSquare), decay)));
    return [
      { target: parameter, value: reshape(moved, shape) },
      { target: mean, value: reshape(nextMean, shape) },
      { target: square, value: reshape(nextSquare, shape) },
    ];
  });
  return { results: [], updates: [{ target: count, value: next }, ...updates] };
}

for (const [name, make] of Object.entries({
  reference: () => new InterpretingDevice(),
  wasm: () => new WasmDevice(),
}) as [string, () => Device][]) {
  suite(`compiled on ${name}`, () => {
    for (const [title, build] of Object.entries(cases))
      it(title, () => {
        const { roots, expected, kernels } = build();
        const want = reference(expected ?? roots);
        const got = run(make(), { results: roots, updates: [] });
        got.forEach((g, i) => g.forEach((v, k) => expect(v, `root ${i} element ${k}`).toBeCloseTo(want[i]![k]!, 4)));
        if (kernels) expect(compile({ results: roots, updates: [] }).steps.length).toBe(kernels);
      });
    for (const [title, shapes] of Object.entries({
      "one element among many": [[2, 3], [1], [4], [], [1, 1]],
      "one element each": [[1], [1, 1]],
    }))
      it(`updates of ${title} are the segments of one step`, () => {
        const request = steps(shapes);
        const want = reference(rootsOf(request));
        run(make(), request).forEach((g, i) =>
          g.forEach((v, k) => expect(v, `root ${i} element ${k}`).toBeCloseTo(want[i]![k]!, 4)),
        );
        const segments = compile(request).steps.map((step) => step.launches?.length);
        expect(segments).toEqual([1, shapes.length]);
      });
    it("a value that one op reads twice is not stored for it", () => {
      const x = add(leaf(5, 7), leaf(5, 7));
      expect(compile({ results: [sum(mul(x, x), [0]), sum(leaf(5, 7), [1])], updates: [] }).steps.length).toBe(2);
    });
  });
}

it("layers that are alike have one kernel, whatever they load", () => {
  const layer = (x: Node): Node => softmax(bias(matmul(x, leaf(16, 16)), leaf(16)));
  const { steps } = compile({ results: [layer(layer(layer(leaf(9, 16))))], updates: [] });
  const kernels = steps.map(({ launches }) => launches![0]!.parameterized.kernel);
  expect([kernels.length, new Set(kernels).size]).toEqual([6, 2]);
  const buffers = steps.flatMap(({ launches }) => launches!.flatMap((launch) => launch.buffers));
  // Three weights, three biases, the input, and what each of the six kernels writes.
  expect(new Set(buffers).size).toBe(13);
});

it("a loop's products read columns side by side, backwards as forwards: weights are turned once at most", () => {
  const [steps, batch, hidden] = [5, 3, 6];
  const [u, h0, xs] = [leaf(hidden, hidden), leaf(batch, hidden), leaf(steps, batch, hidden)];
  const looped = scan(
    ([h], [x]) => ({ carry: [tanh(add(matmul(h!, permute(u, [1, 0])), x!))], outputs: [] }),
    [h0],
    [xs],
  );
  const loss = sum(looped.carry[0]!, [0, 1]);
  const results = [loss, ...gradients([loss], [fill([], 1, "f32")], [u]).map((g) => g!)];
  const looping = report(compile({ results, updates: [] })).steps.filter(({ times }) => times === steps);
  const products = looping.flatMap(({ launches }) => launches.filter(({ kind }) => kind === "contract"));
  // Rows are i0, columns i1, and the sum runs over i2.
  const columns = products.map(({ code }) => /sum of .*\* b\d\[\((.*?)\)\]/.exec(code)?.[1]);
  expect(columns).toEqual(["i1 + i2*6", "i1 + i2*6"]);
});

it("what results of a loop's step share is computed once, though the next step's carry is among them", () => {
  const looped = scan(
    ([c], [x]) => {
      const next = add(c!, x!);
      const squashed = tanh(next);
      return { carry: [next], outputs: [squashed, mul(squashed, x!)] };
    },
    [leaf(3, 6)],
    [leaf(5, 3, 6)],
  );
  const { steps } = report(compile({ results: [looped.carry[0]!, ...looped.outputs], updates: [] }));
  const [map] = steps.filter(({ times }) => times === 5).flatMap(({ launches }) => launches);
  expect(map!.code.match(/tanh\(/g)).toHaveLength(1);
});

it("what channels between other axes are normalized by is computed first: its map then runs along memory", () => {
  const kindsOf = (x: Node, axes: readonly number[]): string[] => {
    const large = spread(sum(x, axes), x.shape, axes);
    return report(compile({ results: [mul(x, large)], updates: [] })).steps.map(({ launches }) => launches[0]!.kind);
  };
  // Rows follow one another: one kernel. Channels do not, and threads share out each step by itself.
  expect(kindsOf(leaf(64, 1024), [1])).toEqual(["row"]);
  expect(kindsOf(leaf(32, 64, 64), [0, 2]).at(-1)).toBe("map");
});

it("tensors end to end are one loop each, however many they are, and no element asks which it is of", () => {
  const parts = Array.from({ length: 20 }, (_, i) => leaf(3 + i));
  const nested = concat([leaf(1), concat(parts, 0), leaf(2)], 0);
  const { steps } = report(compile({ results: [nested], updates: [] }));
  const [copy] = steps.flatMap(({ launches }) => launches);
  expect(copy!.code).not.toMatch(/min\(|max\(|<=|\?/);
  const [got] = run(new WasmDevice(), { results: [nested], updates: [] });
  expect([...got!]).toEqual([...reference([nested])[0]!]);
});
