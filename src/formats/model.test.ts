import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, ShapeError } from "../core/errors.ts";
import * as nn from "../nn/index.ts";
import { tensor } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { parseIdx } from "./idx.ts";
import { loadModel, loadTensors, saveModel, saveTensors } from "./model.ts";
import { parseSafetensors, serializeSafetensors, type SafetensorsTensor } from "./safetensors.ts";
import { decodeTensors, encodeTensors } from "./tensors.ts";

const data = process.env["MYELIN_DATA"] ?? new URL("../../../shared/data", import.meta.url).pathname;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-model-"));
});
afterAll(() => rm(folder, { recursive: true }));

class Net extends nn.Module {
  fc1 = new nn.Linear(4, 3);
  norm = new nn.BatchNorm1d(3);
  fc2 = new nn.Linear(3, 2, { bias: false });
  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.norm.forward(this.fc1.forward(x)).relu());
  }
}

const valuesOf = (model: nn.Module): Record<string, number[]> =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, value]) => [name, [...value.dataSync()]]));

const entry = (dtype: SafetensorsTensor["dtype"], ...bytes: number[]): SafetensorsTensor => ({
  dtype,
  shape: [1],
  bytes: Uint8Array.from(bytes),
});

describe("models in safetensors files", () => {
  test("a saved model comes back, buffers included, and predicts the same", async () => {
    manualSeed(1);
    const [model, other] = [new Net(), new Net()];
    const x = tensor([
      [1, 2, 3, 4],
      [4, -3, 2, 1],
      [0, 1, 0, -1],
    ]);
    model.forward(x).dataSync();
    const path = join(folder, "net.safetensors");
    await saveModel(model, path);
    expect(await loadModel(other, path)).toEqual({ missing: [], unexpected: [] });
    expect(valuesOf(other)).toEqual(valuesOf(model));
    expect(other.eval().forward(x).dataSync()).toEqual(model.eval().forward(x).dataSync());
    const { tensors, metadata } = parseSafetensors(new Uint8Array(await readFile(path)));
    expect([...tensors.keys()].sort()).toEqual(
      ["fc1.bias", "fc1.weight", "fc2.weight", "norm.bias", "norm.num_batches_tracked", "norm.running_mean"].concat([
        "norm.running_var",
        "norm.weight",
      ]),
    );
    // What Python's libraries ask for before they load a file into PyTorch.
    expect([...metadata]).toEqual([["format", "pt"]]);
  });

  /** A good file, spoilt. */
  const spoilt: [string, (path: string) => Promise<void>, RegExp][] = [
    ["cut off in its header", (path) => truncate(path, 40), /"[^"]*spoilt.*": safetensors: .*the file is cut off/],
    ["cut off in its tensors", (path) => truncate(path, 700), /the file is cut off, fetch it again/],
    ["emptied", (path) => truncate(path, 0), /the file has 0 bytes/],
    ["a web page", (path) => writeFile(path, "<!doctype html><title>404</title>"), /looks like an HTML page/],
    [
      "a ZIP archive",
      (path) => writeFile(path, Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 8, 0)),
      /a ZIP archive, as PyTorch's \.pt/,
    ],
    [
      "another model's",
      (path) => saveModel(nn.sequential(new nn.Linear(4, 3)), path),
      /names of Net and of the state differ: missing: fc1.weight.*; unexpected: 0.bias, 0.weight. Nothing was loaded/,
    ],
    [
      "of other sizes",
      (path) => saveTensors({ ...new Net().stateDict(), "fc2.weight": tensor([[1, 2]]) }, path),
      /fc2.weight is \[2, 3\] here and \[1, 2\] there/,
    ],
    [
      "without one tensor",
      async (path) => {
        const { "fc1.bias": _, ...rest } = new Net().stateDict();
        await saveTensors(rest, path);
      },
      /missing: fc1.bias/,
    ],
    [
      "of 8-bit floats",
      (path) => writeFile(path, serializeSafetensors([["fc1.bias", entry("F8_E4M3", 1)]])),
      /"fc1.bias" is F8_E4M3, which tensors cannot hold/,
    ],
  ];
  test.each(spoilt)("[Z13] a file that is %s leaves the model as it was", async (_name, spoil, message) => {
    const path = join(folder, "spoilt.safetensors");
    const model = new Net();
    await saveModel(new Net(), path);
    await spoil(path);
    const before = valuesOf(model);
    const loading = loadModel(model, path);
    await expect(loading).rejects.toThrow(message);
    await loading.catch((error: unknown) => expect([FormatError, ShapeError]).toContain((error as Error).constructor));
    expect(valuesOf(model)).toEqual(before);
  });

  test("strict: false loads what matches and says what does not", async () => {
    const path = join(folder, "part.safetensors");
    await saveTensors({ "fc1.bias": tensor([7, 8, 9]), "head.bias": tensor([1]) }, path);
    const model = new Net();
    const { missing, unexpected } = await loadModel(model, path, { strict: false });
    expect([missing.length, unexpected]).toEqual([7, ["head.bias"]]);
    expect([...model.fc1.bias!.dataSync()]).toEqual([7, 8, 9]);
  });

  test("a missing file is named", async () => {
    await expect(loadModel(new Net(), join(folder, "none.safetensors"))).rejects.toThrow(
      /none\.safetensors": it does not exist/,
    );
    await expect(loadTensors(join(folder, "none.safetensors"))).rejects.toThrow(/does not exist/);
  });

  test.skipIf(!existsSync(`${data}/models/burn-mnist`) || !existsSync(`${data}/mnist`))(
    "a model that PyTorch saved recognises MNIST's digits",
    async () => {
      class BurnNet extends nn.Module {
        conv1 = new nn.Conv2d(1, 8, 3);
        conv2 = new nn.Conv2d(8, 16, 3);
        conv3 = new nn.Conv2d(16, 24, 3);
        norm1 = new nn.BatchNorm2d(24);
        fc1 = new nn.Linear(11_616, 32);
        fc2 = new nn.Linear(32, 10);
        norm2 = new nn.BatchNorm1d(10);
        forward(images: Tensor): Tensor {
          let x: Tensor = images.float().div(255).sub(0.1307).div(0.3081).unsqueeze(1);
          for (const conv of [this.conv1, this.conv2, this.conv3]) x = (conv as nn.Conv2d).forward(x).relu();
          x = this.fc1.forward(this.norm1.forward(x).flatten(1)).relu();
          return this.norm2.forward(this.fc2.forward(x));
        }
      }
      const model = new BurnNet().eval();
      await loadModel(model, `${data}/models/burn-mnist/mnist.safetensors`);
      const part = async (name: string, size: number): Promise<Uint8Array> =>
        (await parseIdx(await readFile(`${data}/mnist/t10k-${name}.gz`), name)).data.subarray(
          0,
          500 * size,
        ) as Uint8Array;
      const images = tensor(await part("images-idx3-ubyte", 784), [500, 28, 28]);
      const predictions = model.forward(images).argmax(-1).dataSync();
      const labels = await part("labels-idx1-ubyte", 1);
      const right = [...predictions].filter((prediction, at) => prediction === labels[at]).length;
      // PyTorch's own count on these 500.
      expect(right).toBe(494);
    },
  );
});

