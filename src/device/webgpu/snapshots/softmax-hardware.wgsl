// max reshape×2 expand×2 sub exp sum div
// 4 workgroups
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
var<workgroup> b2: array<f32, 256>;
var<workgroup> b3: array<f32, 16>;
var<workgroup> b4: array<f32, 512>;
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
  let t_7 = (i32(u32(i_1) % 16u) * 16 + i32(u32(i_1) / 16u));
  b2[t_7] = a_4;
  workgroupBarrier();
  let t_8 = (i_1 < 16);
  if (t_8) {
    let t_10 = b2[i_1];
    let r_9 = t_10;
    let t_12 = b2[(i_1 + 16)];
    let r_11 = t_12;
    let t_14 = b2[(i_1 + 32)];
    let r_13 = t_14;
    let t_16 = b2[(i_1 + 48)];
    let r_15 = t_16;
    let t_18 = b2[(i_1 + 64)];
    let r_17 = t_18;
    let t_20 = b2[(i_1 + 80)];
    let r_19 = t_20;
    let t_22 = b2[(i_1 + 96)];
    let r_21 = t_22;
    let t_24 = b2[(i_1 + 112)];
    let r_23 = t_24;
    let t_26 = b2[(i_1 + 128)];
    let r_25 = t_26;
    let t_28 = b2[(i_1 + 144)];
    let r_27 = t_28;
    let t_30 = b2[(i_1 + 160)];
    let r_29 = t_30;
    let t_32 = b2[(i_1 + 176)];
    let r_31 = t_32;
    let t_34 = b2[(i_1 + 192)];
    let r_33 = t_34;
    let t_36 = b2[(i_1 + 208)];
    let r_35 = t_36;
    let t_38 = b2[(i_1 + 224)];
    let r_37 = t_38;
    let t_40 = b2[(i_1 + 240)];
    let r_39 = t_40;
    let r_41 = max_f32(max_f32(max_f32(max_f32(r_9, r_11), max_f32(r_13, r_15)), max_f32(max_f32(r_17, r_19), max_f32(r_21, r_23))), max_f32(max_f32(max_f32(r_25, r_27), max_f32(r_29, r_31)), max_f32(max_f32(r_33, r_35), max_f32(r_37, r_39))));
    b3[i_1] = r_41;
  }
  workgroupBarrier();
  let t_43 = b3[0];
  let r_42 = t_43;
  let t_45 = b3[1];
  let r_44 = t_45;
  let t_47 = b3[2];
  let r_46 = t_47;
  let t_49 = b3[3];
  let r_48 = t_49;
  let t_51 = b3[4];
  let r_50 = t_51;
  let t_53 = b3[5];
  let r_52 = t_53;
  let t_55 = b3[6];
  let r_54 = t_55;
  let t_57 = b3[7];
  let r_56 = t_57;
  let t_59 = b3[8];
  let r_58 = t_59;
  let t_61 = b3[9];
  let r_60 = t_61;
  let t_63 = b3[10];
  let r_62 = t_63;
  let t_65 = b3[11];
  let r_64 = t_65;
  let t_67 = b3[12];
  let r_66 = t_67;
  let t_69 = b3[13];
  let r_68 = t_69;
  let t_71 = b3[14];
  let r_70 = t_71;
  let t_73 = b3[15];
  let r_72 = t_73;
  let r_74 = max_f32(max_f32(max_f32(max_f32(r_42, r_44), max_f32(r_46, r_48)), max_f32(max_f32(r_50, r_52), max_f32(r_54, r_56))), max_f32(max_f32(max_f32(r_58, r_60), max_f32(r_62, r_64)), max_f32(max_f32(r_66, r_68), max_f32(r_70, r_72))));
  let r_75 = i32(u32((s3 + i_1 * (-1) + 255)) / 256u);
  var a_76 = 0.0f;
  for (var i_77 = 0; i_77 < r_75; i_77++) {
    let r_78 = (i_1 + i_77 * 256);
    let t_80 = (b0[(r_2 * s2 + r_78)] - r_74);
    let t_81 = ((t_80 * 1.442695f) + 12583039.0f);
    let t_82 = (rounded(t_81) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_83 = ((t_80 - (t_82 * 0.69314575f)) - (t_82 * 0.0000014286068f));
    let t_84 = (t_83 * t_83);
    var x_79 = ((((((0.0013814318f * (t_84 * t_84)) + ((((0.008368852f * t_83) + 0.0416684f) * t_84) + ((0.1666652f * t_83) + 0.49999994f))) * t_84) + t_83) + 1.0f) * bitcast<f32>((bitcast<i32>(t_81) << 23u)));
    if ((87.0f < abs(t_80))) {
      let t_85 = select(t_80, 89.0f, (89.0f < t_80));
      let t_86 = select(t_85, (-104.0f), (t_85 < (-104.0f)));
      let t_87 = ((t_86 * 1.442695f) + 12583166.0f);
      let t_88 = (rounded(t_87) - bitcast<f32>(0x4b4000feu | launch.zero));
      let t_89 = ((t_86 - (t_88 * 0.69314575f)) - (t_88 * 0.0000014286068f));
      let t_90 = (t_89 * t_89);
      let t_91 = bitcast<i32>(t_87);
      let t_92 = (t_91 >> 1u);
      x_79 = (((((((0.0013814318f * (t_90 * t_90)) + ((((0.008368852f * t_89) + 0.0416684f) * t_90) + ((0.1666652f * t_89) + 0.49999994f))) * t_90) + t_89) + 1.0f) * bitcast<f32>((t_92 << 23u))) * bitcast<f32>(((t_91 + t_92 * (-1)) << 23u)));
    }
    let t_93 = x_79;
    b4[r_78] = t_93;
    a_76 = (a_76 + t_93);
  }
  b2[t_7] = a_76;
  workgroupBarrier();
  if (t_8) {
    let t_95 = b2[i_1];
    let r_94 = t_95;
    let t_97 = b2[(i_1 + 16)];
    let r_96 = t_97;
    let t_99 = b2[(i_1 + 32)];
    let r_98 = t_99;
    let t_101 = b2[(i_1 + 48)];
    let r_100 = t_101;
    let t_103 = b2[(i_1 + 64)];
    let r_102 = t_103;
    let t_105 = b2[(i_1 + 80)];
    let r_104 = t_105;
    let t_107 = b2[(i_1 + 96)];
    let r_106 = t_107;
    let t_109 = b2[(i_1 + 112)];
    let r_108 = t_109;
    let t_111 = b2[(i_1 + 128)];
    let r_110 = t_111;
    let t_113 = b2[(i_1 + 144)];
    let r_112 = t_113;
    let t_115 = b2[(i_1 + 160)];
    let r_114 = t_115;
    let t_117 = b2[(i_1 + 176)];
    let r_116 = t_117;
    let t_119 = b2[(i_1 + 192)];
    let r_118 = t_119;
    let t_121 = b2[(i_1 + 208)];
    let r_120 = t_121;
    let t_123 = b2[(i_1 + 224)];
    let r_122 = t_123;
    let t_125 = b2[(i_1 + 240)];
    let r_124 = t_125;
    let r_126 = ((((r_94 + r_96) + (r_98 + r_100)) + ((r_102 + r_104) + (r_106 + r_108))) + (((r_110 + r_112) + (r_114 + r_116)) + ((r_118 + r_120) + (r_122 + r_124))));
    b3[i_1] = r_126;
  }
  workgroupBarrier();
  let t_128 = b3[0];
  let r_127 = t_128;
  let t_130 = b3[1];
  let r_129 = t_130;
  let t_132 = b3[2];
  let r_131 = t_132;
  let t_134 = b3[3];
  let r_133 = t_134;
  let t_136 = b3[4];
  let r_135 = t_136;
  let t_138 = b3[5];
  let r_137 = t_138;
  let t_140 = b3[6];
  let r_139 = t_140;
  let t_142 = b3[7];
  let r_141 = t_142;
  let t_144 = b3[8];
  let r_143 = t_144;
  let t_146 = b3[9];
  let r_145 = t_146;
  let t_148 = b3[10];
  let r_147 = t_148;
  let t_150 = b3[11];
  let r_149 = t_150;
  let t_152 = b3[12];
  let r_151 = t_152;
  let t_154 = b3[13];
  let r_153 = t_154;
  let t_156 = b3[14];
  let r_155 = t_156;
  let t_158 = b3[15];
  let r_157 = t_158;
  let r_159 = ((((r_127 + r_129) + (r_131 + r_133)) + ((r_135 + r_137) + (r_139 + r_141))) + (((r_143 + r_145) + (r_147 + r_149)) + ((r_151 + r_153) + (r_155 + r_157))));
  let r_160 = i32(u32((s4 + i_1 * (-1) + 255)) / 256u);
  for (var i_161 = 0; i_161 < r_160; i_161++) {
    let r_162 = (i_1 + i_161 * 256);
    b1[(r_2 * s2 + r_162)] = (b4[r_162] / r_159);
  }
}
