struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<u32>;
@group(0) @binding(1) var<storage, read_write> b1: array<u32>;
@group(0) @binding(2) var<storage, read_write> b2: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> launch: Launch;

fn load_b0(i: i32) -> u32 {
  let at = u32(i);
  let shift = (at & 3u) * 8u;
  return (b0[at >> 2u] >> shift) & 255u;
}
fn load_b1(i: i32) -> u32 {
  let at = u32(i);
  let shift = (at & 3u) * 8u;
  return (b1[at >> 2u] >> shift) & 255u;
}
fn store_b2(i: i32, x: u32) {
  let at = u32(i);
  let shift = (at & 3u) * 8u;
  atomicAnd(&b2[at >> 2u], ~(255u << shift));
  atomicOr(&b2[at >> 2u], x << shift);
}
fn store_b3(i: i32, x: u32) {
  let at = u32(i);
  let shift = (at & 3u) * 8u;
  atomicAnd(&b3[at >> 2u], ~(255u << shift));
  atomicOr(&b3[at >> 2u], x << shift);
}
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  let t_2 = (i_0 * 32 + i_1);
  if ((t_2 < 70)) {
    let t_3 = load_b0(t_2);
    let t_4 = ((t_3 + 200u) & 255u);
    store_b2(t_2, select(t_3, t_4, (load_b1(t_2) != 0u)));
    store_b3(t_2, u32((t_4 < t_3)));
  }
}
