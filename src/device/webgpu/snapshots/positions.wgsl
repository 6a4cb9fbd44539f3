struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<i32>;
@group(0) @binding(2) var<storage, read_write> b2: array<i32>;
@group(0) @binding(3) var<uniform> launch: Launch;

fn float(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  let t_2 = (i_0 * 32 + i_1);
  if ((t_2 < 40)) {
    var a_3 = float(0xff800000u);
    var a_4 = (-1);
    for (var i_5 = 0; i_5 < 8; i_5++) {
      let c_6 = b0[(i_0 * 256 + i_1 * 8 + i_5)];
      let m_7 = (((a_3 < c_6) | (is_nan(c_6) & (!is_nan(a_3)))) | (a_4 < 0));
      a_3 = select(a_3, c_6, m_7);
      a_4 = select(a_4, i_5, m_7);
    }
    var a_8 = 2147483647;
    var a_9 = (-1);
    for (var i_10 = 0; i_10 < 8; i_10++) {
      let c_11 = b1[(i_0 * 256 + i_1 * 8 + i_10)];
      let m_12 = ((c_11 < a_8) | (a_9 < 0));
      a_8 = select(a_8, c_11, m_12);
      a_9 = select(a_9, (i_10 * (-1) + 7), m_12);
    }
    b2[t_2] = (max(a_4, 0) * 8 + max(a_9, 0));
  }
}
