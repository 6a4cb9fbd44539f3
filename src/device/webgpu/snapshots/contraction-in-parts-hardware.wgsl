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
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
var<workgroup> b3: array<f32, 2048>;
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
  if (i_0 >= s6) { return; }
  let i_1 = i32(thread);
  var b4_0: f32;
  var b4_1: f32;
  var b4_2: f32;
  var b4_3: f32;
  var b4_4: f32;
  var b4_5: f32;
  var b4_6: f32;
  var b4_7: f32;
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
  var b5_16: f32;
  var b5_17: f32;
  var b5_18: f32;
  var b5_19: f32;
  var b5_20: f32;
  var b5_21: f32;
  var b5_22: f32;
  var b5_23: f32;
  var b5_24: f32;
  var b5_25: f32;
  var b5_26: f32;
  var b5_27: f32;
  var b5_28: f32;
  var b5_29: f32;
  var b5_30: f32;
  var b5_31: f32;
  var b6_0: f32;
  var b6_1: f32;
  var b6_2: f32;
  var b6_3: f32;
  let r_2 = i32(u32(i_0) / u32(s7));
  let r_3 = i32(u32(i_0) % u32(s7));
  let r_4 = i32(u32(i_1) % 32u);
  let r_5 = i32(u32(i_1) / 32u);
  let r_6 = (r_3 * 32 + r_4);
  let r_7 = min(r_6, (s8 + (-1)));
  let r_8 = i32(u32(r_7) / u32(s9));
  let r_9 = (i32(u32(r_8) % u32(s10)) * 8);
  let r_10 = i32(u32(r_7) % u32(s9));
  let r_11 = i32(u32(r_8) / u32(s10));
  let t_13 = (s11 + (-1));
  let r_12 = min(r_9, t_13);
  let r_14 = (r_12 * s3);
  let t_16 = (r_9 + 1);
  let r_15 = min(t_16, t_13);
  let r_17 = (r_15 * s3);
  let t_19 = (r_9 + 2);
  let r_18 = min(t_19, t_13);
  let r_20 = (r_18 * s3);
  let t_22 = (r_9 + 3);
  let r_21 = min(t_22, t_13);
  let r_23 = (r_21 * s3);
  let t_25 = (r_9 + 4);
  let r_24 = min(t_25, t_13);
  let r_26 = (r_24 * s3);
  let t_28 = (r_9 + 5);
  let r_27 = min(t_28, t_13);
  let r_29 = (r_27 * s3);
  let t_31 = (r_9 + 6);
  let r_30 = min(t_31, t_13);
  let r_32 = (r_30 * s3);
  let t_34 = (r_9 + 7);
  let r_33 = min(t_34, t_13);
  let r_35 = (r_33 * s3);
  let r_36 = min(r_10, (s12 + (-1)));
  let r_37 = (r_2 * s13);
  let r_38 = (r_4 + r_5 * 32);
  b4_0 = 0.0f;
  b4_1 = 0.0f;
  b4_2 = 0.0f;
  b4_3 = 0.0f;
  b4_4 = 0.0f;
  b4_5 = 0.0f;
  b4_6 = 0.0f;
  b4_7 = 0.0f;
  for (var i_39 = 0; i_39 < s15; i_39++) {
    let r_40 = (r_37 + i_39 * 32 + r_5 * 4);
    let r_41 = min(r_40, (s14 + (-4)));
    let r_42 = (r_40 < s14);
    let v_43 = b0[(r_41 + r_14) >> 2u];
    b5_0 = select(0.0f, v_43.x, r_42);
    b5_1 = select(0.0f, v_43.y, r_42);
    b5_2 = select(0.0f, v_43.z, r_42);
    b5_3 = select(0.0f, v_43.w, r_42);
    let v_44 = b0[(r_41 + r_17) >> 2u];
    b5_4 = select(0.0f, v_44.x, r_42);
    b5_5 = select(0.0f, v_44.y, r_42);
    b5_6 = select(0.0f, v_44.z, r_42);
    b5_7 = select(0.0f, v_44.w, r_42);
    let v_45 = b0[(r_41 + r_20) >> 2u];
    b5_8 = select(0.0f, v_45.x, r_42);
    b5_9 = select(0.0f, v_45.y, r_42);
    b5_10 = select(0.0f, v_45.z, r_42);
    b5_11 = select(0.0f, v_45.w, r_42);
    let v_46 = b0[(r_41 + r_23) >> 2u];
    b5_12 = select(0.0f, v_46.x, r_42);
    b5_13 = select(0.0f, v_46.y, r_42);
    b5_14 = select(0.0f, v_46.z, r_42);
    b5_15 = select(0.0f, v_46.w, r_42);
    let v_47 = b0[(r_41 + r_26) >> 2u];
    b5_16 = select(0.0f, v_47.x, r_42);
    b5_17 = select(0.0f, v_47.y, r_42);
    b5_18 = select(0.0f, v_47.z, r_42);
    b5_19 = select(0.0f, v_47.w, r_42);
    let v_48 = b0[(r_41 + r_29) >> 2u];
    b5_20 = select(0.0f, v_48.x, r_42);
    b5_21 = select(0.0f, v_48.y, r_42);
    b5_22 = select(0.0f, v_48.z, r_42);
    b5_23 = select(0.0f, v_48.w, r_42);
    let v_49 = b0[(r_41 + r_32) >> 2u];
    b5_24 = select(0.0f, v_49.x, r_42);
    b5_25 = select(0.0f, v_49.y, r_42);
    b5_26 = select(0.0f, v_49.z, r_42);
    b5_27 = select(0.0f, v_49.w, r_42);
    let v_50 = b0[(r_41 + r_35) >> 2u];
    b5_28 = select(0.0f, v_50.x, r_42);
    b5_29 = select(0.0f, v_50.y, r_42);
    b5_30 = select(0.0f, v_50.z, r_42);
    b5_31 = select(0.0f, v_50.w, r_42);
    b6_0 = select(0.0f, b1[(r_41 * s4 + r_36)], r_42);
    b6_1 = select(0.0f, b1[(r_41 * s4 + s4 + r_36)], r_42);
    b6_2 = select(0.0f, b1[(r_41 * s4 + s4 * 2 + r_36)], r_42);
    b6_3 = select(0.0f, b1[(r_41 * s4 + s4 * 3 + r_36)], r_42);
    b4_0 = (b4_0 + (b5_0 * b6_0));
    b4_1 = (b4_1 + (b5_4 * b6_0));
    b4_2 = (b4_2 + (b5_8 * b6_0));
    b4_3 = (b4_3 + (b5_12 * b6_0));
    b4_4 = (b4_4 + (b5_16 * b6_0));
    b4_5 = (b4_5 + (b5_20 * b6_0));
    b4_6 = (b4_6 + (b5_24 * b6_0));
    b4_7 = (b4_7 + (b5_28 * b6_0));
    b4_0 = (b4_0 + (b5_1 * b6_1));
    b4_1 = (b4_1 + (b5_5 * b6_1));
    b4_2 = (b4_2 + (b5_9 * b6_1));
    b4_3 = (b4_3 + (b5_13 * b6_1));
    b4_4 = (b4_4 + (b5_17 * b6_1));
    b4_5 = (b4_5 + (b5_21 * b6_1));
    b4_6 = (b4_6 + (b5_25 * b6_1));
    b4_7 = (b4_7 + (b5_29 * b6_1));
    b4_0 = (b4_0 + (b5_2 * b6_2));
    b4_1 = (b4_1 + (b5_6 * b6_2));
    b4_2 = (b4_2 + (b5_10 * b6_2));
    b4_3 = (b4_3 + (b5_14 * b6_2));
    b4_4 = (b4_4 + (b5_18 * b6_2));
    b4_5 = (b4_5 + (b5_22 * b6_2));
    b4_6 = (b4_6 + (b5_26 * b6_2));
    b4_7 = (b4_7 + (b5_30 * b6_2));
    b4_0 = (b4_0 + (b5_3 * b6_3));
    b4_1 = (b4_1 + (b5_7 * b6_3));
    b4_2 = (b4_2 + (b5_11 * b6_3));
    b4_3 = (b4_3 + (b5_15 * b6_3));
    b4_4 = (b4_4 + (b5_19 * b6_3));
    b4_5 = (b4_5 + (b5_23 * b6_3));
    b4_6 = (b4_6 + (b5_27 * b6_3));
    b4_7 = (b4_7 + (b5_31 * b6_3));
  }
  b3[r_38] = b4_0;
  let t_51 = (r_38 + 256);
  b3[t_51] = b4_1;
  let t_52 = (r_38 + 512);
  b3[t_52] = b4_2;
  let t_53 = (r_38 + 768);
  b3[t_53] = b4_3;
  let t_54 = (r_38 + 1024);
  b3[t_54] = b4_4;
  let t_55 = (r_38 + 1280);
  b3[t_55] = b4_5;
  let t_56 = (r_38 + 1536);
  b3[t_56] = b4_6;
  let t_57 = (r_38 + 1792);
  b3[t_57] = b4_7;
  workgroupBarrier();
  if ((r_5 < 4)) {
    let t_58 = b3[r_38];
    b3[r_38] = (t_58 + b3[(r_38 + 128)]);
    let t_59 = b3[t_51];
    b3[t_51] = (t_59 + b3[(r_38 + 384)]);
    let t_60 = b3[t_52];
    b3[t_52] = (t_60 + b3[(r_38 + 640)]);
    let t_61 = b3[t_53];
    b3[t_53] = (t_61 + b3[(r_38 + 896)]);
    let t_62 = b3[t_54];
    b3[t_54] = (t_62 + b3[(r_38 + 1152)]);
    let t_63 = b3[t_55];
    b3[t_55] = (t_63 + b3[(r_38 + 1408)]);
    let t_64 = b3[t_56];
    b3[t_56] = (t_64 + b3[(r_38 + 1664)]);
    let t_65 = b3[t_57];
    b3[t_57] = (t_65 + b3[(r_38 + 1920)]);
  }
  workgroupBarrier();
  if ((r_5 < 2)) {
    let t_66 = b3[r_38];
    b3[r_38] = (t_66 + b3[(r_38 + 64)]);
    let t_67 = b3[t_51];
    b3[t_51] = (t_67 + b3[(r_38 + 320)]);
    let t_68 = b3[t_52];
    b3[t_52] = (t_68 + b3[(r_38 + 576)]);
    let t_69 = b3[t_53];
    b3[t_53] = (t_69 + b3[(r_38 + 832)]);
    let t_70 = b3[t_54];
    b3[t_54] = (t_70 + b3[(r_38 + 1088)]);
    let t_71 = b3[t_55];
    b3[t_55] = (t_71 + b3[(r_38 + 1344)]);
    let t_72 = b3[t_56];
    b3[t_56] = (t_72 + b3[(r_38 + 1600)]);
    let t_73 = b3[t_57];
    b3[t_57] = (t_73 + b3[(r_38 + 1856)]);
  }
  workgroupBarrier();
  let t_74 = (r_5 < 1);
  if (t_74) {
    let t_75 = b3[r_38];
    b3[r_38] = (t_75 + b3[(r_38 + 32)]);
    let t_76 = b3[t_51];
    b3[t_51] = (t_76 + b3[(r_38 + 288)]);
    let t_77 = b3[t_52];
    b3[t_52] = (t_77 + b3[(r_38 + 544)]);
    let t_78 = b3[t_53];
    b3[t_53] = (t_78 + b3[(r_38 + 800)]);
    let t_79 = b3[t_54];
    b3[t_54] = (t_79 + b3[(r_38 + 1056)]);
    let t_80 = b3[t_55];
    b3[t_55] = (t_80 + b3[(r_38 + 1312)]);
    let t_81 = b3[t_56];
    b3[t_56] = (t_81 + b3[(r_38 + 1568)]);
    let t_82 = b3[t_57];
    b3[t_57] = (t_82 + b3[(r_38 + 1824)]);
  }
  if ((t_74 & (r_6 < s8))) {
    if ((r_9 < s11)) {
      let t_83 = b3[r_38];
      b2[(r_2 * s16 + r_11 * s17 + r_9 * s18 + r_10)] = t_83;
    }
    let r_84 = t_16;
    if ((r_84 < s11)) {
      let t_85 = b3[t_51];
      b2[(r_2 * s16 + r_11 * s17 + r_84 * s18 + r_10)] = t_85;
    }
    let r_86 = t_19;
    if ((r_86 < s11)) {
      let t_87 = b3[t_52];
      b2[(r_2 * s16 + r_11 * s17 + r_86 * s18 + r_10)] = t_87;
    }
    let r_88 = t_22;
    if ((r_88 < s11)) {
      let t_89 = b3[t_53];
      b2[(r_2 * s16 + r_11 * s17 + r_88 * s18 + r_10)] = t_89;
    }
    let r_90 = t_25;
    if ((r_90 < s11)) {
      let t_91 = b3[t_54];
      b2[(r_2 * s16 + r_11 * s17 + r_90 * s18 + r_10)] = t_91;
    }
    let r_92 = t_28;
    if ((r_92 < s11)) {
      let t_93 = b3[t_55];
      b2[(r_2 * s16 + r_11 * s17 + r_92 * s18 + r_10)] = t_93;
    }
    let r_94 = t_31;
    if ((r_94 < s11)) {
      let t_95 = b3[t_56];
      b2[(r_2 * s16 + r_11 * s17 + r_94 * s18 + r_10)] = t_95;
    }
    let r_96 = t_34;
    if ((r_96 < s11)) {
      let t_97 = b3[t_57];
      b2[(r_2 * s16 + r_11 * s17 + r_96 * s18 + r_10)] = t_97;
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
