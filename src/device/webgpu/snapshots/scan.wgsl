// contiguous
// 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
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
    let t_3 = (r_2 * 4);
    let v_4 = b0[t_3 >> 2u];
    b1[t_3 >> 2u] = v_4;
  }
}

// add tanh
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

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let s4 = launch.s4;
  let s5 = launch.s5;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s1) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s2)) {
    let t_3 = (s0 * s5 + r_2 * 4);
    let v_4 = b0[t_3 >> 2u];
    let v_5 = b1[t_3 >> 2u];
    let t_6 = (v_4.x + v_5.x);
    let t_7 = abs(t_6);
    let t_8 = select(t_7, 9.1f, (9.1f < t_7));
    let t_9 = (t_8 + t_8);
    let t_10 = ((t_9 * 1.442695f) + 12583039.0f);
    let t_11 = (rounded(t_10) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_12 = ((t_9 - (t_11 * 0.69314575f)) - (t_11 * 0.0000014286068f));
    let t_13 = (t_12 * t_12);
    let t_14 = bitcast<f32>((bitcast<i32>(t_10) << 23u));
    let t_15 = ((((((0.0013814318f * (t_13 * t_13)) + ((((0.008368852f * t_12) + 0.0416684f) * t_13) + ((0.1666652f * t_12) + 0.49999994f))) * t_13) + t_12) * t_14) + (t_14 - 1.0f));
    let t_16 = (v_4.y + v_5.y);
    let t_17 = abs(t_16);
    let t_18 = select(t_17, 9.1f, (9.1f < t_17));
    let t_19 = (t_18 + t_18);
    let t_20 = ((t_19 * 1.442695f) + 12583039.0f);
    let t_21 = (rounded(t_20) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_22 = ((t_19 - (t_21 * 0.69314575f)) - (t_21 * 0.0000014286068f));
    let t_23 = (t_22 * t_22);
    let t_24 = bitcast<f32>((bitcast<i32>(t_20) << 23u));
    let t_25 = ((((((0.0013814318f * (t_23 * t_23)) + ((((0.008368852f * t_22) + 0.0416684f) * t_23) + ((0.1666652f * t_22) + 0.49999994f))) * t_23) + t_22) * t_24) + (t_24 - 1.0f));
    let t_26 = (v_4.z + v_5.z);
    let t_27 = abs(t_26);
    let t_28 = select(t_27, 9.1f, (9.1f < t_27));
    let t_29 = (t_28 + t_28);
    let t_30 = ((t_29 * 1.442695f) + 12583039.0f);
    let t_31 = (rounded(t_30) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_32 = ((t_29 - (t_31 * 0.69314575f)) - (t_31 * 0.0000014286068f));
    let t_33 = (t_32 * t_32);
    let t_34 = bitcast<f32>((bitcast<i32>(t_30) << 23u));
    let t_35 = ((((((0.0013814318f * (t_33 * t_33)) + ((((0.008368852f * t_32) + 0.0416684f) * t_33) + ((0.1666652f * t_32) + 0.49999994f))) * t_33) + t_32) * t_34) + (t_34 - 1.0f));
    let t_36 = (v_4.w + v_5.w);
    let t_37 = abs(t_36);
    let t_38 = select(t_37, 9.1f, (9.1f < t_37));
    let t_39 = (t_38 + t_38);
    let t_40 = ((t_39 * 1.442695f) + 12583039.0f);
    let t_41 = (rounded(t_40) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_42 = ((t_39 - (t_41 * 0.69314575f)) - (t_41 * 0.0000014286068f));
    let t_43 = (t_42 * t_42);
    let t_44 = bitcast<f32>((bitcast<i32>(t_40) << 23u));
    let t_45 = ((((((0.0013814318f * (t_43 * t_43)) + ((((0.008368852f * t_42) + 0.0416684f) * t_43) + ((0.1666652f * t_42) + 0.49999994f))) * t_43) + t_42) * t_44) + (t_44 - 1.0f));
    b0[(s0 * s3 + r_2 * 4 + s4) >> 2u] = vec4<f32>(bitcast<f32>((bitcast<i32>((t_15 / (t_15 + 2.0f))) | (bitcast<i32>(t_6) & i32(-2147483648)))), bitcast<f32>((bitcast<i32>((t_25 / (t_25 + 2.0f))) | (bitcast<i32>(t_16) & i32(-2147483648)))), bitcast<f32>((bitcast<i32>((t_35 / (t_35 + 2.0f))) | (bitcast<i32>(t_26) & i32(-2147483648)))), bitcast<f32>((bitcast<i32>((t_45 / (t_45 + 2.0f))) | (bitcast<i32>(t_36) & i32(-2147483648)))));
  }
}

// slice
// 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let v_3 = b0[(r_2 * 4 + s2) >> 2u];
    b1[(r_2 * 4) >> 2u] = v_3;
  }
}
