/**
 * The two 16-bit floats as bits: f16 is IEEE binary16 (5 bits of exponent, 10 of fraction: 6e-8 to 65504), bf16 the upper half
 * of an f32 (8 and 7: the range of f32 with 2 to 3 decimal digits). Numbers round to the nearest, ties to even. The same on
 * devices is `ir/half.ts`.
 */
export type HalfType = "f16" | "bf16";

const word = /* @__PURE__ */ new Uint32Array(1);
const single = /* @__PURE__ */ new Float32Array(word.buffer);

/** The bits of the nearest number of the dtype; beyond its range, infinity. */
export function toHalfBits(value: number, dtype: HalfType): number {
  single[0] = value;
  const bits = word[0]!;
  const magnitude = bits & 0x7fffffff;
  if (dtype === "bf16")
    return magnitude > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  const sign = (bits >>> 16) & 0x8000;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // One unit of numbers from 0.5 to 1 is the unit of subnormal halves: the sum rounds as they do.
  word[0] = magnitude;
  single[0] = single[0]! + 0.5;
  return sign | (word[0]! - 0x3f000000);
}

/** The number that bits stand for, exactly. */
export function fromHalfBits(bits: number, dtype: HalfType): number {
  if (dtype === "bf16") {
    word[0] = bits << 16;
    return single[0]!;
  }
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
