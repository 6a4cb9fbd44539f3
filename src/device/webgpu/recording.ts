/**
 * Programs as a GPU runs them: one list of dispatches, each with its words in a uniform. A launch's words are its scalars,
 * sizes and the places of its buffers in shared bindings; where a loop's counter is among the scalars, there are as many
 * copies of them as the loop has turns, and each dispatch is given the offset of its own.
 */
import { byteSize } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import type { Launch, Program, Region, Step, TapeEntry } from "../device.ts";
import type { GpuLaunch, GpuTarget, Pass } from "../gpu/kernel.ts";
import { lowerLaunch } from "../gpu/lower.ts";
import { aligned } from "../heap.ts";
import type { OpenedGpu } from "./adapter.ts";
import { PAGE_ALIGNMENT, type Page, type Pages, type Range } from "./pages.ts";
import { Pipelines, Recent, type Pipeline } from "./pipelines.ts";
import { launchCode, MOST_WORKGROUPS, type ShaderLayout } from "./shader.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Trials } from "./trials.ts";

/** Bindings are whole vectors of four words. */
const VECTOR_BYTES = 16;
/** Groups of bindings that a dispatch keeps: arguments and results may be elsewhere from run to run. */
const GROUPS = 4;

/** A loop around dispatches: its turns, and the program's scalar that counts them. */
interface Turns {
  readonly times: number;
  readonly counter: number;
}

/** One dispatch. */
interface Dispatch {
  readonly pass: Pass;
  /** What it computes, for people. */
  readonly about: () => string;
  readonly regions: readonly Region[];
  /** Program's scalars by slot. */
  readonly scalars: readonly number[];
  /** Around it, outermost first. */
  readonly loops: readonly Turns[];
  /** Bytes of one copy of its words, from one copy to the next for every loop around it, and where the first begins. */
  readonly wordBytes: number;
  readonly strides: readonly number[];
  readonly copies: number;
  at: number;
  pipeline: Pipeline | undefined;
  group: GPUBindGroup | undefined;
  readonly groups: Recent<GPUBindGroup>;
}

type Entry = Dispatch | { readonly times: number; readonly entries: readonly Entry[] };

/** Everything of a GPU that programs share. */
export class Recorder {
  readonly opened: OpenedGpu;
  readonly storage: Pages;
  readonly uniforms: Pages;
  readonly pipelines: Pipelines;
  readonly stopwatch: Stopwatch;
  readonly trials: Trials;
  readonly target: GpuTarget;
  readonly #recordings = new Set<Recording>();
  #scratch: Range | undefined;

  constructor(opened: OpenedGpu, storage: Pages, uniforms: Pages) {
    this.opened = opened;
    this.storage = storage;
    this.uniforms = uniforms;
    this.pipelines = new Pipelines(opened);
    this.stopwatch = new Stopwatch(opened);
    this.trials = new Trials(opened, this.pipelines, this.stopwatch);
    this.target = { ...opened.target, chosen: this.trials.chosen };
  }

  /** Where intermediates of all programs are: nothing in it outlives a run. */
  get scratch(): Range | undefined {
    return this.#scratch;
  }

