// pass 1 of 3, 2 workgroups
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
  var b6_8: f32;
  var b6_9: f32;
  var b6_10: f32;
  var b6_11: f32;
  var b6_12: f32;
  var b6_13: f32;
  var b6_14: f32;
  var b6_15: f32;
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
  var b8_16: f32;
  var b8_17: f32;
  var b8_18: f32;
  var b8_19: f32;
  var b8_20: f32;
  var b8_21: f32;
  var b8_22: f32;
  var b8_23: f32;
  var b8_24: f32;
  var b8_25: f32;
  var b8_26: f32;
  var b8_27: f32;
  var b8_28: f32;
  var b8_29: f32;
  var b8_30: f32;
  var b8_31: f32;
  var b9: array<f32, 16>;
  var b10: array<f32, 16>;
  var b11: array<f32, 2>;
  var b12: array<f32, 2>;
  var b13: array<f32, 4>;
  var b14: array<f32, 2>;
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
  let r_2 = (i_0 * 4 + i_1);
  if ((r_2 < s1)) {
    let r_3 = (i32(u32(r_2) % u32(s2)) * 2);
    let r_4 = i32(u32(r_2) / u32(s2));
    let r_5 = i32(u32(r_4) % u32(s3));
    let r_6 = i32(u32(r_4) / u32(s3));
    let t_8 = (s4 + (-1));
    let t_9 = min((r_3 + 1), t_8);
    let r_7 = t_9;
    let r_10 = min((0 | i32(launch.zero)), (1 | i32(launch.zero)));
    let r_11 = (r_5 * s5 + r_10);
    let r_12 = min((1 | i32(launch.zero)), (1 | i32(launch.zero)));
    let r_13 = (r_5 * s5 + r_12);
    let r_14 = min(r_3, t_8);
    let r_15 = (r_5 * s6 + r_14 * s7);
    let r_16 = t_9;
    let r_17 = (r_5 * s6 + r_16 * s7);
    let r_18 = (r_6 * s8);
    let r_19 = max((min((r_18 + s8), s9) + r_18 * (-1)), 0);
    for (var i_20 = 0; i_20 < 2; i_20++) {
      b11[i_20] = (-3.4028234663852886e+38f);
    }
    for (var i_21 = 0; i_21 < 2; i_21++) {
      b12[i_21] = 0.0f;
    }
    for (var i_22 = 0; i_22 < 4; i_22++) {
      b13[i_22] = 0.0f;
    }
    for (var i_23 = 0; i_23 < r_19; i_23++) {
      let r_24 = (r_18 * 8 + i_23 * 8);
      let t_26 = (s10 + (-1));
      let r_25 = min(r_24, t_26);
      let r_27 = (r_5 * s11 + r_25 * s12);
      let r_28 = min((r_24 + 1), t_26);
      let r_29 = (r_5 * s11 + r_28 * s12);
      let r_30 = min((r_24 + 2), t_26);
      let r_31 = (r_5 * s11 + r_30 * s12);
      let r_32 = min((r_24 + 3), t_26);
      let r_33 = (r_5 * s11 + r_32 * s12);
      let r_34 = min((r_24 + 4), t_26);
      let r_35 = (r_5 * s11 + r_34 * s12);
      let r_36 = min((r_24 + 5), t_26);
      let r_37 = (r_5 * s11 + r_36 * s12);
      let r_38 = min((r_24 + 6), t_26);
      let r_39 = (r_5 * s11 + r_38 * s12);
      let r_40 = min((r_24 + 7), t_26);
      let r_41 = (r_5 * s11 + r_40 * s12);
      b6_0 = 0.0f;
      b6_1 = 0.0f;
      b6_2 = 0.0f;
      b6_3 = 0.0f;
      b6_4 = 0.0f;
      b6_5 = 0.0f;
      b6_6 = 0.0f;
      b6_7 = 0.0f;
      b6_8 = 0.0f;
      b6_9 = 0.0f;
      b6_10 = 0.0f;
      b6_11 = 0.0f;
      b6_12 = 0.0f;
      b6_13 = 0.0f;
      b6_14 = 0.0f;
      b6_15 = 0.0f;
      for (var i_42 = 0; i_42 < 2; i_42++) {
        b7_0 = b0[(i_42 + r_15)];
        b7_1 = b0[(i_42 + r_17)];
        b8_0 = b1[(i_42 + r_27)];
        b8_1 = b1[(i_42 + r_29)];
        b8_2 = b1[(i_42 + r_31)];
        b8_3 = b1[(i_42 + r_33)];
        b8_4 = b1[(i_42 + r_35)];
        b8_5 = b1[(i_42 + r_37)];
        b8_6 = b1[(i_42 + r_39)];
        b8_7 = b1[(i_42 + r_41)];
        b6_0 = (b6_0 + (b7_0 * b8_0));
        b6_1 = (b6_1 + (b7_0 * b8_1));
        b6_2 = (b6_2 + (b7_0 * b8_2));
        b6_3 = (b6_3 + (b7_0 * b8_3));
        b6_4 = (b6_4 + (b7_0 * b8_4));
        b6_5 = (b6_5 + (b7_0 * b8_5));
        b6_6 = (b6_6 + (b7_0 * b8_6));
        b6_7 = (b6_7 + (b7_0 * b8_7));
        b6_8 = (b6_8 + (b7_1 * b8_0));
        b6_9 = (b6_9 + (b7_1 * b8_1));
        b6_10 = (b6_10 + (b7_1 * b8_2));
        b6_11 = (b6_11 + (b7_1 * b8_3));
        b6_12 = (b6_12 + (b7_1 * b8_4));
        b6_13 = (b6_13 + (b7_1 * b8_5));
        b6_14 = (b6_14 + (b7_1 * b8_6));
        b6_15 = (b6_15 + (b7_1 * b8_7));
      }
      b9[0] = b6_0;
      b9[1] = b6_1;
      b9[2] = b6_2;
      b9[3] = b6_3;
      b9[4] = b6_4;
      b9[5] = b6_5;
      b9[6] = b6_6;
      b9[7] = b6_7;
      b9[8] = b6_8;
      b9[9] = b6_9;
      b9[10] = b6_10;
      b9[11] = b6_11;
      b9[12] = b6_12;
      b9[13] = b6_13;
      b9[14] = b6_14;
      b9[15] = b6_15;
      for (var i_43 = 0; i_43 < 2; i_43++) {
        let r_44 = min((r_3 + i_43), t_8);
        var a_45 = float(0xff800000u);
        for (var i_46 = 0; i_46 < 8; i_46++) {
          let r_47 = (r_24 + i_46);
          let t_48 = (i_43 * 8 + i_46);
          b10[t_48] = (b9[t_48] * 0.70710677f);
          a_45 = max_f32(a_45, b10[t_48]);
        }
        let t_50 = b11[i_43];
        let r_49 = max_f32(t_50, a_45);
        let t_53 = (t_50 - r_49);
        let t_54 = ((t_53 * 1.442695f) + 12583039.0f);
        let t_55 = (rounded(t_54) - bitcast<f32>(0x4b40007fu | launch.zero));
        let t_56 = ((t_53 - (t_55 * 0.69314575f)) - (t_55 * 0.0000014286068f));
        let t_57 = (t_56 * t_56);
        var x_52 = ((((((0.0013814318f * (t_57 * t_57)) + ((((0.008368852f * t_56) + 0.0416684f) * t_57) + ((0.1666652f * t_56) + 0.49999994f))) * t_57) + t_56) + 1.0f) * bitcast<f32>((bitcast<i32>(t_54) << 23u)));
        if ((87.0f < abs(t_53))) {
          let t_58 = b11[i_43];
          let t_59 = (t_58 - r_49);
          let t_60 = select(t_59, 89.0f, (89.0f < t_59));
          let t_61 = select(t_60, (-104.0f), (t_60 < (-104.0f)));
          let t_62 = ((t_61 * 1.442695f) + 12583166.0f);
          let t_63 = (rounded(t_62) - bitcast<f32>(0x4b4000feu | launch.zero));
          let t_64 = ((t_61 - (t_63 * 0.69314575f)) - (t_63 * 0.0000014286068f));
          let t_65 = (t_64 * t_64);
          let t_66 = bitcast<i32>(t_62);
          let t_67 = (t_66 >> 1u);
          x_52 = (((((((0.0013814318f * (t_65 * t_65)) + ((((0.008368852f * t_64) + 0.0416684f) * t_65) + ((0.1666652f * t_64) + 0.49999994f))) * t_65) + t_64) + 1.0f) * bitcast<f32>((t_67 << 23u))) * bitcast<f32>(((t_66 + t_67 * (-1)) << 23u)));
        }
        let r_51 = x_52;
        b11[i_43] = r_49;
        b14[i_43] = r_51;
        var a_68 = 0.0f;
        for (var i_69 = 0; i_69 < 8; i_69++) {
          let t_71 = (i_43 * 8 + i_69);
          let t_72 = b10[t_71];
          let t_73 = (t_72 - r_49);
          let t_74 = ((t_73 * 1.442695f) + 12583039.0f);
          let t_75 = (rounded(t_74) - bitcast<f32>(0x4b40007fu | launch.zero));
          let t_76 = ((t_73 - (t_75 * 0.69314575f)) - (t_75 * 0.0000014286068f));
          let t_77 = (t_76 * t_76);
          var x_70 = ((((((0.0013814318f * (t_77 * t_77)) + ((((0.008368852f * t_76) + 0.0416684f) * t_77) + ((0.1666652f * t_76) + 0.49999994f))) * t_77) + t_76) + 1.0f) * bitcast<f32>((bitcast<i32>(t_74) << 23u)));
          if ((87.0f < abs(t_73))) {
            let t_78 = b10[t_71];
            let t_79 = (t_78 - r_49);
            let t_80 = select(t_79, 89.0f, (89.0f < t_79));
            let t_81 = select(t_80, (-104.0f), (t_80 < (-104.0f)));
            let t_82 = ((t_81 * 1.442695f) + 12583166.0f);
            let t_83 = (rounded(t_82) - bitcast<f32>(0x4b4000feu | launch.zero));
            let t_84 = ((t_81 - (t_83 * 0.69314575f)) - (t_83 * 0.0000014286068f));
            let t_85 = (t_84 * t_84);
            let t_86 = bitcast<i32>(t_82);
            let t_87 = (t_86 >> 1u);
            x_70 = (((((((0.0013814318f * (t_85 * t_85)) + ((((0.008368852f * t_84) + 0.0416684f) * t_85) + ((0.1666652f * t_84) + 0.49999994f))) * t_85) + t_84) + 1.0f) * bitcast<f32>((t_87 << 23u))) * bitcast<f32>(((t_86 + t_87 * (-1)) << 23u)));
          }
          b10[t_71] = x_70;
          let t_88 = b10[t_71];
          a_68 = (a_68 + t_88);
        }
        b12[i_43] = ((b12[i_43] * r_51) + a_68);
      }
      for (var i_89 = 0; i_89 < 2; i_89++) {
        for (var i_90 = 0; i_90 < 2; i_90++) {
          let t_91 = (i_89 * 2 + i_90);
          b13[t_91] = (b13[t_91] * b14[i_89]);
        }
      }
      for (var i_92 = 0; i_92 < 8; i_92++) {
        let r_93 = (r_24 + i_92);
        b15_0 = b2[(r_93 * s13 + r_11)];
        b15_1 = b2[(r_93 * s13 + r_13)];
        let t_94 = b10[i_92];
        b13[0] = (b13[0] + (t_94 * b15_0));
        b13[1] = (b13[1] + (t_94 * b15_1));
        let t_95 = b10[(i_92 + 8)];
        b13[2] = (b13[2] + (t_95 * b15_0));
        b13[3] = (b13[3] + (t_95 * b15_1));
      }
    }
    for (var i_96 = 0; i_96 < 2; i_96++) {
      let r_97 = (r_3 + i_96);
      if ((r_97 < s4)) {
        for (var i_98 = 0; i_98 < 2; i_98++) {
          let r_99 = (i_96 * 2 + i_98);
          let t_100 = ((r_6 * s3 + r_5) * s4 + r_97);
          b3[(t_100 * s14 + i_98)] = b13[r_99];
        }
        let t_102 = ((r_6 * s3 + r_5) * s4 + r_97);
        let r_101 = t_102;
        b4[r_101] = b11[i_96];
        b5[r_101] = b12[i_96];
      }
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