describe("tensors in safetensors files", () => {
  test("every dtype comes back", async () => {
    const tensors = {
      f32: tensor([[1.5, -0]]),
      f64: tensor(Float64Array.of(Math.PI)),
      i32: tensor(Int32Array.of(-(2 ** 31), 5)),
      u32: tensor(Uint32Array.of(2 ** 32 - 1)),
      u8: tensor(Uint8Array.of(255)),
      bool: tensor([true, false]),
      empty: tensor(new Float32Array(0), [0, 3]),
      scalar: tensor(2),
    };
    const path = join(folder, "dtypes.safetensors");
    await saveTensors(tensors, path, { note: "all of them" });
    const loaded = await loadTensors(path);
    for (const [name, expected] of Object.entries(tensors)) {
      expect([loaded[name]!.dtype, loaded[name]!.shape]).toEqual([expected.dtype, expected.shape]);
      expect(loaded[name]!.dataSync()).toEqual(expected.dataSync());
    }
    const { metadata } = parseSafetensors(await encodeTensors(tensors, { note: "all of them" }));
    expect([...metadata]).toEqual([["note", "all of them"]]);
  });

  const converted: [string, SafetensorsTensor, number][] = [
    ["i8", entry("I8", 0xff), -1],
    ["i16", entry("I16", 0xfe, 0xff), -2],
    ["u16", entry("U16", 0xfe, 0xff), 65_534],
    ["i64", entry("I64", 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), -1],
    ["u64", entry("U64", 7, 0, 0, 0, 0, 0, 0, 0), 7],
  ];
  test.each(converted)("element types that files have and tensors lack: %s", (_name, value, expected) => {
    const { x } = decodeTensors(serializeSafetensors([["x", value]]));
    expect([x!.dtype, ...x!.dataSync()]).toEqual(["i32", expected]);
  });

  const halves: [string, SafetensorsTensor, number][] = [
    ["1", entry("F16", 0x00, 0x3c), 1],
    ["-2", entry("F16", 0x00, 0xc0), -2],
    ["65504", entry("F16", 0xff, 0x7b), 65_504],
    ["subnormal", entry("F16", 0x01, 0x00), 2 ** -24],
    ["infinity", entry("F16", 0x00, 0xfc), -Infinity],
    ["NaN", entry("F16", 0x01, 0x7c), Number.NaN],
    ["bfloat", entry("BF16", 0x80, 0x3f), 1],
  ];
  test.each(halves)("16-bit floats stay what they are: %s", async (_name, value, expected) => {
    const { x } = decodeTensors(serializeSafetensors([["x", value]]));
    expect([x!.dtype, ...x!.dataSync()]).toEqual([value.dtype.toLowerCase(), expected]);
    const { tensors } = parseSafetensors(await encodeTensors({ x: x! }));
    if (!Number.isNaN(expected)) expect([...tensors.get("x")!.bytes]).toEqual([...value.bytes]);
  });

  test("an integer that i32 cannot hold is refused", () => {
    const file = serializeSafetensors([["x", entry("I64", 0, 0, 0, 0, 1, 0, 0, 0)]]);
    expect(() => decodeTensors(file)).toThrow(/"x" holds 4294967296, which i32 cannot/);
  });

  test("a tensor that starts at an odd byte is read, also from Node's Buffer", () => {
    const file = serializeSafetensors([
      ["b", { ...entry("F32", 0, 0, 128, 63) }],
      ["a", entry("U8", 3)],
    ]);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    for (const bytes of [shifted.subarray(1), Buffer.from(shifted).subarray(1)])
      expect([...decodeTensors(bytes)["b"]!.dataSync()]).toEqual([1]);
  });
});
