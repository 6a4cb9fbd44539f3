/** What kernels and runtime know of each other: the beginning of every source. */
import { ROUTINES_MEMBERS } from "./routines.c.ts";

export const RUNTIME_HEADER: string = `#include <stddef.h>
#include <stdint.h>

/* Routines that kernels share. */
struct runtime {${ROUTINES_MEMBERS}
};

/* Where a buffer begins: its distance from the heap's start, in two words, the lower first. */
static inline char *place(char *heap, const uint32_t *words) {
  return heap + (int64_t)((uint64_t)words[1] << 32 | words[0]);
}

/* A kernel: the words of one launch at block, items begin to end, and this thread's own scratch. */
typedef void kernel_t(char *heap, const uint32_t *block, uint32_t begin, uint32_t end, char *scratch,
                      const struct runtime *rt);
`;
