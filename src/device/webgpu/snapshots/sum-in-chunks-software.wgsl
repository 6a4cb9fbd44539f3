// sum
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
@group(0) @binding(2) var<uniform> launch: Launch;

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
    var a_6 = 0.0f;
    for (var i_7 = 0; i_7 < r_5; i_7++) {
      let r_8 = (r_3 + i_7);
      a_6 = (a_6 + b0[r_8]);
    }
    let r_9 = (0 < r_5);
    b1[r_2] = a_6;
  }
}

// pass 2 of 2, 1 workgroup
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
  if ((r_2 < 1)) {
    var a_3 = 0.0f;
    for (var i_4 = 0; i_4 < s1; i_4++) {
      a_3 = (a_3 + b0[(i_4 + r_2)]);
    }
    b1[0] = a_3;
  }
}
