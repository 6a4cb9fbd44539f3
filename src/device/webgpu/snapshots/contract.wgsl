struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
var<workgroup> b3: array<vec4<f32>, 32>;
var<workgroup> b4: array<vec4<f32>, 32>;
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
    let v_7 = b0[(i_4 * 8 + t_5 * 32 + t_6 * 4) >> 2u];
    let t_8 = (i_1 * 4);
    b3[t_8 >> 2u] = v_7;
    let v_9 = b1[(i_1 * 4 + i_4 * 128) >> 2u];
    b4[t_8 >> 2u] = v_9;
    workgroupBarrier();
    for (var i_10 = 0; i_10 < 8; i_10++) {
      b6_0 = b3[(i_10 + r_2 * 16) >> 2u][(i_10 + r_2 * 16) & 3];
      b6_1 = b3[(i_10 + r_2 * 16 + 8) >> 2u][(i_10 + r_2 * 16 + 8) & 3];
      let v_11 = b4[(i_10 * 16 + r_3 * 4) >> 2u];
      b5_0 = (b5_0 + (b6_0 * v_11.x));
      b5_1 = (b5_1 + (b6_0 * v_11.y));
      b5_2 = (b5_2 + (b6_0 * v_11.z));
      b5_3 = (b5_3 + (b6_0 * v_11.w));
      b5_4 = (b5_4 + (b6_1 * v_11.x));
      b5_5 = (b5_5 + (b6_1 * v_11.y));
      b5_6 = (b5_6 + (b6_1 * v_11.z));
      b5_7 = (b5_7 + (b6_1 * v_11.w));
    }
    workgroupBarrier();
  }
  b2[(r_2 * 32 + r_3 * 4) >> 2u] = vec4<f32>(b5_0, b5_1, b5_2, b5_3);
  b2[(r_2 * 32 + r_3 * 4 + 16) >> 2u] = vec4<f32>(b5_4, b5_5, b5_6, b5_7);
}
