/**
 * Instruction codes by their names in the text format. Plain codes below 0xfc00 are one byte; 0xfc00 + n and 0xfd_0000 + n
 * stand for the prefixes 0xfc and 0xfd. (Plain numbers: declarations are written file by file, so no arithmetic here.)
 */
export const PLAIN = {
  unreachable: 0x00, nop: 0x01, drop: 0x1a, select: 0x1b,
  "i32.eqz": 0x45, "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48, "i32.lt_u": 0x49, "i32.gt_s": 0x4a, "i32.gt_u": 0x4b,
  "i32.le_s": 0x4c, "i32.le_u": 0x4d, "i32.ge_s": 0x4e, "i32.ge_u": 0x4f,
  "f32.eq": 0x5b, "f32.ne": 0x5c, "f32.lt": 0x5d, "f32.gt": 0x5e, "f32.le": 0x5f, "f32.ge": 0x60,
  "f64.eq": 0x61, "f64.ne": 0x62, "f64.lt": 0x63, "f64.gt": 0x64, "f64.le": 0x65, "f64.ge": 0x66,
  "i32.clz": 0x67, "i32.ctz": 0x68, "i32.popcnt": 0x69,
  "i32.add": 0x6a, "i32.sub": 0x6b, "i32.mul": 0x6c, "i32.div_s": 0x6d, "i32.div_u": 0x6e, "i32.rem_s": 0x6f, "i32.rem_u": 0x70,
  "i32.and": 0x71, "i32.or": 0x72, "i32.xor": 0x73, "i32.shl": 0x74, "i32.shr_s": 0x75, "i32.shr_u": 0x76, "i32.rotl": 0x77, "i32.rotr": 0x78,
  "i64.add": 0x7c, "i64.sub": 0x7d, "i64.mul": 0x7e,
  "f32.abs": 0x8b, "f32.neg": 0x8c, "f32.ceil": 0x8d, "f32.floor": 0x8e, "f32.trunc": 0x8f, "f32.nearest": 0x90, "f32.sqrt": 0x91,
  "f32.add": 0x92, "f32.sub": 0x93, "f32.mul": 0x94, "f32.div": 0x95, "f32.min": 0x96, "f32.max": 0x97, "f32.copysign": 0x98,
  "f64.abs": 0x99, "f64.neg": 0x9a, "f64.ceil": 0x9b, "f64.floor": 0x9c, "f64.trunc": 0x9d, "f64.nearest": 0x9e, "f64.sqrt": 0x9f,
  "f64.add": 0xa0, "f64.sub": 0xa1, "f64.mul": 0xa2, "f64.div": 0xa3, "f64.min": 0xa4, "f64.max": 0xa5, "f64.copysign": 0xa6,
  "i32.wrap_i64": 0xa7, "i64.extend_i32_s": 0xac, "i64.extend_i32_u": 0xad,
  "f32.convert_i32_s": 0xb2, "f32.convert_i32_u": 0xb3, "f32.demote_f64": 0xb6,
  "f64.convert_i32_s": 0xb7, "f64.convert_i32_u": 0xb8, "f64.promote_f32": 0xbb,
  "i32.reinterpret_f32": 0xbc, "i64.reinterpret_f64": 0xbd, "f32.reinterpret_i32": 0xbe, "f64.reinterpret_i64": 0xbf,
  "i32.extend8_s": 0xc0, "i32.extend16_s": 0xc1,
  "i32.trunc_sat_f32_s": 0xfc00, "i32.trunc_sat_f32_u": 0xfc01, "i32.trunc_sat_f64_s": 0xfc02, "i32.trunc_sat_f64_u": 0xfc03, "i64.trunc_sat_f64_s": 0xfc06,

  "i8x16.splat": 0xfd_000f, "i16x8.splat": 0xfd_0010, "i32x4.splat": 0xfd_0011, "i64x2.splat": 0xfd_0012, "f32x4.splat": 0xfd_0013, "f64x2.splat": 0xfd_0014,
  "i8x16.swizzle": 0xfd_000e,
  "i32x4.eq": 0xfd_0037, "i32x4.ne": 0xfd_0038, "i32x4.lt_s": 0xfd_0039, "i32x4.lt_u": 0xfd_003a, "i32x4.gt_s": 0xfd_003b,
  "i32x4.gt_u": 0xfd_003c, "i32x4.le_s": 0xfd_003d, "i32x4.le_u": 0xfd_003e, "i32x4.ge_s": 0xfd_003f, "i32x4.ge_u": 0xfd_0040,
  "f32x4.eq": 0xfd_0041, "f32x4.ne": 0xfd_0042, "f32x4.lt": 0xfd_0043, "f32x4.gt": 0xfd_0044, "f32x4.le": 0xfd_0045, "f32x4.ge": 0xfd_0046,
  "v128.not": 0xfd_004d, "v128.and": 0xfd_004e, "v128.andnot": 0xfd_004f, "v128.or": 0xfd_0050, "v128.xor": 0xfd_0051,
  "v128.bitselect": 0xfd_0052, "v128.any_true": 0xfd_0053,
  "f32x4.demote_f64x2_zero": 0xfd_005e, "f64x2.promote_low_f32x4": 0xfd_005f,
  "i8x16.narrow_i16x8_s": 0xfd_0065, "i8x16.narrow_i16x8_u": 0xfd_0066,
  "f32x4.ceil": 0xfd_0067, "f32x4.floor": 0xfd_0068, "f32x4.trunc": 0xfd_0069, "f32x4.nearest": 0xfd_006a,
  "i16x8.narrow_i32x4_s": 0xfd_0085, "i16x8.narrow_i32x4_u": 0xfd_0086,
  "i16x8.extend_low_i8x16_s": 0xfd_0087, "i16x8.extend_low_i8x16_u": 0xfd_0089,
  "i32x4.abs": 0xfd_00a0, "i32x4.neg": 0xfd_00a1, "i32x4.all_true": 0xfd_00a3, "i32x4.bitmask": 0xfd_00a4,
  "i32x4.extend_low_i16x8_s": 0xfd_00a7, "i32x4.extend_high_i16x8_s": 0xfd_00a8,
  "i32x4.extend_low_i16x8_u": 0xfd_00a9, "i32x4.extend_high_i16x8_u": 0xfd_00aa,
  "i32x4.shl": 0xfd_00ab, "i32x4.shr_s": 0xfd_00ac, "i32x4.shr_u": 0xfd_00ad,
  "i32x4.add": 0xfd_00ae, "i32x4.sub": 0xfd_00b1, "i32x4.mul": 0xfd_00b5,
  "i32x4.min_s": 0xfd_00b6, "i32x4.min_u": 0xfd_00b7, "i32x4.max_s": 0xfd_00b8, "i32x4.max_u": 0xfd_00b9,
  "f32x4.abs": 0xfd_00e0, "f32x4.neg": 0xfd_00e1, "f32x4.sqrt": 0xfd_00e3, "f32x4.add": 0xfd_00e4, "f32x4.sub": 0xfd_00e5,
  "f32x4.mul": 0xfd_00e6, "f32x4.div": 0xfd_00e7, "f32x4.min": 0xfd_00e8, "f32x4.max": 0xfd_00e9, "f32x4.pmin": 0xfd_00ea, "f32x4.pmax": 0xfd_00eb,
  "f64x2.abs": 0xfd_00ec, "f64x2.neg": 0xfd_00ed, "f64x2.sqrt": 0xfd_00ef, "f64x2.add": 0xfd_00f0, "f64x2.sub": 0xfd_00f1,
  "f64x2.mul": 0xfd_00f2, "f64x2.div": 0xfd_00f3,
  "i32x4.trunc_sat_f32x4_s": 0xfd_00f8, "i32x4.trunc_sat_f32x4_u": 0xfd_00f9,
  "f32x4.convert_i32x4_s": 0xfd_00fa, "f32x4.convert_i32x4_u": 0xfd_00fb,
} as const;
export type PlainOp = keyof typeof PLAIN;

