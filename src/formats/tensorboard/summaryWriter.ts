import { appendFile } from "#platform";
import { joinBytes } from "../../core/bytes.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import { histogramOf, type Histogram } from "../../core/histogram.ts";
import type { Shape } from "../../core/shape.ts";
import type { Module } from "../../nn/module.ts";
import { fromNode, Tensor } from "../../tensor/tensor.ts";
import { gridOf, pixelsOf, type ImageLayout, type ImageLike } from "../pixels.ts";
import { encodePng } from "../png.ts";
import { encodeMessage, loadWire, type Wire } from "../protobuf.ts";
import { encodeEvent } from "./events.ts";
import { graphOf } from "./graph.ts";
import { hparamsSummaries } from "./hparams.ts";
import { graph, type Event, type SummaryValue } from "./schema.ts";

/** Takes the bytes of an event file, in order. */
export interface EventSink {
  write(bytes: Uint8Array): void | PromiseLike<void>;
}

export interface SummaryWriterOptions {
  /** Events are written when so many wait, 1000 by default; and at `flush` and `close`. */
  readonly maxQueue?: number | undefined;
  /** Events are written when the oldest waits so long, in seconds, seen when the next one comes; 120 by default. */
  readonly flushSeconds?: number | undefined;
  /** A run that goes on from this step: TensorBoard forgets what an earlier process wrote from there on. */
  readonly purgeStep?: number | undefined;
  /** Seconds since 1970; the machine's clock by default. */
  readonly clock?: (() => number) | undefined;
}

/** A value to show, or what fetches it when it is written. */
type Value = SummaryValue | (() => Promise<SummaryValue>);

/** An event that is not written yet. */
interface Waiting {
  readonly wallTime: number;
  readonly step: number;
  /** What it is besides its time and step; or the values that it shows. */
  readonly event?: (wire: Wire) => Event;
  readonly values?: Value[];
  /** As it will stand in the file, where that is known already. */
  record?: Uint8Array;
}

/** What the package for protocol buffers is needed for, in the error where it is missing. */
export const WRITING = "writing TensorBoard's event files";

/** What the numbers in TensorBoard's messages mean. */
const STRING = 7;
const SESSION_START = 1;

/**
 * Writes event files, which TensorBoard shows: `tensorboard --logdir runs`. Names and habits are those of PyTorch's SummaryWriter.
 *
 * What is added waits in memory and is written in pieces, each a whole number of events at the end of the file, so that a process that is
 * killed leaves a file that can be read. Values of tensors are fetched when they are written, which nothing waits for. After a failure
 * (a full disk) the next attempt begins a new file with what was not written: nothing is lost, and `flush` tells.
 *
 * Needs the package @bufbuild/protobuf.
 *
 * @example
 * const writer = new tensorboard.SummaryWriter("runs/first");
 * writer.addScalar("loss/train", loss, step);
 * writer.addHistogram("fc1.weight", model.fc1.weight, step);
 * await writer.close();
 */
export class SummaryWriter {
  /** Where the files are; undefined when the bytes go to a sink. */
  readonly folder: string | undefined;
  readonly #sink: EventSink | undefined;
  readonly #options: SummaryWriterOptions;
  readonly #parts = new Map<string, SummaryWriter>();
  #waiting: Waiting[] = [];
  /** From the first write on. */
  #wire: Wire | undefined;
  /** How many things were added that wait. */
  #added = 0;
  #oldest = Infinity;
  /** Records that a write failed on. */
  #unwritten: Uint8Array[] = [];
  /** The file that grows; undefined before the first write and after a failure. */
  #file: string | undefined;
  /** Flushes take turns. */
  #turn: Promise<void> = Promise.resolve();
  /** Of a flush that nobody asked for. */
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  /**
   * @param target a folder, one for each run, made when it is missing; or a sink, for pages.
   */
  constructor(target: string | EventSink, options: SummaryWriterOptions = {}) {
    this.folder = typeof target === "string" ? target : undefined;
    this.#sink = typeof target === "string" ? undefined : target;
    this.#options = options;
    const { purgeStep } = options;
    if (purgeStep !== undefined) this.#add(purgeStep, { event: () => ({ sessionLog: { status: SESSION_START } }) });
  }

