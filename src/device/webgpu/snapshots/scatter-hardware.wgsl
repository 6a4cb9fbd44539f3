// scatter
// pass 1 of 2, 1 workgroup
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
    let r_3 = i32(u32(r_2) % u32(s2));
    let r_4 = i32(u32(r_2) / u32(s2));
    let t_5 = (r_3 * 4);
    let v_6 = b0[t_5 >> 2u];
    b1[t_5 >> 2u] = v_6;
  }
}

// pass 2 of 2, 1 workgroup
struct Launch {
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<i32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<uniform> launch: Launch;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let s0 = launch.s0;
  let s1 = launch.s1;
  let s2 = launch.s2;
  let s3 = launch.s3;
  let i_0 = i32(workgroup.y * 65535u + workgroup.x);
  if (i_0 >= s0) { return; }
  let i_1 = i32(thread);
  let r_2 = i_0;
  if ((r_2 < s1)) {
    for (var i_3 = 0; i_3 < s2; i_3++) {
      let t_4 = b0[i_3];
      if (((0 <= t_4) & (t_4 < s3))) {
        let t_5 = max(min(t_4, 39), 0);
        if ((((u32(t_5) * 2654435761u) >> 24u) == u32(i_1))) {
          b1[t_5] = (b1[t_5] + b2[i_3]);
        }
      }
    }
  }
}