/** Loads and stores: code (vector ones above 0x100) and log2 of their alignment. Vectors may lie on any element. */
export const LOADS = {
  "i32.load": [0x28, 2], "i64.load": [0x29, 3], "f32.load": [0x2a, 2], "f64.load": [0x2b, 3],
  "i32.load8_s": [0x2c, 0], "i32.load8_u": [0x2d, 0], "i32.load16_s": [0x2e, 1], "i32.load16_u": [0x2f, 1],
  "i32.store": [0x36, 2], "i64.store": [0x37, 3], "f32.store": [0x38, 2], "f64.store": [0x39, 3], "i32.store8": [0x3a, 0], "i32.store16": [0x3b, 1],
  "v128.load": [0x100, 2], "v128.store": [0x10b, 2],
  "v128.load8x8_s": [0x101, 0], "v128.load8x8_u": [0x102, 0], "v128.load16x4_s": [0x103, 1], "v128.load16x4_u": [0x104, 1],
  "v128.load8_splat": [0x107, 0], "v128.load16_splat": [0x108, 1], "v128.load32_splat": [0x109, 2], "v128.load64_splat": [0x10a, 2],
  "v128.load32_zero": [0x15c, 0], "v128.load64_zero": [0x15d, 2],
} as const;
export type MemoryOp = keyof typeof LOADS;

export const LOAD_LANE = {
  "v128.load8_lane": [84, 0], "v128.load16_lane": [85, 1], "v128.load32_lane": [86, 2], "v128.load64_lane": [87, 2],
  "v128.store8_lane": [88, 0], "v128.store16_lane": [89, 1], "v128.store32_lane": [90, 0], "v128.store64_lane": [91, 2],
} as const;
export type LoadLaneOp = keyof typeof LOAD_LANE;

export const LANE = {
  "i8x16.extract_lane_u": 22, "i8x16.replace_lane": 23, "i32x4.extract_lane": 27, "i32x4.replace_lane": 28,
  "f32x4.extract_lane": 31, "f32x4.replace_lane": 32, "f64x2.extract_lane": 33, "f64x2.replace_lane": 34,
} as const;
export type LaneOp = keyof typeof LANE;

export const ATOMIC = {
  "memory.atomic.notify": [0x00, 2], "memory.atomic.wait32": [0x01, 2],
  "i32.atomic.load": [0x10, 2], "i32.atomic.store": [0x17, 2],
  "i32.atomic.rmw.add": [0x1e, 2], "i32.atomic.rmw.sub": [0x25, 2], "i32.atomic.rmw.xchg": [0x41, 2], "i32.atomic.rmw.cmpxchg": [0x48, 2],
} as const;
export type AtomicOp = keyof typeof ATOMIC;
