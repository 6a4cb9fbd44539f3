/** Fourier transforms; complex numbers are pairs in a last axis of size 2 (see `complex`). */
export { fft, fft2, fftn, ifft, ifft2, ifftn, irfft, irfft2, irfftn, rfft, rfft2, rfftn, type Norm } from "./fft.ts";
export { fftfreq, fftshift, ifftshift, rfftfreq } from "./frequencies.ts";
export { istft, stft, type IstftOptions, type StftOptions } from "./stft.ts";
export { bartlettWindow, blackmanWindow, hammingWindow, hannWindow, type WindowOptions } from "./windows.ts";
