import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError, ShapeError, TraceError } from "../core/errors.ts";
import { tensor, zeros } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fixed } from "./golden.testing.ts";
import * as nn from "./index.ts";

class Block extends nn.Module {
  norm = new nn.LayerNorm(4);
  gain = nn.parameter(tensor([2, 2, 2, 2]));
  forward(x: Tensor): Tensor {
    return this.norm.forward(x).mul(this.gain);
  }
}

/** Everything that the walk must see, and everything that it must not. */
class Model extends nn.Module {
  name = "model";
  sizes = [4, 4];
  layers = [new nn.Linear(4, 4), new nn.Linear(4, 4, { bias: false })];
  named = { head: new nn.Linear(4, 2), depth: 3 };
  block = new Block();
  chain = nn.sequential(new nn.Linear(2, 3), nn.relu, new nn.Linear(3, 2));
  constant = tensor([1, 2, 3]);
  steps = nn.buffer(tensor([0], { dtype: "i32" }));
  readonly #hidden = new nn.Linear(4, 4);
  nothing: nn.Module | null = null;

  forward(x: Tensor): Tensor {
    const deep = this.layers.reduce<Tensor>((value, layer) => layer.forward(value), this.#hidden.forward(x));
    return this.chain.forward(this.named.head.forward(this.block.forward(deep)));
  }
}

const PATHS = [
  "layers.0.weight",
  "layers.0.bias",
  "layers.1.weight",
  "named.head.weight",
  "named.head.bias",
  "block.norm.weight",
  "block.norm.bias",
  "block.gain",
  "chain.0.weight",
  "chain.0.bias",
  "chain.2.weight",
  "chain.2.bias",
];

onEachDevice(() => {
  describe("what a module is made of", () => {
    it("[N33] parameters are found in fields, arrays and plain objects, each by its path", () => {
      const model = new Model();
      expect([...model.namedParameters().keys()]).toEqual(PATHS);
      expect(model.parameters()).toHaveLength(PATHS.length);
      expect([...model.namedBuffers().keys()]).toEqual(["steps"]);
      expect(Object.keys(model.stateDict())).toEqual([...PATHS, "steps"]);
      expect([...model.namedModules().keys()]).toEqual([
        "",
        "layers.0",
        "layers.1",
        "named.head",
        "block",
        "block.norm",
        "chain",
        "chain.0",
        "chain.2",
      ]);
      expect(model.namedModules().get("chain.2")).toBe(model.chain.layers[2]);
    });
    it("an object is met once, under its first path; circles end", () => {
      class Tied extends nn.Module {
        table = new nn.Embedding(5, 3);
        head = new nn.Linear(3, 5, { bias: false });
        self: nn.Module = this;
        again = [this.table];
        constructor() {
          super();
          this.head.weight = this.table.weight;
        }
        forward(ids: Tensor): Tensor {
          return this.head.forward(this.table.forward(ids));
        }
      }
      const model = new Tied();
      expect([...model.namedParameters().keys()]).toEqual(["table.weight"]);
      expect([...model.namedModules().keys()]).toEqual(["", "table", "head"]);
      model
        .forward(tensor(Int32Array.of(0, 1)))
        .sum()
        .backward();
      expect(model.table.weight.grad!.shape).toEqual([5, 3]);
    });
    it("[N3] chains nest, take lists, and name layers by position", () => {
      const layers = [4, 6, 5].map((size, i, sizes) => new nn.Linear(sizes[i - 1] ?? 3, size));
      const chain = nn.sequential(nn.sequential(...layers), new nn.Flatten());
      expect(Object.keys(chain.stateDict())).toEqual([0, 1, 2].flatMap((i) => [`0.${i}.weight`, `0.${i}.bias`]));
      expect(chain.forward(zeros([2, 3])).shape).toEqual([2, 5]);
      const attention = new nn.MultiheadAttention(4, 2);
      expect([...attention.outProj.bias!.dataSync(), ...attention.inProjBias!.dataSync()].every((b) => b === 0)).toBe(
        true,
      );
    });
    it("apply visits children before parents", () => {
      const seen: nn.Module[] = [];
      const model = new Model().apply((module) => seen.push(module));
      expect(seen.at(-1)).toBe(model);
      expect(seen.indexOf(model.block.norm)).toBeLessThan(seen.indexOf(model.block));
    });
    it("[N1] [N36] [F8] [F20] [N35] [M2] counts of parameters", () => {
      const count = (model: nn.Module): number => model.parameters().reduce((sum, p) => sum + p.size, 0);
      const dense = (...sizes: number[]): nn.Module =>
        nn.sequential(...sizes.slice(1).map((size, i) => new nn.Linear(sizes[i]!, size)));
      expect(count(dense(784, 128))).toBe(100_480);
      expect(count(dense(784, 128, 10))).toBe(101_770);
      expect(count(dense(4, 3, 1))).toBe(19);
      expect(count(dense(64, 25, 15, 1))).toBe(2031);
      const sizes = [784, 512, 256, 128];
      const blocks = sizes
        .slice(1)
        .flatMap((size, i) => [
          new nn.Linear(sizes[i]!, size),
          new nn.BatchNorm1d(size),
          new nn.ReLU(),
          new nn.Dropout(0.3),
        ]);
      expect(count(nn.sequential(...blocks, new nn.Linear(128, 10)))).toBe(569_226);
      expect(blocks.filter((b) => b instanceof nn.BatchNorm1d).reduce((sum, b) => sum + count(b), 0)).toBe(1792);
    });
    it("[F19] summary lists layers, the shapes they return and their parameters, and changes nothing", () => {
      const model = nn.sequential(new nn.Linear(4, 8), new nn.BatchNorm1d(8), nn.relu, new nn.Linear(8, 2));
      (model.layers[0] as nn.Linear).freeze();
      const before = model.stateDict();
      expect(model.summary([3, 4])).toBe(
        [
          "path     layer           output  parameters",
          "-------------------------------------------",
          "(model)  Sequential      [3, 2]          74",
          "0        Linear(4, 8)    [3, 8]          40",
          "1        BatchNorm1d(8)  [3, 8]          16",
          "3        Linear(8, 2)    [3, 2]          18",
          "-------------------------------------------",
          "74 parameters, 34 trainable, 40 frozen",
        ].join("\n"),
      );
      for (const [name, value] of Object.entries(model.stateDict()))
        expect([...value.dataSync()], name).toEqual([...before[name]!.dataSync()]);
      expect(model.summary()).not.toContain("output");
      expect(Object.hasOwn(model.layers[0] as object, "forward")).toBe(false);
      expect(new nn.Embedding(9, 4).summary(tensor(Int32Array.of(1, 2)))).toContain("[2, 4]");
    });
  });

  describe("modes and freezing", () => {
    it("train and eval reach every module", () => {
      const model = new Model();
      expect(model.train()).toBe(model);
      expect(model.modules().every((m) => m.training)).toBe(true);
      model.eval();
      expect(model.modules().every((m) => !m.training)).toBe(true);
    });
    it("frozen parameters take no gradient", () => {
      const model = new Model();
      model.block.freeze();
      model.layers[0]!.weight.requiresGrad = false;
      model
        .forward(fixed([2, 4], 1).float())
        .sum()
        .backward();
      const without = [...model.namedParameters()].filter(([, p]) => p.grad === null).map(([path]) => path);
      expect(without).toEqual(["layers.0.weight", "block.norm.weight", "block.norm.bias", "block.gain"]);
      expect(
        model
          .unfreeze()
          .parameters()
          .every((p) => p.requiresGrad),
      ).toBe(true);
      model.zeroGrad();
      expect(model.parameters().every((p) => p.grad === null)).toBe(true);
    });
    it("a traced function follows eval()", () => {
      const model = nn.sequential(new nn.Dropout(0.5));
      const run = jit((x: Tensor) => model.forward(x));
      const x: Tensor = tensor(new Float32Array(64).fill(1));
      expect(run(x).dataSync()).toContain(0);
      model.eval();
      expect([...run(x).dataSync()]).toEqual([...x.dataSync()]);
    });
    it("a mode is traced once: train, eval, train are two programs", () => {
      const [model, other] = [nn.sequential(new nn.Dropout(0.5)), new nn.Dropout(0.5)];
      let traced = 0;
      const run = jit((x: Tensor) => {
        traced++;
        return model.forward(x);
      });
      const x: Tensor = tensor(new Float32Array(64).fill(1));
      const drops = (): boolean => run(x).dataSync().includes(0);
      const inBoth = (): boolean[] => [model.train() && drops(), drops(), model.eval() && drops(), drops()];
      expect(inBoth()).toEqual([true, true, false, false]);
      // Every program is traced at its first call and compared at its second.
      expect([run.variants.length, traced]).toEqual([2, 4]);
      for (let i = 0; i < 3; i++) expect(inBoth()).toEqual([true, true, false, false]);
      // Nor does the mode of a module matter that the function does not ask.
      other.eval();
      expect(inBoth()).toEqual([true, true, false, false]);
      expect([run.variants.length, traced]).toEqual([2, 4]);
    });
    it("a traced function that sets modes sets them at every call", () => {
      const model = new nn.Dropout(0.5);
      const run = jit((x: Tensor, on: boolean) => model.train(on).forward(x));
      const x: Tensor = tensor(new Float32Array(64).fill(1));
      for (let i = 0; i < 3; i++)
        for (const on of [true, false]) {
          expect(run(x, on).dataSync().includes(0)).toBe(on);
          expect(model.training).toBe(on);
        }
    });
  });

  describe("hooks", () => {
    it("shadow forward on one instance, see inputs and outputs, may replace both, and go without a trace", () => {
      const [layer, other] = [new nn.Linear(2, 2), new nn.Linear(2, 2)];
      const x = tensor([[1, 2]]);
      const plain = [...layer.forward(x).dataSync()];
      const seen: unknown[] = [];
      const undo = [
        layer.onForwardStart((_, inputs) => [(inputs[0] as Tensor).mul(0)]),
        layer.onForward((module, inputs, output) => {
          seen.push(module, (inputs[0] as Tensor).shape, (output as Tensor).shape);
        }),
        layer.onForward((_, __, output) => (output as Tensor).add(1)),
      ];
      const hooked = [...layer.forward(x).dataSync()];
      expect(hooked).toEqual([...layer.bias!.add(1).dataSync()]);
      expect(seen).toEqual([layer, [1, 2], [1, 2]]);
      expect(Object.hasOwn(other, "forward")).toBe(false);
      expect(Object.keys(layer.stateDict())).toEqual(["weight", "bias"]);
      for (const f of undo) f();
      expect(Object.hasOwn(layer, "forward")).toBe(false);
      expect([...layer.forward(x).dataSync()]).toEqual(plain);
    });
    it("[F17] a hook on every layer collects what hand-written networks keep in their cache", () => {
      const model = nn.sequential(
        new nn.Linear(2, 4),
        nn.relu,
        new nn.Linear(4, 3),
        nn.relu,
        new nn.Linear(3, 1),
        nn.sigmoid,
      );
      const caches: { input: Tensor; weight: Tensor; bias: Tensor; z: Tensor }[] = [];
      for (const layer of model.layers)
        if (layer instanceof nn.Linear)
          layer.onForward((_, [input], output) => {
            const { weight, bias } = layer as nn.Linear;
            caches.push({ input: input as Tensor, weight, bias: bias!, z: output as Tensor });
          });
      expect(model.forward(fixed([5, 2], 1).float()).shape).toEqual([5, 1]);
      expect(caches.map((c) => [c.input.shape, c.weight.shape, c.z.shape])).toEqual([
        [
          [5, 2],
          [4, 2],
          [5, 4],
        ],
        [
          [5, 4],
          [3, 4],
          [5, 3],
        ],
        [
          [5, 3],
          [1, 3],
          [5, 1],
        ],
      ]);
    });
  });

  describe("state dicts", () => {
    it("load what another model saved; the models then say the same", () => {
      manualSeed(1);
      const [a, b] = [
        nn.sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4)),
        nn.sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4)),
      ];
      const x = fixed([6, 3], 1).float();
      a.forward(x);
      expect([...b.forward(x).dataSync()]).not.toEqual([...a.forward(x).dataSync()]);
      expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
      expect([...b.eval().forward(x).dataSync()]).toEqual([...a.eval().forward(x).dataSync()]);
    });
    it("convert floats, and accept a tied parameter under any of its names", () => {
      const layer = new nn.Linear(2, 2);
      layer.loadStateDict({ weight: tensor(Float64Array.of(1, 2, 3, 4), [2, 2]), bias: tensor([0, 1]) });
      expect([...layer.weight.dataSync()]).toEqual([1, 2, 3, 4]);
      expect(layer.weight.dtype).toBe("f32");
      class Tied extends nn.Module {
        first = layer;
        second = layer;
        forward(x: Tensor): Tensor {
          return this.second.forward(this.first.forward(x));
        }
      }
      const [weight, bias] = [
        tensor([
          [5, 6],
          [7, 8],
        ]),
        tensor([1, 1]),
      ];
      new Tied().loadStateDict({ "second.weight": weight, "first.bias": bias, "second.bias": bias });
      expect([...layer.weight.dataSync()]).toEqual([5, 6, 7, 8]);
    });
    it("can load a model's own state, and swap parts of it", () => {
      const model = nn.sequential(new nn.Linear(2, 2), new nn.Linear(2, 2));
      const { "0.weight": first, "1.weight": second, ...rest } = model.stateDict();
      const values = [first!, second!].map((t) => [...t.dataSync()]);
      model.loadStateDict({ ...rest, "0.weight": second!, "1.weight": first! });
      expect([[...model.stateDict()["0.weight"]!.dataSync()], [...model.stateDict()["1.weight"]!.dataSync()]]).toEqual([
        values[1],
        values[0],
      ]);
    });
    it("a misfit names what is missing, unexpected or of another shape, and nothing is half loaded", () => {
      const model = nn.sequential(new nn.Linear(2, 3), new nn.Linear(3, 2));
      const before = Object.values(model.stateDict()).map((t) => [...t.dataSync()]);
      const { "1.bias": _, ...most } = model.stateDict();
      const changed = { ...most, "0.weight": zeros([3, 2]), extra: zeros([1]) };
      const load = (): unknown => model.loadStateDict(changed);
      expect(load).toThrow(FormatError);
      expect(load).toThrow(/names of Sequential and of the state differ: missing: 1.bias; unexpected: extra/);
      const wide = (): unknown =>
        model.loadStateDict({ ...model.stateDict(), "0.weight": zeros([3, 2]), "1.weight": zeros([2, 4]) });
      expect(wide).toThrow(ShapeError);
      expect(wide).toThrow(/1.weight is \[2, 3\] here and \[2, 4\] there/);
      expect(() => model.loadStateDict({ "0.weight": 3 as unknown as Tensor }, { strict: false })).toThrow(
        ArgumentError,
      );
      expect(Object.values(model.stateDict()).map((t) => [...t.dataSync()])).toEqual(before);
      expect(model.loadStateDict(changed, { strict: false })).toEqual({ missing: ["1.bias"], unexpected: ["extra"] });
      expect([...model.stateDict()["0.weight"]!.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
    });
    it("do not load inside a traced function", () => {
      const layer = new nn.Linear(2, 2);
      const saved = layer.stateDict();
      expect(() => jit(() => layer.loadStateDict(saved))()).toThrow(TraceError);
    });
  });
});
