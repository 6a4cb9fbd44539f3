import { describe, expect, test } from "vitest";
import { complex, fft, gradCheck, jit, zeros, type Tensor } from "../../index.ts";
import { fixed } from "../../nn/golden.testing.ts";
import { expectClose, onEachDevice } from "../devices.testing.ts";
import { expectRecorded } from "../recorded.testing.ts";

const f64 = { dtype: "f64" } as const;
const window = (): Tensor => fft.hannWindow(8, f64);
const whole = (x: Tensor): Tensor => fft.fft(x);
const half = (x: Tensor): Tensor => fft.rfft(x);

expectRecorded("fft", {
  "fft 1": whole,
  "fft 2": whole,
  "fft 5": whole,
  "fft 12": whole,
  "fft 64": whole,
  "fft 67": whole,
  "fft 96": whole,
  "fft 134": whole,
  "fft large": (z) => fft.fft(z!, undefined, -1, "forward"),
  "fft longer": (z) => fft.fft(z!, 8, 0, "ortho"),
  "fft shorter": (z) => fft.fft(z!, 3, -1, "forward"),
  ifft: (z) => fft.ifft(z!),
  "ifft ortho": (z) => fft.ifft(z!, undefined, -1, "ortho"),
  "rfft 1": half,
  "rfft 2": half,
  "rfft 7": half,
  "rfft 12": half,
  "rfft 130": half,
  "rfft axis": (x) => fft.rfft(x!, 6, 0, "forward"),
  irfft: (z) => fft.irfft(z!),
  "irfft odd": (z) => fft.irfft(z!, 7),
  "irfft axis": (z) => fft.irfft(z!, undefined, 0, "ortho"),
  fft2: (z) => fft.fft2(z!),
  ifft2: (z) => fft.ifft2(z!),
  rfft2: (x) => fft.rfft2(x!),
  irfft2: (z) => fft.irfft2(z!),
  fftn: (z) => fft.fftn(z!, [2, 5], [0, 2]),
  ifftn: (z) => fft.ifftn(z!),
  rfftn: (x) => fft.rfftn(x!, undefined, undefined, "ortho"),
  irfftn: (z) => fft.irfftn(z!, undefined, [0, 2]),
  fftfreq: () => [fft.fftfreq(5, 0.1, f64), fft.fftfreq(6, 1, f64)],
  rfftfreq: () => [fft.rfftfreq(5, 0.1, f64), fft.rfftfreq(6, 1, f64)],
  fftshift: (x) => [fft.fftshift(x!), fft.ifftshift(x!, 1)],
  stft: (x) => fft.stft(x!, 8, { window: window() }),
  "stft whole": (x) =>
    fft.stft(x!, 8, { window: window(), hopLength: 3, center: false, normalized: true, onesided: false }),
  istft: (z) => fft.istft(z!, 8, { window: window() }),
  "istft length": (z) => fft.istft(z!, 8, { window: window(), length: 9, normalized: true }),
  hannWindow: () => [fft.hannWindow(6, f64), fft.hannWindow(7, { ...f64, periodic: false })],
  hammingWindow: () => [fft.hammingWindow(6, f64), fft.hammingWindow(7, { ...f64, periodic: false })],
  blackmanWindow: () => [fft.blackmanWindow(6, f64), fft.blackmanWindow(7, { ...f64, periodic: false })],
  bartlettWindow: () => [fft.bartlettWindow(6, f64), fft.bartlettWindow(7, { ...f64, periodic: false })],
  "complex mul": complex.mul,
  "complex div": complex.div,
  "complex abs": complex.abs,
  "complex angle": complex.angle,
  "complex polar": (size, angle) => complex.polar(size!.abs(), angle!),
});

onEachDevice(() => {
  describe("Fourier transforms", () => {
    test("and back is where it was, at lengths with small, large and no factors", () => {
      for (const n of [1, 6, 64, 65, 97, 128, 194, 509]) {
        const z = fixed([2, n, 2], n);
        expectClose(fft.ifft(fft.fft(z)), z.toArraySync() as number[][][], 1e-12);
        const x = fixed([2, n], n);
        expectClose(fft.irfft(fft.rfft(x), n), x.toArraySync() as number[][], 1e-12);
      }
      const signal = fixed([2, 40], 1);
      const frames = fft.stft(signal, 16, { window: fft.hannWindow(16, f64), onesided: false });
      expectClose(
        fft.istft(frames, 16, { window: fft.hannWindow(16, f64), onesided: false }),
        signal.toArraySync() as number[][],
        1e-12,
      );
    });

    test("a product of transforms is a convolution, with second derivatives, also traced", () => {
      const convolve = (a: Tensor, b: Tensor): Tensor => fft.irfft(complex.mul(fft.rfft(a, 5), fft.rfft(b, 5)), 5);
      const [a, b] = [fixed([3], 1), fixed([3], 2)];
      const direct = Array.from({ length: 5 }, (_, i) =>
        [0, 1, 2].reduce((sum, j) => sum + (a.dataSync()[j] ?? 0) * (b.dataSync()[i - j] ?? 0), 0),
      );
      expectClose(convolve(a, b), direct, 1e-12);
      expectClose(jit(convolve)(a, b), direct, 1e-12);
      gradCheck((x: Tensor, y: Tensor) => convolve(x, y), [a, b], { order: 2 });
    });

    test("parts of complex numbers", () => {
      const z = complex.of(fixed([3], 1), fixed([3], 2));
      expect(complex.real(z).dataSync()).toEqual(fixed([3], 1).dataSync());
      expect(complex.imag(complex.conj(z)).dataSync()).toEqual(fixed([3], 2).neg().dataSync());
      expect(complex.imag(complex.of(fixed([3], 1))).dataSync()).toEqual(new Float64Array(3));
    });
  });
});

describe("errors say what came and what was wanted", () => {
  const [x, z]: Tensor[] = [zeros([5]), zeros([5, 2])];
  test.each<[() => unknown, string]>([
    [() => fft.fft(x!), "fft: complex numbers are pairs in a last axis of size 2, got [5]. Use complex.of"],
    [() => fft.fft(z!, 0), "fft: the length must be a whole number above 0, got 0"],
    [() => fft.fft(z!, 5, 1), "fft: axis 1 is out of range for [5]"],
    [
      () => fft.rfft(x!, 5, 0, "none" as "ortho"),
      'rfft: the norm must be "backward", "ortho" or "forward", got "none"',
    ],
    [() => fft.irfft(zeros([1, 2])), "irfft: the length must be a whole number above 0, got 0"],
    [() => fft.fftn(z!, [2, 2], [0]), "fftn: 1 axes want as many sizes, got [2, 2]"],
    [() => fft.stft(x!, 12), "stft: a signal of 5 is too short for frames of 12"],
    [() => fft.stft(x!, 4, { hopLength: 0 }), "stft: frames and hops must be whole numbers above 0, got 4 and 0"],
    [() => fft.stft(x!, 4, { window: zeros([5]) }), "stft: the window must be [4] or shorter, got [5]"],
    [() => fft.istft(zeros([2, 3, 2]), 4), "istft: frames of 4 have 3 frequencies, got [2, 3, 2]"],
    [() => fft.hannWindow(0), "hannWindow: the length must be a whole number above 0, got 0"],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
