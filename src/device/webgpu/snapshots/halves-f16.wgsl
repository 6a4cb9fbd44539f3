enable f16;

struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f16>;
@group(0) @binding(1) var<storage, read_write> b1: array<u32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f16>;
@group(0) @binding(3) var<storage, read_write> b3: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> launch: Launch;

fn load_b1(i: i32) -> u32 {
  let at = u32(i);
  let shift = (at & 1u) * 16u;
  return (b1[at >> 1u] >> shift) & 65535u;
}
fn store_b3(i: i32, x: u32) {
  let at = u32(i);
  let shift = (at & 1u) * 16u;
  atomicAnd(&b3[at >> 1u], ~(65535u << shift));
  atomicOr(&b3[at >> 1u], x << shift);
}
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  let t_2 = (i_0 * 32 + i_1);
  if ((t_2 < 50)) {
    let t_3 = (f32(b0[t_2]) + bitcast<f32>((load_b1(t_2) << 16u)));
    b2[t_2] = f16(t_3);
    let t_4 = bitcast<u32>(t_3);
    let t_5 = (t_4 >> 16u);
    store_b3(t_2, select((t_5 | 64u), ((t_4 + ((t_5 & 1u) + 32767u)) >> 16u), ((t_4 & 2147483647u) <= 2139095040u)));
  }
}
