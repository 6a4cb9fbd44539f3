// argmax
// pass 1 of 2, 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<i32>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < s1)) {
    let r_3 = (r_2 * s2);
    let r_4 = (s3 + r_3 * (-1));
    let r_5 = max(min(r_4, s2), 0);
    var a_6 = float(0xff800000u);
    var a_7 = float(0xff800000u);
    var a_8 = (-1);
    for (var i_9 = 0; i_9 < r_5; i_9++) {
      let r_10 = (r_3 + i_9);
      let t_11 = b0[r_10];
      a_6 = max_f32(a_6, t_11);
      let c_12 = t_11;
      let m_13 = (((a_7 < c_12) | (is_nan(c_12) & (!is_nan(a_7)))) | (a_8 < 0));
      a_7 = select(a_7, c_12, m_13);
      a_8 = select(a_8, r_10, m_13);
    }
    let r_14 = (0 < r_5);
    b1[r_2] = a_6;
    b2[r_2] = select(2147483647, max(a_8, 0), r_14);
  }
}

// pass 2 of 2, 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
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
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = (i_0 * 64 + i_1);
  if ((r_2 < 1)) {
    var a_3 = float(0xff800000u);
    for (var i_4 = 0; i_4 < s1; i_4++) {
      a_3 = max_f32(a_3, b0[(i_4 + r_2)]);
    }
    var a_5 = 2147483647;
    for (var i_6 = 0; i_6 < s1; i_6++) {
      let t_8 = (i_6 + r_2);
      let r_7 = b0[t_8];
      let r_9 = b1[t_8];
      a_5 = min(a_5, select(2147483647, r_9, ((r_7 == a_3) | ((2139095040u < (bitcast<u32>(r_7) & 2147483647u)) & (2139095040u < (bitcast<u32>(a_3) & 2147483647u))))));
    }
    b2[0] = a_5;
  }
}
