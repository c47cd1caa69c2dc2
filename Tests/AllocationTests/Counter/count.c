// Counts what a process allocates, retains and releases. Built as a shared library and loaded ahead of the others:
//
//   clang -O2 -shared -fPIC -o libcount.so count.c
//   ALLOCATION_COUNTS=/tmp/counts LD_PRELOAD=./libcount.so program
//
// The counters are in the first page of the file, as `struct counters` says, and count live: who reads the file twice
// while the program runs learns what happened in between. Swift's runtime must be linked dynamically, as SwiftPM does
// unless told otherwise; `objects` stays 0 where it is not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

// AllocationCounts.swift reads it.
struct counters {
  // Calls that return new memory: malloc, calloc, realloc and the aligned ones.
  uint64_t allocations;
  uint64_t frees;
  // Calls of the Swift runtime, those that the runtime makes itself included. One that retains n times is one.
  uint64_t objects;
  uint64_t retains;
  uint64_t releases;
  // Exclusivity checks: of the program, not of the runtime.
  uint64_t accesses;
};

// The file is mapped over it: a counter is at the same place before and after, and counting needs no pointer.
static union {
  struct counters count;
  char page[PAGE];
} shared __attribute__((aligned(PAGE)));

#define COUNT(counter) __atomic_fetch_add(&shared.count.counter, 1, __ATOMIC_RELAXED)

// --- The allocator. glibc exports the real functions under these names; looking them up with dlsym would allocate. ---

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
  COUNT(allocations);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  COUNT(allocations);
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  COUNT(allocations);
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  COUNT(allocations);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  COUNT(allocations);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  COUNT(allocations);
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *result = __libc_memalign(alignment, size);
  if (result == NULL) return ENOMEM;
  *memory = result;
  return 0;
}

void free(void *memory) {
  if (memory != NULL) COUNT(frees);
  __libc_free(memory);
}

// --- Swift's runtime. It calls through these pointers when the switch below is on: the hook that Instruments uses. ---

struct heap_object;

static struct heap_object *(*real_alloc_object)(const void *, size_t, size_t);
static struct heap_object *(*real_retain)(struct heap_object *);
static struct heap_object *(*real_retain_n)(struct heap_object *, uint32_t);
static struct heap_object *(*real_try_retain)(struct heap_object *);
static void (*real_release)(struct heap_object *);
static void (*real_release_n)(struct heap_object *, uint32_t);

static struct heap_object *alloc_object(const void *metadata, size_t size, size_t alignment_mask) {
  COUNT(objects);
  return real_alloc_object(metadata, size, alignment_mask);
}

static struct heap_object *retain(struct heap_object *object) {
  COUNT(retains);
  return real_retain(object);
}

static struct heap_object *retain_n(struct heap_object *object, uint32_t n) {
  COUNT(retains);
  return real_retain_n(object, n);
}

static struct heap_object *try_retain(struct heap_object *object) {
  COUNT(retains);
  return real_try_retain(object);
}

static void release(struct heap_object *object) {
  COUNT(releases);
  real_release(object);
}

static void release_n(struct heap_object *object, uint32_t n) {
  COUNT(releases);
  real_release_n(object, n);
}

/// Puts a function in the place of the runtime's own. False where the program has no such pointer.
static bool hook(const char *name, void *function, void *real) {
  void **pointer = dlsym(RTLD_DEFAULT, name);
  if (pointer == NULL) return false;
  *(void **)real = *pointer;
  *pointer = function;
  return true;
}

static void hook_runtime(void) {
  bool *is_on = dlsym(RTLD_DEFAULT, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly");
  if (is_on == NULL) return;
  bool is_hooked = hook("_swift_allocObject", alloc_object, &real_alloc_object);
  is_hooked &= hook("_swift_retain", retain, &real_retain);
  is_hooked &= hook("_swift_retain_n", retain_n, &real_retain_n);
  is_hooked &= hook("_swift_tryRetain", try_retain, &real_try_retain);
  is_hooked &= hook("_swift_release", release, &real_release);
  is_hooked &= hook("_swift_release_n", release_n, &real_release_n);
  *is_on = is_hooked;
}

// There is no hook for this one, but programs call it by name.
static void (*real_begin_access)(void *, void *, uintptr_t, void *);

void swift_beginAccess(void *pointer, void *buffer, uintptr_t flags, void *caller) {
  COUNT(accesses);
  real_begin_access(pointer, buffer, flags, caller);
}

// --- Start ---

__attribute__((constructor)) static void start(void) {
  real_begin_access = (void (*)(void *, void *, uintptr_t, void *))dlsym(RTLD_NEXT, "swift_beginAccess");
  hook_runtime();
  const char *path = getenv("ALLOCATION_COUNTS");
  if (path == NULL) return;
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, PAGE) < 0) abort();
  // What was counted so far is forgotten: differences matter.
  void *mapped = mmap(&shared, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  if (mapped != &shared) abort();
  close(file);
  // Not for programs that this one starts.
  unsetenv("LD_PRELOAD");
}
