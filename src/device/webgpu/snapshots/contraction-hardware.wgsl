// dot
// 2 workgroups
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
var<workgroup> b3: array<vec4<f32>, 320>;
var<workgroup> b4: array<vec4<f32>, 272>;
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
  var b5_0: f32;
  var b5_1: f32;
  var b5_2: f32;
  var b5_3: f32;
  var b6_0: f32;
  var b6_1: f32;
  var b6_2: f32;
  var b6_3: f32;
  var b7_0: f32;
  var b7_1: f32;
  var b7_2: f32;
  var b7_3: f32;
  var b7_4: f32;
  var b7_5: f32;
  var b7_6: f32;
  var b7_7: f32;
  var b7_8: f32;
  var b7_9: f32;
  var b7_10: f32;
  var b7_11: f32;
  var b7_12: f32;
  var b7_13: f32;
  var b7_14: f32;
  var b7_15: f32;
  var b8_0: f32;
  var b8_1: f32;
  var b8_2: f32;
  var b8_3: f32;
  var b9_0: f32;
  var b9_1: f32;
  var b9_2: f32;
  var b9_3: f32;
  var b9_4: f32;
  var b9_5: f32;
  var b9_6: f32;
  var b9_7: f32;
  var b9_8: f32;
  var b9_9: f32;
  var b9_10: f32;
  var b9_11: f32;
  var b9_12: f32;
  var b9_13: f32;
  var b9_14: f32;
  var b9_15: f32;
  let r_2 = i32(u32(i_0) / u32(s11));
  let r_3 = i32(u32(r_2) / u32(s12));
  let r_4 = (i32(u32(i_0) % u32(s11)) * 64);
  let r_5 = (i32(u32(r_2) % u32(s12)) * 64);
  let t_7 = i32(u32(i_1) % 16u);
  let r_6 = t_7;
  let t_9 = i32(u32(i_1) / 16u);
  let r_8 = t_9;
  let r_10 = i32(u32(i_1) % 4u);
  let r_11 = i32(u32(i_1) / 4u);
  let r_12 = (r_10 * 4);
  let r_13 = (r_11 * 20 + r_12);
  let r_14 = t_7;
  let r_15 = t_9;
  let r_16 = (r_14 * 4);
  let r_17 = (r_15 * 68 + r_16);
  let r_18 = (r_8 * 20);
  let r_19 = (r_6 * 4);
  let r_20 = min((r_5 + r_11), s14);
  let r_21 = (r_3 * s4 + r_20 * s5);
  let r_22 = min((r_4 + r_16), s15);
  let r_23 = (r_3 * s6 + r_22);
  b9_0 = 0.0f;
  b9_1 = 0.0f;
  b9_2 = 0.0f;
  b9_3 = 0.0f;
  b9_4 = 0.0f;
  b9_5 = 0.0f;
  b9_6 = 0.0f;
  b9_7 = 0.0f;
  b9_8 = 0.0f;
  b9_9 = 0.0f;
  b9_10 = 0.0f;
  b9_11 = 0.0f;
  b9_12 = 0.0f;
  b9_13 = 0.0f;
  b9_14 = 0.0f;
  b9_15 = 0.0f;
  for (var i_24 = 0; i_24 < s16; i_24++) {
    let r_25 = (i_24 * 16);
    let r_26 = (r_25 + r_12);
    let v_27 = b0[(r_26 + r_21) >> 2u];
    b5_0 = v_27.x;
    b5_1 = v_27.y;
    b5_2 = v_27.z;
    b5_3 = v_27.w;
    let r_28 = (r_25 + r_15);
    let v_29 = b1[(r_28 * s7 + r_23) >> 2u];
    b6_0 = v_29.x;
    b6_1 = v_29.y;
    b6_2 = v_29.z;
    b6_3 = v_29.w;
    b3[r_13 >> 2u] = vec4<f32>(b5_0, b5_1, b5_2, b5_3);
    b4[r_17 >> 2u] = vec4<f32>(b6_0, b6_1, b6_2, b6_3);
    workgroupBarrier();
    for (var i_30 = 0; i_30 < 4; i_30++) {
      let r_31 = (r_18 + i_30 * 4);
      let v_32 = b3[r_31 >> 2u];
      b7_0 = v_32.x;
      b7_1 = v_32.y;
      b7_2 = v_32.z;
      b7_3 = v_32.w;
      let v_33 = b3[(r_31 + 320) >> 2u];
      b7_4 = v_33.x;
      b7_5 = v_33.y;
      b7_6 = v_33.z;
      b7_7 = v_33.w;
      let v_34 = b3[(r_31 + 640) >> 2u];
      b7_8 = v_34.x;
      b7_9 = v_34.y;
      b7_10 = v_34.z;
      b7_11 = v_34.w;
      let v_35 = b3[(r_31 + 960) >> 2u];
      b7_12 = v_35.x;
      b7_13 = v_35.y;
      b7_14 = v_35.z;
      b7_15 = v_35.w;
      let r_36 = (r_19 + (i_30 * 4) * 68);
      let v_37 = b4[r_36 >> 2u];
      b8_0 = v_37.x;
      b8_1 = v_37.y;
      b8_2 = v_37.z;
      b8_3 = v_37.w;
      b9_0 = (b9_0 + (b7_0 * b8_0));
      b9_1 = (b9_1 + (b7_0 * b8_1));
      b9_2 = (b9_2 + (b7_0 * b8_2));
      b9_3 = (b9_3 + (b7_0 * b8_3));
      b9_4 = (b9_4 + (b7_4 * b8_0));
      b9_5 = (b9_5 + (b7_4 * b8_1));
      b9_6 = (b9_6 + (b7_4 * b8_2));
      b9_7 = (b9_7 + (b7_4 * b8_3));
      b9_8 = (b9_8 + (b7_8 * b8_0));
      b9_9 = (b9_9 + (b7_8 * b8_1));
      b9_10 = (b9_10 + (b7_8 * b8_2));
      b9_11 = (b9_11 + (b7_8 * b8_3));
      b9_12 = (b9_12 + (b7_12 * b8_0));
      b9_13 = (b9_13 + (b7_12 * b8_1));
      b9_14 = (b9_14 + (b7_12 * b8_2));
      b9_15 = (b9_15 + (b7_12 * b8_3));
      let r_38 = (r_19 + (i_30 * 4 + 1) * 68);
      let v_39 = b4[r_38 >> 2u];
      b8_0 = v_39.x;
      b8_1 = v_39.y;
      b8_2 = v_39.z;
      b8_3 = v_39.w;
      b9_0 = (b9_0 + (b7_1 * b8_0));
      b9_1 = (b9_1 + (b7_1 * b8_1));
      b9_2 = (b9_2 + (b7_1 * b8_2));
      b9_3 = (b9_3 + (b7_1 * b8_3));
      b9_4 = (b9_4 + (b7_5 * b8_0));
      b9_5 = (b9_5 + (b7_5 * b8_1));
      b9_6 = (b9_6 + (b7_5 * b8_2));
      b9_7 = (b9_7 + (b7_5 * b8_3));
      b9_8 = (b9_8 + (b7_9 * b8_0));
      b9_9 = (b9_9 + (b7_9 * b8_1));
      b9_10 = (b9_10 + (b7_9 * b8_2));
      b9_11 = (b9_11 + (b7_9 * b8_3));
      b9_12 = (b9_12 + (b7_13 * b8_0));
      b9_13 = (b9_13 + (b7_13 * b8_1));
      b9_14 = (b9_14 + (b7_13 * b8_2));
      b9_15 = (b9_15 + (b7_13 * b8_3));
      let r_40 = (r_19 + (i_30 * 4 + 2) * 68);
      let v_41 = b4[r_40 >> 2u];
      b8_0 = v_41.x;
      b8_1 = v_41.y;
      b8_2 = v_41.z;
      b8_3 = v_41.w;
      b9_0 = (b9_0 + (b7_2 * b8_0));
      b9_1 = (b9_1 + (b7_2 * b8_1));
      b9_2 = (b9_2 + (b7_2 * b8_2));
      b9_3 = (b9_3 + (b7_2 * b8_3));
      b9_4 = (b9_4 + (b7_6 * b8_0));
      b9_5 = (b9_5 + (b7_6 * b8_1));
      b9_6 = (b9_6 + (b7_6 * b8_2));
      b9_7 = (b9_7 + (b7_6 * b8_3));
      b9_8 = (b9_8 + (b7_10 * b8_0));
      b9_9 = (b9_9 + (b7_10 * b8_1));
      b9_10 = (b9_10 + (b7_10 * b8_2));
      b9_11 = (b9_11 + (b7_10 * b8_3));
      b9_12 = (b9_12 + (b7_14 * b8_0));
      b9_13 = (b9_13 + (b7_14 * b8_1));
      b9_14 = (b9_14 + (b7_14 * b8_2));
      b9_15 = (b9_15 + (b7_14 * b8_3));
      let r_42 = (r_19 + (i_30 * 4 + 3) * 68);
      let v_43 = b4[r_42 >> 2u];
      b8_0 = v_43.x;
      b8_1 = v_43.y;
      b8_2 = v_43.z;
      b8_3 = v_43.w;
      b9_0 = (b9_0 + (b7_3 * b8_0));
      b9_1 = (b9_1 + (b7_3 * b8_1));
      b9_2 = (b9_2 + (b7_3 * b8_2));
      b9_3 = (b9_3 + (b7_3 * b8_3));
      b9_4 = (b9_4 + (b7_7 * b8_0));
      b9_5 = (b9_5 + (b7_7 * b8_1));
      b9_6 = (b9_6 + (b7_7 * b8_2));
      b9_7 = (b9_7 + (b7_7 * b8_3));
      b9_8 = (b9_8 + (b7_11 * b8_0));
      b9_9 = (b9_9 + (b7_11 * b8_1));
      b9_10 = (b9_10 + (b7_11 * b8_2));
      b9_11 = (b9_11 + (b7_11 * b8_3));
      b9_12 = (b9_12 + (b7_15 * b8_0));
      b9_13 = (b9_13 + (b7_15 * b8_1));
      b9_14 = (b9_14 + (b7_15 * b8_2));
      b9_15 = (b9_15 + (b7_15 * b8_3));
    }
    workgroupBarrier();
  }
  let r_44 = (r_4 + r_19);
  let r_45 = (r_5 + r_8);
  if ((r_45 < s17)) {
    let t_46 = (r_44 < s18);
    if (t_46) {
      let r_47 = b9_0;
      let r_48 = b9_1;
      let r_49 = b9_2;
      let r_50 = b9_3;
      b2[(r_3 * s8 + r_45 * s9 + r_44) >> 2u] = vec4<f32>(r_47, r_48, r_49, r_50);
    }
  }
  let r_51 = (r_5 + r_8 + 16);
  if ((r_51 < s17)) {
    let t_52 = (r_44 < s18);
    if (t_52) {
      let r_53 = b9_4;
      let r_54 = b9_5;
      let r_55 = b9_6;
      let r_56 = b9_7;
      b2[(r_3 * s8 + r_51 * s9 + r_44) >> 2u] = vec4<f32>(r_53, r_54, r_55, r_56);
    }
  }
  let r_57 = (r_5 + r_8 + 32);
  if ((r_57 < s17)) {
    let t_58 = (r_44 < s18);
    if (t_58) {
      let r_59 = b9_8;
      let r_60 = b9_9;
      let r_61 = b9_10;
      let r_62 = b9_11;
      b2[(r_3 * s8 + r_57 * s9 + r_44) >> 2u] = vec4<f32>(r_59, r_60, r_61, r_62);
    }
  }
  let r_63 = (r_5 + r_8 + 48);
  if ((r_63 < s17)) {
    let t_64 = (r_44 < s18);
    if (t_64) {
      let r_65 = b9_12;
      let r_66 = b9_13;
      let r_67 = b9_14;
      let r_68 = b9_15;
      b2[(r_3 * s8 + r_63 * s9 + r_44) >> 2u] = vec4<f32>(r_65, r_66, r_67, r_68);
    }
  }
}
