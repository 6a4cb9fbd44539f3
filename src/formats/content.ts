/** How files that end up under a wrong name begin. Text is compared without regard to case, after white space. */
const SIGNATURES: readonly (readonly [start: readonly number[] | string, description: string])[] = [
  ["<!doctype html", "an HTML page, so the download met an error page"],
  ["<html", "an HTML page, so the download met an error page"],
  ["<?xml", "an XML page, so the download met an error page"],
  ["version https://git-lfs", "a Git LFS pointer; fetch the real file with `git lfs pull`"],
  ["{", "JSON text"],
  [[0x1f, 0x8b], "a gzip file; unpack it first"],
  [[0x50, 0x4b, 0x03, 0x04], "a ZIP archive, as PyTorch's .pt, .npz and .keras files are"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file, as Keras's .h5 files are"],
  [[0x89, 0x50, 0x4e, 0x47], "a PNG image"],
  [[0xff, 0xd8, 0xff], "a JPEG image"],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], "a NumPy .npy file"],
  [[0x47, 0x47, 0x55, 0x46], "a GGUF file"],
  [[0x80, 0x02], "a Python pickle, as old PyTorch files are"],
  [[0x80, 0x04], "a Python pickle"],
  [[0x80, 0x05], "a Python pickle"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file; unpack it first"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a Zstandard file; unpack it first"],
];

/**
 * What a file that is not what it should be looks like, as the end of an error's sentence: `"; it looks like a ZIP
 * archive, …"`, or `""` when nothing is recognised.
 */
export function looksLike(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 64))
    .trimStart()
    .toLowerCase();
  for (const [start, description] of SIGNATURES) {
    const found = typeof start === "string" ? text.startsWith(start) : start.every((byte, at) => bytes[at] === byte);
    if (found) return `; it looks like ${description}`;
  }
  return "";
}
