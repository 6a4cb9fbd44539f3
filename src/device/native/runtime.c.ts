/**
 * The native runtime's source: what loads kernels, keeps threads and walks tapes on the other side of the foreign calls.
 * C11 with GNU extensions; one library, compiled through the same cache as the kernels.
 */
import { MAX_CHUNKS, ENTRY_BYTES, FORK, LEADER_STEP, RECORD_BYTES, REPEAT } from "../cpu/tape.ts";
import { MEMORY_SOURCE } from "./memory.c.ts";
import { POOL_SOURCE } from "./pool.c.ts";
import { preludeFor } from "./prelude.c.ts";
import { ROUTINES_VALUES, routinesFor } from "./routines.c.ts";
import { THREADS_SOURCE } from "./threads.c.ts";

/** Kernels in one process, and what went wrong with the last one. */
const LOADING = String.raw`
/* Never moves, so that threads read it without a lock. Pages that nobody touches cost nothing. */
#define MOST_KERNELS (1u << 20)
static kernel_t *kernels[MOST_KERNELS];
static int32_t kernel_count;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static char loading_error[1024];

static const struct runtime routines = {${ROUTINES_VALUES}};

/* The place of a library's function among the kernels, or -1. */
int32_t myelin_load(const char *path, const char *symbol) {
  int32_t place = -1;
  pthread_mutex_lock(&loading);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *function = library ? dlsym(library, symbol) : NULL;
  if (function && kernel_count < (int32_t)MOST_KERNELS) {
    place = kernel_count++;
    memcpy(&kernels[place], &function, sizeof function);
  } else {
    const char *reason = function ? "too many kernels" : dlerror();
    snprintf(loading_error, sizeof loading_error, "%s", reason ? reason : "the symbol is null");
  }
  pthread_mutex_unlock(&loading);
  return place;
}

const char *myelin_error(void) { return loading_error; }

/* Where the bytes of a typed array lie. */
uint64_t myelin_address(const void *bytes) { return (uint64_t)(uintptr_t)bytes; }
`;

/** The whole library, for vectors of so many lanes. */
export const runtimeFor = (lanes: number): string => `#define _GNU_SOURCE
${preludeFor(lanes)}
${routinesFor(lanes)}
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ENTRY_BYTES = ${ENTRY_BYTES}, RECORD_BYTES = ${RECORD_BYTES}, MAX_CHUNKS = ${MAX_CHUNKS}, LEADER_STEP = ${LEADER_STEP}, REPEAT = ${REPEAT}, FORK = ${FORK} };
${LOADING}${THREADS_SOURCE}${POOL_SOURCE}${MEMORY_SOURCE}`;
