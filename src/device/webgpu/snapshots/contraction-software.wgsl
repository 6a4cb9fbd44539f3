// dot
// 23 workgroups
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

@compute @workgroup_size(8)
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
  if (i_0 >= s10) { return; }
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
  let r_2 = (i_0 * 8 + i_1);
  let r_3 = min(r_2, (s12 + (-1)));
  let r_4 = i32(u32(r_3) / u32(s13));
  let r_5 = (i32(u32(r_4) % u32(s14)) * 4);
  let r_6 = (i32(u32(r_3) % u32(s13)) * 4);
  let r_7 = i32(u32(r_4) / u32(s14));
  let t_9 = (s15 + (-1));
  let r_8 = min(r_5, t_9);
  let r_10 = (r_7 * s4 + r_8 * s5);
  let t_12 = (r_5 + 1);
  let r_11 = min(t_12, t_9);
  let r_13 = (r_7 * s4 + r_11 * s5);
  let t_15 = (r_5 + 2);
  let r_14 = min(t_15, t_9);
  let r_16 = (r_7 * s4 + r_14 * s5);
  let t_18 = (r_5 + 3);
  let r_17 = min(t_18, t_9);
  let r_19 = (r_7 * s4 + r_17 * s5);
  let r_20 = min(r_6, (s16 + (-4)));
  let r_21 = (r_7 * s6 + r_20);
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
  for (var i_22 = 0; i_22 < s18; i_22++) {
    let r_23 = (i_22 * 4);
    let v_24 = b0[(r_23 + r_10) >> 2u];
    b4_0 = v_24.x;
    b4_1 = v_24.y;
    b4_2 = v_24.z;
    b4_3 = v_24.w;
    let v_25 = b0[(r_23 + r_13) >> 2u];
    b4_4 = v_25.x;
    b4_5 = v_25.y;
    b4_6 = v_25.z;
    b4_7 = v_25.w;
    let v_26 = b0[(r_23 + r_16) >> 2u];
    b4_8 = v_26.x;
    b4_9 = v_26.y;
    b4_10 = v_26.z;
    b4_11 = v_26.w;
    let v_27 = b0[(r_23 + r_19) >> 2u];
    b4_12 = v_27.x;
    b4_13 = v_27.y;
    b4_14 = v_27.z;
    b4_15 = v_27.w;
    let v_28 = b1[(r_23 * s7 + r_21) >> 2u];
    b5_0 = v_28.x;
    b5_1 = v_28.y;
    b5_2 = v_28.z;
    b5_3 = v_28.w;
    let v_29 = b1[(r_23 * s7 + s7 + r_21) >> 2u];
    b5_4 = v_29.x;
    b5_5 = v_29.y;
    b5_6 = v_29.z;
    b5_7 = v_29.w;
    let v_30 = b1[(r_23 * s7 + s7 * 2 + r_21) >> 2u];
    b5_8 = v_30.x;
    b5_9 = v_30.y;
    b5_10 = v_30.z;
    b5_11 = v_30.w;
    let v_31 = b1[(r_23 * s7 + s7 * 3 + r_21) >> 2u];
    b5_12 = v_31.x;
    b5_13 = v_31.y;
    b5_14 = v_31.z;
    b5_15 = v_31.w;
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
  if ((r_2 < s12)) {
    if ((r_5 < s15)) {
      let t_32 = (r_6 < s16);
      if (t_32) {
        let r_33 = b3_0;
        let r_34 = b3_1;
        let r_35 = b3_2;
        let r_36 = b3_3;
        b2[(r_7 * s8 + r_5 * s9 + r_6) >> 2u] = vec4<f32>(r_33, r_34, r_35, r_36);
      }
    }
    let r_37 = t_12;
    if ((r_37 < s15)) {
      let t_38 = (r_6 < s16);
      if (t_38) {
        let r_39 = b3_4;
        let r_40 = b3_5;
        let r_41 = b3_6;
        let r_42 = b3_7;
        b2[(r_7 * s8 + r_37 * s9 + r_6) >> 2u] = vec4<f32>(r_39, r_40, r_41, r_42);
      }
    }
    let r_43 = t_15;
    if ((r_43 < s15)) {
      let t_44 = (r_6 < s16);
      if (t_44) {
        let r_45 = b3_8;
        let r_46 = b3_9;
        let r_47 = b3_10;
        let r_48 = b3_11;
        b2[(r_7 * s8 + r_43 * s9 + r_6) >> 2u] = vec4<f32>(r_45, r_46, r_47, r_48);
      }
    }
    let r_49 = t_18;
    if ((r_49 < s15)) {
      let t_50 = (r_6 < s16);
      if (t_50) {
        let r_51 = b3_12;
        let r_52 = b3_13;
        let r_53 = b3_14;
        let r_54 = b3_15;
        b2[(r_7 * s8 + r_49 * s9 + r_6) >> 2u] = vec4<f32>(r_51, r_52, r_53, r_54);
      }
    }
  }
}
