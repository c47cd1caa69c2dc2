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
  // Calls of the Swift runtime from programs and libraries. One that retains n times is one.
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

// --- Swift's runtime: what programs and libraries call by name. They call with C's convention. ---

struct heap_object;

/// Stands in for a function of the runtime: counts, then calls the real one. Looked up at the first call, which may come before
/// this library's own start.
#define COUNTED(result, name, parameters, arguments, counter)                                 \
  result name parameters {                                                                    \
    static result(*real) parameters;                                                          \
    if (real == NULL) real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                   \
    COUNT(counter);                                                                           \
    return real arguments;                                                                    \
  }
typedef struct heap_object *object;

COUNTED(object, swift_allocObject, (const void *type, size_t size, size_t mask), (type, size, mask), objects)
COUNTED(object, swift_retain, (object o), (o), retains)
COUNTED(object, swift_retain_n, (object o, uint32_t n), (o, n), retains)
COUNTED(object, swift_tryRetain, (object o), (o), retains)
COUNTED(object, swift_bridgeObjectRetain, (object o), (o), retains)
COUNTED(object, swift_bridgeObjectRetain_n, (object o, int n), (o, n), retains)
COUNTED(void, swift_release, (object o), (o), releases)
COUNTED(void, swift_release_n, (object o, uint32_t n), (o, n), releases)
COUNTED(void, swift_bridgeObjectRelease, (object o), (o), releases)
COUNTED(void, swift_bridgeObjectRelease_n, (object o, int n), (o, n), releases)
COUNTED(
    void, swift_beginAccess, (void *pointer, void *buffer, uintptr_t flags, void *caller), (pointer, buffer, flags, caller),
    accesses)

// --- Start ---

__attribute__((constructor)) static void start(void) {
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
