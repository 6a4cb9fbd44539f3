import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show, sizeOf } from "../../core/shape.ts";
import { fold } from "../../graph/ops/movement.ts";
import { ones } from "../create.ts";
import { toFloat } from "../functional/operands.ts";
import { concat, where } from "../functions.ts";
import { unfold } from "../shaping.ts";
import { fromNode, type Tensor } from "../tensor.ts";
import { of } from "./complex.ts";
import { fft, ifft, irfft, rfft } from "./fft.ts";
import { checkPairs } from "./pairs.ts";

export interface StftOptions {
  /** Elements from one frame to the next, a quarter of a frame by default. */
  readonly hopLength?: number;
  /** [frame length or less], put in the middle of the frame; ones by default. */
  readonly window?: Tensor;
  /** Whether frame t is centred at t · hopLength, the signal mirrored at its ends (true, the default), or begins there. */
  readonly center?: boolean;
  /** Whether all is divided by √ of the frame length, false by default. */
  readonly normalized?: boolean;
  /** Whether only the first half of the frequencies is kept, as the rest mirrors it; true by default. */
  readonly onesided?: boolean;
}

function windowOf(
  op: string,
  frame: number,
  like: Tensor,
  { window, hopLength = Math.floor(frame / 4) }: StftOptions,
): { heights: Tensor; hop: number } {
  if (!Number.isInteger(frame) || frame < 1 || !Number.isInteger(hopLength) || hopLength < 1)
    throw new ArgumentError(`${op}: frames and hops must be whole numbers above 0, got ${frame} and ${hopLength}`);
  const given: Tensor = window ?? ones([frame]);
  if (given.rank !== 1 || given.size > frame)
    throw new ShapeError(`${op}: the window must be [${frame}] or shorter, got ${show(given.shape)}`);
  const before = Math.floor((frame - given.size) / 2);
  return { heights: given.cast(like.dtype).pad([[before, frame - given.size - before]]), hop: hopLength };
}

/** The signal with its mirror images at both ends. */
function mirrored(x: Tensor, width: number): Tensor {
  const n = x.shape[x.rank - 1]!;
  if (width >= n)
    throw new ShapeError(`stft: a signal of ${n} is too short for frames of ${2 * width}. Use center: false`);
  return concat([x.narrow(-1, 1, width).flip(-1), x, x.narrow(-1, n - 1 - width, width).flip(-1)], -1);
}

/**
 * Fourier transforms of frames of real [.., length]: [.., frequencies, frames, 2] (PyTorch's stft).
 * Throws ShapeError where no frame fits, ArgumentError for sizes that make no sense.
 */
export function stft(signal: Tensor, frame: number, options: StftOptions = {}): Tensor {
  const { center = true, normalized = false, onesided = true } = options;
  const x: Tensor = fromNode(toFloat(signal.node));
  const { heights, hop } = windowOf("stft", frame, x, options);
  const whole = center ? mirrored(x, Math.floor(frame / 2)) : x;
  const frames = unfold(whole, -1, frame, hop).mul(heights);
  const norm = normalized ? "ortho" : "backward";
  const found = onesided ? rfft(frames, undefined, -1, norm) : fft(of(frames), undefined, -1, norm);
  return found.transpose(-3, -2);
}

export interface IstftOptions extends StftOptions {
  /** How long the signal is; by default as long as the frames reach. */
  readonly length?: number;
}

/** The signal whose frames these are: frames are added where they overlap, and the sum of squared windows divided out. */
export function istft(frames: Tensor, frame: number, options: IstftOptions = {}): Tensor {
  checkPairs("istft", frames);
  const { center = true, normalized = false, onesided = true, length } = options;
  const norm = normalized ? "ortho" : "backward";
  const spectra: Tensor = fromNode(toFloat(frames.transpose(-3, -2).node));
  const wanted = onesided ? Math.floor(frame / 2) + 1 : frame;
  if (spectra.shape[spectra.rank - 2] !== wanted)
    throw new ShapeError(
      `istft: frames of ${frame} have ${wanted} frequencies, got ${show(frames.shape)}: [.., frequencies, frames, 2]`,
    );
  const { heights, hop } = windowOf("istft", frame, spectra, options);
  const pieces = onesided
    ? irfft(spectra, frame, -1, norm)
    : ifft(spectra, undefined, -1, norm).narrow(-1, 0, 1).squeeze(-1);
  const count = pieces.shape[pieces.rank - 2]!;
  const reach = frame + hop * (count - 1);
  const batch = pieces.shape.slice(0, -2);
  const added = (x: Tensor): Tensor => {
    const flat = x.reshape([sizeOf(x.shape.slice(0, -2)), count, frame]);
    return fromNode(fold(flat.node, { axis: 1, size: frame, stride: hop, dilation: 1, length: reach }));
  };
  const sum = added(pieces.mul(heights)).reshape([...batch, reach]);
  const weight = added(heights.square().expand([1, count, frame])).reshape([reach]);
  const signal = sum.div(where(weight.lt(1e-11), 1, weight));
  const start = center ? Math.floor(frame / 2) : 0;
  const end = length === undefined ? reach - start : Math.min(reach, start + length);
  const cut = signal.narrow(-1, start, end - start);
  if (length === undefined || length <= end - start) return cut;
  return cut.pad([...batch.map(() => [0, 0] as const), [0, length - (end - start)]]);
}
