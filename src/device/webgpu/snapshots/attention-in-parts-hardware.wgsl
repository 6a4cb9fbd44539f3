// pass 1 of 3, 1 workgroup
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
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<f32>;
@group(0) @binding(5) var<storage, read_write> b5: array<f32>;
@group(0) @binding(6) var<uniform> launch: Launch;

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
  let s11 = launch.s11;
  let s12 = launch.s12;
  let s13 = launch.s13;
  let s14 = launch.s14;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  var b6_0: f32;
  var b6_1: f32;
  var b6_2: f32;
  var b6_3: f32;
  var b6_4: f32;
  var b6_5: f32;
  var b6_6: f32;
  var b6_7: f32;
  var b7_0: f32;
  var b7_1: f32;
  var b7_2: f32;
  var b7_3: f32;
  var b7_4: f32;
  var b7_5: f32;
  var b7_6: f32;
  var b7_7: f32;
  var b8_0: f32;
  var b8_1: f32;
  var b8_2: f32;
  var b8_3: f32;
  var b8_4: f32;
  var b8_5: f32;
  var b8_6: f32;
  var b8_7: f32;
  var b8_8: f32;
  var b8_9: f32;
  var b8_10: f32;
  var b8_11: f32;
  var b8_12: f32;
  var b8_13: f32;
  var b8_14: f32;
  var b8_15: f32;
  var b9_0: f32;
  var b9_1: f32;
  var b9_2: f32;
  var b9_3: f32;
  var b9_4: f32;
  var b9_5: f32;
  var b9_6: f32;
  var b9_7: f32;
  var b10_0: f32;
  var b10_1: f32;
  var b10_2: f32;
  var b10_3: f32;
  var b10_4: f32;
  var b10_5: f32;
  var b10_6: f32;
  var b10_7: f32;
  var b11_0: f32;
  var b11_1: f32;
  var b12_0: f32;
  var b12_1: f32;
  var b13_0: f32;
  var b13_1: f32;
  var b13_2: f32;
  var b13_3: f32;
  var b14_0: f32;
  var b14_1: f32;
  var b15_0: f32;
  var b15_1: f32;
  var b15_2: f32;
  var b15_3: f32;
  var b15_4: f32;
  var b15_5: f32;
  var b15_6: f32;
  var b15_7: f32;
  var b15_8: f32;
  var b15_9: f32;
  var b15_10: f32;
  var b15_11: f32;
  var b15_12: f32;
  var b15_13: f32;
  var b15_14: f32;
  var b15_15: f32;
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let r_3 = (i32(u32(r_2) % u32(s2)) * 2);
    let r_4 = i32(u32(r_2) / u32(s2));
    let r_5 = i32(u32(r_4) % u32(s3));
    let r_6 = i32(u32(r_4) / u32(s3));
    let t_8 = (r_3 + 1);
    let t_9 = (s4 + (-1));
    let t_10 = min(t_8, t_9);
    let r_7 = t_10;
    let r_11 = min((0 | i32(launch.zero)), (1 | i32(launch.zero)));
    let r_12 = (r_5 * s5 + r_11);
    let r_13 = min((1 | i32(launch.zero)), (1 | i32(launch.zero)));
    let r_14 = (r_5 * s5 + r_13);
    let t_16 = min(r_3, t_9);
    let r_15 = t_16;
    let r_17 = t_10;
    let r_18 = t_16;
    let r_19 = (r_5 * s6 + r_18 * s7);
    let r_20 = t_10;
    let r_21 = (r_5 * s6 + r_20 * s7);
    let r_22 = (r_6 * s8);
    let r_23 = max((min((r_22 + s8), s9) + r_22 * (-1)), 0);
    b11_0 = (-3.4028234663852886e+38f);
    b11_1 = (-3.4028234663852886e+38f);
    b12_0 = 0.0f;
    b12_1 = 0.0f;
    b13_0 = 0.0f;
    b13_1 = 0.0f;
    b13_2 = 0.0f;
    b13_3 = 0.0f;
    for (var i_24 = 0; i_24 < r_23; i_24++) {
      let r_25 = (r_22 * 4 + i_24 * 4);
      let t_27 = (s10 + (-1));
      let r_26 = min(r_25, t_27);
      let r_28 = (r_5 * s11 + r_26 * s12);
      let t_30 = (r_25 + 1);
      let r_29 = min(t_30, t_27);
      let r_31 = (r_5 * s11 + r_29 * s12);
      let t_33 = (r_25 + 2);
      let r_32 = min(t_33, t_27);
      let r_34 = (r_5 * s11 + r_32 * s12);
      let t_36 = (r_25 + 3);
      let r_35 = min(t_36, t_27);
      let r_37 = (r_5 * s11 + r_35 * s12);
      b6_0 = 0.0f;
      b6_1 = 0.0f;
      b6_2 = 0.0f;
      b6_3 = 0.0f;
      b6_4 = 0.0f;
      b6_5 = 0.0f;
      b6_6 = 0.0f;
      b6_7 = 0.0f;
      for (var i_38 = 0; i_38 < 2; i_38++) {
        b7_0 = b0[(i_38 + r_19)];
        b7_1 = b0[(i_38 + r_21)];
        b8_0 = b1[(i_38 + r_28)];
        b8_1 = b1[(i_38 + r_31)];
        b8_2 = b1[(i_38 + r_34)];
        b8_3 = b1[(i_38 + r_37)];
        b6_0 = (b6_0 + (b7_0 * b8_0));
        b6_1 = (b6_1 + (b7_0 * b8_1));
        b6_2 = (b6_2 + (b7_0 * b8_2));
        b6_3 = (b6_3 + (b7_0 * b8_3));
        b6_4 = (b6_4 + (b7_1 * b8_0));
        b6_5 = (b6_5 + (b7_1 * b8_1));
        b6_6 = (b6_6 + (b7_1 * b8_2));
        b6_7 = (b6_7 + (b7_1 * b8_3));
      }
      b9_0 = b6_0;
      b9_1 = b6_1;
      b9_2 = b6_2;
      b9_3 = b6_3;
      b9_4 = b6_4;
      b9_5 = b6_5;
      b9_6 = b6_6;
      b9_7 = b6_7;
      let r_39 = t_30;
      let r_40 = t_33;
      let r_41 = t_36;
      b10_0 = (b9_0 * 0.70710677f);
      let r_42 = b10_0;
      b10_1 = (b9_1 * 0.70710677f);
      let r_43 = b10_1;
      b10_2 = (b9_2 * 0.70710677f);
      let r_44 = b10_2;
      b10_3 = (b9_3 * 0.70710677f);
      let r_45 = b10_3;
      let r_46 = max_f32(b11_0, max_f32(max_f32(max_f32(r_42, r_43), r_44), r_45));
      let t_49 = (b11_0 - r_46);
      let t_50 = ((t_49 * 1.442695f) + 12583039.0f);
      let t_51 = (rounded(t_50) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_52 = ((t_49 - (t_51 * 0.69314575f)) - (t_51 * 0.0000014286068f));
      let t_53 = (t_52 * t_52);
      var x_48 = ((((((0.0013814318f * (t_53 * t_53)) + ((((0.008368852f * t_52) + 0.0416684f) * t_53) + ((0.1666652f * t_52) + 0.49999994f))) * t_53) + t_52) + 1.0f) * bitcast<f32>((bitcast<i32>(t_50) << 23u)));
      if ((87.0f < abs(t_49))) {
        let t_54 = (b11_0 - r_46);
        let t_55 = select(t_54, 89.0f, (89.0f < t_54));
        let t_56 = select(t_55, (-104.0f), (t_55 < (-104.0f)));
        let t_57 = ((t_56 * 1.442695f) + 12583166.0f);
        let t_58 = (rounded(t_57) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_59 = ((t_56 - (t_58 * 0.69314575f)) - (t_58 * 0.0000014286068f));
        let t_60 = (t_59 * t_59);
        let t_61 = bitcast<i32>(t_57);
        let t_62 = (t_61 >> 1u);
        x_48 = (((((((0.0013814318f * (t_60 * t_60)) + ((((0.008368852f * t_59) + 0.0416684f) * t_60) + ((0.1666652f * t_59) + 0.49999994f))) * t_60) + t_59) + 1.0f) * bitcast<f32>((t_62 << 23u))) * bitcast<f32>(((t_61 + t_62 * (-1)) << 23u)));
      }
      let r_47 = x_48;
      b11_0 = r_46;
      b14_0 = r_47;
      let t_64 = (b10_0 - r_46);
      let t_65 = ((t_64 * 1.442695f) + 12583039.0f);
      let t_66 = (rounded(t_65) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_67 = ((t_64 - (t_66 * 0.69314575f)) - (t_66 * 0.0000014286068f));
      let t_68 = (t_67 * t_67);
      var x_63 = ((((((0.0013814318f * (t_68 * t_68)) + ((((0.008368852f * t_67) + 0.0416684f) * t_68) + ((0.1666652f * t_67) + 0.49999994f))) * t_68) + t_67) + 1.0f) * bitcast<f32>((bitcast<i32>(t_65) << 23u)));
      if ((87.0f < abs(t_64))) {
        let t_69 = (b10_0 - r_46);
        let t_70 = select(t_69, 89.0f, (89.0f < t_69));
        let t_71 = select(t_70, (-104.0f), (t_70 < (-104.0f)));
        let t_72 = ((t_71 * 1.442695f) + 12583166.0f);
        let t_73 = (rounded(t_72) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_74 = ((t_71 - (t_73 * 0.69314575f)) - (t_73 * 0.0000014286068f));
        let t_75 = (t_74 * t_74);
        let t_76 = bitcast<i32>(t_72);
        let t_77 = (t_76 >> 1u);
        x_63 = (((((((0.0013814318f * (t_75 * t_75)) + ((((0.008368852f * t_74) + 0.0416684f) * t_75) + ((0.1666652f * t_74) + 0.49999994f))) * t_75) + t_74) + 1.0f) * bitcast<f32>((t_77 << 23u))) * bitcast<f32>(((t_76 + t_77 * (-1)) << 23u)));
      }
      b10_0 = x_63;
      let r_78 = b10_0;
      let t_80 = (b10_1 - r_46);
      let t_81 = ((t_80 * 1.442695f) + 12583039.0f);
      let t_82 = (rounded(t_81) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_83 = ((t_80 - (t_82 * 0.69314575f)) - (t_82 * 0.0000014286068f));
      let t_84 = (t_83 * t_83);
      var x_79 = ((((((0.0013814318f * (t_84 * t_84)) + ((((0.008368852f * t_83) + 0.0416684f) * t_84) + ((0.1666652f * t_83) + 0.49999994f))) * t_84) + t_83) + 1.0f) * bitcast<f32>((bitcast<i32>(t_81) << 23u)));
      if ((87.0f < abs(t_80))) {
        let t_85 = (b10_1 - r_46);
        let t_86 = select(t_85, 89.0f, (89.0f < t_85));
        let t_87 = select(t_86, (-104.0f), (t_86 < (-104.0f)));
        let t_88 = ((t_87 * 1.442695f) + 12583166.0f);
        let t_89 = (rounded(t_88) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_90 = ((t_87 - (t_89 * 0.69314575f)) - (t_89 * 0.0000014286068f));
        let t_91 = (t_90 * t_90);
        let t_92 = bitcast<i32>(t_88);
        let t_93 = (t_92 >> 1u);
        x_79 = (((((((0.0013814318f * (t_91 * t_91)) + ((((0.008368852f * t_90) + 0.0416684f) * t_91) + ((0.1666652f * t_90) + 0.49999994f))) * t_91) + t_90) + 1.0f) * bitcast<f32>((t_93 << 23u))) * bitcast<f32>(((t_92 + t_93 * (-1)) << 23u)));
      }
      b10_1 = x_79;
      let r_94 = b10_1;
      let t_96 = (b10_2 - r_46);
      let t_97 = ((t_96 * 1.442695f) + 12583039.0f);
      let t_98 = (rounded(t_97) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_99 = ((t_96 - (t_98 * 0.69314575f)) - (t_98 * 0.0000014286068f));
      let t_100 = (t_99 * t_99);
      var x_95 = ((((((0.0013814318f * (t_100 * t_100)) + ((((0.008368852f * t_99) + 0.0416684f) * t_100) + ((0.1666652f * t_99) + 0.49999994f))) * t_100) + t_99) + 1.0f) * bitcast<f32>((bitcast<i32>(t_97) << 23u)));
      if ((87.0f < abs(t_96))) {
        let t_101 = (b10_2 - r_46);
        let t_102 = select(t_101, 89.0f, (89.0f < t_101));
        let t_103 = select(t_102, (-104.0f), (t_102 < (-104.0f)));
        let t_104 = ((t_103 * 1.442695f) + 12583166.0f);
        let t_105 = (rounded(t_104) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_106 = ((t_103 - (t_105 * 0.69314575f)) - (t_105 * 0.0000014286068f));
        let t_107 = (t_106 * t_106);
        let t_108 = bitcast<i32>(t_104);
        let t_109 = (t_108 >> 1u);
        x_95 = (((((((0.0013814318f * (t_107 * t_107)) + ((((0.008368852f * t_106) + 0.0416684f) * t_107) + ((0.1666652f * t_106) + 0.49999994f))) * t_107) + t_106) + 1.0f) * bitcast<f32>((t_109 << 23u))) * bitcast<f32>(((t_108 + t_109 * (-1)) << 23u)));
      }
      b10_2 = x_95;
      let r_110 = b10_2;
      let t_112 = (b10_3 - r_46);
      let t_113 = ((t_112 * 1.442695f) + 12583039.0f);
      let t_114 = (rounded(t_113) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_115 = ((t_112 - (t_114 * 0.69314575f)) - (t_114 * 0.0000014286068f));
      let t_116 = (t_115 * t_115);
      var x_111 = ((((((0.0013814318f * (t_116 * t_116)) + ((((0.008368852f * t_115) + 0.0416684f) * t_116) + ((0.1666652f * t_115) + 0.49999994f))) * t_116) + t_115) + 1.0f) * bitcast<f32>((bitcast<i32>(t_113) << 23u)));
      if ((87.0f < abs(t_112))) {
        let t_117 = (b10_3 - r_46);
        let t_118 = select(t_117, 89.0f, (89.0f < t_117));
        let t_119 = select(t_118, (-104.0f), (t_118 < (-104.0f)));
        let t_120 = ((t_119 * 1.442695f) + 12583166.0f);
        let t_121 = (rounded(t_120) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_122 = ((t_119 - (t_121 * 0.69314575f)) - (t_121 * 0.0000014286068f));
        let t_123 = (t_122 * t_122);
        let t_124 = bitcast<i32>(t_120);
        let t_125 = (t_124 >> 1u);
        x_111 = (((((((0.0013814318f * (t_123 * t_123)) + ((((0.008368852f * t_122) + 0.0416684f) * t_123) + ((0.1666652f * t_122) + 0.49999994f))) * t_123) + t_122) + 1.0f) * bitcast<f32>((t_125 << 23u))) * bitcast<f32>(((t_124 + t_125 * (-1)) << 23u)));
      }
      b10_3 = x_111;
      let r_126 = b10_3;
      b12_0 = ((b12_0 * r_47) + (((r_78 + r_94) + r_110) + r_126));
      b10_4 = (b9_4 * 0.70710677f);
      let r_127 = b10_4;
      b10_5 = (b9_5 * 0.70710677f);
      let r_128 = b10_5;
      b10_6 = (b9_6 * 0.70710677f);
      let r_129 = b10_6;
      b10_7 = (b9_7 * 0.70710677f);
      let r_130 = b10_7;
      let r_131 = max_f32(b11_1, max_f32(max_f32(max_f32(r_127, r_128), r_129), r_130));
      let t_134 = (b11_1 - r_131);
      let t_135 = ((t_134 * 1.442695f) + 12583039.0f);
      let t_136 = (rounded(t_135) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_137 = ((t_134 - (t_136 * 0.69314575f)) - (t_136 * 0.0000014286068f));
      let t_138 = (t_137 * t_137);
      var x_133 = ((((((0.0013814318f * (t_138 * t_138)) + ((((0.008368852f * t_137) + 0.0416684f) * t_138) + ((0.1666652f * t_137) + 0.49999994f))) * t_138) + t_137) + 1.0f) * bitcast<f32>((bitcast<i32>(t_135) << 23u)));
      if ((87.0f < abs(t_134))) {
        let t_139 = (b11_1 - r_131);
        let t_140 = select(t_139, 89.0f, (89.0f < t_139));
        let t_141 = select(t_140, (-104.0f), (t_140 < (-104.0f)));
        let t_142 = ((t_141 * 1.442695f) + 12583166.0f);
        let t_143 = (rounded(t_142) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_144 = ((t_141 - (t_143 * 0.69314575f)) - (t_143 * 0.0000014286068f));
        let t_145 = (t_144 * t_144);
        let t_146 = bitcast<i32>(t_142);
        let t_147 = (t_146 >> 1u);
        x_133 = (((((((0.0013814318f * (t_145 * t_145)) + ((((0.008368852f * t_144) + 0.0416684f) * t_145) + ((0.1666652f * t_144) + 0.49999994f))) * t_145) + t_144) + 1.0f) * bitcast<f32>((t_147 << 23u))) * bitcast<f32>(((t_146 + t_147 * (-1)) << 23u)));
      }
      let r_132 = x_133;
      b11_1 = r_131;
      b14_1 = r_132;
      let t_149 = (b10_4 - r_131);
      let t_150 = ((t_149 * 1.442695f) + 12583039.0f);
      let t_151 = (rounded(t_150) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_152 = ((t_149 - (t_151 * 0.69314575f)) - (t_151 * 0.0000014286068f));
      let t_153 = (t_152 * t_152);
      var x_148 = ((((((0.0013814318f * (t_153 * t_153)) + ((((0.008368852f * t_152) + 0.0416684f) * t_153) + ((0.1666652f * t_152) + 0.49999994f))) * t_153) + t_152) + 1.0f) * bitcast<f32>((bitcast<i32>(t_150) << 23u)));
      if ((87.0f < abs(t_149))) {
        let t_154 = (b10_4 - r_131);
        let t_155 = select(t_154, 89.0f, (89.0f < t_154));
        let t_156 = select(t_155, (-104.0f), (t_155 < (-104.0f)));
        let t_157 = ((t_156 * 1.442695f) + 12583166.0f);
        let t_158 = (rounded(t_157) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_159 = ((t_156 - (t_158 * 0.69314575f)) - (t_158 * 0.0000014286068f));
        let t_160 = (t_159 * t_159);
        let t_161 = bitcast<i32>(t_157);
        let t_162 = (t_161 >> 1u);
        x_148 = (((((((0.0013814318f * (t_160 * t_160)) + ((((0.008368852f * t_159) + 0.0416684f) * t_160) + ((0.1666652f * t_159) + 0.49999994f))) * t_160) + t_159) + 1.0f) * bitcast<f32>((t_162 << 23u))) * bitcast<f32>(((t_161 + t_162 * (-1)) << 23u)));
      }
      b10_4 = x_148;
      let r_163 = b10_4;
      let t_165 = (b10_5 - r_131);
      let t_166 = ((t_165 * 1.442695f) + 12583039.0f);
      let t_167 = (rounded(t_166) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_168 = ((t_165 - (t_167 * 0.69314575f)) - (t_167 * 0.0000014286068f));
      let t_169 = (t_168 * t_168);
      var x_164 = ((((((0.0013814318f * (t_169 * t_169)) + ((((0.008368852f * t_168) + 0.0416684f) * t_169) + ((0.1666652f * t_168) + 0.49999994f))) * t_169) + t_168) + 1.0f) * bitcast<f32>((bitcast<i32>(t_166) << 23u)));
      if ((87.0f < abs(t_165))) {
        let t_170 = (b10_5 - r_131);
        let t_171 = select(t_170, 89.0f, (89.0f < t_170));
        let t_172 = select(t_171, (-104.0f), (t_171 < (-104.0f)));
        let t_173 = ((t_172 * 1.442695f) + 12583166.0f);
        let t_174 = (rounded(t_173) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_175 = ((t_172 - (t_174 * 0.69314575f)) - (t_174 * 0.0000014286068f));
        let t_176 = (t_175 * t_175);
        let t_177 = bitcast<i32>(t_173);
        let t_178 = (t_177 >> 1u);
        x_164 = (((((((0.0013814318f * (t_176 * t_176)) + ((((0.008368852f * t_175) + 0.0416684f) * t_176) + ((0.1666652f * t_175) + 0.49999994f))) * t_176) + t_175) + 1.0f) * bitcast<f32>((t_178 << 23u))) * bitcast<f32>(((t_177 + t_178 * (-1)) << 23u)));
      }
      b10_5 = x_164;
      let r_179 = b10_5;
      let t_181 = (b10_6 - r_131);
      let t_182 = ((t_181 * 1.442695f) + 12583039.0f);
      let t_183 = (rounded(t_182) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_184 = ((t_181 - (t_183 * 0.69314575f)) - (t_183 * 0.0000014286068f));
      let t_185 = (t_184 * t_184);
      var x_180 = ((((((0.0013814318f * (t_185 * t_185)) + ((((0.008368852f * t_184) + 0.0416684f) * t_185) + ((0.1666652f * t_184) + 0.49999994f))) * t_185) + t_184) + 1.0f) * bitcast<f32>((bitcast<i32>(t_182) << 23u)));
      if ((87.0f < abs(t_181))) {
        let t_186 = (b10_6 - r_131);
        let t_187 = select(t_186, 89.0f, (89.0f < t_186));
        let t_188 = select(t_187, (-104.0f), (t_187 < (-104.0f)));
        let t_189 = ((t_188 * 1.442695f) + 12583166.0f);
        let t_190 = (rounded(t_189) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_191 = ((t_188 - (t_190 * 0.69314575f)) - (t_190 * 0.0000014286068f));
        let t_192 = (t_191 * t_191);
        let t_193 = bitcast<i32>(t_189);
        let t_194 = (t_193 >> 1u);
        x_180 = (((((((0.0013814318f * (t_192 * t_192)) + ((((0.008368852f * t_191) + 0.0416684f) * t_192) + ((0.1666652f * t_191) + 0.49999994f))) * t_192) + t_191) + 1.0f) * bitcast<f32>((t_194 << 23u))) * bitcast<f32>(((t_193 + t_194 * (-1)) << 23u)));
      }
      b10_6 = x_180;
      let r_195 = b10_6;
      let t_197 = (b10_7 - r_131);
      let t_198 = ((t_197 * 1.442695f) + 12583039.0f);
      let t_199 = (rounded(t_198) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_200 = ((t_197 - (t_199 * 0.69314575f)) - (t_199 * 0.0000014286068f));
      let t_201 = (t_200 * t_200);
      var x_196 = ((((((0.0013814318f * (t_201 * t_201)) + ((((0.008368852f * t_200) + 0.0416684f) * t_201) + ((0.1666652f * t_200) + 0.49999994f))) * t_201) + t_200) + 1.0f) * bitcast<f32>((bitcast<i32>(t_198) << 23u)));
      if ((87.0f < abs(t_197))) {
        let t_202 = (b10_7 - r_131);
        let t_203 = select(t_202, 89.0f, (89.0f < t_202));
        let t_204 = select(t_203, (-104.0f), (t_203 < (-104.0f)));
        let t_205 = ((t_204 * 1.442695f) + 12583166.0f);
        let t_206 = (rounded(t_205) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_207 = ((t_204 - (t_206 * 0.69314575f)) - (t_206 * 0.0000014286068f));
        let t_208 = (t_207 * t_207);
        let t_209 = bitcast<i32>(t_205);
        let t_210 = (t_209 >> 1u);
        x_196 = (((((((0.0013814318f * (t_208 * t_208)) + ((((0.008368852f * t_207) + 0.0416684f) * t_208) + ((0.1666652f * t_207) + 0.49999994f))) * t_208) + t_207) + 1.0f) * bitcast<f32>((t_210 << 23u))) * bitcast<f32>(((t_209 + t_210 * (-1)) << 23u)));
      }
      b10_7 = x_196;
      let r_211 = b10_7;
      b12_1 = ((b12_1 * r_132) + (((r_163 + r_179) + r_195) + r_211));
      b13_0 = (b13_0 * b14_0);
      b13_1 = (b13_1 * b14_0);
      b13_2 = (b13_2 * b14_1);
      b13_3 = (b13_3 * b14_1);
      b15_0 = b2[(r_25 * s13 + r_12)];
      b15_1 = b2[(r_25 * s13 + r_14)];
      b13_0 = (b13_0 + (b10_0 * b15_0));
      b13_1 = (b13_1 + (b10_0 * b15_1));
      b13_2 = (b13_2 + (b10_4 * b15_0));
      b13_3 = (b13_3 + (b10_4 * b15_1));
      b15_0 = b2[(r_39 * s13 + r_12)];
      b15_1 = b2[(r_39 * s13 + r_14)];
      b13_0 = (b13_0 + (b10_1 * b15_0));
      b13_1 = (b13_1 + (b10_1 * b15_1));
      b13_2 = (b13_2 + (b10_5 * b15_0));
      b13_3 = (b13_3 + (b10_5 * b15_1));
      b15_0 = b2[(r_40 * s13 + r_12)];
      b15_1 = b2[(r_40 * s13 + r_14)];
      b13_0 = (b13_0 + (b10_2 * b15_0));
      b13_1 = (b13_1 + (b10_2 * b15_1));
      b13_2 = (b13_2 + (b10_6 * b15_0));
      b13_3 = (b13_3 + (b10_6 * b15_1));
      b15_0 = b2[(r_41 * s13 + r_12)];
      b15_1 = b2[(r_41 * s13 + r_14)];
      b13_0 = (b13_0 + (b10_3 * b15_0));
      b13_1 = (b13_1 + (b10_3 * b15_1));
      b13_2 = (b13_2 + (b10_7 * b15_0));
      b13_3 = (b13_3 + (b10_7 * b15_1));
    }
    if ((r_3 < s4)) {
      let t_212 = (r_6 * s3 + r_5);
      let t_213 = (t_212 * s4 + r_3);
      b3[(t_213 * s14)] = b13_0;
      b3[(t_213 * s14 + 1)] = b13_1;
      let r_214 = t_213;
      b4[r_214] = b11_0;
      b5[r_214] = b12_0;
    }
    let r_215 = t_8;
    if ((r_215 < s4)) {
      let t_216 = (r_6 * s3 + r_5);
      let t_217 = (t_216 * s4 + r_215);
      b3[(t_217 * s14)] = b13_2;
      b3[(t_217 * s14 + 1)] = b13_3;
      let r_218 = t_217;
      b4[r_218] = b11_1;
      b5[r_218] = b12_1;
    }
  }
}

// pass 2 of 3, 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  s6: i32,
  s7: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<storage, read_write> b3: array<f32>;
@group(0) @binding(4) var<uniform> launch: Launch;

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
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let r_3 = i32(u32(r_2) / 2u);
    let r_4 = i32(u32(r_3) / u32(s2));
    let r_5 = i32(u32(r_3) % u32(s2));
    var a_6 = float(0xff800000u);
    for (var i_7 = 0; i_7 < s3; i_7++) {
      a_6 = max_f32(a_6, b0[(i_7 * s4 + r_3)]);
    }
    var a_8 = 0.0f;
    for (var i_9 = 0; i_9 < s3; i_9++) {
      let t_10 = (i_9 * s4 + r_3);
      let t_12 = (b0[t_10] - a_6);
      let t_13 = ((t_12 * 1.442695f) + 12583039.0f);
      let t_14 = (rounded(t_13) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_15 = ((t_12 - (t_14 * 0.69314575f)) - (t_14 * 0.0000014286068f));
      let t_16 = (t_15 * t_15);
      var x_11 = ((((((0.0013814318f * (t_16 * t_16)) + ((((0.008368852f * t_15) + 0.0416684f) * t_16) + ((0.1666652f * t_15) + 0.49999994f))) * t_16) + t_15) + 1.0f) * bitcast<f32>((bitcast<i32>(t_13) << 23u)));
      if ((87.0f < abs(t_12))) {
        let t_17 = select(t_12, 89.0f, (89.0f < t_12));
        let t_18 = select(t_17, (-104.0f), (t_17 < (-104.0f)));
        let t_19 = ((t_18 * 1.442695f) + 12583166.0f);
        let t_20 = (rounded(t_19) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_21 = ((t_18 - (t_20 * 0.69314575f)) - (t_20 * 0.0000014286068f));
        let t_22 = (t_21 * t_21);
        let t_23 = bitcast<i32>(t_19);
        let t_24 = (t_23 >> 1u);
        x_11 = (((((((0.0013814318f * (t_22 * t_22)) + ((((0.008368852f * t_21) + 0.0416684f) * t_22) + ((0.1666652f * t_21) + 0.49999994f))) * t_22) + t_21) + 1.0f) * bitcast<f32>((t_24 << 23u))) * bitcast<f32>(((t_23 + t_24 * (-1)) << 23u)));
      }
      a_8 = (a_8 + (b1[t_10] * x_11));
    }
    var a_25 = 0.0f;
    for (var i_26 = 0; i_26 < s3; i_26++) {
      let t_28 = (b0[(i_26 * s4 + r_3)] - a_6);
      let t_29 = ((t_28 * 1.442695f) + 12583039.0f);
      let t_30 = (rounded(t_29) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_31 = ((t_28 - (t_30 * 0.69314575f)) - (t_30 * 0.0000014286068f));
      let t_32 = (t_31 * t_31);
      var x_27 = ((((((0.0013814318f * (t_32 * t_32)) + ((((0.008368852f * t_31) + 0.0416684f) * t_32) + ((0.1666652f * t_31) + 0.49999994f))) * t_32) + t_31) + 1.0f) * bitcast<f32>((bitcast<i32>(t_29) << 23u)));
      if ((87.0f < abs(t_28))) {
        let t_33 = select(t_28, 89.0f, (89.0f < t_28));
        let t_34 = select(t_33, (-104.0f), (t_33 < (-104.0f)));
        let t_35 = ((t_34 * 1.442695f) + 12583166.0f);
        let t_36 = (rounded(t_35) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_37 = ((t_34 - (t_36 * 0.69314575f)) - (t_36 * 0.0000014286068f));
        let t_38 = (t_37 * t_37);
        let t_39 = bitcast<i32>(t_35);
        let t_40 = (t_39 >> 1u);
        x_27 = (((((((0.0013814318f * (t_38 * t_38)) + ((((0.008368852f * t_37) + 0.0416684f) * t_38) + ((0.1666652f * t_37) + 0.49999994f))) * t_38) + t_37) + 1.0f) * bitcast<f32>((t_40 << 23u))) * bitcast<f32>(((t_39 + t_40 * (-1)) << 23u)));
      }
      a_25 = (a_25 + (b2[(i_26 * s5 + r_2)] * x_27));
    }
    let r_41 = i32(u32(r_2) % 2u);
    let r_42 = select((1.0f / a_8), 0.0f, (a_8 == 0.0f));
    let r_43 = (a_25 * r_42);
    b3[(r_4 * s6 + r_5 * s7 + r_41)] = r_43;
  }
}

// pass 3 of 3, 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let s4 = launch.s4;
  let s5 = launch.s5;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let r_3 = i32(u32(r_2) / u32(s2));
    let r_4 = i32(u32(r_2) % u32(s2));
    var a_5 = float(0xff800000u);
    for (var i_6 = 0; i_6 < s3; i_6++) {
      a_5 = max_f32(a_5, b0[(i_6 * s4 + r_2)]);
    }
    var a_7 = 0.0f;
    for (var i_8 = 0; i_8 < s3; i_8++) {
      let t_9 = (i_8 * s4 + r_2);
      let t_11 = (b0[t_9] - a_5);
      let t_12 = ((t_11 * 1.442695f) + 12583039.0f);
      let t_13 = (rounded(t_12) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_14 = ((t_11 - (t_13 * 0.69314575f)) - (t_13 * 0.0000014286068f));
      let t_15 = (t_14 * t_14);
      var x_10 = ((((((0.0013814318f * (t_15 * t_15)) + ((((0.008368852f * t_14) + 0.0416684f) * t_15) + ((0.1666652f * t_14) + 0.49999994f))) * t_15) + t_14) + 1.0f) * bitcast<f32>((bitcast<i32>(t_12) << 23u)));
      if ((87.0f < abs(t_11))) {
        let t_16 = select(t_11, 89.0f, (89.0f < t_11));
        let t_17 = select(t_16, (-104.0f), (t_16 < (-104.0f)));
        let t_18 = ((t_17 * 1.442695f) + 12583166.0f);
        let t_19 = (rounded(t_18) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_20 = ((t_17 - (t_19 * 0.69314575f)) - (t_19 * 0.0000014286068f));
        let t_21 = (t_20 * t_20);
        let t_22 = bitcast<i32>(t_18);
        let t_23 = (t_22 >> 1u);
        x_10 = (((((((0.0013814318f * (t_21 * t_21)) + ((((0.008368852f * t_20) + 0.0416684f) * t_21) + ((0.1666652f * t_20) + 0.49999994f))) * t_21) + t_20) + 1.0f) * bitcast<f32>((t_23 << 23u))) * bitcast<f32>(((t_22 + t_23 * (-1)) << 23u)));
      }
      a_7 = (a_7 + (b1[t_9] * x_10));
    }
    let t_26 = bitcast<i32>(a_7);
    let t_27 = ((t_26 + (-1060439283)) >> 23u);
    let t_28 = (bitcast<f32>((t_26 + (t_27 << 23u) * (-1))) - 1.0f);
    let t_29 = (t_28 * t_28);
    let t_30 = (t_29 * t_29);
    let t_31 = f32(t_27);
    var x_25 = ((t_28 + (((((0.070376836f * (t_30 * t_30)) + (((((((-0.1151461f) * t_28) + 0.11676998436450958f) * t_29) + (((-0.12420141f) * t_28) + 0.14249323f)) * t_30) + (((((-0.16668057f) * t_28) + 0.20000714f) * t_29) + (((-0.24999994f) * t_28) + 0.3333333f)))) * (t_28 * rounded(t_29))) + (t_31 * (-0.00021219444f))) - (t_29 * 0.5f))) + (t_31 * 0.6933594f));
    if (((t_26 < 8388608) | (2139095040 <= t_26))) {
      var x_32 = select(float(0x7fc00000u), float(0xff800000u), (a_7 == 0.0f));
      if ((0.0f < a_7)) {
        let t_33 = (a_7 < 1.1754944e-38f);
        let t_34 = bitcast<i32>(select(a_7, (a_7 * 8388608.0f), t_33));
        let t_35 = ((t_34 + (-1060439283)) >> 23u);
        let t_36 = (bitcast<f32>((t_34 + (t_35 << 23u) * (-1))) - 1.0f);
        let t_37 = (t_36 * t_36);
        let t_38 = (t_37 * t_37);
        let t_39 = (f32(t_35) - select(0.0f, 23.0f, t_33));
        x_32 = select(((t_36 + (((((0.070376836f * (t_38 * t_38)) + (((((((-0.1151461f) * t_36) + 0.11676998436450958f) * t_37) + (((-0.12420141f) * t_36) + 0.14249323f)) * t_38) + (((((-0.16668057f) * t_36) + 0.20000714f) * t_37) + (((-0.24999994f) * t_36) + 0.3333333f)))) * (t_36 * rounded(t_37))) + (t_39 * (-0.00021219444f))) - (t_37 * 0.5f))) + (t_39 * 0.6933594f)), a_7, (a_7 == float(0x7f800000u)));
      }
      x_25 = x_32;
    }
    let r_24 = (a_5 + x_25);
    b2[(r_3 * s5 + r_4)] = r_24;
  }
}
