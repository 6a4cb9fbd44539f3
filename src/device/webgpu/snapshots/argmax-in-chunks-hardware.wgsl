// argmax
// 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
var<workgroup> b2: array<f32, 256>;
var<workgroup> b3: array<i32, 256>;
var<workgroup> b4: array<f32, 16>;
var<workgroup> b5: array<i32, 16>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = i_0;
  let r_3 = i32(u32((s1 + i_1 * (-1) + 255)) / 256u);
  var a_4 = float(0xff800000u);
  var a_5 = float(0xff800000u);
  var a_6 = (-1);
  for (var i_7 = 0; i_7 < r_3; i_7++) {
    let r_8 = (i_1 + i_7 * 256);
    let t_9 = b0[r_8];
    a_4 = max_f32(a_4, t_9);
    let c_10 = t_9;
    let m_11 = (((a_5 < c_10) | (is_nan(c_10) & (!is_nan(a_5)))) | (a_6 < 0));
    a_5 = select(a_5, c_10, m_11);
    a_6 = select(a_6, r_8, m_11);
  }
  let r_12 = (0 < r_3);
  let t_13 = (i32(u32(i_1) % 16u) * 16 + i32(u32(i_1) / 16u));
  b2[t_13] = a_4;
  b3[t_13] = select(2147483647, max(a_6, 0), r_12);
  workgroupBarrier();
  if ((i_1 < 16)) {
    let r_14 = b2[i_1];
    let t_16 = (i_1 + 16);
    let r_15 = b2[t_16];
    let t_18 = (i_1 + 32);
    let r_17 = b2[t_18];
    let t_20 = (i_1 + 48);
    let r_19 = b2[t_20];
    let t_22 = (i_1 + 64);
    let r_21 = b2[t_22];
    let t_24 = (i_1 + 80);
    let r_23 = b2[t_24];
    let t_26 = (i_1 + 96);
    let r_25 = b2[t_26];
    let t_28 = (i_1 + 112);
    let r_27 = b2[t_28];
    let t_30 = (i_1 + 128);
    let r_29 = b2[t_30];
    let t_32 = (i_1 + 144);
    let r_31 = b2[t_32];
    let t_34 = (i_1 + 160);
    let r_33 = b2[t_34];
    let t_36 = (i_1 + 176);
    let r_35 = b2[t_36];
    let t_38 = (i_1 + 192);
    let r_37 = b2[t_38];
    let t_40 = (i_1 + 208);
    let r_39 = b2[t_40];
    let t_42 = (i_1 + 224);
    let r_41 = b2[t_42];
    let t_44 = (i_1 + 240);
    let r_43 = b2[t_44];
    let r_45 = max_f32(max_f32(max_f32(max_f32(r_14, r_15), max_f32(r_17, r_19)), max_f32(max_f32(r_21, r_23), max_f32(r_25, r_27))), max_f32(max_f32(max_f32(r_29, r_31), max_f32(r_33, r_35)), max_f32(max_f32(r_37, r_39), max_f32(r_41, r_43))));
    let r_46 = b3[i_1];
    let r_47 = b3[t_16];
    let r_48 = b3[t_18];
    let r_49 = b3[t_20];
    let r_50 = b3[t_22];
    let r_51 = b3[t_24];
    let r_52 = b3[t_26];
    let r_53 = b3[t_28];
    let r_54 = b3[t_30];
    let r_55 = b3[t_32];
    let r_56 = b3[t_34];
    let r_57 = b3[t_36];
    let r_58 = b3[t_38];
    let r_59 = b3[t_40];
    let r_60 = b3[t_42];
    let r_61 = b3[t_44];
    let t_63 = (2139095040u < (bitcast<u32>(r_45) & 2147483647u));
    let r_62 = min(min(min(min(select(2147483647, r_46, ((r_14 == r_45) | ((2139095040u < (bitcast<u32>(r_14) & 2147483647u)) & t_63))), select(2147483647, r_47, ((r_15 == r_45) | ((2139095040u < (bitcast<u32>(r_15) & 2147483647u)) & t_63)))), min(select(2147483647, r_48, ((r_17 == r_45) | ((2139095040u < (bitcast<u32>(r_17) & 2147483647u)) & t_63))), select(2147483647, r_49, ((r_19 == r_45) | ((2139095040u < (bitcast<u32>(r_19) & 2147483647u)) & t_63))))), min(min(select(2147483647, r_50, ((r_21 == r_45) | ((2139095040u < (bitcast<u32>(r_21) & 2147483647u)) & t_63))), select(2147483647, r_51, ((r_23 == r_45) | ((2139095040u < (bitcast<u32>(r_23) & 2147483647u)) & t_63)))), min(select(2147483647, r_52, ((r_25 == r_45) | ((2139095040u < (bitcast<u32>(r_25) & 2147483647u)) & t_63))), select(2147483647, r_53, ((r_27 == r_45) | ((2139095040u < (bitcast<u32>(r_27) & 2147483647u)) & t_63)))))), min(min(min(select(2147483647, r_54, ((r_29 == r_45) | ((2139095040u < (bitcast<u32>(r_29) & 2147483647u)) & t_63))), select(2147483647, r_55, ((r_31 == r_45) | ((2139095040u < (bitcast<u32>(r_31) & 2147483647u)) & t_63)))), min(select(2147483647, r_56, ((r_33 == r_45) | ((2139095040u < (bitcast<u32>(r_33) & 2147483647u)) & t_63))), select(2147483647, r_57, ((r_35 == r_45) | ((2139095040u < (bitcast<u32>(r_35) & 2147483647u)) & t_63))))), min(min(select(2147483647, r_58, ((r_37 == r_45) | ((2139095040u < (bitcast<u32>(r_37) & 2147483647u)) & t_63))), select(2147483647, r_59, ((r_39 == r_45) | ((2139095040u < (bitcast<u32>(r_39) & 2147483647u)) & t_63)))), min(select(2147483647, r_60, ((r_41 == r_45) | ((2139095040u < (bitcast<u32>(r_41) & 2147483647u)) & t_63))), select(2147483647, r_61, ((r_43 == r_45) | ((2139095040u < (bitcast<u32>(r_43) & 2147483647u)) & t_63)))))));
    b4[i_1] = r_45;
    b5[i_1] = r_62;
  }
  workgroupBarrier();
  let r_64 = b4[0];
  let r_65 = b4[1];
  let r_66 = b4[2];
  let r_67 = b4[3];
  let r_68 = b4[4];
  let r_69 = b4[5];
  let r_70 = b4[6];
  let r_71 = b4[7];
  let r_72 = b4[8];
  let r_73 = b4[9];
  let r_74 = b4[10];
  let r_75 = b4[11];
  let r_76 = b4[12];
  let r_77 = b4[13];
  let r_78 = b4[14];
  let r_79 = b4[15];
  let r_80 = max_f32(max_f32(max_f32(max_f32(r_64, r_65), max_f32(r_66, r_67)), max_f32(max_f32(r_68, r_69), max_f32(r_70, r_71))), max_f32(max_f32(max_f32(r_72, r_73), max_f32(r_74, r_75)), max_f32(max_f32(r_76, r_77), max_f32(r_78, r_79))));
  let r_81 = b5[0];
  let r_82 = b5[1];
  let r_83 = b5[2];
  let r_84 = b5[3];
  let r_85 = b5[4];
  let r_86 = b5[5];
  let r_87 = b5[6];
  let r_88 = b5[7];
  let r_89 = b5[8];
  let r_90 = b5[9];
  let r_91 = b5[10];
  let r_92 = b5[11];
  let r_93 = b5[12];
  let r_94 = b5[13];
  let r_95 = b5[14];
  let r_96 = b5[15];
  let t_98 = (2139095040u < (bitcast<u32>(r_80) & 2147483647u));
  let r_97 = min(min(min(min(select(2147483647, r_81, ((r_64 == r_80) | ((2139095040u < (bitcast<u32>(r_64) & 2147483647u)) & t_98))), select(2147483647, r_82, ((r_65 == r_80) | ((2139095040u < (bitcast<u32>(r_65) & 2147483647u)) & t_98)))), min(select(2147483647, r_83, ((r_66 == r_80) | ((2139095040u < (bitcast<u32>(r_66) & 2147483647u)) & t_98))), select(2147483647, r_84, ((r_67 == r_80) | ((2139095040u < (bitcast<u32>(r_67) & 2147483647u)) & t_98))))), min(min(select(2147483647, r_85, ((r_68 == r_80) | ((2139095040u < (bitcast<u32>(r_68) & 2147483647u)) & t_98))), select(2147483647, r_86, ((r_69 == r_80) | ((2139095040u < (bitcast<u32>(r_69) & 2147483647u)) & t_98)))), min(select(2147483647, r_87, ((r_70 == r_80) | ((2139095040u < (bitcast<u32>(r_70) & 2147483647u)) & t_98))), select(2147483647, r_88, ((r_71 == r_80) | ((2139095040u < (bitcast<u32>(r_71) & 2147483647u)) & t_98)))))), min(min(min(select(2147483647, r_89, ((r_72 == r_80) | ((2139095040u < (bitcast<u32>(r_72) & 2147483647u)) & t_98))), select(2147483647, r_90, ((r_73 == r_80) | ((2139095040u < (bitcast<u32>(r_73) & 2147483647u)) & t_98)))), min(select(2147483647, r_91, ((r_74 == r_80) | ((2139095040u < (bitcast<u32>(r_74) & 2147483647u)) & t_98))), select(2147483647, r_92, ((r_75 == r_80) | ((2139095040u < (bitcast<u32>(r_75) & 2147483647u)) & t_98))))), min(min(select(2147483647, r_93, ((r_76 == r_80) | ((2139095040u < (bitcast<u32>(r_76) & 2147483647u)) & t_98))), select(2147483647, r_94, ((r_77 == r_80) | ((2139095040u < (bitcast<u32>(r_77) & 2147483647u)) & t_98)))), min(select(2147483647, r_95, ((r_78 == r_80) | ((2139095040u < (bitcast<u32>(r_78) & 2147483647u)) & t_98))), select(2147483647, r_96, ((r_79 == r_80) | ((2139095040u < (bitcast<u32>(r_79) & 2147483647u)) & t_98)))))));
  if ((i_1 == 0)) {
    b1[0] = r_97;
  }
}
