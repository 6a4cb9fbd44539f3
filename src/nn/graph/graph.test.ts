import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import { losses, optim, segmentMax, segmentMean, segmentSum, sparse } from "../../index.ts";
import { tensor, zeros } from "../../tensor/create.ts";
import { onEachDevice } from "../../tensor/devices.testing.ts";
import { jit } from "../../tensor/jit.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { expectNumbers, fixed, type GoldenLayer } from "../golden.testing.ts";
import * as nn from "../index.ts";
import { expectRecorded, type RecordedCase } from "../recorded.testing.ts";

const goldens = (
  JSON.parse(readFileSync(new URL("../../../tools/goldens/results/graphs.json", import.meta.url), "utf8")) as {
    readonly layers: Readonly<Record<string, GoldenLayer>>;
  }
).layers;

const f64 = { dtype: "f64" } as const;
const numbers = (x: Tensor): number[] => [...x.dataSync()];
const pairs = (from: number[], to: number[]): Tensor => tensor(Int32Array.of(...from, ...to), [2, from.length]);
/** Node 2 has an edge to itself, node 4 receives nothing, one edge comes twice. */
const edges = (): Tensor => pairs([0, 1, 2, 2, 4, 3, 0, 0], [1, 2, 0, 2, 3, 1, 3, 3]);
const triangle = (): Tensor => pairs([0, 1, 1, 2, 2, 0], [1, 0, 2, 1, 0, 2]);

type GraphLayer = nn.GCNConv | nn.SAGEConv | nn.GATConv | nn.GINConv;
const on = (make: () => GraphLayer, graph: () => Tensor = edges): RecordedCase => ({
  make,
  shapes: [[graph === edges ? 5 : 3, 3]],
  call: (layer: GraphLayer, x) => [layer.forward(x!, graph())],
});
const network = (): nn.Sequential =>
  nn.sequential(new nn.Linear(3, 4, f64), nn.relu, new nn.Linear(4, 2, f64)) as never;

const cases: Record<string, RecordedCase> = {
  gcn: on(() => new nn.GCNConv(3, 2, f64)),
  "gcn weighted, improved": {
    make: () => new nn.GCNConv(3, 2, { ...f64, improved: true, bias: false }),
    shapes: [[5, 3]],
    call: (layer: nn.GCNConv, x) => [layer.forward(x!, edges(), fixed([8], 7).abs())],
  },
  "gcn without loops": on(() => new nn.GCNConv(3, 2, { ...f64, addSelfLoops: false })),
  "gcn as it is": on(() => new nn.GCNConv(3, 2, { ...f64, normalize: false })),
  "gcn of a triangle": on(() => new nn.GCNConv(3, 4, f64), triangle),
  sage: on(() => new nn.SAGEConv(3, 2, f64)),
  "sage max, scaled": on(() => new nn.SAGEConv(3, 2, { ...f64, aggregation: "max", normalize: true, bias: false })),
  "sage sum without root": on(() => new nn.SAGEConv(3, 2, { ...f64, aggregation: "sum", rootWeight: false })),
  "sage of a triangle": on(() => new nn.SAGEConv(3, 2, f64), triangle),
  gat: on(() => new nn.GATConv(3, 2, f64)),
  "gat of three heads": on(() => new nn.GATConv(3, 2, { ...f64, heads: 3 })),
  "gat averaged, without loops": on(
    () =>
      new nn.GATConv(3, 2, { ...f64, heads: 2, concat: false, negativeSlope: 0.1, addSelfLoops: false, bias: false }),
  ),
  "gat of a triangle": on(() => new nn.GATConv(3, 2, { ...f64, heads: 2 }), triangle),
  gin: on(() => new nn.GINConv(network(), f64)),
  "gin trained": on(() => new nn.GINConv(network(), { ...f64, eps: 0.5, trainEps: true })),
  "gin of a triangle": on(() => new nn.GINConv(network(), { ...f64, eps: 0.25 }), triangle),
};

it("every recorded layer is tested", () => expect(Object.keys(cases)).toEqual(Object.keys(goldens)));

