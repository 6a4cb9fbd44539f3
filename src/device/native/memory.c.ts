/**
 * Memory beyond the heap. Its addresses are reserved once, as many as the machine has memory, and get memory piece by piece;
 * like all others they are counted from the heap's start, wherever the system puts them.
 */
export const MEMORY_SOURCE: string = String.raw`
/* ---------- memory beyond the heap */

/* Reserves addresses. Returns where they begin, or 0 where the system refuses. */
int64_t myelin_reach(struct pool *pool, uint64_t bytes) {
  char *far = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (far == MAP_FAILED) return 0;
  pool->far = far;
  pool->far_bytes = bytes;
  return (int64_t)((uintptr_t)far - (uintptr_t)pool->heap);
}

/* Puts memory behind addresses. 0 where there is none. */
int32_t myelin_back(struct pool *pool, int64_t from, uint64_t bytes) {
  char *start = pool->heap + from;
  if (mprotect(start, bytes, PROT_READ | PROT_WRITE)) return 0;
  prefer_huge_pages(start, bytes);
  return 1;
}

/* None of these may be called while a program runs. */
void myelin_copy(struct pool *pool, int64_t to, int64_t from, uint64_t bytes) {
  memmove(pool->heap + to, pool->heap + from, bytes);
}
void myelin_fill(struct pool *pool, int64_t to, int32_t value, uint64_t bytes) { memset(pool->heap + to, value, bytes); }
void myelin_write(struct pool *pool, int64_t to, const void *bytes, uint64_t count) {
  memcpy(pool->heap + to, bytes, count);
}
void myelin_read(struct pool *pool, void *bytes, int64_t from, uint64_t count) {
  memcpy(bytes, pool->heap + from, count);
}
`;
