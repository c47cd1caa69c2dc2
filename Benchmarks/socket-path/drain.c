// drain [--rounds N] C-PROXY [--config FILE PROXY]: CPU time per forwarded packet of two proxies, side by side.
//
// A closed loop on a shared machine measures the machine. So a proxy is stopped, its receive queues are filled, it is
// continued, and the processor time that the scheduler charges to it until the queues are empty is divided by the
// packets that came out. Nothing else has to keep pace. The two proxies take turns within every round. Without PROXY,
// C-PROXY is measured against itself: the ratio must be 1.
//
// All of it happens in a network namespace of its own, over its loopback interface.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

enum {
  BATCH = 64,
  PACKETS = 16384,
  MAX_FLOWS = 1000,
  FIRST_PROXY_PORT = 7777,
  // Far more than PACKETS take, with the overhead of some 800 bytes each.
  QUEUE_BYTES = 128 << 20,
  MAX_ROUNDS = 100,
  ATTEMPTS = 5,
};

static const int flow_counts[] = {1, 16, 1000};
enum { FLOW_COUNTS = sizeof flow_counts / sizeof *flow_counts };
enum direction { READ, WRITE, DIRECTIONS };
static const char *const direction_names[] = {"client to server", "server to client"};

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "drain: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

static void check(bool succeeded, const char *what) {
  if (!succeeded) fail("%s: %s", what, strerror(errno));
}

static void pause_milliseconds(long milliseconds) {
  nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

static double seconds(clockid_t clock) {
  struct timespec time;
  check(clock_gettime(clock, &time) == 0, "clock_gettime");
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// --- Sockets ---

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void enlarge_queue(int descriptor) {
  int size = QUEUE_BYTES;
  check(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0, "SO_RCVBUFFORCE");
}

static int open_socket(int port) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(descriptor >= 0, "socket");
  enlarge_queue(descriptor);
  int size = QUEUE_BYTES;
  check(setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0, "SO_SNDBUFFORCE");
  struct sockaddr_in address = loopback(port);
  check(bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  return descriptor;
}

/// Empties the socket's queue. How many datagrams of the right size there were; a wrong one ends the run.
static int count_received(int descriptor, unsigned size) {
  static unsigned char bytes[BATCH][DATAGRAM_SIZE];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  int total = 0;
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
    }
    int count = recvmmsg(descriptor, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0) return total;
    for (int i = 0; i < count; i++) {
      if (messages[i].msg_len != size) fail("received %u bytes instead of %u", messages[i].msg_len, size);
    }
    total += count;
  }
}

// --- The proxies ---

struct proxy {
  const char *name;
  char *arguments[16];
  pid_t process;
  clockid_t clock;
  struct sockaddr_in address;
  // Where each flow's packets come from as its server sees them.
  struct sockaddr_in source_ports[MAX_FLOWS];
};

static int clients[MAX_FLOWS], servers[ENDPOINTS];
static int first_core, last_core;

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  check(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static void start(struct proxy *proxy, int port) {
  proxy->address = loopback(port);
  FILE *output = tmpfile();
  check(output != NULL, "tmpfile");
  proxy->process = fork();
  check(proxy->process >= 0, "fork");
  if (proxy->process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin(last_core);
    // Ahead of everything else on its core: other work must not cool its caches within a run of some 50 ms.
    check(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1}) == 0, "sched_setscheduler");
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(output), STDERR_FILENO);
    execv(proxy->arguments[0], proxy->arguments);
    perror(proxy->arguments[0]);
    _exit(127);
  }
  check(clock_getcpuclockid(proxy->process, &proxy->clock) == 0, "clock_getcpuclockid");

  static char text[1 << 16];
  for (int wait = 0; wait < 1000; wait++) {
    ssize_t size = pread(fileno(output), text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    if (strstr(text, "listening") != NULL) {
      fclose(output);
      return;
    }
    if (waitpid(proxy->process, NULL, WNOHANG) == proxy->process) break;
    pause_milliseconds(10);
  }
  fail("%s does not say that it is listening:\n%s", proxy->name, text);
}

