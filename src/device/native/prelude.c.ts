/**
 * What every kernel's C begins with: types, vectors of `L` lanes of 32 bits (64 for f64), and the functions that c.ts
 * spells. Loops over lanes are how GNU C says what compilers have one instruction for.
 */
import { EXP_SOURCE } from "./exp.c.ts";
import { RUNTIME_HEADER } from "./header.c.ts";

type Spell = (x: string, y: string) => string;

/** A function on values, and the same on all lanes. */
function onBoth(type: string, name: string, parameters: readonly ["x"] | readonly ["x", "y"], spell: Spell): string {
  const list = (of: string): string => parameters.map((p) => `${of} ${p}`).join(", ");
  return `
static inline ${type} ${name}_${type}(${list(type)}) { return ${spell("x", "y")}; }
static inline ${type}v ${name}_${type}v(${list(`${type}v`)}) {
  ${type}v out;
  for (int l = 0; l < L; l++) out[l] = ${name}_${type}(${parameters.map((p) => `${p}[l]`).join(", ")});
  return out;
}`;
}

const COMPARISONS = { lt: "<", le: "<=", eq: "==", ne: "!=" } as const;

/** The functions that both kinds of numbers have: on vectors of any processor, and on those of AVX-512, which has registers for masks. */
function common(type: "f32" | "f64" | "i32" | "u32"): string {
  const names = Object.entries(COMPARISONS);
  const [bits, wide] = type === "f64" ? ["i64", "__builtin_convertvector(m, i64v)"] : ["i32", "m"];
  const compared = (operator: string): string => (type === "f64" ? `narrow(x ${operator} y)` : `x ${operator} y`);
  return `
static inline ${type}v splat_${type}v(${type} x) { return x - (${type}v){0}; }
#if MASKS
${type === "f64" ? halved() : maskedCommon(type)}
#else
${names.map(([name, operator]) => `static inline maskv ${name}_${type}v(${type}v x, ${type}v y) { return ${compared(operator)}; }`).join("\n")}
static inline ${type}v select_${type}v(maskv m, ${type}v yes, ${type}v no) {
  const ${bits}v mask = ${wide};
  return (${type}v)((mask & (${bits}v)yes) | (~mask & (${bits}v)no));
}
#endif`;
}

/** Predicates of AVX-512's comparisons: of numbers without a word on NaN, and of integers. */
const PREDICATES = { lt: [17, 1], le: [18, 2], eq: [0, 0], ne: [4, 4] } as const;

function maskedCommon(type: "f32" | "i32" | "u32"): string {
  const isFloat = type === "f32";
  const lanes = isFloat ? "f32v" : "i32v";
  const compare = { f32: "cmpps512", i32: "cmpd512", u32: "ucmpd512" }[type];
  return `${Object.entries(PREDICATES)
    .map(
      ([name, [float, integer]]) => `static inline maskv ${name}_${type}v(${type}v x, ${type}v y) {
  return __builtin_ia32_${compare}_mask((${lanes})x, (${lanes})y, ${isFloat ? float : integer}, 0xffff${isFloat ? ", 4" : ""});
}`,
    )
    .join("\n")}
static inline ${type}v select_${type}v(maskv m, ${type}v yes, ${type}v no) {
  return (${type}v)BLEND(${isFloat ? "ps" : "d"}, m, (${lanes})yes, (${lanes})no);
}`;
}

/** Vectors of f64 are two registers. */
function halved(): string {
  return `${Object.entries(PREDICATES)
    .map(
      ([name, [predicate]]) => `static inline maskv ${name}_f64v(f64v x, f64v y) {
  f64half a[2], b[2];
  __builtin_memcpy(a, &x, sizeof x);
  __builtin_memcpy(b, &y, sizeof y);
  const u32 low = __builtin_ia32_cmppd512_mask(a[0], b[0], ${predicate}, 0xff, 4), high = __builtin_ia32_cmppd512_mask(a[1], b[1], ${predicate}, 0xff, 4);
  return (maskv)(low | high << 8);
}`,
    )
    .join("\n")}
static inline f64v select_f64v(maskv m, f64v yes, f64v no) {
  f64half a[2], b[2];
  __builtin_memcpy(a, &yes, sizeof yes);
  __builtin_memcpy(b, &no, sizeof no);
  a[0] = BLEND(pd, (u8)m, a[0], b[0]);
  a[1] = BLEND(pd, (u8)(m >> 8), a[1], b[1]);
  __builtin_memcpy(&yes, a, sizeof yes);
  return yes;
}`;
}

