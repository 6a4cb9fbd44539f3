struct Launch {
  s0: f32,
  s1: i32,
  s2: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s2) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 32 + i_1);
  if ((r_2 < s1)) {
    b1[r_2] = select((b0[r_2] * s0), 0.0f, (b0[r_2] * s0) < 0.0f);
  }
}