onEachDevice(() => {
  describe("[N27] [N28] graph layers agree with PyTorch Geometric, forwards and backwards", () => {
    it.each(Object.entries(cases))("%s", (name, given) => expectRecorded(goldens[name]!, given));
  });

  it("[N27] a triangle: D^−½·(A + I)·D^−½·X·Wᵀ, by edges, by a matrix, and dense", () => {
    const layer = new nn.GCNConv(3, 2, { ...f64, bias: false });
    const x = fixed([3, 3], 1);
    const adjacency = tensor(Float64Array.of(0, 1, 1, 1, 0, 1, 1, 1, 0), [3, 3]);
    const looped = adjacency.add(tensor(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]));
    const rate = looped.sum(1).pow(-0.5).unsqueeze(1);
    const dense = numbers(
      looped
        .mul(rate)
        .mul(rate.T as Tensor<[1, 3]>)
        .matmul(x)
        .matmul(layer.lin.weight.T),
    );
    expectNumbers("by edges", layer.forward(x, triangle()), dense, 1e-12);
    expectNumbers("by a matrix", layer.forward(x, sparse.fromDense(adjacency)), dense, 1e-12);
    const normalized = sparse.fromDense(adjacency).withDiagonal().normalize();
    expectNumbers("by a product", normalized.matmul(layer.lin.forward(x)), dense, 1e-12);
  });
  it("[O39] nodes in another order give results in that order", () => {
    const order = [3, 0, 4, 1, 2];
    const at = tensor(Int32Array.from(order));
    const back = order.map((_, i) => order.indexOf(i));
    const moved = tensor(Int32Array.from(numbers(edges()).map((node) => back[node]!)), [2, 8]);
    const x = fixed([5, 3], 1);
    const layers = [new nn.GCNConv(3, 2, f64), new nn.SAGEConv(3, 2, f64), new nn.GATConv(3, 2, f64)];
    for (const layer of [...layers, new nn.GINConv(network(), f64)])
      expectNumbers(
        `${layer}`,
        layer.forward(x.gather(at), moved),
        numbers(layer.forward(x, edges()).gather(at)),
        1e-12,
      );
  });
  it("[O39] a layer of one's own says what goes along an edge and what becomes of it", () => {
    class Difference extends nn.MessagePassing {
      constructor() {
        super("max");
      }
      protected override message({ from, to }: nn.Message): Tensor {
        return from.sub(to);
      }
      forward(x: Tensor, graph: nn.Edges): Tensor {
        return x.add(this.propagate(x, graph));
      }
    }
    const x = tensor([[1], [5], [2]]);
    expect(new Difference().forward(x, triangle()).toArraySync()).toEqual([[5], [2], [5]]);
  });
  it("[O40] GIN tells graphs apart that a mean cannot: neighbours alike, their number not", () => {
    const x = (count: number): Tensor => tensor(new Float64Array(count).fill(1), [count, 1]);
    const star = (leaves: number): Tensor =>
      pairs(
        [...Array(leaves).keys()].map((i) => i + 1),
        Array(leaves).fill(0),
      );
    const centre = (layer: GraphLayer, leaves: number): number =>
      layer
        .forward(x(leaves + 1), star(leaves))
        .slice(0, 0)
        .itemSync();
    const [mean, sum] = [new nn.SAGEConv(1, 1, f64), new nn.GINConv(nn.sequential(new nn.Linear(1, 1, f64)), f64)];
    expect(centre(mean, 2)).toBeCloseTo(centre(mean, 3), 12);
    expect(Math.abs(centre(sum, 2) - centre(sum, 3))).toBeGreaterThan(1e-3);
  });
  it("[O40] readout of a batch of graphs by segments", () => {
    const x = tensor([
      [1, 2],
      [3, -4],
      [5, 6],
    ]);
    const graph = tensor(Int32Array.of(0, 0, 2));
    expect(segmentSum(x, graph, 3).toArraySync()).toEqual([
      [4, -2],
      [0, 0],
      [5, 6],
    ]);
    expect(segmentMean(x, graph, 3).toArraySync()).toEqual([
      [2, -1],
      [0, 0],
      [5, 6],
    ]);
    expect(segmentMax(x, graph, 3).toArraySync()).toEqual([
      [3, 2],
      [0, 0],
      [5, 6],
    ]);
  });
  it("[O40] GraphSAGE on sampled neighbours: at most so many for each node, others at every call", () => {
    const from = Array.from({ length: 30 }, (_, i) => 1 + (i % 10));
    const graph = pairs([...from, 0], [...Array<number>(30).fill(0), 3]);
    manualSeed(5);
    const [first, second] = [nn.sampleNeighbours(graph, 11, 8), nn.sampleNeighbours(graph, 11, 8)];
    expect([first.shape, second.shape]).toEqual([
      [2, 9],
      [2, 9],
    ]);
    expect(numbers(first.slice(1))).toEqual([...Array<number>(8).fill(0), 3]);
    expect(numbers(first)).not.toEqual(numbers(second));
    manualSeed(5);
    expect(numbers(nn.sampleNeighbours(graph, 11, 8))).toEqual(numbers(first));
    expect(numbers(nn.sampleNeighbours(graph, 11, 30).slice(0, [0, 30]))).toEqual(from);
    const x = fixed([11, 3], 1);
    const whole = new nn.SAGEConv(3, 2, f64).forward(x, nn.sampleNeighbours(graph, 11, 99));
    expect(whole.shape).toEqual([11, 2]);
    expect(() => nn.sampleNeighbours(graph, 10, 8)).toThrow(/edges must join nodes 0 to 9, got node 10/);
  });
  it("edges may be data of a traced function; those outside give NaN there", () => {
    const layer = new nn.GATConv(3, 2, { heads: 2 });
    const x: Tensor = fixed([5, 3], 1).float();
    const traced = jit((graph: Tensor) => layer.forward(x, graph));
    for (const graph of [edges(), pairs([4, 3, 2, 1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 4, 4, 4])])
      expectNumbers("traced", traced(graph), numbers(layer.forward(x, graph)), 1e-6);
    expect(numbers(traced(pairs([5, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]))).some(Number.isNaN)).toBe(true);
  });
  it("drops attention while training", () => {
    const layer = new nn.GATConv(3, 2, { dropout: 1 });
    const x: Tensor = fixed([5, 3], 1).float();
    expect(numbers(layer.forward(x, edges())).every((v) => v === 0)).toBe(true);
    expect(numbers(layer.eval().forward(x, edges())).every((v) => v === 0)).toBe(false);
  });
  it("names what does not fit", () => {
    const [x, layer] = [zeros([5, 3]), new nn.GCNConv(3, 2)];
    expect(() => layer.forward(zeros([5, 2]), edges())).toThrow(
      /GCNConv\(3, 2\): node features must be \[nodes, 3\], got \[5, 2\]/,
    );
    expect(() => layer.forward(zeros([4, 3]), edges())).toThrow(ArgumentError);
    expect(() => layer.forward(zeros([4, 3]), edges())).toThrow(
      /GCNConv\(3, 2\): edges must join nodes 0 to 3, got node 4/,
    );
    expect(() => layer.forward(x, edges().float())).toThrow(DTypeError);
    expect(() => layer.forward(x, edges().T)).toThrow(ShapeError);
    expect(() => layer.forward(x, edges(), zeros([7]))).toThrow(/weights must be one for each of 8 edges, got \[7\]/);
    expect(() => layer.forward(x, sparse.coo([[0], [0]], [1], [4, 4]))).toThrow(
      /the adjacency matrix must be \[5, 5\], got \[4, 4\]/,
    );
    expect(() => new nn.SAGEConv(3, 2, { aggregation: "median" as never })).toThrow(
      /aggregation must be "sum", "mean"/,
    );
    expect(() => new nn.GATConv(3, 2, { heads: 0 })).toThrow(/GATConv\(3, 2, 0\): heads must be a whole number/);
  });
});

