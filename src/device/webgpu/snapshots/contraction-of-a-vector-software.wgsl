// dot
// 6 workgroups
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
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(4)
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
  var b3_0: f32;
  var b3_1: f32;
  var b3_2: f32;
  var b3_3: f32;
  var b4_0: f32;
  var b4_1: f32;
  var b4_2: f32;
  var b4_3: f32;
  var b5_0: f32;
  var b5_1: f32;
  var b5_2: f32;
  var b5_3: f32;
  var b5_4: f32;
  var b5_5: f32;
  var b5_6: f32;
  var b5_7: f32;
  var b5_8: f32;
  var b5_9: f32;
  var b5_10: f32;
  var b5_11: f32;
  var b5_12: f32;
  var b5_13: f32;
  var b5_14: f32;
  var b5_15: f32;
  let r_2 = (i_0 * 4 + i_1);
  let r_3 = min(r_2, (s5 + (-1)));
  let r_4 = i32(u32(r_3) / u32(s6));
  let r_5 = i32(u32(r_4) % u32(s7));
  let r_6 = (i32(u32(r_3) % u32(s6)) * 4);
  let r_7 = i32(u32(r_4) / u32(s7));
  let r_8 = min(r_5, (s8 + (-1)));
  let r_9 = min(r_6, (s9 + (-4)));
  b3_0 = 0.0f;
  b3_1 = 0.0f;
  b3_2 = 0.0f;
  b3_3 = 0.0f;
  for (var i_10 = 0; i_10 < s11; i_10++) {
    let r_11 = (i_10 * 4);
    let r_12 = min(r_11, (s10 + (-4)));
    let r_13 = (r_11 < s10);
    let v_14 = b0[r_12 >> 2u];
    b4_0 = select(0.0f, v_14.x, r_13);
    b4_1 = select(0.0f, v_14.y, r_13);
    b4_2 = select(0.0f, v_14.z, r_13);
    b4_3 = select(0.0f, v_14.w, r_13);
    let v_15 = b1[(r_12 * s2 + r_9) >> 2u];
    b5_0 = select(0.0f, v_15.x, r_13);
    b5_1 = select(0.0f, v_15.y, r_13);
    b5_2 = select(0.0f, v_15.z, r_13);
    b5_3 = select(0.0f, v_15.w, r_13);
    let v_16 = b1[(r_12 * s2 + s2 + r_9) >> 2u];
    b5_4 = select(0.0f, v_16.x, r_13);
    b5_5 = select(0.0f, v_16.y, r_13);
    b5_6 = select(0.0f, v_16.z, r_13);
    b5_7 = select(0.0f, v_16.w, r_13);
    let v_17 = b1[(r_12 * s2 + s2 * 2 + r_9) >> 2u];
    b5_8 = select(0.0f, v_17.x, r_13);
    b5_9 = select(0.0f, v_17.y, r_13);
    b5_10 = select(0.0f, v_17.z, r_13);
    b5_11 = select(0.0f, v_17.w, r_13);
    let v_18 = b1[(r_12 * s2 + s2 * 3 + r_9) >> 2u];
    b5_12 = select(0.0f, v_18.x, r_13);
    b5_13 = select(0.0f, v_18.y, r_13);
    b5_14 = select(0.0f, v_18.z, r_13);
    b5_15 = select(0.0f, v_18.w, r_13);
    b3_0 = (b3_0 + (b4_0 * b5_0));
    b3_1 = (b3_1 + (b4_0 * b5_1));
    b3_2 = (b3_2 + (b4_0 * b5_2));
    b3_3 = (b3_3 + (b4_0 * b5_3));
    b3_0 = (b3_0 + (b4_1 * b5_4));
    b3_1 = (b3_1 + (b4_1 * b5_5));
    b3_2 = (b3_2 + (b4_1 * b5_6));
    b3_3 = (b3_3 + (b4_1 * b5_7));
    b3_0 = (b3_0 + (b4_2 * b5_8));
    b3_1 = (b3_1 + (b4_2 * b5_9));
    b3_2 = (b3_2 + (b4_2 * b5_10));
    b3_3 = (b3_3 + (b4_2 * b5_11));
    b3_0 = (b3_0 + (b4_3 * b5_12));
    b3_1 = (b3_1 + (b4_3 * b5_13));
    b3_2 = (b3_2 + (b4_3 * b5_14));
    b3_3 = (b3_3 + (b4_3 * b5_15));
  }
  if ((r_2 < s5)) {
    if ((r_6 < s9)) {
      let r_19 = b3_0;
      let r_20 = b3_1;
      let r_21 = b3_2;
      let r_22 = b3_3;
      b2[r_6 >> 2u] = vec4<f32>(r_19, r_20, r_21, r_22);
    }
  }
}
