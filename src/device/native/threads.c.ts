/** How the runtime's threads wait for one another, and the floating-point environment that kernels count on. */
export const THREADS_SOURCE: string = String.raw`
#include <stdbool.h>

/* ---------- waiting */

#if defined(__linux__) && !defined(PORTABLE_WAITING)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps until somebody wakes the word's sleepers, unless it changed already. May return early. */
static void park(_Atomic uint32_t *word, uint32_t seen) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void unpark(_Atomic uint32_t *word, uint32_t count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count < INT_MAX ? (int)count : INT_MAX, NULL, NULL, 0);
}
#else
/* One place to sleep for all words. */
static pthread_mutex_t parking = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t parked = PTHREAD_COND_INITIALIZER;

static void park(_Atomic uint32_t *word, uint32_t seen) {
  pthread_mutex_lock(&parking);
  if (atomic_load(word) == seen) pthread_cond_wait(&parked, &parking);
  pthread_mutex_unlock(&parking);
}

static void unpark(_Atomic uint32_t *word, uint32_t count) {
  (void)word;
  (void)count;
  pthread_mutex_lock(&parking);
  pthread_cond_broadcast(&parked);
  pthread_mutex_unlock(&parking);
}
#endif

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ __volatile__("yield");
#endif
}

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A word that threads wait on, alone on its pair of cache lines. */
struct signal {
  _Alignas(128) _Atomic uint32_t word;
  _Atomic uint32_t sleepers;
};

/* Idle time before a thread sleeps: waking it costs as much. */
#define SPIN_NANOSECONDS 80000u

/* Returns once the word is no longer what was seen. */
static void sleep_until_changed(struct signal *signal, uint32_t seen) {
  atomic_fetch_add(&signal->sleepers, 1);
  while (atomic_load(&signal->word) == seen) park(&signal->word, seen);
  atomic_fetch_sub(&signal->sleepers, 1);
}

/* Has the time to spin passed, which begins with the first question? */
static bool is_over(uint64_t *until) {
  uint64_t now = nanoseconds();
  if (!*until) *until = now + SPIN_NANOSECONDS;
  return now >= *until;
}

/* The same, for waits that are expected to be short. */
static void spin_until_changed(struct signal *signal, uint32_t seen) {
  uint64_t until = 0;
  for (uint32_t turn = 1;; turn++) {
    if (atomic_load_explicit(&signal->word, memory_order_acquire) != seen) return;
    relax();
    if (turn % 64 == 0 && is_over(&until)) break;
  }
  sleep_until_changed(signal, seen);
}

/* Wakes sleepers after the word was changed. Word and sleepers are read and written in one order by all (seq_cst). */
static void wake(struct signal *signal, uint32_t count) {
  if (atomic_load(&signal->sleepers)) unpark(&signal->word, count);
}

/* ---------- floating point */

/* Kernels count on rounding to nearest, and on subnormal numbers being 0: they cost tens of cycles each, and training makes
   many (Adam's moments of weights that no gradient reaches). The same as XLA does. What was set before comes back. */
#if defined(__x86_64__)
#define FLOAT_DEFAULT 0x9fc0u
#define FLOAT_MASK 0xffc0u
static inline uint64_t float_control(void) { return __builtin_ia32_stmxcsr(); }
static inline void set_float_control(uint64_t control) { __builtin_ia32_ldmxcsr((unsigned)control); }
#elif defined(__aarch64__)
#define FLOAT_DEFAULT 0x01000000u
#define FLOAT_MASK 0xffffffffu
static inline uint64_t float_control(void) {
  uint64_t control;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(control));
  return control;
}
static inline void set_float_control(uint64_t control) { __asm__ __volatile__("msr fpcr, %0" : : "r"(control)); }
#else
#define FLOAT_DEFAULT 0u
#define FLOAT_MASK 0u
static inline uint64_t float_control(void) { return 0; }
static inline void set_float_control(uint64_t control) { (void)control; }
#endif

/* ---------- pages */

#define HUGE_PAGE ((size_t)2 << 20)

/* Asks for large pages: programs touch memory far apart, and first touches of small ones cost as much as the work. */
static void prefer_huge_pages(char *from, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  uintptr_t start = ((uintptr_t)from + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, end = (uintptr_t)from + bytes;
  if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
  (void)from;
  (void)bytes;
#endif
}

/* ---------- starting */

/* Starts a thread that takes no signals: those are for the program's own. */
static bool start_thread(pthread_t *thread, void *(*life)(void *), void *argument) {
  sigset_t all, before;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes)) return false;
  /* Some systems give so little that a kernel's own arrays would not fit. */
  pthread_attr_setstacksize(&attributes, (size_t)8 << 20);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = !pthread_create(thread, &attributes, life, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return started;
}
`;
