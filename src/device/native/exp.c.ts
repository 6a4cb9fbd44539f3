/**
 * exp for AVX-512, which has a table of 16 lanes in a register and a multiplication by powers of 2 that overflows and
 * underflows as it should: half the operations of the formula that every processor can do (see ir/mathematics32.ts).
 */

/** 2 to the power of 0, 1/16 … 15/16. */
const POWERS = Array.from({ length: 16 }, (_, j) => 2 ** (j / 16));

/**
 * x = n · ln 2 + r where n is a multiple of 1/16, which stands in the low bits of t; eˣ = 2ⁿ · eʳ, and the fraction of n
 * looks its power up. At most about 1 unit in the last place. Where x is so large that n is no longer near, r is kept
 * small: then n alone makes the result 0 or infinite, and NaN stays NaN.
 */
export const EXP_SOURCE: string = `
#ifdef __clang__
#define LOOK_UP(table, at) __builtin_ia32_permvarsf512(table, at)
#else
#define LOOK_UP(table, at) __builtin_shuffle(table, at)
#endif
static inline __attribute__((always_inline)) f32v exp_f32v(f32v x) {
  const f32v powers = {${POWERS.map((p) => `${p.toPrecision(9)}f`).join(", ")}};
  const f32v magic = splat_f32v(786432.0f); /* 1.5 · 2^19: its last bit is 1/16 */
  const f32v t = fma_f32v(x, splat_f32v(1.4426950408889634f), magic), n = t - magic;
  const f32v near = fma_f32v(n, splat_f32v(-1.428606765330187e-6f), fma_f32v(n, splat_f32v(-0.693145751953125f), x));
  const f32v r = __builtin_ia32_rangeps512_mask(near, splat_f32v(0.03f), 2, near, 0xffff, 4);
  const f32v rest = fma_f32v(r * r, fma_f32v(r, splat_f32v(0.16666667f), splat_f32v(0.5f)), r);
  const f32v power = LOOK_UP(powers, (i32v)t);
  return __builtin_ia32_scalefps512_mask(fma_f32v(power, rest, power), n, n, (uint16_t)0xffff, 4);
}
static inline f32 exp_f32(f32 x) { return exp_f32v(splat_f32v(x))[0]; }
`;
