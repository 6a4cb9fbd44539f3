struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
var<workgroup> b3: array<f32, 128>;
var<workgroup> b4: array<f32, 128>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  var b5_0: f32;
  var b5_1: f32;
  var b5_2: f32;
  var b5_3: f32;
  var b5_4: f32;
  var b5_5: f32;
  var b5_6: f32;
  var b5_7: f32;
  var b6_0: f32;
  var b6_1: f32;
  let r_2 = (i_1 >> 2u);
  let r_3 = (i_1 & 3);
  b5_0 = 0.0f;
  b5_1 = 0.0f;
  b5_2 = 0.0f;
  b5_3 = 0.0f;
  b5_4 = 0.0f;
  b5_5 = 0.0f;
  b5_6 = 0.0f;
  b5_7 = 0.0f;
  for (var i_4 = 0; i_4 < 4; i_4++) {
    let t_5 = (i_1 >> 1u);
    let t_6 = (i_1 & 1);
    let t_7 = (i_1 * 4);
    b3[t_7] = b0[(i_4 * 8 + t_5 * 32 + t_6 * 4)];
    b4[t_7] = b1[(i_1 * 4 + i_4 * 128)];
    let t_8 = (i_1 * 4 + 1);
    b3[t_8] = b0[(i_4 * 8 + t_5 * 32 + t_6 * 4 + 1)];
    b4[t_8] = b1[(i_1 * 4 + i_4 * 128 + 1)];
    let t_9 = (i_1 * 4 + 2);
    b3[t_9] = b0[(i_4 * 8 + t_5 * 32 + t_6 * 4 + 2)];
    b4[t_9] = b1[(i_1 * 4 + i_4 * 128 + 2)];
    let t_10 = (i_1 * 4 + 3);
    b3[t_10] = b0[(i_4 * 8 + t_5 * 32 + t_6 * 4 + 3)];
    b4[t_10] = b1[(i_1 * 4 + i_4 * 128 + 3)];
    workgroupBarrier();
    for (var i_11 = 0; i_11 < 8; i_11++) {
      b6_0 = b3[(i_11 + r_2 * 16)];
      b6_1 = b3[(i_11 + r_2 * 16 + 8)];
      let t_12 = b4[(i_11 * 16 + r_3 * 4)];
      b5_0 = (b5_0 + (b6_0 * t_12));
      let t_13 = b4[(i_11 * 16 + r_3 * 4 + 1)];
      b5_1 = (b5_1 + (b6_0 * t_13));
      let t_14 = b4[(i_11 * 16 + r_3 * 4 + 2)];
      b5_2 = (b5_2 + (b6_0 * t_14));
      let t_15 = b4[(i_11 * 16 + r_3 * 4 + 3)];
      b5_3 = (b5_3 + (b6_0 * t_15));
      b5_4 = (b5_4 + (b6_1 * t_12));
      b5_5 = (b5_5 + (b6_1 * t_13));
      b5_6 = (b5_6 + (b6_1 * t_14));
      b5_7 = (b5_7 + (b6_1 * t_15));
    }
    workgroupBarrier();
  }
  b2[(r_2 * 32 + r_3 * 4)] = b5_0;
  b2[(r_2 * 32 + r_3 * 4 + 1)] = b5_1;
  b2[(r_2 * 32 + r_3 * 4 + 2)] = b5_2;
  b2[(r_2 * 32 + r_3 * 4 + 3)] = b5_3;
  b2[(r_2 * 32 + r_3 * 4 + 16)] = b5_4;
  b2[(r_2 * 32 + r_3 * 4 + 17)] = b5_5;
  b2[(r_2 * 32 + r_3 * 4 + 18)] = b5_6;
  b2[(r_2 * 32 + r_3 * 4 + 19)] = b5_7;
}
