import { describe, expect, test } from "vitest";
import { byteSize, numbersIn, viewOf, type DType } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import { HostRandom } from "../../core/random.ts";
import { toHalfBits } from "../../core/half.ts";
import { compile } from "../../compiler/compile.ts";
import { exp } from "../../graph/ops/unary.ts";
import { input } from "../../graph/ops/leaf.ts";
import { stepsOf } from "../device.ts";
import { expectClose } from "../compare.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WORKGROUP_LIMITS } from "../reference/workers.ts";
import { KERNELS, type KernelCase } from "./kernels.testing.ts";
import { isPlaced, renderShader, shaderError, storageBindings, type ShaderLayout } from "./shader.ts";
import { hasWebGpu, webgpu } from "./webgpu.testing.ts";

const FEATURES = { f16: false };

const globalsOf = ({ kernel }: KernelCase): readonly DType[] =>
  kernel.buffers.filter((b) => b.space === "global").map((b) => b.dtype);

/** Each buffer its own binding. */
const plain = (one: KernelCase): ShaderLayout => ({
  bindings: globalsOf(one).map((_, i) => i),
  based: globalsOf(one).map(() => false),
});

describe("WGSL of", () => {
  for (const [name, make] of Object.entries(KERNELS))
    test(name, async () => {
      const one = make();
      const { code, workgroupSize } = renderShader(one.kernel, plain(one), FEATURES);
      expect(workgroupSize).toBe(32);
      await expect(code).toMatchFileSnapshot(`snapshots/${name}.wgsl`);
    });

  test("halves where f16 is", async () => {
    const one = KERNELS["halves"]!();
    const { code } = renderShader(one.kernel, plain(one), { f16: true });
    await expect(code).toMatchFileSnapshot("snapshots/halves-f16.wgsl");
  });
});

/** Bytes of an element's input: small numbers, with some that are special. */
function inputs(dtype: DType, count: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = new HostRandom(seed);
  const bytes = new Uint8Array(Math.ceil((count * byteSize(dtype)) / 16) * 16);
  const view = viewOf(dtype, bytes.buffer, 0, count);
  const special = [NaN, Infinity, -Infinity, 0, -0, 2 ** 31, -(2 ** 31), 3e9, 0.5, -2.5];
  for (let i = 0; i < count; i++) {
    const number = random.integer(4) ? random.integer(65) / 8 - 4 : special[random.integer(special.length)]!;
    if (dtype === "f32") view[i] = number;
    else if (dtype === "f16" || dtype === "bf16") view[i] = toHalfBits(number, dtype);
    else if (dtype === "i32") view[i] = random.integer(3) ? random.integer(9) - 4 : number;
    else view[i] = dtype === "bool" ? random.integer(2) : random.integer(256);
  }
  return bytes;
}

/** What a case sees of its buffers, which are parts of one, 256 bytes apart: each its own, all in one binding, or that through windows. */
type View = "apart" | "in one binding" | "through windows";
const WINDOW = 512;

