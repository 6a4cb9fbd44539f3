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
  let shift = (at & 1u) * 16u;
  return (b0[at >> 1u] >> shift) & 65535u;
}
fn load_b1(i: i32) -> u32 {
  let at = u32(i);
  let shift = (at & 1u) * 16u;
  return (b1[at >> 1u] >> shift) & 65535u;
}
fn store_b2(i: i32, x: u32) {
  let at = u32(i);
  let shift = (at & 1u) * 16u;
  atomicAnd(&b2[at >> 1u], ~(65535u << shift));
  atomicOr(&b2[at >> 1u], x << shift);
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
    let t_3 = load_b0(t_2);
    let t_4 = (t_3 & 32767u);
    let t_5 = (t_4 << 13u);
    let t_6 = bitcast<u32>((bitcast<f32>((select((t_5 | 2139095040u), select((t_5 + 939524096u), bitcast<u32>((f32(bitcast<i32>(t_4)) * 5.9604645e-8f)), (t_4 < 1024u)), (t_4 < 31744u)) | ((t_3 & 32768u) << 16u))) + bitcast<f32>((load_b1(t_2) << 16u))));
    let t_7 = (t_6 & 2147483647u);
    let t_8 = (t_7 <= 2139095040u);
    let t_9 = (t_6 >> 16u);
    store_b2(t_2, (select(select(32256u, 31744u, t_8), select(((t_7 + (((t_7 >> 13u) & 1u) + 3355447295u)) >> 13u), (bitcast<u32>((bitcast<f32>(t_7) + 0.5f)) - 1056964608u), (t_7 < 947912704u)), (t_7 < 1199566848u)) | (t_9 & 32768u)));
    store_b3(t_2, select((t_9 | 64u), ((t_6 + ((t_9 & 1u) + 32767u)) >> 16u), t_8));
  }
}
