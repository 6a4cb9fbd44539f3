/**
 * Routines that contractions share, compiled once into the runtime: the register tile and what feeds it. Rows are read
 * where they lie, through one pointer each; columns stand side by side for every k.
 */

/** Rows and vectors of the largest tile: sums and operands together fill the registers of AVX-512 and half as many do elsewhere. */
export const TILE_VECTORS = 2;
export const tileRowsFor = (lanes: number): number => (lanes === 16 ? 8 : 6);
/**
 * Vectors of tiles of few rows: two would leave too few sums to add to while others are not done, and read columns in runs that
 * are too short for the caches to follow.
 */
const fewRowsFor = (lanes: number): readonly number[] => (lanes === 16 ? [8, 4, 4] : [8, 4]);
/** Columns that dot products take at a time. */
const DOTS = 4;

/** What kernels see of the routines: members of `struct runtime`. */
export const ROUTINES_MEMBERS = `
  /* Sums over k of row times column: \`count\` rows, each starting \`rows[i]\` elements from \`base\`, \`row_step\` elements
     from k to k, or where that is \`INT32_MIN\` each k \`steps[k]\` elements from there; columns side by side, \`column_step\` elements
     from k to k. The sums go to \`out\`, \`pitch\` elements from row to row, or are added to what is there. Whole vectors
     of columns are read and written. */
  void (*sweep)(const int32_t *rows, int32_t count, const float *base, int64_t row_step, const int32_t *steps,
                const float *columns, int64_t column_step, int32_t depth, float *out, int64_t pitch, int32_t width, int32_t more);
  /* The same for columns that have k side by side, each starting \`columns[j]\` elements from \`column_base\`. */
  void (*dots)(const int32_t *rows, int32_t count, const float *base, const int32_t *columns, int32_t width,
               const float *column_base, int32_t depth, float *out, int64_t pitch, int32_t more);
  /* \`count\` lines of \`length\` elements become \`length\` lines of \`count\`, \`pitch\` elements apart. */
  void (*turn)(const int32_t *lines, int32_t count, const float *base, int32_t length, float *out, int64_t pitch);`;

/** Their initializers. */
export const ROUTINES_VALUES = ".sweep = sweep, .dots = dots, .turn = turn";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * Where few rows use a vector, GCC loads it again for each of them, as an operand of the multiplication, and loads are then what
 * a tile waits for: 91 in place of 116 GFLOP/s of 4 rows.
 */
const IN_REGISTER = `
#if L == 16 && defined(__AVX512F__)
#define IN_REGISTER(x) __asm__("" : "+v"(x))
#elif (L == 8 && defined(__AVX__)) || (L == 4 && defined(__SSE__))
#define IN_REGISTER(x) __asm__("" : "+x"(x))
#elif L == 4 && defined(__aarch64__)
#define IN_REGISTER(x) __asm__("" : "+w"(x))
#else
#define IN_REGISTER(x) (void)(x)
#endif`;

/** How a tile goes from k to k: by even steps, or by a list of distances. */
type Walk = "even" | "listed";

