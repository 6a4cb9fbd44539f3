/**
 * What every kernel's C begins with: types, vectors of `L` lanes of 32 bits (64 for f64), and the functions that c.ts
 * spells. Loops over lanes are how GNU C says what compilers have one instruction for.
 */
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

/** The functions that both kinds of numbers have. `bits` is the type of a mask. */
function common(type: string, bits: string): string {
  const widened = bits === "i64" ? "__builtin_convertvector(m, i64v)" : "m";
  return `
static inline ${type}v splat_${type}v(${type} x) { return x - (${type}v){0}; }
static inline ${type}v select_${type}v(i32v m, ${type}v yes, ${type}v no) {
  const ${bits}v mask = ${widened};
  return (${type}v)((mask & (${bits}v)yes) | (~mask & (${bits}v)no));
}`;
}

function floats(type: "f32" | "f64"): string {
  const f = type === "f32" ? "f" : "";
  const narrow = type === "f32" ? "" : "narrow";
  return `${common(type, type === "f32" ? "i32" : "i64")}
${onBoth(type, "abs", ["x"], (x) => `__builtin_fabs${f}(${x})`)}
${onBoth(type, "floor", ["x"], (x) => `__builtin_floor${f}(${x})`)}
${onBoth(type, "round", ["x"], (x) => `__builtin_rint${f}(${x})`)}
${onBoth(type, "sqrt", ["x"], (x) => `__builtin_sqrt${f}(${x})`)}
/* NaN passes; of two equal values the first is kept. */
static inline ${type} max_${type}(${type} x, ${type} y) { return x < y || y != y ? y : x; }
static inline ${type} min_${type}(${type} x, ${type} y) { return y < x || y != y ? y : x; }
static inline ${type}v max_${type}v(${type}v x, ${type}v y) { return select_${type}v(${narrow}((x < y) | (y != y)), y, x); }
static inline ${type}v min_${type}v(${type}v x, ${type}v y) { return select_${type}v(${narrow}((y < x) | (y != y)), y, x); }
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
  return `${common(type, "i32")}
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
  return gather_${element}(p, select_i32v(LANE < n, at, splat_i32v(at[0])));
}`;
  return `
static inline ${type}v load_${element}(const ${element} *p) {
  ${type}v out;
  ${plain ? `__builtin_memcpy(&out, p, sizeof out);` : lanes("L", `out[l] = ${load("p[l]")};`)}
  return out;
}
${masked ? maskedMemory(type) : partly}
static inline ${type}v second_${element}(const ${element} *p) {
  return SHUFFLE_${type}(load_${element}(p), load_${element}(p + L), SECOND);
}
${masked ? maskedGather(type) : gathered}
static inline void store_${element}(${element} *p, ${type}v x) {
  ${plain ? `__builtin_memcpy(p, &x, sizeof x);` : lanes("L", `p[l] = ${store("x[l]")};`)}
}
static OUT_OF_LINE void stride_${element}(${element} *p, i64 step, ${type}v x, i32 n) {
  ${lanes("n", `p[l * step] = ${store("x[l]")};`)}
}
static OUT_OF_LINE void scatter_${element}(${element} *p, i32v at, ${type}v x, i32 n) {
  ${lanes("n", `p[at[l]] = ${store("x[l]")};`)}
}`;
}

const itself = (x: string): string => x;

/** `rotate_n_type`: lane l is lane l + n of the argument. */
function rotations(type: string, lanes: number): string {
  const lines: string[] = [];
  for (let n = lanes / 2; n >= 1; n /= 2) {
    const from = Array.from({ length: lanes }, (_, l) => (l + n) % lanes).join(", ");
    lines.push(`static inline ${type}v rotate_${n}_${type}v(${type}v x) { return SHUFFLE_${type}(x, x, ${from}); }`);
  }
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
static inline ${type}v strided_${type}(const ${type} *p, i64 step) { return gather_${type}(p, LANE * (i32)step); }
static inline ${type}v strided_some_${type}(const ${type} *p, i64 step, i32 n) { return gather_some_${type}(p, LANE * (i32)step, n); }`;
}

/** The text for vectors of so many 32-bit lanes. */
export function preludeFor(lanes: number): string {
  return `${RUNTIME_HEADER}
#define L ${lanes}
#define SECOND ${Array.from({ length: lanes }, (_, l) => 2 * l).join(", ")}
/* What is rare or slow anyway is not to be written out everywhere. */
#define OUT_OF_LINE __attribute__((noinline, unused))
typedef float f32;
typedef double f64;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;
typedef uint8_t u8;
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
/* Is any lane of a mask set? */
static inline int any(i32v m) {
#if defined(__AVX512F__) && L == 16
  return __builtin_ia32_cmpd512_mask(m, (i32v){0}, 4, 0xffff) != 0;
#else
  i32 out = 0;
  for (int l = 0; l < L; l++) out |= m[l];
  return out;
#endif
}
static inline f32 bits_f32(u32 x) { f32 out; __builtin_memcpy(&out, &x, 4); return out; }
static inline u32 bits_u32(f32 x) { u32 out; __builtin_memcpy(&out, &x, 4); return out; }
static inline i32 bits_i32(f32 x) { return (i32)bits_u32(x); }
${integers("i32")}
${integers("u32")}
${floats("f32")}
${floats("f64")}
/* By the reciprocal in f64, which is one off at most. */
static inline i32v quotient_v(i32v x, i32 d) {
  const i32v q = __builtin_convertvector(__builtin_convertvector(x, f64v) * (1 / (f64)d), i32v);
  const i32v r = x - q * d;
  return q - (r >= d) + (r < 0);
}
static inline i32v remainder_v(i32v x, i32 d) { return x - quotient_v(x, d) * d; }
${["f32", "f64", "i32", "u32"].map((type) => rotations(type, lanes)).join("\n")}
${["f32", "f64", "i32", "u32"].map((type) => memory(type, type, itself, itself, lanes === 16 && MASKED.includes(type))).join("")}
${memory("u8", "u32", itself, (x) => `(u8)${x}`)}
${memory(
  "truth",
  "i32",
  (x) => `-(i32)${x}`,
  (x) => `(u8)-${x}`,
)}
`;
}
