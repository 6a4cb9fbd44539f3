fn float(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn rounded(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | launch.zero); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_nonzero(x: f32) -> bool { return (bitcast<u32>(x) << 1u) != 0u; }
fn max_f32(x: f32, y: f32) -> f32 { return select(x, y, (x < y) | is_nan(y)); }
fn min_f32(x: f32, y: f32) -> f32 { return select(x, y, (y < x) | is_nan(y)); }
fn saturate_i32(x: f32) -> i32 {
  return select(select(i32(x), 2147483647, x >= 2147483648.0f), 0, is_nan(x));
}
fn saturate_u32(x: f32) -> u32 {
  return select(select(u32(max(x, 0.0f)), 4294967295u, x >= 4294967296.0f), 0u, is_nan(x));
}
fn divide_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x / y - select(0, 1, (x % y != 0) & ((x < 0) != (y < 0)));
}
fn divide_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x / y;
}
fn mod_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x - divide_i32(x, y) * y;
}
fn mod_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) { return 0u; }
  return x % y;
}
