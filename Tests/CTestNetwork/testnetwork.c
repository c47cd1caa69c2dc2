#define _GNU_SOURCE
#include "testnetwork.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int network_namespace_unshare(void) { return unshare(CLONE_NEWNET); }

int network_namespace_enter(int descriptor) { return setns(descriptor, CLONE_NEWNET); }

int interface_set_send_checksums(const char *name, int offloaded) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = offloaded ? 1 : 0};
  struct ifreq request = {.ifr_data = (char *)&value};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int result = ioctl(descriptor, SIOCETHTOOL, &request);
  close(descriptor);
  return result;
}

int event_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int pipe_open(int *reading, int *writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  *reading = ends[0];
  *writing = ends[1];
  return fcntl(*reading, F_SETFL, O_NONBLOCK);
}

char **environment_variables(void) { return environ; }

// Runs in the child: only calls that are safe after a fork of a process with threads. Returns only on failure.
static void become(const char *path, char *const arguments[], char *const environment[], int output, int error, pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return;
  // The parent may have ended before the line above.
  if (getppid() != parent) _exit(127);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);

  int input = open("/dev/null", O_RDONLY);
  if (input < 0) return;
  if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(error, STDERR_FILENO) < 0) return;
  if (input > STDERR_FILENO) close(input);
  execve(path, arguments, environment);
}

pid_t child_start(const char *path, char *const arguments[], char *const environment[], int output, int error) {
  // Closed by a successful exec; otherwise it carries errno.
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) < 0) return -1;

  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    become(path, arguments, environment, output, error, parent);
    int code = errno;
    ssize_t written = write(failure[1], &code, sizeof code);
    (void)written;
    _exit(127);
  }

  int code = child < 0 ? errno : 0;
  close(failure[1]);
  if (child > 0) {
    ssize_t size;
    do size = read(failure[0], &code, sizeof code);
    while (size < 0 && errno == EINTR);
    if (code != 0) while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  }
  close(failure[0]);
  errno = code;
  return code == 0 ? child : -1;
}

int child_descriptor(pid_t child) { return (int)syscall(SYS_pidfd_open, child, 0); }

static int await(pid_t child, int what) {
  siginfo_t info;
  int result;
  do result = waitid(P_PID, (id_t)child, &info, what);
  while (result < 0 && errno == EINTR);
  return result;
}

int child_await_end(pid_t child) { return await(child, WEXITED | WNOWAIT); }

int child_await_stop(pid_t child) { return await(child, WSTOPPED); }

bool child_reap(pid_t child, int *code) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  *code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return WIFEXITED(status);
}
