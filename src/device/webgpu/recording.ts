/**
 * Programs as a GPU runs them: one list of dispatches, each with its words in a uniform. A launch's words are its scalars and
 * sizes; where a loop's counter is among the scalars, there are as many copies of them as the loop has turns, and each dispatch
 * is given the offset of its own.
 */
import type { Launch, Program, Region, Step, TapeEntry } from "../device.ts";
import type { GpuLaunch, Pass } from "../gpu/kernel.ts";
import { aligned } from "../heap.ts";
import { divide, type Gathered, type Part } from "./bindings.ts";
import { Commands } from "./commands.ts";
import { PAGE_ALIGNMENT, type Pages, type Range } from "./pages.ts";
import { Recent, type Pipeline } from "./pipelines.ts";
import type { Recorder } from "./recorder.ts";
import { isPlaced, MOST_WORKGROUPS } from "./shader.ts";
import { inStep } from "./transfers.ts";

/** Ways in which a dispatch was bound that it keeps: arguments and results may be elsewhere from run to run. */
const WAYS = 4;

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
  /** As it is bound: one part, unless it sees too much at once. */
  parts: readonly BoundPart[] | undefined;
  readonly ways: Recent<readonly BoundPart[]>;
}

/** Workgroups that run together, with their bindings. */
interface BoundPart {
  readonly pipeline: Pipeline;
  readonly group: GPUBindGroup;
  /** Where the words of its place are, if it has one. */
  readonly place: Range | undefined;
  readonly workgroups: number;
  readonly gathered: readonly Gathered[];
}

