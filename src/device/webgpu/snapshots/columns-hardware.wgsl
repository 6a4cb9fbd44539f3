// sum
// 3 workgroups
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> b2: array<f32, 256>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let t_3 = i32(u32(i_1) % 32u);
  let r_2 = (i_0 * 32 + t_3);
  let r_4 = (r_2 < s1);
  let r_5 = select(0, s2, r_4);
  let t_7 = i32(u32(i_1) / 32u);
  let r_6 = i32(u32((r_5 + t_7 * (-1) + 7)) / 8u);
  var a_8 = 0.0f;
  for (var i_9 = 0; i_9 < r_6; i_9++) {
    let r_10 = (t_7 + i_9 * 8);
    a_8 = (a_8 + b0[(r_2 + r_10 * s3)]);
  }
  b2[i_1] = a_8;
  workgroupBarrier();
  let r_11 = b2[t_3];
  let r_12 = b2[(t_3 + 32)];
  let r_13 = b2[(t_3 + 64)];
  let r_14 = b2[(t_3 + 96)];
  let r_15 = b2[(t_3 + 128)];
  let r_16 = b2[(t_3 + 160)];
  let r_17 = b2[(t_3 + 192)];
  let r_18 = b2[(t_3 + 224)];
  let r_19 = (((r_11 + r_12) + (r_13 + r_14)) + ((r_15 + r_16) + (r_17 + r_18)));
  if ((r_4 & (t_7 == 0))) {
    b1[r_2] = r_19;
  }
}
