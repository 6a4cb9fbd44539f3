// dot
// pass 1 of 2, 7 workgroups
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
  s12: i32,
  s13: i32,
  s14: i32,
  s15: i32,
  s16: i32,
  s17: i32,
  s18: i32,
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
  let s12 = launch.s12;
  let s13 = launch.s13;
  let s14 = launch.s14;
  let s15 = launch.s15;
  let s16 = launch.s16;
  let s17 = launch.s17;
  let s18 = launch.s18;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s6) { return; }
  let i_1 = i32(thread);
  var b3_0: f32;
  var b3_1: f32;
  var b3_2: f32;
  var b3_3: f32;
  var b3_4: f32;
  var b3_5: f32;
  var b3_6: f32;
  var b3_7: f32;
  var b3_8: f32;
  var b3_9: f32;
  var b3_10: f32;
  var b3_11: f32;
  var b3_12: f32;
  var b3_13: f32;
  var b3_14: f32;
  var b3_15: f32;
  var b4_0: f32;
  var b4_1: f32;
  var b4_2: f32;
  var b4_3: f32;
  var b4_4: f32;
  var b4_5: f32;
  var b4_6: f32;
  var b4_7: f32;
  var b4_8: f32;
  var b4_9: f32;
  var b4_10: f32;
  var b4_11: f32;
  var b4_12: f32;
  var b4_13: f32;
  var b4_14: f32;
  var b4_15: f32;
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
  let r_2 = i32(u32(i_0) / u32(s7));
  let r_3 = i32(u32(i_0) % u32(s7));
  let r_4 = (r_3 * 4 + i_1);
  let r_5 = min(r_4, (s8 + (-1)));
  let r_6 = i32(u32(r_5) / u32(s9));
  let r_7 = (i32(u32(r_6) % u32(s10)) * 4);
  let r_8 = (i32(u32(r_5) % u32(s9)) * 4);
  let r_9 = i32(u32(r_6) / u32(s10));
  let t_11 = (s11 + (-1));
  let r_10 = min(r_7, t_11);
  let r_12 = (r_10 * s3);
  let t_14 = (r_7 + 1);
  let r_13 = min(t_14, t_11);
  let r_15 = (r_13 * s3);
  let t_17 = (r_7 + 2);
  let r_16 = min(t_17, t_11);
  let r_18 = (r_16 * s3);
  let t_20 = (r_7 + 3);
  let r_19 = min(t_20, t_11);
  let r_21 = (r_19 * s3);
  let r_22 = min(r_8, (s12 + (-4)));
  let r_23 = (r_2 * s13);
  b3_0 = 0.0f;
  b3_1 = 0.0f;
  b3_2 = 0.0f;
  b3_3 = 0.0f;
  b3_4 = 0.0f;
  b3_5 = 0.0f;
  b3_6 = 0.0f;
  b3_7 = 0.0f;
  b3_8 = 0.0f;
  b3_9 = 0.0f;
  b3_10 = 0.0f;
  b3_11 = 0.0f;
  b3_12 = 0.0f;
  b3_13 = 0.0f;
  b3_14 = 0.0f;
  b3_15 = 0.0f;
  for (var i_24 = 0; i_24 < s15; i_24++) {
    let r_25 = (r_23 + i_24 * 4);
    let r_26 = min(r_25, (s14 + (-4)));
    let r_27 = (r_25 < s14);
    let v_28 = b0[(r_26 + r_12) >> 2u];
    b4_0 = select(0.0f, v_28.x, r_27);
    b4_1 = select(0.0f, v_28.y, r_27);
    b4_2 = select(0.0f, v_28.z, r_27);
    b4_3 = select(0.0f, v_28.w, r_27);
    let v_29 = b0[(r_26 + r_15) >> 2u];
    b4_4 = select(0.0f, v_29.x, r_27);
    b4_5 = select(0.0f, v_29.y, r_27);
    b4_6 = select(0.0f, v_29.z, r_27);
    b4_7 = select(0.0f, v_29.w, r_27);
    let v_30 = b0[(r_26 + r_18) >> 2u];
    b4_8 = select(0.0f, v_30.x, r_27);
    b4_9 = select(0.0f, v_30.y, r_27);
    b4_10 = select(0.0f, v_30.z, r_27);
    b4_11 = select(0.0f, v_30.w, r_27);
    let v_31 = b0[(r_26 + r_21) >> 2u];
    b4_12 = select(0.0f, v_31.x, r_27);
    b4_13 = select(0.0f, v_31.y, r_27);
    b4_14 = select(0.0f, v_31.z, r_27);
    b4_15 = select(0.0f, v_31.w, r_27);
    let v_32 = b1[(r_26 * s4 + r_22) >> 2u];
    b5_0 = select(0.0f, v_32.x, r_27);
    b5_1 = select(0.0f, v_32.y, r_27);
    b5_2 = select(0.0f, v_32.z, r_27);
    b5_3 = select(0.0f, v_32.w, r_27);
    let v_33 = b1[(r_26 * s4 + s4 + r_22) >> 2u];
    b5_4 = select(0.0f, v_33.x, r_27);
    b5_5 = select(0.0f, v_33.y, r_27);
    b5_6 = select(0.0f, v_33.z, r_27);
    b5_7 = select(0.0f, v_33.w, r_27);
    let v_34 = b1[(r_26 * s4 + s4 * 2 + r_22) >> 2u];
    b5_8 = select(0.0f, v_34.x, r_27);
    b5_9 = select(0.0f, v_34.y, r_27);
    b5_10 = select(0.0f, v_34.z, r_27);
    b5_11 = select(0.0f, v_34.w, r_27);
    let v_35 = b1[(r_26 * s4 + s4 * 3 + r_22) >> 2u];
    b5_12 = select(0.0f, v_35.x, r_27);
    b5_13 = select(0.0f, v_35.y, r_27);
    b5_14 = select(0.0f, v_35.z, r_27);
    b5_15 = select(0.0f, v_35.w, r_27);
    b3_0 = (b3_0 + (b4_0 * b5_0));
    b3_1 = (b3_1 + (b4_0 * b5_1));
    b3_2 = (b3_2 + (b4_0 * b5_2));
    b3_3 = (b3_3 + (b4_0 * b5_3));
    b3_4 = (b3_4 + (b4_4 * b5_0));
    b3_5 = (b3_5 + (b4_4 * b5_1));
    b3_6 = (b3_6 + (b4_4 * b5_2));
    b3_7 = (b3_7 + (b4_4 * b5_3));
    b3_8 = (b3_8 + (b4_8 * b5_0));
    b3_9 = (b3_9 + (b4_8 * b5_1));
    b3_10 = (b3_10 + (b4_8 * b5_2));
    b3_11 = (b3_11 + (b4_8 * b5_3));
    b3_12 = (b3_12 + (b4_12 * b5_0));
    b3_13 = (b3_13 + (b4_12 * b5_1));
    b3_14 = (b3_14 + (b4_12 * b5_2));
    b3_15 = (b3_15 + (b4_12 * b5_3));
    b3_0 = (b3_0 + (b4_1 * b5_4));
    b3_1 = (b3_1 + (b4_1 * b5_5));
    b3_2 = (b3_2 + (b4_1 * b5_6));
    b3_3 = (b3_3 + (b4_1 * b5_7));
    b3_4 = (b3_4 + (b4_5 * b5_4));
    b3_5 = (b3_5 + (b4_5 * b5_5));
    b3_6 = (b3_6 + (b4_5 * b5_6));
    b3_7 = (b3_7 + (b4_5 * b5_7));
    b3_8 = (b3_8 + (b4_9 * b5_4));
    b3_9 = (b3_9 + (b4_9 * b5_5));
    b3_10 = (b3_10 + (b4_9 * b5_6));
    b3_11 = (b3_11 + (b4_9 * b5_7));
    b3_12 = (b3_12 + (b4_13 * b5_4));
    b3_13 = (b3_13 + (b4_13 * b5_5));
    b3_14 = (b3_14 + (b4_13 * b5_6));
    b3_15 = (b3_15 + (b4_13 * b5_7));
    b3_0 = (b3_0 + (b4_2 * b5_8));
    b3_1 = (b3_1 + (b4_2 * b5_9));
    b3_2 = (b3_2 + (b4_2 * b5_10));
    b3_3 = (b3_3 + (b4_2 * b5_11));
    b3_4 = (b3_4 + (b4_6 * b5_8));
    b3_5 = (b3_5 + (b4_6 * b5_9));
    b3_6 = (b3_6 + (b4_6 * b5_10));
    b3_7 = (b3_7 + (b4_6 * b5_11));
    b3_8 = (b3_8 + (b4_10 * b5_8));
    b3_9 = (b3_9 + (b4_10 * b5_9));
    b3_10 = (b3_10 + (b4_10 * b5_10));
    b3_11 = (b3_11 + (b4_10 * b5_11));
    b3_12 = (b3_12 + (b4_14 * b5_8));
    b3_13 = (b3_13 + (b4_14 * b5_9));
    b3_14 = (b3_14 + (b4_14 * b5_10));
    b3_15 = (b3_15 + (b4_14 * b5_11));
    b3_0 = (b3_0 + (b4_3 * b5_12));
    b3_1 = (b3_1 + (b4_3 * b5_13));
    b3_2 = (b3_2 + (b4_3 * b5_14));
    b3_3 = (b3_3 + (b4_3 * b5_15));
    b3_4 = (b3_4 + (b4_7 * b5_12));
    b3_5 = (b3_5 + (b4_7 * b5_13));
    b3_6 = (b3_6 + (b4_7 * b5_14));
    b3_7 = (b3_7 + (b4_7 * b5_15));
    b3_8 = (b3_8 + (b4_11 * b5_12));
    b3_9 = (b3_9 + (b4_11 * b5_13));
    b3_10 = (b3_10 + (b4_11 * b5_14));
    b3_11 = (b3_11 + (b4_11 * b5_15));
    b3_12 = (b3_12 + (b4_15 * b5_12));
    b3_13 = (b3_13 + (b4_15 * b5_13));
    b3_14 = (b3_14 + (b4_15 * b5_14));
    b3_15 = (b3_15 + (b4_15 * b5_15));
  }
  if ((r_4 < s8)) {
    if ((r_7 < s11)) {
      let t_36 = (r_8 < s12);
      if (t_36) {
        b2[(r_2 * s16 + r_9 * s17 + r_7 * s18 + r_8) >> 2u] = vec4<f32>(b3_0, b3_1, b3_2, b3_3);
      }
    }
    let r_37 = t_14;
    if ((r_37 < s11)) {
      let t_38 = (r_8 < s12);
      if (t_38) {
        b2[(r_2 * s16 + r_9 * s17 + r_37 * s18 + r_8) >> 2u] = vec4<f32>(b3_4, b3_5, b3_6, b3_7);
      }
    }
    let r_39 = t_17;
    if ((r_39 < s11)) {
      let t_40 = (r_8 < s12);
      if (t_40) {
        b2[(r_2 * s16 + r_9 * s17 + r_39 * s18 + r_8) >> 2u] = vec4<f32>(b3_8, b3_9, b3_10, b3_11);
      }
    }
    let r_41 = t_20;
    if ((r_41 < s11)) {
      let t_42 = (r_8 < s12);
      if (t_42) {
        b2[(r_2 * s16 + r_9 * s17 + r_41 * s18 + r_8) >> 2u] = vec4<f32>(b3_12, b3_13, b3_14, b3_15);
      }
    }
  }
}

// pass 2 of 2, 1 workgroup
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
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(64)
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
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s9) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s6)) {
    var a_3 = 0.0f;
    for (var i_4 = 0; i_4 < s10; i_4++) {
      a_3 = (a_3 + b1[(i_4 * s6 + r_2)]);
    }
    let r_5 = i32(u32(r_2) / u32(s7));
    let r_6 = i32(u32(r_5) / u32(s8));
    let r_7 = i32(u32(r_5) % u32(s8));
    let r_8 = i32(u32(r_2) % u32(s7));
    let r_9 = a_3;
    b0[(r_7 * s5 + r_8)] = r_9;
  }
}
