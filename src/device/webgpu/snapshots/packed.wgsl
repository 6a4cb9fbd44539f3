struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<u32>;
@group(0) @binding(1) var<storage, read_write> b1: array<u32>;
@group(0) @binding(2) var<storage, read_write> b2: array<u32>;
@group(0) @binding(3) var<storage, read_write> b3: array<u32>;
@group(0) @binding(4) var<storage, read_write> b4: array<u32>;
@group(0) @binding(5) var<uniform> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  if (((i_0 * 32 + i_1) < 20)) {
    let t_2 = (i_0 * 128 + i_1 * 4);
    let v_3 = b0[(t_2 >> 2u)];
    b2[(t_2 >> 2u)] = ((((v_3 >> 0u) & 255u) * ((v_3 >> 0u) & 255u)) & 255u) | (((((v_3 >> 8u) & 255u) * ((v_3 >> 8u) & 255u)) & 255u) << 8u) | (((((v_3 >> 16u) & 255u) * ((v_3 >> 16u) & 255u)) & 255u) << 16u) | (((((v_3 >> 24u) & 255u) * ((v_3 >> 24u) & 255u)) & 255u) << 24u);
    let v_4 = vec2<u32>(b1[(t_2 >> 1u)], b1[(t_2 >> 1u) + 1]);
    let t_5 = bitcast<f32>((((v_4.x >> 0u) & 65535u) << 16u));
    let t_6 = bitcast<u32>((t_5 * f32(((v_3 >> 0u) & 255u))));
    let t_7 = (t_6 >> 16u);
    let t_8 = bitcast<f32>((((v_4.x >> 16u) & 65535u) << 16u));
    let t_9 = bitcast<u32>((t_8 * f32(((v_3 >> 8u) & 255u))));
    let t_10 = (t_9 >> 16u);
    let t_11 = bitcast<f32>((((v_4.y >> 0u) & 65535u) << 16u));
    let t_12 = bitcast<u32>((t_11 * f32(((v_3 >> 16u) & 255u))));
    let t_13 = (t_12 >> 16u);
    let t_14 = bitcast<f32>((((v_4.y >> 16u) & 65535u) << 16u));
    let t_15 = bitcast<u32>((t_14 * f32(((v_3 >> 24u) & 255u))));
    let t_16 = (t_15 >> 16u);
    b3[(t_2 >> 1u)] = select((t_7 | 64u), ((t_6 + ((t_7 & 1u) + 32767u)) >> 16u), ((t_6 & 2147483647u) <= 2139095040u)) | (select((t_10 | 64u), ((t_9 + ((t_10 & 1u) + 32767u)) >> 16u), ((t_9 & 2147483647u) <= 2139095040u)) << 16u); b3[(t_2 >> 1u) + 1] = select((t_13 | 64u), ((t_12 + ((t_13 & 1u) + 32767u)) >> 16u), ((t_12 & 2147483647u) <= 2139095040u)) | (select((t_16 | 64u), ((t_15 + ((t_16 & 1u) + 32767u)) >> 16u), ((t_15 & 2147483647u) <= 2139095040u)) << 16u);
    b4[(t_2 >> 2u)] = u32((t_5 < 0.0f)) | (u32((t_8 < 0.0f)) << 8u) | (u32((t_11 < 0.0f)) << 16u) | (u32((t_14 < 0.0f)) << 24u);
  }
}