/// Stops the process, and returns when it does not run any more.
static void stop(struct proxy *proxy) {
  int status;
  check(kill(proxy->process, SIGSTOP) == 0, "stop the proxy");
  check(waitpid(proxy->process, &status, WUNTRACED) == proxy->process, "wait for the proxy");
  if (!WIFSTOPPED(status)) fail("%s ended", proxy->name);
}

/// Gives all UDP sockets of the process room for a whole run, whatever it asked for itself. The limit costs nothing.
static void enlarge_queues(struct proxy *proxy) {
  int process = (int)syscall(SYS_pidfd_open, proxy->process, 0);
  check(process >= 0, "pidfd_open");
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", proxy->process);
  DIR *directory = opendir(path);
  check(directory != NULL, "list the proxy's descriptors");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char target[64];
    ssize_t size = readlinkat(dirfd(directory), entry->d_name, target, sizeof target);
    if (size < 7 || memcmp(target, "socket:", 7) != 0) continue;
    int descriptor = (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0);
    check(descriptor >= 0, "pidfd_getfd");
    int type = 0;
    socklen_t length = sizeof type;
    getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length);
    if (type == SOCK_DGRAM) enlarge_queue(descriptor);
    close(descriptor);
  }
  closedir(directory);
  close(process);
}

// --- Packets ---

/// The datagram of a flow. Flow i is the client of token i.
static void write_datagram(int flow, unsigned char *datagram) {
  memset(datagram, 'x', DATAGRAM_SIZE);
  memcpy(datagram, &flow, sizeof flow);
  write_token((unsigned)flow, datagram + PAYLOAD_SIZE);
  datagram[DATAGRAM_SIZE - 1] = VERSION;
}

static void send_from_client(const struct proxy *proxy, int flow) {
  unsigned char datagram[DATAGRAM_SIZE];
  write_datagram(flow, datagram);
  const struct sockaddr_in *destination = &proxy->address;
  ssize_t sent =
    sendto(clients[flow], datagram, sizeof datagram, 0, (const struct sockaddr *)destination, sizeof *destination);
  check(sent == sizeof datagram, "send to the proxy");
}

static void send_from_server(const struct proxy *proxy, int flow) {
  unsigned char datagram[PAYLOAD_SIZE];
  memset(datagram, 'y', sizeof datagram);
  const struct sockaddr_in *destination = &proxy->source_ports[flow];
  int server = servers[flow % ENDPOINTS];
  ssize_t sent =
    sendto(server, datagram, sizeof datagram, 0, (const struct sockaddr *)destination, sizeof *destination);
  check(sent == sizeof datagram, "reply to the proxy");
}

/// Makes the sessions of all flows, and learns the source port of each.
static void make_sessions(struct proxy *proxy) {
  for (int flow = 0; flow < MAX_FLOWS; flow++) {
    send_from_client(proxy, flow);
    unsigned char datagram[DATAGRAM_SIZE];
    struct sockaddr_in source;
    socklen_t length = sizeof source;
    struct timeval limit = {.tv_sec = 2};
    int server = servers[flow % ENDPOINTS];
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssize_t size = recvfrom(server, datagram, sizeof datagram, 0, (struct sockaddr *)&source, &length);
    if (size != PAYLOAD_SIZE || memcmp(datagram, &flow, sizeof flow) != 0) {
      fail("%s does not forward flow %d", proxy->name, flow);
    }
    proxy->source_ports[flow] = source;
  }
}

// --- Measuring ---

/// Waits until the process has nothing to do any more. The processor time that it has used.
static double settle(const struct proxy *proxy) {
  double used = seconds(proxy->clock);
  for (int wait = 0; wait < 500; wait++) {
    pause_milliseconds(15);
    double before = used;
    used = seconds(proxy->clock);
    // Less than 100 microseconds in 15 milliseconds: timers, not packets.
    if (used - before < 100e-6) return used;
  }
  fail("%s does not come to rest", proxy->name);
  return 0;
}

