enable subgroups;

struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  let t_3 = (i_0 * 32 + i_1);
  let t_4 = b0[t_3];
  let r_2 = subgroupShuffleXor(t_4, 1u);
  let r_5 = (t_4 + r_2);
  let r_6 = subgroupShuffleXor(r_5, 2u);
  b1[t_3] = (r_5 + r_6);
}
