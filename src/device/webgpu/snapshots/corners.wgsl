struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
@group(0) @binding(2) var<storage, read_write> b2: array<i32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<uniform> launch: Launch;

fn float(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn min_f32(x: f32, y: f32) -> f32 { return select(x, y, (y < x) | is_nan(y)); }
fn saturate_i32(x: f32) -> i32 {
  return select(select(i32(x), 2147483647, x >= 2147483648.0f), 0, is_nan(x));
}
fn divide_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x / y - select(0, 1, (x % y != 0) & ((x < 0) != (y < 0)));
}
fn mod_i32(x: i32, y: i32) -> i32 {
  if (y == 0) { return 0; }
  return x - divide_i32(x, y) * y;
}
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  if (true) {
    let t_2 = (i_0 * 32 + i_1);
    let t_3 = b1[t_2];
    let t_4 = b0[t_2];
    let t_5 = saturate_i32(t_4);
    b2[t_2] = ((divide_i32(t_3, t_5) + mod_i32(t_5, t_3)) ^ (((3 | i32(launch.zero)) << (u32((31 | i32(launch.zero))) & 31u)) + (t_5 >> (u32(t_3) & 31u))));
    b3[t_2] = min_f32((round(select(float(0x7fc00000u), t_4, (abs(t_4) < float(0x7f800000u)))) + bitcast<f32>(0x80000000u | launch.zero)), (t_4 / bitcast<f32>(0x00000000u | launch.zero)));
  }
}
