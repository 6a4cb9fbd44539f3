import { knownOptions } from "../../core/knownOptions.ts";
import type { Shape } from "../../core/shape.ts";
import type { ImageLayout, ImageLike } from "../../formats/pixels.ts";
import { loadWire } from "../../formats/protobuf.ts";
import { SummaryWriter, WRITING } from "../../formats/tensorboard/summaryWriter.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback, Run } from "../callback.ts";
import { looksInto, type Kind } from "./looks.ts";
import { Reel, type Frame } from "./reel.ts";

/** Pictures by tag; several under one tag are a grid. */
export type Images = Readonly<Record<string, ImageLike | readonly ImageLike[]>>;

export interface TensorBoardOptions {
  /** One for each run, `logs/first`; made when it is missing. */
  readonly folder: string;
  /**
   * From one look into a step to the next, in steps: the batch's loss, the norm of each gradient, and histograms. 0, the default, is never.
   */
  readonly histogramEvery?: number | undefined;
  /** Of what there are histograms: weights, gradients and activations by default. */
  readonly histograms?: readonly Kind[] | undefined;
  /** What the model takes, tensors or shapes that stand for tensors of f32: draws its graph when training begins. Not at all by default. */
  readonly graph?: readonly (Shape | Tensor)[] | undefined;
  /** Pictures to show after every epoch. */
  readonly images?: ((run: Run) => Images | PromiseLike<Images>) | undefined;
  /** The order of the axes of images, "CHW" by default. */
  readonly layout?: ImageLayout | undefined;
  /** What was chosen for this run: compared with other runs under "hparams", by the means of the last epoch. */
  readonly hparams?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** When there was a look. */
interface Moment {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** Looks of so many bytes wait to be read at most, and so many seconds. */
const UNREAD = 2 ** 22;
const PATIENCE = 10;

/**
 * Writes what happens for TensorBoard: `tensorboard --logdir logs`. After every epoch loss and metrics of training and validation, each in a
 * run of its own (`train`, `validation`) so that they share diagrams, learning rate and speed; with `histogramEvery` a look into steps. The
 * axis is steps since training began, in earlier processes too: a run that goes on from a checkpoint goes on in the same curves.
 *
 * A failure to write (a full disk) is shown and does not end training; what was not written is written later, and where that fails to the
 * last, `fit` throws it when training is over.
 *
 * @example
 * await fit(model, data, { …, callbacks: [callbacks.tensorBoard({ folder: "logs/first", histogramEvery: 100 })] });
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  knownOptions("tensorBoard", options, {
    folder: true,
    histogramEvery: true,
    histograms: true,
    graph: true,
    images: true,
    layout: true,
    hparams: true,
  });
  const {
    folder,
    histogramEvery = 0,
    histograms = ["weights", "gradients", "activations"],
    graph,
    images,
    layout,
    hparams,
  } = options;
  let train: SummaryWriter;
  let validation: SummaryWriter;
  const writers = (): readonly SummaryWriter[] => [train, validation];
  const flush = async (run: Run): Promise<void> => {
    await readLooks();
    for (const writer of writers())
      await writer.flush().catch((error: unknown) => {
        run.log(`tensorBoard: ${error instanceof Error ? error.message : String(error)} Training goes on`);
      });
  };
  const looks = looksInto({ kinds: [...new Set<Kind>([...histograms, "gradients"])], histograms });
  /** Looks wait on the device, a few of them, and then here: what is done again and again is fast, and what a device answers later is not waited for. */
  const reel = new Reel();
  let onDevice: Moment[] = [];
  let unread: { readonly moments: readonly Moment[]; readonly frames: Promise<readonly Frame[]> }[] = [];
  let unreadBytes = 0;
  /** When what is being written was seen, where that was before. */
  let seenAt: number | undefined;
  const clock = (): number => seenAt ?? Date.now() / 1000;
  const fetchLooks = (): void => {
    const moments = onDevice;
    onDevice = [];
    const frames = reel.take(moments.length);
    // Told of when they are read.
    frames.catch(() => undefined);
    unread.push({ moments, frames });
    unreadBytes += reel.bytes;
  };
  const readLooks = async (): Promise<void> => {
    if (onDevice.length > 0) fetchLooks();
    const reading = unread;
    unread = [];
    unreadBytes = 0;
    for (const { moments, frames } of reading)
      for (const [at, { strip, numbers }] of (await frames).entries()) {
        const look = looks.decode(strip, numbers);
        const { step, time } = moments[at]!;
        seenAt = time;
        train.addScalar("batch/loss", look.loss, step);
        for (const [path, { norm }] of look.gradients) train.addScalar(`gradient norm/${path}`, norm, step);
        for (const kind of histograms)
          for (const [path, { histogram }] of look[kind]) train.addHistogram(`${kind}/${path}`, histogram!, step);
        seenAt = undefined;
      }
  };
  return {
    name: "tensorBoard",
    watch:
      histogramEvery === 0
        ? undefined
        : {
            every: histogramEvery,
            trace: (step) => looks.trace(step),
            keep(values) {
              for (const [name, numbers] of Object.entries(values)) reel.add(name, numbers);
            },
            see(_, { totalSteps: step }) {
              onDevice.push({ step, time: Date.now() / 1000 });
              if (onDevice.length < reel.rows) return;
              fetchLooks();
              return unreadBytes >= UNREAD ? readLooks() : undefined;
            },
          },
    async begin(run) {
      // Not in the middle of training: that it is missing is told at once, and no step waits for it.
      await loadWire(WRITING);
      // What an earlier process wrote after its last checkpoint never happened.
      const options = { clock, ...(run.totalSteps > 0 ? { purgeStep: run.totalSteps + 1 } : {}) };
      train = new SummaryWriter(`${folder}/train`, options);
      validation = new SummaryWriter(`${folder}/validation`, options);
      if (graph) train.addGraph(run.model, ...graph);
    },
    async tick(run) {
      const oldest = unread[0]?.moments[0] ?? onDevice[0];
      if (oldest && Date.now() / 1000 - oldest.time >= PATIENCE) await flush(run);
    },
    async endEpoch(run, { means, lr, seconds, examplesPerSecond }) {
      for (const [name, value] of Object.entries(means)) {
        const [, validated] = /^val_(.*)/s.exec(name) ?? [];
        if (validated === undefined) train.addScalar(`epoch/${name}`, value, run.totalSteps);
        else validation.addScalar(`epoch/${validated}`, value, run.totalSteps);
      }
      train.addScalar("learning rate", lr, run.totalSteps);
      train.addScalar("speed/examples per second", examplesPerSecond, run.totalSteps);
      train.addScalar("speed/seconds per epoch", seconds, run.totalSteps);
      for (const [tag, given] of Object.entries((await images?.(run)) ?? {})) {
        const several = (Array.isArray(given) ? given : [given]) as readonly ImageLike[];
        train.addImages(tag, several, run.totalSteps, layout ? { layout } : {});
      }
      await flush(run);
    },
    async end(run) {
      await readLooks();
      const last = Object.entries(run.history).map(([name, values]) => [`final/${name}`, values.at(-1)!]);
      if (hparams) train.addHparams(hparams, Object.fromEntries(last) as Record<string, number>, run.totalSteps);
      for (const writer of writers()) await writer.close();
    },
  };
}