function tile(rows: number, vectors: number, walk: Walk): string {
  const isEven = walk === "even";
  const each = (text: (i: number, j: number) => string): string =>
    range(rows)
      .flatMap((i) => range(vectors).map((j) => text(i, j)))
      .join(" ");
  return `
static __attribute__((noinline)) void ${walk}_${rows}_${vectors}(const i32 *rows, const f32 *base, ${isEven ? "i64 row_step" : "const i32 *steps"},
    const f32 *columns, i64 column_step, i32 depth, f32 *out, i64 pitch, i32 more) {
  ${range(rows)
    .map((i) => `const f32 *p${i} = base + rows[${i}];`)
    .join(" ")}
  ${each((i, j) => `f32v a${i}_${j} = {0};`)}
  for (i32 k = 0; k < depth; k++) {
    ${isEven ? "" : "const i64 step = steps[k];"}
    ${range(vectors)
      .map((j) => `f32v c${j} = load_f32(columns + ${j} * L); ${rows > 1 ? `IN_REGISTER(c${j});` : ""}`)
      .join(" ")}
    ${range(rows)
      .map(
        (i) =>
          `{ const f32v x = splat_f32v(${isEven ? `*p${i}); p${i} += row_step;` : `p${i}[step]);`} ${range(vectors)
            .map((j) => `a${i}_${j} = fma_f32v(x, c${j}, a${i}_${j});`)
            .join(" ")} }`,
      )
      .join("\n    ")}
    columns += column_step;
  }
  if (more) { ${each((i, j) => `a${i}_${j} += load_f32(out + ${i} * pitch + ${j} * L);`)} }
  ${each((i, j) => `store_f32(out + ${i} * pitch + ${j} * L, a${i}_${j});`)}
}`;
}

/** All columns of a fixed number of rows, strip by strip, each as wide as there is room for. */
function fewRows(rows: number, widest: number): string {
  const strips: string[] = [];
  for (let vectors = widest; vectors >= 1; vectors /= 2)
    strips.push(
      `for (; width - j > ${vectors - 1} * L; j += ${vectors} * L) even_${rows}_${vectors}(rows, base, row_step, columns + j, column_step, depth, out + j, pitch, more);`,
    );
  return `
static void few_${rows}(const i32 *rows, const f32 *base, i64 row_step, const f32 *columns, i64 column_step, i32 depth,
    f32 *out, i64 pitch, i32 width, i32 more) {
  i32 j = 0;
  ${strips.join("\n  ")}
}`;
}

function sweep(rows: number, few: readonly number[]): string {
  const call = (walk: Walk, r: number, vectors: number): string =>
    `${walk}_${r}_${vectors}(rows + i, base, ${walk === "even" ? "row_step" : "steps"}, c, column_step, depth, o, pitch, more);`;
  const strip = (walk: Walk, vectors: number): string => `
      for (; i + ${rows} <= count; i += ${rows}, o += ${rows} * pitch) ${call(walk, rows, vectors)}
      switch (count - i) {
        ${range(rows)
          .slice(1)
          .map((r) => `case ${r}: ${call(walk, r, vectors)} break;`)
          .join("\n        ")}
      }`;
  const parameters = (walk: Walk): string =>
    `(const i32 *rows, i32 count, const f32 *base, ${walk === "even" ? "i64 row_step" : "const i32 *steps"},
    const f32 *columns, i64 column_step, i32 depth, f32 *out, i64 pitch, i32 width, i32 more)`;
  const swept = (walk: Walk): string => `
static void sweep_${walk}${parameters(walk)} {
  /* All rows of one strip of columns first: the strip stays in the nearest cache. */
  for (i32 j = 0; j < width; j += ${TILE_VECTORS} * L) {
    const f32 *c = columns + j;
    f32 *o = out + j;
    i32 i = 0;
    if (width - j > L) {${strip(walk, 2)}
    } else {${strip(walk, 1)}
    }
  }
}`;
  const rest = "columns, column_step, depth, out, pitch, width, more";
  return `${swept("even")}${swept("listed")}${few.map((widest, i) => fewRows(i + 1, widest)).join("")}
static void sweep(const i32 *rows, i32 count, const f32 *base, i64 row_step, const i32 *steps, const f32 *columns,
    i64 column_step, i32 depth, f32 *out, i64 pitch, i32 width, i32 more) {
  if (row_step == INT32_MIN) return sweep_listed(rows, count, base, steps, ${rest});
  switch (count) {
    ${few.map((_, i) => `case ${i + 1}: return few_${i + 1}(rows, base, row_step, ${rest});`).join("\n    ")}
    default: sweep_even(rows, count, base, row_step, ${rest});
  }
}`;
}

/** Lanes that a step of transposing takes: from the first vector, or from the second (counted on). */
function transposition(lanes: number): string {
  const lines: string[] = [];
  for (let step = 1; step < lanes; step *= 2)
    for (const i of range(lanes).filter((l) => !(l & step))) {
      const low = range(lanes).map((l) => (l & step ? lanes + l - step : l)),
        high = range(lanes).map((l) => (l & step ? lanes + l : l + step));
      lines.push(
        `{ const f32v a = v${i}, b = v${i + step}; v${i} = SHUFFLE_f32(a, b, ${low.join(", ")}); v${i + step} = SHUFFLE_f32(a, b, ${high.join(", ")}); }`,
      );
    }
  return lines.join("\n    ");
}

function turn(lanes: number): string {
  const all = range(lanes);
  return `
/* L lines, of which some may be the same. */
static void turn_lines(const f32 **p, i32 length, f32 *out, i64 pitch) {
  i32 k = 0;
  /* What follows is asked for next, as a rule, and of so many lines at once no cache notices that. */
  ${all.map((l) => `__builtin_prefetch(p[${l}] + length);`).join(" ")}
  for (; k + L <= length; k += L) {
    ${all.map((l) => `f32v v${l} = load_f32(p[${l}] + k);`).join(" ")}
    ${transposition(lanes)}
    ${all.map((l) => `store_f32(out + (k + ${l}) * pitch, v${l});`).join(" ")}
  }
  if (k < length) {
    const i32 n = length - k;
    ${all.map((l) => `f32v v${l} = load_some_f32(p[${l}] + k, n);`).join(" ")}
    ${transposition(lanes)}
    ${all.map((l) => `if (${l} < n) { store_f32(out + (k + ${l}) * pitch, v${l}); }`).join(" ")}
  }
}
static void turn(const i32 *lines, i32 count, const f32 *base, i32 length, f32 *out, i64 pitch) {
  for (i32 i = 0; i < count; i += L) {
    const f32 *p[L];
    for (int l = 0; l < L; l++) p[l] = base + lines[i + l < count ? i + l : count - 1];
    turn_lines(p, length, out + i, pitch);
  }
}`;
}

/** All lanes added up, halves first. */
function rotated(lanes: number): string {
  const lines: string[] = [];
  for (let half = lanes / 2; half >= 1; half /= 2) lines.push(`x += rotate_${half}_f32v(x);`);
  return lines.join(" ");
}

function dots(lanes: number): string {
  const all = range(DOTS);
  const each = (text: (j: number) => string): string => all.map(text).join(" ");
  return `
static f32 lane_sum(f32v x) {
  ${rotated(lanes)}
  return x[0];
}
static void dots(const i32 *rows, i32 count, const f32 *base, const i32 *columns, i32 width, const f32 *column_base,
    i32 depth, f32 *out, i64 pitch, i32 more) {
  for (i32 j = 0; j < width; j += ${DOTS}) {
    ${each((u) => `const f32 *c${u} = column_base + columns[j + ${u} < width ? j + ${u} : width - 1];`)}
    for (i32 i = 0; i < count; i++) {
      const f32 *row = base + rows[i];
      ${each((u) => `f32v a${u} = {0}, b${u} = {0};`)}
      i32 k = 0;
      for (; k + 2 * L <= depth; k += 2 * L) {
        const f32v x = load_f32(row + k), y = load_f32(row + k + L);
        ${each((u) => `a${u} = fma_f32v(x, load_f32(c${u} + k), a${u}); b${u} = fma_f32v(y, load_f32(c${u} + k + L), b${u});`)}
      }
      for (; k < depth; k += L) {
        const i32 n = depth - k < L ? depth - k : L;
        const f32v x = load_some_f32(row + k, n);
        ${each((u) => `a${u} = fma_f32v(x, load_some_f32(c${u} + k, n), a${u});`)}
      }
      f32 *o = out + i * pitch + j;
      const f32 sums[${DOTS}] = {${all.map((u) => `lane_sum(a${u} + b${u})`).join(", ")}};
      for (int u = 0; u < ${DOTS} && j + u < width; u++) o[u] = more ? o[u] + sums[u] : sums[u];
    }
  }
}`;
}

/** The routines' source, after the prelude. */
export function routinesFor(lanes: number): string {
  const rows = tileRowsFor(lanes),
    few = fewRowsFor(lanes);
  const wider = few.flatMap((widest, i) =>
    [4, 8].filter((vectors) => vectors <= widest).map((vectors) => tile(i + 1, vectors, "even")),
  );
  return [
    IN_REGISTER,
    ...range(rows).flatMap((r) =>
      range(TILE_VECTORS).flatMap((v) => [tile(r + 1, v + 1, "even"), tile(r + 1, v + 1, "listed")]),
    ),
    ...wider,
    sweep(rows, few),
    turn(lanes),
    dots(lanes),
  ].join("\n");
}