type Entry = Dispatch | { readonly times: number; readonly entries: readonly Entry[] };

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
    let count = 0;
    for (const { ways } of this.#dispatches) for (const parts of ways.values()) count += parts.length;
    return count;
  }

  /** Gives its words back; it must not be used any more. */
  release(): void {
    this.#recorder.uniforms.free(this.#uniform);
    for (const { ways } of this.#dispatches) for (const parts of ways.values()) this.#drop(parts);
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
    const pending = new Set<Promise<void>>();
    for (const d of this.#dispatches) {
      d.parts ??= this.#bindDispatch(d);
      for (const { pipeline } of d.parts) if (!pipeline.compiled && !pipeline.failure) pending.add(pipeline.ready);
    }
    if (pending.size) return Promise.all(pending);
    this.#complete = true;
    return undefined;
  }

  /** Submits everything, bound as it is. @throws DeviceError of a kernel that could not be compiled. */
  run(scalars: readonly number[]): void {
    const { gpu } = this.#recorder.opened;
    this.#writeWords(scalars);
    const commands = new Commands(gpu);
    this.#encode(commands);
    gpu.queue.submit([commands.finish()]);
  }

  /** Milliseconds of a run on a GPU that has nothing else to do; it may run several times. @throws DeviceError as `run` does. */
  time(scalars: readonly number[]): Promise<number> {
    this.#writeWords(scalars);
    return this.#recorder.stopwatch.time((commands) => this.#encode(commands));
  }

  #writeWords(scalars: readonly number[]): void {
    const { opened, uniforms } = this.#recorder;
    this.#setScalars(scalars);
    if (this.#from >= this.#to) return;
    const { page, offset } = this.#uniform;
    const { buffer } = uniforms.piece(page, offset, this.#words.byteLength);
    opened.gpu.queue.writeBuffer(buffer, offset + this.#from, this.#words.buffer, this.#from, this.#to - this.#from);
    this.#from = this.#words.byteLength;
    this.#to = 0;
  }

  #encode(commands: Commands): void {
    const { offset } = this.#uniform;
    const at = new Uint32Array(1);
    let [pass, current]: [GPUComputePassEncoder?, GPUComputePipeline?] = [];
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
      at[0] = offset + entry.at;
      for (let i = 0; i < turns.length; i++) at[0] += turns[i]! * entry.strides[i]!;
      for (const { pipeline, group, workgroups, gathered } of entry.parts!) {
        if (workgroups === 0) continue;
        if (!pipeline.compiled) throw pipeline.failure!;
        if (gathered.length) this.#gather(commands, gathered, false);
        const open = commands.pass();
        if (open !== pass) [pass, current] = [open, undefined];
        if (pipeline.compiled !== current) open.setPipeline((current = pipeline.compiled));
        open.setBindGroup(0, group, at, 0, 1);
        open.dispatchWorkgroups(Math.min(workgroups, MOST_WORKGROUPS), Math.ceil(workgroups / MOST_WORKGROUPS));
        if (gathered.length) this.#gather(commands, gathered, true);
      }
    };
    this.#entries.forEach(encode);
  }

  /** Copies what a dispatch sees to one place, or back what it wrote there. */
  #gather(commands: Commands, gathered: readonly Gathered[], isBack: boolean): void {
    const { storage, gathered: pages } = this.#recorder;
    const encoder = commands.between();
    for (const { from, to, isWritten } of gathered) {
      if (isBack && !isWritten) continue;
      const [outside, inside] = [
        storage.pieces(from.page, from.offset, from.bytes),
        pages.pieces(to.page, to.offset, to.bytes),
      ];
      for (const [a, b] of isBack ? inStep(inside, outside) : inStep(outside, inside))
        encoder.copyBufferToBuffer(a.buffer, a.offset, b.buffer, b.offset, a.bytes);
    }
  }

  // ---------- making it

  #record(tape: readonly TapeEntry[], loops: readonly Turns[], needs: (scratch: number) => void): Entry[] {
    return tape.flatMap((entry): Entry[] => {
      if ("times" in entry)
        return [{ times: entry.times, entries: this.#record(entry.steps, [...loops, entry], needs) }];
      return entry.launches.flatMap((launch) =>
        this.#dispatchesOf(entry, launch, this.#recorder.lower(entry, launch.sizes), loops, needs),
      );
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
      // The last one is 0.
      const words = launch.scalars.length + pass.sizes.length + 1;
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
        parts: undefined,
        ways: new Recent(WAYS, (parts) => this.#drop(parts)),
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
    for (const d of dispatches) d.parts = undefined;
    if (dispatches.length) this.#complete = false;
  }

  #drop(parts: readonly BoundPart[]): void {
    for (const { place } of parts) if (place) this.#recorder.uniforms.free(place);
  }

  #bindDispatch(d: Dispatch): readonly BoundPart[] {
    const ranges = d.regions.map((region) => this.#rangeOf(region));
    const key = ranges.map(({ page, offset, bytes }) => `${page.number}.${offset}.${bytes}`).join();
    return d.ways.get(key, () =>
      divide(d.pass, ranges, d.about, this.#recorder.surroundings).map((part) => this.#bindPart(d, part)),
    );
  }

  #bindPart(d: Dispatch, { bound, shape, bases, first, end, gathered }: Part): BoundPart {
    const { opened, uniforms, pipelines } = this.#recorder;
    let place: Range | undefined;
    if (isPlaced(shape)) {
      const words = Int32Array.of(first, end, ...bases);
      place = uniforms.allocate(words.byteLength);
      const { buffer, offset } = uniforms.piece(place.page, place.offset, place.bytes);
      opened.gpu.queue.writeBuffer(buffer, offset, words);
    }
    const resource = (pages: Pages, { page, offset: at, bytes: size }: Range): GPUBufferBinding => {
      const { buffer, offset } = pages.piece(page, at, size);
      return { buffer, offset, size };
    };
    const resources = [
      ...bound.map((range) => resource(this.#recorder.pagesOf(range), range)),
      // Where its words begin is said with each dispatch.
      resource(uniforms, { page: this.#uniform.page, offset: 0, bytes: d.wordBytes }),
      ...(place ? [resource(uniforms, place)] : []),
    ];
    const group = opened.gpu.createBindGroup({
      layout: pipelines.layout(shape).group,
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    return { pipeline: pipelines.get(d.pass, shape, d.about), group, place, workgroups: end - first, gathered };
  }

  #rangeOf(region: Region): Range {
    const [{ page, offset }, bytes] =
      "binding" in region
        ? [this.#bound[region.binding]!, this.#program.bindings[region.binding]!]
        : [{ page: this.#boundScratch!.page, offset: this.#boundScratch!.offset + region.scratch }, region.bytes];
    return { page, offset, bytes: Math.max(4, aligned(bytes, 4)) };
  }
}
