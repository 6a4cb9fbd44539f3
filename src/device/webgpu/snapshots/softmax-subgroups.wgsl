// max reshape×2 expand×2 sub exp sum div
// 4 workgroups
enable subgroups;

struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> b2: array<f32, 8>;
var<workgroup> b3: array<f32, 512>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let s4 = launch.s4;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = i_0;
  let r_3 = i32(u32((s1 + i_1 * (-1) + 255)) / 256u);
  var a_4 = float(0xff800000u);
  for (var i_5 = 0; i_5 < r_3; i_5++) {
    let r_6 = (i_1 + i_5 * 256);
    a_4 = max_f32(a_4, b0[(r_2 * s2 + r_6)]);
  }
  let r_7 = subgroupShuffleXor(a_4, 1u);
  let t_9 = ((i_1 & 1) == 0);
  let r_8 = max_f32(select(r_7, a_4, t_9), select(a_4, r_7, t_9));
  let r_10 = subgroupShuffleXor(r_8, 2u);
  let t_12 = ((i_1 & 2) == 0);
  let r_11 = max_f32(select(r_10, r_8, t_12), select(r_8, r_10, t_12));
  let r_13 = subgroupShuffleXor(r_11, 4u);
  let t_15 = ((i_1 & 4) == 0);
  let r_14 = max_f32(select(r_13, r_11, t_15), select(r_11, r_13, t_15));
  let r_16 = subgroupShuffleXor(r_14, 8u);
  let t_18 = ((i_1 & 8) == 0);
  let r_17 = max_f32(select(r_16, r_14, t_18), select(r_14, r_16, t_18));
  let r_19 = subgroupShuffleXor(r_17, 16u);
  let t_21 = ((i_1 & 16) == 0);
  let r_20 = max_f32(select(r_19, r_17, t_21), select(r_17, r_19, t_21));
  let t_22 = (i32(u32(i_1) % 32u) == 0);
  if (t_22) {
    let t_23 = i32(u32(i_1) / 32u);
    b2[t_23] = r_20;
  }
  workgroupBarrier();
  let t_25 = b2[0];
  let r_24 = t_25;
  let t_27 = b2[1];
  let r_26 = t_27;
  let t_29 = b2[2];
  let r_28 = t_29;
  let t_31 = b2[3];
  let r_30 = t_31;
  let t_33 = b2[4];
  let r_32 = t_33;
  let t_35 = b2[5];
  let r_34 = t_35;
  let t_37 = b2[6];
  let r_36 = t_37;
  let t_39 = b2[7];
  let r_38 = t_39;
  let r_40 = max_f32(max_f32(max_f32(r_24, r_26), max_f32(r_28, r_30)), max_f32(max_f32(r_32, r_34), max_f32(r_36, r_38)));
  let r_41 = i32(u32((s3 + i_1 * (-1) + 255)) / 256u);
  var a_42 = 0.0f;
  for (var i_43 = 0; i_43 < r_41; i_43++) {
    let r_44 = (i_1 + i_43 * 256);
    let t_46 = (b0[(r_2 * s2 + r_44)] - r_40);
    let t_47 = ((t_46 * 1.442695f) + 12583039.0f);
    let t_48 = (rounded(t_47) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_49 = ((t_46 - (t_48 * 0.69314575f)) - (t_48 * 0.0000014286068f));
    let t_50 = (t_49 * t_49);
    var x_45 = ((((((0.0013814318f * (t_50 * t_50)) + ((((0.008368852f * t_49) + 0.0416684f) * t_50) + ((0.1666652f * t_49) + 0.49999994f))) * t_50) + t_49) + 1.0f) * bitcast<f32>((bitcast<i32>(t_47) << 23u)));
    if ((87.0f < abs(t_46))) {
      let t_51 = select(t_46, 89.0f, (89.0f < t_46));
      let t_52 = select(t_51, (-104.0f), (t_51 < (-104.0f)));
      let t_53 = ((t_52 * 1.442695f) + 12583166.0f);
      let t_54 = (rounded(t_53) - bitcast<f32>(0x4b4000feu | launch.zero));
      let t_55 = ((t_52 - (t_54 * 0.69314575f)) - (t_54 * 0.0000014286068f));
      let t_56 = (t_55 * t_55);
      let t_57 = bitcast<i32>(t_53);
      let t_58 = (t_57 >> 1u);
      x_45 = (((((((0.0013814318f * (t_56 * t_56)) + ((((0.008368852f * t_55) + 0.0416684f) * t_56) + ((0.1666652f * t_55) + 0.49999994f))) * t_56) + t_55) + 1.0f) * bitcast<f32>((t_58 << 23u))) * bitcast<f32>(((t_57 + t_58 * (-1)) << 23u)));
    }
    let t_59 = x_45;
    b3[r_44] = t_59;
    a_42 = (a_42 + t_59);
  }
  let r_60 = subgroupShuffleXor(a_42, 1u);
  let r_61 = (a_42 + r_60);
  let r_62 = subgroupShuffleXor(r_61, 2u);
  let r_63 = (r_61 + r_62);
  let r_64 = subgroupShuffleXor(r_63, 4u);
  let r_65 = (r_63 + r_64);
  let r_66 = subgroupShuffleXor(r_65, 8u);
  let r_67 = (r_65 + r_66);
  let r_68 = subgroupShuffleXor(r_67, 16u);
  let r_69 = (r_67 + r_68);
  workgroupBarrier();
  if (t_22) {
    let t_70 = i32(u32(i_1) / 32u);
    b2[t_70] = r_69;
  }
  workgroupBarrier();
  let t_72 = b2[0];
  let r_71 = t_72;
  let t_74 = b2[1];
  let r_73 = t_74;
  let t_76 = b2[2];
  let r_75 = t_76;
  let t_78 = b2[3];
  let r_77 = t_78;
  let t_80 = b2[4];
  let r_79 = t_80;
  let t_82 = b2[5];
  let r_81 = t_82;
  let t_84 = b2[6];
  let r_83 = t_84;
  let t_86 = b2[7];
  let r_85 = t_86;
  let r_87 = (((r_71 + r_73) + (r_75 + r_77)) + ((r_79 + r_81) + (r_83 + r_85)));
  let r_88 = i32(u32((s4 + i_1 * (-1) + 255)) / 256u);
  for (var i_89 = 0; i_89 < r_88; i_89++) {
    let r_90 = (i_1 + i_89 * 256);
    b1[(r_2 * s2 + r_90)] = (b3[r_90] / r_87);
  }
}