/// One run. Nanoseconds of processor time per packet; negative where packets were lost, which makes it worthless.
static double drain_once(struct proxy *proxy, enum direction direction, int flows) {
  settle(proxy);
  stop(proxy);
  for (int i = 0; i < PACKETS; i++) {
    if (direction == READ) send_from_client(proxy, i % flows);
    else send_from_server(proxy, i % flows);
  }
  double before = seconds(proxy->clock);
  check(kill(proxy->process, SIGCONT) == 0, "continue the proxy");
  double used = settle(proxy) - before;

  int count = 0;
  const int *receivers = direction == READ ? servers : clients;
  int receiver_count = direction == READ ? ENDPOINTS : MAX_FLOWS;
  for (int i = 0; i < receiver_count; i++) count += count_received(receivers[i], PAYLOAD_SIZE);
  if (count != PACKETS) {
    fprintf(
      stderr, "refused: %s, %s, %d flows: %d of %d packets came out\n", proxy->name, direction_names[direction], flows,
      count, PACKETS);
    return -1;
  }
  return used * 1e9 / PACKETS;
}

static double drain(struct proxy *proxy, enum direction direction, int flows) {
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    double result = drain_once(proxy, direction, flows);
    if (result >= 0) return result;
  }
  fail("%s loses packets every time", proxy->name);
  return 0;
}

// --- The report ---

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

/// Sorts the values.
static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, compare);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double results[DIRECTIONS][FLOW_COUNTS][2][MAX_ROUNDS];

static void report(const struct proxy *proxies, int rounds) {
  printf("nanoseconds of processor time per forwarded packet: median of %d rounds\n", rounds);
  printf("ratio: median, and middle half, of the ratios of the rounds\n\n");
  printf("%-18s %6s %12s %12s %8s\n", "direction", "flows", proxies[0].name, proxies[1].name, "ratio");
  for (int direction = 0; direction < DIRECTIONS; direction++) {
    for (int f = 0; f < FLOW_COUNTS; f++) {
      double(*pair)[MAX_ROUNDS] = results[direction][f];
      double ratios[MAX_ROUNDS];
      for (int round = 0; round < rounds; round++) ratios[round] = pair[1][round] / pair[0][round];
      double ratio = median(ratios, rounds);
      printf(
        "%-18s %6d %12.0f %12.0f %8.2f  (%.2f-%.2f)\n", direction_names[direction], flow_counts[f],
        median(pair[0], rounds), median(pair[1], rounds), ratio, ratios[rounds / 4], ratios[rounds - 1 - rounds / 4]);
    }
  }
}

// --- Setting up ---

static void write_base64(FILE *file, const unsigned char *bytes, int size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < size; i += 3) {
    int left = size - i;
    uint32_t group = (uint32_t)bytes[i] << 16;
    if (left > 1) group |= (uint32_t)bytes[i + 1] << 8;
    if (left > 2) group |= bytes[i + 2];
    for (int digit = 0; digit < 4; digit++) fputc(digit > left ? '=' : digits[group >> (18 - 6 * digit) & 63], file);
  }
}

/// Writes the chain and the tokens of workload.h as a configuration of our proxy.
static void write_configuration(const char *path) {
  FILE *file = fopen(path, "w");
  check(file != NULL, path);
  fprintf(
    file,
    "version: v1alpha1\n"
    "filters:\n"
    "  - name: Capture\n"
    "    config: {metadataKey: version, suffix: {size: 1, remove: true}}\n"
    "  - name: Match\n"
    "    config:\n"
    "      on_read: {metadataKey: version, branches: [{value: %d, name: Pass}], fallthrough: {name: Drop}}\n"
    "  - name: Capture\n"
    "    config: {suffix: {size: %d, remove: true}}\n"
    "  - name: TokenRouter\n"
    "clusters:\n"
    "  - endpoints:\n",
    VERSION, TOKEN_SIZE);
  for (unsigned endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
    fprintf(
      file,
      "      - address: 127.0.0.1:%u\n"
      "        metadata:\n"
      "          quilkin.dev:\n"
      "            tokens:\n",
      FIRST_ENDPOINT_PORT + endpoint);
    for (unsigned i = endpoint; i < TOKENS; i += ENDPOINTS) {
      unsigned char token[TOKEN_SIZE];
      write_token(i, token);
      fprintf(file, "              - ");
      write_base64(file, token, TOKEN_SIZE);
      fprintf(file, "\n");
    }
  }
  check(fclose(file) == 0, path);
}

