// max reshape×2 expand×2 sub exp sum div
// 1 workgroup
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
    var a_3 = float(0xff800000u);
    for (var i_4 = 0; i_4 < s2; i_4++) {
      let t_5 = (r_2 * s3 + i_4);
      let t_6 = b0[t_5];
      a_3 = max_f32(a_3, t_6);
    }
    var a_7 = 0.0f;
    for (var i_8 = 0; i_8 < s4; i_8++) {
      let t_10 = (r_2 * s3 + i_8);
      let t_11 = b0[t_10];
      let t_12 = (t_11 - a_3);
      let t_13 = ((t_12 * 1.442695f) + 12583039.0f);
      let t_14 = (rounded(t_13) - bitcast<f32>(0x4b40007fu | launch.zero));
      let t_15 = ((t_12 - (t_14 * 0.69314575f)) - (t_14 * 0.0000014286068f));
      let t_16 = (t_15 * t_15);
      var x_9 = ((((((0.0013814318f * (t_16 * t_16)) + ((((0.008368852f * t_15) + 0.0416684f) * t_16) + ((0.1666652f * t_15) + 0.49999994f))) * t_16) + t_15) + 1.0f) * bitcast<f32>((bitcast<i32>(t_13) << 23u)));
      if ((87.0f < abs(t_12))) {
        let t_17 = select(t_12, 89.0f, (89.0f < t_12));
        let t_18 = select(t_17, (-104.0f), (t_17 < (-104.0f)));
        let t_19 = ((t_18 * 1.442695f) + 12583166.0f);
        let t_20 = (rounded(t_19) - bitcast<f32>(0x4b4000feu | launch.zero));
        let t_21 = ((t_18 - (t_20 * 0.69314575f)) - (t_20 * 0.0000014286068f));
        let t_22 = (t_21 * t_21);
        let t_23 = bitcast<i32>(t_19);
        let t_24 = (t_23 >> 1u);
        x_9 = (((((((0.0013814318f * (t_22 * t_22)) + ((((0.008368852f * t_21) + 0.0416684f) * t_22) + ((0.1666652f * t_21) + 0.49999994f))) * t_22) + t_21) + 1.0f) * bitcast<f32>((t_24 << 23u))) * bitcast<f32>(((t_23 + t_24 * (-1)) << 23u)));
      }
      let t_25 = x_9;
      let t_26 = (i_8 * s1 + r_2);
      b1[t_26] = t_25;
      a_7 = (a_7 + t_25);
    }
    for (var i_27 = 0; i_27 < s5; i_27++) {
      let t_28 = (i_27 * s1 + r_2);
      let t_29 = (r_2 * s3 + i_27);
      b2[t_29] = (b1[t_28] / a_7);
    }
  }
}