function floats(type: "f32" | "f64"): string {
  const f = type === "f32" ? "f" : "";
  // Of two numbers the processor gives the second where one is NaN, and where they are equal.
  const extreme = (op: "max" | "min"): string => `static inline ${type}v ${op}_${type}v(${type}v x, ${type}v y) {
${type === "f32" ? `#if MASKS\n  return select_f32v(ne_f32v(y, y), y, EXTREME(${op}, y, x));\n#endif\n` : ""}  return select_${type}v(lt_${type}v(${op === "max" ? "x, y" : "y, x"}) | ne_${type}v(y, y), y, x);
}`;
  return `${common(type)}
${onBoth(type, "abs", ["x"], (x) => `__builtin_fabs${f}(${x})`)}
${onBoth(type, "floor", ["x"], (x) => `__builtin_floor${f}(${x})`)}
${onBoth(type, "round", ["x"], (x) => `__builtin_rint${f}(${x})`)}
${onBoth(type, "sqrt", ["x"], (x) => `__builtin_sqrt${f}(${x})`)}
/* NaN passes; of two equal values the first is kept. */
static inline ${type} max_${type}(${type} x, ${type} y) { return x < y || y != y ? y : x; }
static inline ${type} min_${type}(${type} x, ${type} y) { return y < x || y != y ? y : x; }
${extreme("max")}
${extreme("min")}
static inline i32 saturate_${type}_i32(${type} x) {
  return x != x ? 0 : x >= (${type})2147483648.0 ? 2147483647 : x <= (${type})-2147483648.0 ? -2147483647 - 1 : (i32)x;
}
static inline u32 saturate_${type}_u32(${type} x) {
  return !(x > 0) ? 0u : x >= (${type})4294967296.0 ? 4294967295u : (u32)x;
}
${["i32", "u32"]
  .map(
    (to) => `
static inline ${to}v saturate_${type}v_${to}(${type}v x) {
  ${to}v out;
  for (int l = 0; l < L; l++) out[l] = saturate_${type}_${to}(x[l]);
  return out;
}`,
  )
  .join("")}`;
}

function integers(type: "i32" | "u32"): string {
  const floored: Spell = (x, y) =>
    type === "u32"
      ? `${y} == 0 ? 0 : ${x} / ${y}`
      : `${y} == 0 ? 0 : (i32)((i64)${x} / ${y} - ((i64)${x} % ${y} != 0 && (${x} < 0) != (${y} < 0)))`;
  return `${common(type)}
${onBoth(type, "max", ["x", "y"], (x, y) => `${x} < ${y} ? ${y} : ${x}`)}
${onBoth(type, "min", ["x", "y"], (x, y) => `${y} < ${x} ? ${y} : ${x}`)}
${onBoth(type, "abs", ["x"], (x) => (type === "i32" ? `${x} < 0 ? -${x} : ${x}` : x))}
${onBoth(type, "shl", ["x", "y"], (x, y) => `(${type})((u32)${x} << (${y} & 31))`)}
${onBoth(type, "shr", ["x", "y"], (x, y) => `${x} >> (${y} & 31)`)}
/* Towards minus infinity; a division by zero gives 0. */
${onBoth(type, "divide", ["x", "y"], floored)}
${onBoth(type, "mod", ["x", "y"], (x, y) => `${y} == 0 ? 0 : ${x} - divide_${type}(${x}, ${y}) * ${y}`)}`;
}

/** Loads and stores of vectors of elements: neighbours, the first `n` lanes of them, every so many-th, anywhere. */
function memory(
  element: string,
  type: string,
  load: (x: string) => string,
  store: (x: string) => string,
  masked = false,
): string {
  const plain = element === type;
  const lanes = (n: string, statement: string): string => `for (int l = 0; l < ${n}; l++) ${statement}`;
  const partly = `
static OUT_OF_LINE ${type}v load_some_${element}(const ${element} *p, i32 n) {
  ${type} out[L] __attribute__((aligned(4 * L))) = {0};
  ${lanes("n", `out[l] = ${load("p[l]")};`)}
  return *(${type}v *)out;
}
static OUT_OF_LINE void store_some_${element}(${element} *p, ${type}v x, i32 n) {
  ${lanes("n", `p[l] = ${store("x[l]")};`)}
}`;
  const gathered = `
