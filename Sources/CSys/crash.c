#define _GNU_SOURCE
#include "crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Thread_local const char *csys_running_name;

struct crash {
  int signal;
  const char *name;
  const char *meaning;
  /// What was to be done about the signal before.
  struct sigaction before;
};

static struct crash crashes[] = {
    {SIGILL, "SIGILL", "a trap: an overflow, an index out of range, or a nil"},
    {SIGTRAP, "SIGTRAP", "a trap: an overflow, an index out of range, or a nil"},
    {SIGSEGV, "SIGSEGV", "memory that is not there, or a stack that ran over"},
    {SIGBUS, "SIGBUS", "memory that is not there"},
    {SIGFPE, "SIGFPE", "a division"},
    {SIGABRT, "SIGABRT", "an abort"},
};
#define CRASHES (sizeof crashes / sizeof *crashes)

#define LONGEST_NAME 200

struct line {
  char text[LONGEST_NAME + 200];
  size_t size;
};

static void put(struct line *line, const char *text, size_t most) {
  const size_t size = strnlen(text, most);
  memcpy(line->text + line->size, text, size);
  line->size += size;
}

/// Calls nothing that a signal handler may not call.
static void write_line(const struct crash *crash, const char *name) {
  struct line line = {.size = 0};
  put(&line, "the filter '", 40);
  put(&line, name, LONGEST_NAME);
  put(&line, "' crashed: ", 40);
  put(&line, crash->name, 40);
  put(&line, ", ", 40);
  put(&line, crash->meaning, 80);
  put(&line, "\n", 40);
  const ssize_t written = write(STDERR_FILENO, line.text, line.size);
  (void)written;
}

static void on_crash(int signal, siginfo_t *info, void *context) {
  (void)context;
  const char *name = csys_running_name;
  for (size_t i = 0; i < CRASHES; i++) {
    struct crash *crash = &crashes[i];
    if (crash->signal != signal) continue;
    const int was_sent = info->si_code <= 0;
    if (name && (!was_sent || signal == SIGABRT)) write_line(crash, name);
    // What the thread did happens again, or the signal comes again: now to whoever it would have come to.
    sigaction(signal, &crash->before, 0);
    if (was_sent) raise(signal);
  }
}

void csys_name_crashes(void) {
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < CRASHES; i++) sigaction(crashes[i].signal, &action, &crashes[i].before);
}

/// More than the kernel saves of any processor's registers.
#define CRASH_STACK_SIZE (64 << 10)

void *csys_crash_stack_begin(void) {
  void *memory = malloc(CRASH_STACK_SIZE);
  if (!memory) return 0;
  const stack_t stack = {.ss_sp = memory, .ss_size = CRASH_STACK_SIZE};
  if (sigaltstack(&stack, 0) == 0) return memory;
  free(memory);
  return 0;
}

void csys_crash_stack_end(void *memory) {
  if (!memory) return;
  const stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, 0);
  free(memory);
}
