/** The functions that wgsl.ts spells; a shader has those that it needs. */

export type Helper = keyof typeof SOURCES;

const SOURCES = {
  /** The float of these bits: no literal can be NaN or infinite. */
  float: `fn float(bits: u32) -> f32 { return bitcast<f32>(bits); }`,
  /** The same number; compilers do not know how it was computed, nor what was rounded then. */
  rounded: `fn rounded(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | launch.zero); }`,
  is_nan: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  is_nonzero: `fn is_nonzero(x: f32) -> bool { return (bitcast<u32>(x) << 1u) != 0u; }`,
  /** NaN passes; of two equal values the first is kept. */
  max_f32: `fn max_f32(x: f32, y: f32) -> f32 { return select(x, y, (x < y) | is_nan(y)); }`,
  min_f32: `fn min_f32(x: f32, y: f32) -> f32 { return select(x, y, (y < x) | is_nan(y)); }`,
  /** Towards zero, within the range; NaN gives 0. */
  saturate_i32: `fn saturate_i32(x: f32) -> i32 {
  return select(select(i32(x), 2147483647, x >= 2147483648.0f), 0, is_nan(x));
}`,
  saturate_u32: `fn saturate_u32(x: f32) -> u32 {
  return select(select(u32(max(x, 0.0f)), 4294967295u, x >= 4294967296.0f), 0u, is_nan(x));
}`,
  /** Towards minus infinity; a division by zero gives 0. */
  divide_i32: `fn divide_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x / y - select(0, 1, (x % y != 0) & ((x < 0) != (y < 0)));
}`,
  divide_u32: `fn divide_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x / y;
}`,
  mod_i32: `fn mod_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x - divide_i32(x, y) * y;
}`,
  mod_u32: `fn mod_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x % y;
}`,
} as const;

const NEEDS: Readonly<Partial<Record<Helper, Helper>>> = {
  max_f32: "is_nan",
  min_f32: "is_nan",
  saturate_i32: "is_nan",
  saturate_u32: "is_nan",
  mod_i32: "divide_i32",
};

/** These functions and those that they call; without a set, all. */
export function helperSources(helpers?: ReadonlySet<Helper>): string[] {
  const names = Object.keys(SOURCES) as Helper[];
  const wanted = new Set([...(helpers ?? names)].flatMap((name) => [name, ...(NEEDS[name] ? [NEEDS[name]] : [])]));
  return names.filter((name) => wanted.has(name)).map((name) => SOURCES[name]);
}
