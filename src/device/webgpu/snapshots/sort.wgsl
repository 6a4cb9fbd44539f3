// contiguous
// 3 workgroups
struct Launch {
  s0: i32,
  s1: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    b1[r_2] = b0[r_2];
  }
}

// countRuns
// 1 workgroup
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
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
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
  let s11 = launch.s11;
  let s12 = launch.s12;
  let s13 = launch.s13;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    for (var i_3 = 0; i_3 < s2; i_3++) {
      let t_4 = i32(u32(r_2) % u32(s3));
      let t_5 = (i_3 + t_4 * s4);
      if ((t_5 < s5)) {
        var a_6 = 0;
        for (var i_7 = 0; i_7 < s6; i_7++) {
          let t_8 = (i_7 + t_4 * s7);
          let t_9 = i32(u32(r_2) / u32(s9));
          let t_10 = b0[(t_9 * s10 + min(t_5, 49))];
          let t_11 = b0[(t_9 * s11 + min(t_8, 49))];
          a_6 = (a_6 + select(0, 1, ((t_8 < s8) & select(((t_11 < t_10) | ((!is_nan(t_11)) & is_nan(t_10))), (!((t_10 < t_11) | ((!is_nan(t_10)) & is_nan(t_11)))), (i_7 < i_3)))));
        }
        let t_12 = i32(u32(r_2) / u32(s9));
        b1[(a_6 + t_12 * s12 + t_4 * s13)] = t_5;
      }
    }
  }
}

// mergeRuns
// 3 workgroups
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
  s19: i32,
  s20: i32,
  s21: i32,
  s22: i32,
  s23: i32,
  s24: i32,
  s25: i32,
  s26: i32,
  s27: i32,
  s28: i32,
  s29: i32,
  s30: i32,
  s31: i32,
  s32: i32,
  s33: i32,
  s34: i32,
  s35: i32,
  s36: i32,
  s37: i32,
  s38: i32,
  s39: i32,
  s40: i32,
  s41: i32,
  s42: i32,
  s43: i32,
  s44: i32,
  s45: i32,
  s46: i32,
  s47: i32,
  s48: i32,
  s49: i32,
  s50: i32,
  s51: i32,
  s52: i32,
  s53: i32,
  s54: i32,
  s55: i32,
  s56: i32,
  s57: i32,
  s58: i32,
  s59: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
