/** Kernels compiled for the GPU, each once. */
import { DeviceError } from "../../core/errors.ts";
import type { Pass } from "../gpu/kernel.ts";
import { because, type OpenedGpu } from "./adapter.ts";
import { isPlaced, renderShader, shaderError, storageBindings, type ShaderLayout } from "./shader.ts";

/** The least recently used ones beyond this number are forgotten; programs keep those that they use. */
const PIPELINES = 4096;

/** A few values by key: what was not asked for longest goes when there are more. */
export class Recent<T> {
  readonly #most: number;
  readonly #drop: ((value: T) => void) | undefined;
  readonly #values = new Map<string, T>();

  /** @param drop called with a value that goes. */
  constructor(most: number, drop?: (value: T) => void) {
    this.#most = most;
    this.#drop = drop;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string, make: () => T): T {
    const value = this.#values.get(key) ?? make();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#most) {
      const [oldest, last] = this.#values.entries().next().value!;
      this.#values.delete(oldest);
      this.#drop?.(last);
    }
    return value;
  }

  values(): Iterable<T> {
    return this.#values.values();
  }
}

/** A kernel on the GPU, or on its way there. */
export class Pipeline {
  compiled: GPUComputePipeline | undefined;
  failure: DeviceError | undefined;
  /** Done when it is compiled, or failed. */
  readonly ready: Promise<void>;

  constructor(opened: OpenedGpu, layout: GPUPipelineLayout, pass: Pass, shape: ShaderLayout, name: string) {
    this.ready = this.#compile(opened, layout, pass, shape, name).catch((cause: unknown) => {
      this.failure =
        cause instanceof DeviceError
          ? cause
          : new DeviceError(`webgpu: no shader for ${name}${because(cause)}.`, { cause });
    });
  }

  async #compile(
    { gpu, features }: OpenedGpu,
    layout: GPUPipelineLayout,
    { kernel }: Pass,
    shape: ShaderLayout,
    label: string,
  ): Promise<void> {
    const { code } = renderShader(kernel, shape, { f16: features.has("shader-f16") });
    // What is wrong with the shader is told by the pipeline; nobody else must hear of it.
    gpu.pushErrorScope("validation");
    const module = gpu.createShaderModule({ label, code });
    void gpu.popErrorScope().catch(() => undefined);
    try {
      this.compiled = await gpu.createComputePipelineAsync({ label, layout, compute: { module, entryPoint: "main" } });
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const said = messages.length
        ? messages
        : [{ type: "error", message: (cause as Error).message, lineNum: 0, linePos: 0 }];
      throw shaderError(label, code, [...said]);
    }
  }
}

/** All pipelines of a GPU. */
export class Pipelines {
  readonly #opened: OpenedGpu;
  readonly #layouts = new Map<string, { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }>();
  readonly #pipelines = new Recent<Pipeline>(PIPELINES);

  constructor(opened: OpenedGpu) {
    this.#opened = opened;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  /** The pipeline of a pass whose buffers are bound like this. `about` says what it computes, for people. */
  get(pass: Pass, shape: ShaderLayout, about: () => string): Pipeline {
    const { bindings, based, windows = [], isPart = false } = shape;
    const key = `${bindings.join()}|${based.map(Number).join("")}|${windows.join()}|${Number(isPart)}|${pass.key}`;
    return this.#pipelines.get(
      key,
      () => new Pipeline(this.#opened, this.layout(shape).pipeline, pass, shape, about()),
    );
  }

  /** Storage that kernels read and write, then a uniform with the launch's words, and one with the place's where there is one. */
  layout(shape: ShaderLayout): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    const storage = storageBindings(shape);
    const placed = isPlaced(shape);
    const key = `${storage}${placed}`;
    const known = this.#layouts.get(key);
    if (known) return known;
    const { gpu } = this.#opened;
    const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => ({
      binding,
      // GPUShaderStage.COMPUTE
      visibility: 4,
      buffer,
    });
    const group = gpu.createBindGroupLayout({
      entries: [
        ...Array.from({ length: storage }, (_, i) => entry(i, { type: "storage" })),
        entry(storage, { type: "uniform", hasDynamicOffset: true }),
        ...(placed ? [entry(storage + 1, { type: "uniform" })] : []),
      ],
    });
    const made = { group, pipeline: gpu.createPipelineLayout({ bindGroupLayouts: [group] }) };
    this.#layouts.set(key, made);
    return made;
  }
}
