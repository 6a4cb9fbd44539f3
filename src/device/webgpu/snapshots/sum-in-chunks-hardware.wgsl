// sum
// 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> b2: array<f32, 256>;
var<workgroup> b3: array<f32, 16>;
@group(0) @binding(2) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = i_0;
  let r_3 = i32(u32((s1 + i_1 * (-1) + 255)) / 256u);
  var a_4 = 0.0f;
  for (var i_5 = 0; i_5 < r_3; i_5++) {
    let r_6 = (i_1 + i_5 * 256);
    a_4 = (a_4 + b0[r_6]);
  }
  b2[(i32(u32(i_1) % 16u) * 16 + i32(u32(i_1) / 16u))] = a_4;
  workgroupBarrier();
  if ((i_1 < 16)) {
    let r_7 = b2[i_1];
    let r_8 = b2[(i_1 + 16)];
    let r_9 = b2[(i_1 + 32)];
    let r_10 = b2[(i_1 + 48)];
    let r_11 = b2[(i_1 + 64)];
    let r_12 = b2[(i_1 + 80)];
    let r_13 = b2[(i_1 + 96)];
    let r_14 = b2[(i_1 + 112)];
    let r_15 = b2[(i_1 + 128)];
    let r_16 = b2[(i_1 + 144)];
    let r_17 = b2[(i_1 + 160)];
    let r_18 = b2[(i_1 + 176)];
    let r_19 = b2[(i_1 + 192)];
    let r_20 = b2[(i_1 + 208)];
    let r_21 = b2[(i_1 + 224)];
    let r_22 = b2[(i_1 + 240)];
    let r_23 = ((((r_7 + r_8) + (r_9 + r_10)) + ((r_11 + r_12) + (r_13 + r_14))) + (((r_15 + r_16) + (r_17 + r_18)) + ((r_19 + r_20) + (r_21 + r_22))));
    b3[i_1] = r_23;
  }
  workgroupBarrier();
  let r_24 = b3[0];
  let r_25 = b3[1];
  let r_26 = b3[2];
  let r_27 = b3[3];
  let r_28 = b3[4];
  let r_29 = b3[5];
  let r_30 = b3[6];
  let r_31 = b3[7];
  let r_32 = b3[8];
  let r_33 = b3[9];
  let r_34 = b3[10];
  let r_35 = b3[11];
  let r_36 = b3[12];
  let r_37 = b3[13];
  let r_38 = b3[14];
  let r_39 = b3[15];
  let r_40 = ((((r_24 + r_25) + (r_26 + r_27)) + ((r_28 + r_29) + (r_30 + r_31))) + (((r_32 + r_33) + (r_34 + r_35)) + ((r_36 + r_37) + (r_38 + r_39))));
  if ((i_1 == 0)) {
    b1[0] = r_40;
  }
}