it("[O40] two communities, two known members: a GCN finds all others", () => {
  manualSeed(1);
  const [from, to]: [number[], number[]] = [[], []];
  const join = (a: number, b: number): void => {
    from.push(a, b);
    to.push(b, a);
  };
  // Two rings with chords of ten nodes each, and one edge between them.
  for (const first of [0, 10])
    for (let i = 0; i < 10; i++) for (const step of [1, 3]) join(first + i, first + ((i + step) % 10));
  join(4, 15);
  const graph = pairs(from, to);
  const [one, two] = [new nn.GCNConv(20, 8), new nn.GCNConv(8, 2)];
  const x = tensor(
    Float32Array.from({ length: 400 }, (_, i) => Number(i % 21 === 0)),
    [20, 20],
  );
  const logits = (): Tensor => two.forward(one.forward(x, graph).relu(), graph);
  const adam = new optim.Adam([...one.parameters(), ...two.parameters()], { lr: 0.02 });
  const known = tensor(Int32Array.of(0, 10));
  const step = jit(() => {
    const loss = losses.crossEntropy(logits().gather(known), tensor(Int32Array.of(0, 1)));
    adam.zeroGrad();
    loss.backward();
    adam.step();
    return loss;
  });
  for (let i = 0; i < 100; i++) step();
  expect(numbers(logits().argmax(1))).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
});