  /** Groups of bindings that programs keep. */
  get groups(): number {
    let count = 0;
    for (const recording of this.#recordings) count += recording.groups;
    return count;
  }

  /** The shaders of a step's first launch. */
  code(step: Step): string {
    const { features, target } = this.opened;
    return launchCode(lowerLaunch(step, step.launches[0]!.sizes, target), {
      f16: features.has("shader-f16"),
      subgroups: features.has("subgroups"),
    });
  }

  record(program: Program): Recording {
    const recording = new Recording(this, program);
    this.#recordings.add(recording);
    return recording;
  }

  /** Forgets a program that will not run any more. */
  forget(recording: Recording): void {
    this.#recordings.delete(recording);
    recording.release();
  }

  /** Makes the scratch at least so large, elsewhere when it must grow. */
  reserve(bytes: number): void {
    if (bytes <= (this.#scratch?.bytes ?? 0)) return;
    const before = this.#scratch;
    if (before) this.storage.free(before);
    try {
      this.#scratch = this.storage.allocate(bytes, true);
    } catch (error) {
      this.#scratch = before && this.storage.allocate(before.bytes, true);
      throw error;
    }
  }
}

/** A program's dispatches, and what they were bound to last. */
export class Recording {
  readonly #recorder: Recorder;
  readonly #program: Program;
  readonly #entries: readonly Entry[];
  readonly #dispatches: Dispatch[] = [];
  /** Dispatches by binding, and those that see the scratch. */
  readonly #users: readonly Dispatch[][];
  readonly #scratchUsers: Dispatch[] = [];
  readonly #bound: (Range | undefined)[];
  #boundScratch: Range | undefined;
  /** All words, as the GPU has them but for the bytes from `#from` to before `#to`. */
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array;
  #from = 0;
  #to: number;
  readonly #uniform: Range;
  /** Positions of every scalar among the words, and its last value. */
  readonly #places: readonly number[][];
  readonly #values: number[];
  /** Everything is bound, and compiled. */
  #complete = false;

  constructor(recorder: Recorder, program: Program) {
    this.#recorder = recorder;
    this.#program = program;
    this.#users = program.bindings.map(() => []);
    this.#bound = program.bindings.map(() => undefined);
    this.#places = program.scalars.map(() => []);
    this.#values = program.scalars.map(() => 0);
    let scratchBytes = program.scratchBytes;
    this.#entries = this.#record(program.tape, [], (bytes) => (scratchBytes = Math.max(scratchBytes, bytes)));
    recorder.reserve(scratchBytes);
    // What changes from run to run lies together at the end.
    let bytes = 0;
    for (const varies of [false, true])
      for (const d of this.#dispatches)
        if (d.scalars.some((scalar) => !d.loops.some(({ counter }) => counter === scalar)) === varies) {
          d.at = bytes;
          bytes += d.copies * d.wordBytes;
        }
    this.#uniform = recorder.uniforms.allocate(bytes);
    this.#words = new Uint32Array(bytes >>> 2);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#to = bytes;
    for (const d of this.#dispatches) this.#fill(d);
  }

  /** Groups of bindings that it keeps. */
  get groups(): number {
    return this.#dispatches.reduce((count, d) => count + d.groups.size, 0);
  }

  /** Gives its words back; it must not be used any more. */
  release(): void {
    this.#recorder.uniforms.free(this.#uniform);
  }

  /** Looks where its bindings are. Returns what must be awaited before it can run: kernels that are compiled. */
  bind(ranges: readonly Range[]): Promise<unknown> | undefined {
    const { scratch } = this.#recorder;
    ranges.forEach(({ page, offset }, i) => {
      const before = this.#bound[i];
      if (before?.page === page && before.offset === offset) return;
      this.#bound[i] = ranges[i];
      this.#unbind(this.#users[i]!);
    });
    if (scratch !== this.#boundScratch) this.#unbind(this.#scratchUsers);
    this.#boundScratch = scratch;
    if (this.#complete) return undefined;
    for (const d of this.#dispatches) if (!d.group) this.#bindDispatch(d);
    const pending = new Set<Promise<void>>();
    for (const { pipeline } of this.#dispatches)
      if (!pipeline!.compiled && !pipeline!.failure) pending.add(pipeline!.ready);
    if (pending.size) return Promise.all(pending);
    this.#complete = true;
    return undefined;
  }

  /** Submits everything, bound as it is. @throws DeviceError of a kernel that could not be compiled. */
  run(scalars: readonly number[]): void {
    const { gpu } = this.#recorder.opened;
    this.#writeWords(scalars);
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#encode(pass);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  /** Milliseconds of a run on a GPU that has nothing else to do; it may run several times. @throws DeviceError as `run` does. */
  time(scalars: readonly number[]): Promise<number> {
    this.#writeWords(scalars);
    return this.#recorder.stopwatch.time((open) => this.#encode(open()));
  }

  #writeWords(scalars: readonly number[]): void {
    const { opened, uniforms } = this.#recorder;
    this.#setScalars(scalars);
    if (this.#from >= this.#to) return;
    const { page, offset } = this.#uniform;
    opened.gpu.queue.writeBuffer(
      uniforms.bufferOf(page),
      offset + this.#from,
      this.#words.buffer,
      this.#from,
      this.#to - this.#from,
    );
    this.#from = this.#words.byteLength;
    this.#to = 0;
  }

  #encode(pass: GPUComputePassEncoder): void {
    const { offset } = this.#uniform;
    const at = new Uint32Array(1);
    let current: GPUComputePipeline | undefined;
    const turns: number[] = [];
    const encode = (entry: Entry): void => {
      if ("times" in entry) {
        for (let i = 0; i < entry.times; i++) {
          turns.push(i);
          entry.entries.forEach(encode);
          turns.pop();
        }
        return;
      }
      const { pipeline, group, strides, pass: own } = entry;
      if (own.workgroups === 0) return;
      if (!pipeline!.compiled) throw pipeline!.failure!;
      if (pipeline!.compiled !== current) pass.setPipeline((current = pipeline!.compiled));
      at[0] = offset + entry.at;
      for (let i = 0; i < turns.length; i++) at[0] += turns[i]! * strides[i]!;
      pass.setBindGroup(0, group!, at, 0, 1);
      pass.dispatchWorkgroups(Math.min(own.workgroups, MOST_WORKGROUPS), Math.ceil(own.workgroups / MOST_WORKGROUPS));
    };
    this.#entries.forEach(encode);
  }

  // ---------- making it

  #record(tape: readonly TapeEntry[], loops: readonly Turns[], needs: (scratch: number) => void): Entry[] {
    return tape.flatMap((entry): Entry[] => {
      if ("times" in entry)
        return [{ times: entry.times, entries: this.#record(entry.steps, [...loops, entry], needs) }];
      const known = new Map<string, GpuLaunch>();
      return entry.launches.flatMap((launch) => {
        const key = launch.sizes.join();
        const lowered = known.get(key) ?? lowerLaunch(entry, launch.sizes, this.#recorder.target);
        known.set(key, lowered);
        return this.#dispatchesOf(entry, launch, lowered, loops, needs);
      });
    });
  }

  #dispatchesOf(
    step: Step,
    launch: Launch,
    { passes, temporaries }: GpuLaunch,
    loops: readonly Turns[],
    needs: (scratch: number) => void,
  ): Dispatch[] {
    // What passes hand on lies behind the program's own scratch.
    let end = aligned(this.#program.scratchBytes, PAGE_ALIGNMENT);
    const handed = temporaries.map((bytes): Region => {
      const scratch = end;
      end += aligned(bytes, PAGE_ALIGNMENT);
      return { scratch, bytes };
    });
    needs(end);
    return passes.map((pass) => {
      const regions = pass.buffers.map((b) => (typeof b === "number" ? launch.buffers[b]! : handed[b.temporary]!));
      // The words, a place for every buffer that may need one, and a last one that is 0.
      const words = launch.scalars.length + pass.sizes.length + regions.length + 1;
      const wordBytes = aligned(4 * words, PAGE_ALIGNMENT);
      let copies = 1;
      const strides = [...loops]
        .reverse()
        .map(({ times, counter }) => {
          if (!launch.scalars.includes(counter)) return 0;
          const stride = copies * wordBytes;
          copies *= times;
          return stride;
        })
        .reverse();
      const dispatch: Dispatch = {
        pass,
        about: step.about ?? (() => `a kernel (${step.kernel.kind})`),
        regions,
        scalars: launch.scalars,
        loops,
        wordBytes,
        strides,
        copies,
        at: 0,
        pipeline: undefined,
        group: undefined,
        groups: new Recent(GROUPS),
      };
      this.#dispatches.push(dispatch);
      for (const region of regions)
        ("binding" in region ? this.#users[region.binding]! : this.#scratchUsers).push(dispatch);
      return dispatch;
    });
  }

  /** Writes the words that never change, and counters. */
  #fill({ pass, scalars, loops, strides, copies, wordBytes, at }: Dispatch): void {
    for (let copy = 0; copy < copies; copy++) {
      const start = (at + copy * wordBytes) >>> 2;
      scalars.forEach((scalar, slot) => {
        const loop = loops.findIndex(({ counter }) => counter === scalar);
        if (loop < 0) this.#places[scalar]!.push(start + slot);
        else this.#words[start + slot] = Math.floor((copy * wordBytes) / strides[loop]!) % loops[loop]!.times;
      });
      pass.sizes.forEach((size, i) => (this.#words[start + scalars.length + i] = size));
    }
  }

  #setScalars(scalars: readonly number[]): void {
    const { scalars: dtypes } = this.#program;
    scalars.forEach((value, i) => {
      const places = this.#places[i]!;
      if (!places.length || Object.is(value, this.#values[i])) return;
      this.#values[i] = value;
      const to = dtypes[i] === "f32" ? this.#floats : this.#words;
      for (const place of places) to[place] = value;
      this.#changed(4 * places[0]!, 4 * places.at(-1)! + 4);
    });
  }

  #changed(from: number, to: number): void {
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
  }

  // ---------- binding it

  #unbind(dispatches: readonly Dispatch[]): void {
    for (const d of dispatches) d.group = undefined;
    if (dispatches.length) this.#complete = false;
  }

  #bindDispatch(d: Dispatch): void {
    const { opened, pipelines } = this.#recorder;
    const ranges = d.regions.map((region) => this.#rangeOf(region));
    const { places, shape, bases } = layOutBindings(d, ranges, opened.limits);
    d.pipeline = pipelines.get(d.pass, shape, d.about);
    const key = places.map(({ page, offset, bytes }) => `${page.number}.${offset}.${bytes}`).join();
    d.group = d.groups.get(key, () => this.#groupOf(places, d.wordBytes));
    if (!bases.length) return;
    for (let copy = 0; copy < d.copies; copy++) {
      const start = d.at + copy * d.wordBytes + 4 * (d.scalars.length + d.pass.sizes.length);
      this.#words.set(bases, start >>> 2);
      this.#changed(start, start + 4 * bases.length);
    }
  }

  #groupOf(places: readonly Range[], wordBytes: number): GPUBindGroup {
    const { opened, storage, uniforms, pipelines } = this.#recorder;
    return opened.gpu.createBindGroup({
      layout: pipelines.layout(places.length).group,
      entries: [
        ...places.map(({ page, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: storage.bufferOf(page), offset, size: bytes },
        })),
        { binding: places.length, resource: { buffer: uniforms.bufferOf(this.#uniform.page), size: wordBytes } },
      ],
    });
  }

  #rangeOf(region: Region): Range {
    const [{ page, offset }, bytes] =
      "binding" in region
        ? [this.#bound[region.binding]!, this.#program.bindings[region.binding]!]
        : [{ page: this.#boundScratch!.page, offset: this.#boundScratch!.offset + region.scratch }, region.bytes];
    return { page, offset, bytes: Math.max(VECTOR_BYTES, aligned(bytes, VECTOR_BYTES)) };
  }
}

/** How a kernel's buffers become bindings: ranges of storage, which buffer is where, and first elements in shared bindings. */
interface BindingLayout {
  readonly places: readonly Range[];
  readonly shape: ShaderLayout;
  readonly bases: readonly number[];
}

/**
 * A binding for every range. Ranges of a kernel that overlap must not be two bindings, and there is a limit to their
 * number: then each page is one binding for all that lies in it.
 */
function layOutBindings(d: Dispatch, ranges: readonly Range[], limits: GPUSupportedLimits): BindingLayout {
  const most = limits.maxStorageBuffersPerShaderStage;
  const places: Range[] = [];
  const bindings = ranges.map((range) => {
    const known = places.findIndex((p) => overlap(p, range) && p.offset === range.offset && p.bytes === range.bytes);
    return known < 0 ? places.push(range) - 1 : known;
  });
  const apart = places.every((p, i) => places.every((q, j) => j <= i || !overlap(p, q)));
  if (places.length <= most && apart) return { places, shape: { bindings, based: ranges.map(() => false) }, bases: [] };
  const pages = [...new Set(ranges.map(({ page }) => page))];
  const spans = pages.map((page) => spanOf(page, ranges));
  if (pages.length > most || spans.some(({ bytes }) => bytes > limits.maxStorageBufferBindingSize))
    throw new DeviceError(
      `webgpu: ${d.about()} reads and writes ${places.length} large arrays at once, and a kernel of this GPU sees ${most}. Split the expression, by reading a part of it first, or use smaller arrays, which share buffers.`,
    );
  const globals = d.pass.kernel.buffers.filter(({ space }) => space === "global");
  return {
    places: spans,
    shape: { bindings: ranges.map(({ page }) => pages.indexOf(page)), based: ranges.map(() => true) },
    bases: ranges.map(
      ({ page, offset }, i) => (offset - spans[pages.indexOf(page)]!.offset) / byteSize(globals[i]!.dtype),
    ),
  };
}

const overlap = (a: Range, b: Range): boolean =>
  a.page === b.page && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

/** The least range of a page with all these in it. */
function spanOf(page: Page, ranges: readonly Range[]): Range {
  const own = ranges.filter((range) => range.page === page);
  const offset = Math.min(...own.map((range) => range.offset));
  return { page, offset, bytes: Math.max(...own.map((range) => range.offset + range.bytes)) - offset };
}