static OUT_OF_LINE ${type}v strided_${element}(const ${element} *p, i64 step) {
  ${type}v out;
  ${lanes("L", `out[l] = ${load("p[l * step]")};`)}
  return out;
}
static OUT_OF_LINE ${type}v strided_some_${element}(const ${element} *p, i64 step, i32 n) {
  ${type} out[L] __attribute__((aligned(4 * L))) = {0};
  ${lanes("n", `out[l] = ${load("p[l * step]")};`)}
  return *(${type}v *)out;
}
static OUT_OF_LINE ${type}v gather_${element}(const ${element} *p, i32v at) {
  ${type}v out;
  ${lanes("L", `out[l] = ${load("p[at[l]]")};`)}
  return out;
}
static OUT_OF_LINE ${type}v gather_some_${element}(const ${element} *p, i32v at, i32 n) {
  return gather_${element}(p, select_i32v(first_lanes(n), at, splat_i32v(at[0])));
}`;
  return `
static inline ${type}v load_${element}(const ${element} *p) {
  ${type}v out;
  ${plain ? `__builtin_memcpy(&out, p, sizeof out);` : lanes("L", `out[l] = ${load("p[l]")};`)}
  return out;
}
${masked ? maskedMemory(type) : partly}
/* Every second element, and none behind the last of them. */
static inline ${type}v second_${element}(const ${element} *p) {
  return SHUFFLE_${type}(load_${element}(p), load_${element}(p + L - 1), SECOND);
}
${masked ? maskedGather(type) : gathered}
static inline void store_${element}(${element} *p, ${type}v x) {
  ${plain ? `__builtin_memcpy(p, &x, sizeof x);` : lanes("L", `p[l] = ${store("x[l]")};`)}
}
static OUT_OF_LINE void stride_${element}(${element} *p, i64 step, ${type}v x, i32 n) {
  ${type} from[L] __attribute__((aligned(4 * L)));
  __builtin_memcpy(from, &x, sizeof x);
  if (n == L) {
    ${lanes("L", `p[l * step] = ${store("from[l]")};`).replace("for", "UNROLL for")}
  } else {
    ${lanes("n", `p[l * step] = ${store("from[l]")};`)}
  }
}
static OUT_OF_LINE void scatter_${element}(${element} *p, i32v at, ${type}v x, i32 n) {
  ${lanes("n", `p[at[l]] = ${store("x[l]")};`)}
}`;
}

const itself = (x: string): string => x;

/** `rotate_n_type`: lane l is lane l + n of the argument. */
function rotation(name: string, type: string, lanes: number, n: number): string {
  const from = Array.from({ length: lanes }, (_, l) => (l + n) % lanes).join(", ");
  return `static inline ${name}v rotate_${n}_${name}v(${name}v x) { return SHUFFLE_${type}(x, x, ${from}); }`;
}

/** A line for each half, quarter … of so many lanes. */
function rotationsOf(lanes: number, line: (n: number) => string): string {
  const lines: string[] = [];
  for (let n = lanes / 2; n >= 1; n /= 2) lines.push(line(n));
  return lines.join("\n");
}

/** Parts of vectors have instructions of their own in AVX-512. */
const MASKED = ["f32", "i32", "u32"];
function maskedMemory(type: string): string {
  const name = type === "f32" ? "ups" : "dqusi",
    lanes = type === "f32" ? "f32v" : "i32v",
    element = type === "f32" ? "f32" : "i32";
  return `
static inline ${type}v load_some_${type}(const ${type} *p, i32 n) {
  return (${type}v)__builtin_ia32_load${name}512_mask((const ${element} *)p, (${lanes}){0}, (uint16_t)((1u << n) - 1u));
}
static inline void store_some_${type}(${type} *p, ${type}v x, i32 n) {
  __builtin_ia32_store${name}512_mask((${element} *)p, (${lanes})x, (uint16_t)((1u << n) - 1u));
}`;
}

function maskedGather(type: string): string {
  const [name, lanes] = type === "f32" ? ["sf", "f32v"] : ["si", "i32v"];
  const gather = (mask: string): string =>
    `(${type}v)__builtin_ia32_gathersiv16${name}((${lanes}){0}, p, at, (uint16_t)(${mask}), 4)`;
  return `
