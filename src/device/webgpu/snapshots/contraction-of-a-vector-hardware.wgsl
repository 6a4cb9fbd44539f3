// dot
// 3 workgroups
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  s6: i32,
  s7: i32,
  s8: i32,
  s9: i32,
  s10: i32,
  s11: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
var<workgroup> b3: array<f32, 256>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let s4 = launch.s4;
  let s5 = launch.s5;
  let s6 = launch.s6;
  let s7 = launch.s7;
  let s8 = launch.s8;
  let s9 = launch.s9;
  let s10 = launch.s10;
  let s11 = launch.s11;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s3) { return; }
  let i_1 = i32(thread);
  var b4_0: f32;
  var b5_0: f32;
  var b5_1: f32;
  var b5_2: f32;
  var b5_3: f32;
  var b6_0: f32;
  var b6_1: f32;
  var b6_2: f32;
  var b6_3: f32;
  let r_2 = i32(u32(i_1) % 32u);
  let r_3 = i32(u32(i_1) / 32u);
  let r_4 = (i_0 * 32 + r_2);
  let r_5 = min(r_4, (s5 + (-1)));
  let r_6 = i32(u32(r_5) / u32(s6));
  let r_7 = i32(u32(r_6) % u32(s7));
  let r_8 = i32(u32(r_5) % u32(s6));
  let r_9 = i32(u32(r_6) / u32(s7));
  let r_10 = min(r_7, (s8 + (-1)));
  let r_11 = min(r_8, (s9 + (-1)));
  let r_12 = (r_2 + r_3 * 32);
  b4_0 = 0.0f;
  for (var i_13 = 0; i_13 < s11; i_13++) {
    let r_14 = (i_13 * 32 + r_3 * 4);
    let r_15 = min(r_14, (s10 + (-4)));
    let r_16 = (r_14 < s10);
    let v_17 = b0[r_15 >> 2u];
    b5_0 = select(0.0f, v_17.x, r_16);
    b5_1 = select(0.0f, v_17.y, r_16);
    b5_2 = select(0.0f, v_17.z, r_16);
    b5_3 = select(0.0f, v_17.w, r_16);
    b6_0 = select(0.0f, b1[(r_15 * s2 + r_11)], r_16);
    b6_1 = select(0.0f, b1[(r_15 * s2 + s2 + r_11)], r_16);
    b6_2 = select(0.0f, b1[(r_15 * s2 + s2 * 2 + r_11)], r_16);
    b6_3 = select(0.0f, b1[(r_15 * s2 + s2 * 3 + r_11)], r_16);
    b4_0 = (b4_0 + (b5_0 * b6_0));
    b4_0 = (b4_0 + (b5_1 * b6_1));
    b4_0 = (b4_0 + (b5_2 * b6_2));
    b4_0 = (b4_0 + (b5_3 * b6_3));
  }
  b3[r_12] = b4_0;
  workgroupBarrier();
  if ((r_3 < 4)) {
    let t_18 = b3[r_12];
    b3[r_12] = (t_18 + b3[(r_12 + 128)]);
  }
  workgroupBarrier();
  if ((r_3 < 2)) {
    let t_19 = b3[r_12];
    b3[r_12] = (t_19 + b3[(r_12 + 64)]);
  }
  workgroupBarrier();
  let t_20 = (r_3 < 1);
  if (t_20) {
    let t_21 = b3[r_12];
    b3[r_12] = (t_21 + b3[(r_12 + 32)]);
  }
  if ((t_20 & (r_4 < s5))) {
    let t_23 = b3[r_12];
    let r_22 = t_23;
    b2[r_8] = r_22;
  }
}
