struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> b2: array<f32, 32>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  var a_2 = 0.0f;
  for (var i_3 = 0; i_3 < 4; i_3++) {
    a_2 = (a_2 + b0[(i_3 * 32 + i_0 * 128 + i_1)]);
  }
  b2[i_1] = a_2;
  workgroupBarrier();
  if ((i_1 < 16)) {
    let t_4 = b2[i_1];
    b2[i_1] = (t_4 + b2[(i_1 + 16)]);
  }
  workgroupBarrier();
  if ((i_1 < 8)) {
    let t_5 = b2[i_1];
    b2[i_1] = (t_5 + b2[(i_1 + 8)]);
  }
  workgroupBarrier();
  if ((i_1 < 4)) {
    let t_6 = b2[i_1];
    b2[i_1] = (t_6 + b2[(i_1 + 4)]);
  }
  workgroupBarrier();
  if ((i_1 < 2)) {
    let t_7 = b2[i_1];
    b2[i_1] = (t_7 + b2[(i_1 + 2)]);
  }
  workgroupBarrier();
  let t_8 = (i_1 < 1);
  if (t_8) {
    let t_9 = b2[i_1];
    b2[i_1] = (t_9 + b2[(i_1 + 1)]);
  }
  if (t_8) {
    b1[i_0] = b2[0];
  }
}
