// mul add
// 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> launch: Launch;

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
    let v_5 = b1[t_3 >> 2u];
    let v_6 = b2[t_3 >> 2u];
    b3[t_3 >> 2u] = vec4<f32>((v_4.x + (v_5.x * v_6.x)), (v_4.y + (v_5.y * v_6.y)), (v_4.z + (v_5.z * v_6.z)), (v_4.w + (v_5.w * v_6.w)));
  }
}