@group(0) @binding(2) var<storage, read_write> b2: array<i32>;
@group(0) @binding(3) var<uniform> launch: Launch;

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
  let s15 = launch.s15;
  let s16 = launch.s16;
  let s17 = launch.s17;
  let s18 = launch.s18;
  let s19 = launch.s19;
  let s20 = launch.s20;
  let s21 = launch.s21;
  let s22 = launch.s22;
  let s23 = launch.s23;
  let s24 = launch.s24;
  let s25 = launch.s25;
  let s26 = launch.s26;
  let s27 = launch.s27;
  let s28 = launch.s28;
  let s29 = launch.s29;
  let s30 = launch.s30;
  let s31 = launch.s31;
  let s32 = launch.s32;
  let s33 = launch.s33;
  let s34 = launch.s34;
  let s35 = launch.s35;
  let s36 = launch.s36;
  let s37 = launch.s37;
  let s38 = launch.s38;
  let s39 = launch.s39;
  let s40 = launch.s40;
  let s41 = launch.s41;
  let s42 = launch.s42;
  let s43 = launch.s43;
  let s44 = launch.s44;
  let s45 = launch.s45;
  let s46 = launch.s46;
  let s47 = launch.s47;
  let s48 = launch.s48;
  let s49 = launch.s49;
  let s50 = launch.s50;
  let s51 = launch.s51;
  let s52 = launch.s52;
  let s53 = launch.s53;
  let s54 = launch.s54;
  let s55 = launch.s55;
  let s56 = launch.s56;
  let s57 = launch.s57;
  let s58 = launch.s58;
  let s59 = launch.s59;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let t_3 = i32(u32(r_2) % u32(s2));
    let t_4 = max((t_3 + s3), 0);
    let t_5 = (t_4 + s4);
    let t_6 = min(t_3, 32);
    let t_7 = i32(u32(r_2) / u32(s5));
    let t_8 = b0[(t_7 * s6 + max(min(b1[(t_7 * s7 + max((t_3 + t_4 * s8), 0))], 49), 0))];
    let t_9 = b0[(t_7 * s9 + max(min(b1[(t_7 * s10 + min((t_4 + s11), 49))], 49), 0))];
    let t_10 = select(t_4, t_5, ((t_5 <= t_6) & (!((t_8 < t_9) | ((!is_nan(t_8)) & is_nan(t_9))))));
    let t_11 = (t_10 + s12);
    let t_12 = b0[(t_7 * s13 + max(min(b1[(t_7 * s14 + max(min((t_3 + t_10 * s15 + s16), 49), 0))], 49), 0))];
    let t_13 = b0[(t_7 * s17 + max(min(b1[(t_7 * s18 + min((t_10 + s19), 49))], 49), 0))];
    let t_14 = select(t_10, t_11, ((t_11 <= t_6) & (!((t_12 < t_13) | ((!is_nan(t_12)) & is_nan(t_13))))));
    let t_15 = (t_14 + s20);
    let t_16 = b0[(t_7 * s21 + max(min(b1[(t_7 * s22 + max(min((t_3 + t_14 * s23 + s24), 49), 0))], 49), 0))];
    let t_17 = b0[(t_7 * s25 + max(min(b1[(t_7 * s26 + min((t_14 + s27), 49))], 49), 0))];
    let t_18 = select(t_14, t_15, ((t_15 <= t_6) & (!((t_16 < t_17) | ((!is_nan(t_16)) & is_nan(t_17))))));
    let t_19 = (t_18 + s28);
    let t_20 = b0[(t_7 * s29 + max(min(b1[(t_7 * s30 + max(min((t_3 + t_18 * s31 + s32), 49), 0))], 49), 0))];
    let t_21 = b0[(t_7 * s33 + max(min(b1[(t_7 * s34 + min((t_18 + s35), 49))], 49), 0))];
    let t_22 = select(t_18, t_19, ((t_19 <= t_6) & (!((t_20 < t_21) | ((!is_nan(t_20)) & is_nan(t_21))))));
    let t_23 = (t_22 + s36);
    let t_24 = b0[(t_7 * s37 + max(min(b1[(t_7 * s38 + max(min((t_3 + t_22 * s39 + s40), 49), 0))], 49), 0))];
    let t_25 = b0[(t_7 * s41 + max(min(b1[(t_7 * s42 + min((t_22 + s43), 49))], 49), 0))];
    let t_26 = select(t_22, t_23, ((t_23 <= t_6) & (!((t_24 < t_25) | ((!is_nan(t_24)) & is_nan(t_25))))));
    let t_27 = (t_26 + s44);
    let t_28 = b0[(t_7 * s45 + max(min(b1[(t_7 * s46 + max(min((t_3 + t_26 * s47 + s48), 49), 0))], 49), 0))];
    let t_29 = b0[(t_7 * s49 + max(min(b1[(t_7 * s50 + min(t_26, 49))], 49), 0))];
    let t_30 = select(t_26, t_27, ((t_27 <= t_6) & (!((t_28 < t_29) | ((!is_nan(t_28)) & is_nan(t_29))))));
    let t_31 = b1[(t_7 * s55 + max(min((t_3 + t_30 * s56 + s57), 49), 0))];
    let t_32 = b0[(t_7 * s54 + max(min(t_31, 49), 0))];
    let t_33 = b1[(t_7 * s59 + min(t_30, 49))];
    let t_34 = b0[(t_7 * s58 + max(min(t_33, 49), 0))];
    b2[r_2] = select(t_31, t_33, ((t_30 < s51) & ((s52 <= (t_3 + t_30 * s53)) | (!((t_32 < t_34) | ((!is_nan(t_32)) & is_nan(t_34)))))));
  }
}