/** Runs a case on the GPU. */
async function onGpu(one: KernelCase, memories: readonly Uint8Array[], view: View): Promise<Uint8Array[]> {
  const gpu = await webgpu.gpuDevice();
  const dtypes = globalsOf(one);
  const places: number[] = [];
  let end = 0;
  for (const memory of memories) {
    places.push(end);
    end += Math.ceil(memory.length / 256) * 256;
  }
  const windows = view === "through windows" ? Math.ceil(end / WINDOW) : 1;
  const layout: ShaderLayout =
    view === "apart"
      ? plain(one)
      : {
          bindings: dtypes.map(() => 0),
          based: dtypes.map((_, i) => i > 0 || windows > 1),
          windows: dtypes.map(() => windows),
          windowBytes: WINDOW,
        };
  const { code } = renderShader(one.kernel, layout, FEATURES);
  const module = gpu.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  expect(messages.map((m) => `${m.lineNum}: ${m.message}`)).toEqual([]);
  const storage = storageBindings(layout);
  const groupLayout = gpu.createBindGroupLayout({
    entries: Array.from({ length: storage + (isPlaced(layout) ? 2 : 1) }, (_, binding) => ({
      binding,
      visibility: 4,
      buffer: { type: binding < storage ? "storage" : "uniform" },
    })),
  });
  const pipeline = await gpu.createComputePipelineAsync({
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [groupLayout] }),
    compute: { module, entryPoint: "main" },
  });
  const buffer = gpu.createBuffer({ size: end, usage: 0x80 | 0x4 | 0x8 });
  memories.forEach((memory, i) => gpu.queue.writeBuffer(buffer, places[i]!, memory as Uint8Array<ArrayBuffer>));
  const { scalars } = one.kernel.parameters;
  const words = new DataView(new ArrayBuffer(256));
  one.parameters.forEach((value, i) =>
    scalars[i] === "f32" ? words.setFloat32(4 * i, value, true) : words.setInt32(4 * i, value, true),
  );
  const bases = places.flatMap((place, i) => (layout.based[i] ? [place / byteSize(dtypes[i]!)] : []));
  const uniform = gpu.createBuffer({ size: 512, usage: 0x40 | 0x8 });
  gpu.queue.writeBuffer(uniform, 0, words.buffer);
  gpu.queue.writeBuffer(uniform, 256, Uint32Array.of(0, one.workgroups, ...bases));
  const resources: GPUBufferBinding[] =
    view === "apart"
      ? memories.map((memory, i) => ({ buffer, offset: places[i]!, size: memory.length }))
      : Array.from({ length: windows }, (_, w) => ({
          buffer,
          offset: w * WINDOW,
          size: view === "in one binding" ? end : Math.min(WINDOW, end - w * WINDOW),
        }));
  resources.push({ buffer: uniform, size: 256 });
  if (isPlaced(layout)) resources.push({ buffer: uniform, offset: 256 });
  const group = gpu.createBindGroup({
    layout: groupLayout,
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(one.workgroups);
  pass.end();
  const staging = gpu.createBuffer({ size: end, usage: 0x1 | 0x8 });
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, end);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const all = new Uint8Array(staging.getMappedRange().slice(0));
  for (const b of [buffer, uniform, staging]) b.destroy();
  return memories.map((memory, i) => all.slice(places[i]!, places[i]! + memory.length));
}

describe.skipIf(!hasWebGpu)("on a GPU, as interpreted:", () => {
  for (const [name, make] of Object.entries(KERNELS))
    for (const view of ["apart", "in one binding", "through windows"] as const)
      test(`[D9] ${name}, its buffers ${view}`, async ({ skip }) => {
        if (name === "exchange" && !webgpu.features.includes("subgroups")) skip();
        const one = make();
        const dtypes = globalsOf(one);
        const memories = dtypes.map((dtype, i) => inputs(dtype, one.sizes[i]!, 7 * i + 1));
        const actual = await onGpu(one, memories, view);
        const views = memories.map((m, i) => viewOf(dtypes[i]!, m.buffer as ArrayBuffer, 0, one.sizes[i]!));
        interpretKernel(one.kernel, [{ buffers: views, parameters: one.parameters }], {
          ...WORKGROUP_LIMITS,
          exchange: 4,
        });
        dtypes.forEach((dtype, i) => {
          const numbers = (bytes: Uint8Array): ReturnType<typeof numbersIn> =>
            numbersIn(viewOf(dtype, bytes.buffer as ArrayBuffer, 0, one.sizes[i]!), dtype);
          expectClose(`${name} ${i}`, dtype, numbers(actual[i]!), numbers(memories[i]!), { ulps: 2 });
        });
      });
});

test("a shader that does not compile is named, with its line", () => {
  const messages = [{ type: "error", message: "unresolved value 'y'", lineNum: 2, linePos: 11 }];
  const error = shaderError("exp, add", "fn main() {\n  let x = y;\n}", messages);
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.message).toContain(
    "webgpu: the shader of exp, add does not compile: unresolved value 'y', in line 2 of its WGSL, column 11: let x = y;",
  );
});

test.skipIf(!hasWebGpu)("explain shows the shaders", async () => {
  await webgpu.gpuDevice();
  const { program } = compile({ results: [exp(input([3, 4], "f32", { requiresGrad: false }))], updates: [] });
  const [step] = stepsOf(program.tape);
  const code = webgpu.code(step!)!;
  expect(code).toMatch(/^\/\/ 1 workgroup\n/);
  expect(code).toContain("var<storage, read_write> b0: array<");
});