  /** A number, or a tensor of one element. */
  addScalar(tag: string, value: number | Tensor, step = 0): void {
    const now = valueNow(value);
    this.#addValue(
      step,
      now instanceof Tensor ? async () => ({ tag, simpleValue: await now.item() }) : { tag, simpleValue: now },
    );
  }

  /** Several curves in one diagram: each is a run of its own, in the folder `folder/tag_name`. */
  addScalars(tag: string, values: Readonly<Record<string, number | Tensor>>, step = 0): void {
    if (this.folder === undefined)
      throw new ArgumentError("addScalars: curves are folders, so a writer with a folder was wanted; use addScalar");
    for (const [name, value] of Object.entries(values)) {
      const place = `${this.folder}/${`${tag}_${name}`.replaceAll("/", "_")}`;
      const part = this.#parts.get(place) ?? new SummaryWriter(place, this.#options);
      this.#parts.set(place, part);
      part.addScalar(tag, value, step);
    }
  }

  /** How often values of each size occur: of a tensor or an array of any shape, or counted already. */
  addHistogram(tag: string, values: Tensor | TypedArray | readonly number[] | Histogram, step = 0): void {
    const now = valueNow(values);
    const counted = now instanceof Tensor || "counts" in now ? now : histogramOf(arrayOf(now));
    this.#addValue(
      step,
      counted instanceof Tensor
        ? async () => histogramValue(tag, histogramOf(await counted.data()))
        : histogramValue(tag, counted),
    );
  }

  /**
   * An image of 1 to 4 channels.
   * @param options.layout the order of axes, "CHW" by default, "HW" for two axes.
   */
  addImage(tag: string, image: ImageLike, step = 0, { layout }: { layout?: ImageLayout } = {}): void {
    const now = valueNow(image);
    this.#addValue(step, () => imageValue(tag, [now], layout));
  }

  /** Images of one size, as a grid. */
  addImages(tag: string, images: readonly ImageLike[], step = 0, { layout }: { layout?: ImageLayout } = {}): void {
    if (images.length === 0) throw new ArgumentError("addImages: at least one image was wanted, got none");
    const now = images.map(valueNow);
    this.#addValue(step, () => imageValue(tag, now, layout));
  }

  /** Text, in which TensorBoard understands Markdown. */
  addText(tag: string, text: string, step = 0): void {
    const metadata = { pluginData: { pluginName: "text", content: Uint8Array.of() } };
    const stringVal = [new TextEncoder().encode(text)];
    const tensor = { dtype: STRING, tensorShape: { dim: [{ size: 1 }] }, stringVal };
    this.#addValue(step, { tag: `${tag}/text_summary`, metadata, tensor });
  }

  /**
   * The operations of a model, in boxes that are its modules. Nothing is computed.
   * @param inputs what `forward` takes: tensors, or shapes that stand for tensors of f32.
   */
  addGraph(model: Module, ...inputs: readonly (Shape | Tensor)[]): void {
    const made = graphOf(model, inputs);
    this.#add(0, { event: (wire) => ({ graphDef: encodeMessage(wire, graph, made) }) });
  }

  /**
   * What was chosen for this run, and how good that was, for the table that compares runs.
   * @param metrics are added as scalars, too, under these tags.
   */
  addHparams(
    choices: Readonly<Record<string, string | number | boolean>>,
    metrics: Readonly<Record<string, number>>,
    step = 0,
  ): void {
    const tags = Object.keys(metrics);
    this.#add(step, { event: (wire) => ({ summary: { value: hparamsSummaries(wire, choices, tags) } }) });
    for (const [tag, value] of Object.entries(metrics)) this.addScalar(tag, value, step);
  }

  /** Writes what waits. @throws what an earlier write failed on, too. */
  async flush(): Promise<void> {
    await this.#drain();
    for (const part of this.#parts.values()) await part.flush();
    const failed = this.#failure;
    this.#failure = undefined;
    if (failed) throw failed.error;
  }

  /** Writes what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    for (const part of this.#parts.values()) await part.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #now(): number {
    return this.#options.clock?.() ?? Date.now() / 1000;
  }

  #addValue(step: number, value: Value): void {
    this.#add(step, { values: [value] });
  }

  #add(step: number, what: Pick<Waiting, "event" | "values">): void {
    if (this.#closed) throw new ArgumentError("SummaryWriter: it was closed; make a new one for the same folder");
    if (!Number.isSafeInteger(step))
      throw new ArgumentError(`SummaryWriter: step must be a whole number, got ${step}; count steps or epochs`);
    const wallTime = this.#now;
    // Values of one moment are one event: each has its price.
    const last = this.#waiting.at(-1);
    if (what.values && last?.values && last.step === step && last.wallTime === wallTime)
      last.values.push(...what.values);
    else {
      if (last) this.#settle(last);
      this.#waiting.push({ wallTime, step, ...what });
    }
    this.#added++;
    this.#oldest = Math.min(this.#oldest, wallTime);
    const { maxQueue = 1000, flushSeconds = 120 } = this.#options;
    if (this.#added < maxQueue && wallTime - this.#oldest < flushSeconds) return;
    this.#drain().catch((error: unknown) => (this.#failure ??= { error }));
  }

  /** Brings an event that nothing is added to any more into bytes: a collector has nothing to do with those, but with thousands of numbers. */
  #settle(waiting: Waiting): void {
    const { wallTime, step, values } = waiting;
    if (!this.#wire || !values?.every((value) => typeof value !== "function")) return;
    waiting.record = encodeEvent(this.#wire, { wallTime, step, summary: { value: values } });
    values.length = 0;
  }

  #drain(): Promise<void> {
    const turn = this.#turn.then(() => this.#write());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting.length + this.#unwritten.length === 0) return;
    const wire = (this.#wire ??= await loadWire(WRITING));
    this.#waiting = [];
    this.#added = 0;
    this.#oldest = Infinity;
    let failed: { readonly error: unknown } | undefined;
    for (const { wallTime, step, event, values, record } of waiting) {
      if (record) {
        this.#unwritten.push(record);
        continue;
      }
      const value: SummaryValue[] = [];
      for (const one of values ?? [])
        try {
          value.push(typeof one === "function" ? await one() : one);
        } catch (error) {
          // One value that cannot be had does not hold up the others.
          failed ??= { error };
        }
      const content = event?.(wire) ?? (value.length > 0 ? { summary: { value } } : undefined);
      if (content) this.#unwritten.push(encodeEvent(wire, { wallTime, step, ...content }));
    }
    const records = [...(this.#file === undefined ? [this.#begin(wire)] : []), ...this.#unwritten];
    const bytes = joinBytes(records);
    try {
      await (this.#sink ? this.#sink.write(bytes) : appendFile(this.#file!, bytes));
    } catch (error) {
      // What of it is in the file, nobody knows: its end may be torn.
      this.#file = undefined;
      throw error;
    }
    this.#unwritten = [];
    if (failed) throw failed.error;
  }

  /** Names a new file, and returns its first event. The name is one that no other writer takes: TensorBoard reads all of a folder. */
  #begin(wire: Wire): Uint8Array {
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    const second = String(Math.floor(this.#now)).padStart(10, "0");
    this.#file = `${this.folder ?? "sink"}/events.out.tfevents.${second}.myelin.${random!.toString(16).padStart(8, "0")}`;
    return encodeEvent(wire, { wallTime: this.#now, fileVersion: "brain.Event:2" });
  }
}

function histogramValue(tag: string, { min, max, count, sum, sumSquares, limits, counts }: Histogram): SummaryValue {
  // A bucket of nothing in front tells where the first one begins.
  return { tag, histo: { min, max, num: count, sum, sumSquares, bucketLimit: limits, bucket: [0].concat(counts) } };
}

/** A parameter's value of this moment: training on does not change it. */
const valueNow = <T>(value: T | Tensor): T | Tensor => (value instanceof Tensor ? fromNode(value.node) : value);

const arrayOf = (values: TypedArray | readonly number[]): TypedArray =>
  ArrayBuffer.isView(values) ? values : Float64Array.from(values);

async function imageValue(tag: string, images: readonly ImageLike[], layout?: ImageLayout): Promise<SummaryValue> {
  const all = await Promise.all(images.map((image) => pixelsOf("addImage", image, layout)));
  const { data, height, width, channels } = gridOf("addImages", all);
  const encodedImageString = await encodePng(data, width, height, channels);
  return { tag, image: { height, width, colorspace: channels, encodedImageString } };
}
