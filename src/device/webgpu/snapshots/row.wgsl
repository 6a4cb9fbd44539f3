struct Launch {
  zero: u32,
}

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
var<workgroup> b2: array<f32, 32>;
@group(0) @binding(2) var<uniform> launch: Launch;

fn float(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn rounded(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | launch.zero); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn max_f32(x: f32, y: f32) -> f32 { return select(x, y, (x < y) | is_nan(y)); }
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i_0 = i32(workgroup.x);
  let i_1 = i32(thread);
  var a_2 = float(0xff800000u);
  for (var i_3 = 0; i_3 < 2; i_3++) {
    a_2 = max_f32(a_2, b0[(i_3 * 32 + i_0 * 64 + i_1)]);
  }
  b2[i_1] = a_2;
  workgroupBarrier();
  var a_4 = float(0xff800000u);
  for (var i_5 = 0; i_5 < 32; i_5++) {
    a_4 = max_f32(a_4, b2[i_5]);
  }
  for (var i_6 = 0; i_6 < 2; i_6++) {
    let t_8 = (i_6 * 32 + i_0 * 64 + i_1);
    let t_9 = (b0[t_8] - a_4);
    let t_10 = ((t_9 * 1.442695f) + 12583039.0f);
    let t_11 = (rounded(t_10) - bitcast<f32>(0x4b40007fu | launch.zero));
    let t_12 = ((t_9 - (t_11 * 0.69314575f)) - (t_11 * 0.0000014286068f));
    let t_13 = (t_12 * t_12);
    var x_7 = ((((((0.0013814318f * (t_13 * t_13)) + ((((0.008368852f * t_12) + 0.0416684f) * t_13) + ((0.1666652f * t_12) + 0.49999994f))) * t_13) + t_12) + 1.0f) * bitcast<f32>((bitcast<i32>(t_10) << 23u)));
    if ((87.0f < abs(t_9))) {
      let t_14 = select(t_9, 89.0f, (89.0f < t_9));
      let t_15 = select(t_14, (-104.0f), (t_14 < (-104.0f)));
      let t_16 = ((t_15 * 1.442695f) + 12583166.0f);
      let t_17 = (rounded(t_16) - bitcast<f32>(0x4b4000feu | launch.zero));
      let t_18 = ((t_15 - (t_17 * 0.69314575f)) - (t_17 * 0.0000014286068f));
      let t_19 = (t_18 * t_18);
      let t_20 = bitcast<i32>(t_16);
      let t_21 = (t_20 >> 1u);
      x_7 = (((((((0.0013814318f * (t_19 * t_19)) + ((((0.008368852f * t_18) + 0.0416684f) * t_19) + ((0.1666652f * t_18) + 0.49999994f))) * t_19) + t_18) + 1.0f) * bitcast<f32>((t_21 << 23u))) * bitcast<f32>(((t_20 + t_21 * (-1)) << 23u)));
    }
    b1[t_8] = x_7;
  }
}
