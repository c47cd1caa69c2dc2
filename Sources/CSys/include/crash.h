// What a thread runs that others wrote, so that a crash can say whose it is.
#pragma once

/// The name of what this thread runs, or null.
extern _Thread_local const char *csys_running_name;

/// Says what this thread runs from now on; gives what it ran before. The text stays where it is for as long.
static inline const char *csys_run(const char *name) {
  const char *before = csys_running_name;
  csys_running_name = name;
  return before;
}

/// Lets a crash of a thread that runs something (SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT) write one line to standard error
/// before the process ends as it would have. Once in a process.
void csys_name_crashes(void);

/// Gives this thread a stack for the line of a crash, since its own may be what ran over. Null where there is no memory for it.
void *csys_crash_stack_begin(void);
void csys_crash_stack_end(void *stack);
