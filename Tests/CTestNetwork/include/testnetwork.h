// System calls of the test network that Swift cannot make itself: they need _GNU_SOURCE, or run between fork and exec.
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/// Gives the calling thread a network namespace of its own. 0, or -1 with errno.
int network_namespace_unshare(void);
/// Moves the calling thread into the network namespace that the descriptor holds. 0, or -1 with errno.
int network_namespace_enter(int descriptor);

/// Lets an interface of the calling thread's network namespace leave checksums to the receiver's hardware, or not. 0, or -1 with errno.
int interface_set_send_checksums(const char *name, int offloaded);

/// A counter that can be polled (eventfd), closed on exec. The descriptor, or -1 with errno.
int event_open(void);

/// The two ends of a pipe, both closed on exec: the first is read without blocking. 0, or -1 with errno.
int pipe_open(int *reading, int *writing);
/// The variables of this process's environment, `NAME=value`, ended by a null pointer.
char **environment_variables(void);

/// Starts a program as a child that is killed when the calling thread ends, however it ends. Its standard input is empty;
/// its standard output and error go to the two descriptors. It inherits the network namespace of the calling thread.
/// The process's id, or -1 with errno: also where the program cannot be executed.
pid_t child_start(const char *path, char *const arguments[], char *const environment[], int output, int error);
/// A descriptor that is readable once the child has ended. -1 with errno.
int child_descriptor(pid_t child);
/// Waits until the child has ended, and leaves it to be reaped: its id stays taken. 0, or -1 with errno.
int child_await_end(pid_t child);
/// Waits until all threads of the child are stopped by a signal. 0, or -1 with errno: `ECHILD` where it ended instead.
int child_await_stop(pid_t child);
/// Reaps a child that has ended. True where it exited by itself: `code` is its status. False where a signal ended it:
/// `code` is the signal.
bool child_reap(pid_t child, int *code);
