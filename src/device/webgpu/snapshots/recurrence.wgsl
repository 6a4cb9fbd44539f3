// recurrence
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
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let t_3 = (r_2 * s2);
    b2[t_3] = b0[t_3];
    for (var i_4 = 0; i_4 < 4; i_4++) {
      let t_6 = (i_4 * s3 + r_2 * s4 + s5);
      let r_5 = ((b1[t_6] * b2[(i_4 * s6 + r_2 * s7)]) + b0[t_6]);
      b2[t_6] = r_5;
      let t_8 = (i_4 * s8 + r_2 * s9 + s10);
      let r_7 = ((b1[t_8] * r_5) + b0[t_8]);
      b2[t_8] = r_7;
      let t_10 = (i_4 * s11 + r_2 * s12 + s13);
      let r_9 = ((b1[t_10] * r_7) + b0[t_10]);
      b2[t_10] = r_9;
      let t_12 = (i_4 * s14 + r_2 * s15 + s16);
      let r_11 = ((b1[t_12] * r_9) + b0[t_12]);
      b2[t_12] = r_11;
      let t_14 = (i_4 * s17 + r_2 * s18 + s19);
      let r_13 = ((b1[t_14] * r_11) + b0[t_14]);
      b2[t_14] = r_13;
      let t_16 = (i_4 * s20 + r_2 * s21 + s22);
      let r_15 = ((b1[t_16] * r_13) + b0[t_16]);
      b2[t_16] = r_15;
      let t_18 = (i_4 * s23 + r_2 * s24 + s25);
      let r_17 = ((b1[t_18] * r_15) + b0[t_18]);
      b2[t_18] = r_17;
      let t_20 = (i_4 * s26 + r_2 * s27 + s28);
      let r_19 = ((b1[t_20] * r_17) + b0[t_20]);
      b2[t_20] = r_19;
    }
    for (var i_21 = 0; i_21 < 7; i_21++) {
      let t_23 = (i_21 + r_2 * s29 + s30);
      let r_22 = ((b1[t_23] * b2[(i_21 + r_2 * s31 + s32)]) + b0[t_23]);
      b2[t_23] = r_22;
    }
  }
}
