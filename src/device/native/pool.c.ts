/**
 * The pool: one thread, the leader, walks a tape; helpers join the steps that are worth it. The algorithm is that of the
 * WebAssembly runner, on the same tape.
 *
 * Its threads are the system's own and not the JavaScript workers that help WebAssembly, although those could walk here too, in
 * a foreign call that does not return. That was tried. A step takes as long (0.35 against 0.38 ms, on a machine with other work);
 * but a worker takes 8 to 10 MB and, on that machine, 250 ms to start, and `terminate()` of a user's worker hung for 8 s: it
 * waits for that worker's own workers, who cannot be interrupted in C. So the device ends those workers once programs have moved
 * here.
 */
export const POOL_SOURCE: string = String.raw`
/* ---------- the pool */

enum { MOST_THREADS = 1024 };

struct program {
  uint32_t from, to;
};

/* A thread's own chunks of a job, so that it meets the same data again and again, in its own cache: the job's number,
   the next chunk, and the end. Its owner takes from the front; those who are done with their own, from the back.
   With the job beside it a helper has all that it needs from one cache line: every other would be 50 ns more. */
struct range {
  _Alignas(128) _Atomic uint64_t word;
  /* The shared step's tape entry. */
  const uint32_t *entry;
};

struct pool {
  char *heap;
  /* Addresses of memory beyond it. */
  char *far;
  size_t far_bytes;
  /* The threads' scratch, one after the other, and what has to be freed. */
  char *scratch;
  size_t stride;
  void *allocated;
  /* The leader included. */
  _Atomic uint32_t threads;
  _Atomic bool stopping;

  /* The job's number. */
  struct signal ticket;
  /* Chunks of the job that no helper has done. */
  struct signal pending;

  /* Programs that were submitted: a ring, and how many there ever were and are done. */
  pthread_mutex_t queueing;
  struct program *queue;
  uint32_t capacity;
  struct signal submitted, completed;
  bool has_leader;
  pthread_t leader;

  struct range *ranges;
  struct helper {
    struct pool *pool;
    uint32_t thread;
    pthread_t id;
  } helpers[MOST_THREADS - 1];
};

/* Calls a tape entry's kernel for the records from one address to another. */
static void call_records(const struct pool *pool, const uint32_t *entry, uint32_t from, uint32_t to, uint32_t thread) {
  char *heap = pool->heap, *scratch = pool->scratch + thread * pool->stride;
  kernel_t *kernel = kernels[entry[1]];
  for (uint64_t at = from; at < to; at += RECORD_BYTES) {
    const uint32_t *record = (const uint32_t *)(heap + at);
    kernel(heap, (const uint32_t *)(heap + record[0]), record[1], record[2], scratch, &routines);
  }
}

static void walk(struct pool *pool, uint32_t at, uint32_t to, uint32_t thread, bool alone);

/* Does a chunk of a job: calls of a kernel, or a tape of a fork. */
static void do_chunk(struct pool *pool, const uint32_t *entry, uint32_t chunk, uint32_t thread) {
  const uint32_t *table = (const uint32_t *)(pool->heap + entry[3]);
  if (entry[0] == FORK) walk(pool, table[2 * chunk], table[2 * chunk + 1], thread, true);
  else call_records(pool, entry, table[chunk], table[chunk + 1], thread);
}

/* Takes chunks of one thread's part of a job as long as there are any. Returns how many were done. */
static uint32_t take_range(struct pool *pool, uint32_t job, uint32_t owner, uint32_t thread) {
  _Atomic uint64_t *range = &pool->ranges[owner].word;
  uint64_t word = atomic_load_explicit(range, memory_order_acquire);
  uint32_t done = 0;
  while (word >> 32 == job) {
    uint32_t next = word >> 16 & 0xffff, end = word & 0xffff;
    if (next == end) break;
    if (!atomic_compare_exchange_weak(range, &word, owner == thread ? word + 0x10000 : word - 1)) continue;
    /* From here on the job cannot change: the leader waits for this chunk. */
    do_chunk(pool, pool->ranges[owner].entry, owner == thread ? next : end - 1, thread);
    done++;
    word = atomic_load_explicit(range, memory_order_acquire);
  }
  return done;
}

/* The same for all parts, the thread's own first. */
static uint32_t take_chunks(struct pool *pool, uint32_t job, uint32_t thread) {
  uint32_t done = 0;
  for (uint32_t i = 0, owner = thread; i < pool->threads; i++, owner = owner + 1 < pool->threads ? owner + 1 : 0)
    done += take_range(pool, job, owner, thread);
  return done;
}

/* Publishes a step, works on it, and waits until all of it is done. Nobody waits for a helper that took nothing. */
static void share(struct pool *pool, const uint32_t *entry) {
  uint32_t chunks = entry[2], own, left, from = 0;
  uint32_t job = atomic_load_explicit(&pool->ticket.word, memory_order_relaxed) + 1;
  atomic_store_explicit(&pool->pending.word, chunks, memory_order_relaxed);
  for (uint32_t thread = 0; thread < pool->threads; thread++) {
    uint32_t to = (uint64_t)chunks * (thread + 1) / pool->threads;
    pool->ranges[thread].entry = entry;
    atomic_store_explicit(&pool->ranges[thread].word, (uint64_t)job << 32 | from << 16 | to, memory_order_release);
    from = to;
  }
  atomic_store(&pool->ticket.word, job);
  wake(&pool->ticket, chunks - 1);
  own = take_chunks(pool, job, 0);
  while ((left = atomic_load_explicit(&pool->pending.word, memory_order_acquire)) != own)
    spin_until_changed(&pool->pending, left);
}

static inline bool is_stopping(const struct pool *pool) {
  return atomic_load_explicit(&pool->stopping, memory_order_relaxed);
}

/* Walks a tape: as the leader, who shares steps out, or alone, as others walk theirs. */
static void walk(struct pool *pool, uint32_t at, uint32_t to, uint32_t thread, bool alone) {
  while (at < to && !is_stopping(pool)) {
    const uint32_t *entry = (const uint32_t *)(pool->heap + at);
    at += ENTRY_BYTES;
    if (entry[0] == REPEAT) {
      uint32_t times = entry[1], next = at + entry[3];
      uint32_t *counter = (uint32_t *)(pool->heap + entry[2]);
      for (uint32_t i = 0; i < times && !is_stopping(pool); i++) {
        *counter = i;
        walk(pool, at, next, thread, alone);
      }
      at = next;
    } else if (entry[0] != LEADER_STEP && !alone && pool->threads > 1) {
      share(pool, entry);
    } else if (entry[0] == FORK) {
      for (uint32_t i = 0; i < entry[2]; i++) do_chunk(pool, entry, i, thread);
    } else {
      const uint32_t *table = (const uint32_t *)(pool->heap + entry[3]);
      call_records(pool, entry, table[0], table[entry[2]], thread);
    }
  }
}

/* A walk, with the floating-point environment that kernels count on. */
static void lead(struct pool *pool, uint32_t from, uint32_t to) {
  uint64_t before = float_control();
  bool changed = (before & FLOAT_MASK) != FLOAT_DEFAULT;
  if (changed) set_float_control(FLOAT_DEFAULT);
  walk(pool, from, to, 0, false);
  if (changed) set_float_control(before);
}

/* Waits for a job other than the one that was seen last, where its own chunks stand as long as that is worth it. */
static uint32_t next_job(struct pool *pool, uint32_t thread, uint32_t seen) {
  uint64_t until = 0;
  for (uint32_t turn = 1;; turn++) {
    uint32_t job = atomic_load_explicit(&pool->ranges[thread].word, memory_order_acquire) >> 32;
    if (job != seen) return job;
    relax();
    if (turn % 64) continue;
    if (atomic_load_explicit(&pool->ticket.word, memory_order_relaxed) != seen) break;
    if (is_over(&until)) break;
  }
  sleep_until_changed(&pool->ticket, seen);
  return atomic_load_explicit(&pool->ticket.word, memory_order_acquire);
}

static void *helper_life(void *argument) {
  const struct helper *self = argument;
  struct pool *pool = self->pool;
  set_float_control(FLOAT_DEFAULT);
  uint32_t job = 0;
  while (!atomic_load(&pool->stopping) && self->thread < pool->threads) {
    job = next_job(pool, self->thread, job);
    uint32_t done = take_chunks(pool, job, self->thread);
    if (!done) continue;
    atomic_fetch_sub(&pool->pending.word, done);
    wake(&pool->pending, 1);
  }
  return NULL;
}

/* ---------- programs that were submitted */

static void *leader_life(void *argument) {
  struct pool *pool = argument;
  set_float_control(FLOAT_DEFAULT);
  for (uint32_t done = 0; !atomic_load(&pool->stopping);) {
    uint32_t submitted = atomic_load(&pool->submitted.word);
    if (submitted == done) {
      spin_until_changed(&pool->submitted, submitted);
      continue;
    }
    pthread_mutex_lock(&pool->queueing);
    struct program next = pool->queue[done % pool->capacity];
    pthread_mutex_unlock(&pool->queueing);
    walk(pool, next.from, next.to, 0, false);
    atomic_store(&pool->completed.word, ++done);
    wake(&pool->completed, UINT32_MAX);
  }
  return NULL;
}

/* Room for one more program: the ring's size is a power of two, so that numbers may run over. */
static bool grow_queue(struct pool *pool, uint32_t submitted, uint32_t completed) {
  if (submitted - completed < pool->capacity) return true;
  uint32_t capacity = pool->capacity ? pool->capacity * 2 : 16;
  struct program *queue = malloc(capacity * sizeof *queue);
  if (!queue) return false;
  for (uint32_t i = completed; i != submitted; i++) queue[i % capacity] = pool->queue[i % pool->capacity];
  free(pool->queue);
  pool->queue = queue;
  pool->capacity = capacity;
  return true;
}

int32_t myelin_finished(const struct pool *pool, uint32_t ticket) {
  return (int32_t)(atomic_load_explicit(&pool->completed.word, memory_order_acquire) - ticket) >= 0;
}

/* Returns when the program is done, or the pool is being stopped. */
void myelin_wait(struct pool *pool, uint32_t ticket) {
  while (!atomic_load(&pool->stopping)) {
    uint32_t completed = atomic_load(&pool->completed.word);
    if ((int32_t)(completed - ticket) >= 0) return;
    sleep_until_changed(&pool->completed, completed);
  }
}

static void wait_for_queue(struct pool *pool) {
  myelin_wait(pool, atomic_load_explicit(&pool->submitted.word, memory_order_relaxed));
}

/* Runs a program on the pool's own leader, after those submitted before. Where that cannot be started it runs here. */
uint32_t myelin_submit(struct pool *pool, uint32_t from, uint32_t to) {
  uint32_t submitted = atomic_load_explicit(&pool->submitted.word, memory_order_relaxed);
  pthread_mutex_lock(&pool->queueing);
  bool room = grow_queue(pool, submitted, atomic_load(&pool->completed.word));
  if (room) pool->queue[submitted % pool->capacity] = (struct program){from, to};
  pthread_mutex_unlock(&pool->queueing);
  if (room && !pool->has_leader) pool->has_leader = start_thread(&pool->leader, leader_life, pool);
  if (!room || !pool->has_leader) {
    wait_for_queue(pool);
    lead(pool, from, to);
    return submitted;
  }
  atomic_store(&pool->submitted.word, submitted + 1);
  wake(&pool->submitted, 1);
  return submitted + 1;
}

/* Runs a program here, after those submitted before. */
void myelin_run(struct pool *pool, uint32_t from, uint32_t to) {
  wait_for_queue(pool);
  lead(pool, from, to);
}

/* ---------- its life */

static void start_helpers(struct pool *pool, uint32_t threads) {
  for (uint32_t thread = pool->threads; thread < threads; thread++) {
    struct helper *helper = &pool->helpers[thread - 1];
    helper->pool = pool;
    helper->thread = thread;
    pool->ranges[thread].word = (uint64_t)pool->ticket.word << 32;
    pool->threads = thread + 1;
    if (start_thread(&helper->id, helper_life, helper)) continue;
    pool->threads = thread;
    break;
  }
}

/* A pool of at most so many threads, the caller included, for a heap that may grow to so many bytes; NULL without memory.
   The caller is the only one to use it. */
struct pool *myelin_create(char *heap, uint64_t most, uint32_t threads) {
  struct pool *pool = aligned_alloc(128, sizeof *pool);
  if (!pool) return NULL;
  /* Its threads stand in this library's code, so it stays, whatever its loader does. */
  Dl_info self;
  if (dladdr(loading_error, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_LOCAL);
  memset(pool, 0, sizeof *pool);
  pool->heap = heap;
  prefer_huge_pages(heap, most);
  pthread_mutex_init(&pool->queueing, NULL);
  pool->ranges = aligned_alloc(128, MOST_THREADS * sizeof(struct range));
  if (!pool->ranges) {
    free(pool);
    return NULL;
  }
  pool->ranges[0].word = 0;
  pool->threads = 1;
  start_helpers(pool, threads < MOST_THREADS ? threads : MOST_THREADS);
  return pool;
}

uint32_t myelin_threads(const struct pool *pool) { return pool->threads; }

/* Gives so many threads so much scratch, on cache lines of its own. False without memory: then all stays as it was. */
static bool allocate_scratch(struct pool *pool, uint32_t threads, uint64_t bytes) {
  if (!bytes) return true;
  /* Small scratch shares a page, large scratch has pages of its own. */
  size_t unit = bytes < HUGE_PAGE / 4 ? 128 : HUGE_PAGE, stride = ((size_t)bytes + unit - 1) / unit * unit;
  void *allocated = stride < SIZE_MAX / threads ? aligned_alloc(unit, stride * threads) : NULL;
  if (!allocated) return false;
  prefer_huge_pages(allocated, stride * threads);
  wait_for_queue(pool);
  free(pool->allocated);
  pool->allocated = pool->scratch = allocated;
  pool->stride = stride;
  return true;
}

/* Gives every thread at least so much scratch. 0 without memory. */
int32_t myelin_reserve(struct pool *pool, uint64_t bytes) {
  return bytes <= pool->stride || allocate_scratch(pool, pool->threads, bytes);
}

/* From now on the pool has so many threads, or fewer where the system gives no more. 0 without memory for their scratch. */
int32_t myelin_resize(struct pool *pool, uint32_t threads) {
  uint32_t before = pool->threads;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  wait_for_queue(pool);
  if (threads > before) {
    if (!allocate_scratch(pool, threads, pool->stride)) return 0;
    start_helpers(pool, threads);
  } else if (threads < before) {
    pool->threads = threads;
    /* A number without a job, for those who stay, too. */
    uint32_t job = atomic_fetch_add(&pool->ticket.word, 1) + 1;
    for (uint32_t thread = 0; thread < threads; thread++) pool->ranges[thread].word = (uint64_t)job << 32;
    wake(&pool->ticket, UINT32_MAX);
    for (uint32_t thread = threads; thread < before; thread++) pthread_join(pool->helpers[thread - 1].id, NULL);
  }
  return 1;
}

/* Ends a pool's threads, in the middle of a program if it must: between two steps. What waits for one returns. */
void myelin_stop(struct pool *pool) {
  if (atomic_exchange(&pool->stopping, true)) return;
  if (pool->has_leader) {
    atomic_fetch_add(&pool->submitted.word, 1);
    wake(&pool->submitted, 1);
    pthread_join(pool->leader, NULL);
  }
  atomic_fetch_add(&pool->completed.word, 1);
  wake(&pool->completed, UINT32_MAX);
  atomic_fetch_add(&pool->ticket.word, 1);
  wake(&pool->ticket, UINT32_MAX);
  for (uint32_t i = 0; i + 1 < pool->threads; i++) pthread_join(pool->helpers[i].id, NULL);
}

/* Frees a pool that was stopped, and that nobody waits in. */
void myelin_free(struct pool *pool) {
  pthread_mutex_destroy(&pool->queueing);
  if (pool->far) munmap(pool->far, pool->far_bytes);
  free(pool->queue);
  free(pool->allocated);
  free(pool->ranges);
  free(pool);
}
`;