static void make_network(void) {
  check(unshare(CLONE_NEWNET) == 0, "make a network namespace (needs root)");
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  check(descriptor >= 0, "socket");
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  check(ioctl(descriptor, SIOCSIFFLAGS, &request) == 0, "set lo up");
  close(descriptor);
}

static void choose_cores(void) {
  cpu_set_t set;
  check(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
  first_core = -1;
  for (int core = 0; core < CPU_SETSIZE; core++) {
    if (!CPU_ISSET(core, &set)) continue;
    if (first_core < 0) first_core = core;
    last_core = core;
  }
  pin(first_core);
}

int main(int argc, char **argv) {
  int rounds = 25;
  const char *configuration = NULL;
  static const struct option options[] = {
    {"rounds", required_argument, NULL, 'r'}, {"config", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
    if (option == 'r') rounds = atoi(optarg);
    else if (option == 'c') configuration = optarg;
    else return 2;
  }
  int named = argc - optind;
  if (named < 1 || named > 2 || rounds < 1 || rounds > MAX_ROUNDS || (named == 2 && configuration == NULL)) {
    fprintf(stderr, "usage: %s [--rounds 1...%d] C-PROXY [--config FILE PROXY]\n", argv[0], MAX_ROUNDS);
    return 2;
  }

  static char ports[2][8], listen[32];
  for (int i = 0; i < 2; i++) snprintf(ports[i], sizeof ports[i], "%d", FIRST_PROXY_PORT + i);
  snprintf(listen, sizeof listen, "127.0.0.1:%s", ports[1]);
  char *c_proxy = argv[optind];
  static struct proxy proxies[2];
  proxies[0] = (struct proxy){.name = "C", .arguments = {c_proxy, ports[0]}};
  if (named == 1) {
    proxies[1] = (struct proxy){.name = "C again", .arguments = {c_proxy, ports[1]}};
  } else {
    write_configuration(configuration);
    proxies[1] = (struct proxy){
      .name = "proxy",
      .arguments = {
        argv[optind + 1], "--config", (char *)configuration, "--listen", listen, "--workers", "1", "--no-admin"}};
  }

  struct rlimit limit;
  check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
  make_network();
  choose_cores();
  for (int i = 0; i < ENDPOINTS; i++) servers[i] = open_socket(FIRST_ENDPOINT_PORT + i);
  for (int i = 0; i < MAX_FLOWS; i++) clients[i] = open_socket(0);
  for (int p = 0; p < 2; p++) {
    start(&proxies[p], FIRST_PROXY_PORT + p);
    make_sessions(&proxies[p]);
    enlarge_queues(&proxies[p]);
  }

  // The first round, number -1, only warms up.
  for (int round = -1; round < rounds; round++) {
    for (int direction = 0; direction < DIRECTIONS; direction++) {
      for (int f = 0; f < FLOW_COUNTS; f++) {
        for (int turn = 0; turn < 2; turn++) {
          // Who comes first alternates.
          int p = (turn + round + 1) % 2;
          double result = drain(&proxies[p], direction, flow_counts[f]);
          if (round >= 0) results[direction][f][p][round] = result;
        }
      }
    }
  }
  for (int p = 0; p < 2; p++) {
    kill(proxies[p].process, SIGKILL);
    waitpid(proxies[p].process, NULL, 0);
  }
  report(proxies, rounds);
  return 0;
}