static inline ${type}v gather_${type}(const ${type} *p, i32v at) { return ${gather("0xffff")}; }
static inline ${type}v gather_some_${type}(const ${type} *p, i32v at, i32 n) { return ${gather("(1u << n) - 1u")}; }
static inline ${type}v strided_${type}(const ${type} *p, i64 step) {
  return step == 2 ? second_${type}(p) : gather_${type}(p, LANE * (i32)step);
}
static inline ${type}v strided_some_${type}(const ${type} *p, i64 step, i32 n) {
  if (step != 2) return gather_some_${type}(p, LANE * (i32)step, n);
  const i32 all = 2 * n - 1;
  return SHUFFLE_${type}(load_some_${type}(p, all < L ? all : L), load_some_${type}(p + L - 1, all < L ? 0 : all - L + 1), SECOND);
}`;
}

/** Casts between f16, as bits in lanes of 32, and f32. */
const HALVES = `
typedef int16_t halves __attribute__((vector_size(2 * L)));
typedef uint16_t u16v __attribute__((vector_size(2 * L)));
static inline f32v widen_f16v(u32v x) {
  return (f32v)__builtin_ia32_vcvtph2ps512_mask(__builtin_convertvector(x, halves), (f32v){0}, (uint16_t)0xffff, 4);
}
static inline u32v narrow_f16v(f32v x) {
  return __builtin_convertvector((u16v)__builtin_ia32_vcvtps2ph512_mask(x, 0, (halves){0}, (uint16_t)0xffff), u32v);
}
static inline f32 widen_f16(u32 x) { return widen_f16v(splat_u32v(x))[0]; }
static inline u32 narrow_f16(f32 x) { return narrow_f16v(splat_f32v(x))[0]; }
`;

/** The text for vectors of so many 32-bit lanes. */
export function preludeFor(lanes: number): string {
  return `${RUNTIME_HEADER}
#define L ${lanes}
#define SECOND ${Array.from({ length: lanes }, (_, l) => (2 * l < lanes ? 2 * l : 2 * l + 1)).join(", ")}
/* What is rare or slow anyway is not to be written out everywhere. */
#define OUT_OF_LINE __attribute__((noinline, unused))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
typedef float f32;
typedef double f64;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;
typedef uint8_t u8;
typedef uint16_t f16;
typedef uint16_t bf16;
typedef uint8_t truth;
typedef f32 f32v __attribute__((vector_size(4 * L)));
typedef i32 i32v __attribute__((vector_size(4 * L)));
typedef u32 u32v __attribute__((vector_size(4 * L)));
typedef f64 f64v __attribute__((vector_size(8 * L)));
typedef i64 i64v __attribute__((vector_size(8 * L)));
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE_f32(...) __builtin_shufflevector(__VA_ARGS__)
#define SHUFFLE_f64 SHUFFLE_f32
#define SHUFFLE_i32 SHUFFLE_f32
#define SHUFFLE_u32 SHUFFLE_f32
#else
#define SHUFFLE_BY(type, a, b, ...) __builtin_shuffle(a, b, (type){__VA_ARGS__})
#define SHUFFLE_f32(...) SHUFFLE_BY(i32v, __VA_ARGS__)
#define SHUFFLE_f64(...) SHUFFLE_BY(i64v, __VA_ARGS__)
#define SHUFFLE_i32 SHUFFLE_f32
#define SHUFFLE_u32(...) SHUFFLE_BY(u32v, __VA_ARGS__)
#endif
static const i32v LANE = {${Array.from({ length: lanes }, (_, l) => l).join(", ")}};
static inline i32v narrow(i64v x) { return __builtin_convertvector(x, i32v); }
/* Masks: a bit for each lane where the processor has such registers, else all ones or all zeros in each lane. */
#if defined(__AVX512F__) && L == 16
#define MASKS 1
typedef uint16_t maskv;
typedef f64 f64half __attribute__((vector_size(64)));
#ifdef __clang__
#define BLEND(type, m, yes, no) __builtin_ia32_select##type##_512(m, yes, no)
#define EXTREME(op, x, y) __builtin_ia32_##op##ps512(x, y, 4)
#else
#define BLEND(type, m, yes, no) __builtin_ia32_blendm##type##_512_mask(no, yes, m)
#define EXTREME(op, x, y) __builtin_ia32_##op##ps512_mask(x, y, x, 0xffff, 4)
#endif
static inline int any(maskv m) { return m; }
static inline maskv splat_maskv(i32 truth) { return (maskv)-truth; }
static inline maskv first_lanes(i32 n) { return (maskv)((1u << n) - 1u); }
static inline i32 lane_of(maskv m, int l) { return m >> l & 1; }
${rotationsOf(lanes, (n) => `static inline maskv rotate_${n}_maskv(maskv m) { return (maskv)(m >> ${n} | m << ${lanes - n}); }`)}
#else
#define MASKS 0
typedef i32v maskv;
static inline int any(maskv m) {
  i32 out = 0;
  for (int l = 0; l < L; l++) out |= m[l];
  return out;
}
static inline maskv splat_maskv(i32 truth) { return -truth - (i32v){0}; }
static inline maskv first_lanes(i32 n) { return LANE < n; }
static inline i32 lane_of(maskv m, int l) { return -m[l]; }
${rotationsOf(lanes, (n) => rotation("mask", "i32", lanes, n))}
#endif
static inline maskv not_maskv(maskv x) { return (maskv)~x; }
static inline maskv lt_maskv(maskv x, maskv y) { return (maskv)(~x & y); }
static inline maskv le_maskv(maskv x, maskv y) { return (maskv)(~x | y); }
static inline maskv eq_maskv(maskv x, maskv y) { return (maskv)~(x ^ y); }
static inline maskv select_maskv(maskv m, maskv yes, maskv no) { return (maskv)((m & yes) | (~m & no)); }
static inline f32 bits_f32(u32 x) { f32 out; __builtin_memcpy(&out, &x, 4); return out; }
static inline u32 bits_u32(f32 x) { u32 out; __builtin_memcpy(&out, &x, 4); return out; }
static inline i32 bits_i32(f32 x) { return (i32)bits_u32(x); }
${integers("i32")}
${integers("u32")}
${floats("f32")}
${floats("f64")}
static inline f32v fma_f32v(f32v x, f32v y, f32v z) {
  f32v out;
  for (int l = 0; l < L; l++) out[l] = __builtin_fmaf(x[l], y[l], z[l]);
  return out;
}
/* Divisions by one size again and again: by floor((2^64 - 1) / d), exact for all 32-bit numbers. */
static inline u64 reciprocal_of(i32 d) { return d > 0 ? ~(u64)0 / (u32)d : 0; }
static inline i32 quotient_by(i32 x, i32 d, u64 per_d) {
#ifdef __SIZEOF_INT128__
  (void)d;
  return (i32)((unsigned __int128)per_d * ((u64)(u32)x + 1) >> 64);
#else
  (void)per_d;
  return (i32)((u32)x / (u32)d);
#endif
}
static inline i32 remainder_by(i32 x, i32 d, u64 per_d) { return x - quotient_by(x, d, per_d) * d; }
/* By the reciprocal in f64, which is one off at most. */
static inline i32v quotient_v(i32v x, i32 d) {
  const i32v q = __builtin_convertvector(__builtin_convertvector(x, f64v) * (1 / (f64)d), i32v);
  const i32v r = x - q * d;
  return q - (r >= d) + (r < 0);
}
static inline i32v remainder_v(i32v x, i32 d) { return x - quotient_v(x, d) * d; }
${["f32", "f64", "i32", "u32"].map((type) => rotationsOf(lanes, (n) => rotation(type, type, lanes, n))).join("\n")}
${["f32", "f64", "i32", "u32"].map((type) => memory(type, type, itself, itself, lanes === 16 && MASKED.includes(type))).join("")}
${lanes === 16 ? HALVES + EXP_SOURCE : ""}
${memory("u8", "u32", itself, (x) => `(u8)${x}`)}
${memory("f16", "u32", itself, (x) => `(f16)${x}`)}
${memory("bf16", "u32", itself, (x) => `(bf16)${x}`)}
/* Truth values are bytes of 0 and 1. */
static inline maskv truth_of(u32v x) { return ne_u32v(x, (u32v){0}); }
static inline u32v bytes_of(maskv m) { return select_u32v(m, splat_u32v(1), (u32v){0}); }
static inline maskv load_truth(const truth *p) { return truth_of(load_u8(p)); }
static inline maskv load_some_truth(const truth *p, i32 n) { return truth_of(load_some_u8(p, n)); }
static inline maskv second_truth(const truth *p) { return truth_of(second_u8(p)); }
static inline maskv strided_truth(const truth *p, i64 step) { return truth_of(strided_u8(p, step)); }
static inline maskv strided_some_truth(const truth *p, i64 step, i32 n) { return truth_of(strided_some_u8(p, step, n)); }
static inline maskv gather_truth(const truth *p, i32v at) { return truth_of(gather_u8(p, at)); }
static inline maskv gather_some_truth(const truth *p, i32v at, i32 n) { return truth_of(gather_some_u8(p, at, n)); }
static inline void store_truth(truth *p, maskv m) { store_u8(p, bytes_of(m)); }
static inline void store_some_truth(truth *p, maskv m, i32 n) { store_some_u8(p, bytes_of(m), n); }
static inline void stride_truth(truth *p, i64 step, maskv m, i32 n) { stride_u8(p, step, bytes_of(m), n); }
static inline void scatter_truth(truth *p, i32v at, maskv m, i32 n) { scatter_u8(p, at, bytes_of(m), n); }
`;
}
