// measure ENDS.bpf.o SCRATCH C-PROXY PROXY ROUNDS CLIENT-MAC FRONT-MAC: processor time of the proxy's host per packet, by path, and under a flood.
// Expects the namespaces that `run` makes. All that belongs to the proxy's host runs on the last core: the threads in which the
// kernel polls its two interfaces, and the proxy. Generator and sink run on the first.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ends.h"
#include "workload.h"

#define CLIENT_IP "10.91.1.2"
#define PROXY_IP "10.91.1.1"
#define SERVER_IP "10.91.2.2"
// Behind the drivers of its interfaces the host has one thread for each: napi/NAME-NUMBER.
#define FRONT "paths-front"
#define BACK "paths-back"

enum {
  PORT = 7777,
  FIRST_CLIENT_PORT = 20000,
  // As many as a driver takes out of its ring at once: what both paths meet under load.
  BURST = 64,
  LARGE = 600,
  LIMIT = 200,
  MAX_ROUNDS = 50,
  MAX_THREADS = 16,
};

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "measure: ");
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

static void enter(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  check(descriptor >= 0 && setns(descriptor, CLONE_NEWNET) == 0, path);
  close(descriptor);
}

static int first_core, last_core;

static void run_on(pid_t thread, int core, int priority) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  check(sched_setaffinity(thread, sizeof set, &set) == 0, "sched_setaffinity");
  check(sched_setscheduler(thread, SCHED_FIFO, &(struct sched_param){.sched_priority = priority}) == 0, "sched_setscheduler");
}

// --- The threads of the proxy's host ---

static pid_t threads[MAX_THREADS];
static int thread_count;

/// Finds the threads that poll the interfaces, and gives each its core. A program that is attached can bring new ones.
static void place_threads(void) {
  thread_count = 0;
  DIR *directory = opendir("/proc");
  check(directory != NULL, "/proc");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    const pid_t process = atoi(entry->d_name);
    if (process <= 0) continue;
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue;
    if (fgets(name, sizeof name, file) == NULL) name[0] = 0;
    fclose(file);
    // A thread's name has 15 characters.
    if (strncmp(name, "napi/paths-", 11) != 0) continue;
    const bool is_proxy = strncmp(name, "napi/" FRONT, 15) == 0 || strncmp(name, "napi/" BACK, 15) == 0;
    run_on(process, is_proxy ? last_core : first_core, is_proxy ? 5 : 10);
    if (is_proxy && thread_count < MAX_THREADS) threads[thread_count++] = process;
  }
  closedir(directory);
  if (thread_count == 0) fail("the interfaces have no threads of their own (napi/...)");
}

/// The clock of a process's processor time, of whatever owner.
static double seconds_of(pid_t process) {
  struct timespec time;
  if (clock_gettime(((~(clockid_t)process) << 3) | 2, &time) != 0) return 0;
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/// A number of a table of the proxy's host in /proc/net: the column of a name in the row behind the row of names.
static double udp_counter(const char *column) {
  FILE *file = fopen("/proc/thread-self/net/snmp", "r");
  check(file != NULL, "/proc/net/snmp");
  char names[1024], values[1024];
  double found = -1;
  while (fgets(names, sizeof names, file) != NULL && fgets(values, sizeof values, file) != NULL) {
    if (strncmp(names, "Udp:", 4) != 0) continue;
    char *name_place, *value_place;
    char *name = strtok_r(names, " \n", &name_place), *value = strtok_r(values, " \n", &value_place);
    for (; name != NULL && value != NULL; name = strtok_r(NULL, " \n", &name_place), value = strtok_r(NULL, " \n", &value_place))
      if (strcmp(name, column) == 0) found = atof(value);
  }
  fclose(file);
  if (found < 0) fail("/proc/net/snmp has no %s", column);
  return found;
}

/// How many frames the driver of the proxy's front interface has taken out of its ring.
static double frames_received(void) {
  FILE *file = fopen("/proc/thread-self/net/dev", "r");
  check(file != NULL, "/proc/net/dev");
  char line[512];
  double packets = -1;
  while (fgets(line, sizeof line, file) != NULL) {
    char name[32];
    double bytes, found;
    if (sscanf(line, " %31[^:]: %lf %lf", name, &bytes, &found) == 3 && strcmp(name, FRONT) == 0) packets = found;
  }
  fclose(file);
  if (packets < 0) fail("/proc/net/dev has no " FRONT);
  return packets;
}

// --- The ends ---

static struct bpf_object *ends;
static unsigned char client_mac[6], front_mac[6];
static int client_interface;

static int map(const char *name) { return bpf_object__find_map_fd_by_name(ends, name); }

static int program(const char *name) { return bpf_program__fd(bpf_object__find_program_by_name(ends, name)); }

static unsigned sum_of(const void *bytes, int size, unsigned sum) {
  for (int i = 0; i < size; i += 2) {
    unsigned short word = 0;
    memcpy(&word, (const char *)bytes + i, i + 1 < size ? 2 : 1);
    sum += word;
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

static void put16(unsigned char *to, unsigned value) {
  to[0] = (unsigned char)(value >> 8);
  to[1] = (unsigned char)value;
}

static void set_flow(unsigned place, unsigned token, int port, int size) {
  static unsigned char datagram[LARGE];
  struct flow flow = {.size = (unsigned short)size};
  unsigned char *ip = flow.headers + 14, *udp = ip + 20;
  memcpy(flow.headers, front_mac, 6);
  memcpy(flow.headers + 6, client_mac, 6);
  put16(flow.headers + 12, 0x0800);
  ip[0] = 0x45;
  put16(ip + 2, (unsigned)(28 + size));
  put16(ip + 6, 0x4000);
  ip[8] = 64;
  ip[9] = 17;
  inet_pton(AF_INET, CLIENT_IP, ip + 12);
  inet_pton(AF_INET, PROXY_IP, ip + 16);
  const unsigned short header_check = (unsigned short)~sum_of(ip, 20, 0);
  memcpy(ip + 10, &header_check, 2);
  put16(udp, (unsigned)port);
  put16(udp + 2, PORT);
  put16(udp + 4, (unsigned)(8 + size));
  write_token(token, flow.token);
  memset(datagram, 0, sizeof datagram);
  memcpy(datagram + PAYLOAD_SIZE, flow.token, TOKEN_SIZE);
  datagram[PAYLOAD_SIZE + TOKEN_SIZE] = VERSION;
  flow.sum = sum_of(datagram, size, sum_of(udp, 8, sum_of(ip + 12, 8, htons(17) + htons((unsigned short)(8 + size)))));
  check(bpf_map_update_elem(map("flows"), &place, &flow, BPF_ANY) == 0, "write a flow");
}

enum flood { NO_FLOOD, UNKNOWN_TOKEN, TOO_LARGE, DENIED, FLOODS };

static void set_flood(enum flood flood) {
  for (unsigned i = 0; i < MAX_FLOWS; i++) {
    // The flood comes from other ports than the good clients.
    const int port = FIRST_CLIENT_PORT + MAX_FLOWS + (int)i;
    if (flood == UNKNOWN_TOKEN) set_flow(MAX_FLOWS + i, TOKENS + 77 + i, port, DATAGRAM_SIZE);
    if (flood == TOO_LARGE) set_flow(MAX_FLOWS + i, i % TOKENS, port, LARGE);
    // From ports that the firewall denies. The proxy in C has none, and drops them by their tokens.
    if (flood == DENIED) set_flow(MAX_FLOWS + i, TOKENS + 77 + i, port + MAX_FLOWS, DATAGRAM_SIZE);
  }
}

static void read_mac(const char *text, unsigned char *mac) {
  unsigned bytes[6];
  if (sscanf(text, "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4], &bytes[5]) != 6)
    fail("%s is no link address", text);
  for (int i = 0; i < 6; i++) mac[i] = (unsigned char)bytes[i];
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments) {
  return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static void open_ends(const char *object) {
  libbpf_set_print(print_warnings);
  ends = bpf_object__open_file(object, NULL);
  check(ends != NULL && bpf_object__load(ends) == 0, object);
  enter("paths-server");
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
  // Held until the process ends.
  check(bpf_link_create(program("sink"), (int)if_nametoindex("paths-server"), BPF_XDP, &options) >= 0, "attach the sink");
  enter("paths-client");
  client_interface = (int)if_nametoindex("paths-client");
  for (unsigned i = 0; i < MAX_FLOWS; i++) set_flow(i, i, FIRST_CLIENT_PORT + (int)i, DATAGRAM_SIZE);
  enter("paths-proxy");
}

static struct traffic read_traffic(void) {
  unsigned zero = 0;
  struct traffic traffic;
  check(bpf_map_lookup_elem(map("traffic"), &zero, &traffic) == 0, "read the generator's state");
  return traffic;
}

static struct arrivals read_arrivals(void) {
  unsigned zero = 0;
  struct arrivals cells[256], total = {0};
  check(bpf_map_lookup_elem(map("arrivals"), &zero, cells) == 0, "read the arrivals");
  for (int core = 0; core < libbpf_num_possible_cpus(); core++) {
    total.right += cells[core].right;
    total.wrong += cells[core].wrong;
  }
  return total;
}

static void read_delays(unsigned long long *delays) {
  for (unsigned i = 0; i < BUCKETS; i++) {
    unsigned long long cells[256];
    delays[i] = 0;
    check(bpf_map_lookup_elem(map("delays"), &i, cells) == 0, "read the delays");
    for (int core = 0; core < libbpf_num_possible_cpus(); core++) delays[i] += cells[core];
  }
}

/// The delay in microseconds that a share of the datagrams did not exceed.
static double delay_of(const unsigned long long *delays, double share) {
  unsigned long long total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += delays[i];
  for (int i = 0; i < BUCKETS && total > 0; i++) {
    seen += delays[i];
    if ((double)seen >= (double)total * share) return (i < 8 ? i : (double)(1ull << (i / 8)) * (8 + i % 8 + 1) / 8) / 1000;
  }
  return 0;
}

static volatile bool should_stop;

static void *generate(void *nothing) {
  (void)nothing;
  enter("paths-client");
  run_on(0, first_core, 1);
  // Larger than any frame that is sent. The kernel looks at a frame that comes back only where the program changes its size: one that
  // the proxy has cut would stay cut.
  static unsigned char frame[HEADERS + LARGE + 8];
  struct xdp_md context = {.data_end = sizeof frame, .ingress_ifindex = (unsigned)client_interface};
  while (!should_stop) {
    LIBBPF_OPTS(
      bpf_test_run_opts, run, .data_in = frame, .data_size_in = context.data_end, .ctx_in = &context,
      .ctx_size_in = sizeof context, .repeat = 1 << 30, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 32);
    const int result = bpf_prog_test_run_opts(program("generate"), &run);
    if (result != 0 && errno != EINTR && errno != EAGAIN) fail("the generator: %s", strerror(errno));
  }
  return NULL;
}

static void wake(int signal) { (void)signal; }

// --- A run ---

struct load {
  unsigned flows, rate, total;
  enum flood flood;
  // Of so many datagrams one is good.
  unsigned cycle;
};

struct result {
  double good, bad;
  double arrived, wrong;
  // Frames that the proxy's host has taken in, datagrams that its sockets have, and those that found no room there.
  double taken_in, by_sockets, no_room;
  double seconds;
  double median_delay, high_delay;
};

static struct result send_load(const struct load *load, pid_t proxy) {
  place_threads();
  struct traffic traffic = {
    .gap = 256000000000ull / load->rate, .burst = BURST, .total = load->total, .good_flows = load->flows,
    .bad_flows = load->flood ? MAX_FLOWS : 0, .cycle = load->cycle};
  unsigned zero = 0;
  check(bpf_map_update_elem(map("traffic"), &zero, &traffic, BPF_ANY) == 0, "set the generator up");
  static unsigned long long before[BUCKETS], delays[BUCKETS];
  read_delays(before);
  const struct arrivals first = read_arrivals();
  const double frames = frames_received(), datagrams = udp_counter("InDatagrams"), no_room = udp_counter("RcvbufErrors");
  double used = -seconds_of(proxy);
  for (int i = 0; i < thread_count; i++) used -= seconds_of(threads[i]);

  should_stop = false;
  pthread_t generator;
  check(pthread_create(&generator, NULL, generate, NULL) == 0, "start the generator");
  for (int wait = 0; read_traffic().sent < load->total; wait++) {
    if (wait > 5000) fail("the generator does not get on");
    pause_milliseconds(1);
  }
  should_stop = true;
  do {
    pthread_kill(generator, SIGUSR1);
    pause_milliseconds(1);
  } while (pthread_tryjoin_np(generator, NULL) != 0);
  pause_milliseconds(30);

  used += seconds_of(proxy);
  for (int i = 0; i < thread_count; i++) used += seconds_of(threads[i]);
  const struct arrivals last = read_arrivals();
  traffic = read_traffic();
  read_delays(delays);
  for (int i = 0; i < BUCKETS; i++) delays[i] -= before[i];
  // The other work of the machine gets its turn.
  pause_milliseconds(100);
  return (struct result){
    .good = (double)traffic.good, .bad = (double)traffic.bad, .arrived = (double)(last.right - first.right),
    .wrong = (double)(last.wrong - first.wrong), .taken_in = frames_received() - frames,
    .by_sockets = udp_counter("InDatagrams") - datagrams, .no_room = udp_counter("RcvbufErrors") - no_room, .seconds = used,
    .median_delay = delay_of(delays, 0.5), .high_delay = delay_of(delays, 0.99)};
}

// --- The contenders ---

struct contender {
  const char *name;
  char *arguments[20];
  const char *ready;
  bool is_kernel;
};

static char port_text[8];

static pid_t start(const struct contender *contender) {
  FILE *output = tmpfile();
  check(output != NULL, "tmpfile");
  const pid_t process = fork();
  check(process >= 0, "fork");
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run_on(0, last_core, 1);
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(output), STDERR_FILENO);
    execv(contender->arguments[0], contender->arguments);
    perror(contender->arguments[0]);
    _exit(127);
  }
  static char text[1 << 16];
  for (int wait = 0; wait < 1000; wait++) {
    const ssize_t size = pread(fileno(output), text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    if (strstr(text, contender->ready) != NULL) {
      fclose(output);
      return process;
    }
    if (waitpid(process, NULL, WNOHANG) == process) break;
    pause_milliseconds(10);
  }
  fail("%s does not say \"%s\":\n%s", contender->name, contender->ready, text);
  return 0;
}

/// Makes the sessions of all flows. In the kernel's hands they must be when this returns.
static void make_sessions(const struct contender *contender, pid_t process) {
  const struct load all = {.flows = MAX_FLOWS, .rate = 20000, .total = MAX_FLOWS};
  struct result last = {0};
  for (int attempt = 0; attempt < 10; attempt++) {
    const struct result result = send_load(&all, process);
    if (result.wrong > 0) fail("%s sends other datagrams than it should", contender->name);
    if (attempt > 0 && result.arrived == MAX_FLOWS && (!contender->is_kernel || result.by_sockets == 0)) return;
    last = result;
  }
  fail("%s does not carry all sessions: %.0f of %d datagrams arrived, %.0f by the sockets", contender->name, last.arrived, MAX_FLOWS,
       last.by_sockets);
}

static void stop(pid_t process) {
  kill(process, SIGTERM);
  for (int wait = 0; wait < 500; wait++) {
    if (waitpid(process, NULL, WNOHANG) == process) return;
    pause_milliseconds(10);
  }
  kill(process, SIGKILL);
  waitpid(process, NULL, 0);
}

static void write_base64(FILE *file, const unsigned char *bytes, int size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < size; i += 3) {
    const int left = size - i;
    unsigned group = (unsigned)bytes[i] << 16;
    if (left > 1) group |= (unsigned)bytes[i + 1] << 8;
    if (left > 2) group |= bytes[i + 2];
    for (int digit = 0; digit < 4; digit++) fputc(digit > left ? '=' : digits[group >> (18 - 6 * digit) & 63], file);
  }
}

/// The chain and the tokens of workload.h, behind a firewall, and a limit for the flood of large datagrams. `ends_on_sockets`: behind
/// all that a filter that changes nothing, and that the kernel cannot run.
static void write_configuration(const char *path, bool ends_on_sockets) {
  FILE *file = fopen(path, "w");
  check(file != NULL, path);
  fprintf(
    file,
    "version: v1alpha1\n"
    "filters:\n"
    "  - {name: Firewall, config: {on_write: [{action: ALLOW, sources: [0.0.0.0/0], ports: [0-65536]}], on_read: [\n"
    "      {action: DENY, sources: [0.0.0.0/0], ports: [%d-%d]}, {action: ALLOW, sources: [0.0.0.0/0], ports: [0-65536]}]}}\n"
    "  - {name: PacketSize, config: {max: %d}}\n"
    "  - {name: Capture, config: {metadataKey: version, suffix: {size: 1, remove: true}}}\n"
    "  - {name: Match, config: {on_read: {metadataKey: version, branches: [{value: %d, name: Pass}]}}}\n"
    "  - {name: Capture, config: {suffix: {size: %d, remove: true}}}\n"
    "  - {name: TokenRouter}\n"
    "%s"
    "clusters:\n"
    "  - endpoints:\n",
    FIRST_CLIENT_PORT + 2 * MAX_FLOWS, FIRST_CLIENT_PORT + 3 * MAX_FLOWS, LIMIT, VERSION, TOKEN_SIZE,
    ends_on_sockets ? "  - {name: Capture, config: {metadataKey: all, regex: {pattern: '(?s).+'}}}\n" : "");
  for (unsigned endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
    fprintf(file, "      - address: " SERVER_IP ":%u\n        metadata: {quilkin.dev: {tokens: [", FIRST_ENDPOINT_PORT + endpoint);
    for (unsigned i = endpoint; i < TOKENS; i += ENDPOINTS) {
      unsigned char token[TOKEN_SIZE];
      write_token(i, token);
      fprintf(file, i == endpoint ? "" : ", ");
      write_base64(file, token, TOKEN_SIZE);
    }
    fprintf(file, "]}}\n");
  }
  check(fclose(file) == 0, path);
}

// --- The report ---

enum { C_SOCKETS, SOCKETS, GENERIC, NATIVE, EARLY, CONTENDERS };

static int compare(const void *one, const void *other) {
  const double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static double median(const double *values, int count) {
  double sorted[MAX_ROUNDS];
  memcpy(sorted, values, (size_t)count * sizeof *values);
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static const struct load loads[] = {
  {.flows = 1, .rate = 100000, .total = 25600},
  {.flows = MAX_FLOWS, .rate = 100000, .total = 25600},
  {.flows = 100, .rate = 100000, .total = 25600, .flood = UNKNOWN_TOKEN, .cycle = 20},
  {.flows = 100, .rate = 400000, .total = 102400, .flood = UNKNOWN_TOKEN, .cycle = 80},
  {.flows = 100, .rate = 100000, .total = 25600, .flood = TOO_LARGE, .cycle = 20},
  {.flows = 100, .rate = 400000, .total = 102400, .flood = TOO_LARGE, .cycle = 80},
  {.flows = 100, .rate = 100000, .total = 25600, .flood = DENIED, .cycle = 20},
  {.flows = 100, .rate = 400000, .total = 102400, .flood = DENIED, .cycle = 80},
};
enum { LOADS = sizeof loads / sizeof *loads };
static const char *const flood_names[FLOODS] = {"", "unknown token", "too large", "denied source"};

/// What a run is about: forwarded packets, or dropped ones.
static double work(const struct load *load, const struct result *result) {
  return load->flood ? result->taken_in - result->no_room - result->arrived : result->arrived;
}

static struct result results[LOADS][CONTENDERS][MAX_ROUNDS];

static double column(int load, int contender, int rounds, double (*value)(const struct load *, const struct result *)) {
  double values[MAX_ROUNDS];
  for (int round = 0; round < rounds; round++) values[round] = value(&loads[load], &results[load][contender][round]);
  return median(values, rounds);
}

static double rate(const struct load *load, const struct result *result) { return work(load, result) / result->seconds / 1e6; }
static double lost(const struct load *load, const struct result *result) {
  (void)load;
  return 100 * (result->good - result->arrived) / result->good;
}
/// Frames that never came to the proxy: its interface's ring was full, while nothing let the thread run that empties it.
static double not_taken(const struct load *load, const struct result *result) {
  (void)load;
  const double sent = result->good + result->bad;
  return 100 * (sent - result->taken_in) / sent;
}
static double cost(const struct load *load, const struct result *result) { return result->seconds * 1e9 / work(load, result); }
static double median_delay(const struct load *load, const struct result *result) {
  (void)load;
  return result->median_delay;
}
static double high_delay(const struct load *load, const struct result *result) {
  (void)load;
  return result->high_delay;
}
static double by_sockets(const struct load *load, const struct result *result) {
  (void)load;
  return result->by_sockets;
}

/// The median of the rounds' ratios of one contender's packets per second to another's.
static double ratio(int load, int contender, int other, int rounds) {
  double ratios[MAX_ROUNDS];
  for (int round = 0; round < rounds; round++)
    ratios[round] = rate(&loads[load], &results[load][contender][round]) / rate(&loads[load], &results[load][other][round]);
  return median(ratios, rounds);
}

static void report(const struct contender *contenders, int rounds) {
  printf("medians of %d rounds; ratios are the medians of the ratios of the rounds\n", rounds);
  for (int l = 0; l < LOADS; l++) {
    const struct load *load = &loads[l];
    if (l == 0 || (load->flood && !loads[l - 1].flood)) {
      printf(
        "\n%-26s %-14s %10s %8s %8s %8s %8s %8s %9s %9s %9s\n", load->flood ? "flood of" : "forwarded", "", "M per CPUs", "ns each",
        "of C", "of proxy", "lost, %", "ring, %", "50 %, us", "99 %, us", "sockets");
    }
    for (int c = 0; c < CONTENDERS; c++) {
      char title[64];
      if (load->flood) snprintf(title, sizeof title, "%s, %u k/s", flood_names[load->flood], load->rate / 1000);
      else snprintf(title, sizeof title, "%u session%s, %u k/s", load->flows, load->flows > 1 ? "s" : "", load->rate / 1000);
      printf(
        "%-26s %-14s %10.3f %8.0f %8.2f %8.2f %8.2f %8.2f %9.0f %9.0f %9.0f\n", title, contenders[c].name, column(l, c, rounds, rate),
        column(l, c, rounds, cost), ratio(l, c, C_SOCKETS, rounds), ratio(l, c, SOCKETS, rounds), column(l, c, rounds, lost),
        column(l, c, rounds, not_taken),
        column(l, c, rounds, median_delay), column(l, c, rounds, high_delay), column(l, c, rounds, by_sockets));
    }
  }
}

static void choose_cores(void) {
  cpu_set_t set;
  check(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
  first_core = last_core = -1;
  for (int core = 0; core < CPU_SETSIZE; core++) {
    if (!CPU_ISSET(core, &set)) continue;
    if (first_core < 0) first_core = core;
    last_core = core;
  }
  if (first_core == last_core) fail("needs two cores");
}

int main(int argc, char **argv) {
  const int rounds = argc == 8 ? atoi(argv[5]) : 0;
  if (rounds < 1 || rounds > MAX_ROUNDS) {
    fprintf(stderr, "usage: %s ENDS.bpf.o SCRATCH C-PROXY PROXY ROUNDS CLIENT-MAC FRONT-MAC\n", argv[0]);
    return 2;
  }
  static char configuration[512], ends_on_sockets[512], listen[32];
  snprintf(configuration, sizeof configuration, "%s/proxy.yaml", argv[2]);
  snprintf(listen, sizeof listen, PROXY_IP ":%d", PORT);
  snprintf(port_text, sizeof port_text, "%d", PORT);
  snprintf(ends_on_sockets, sizeof ends_on_sockets, "%s/ends-on-sockets.yaml", argv[2]);
  write_configuration(configuration, false);
  write_configuration(ends_on_sockets, true);
#define OURS(configuration, ...)                                                                                                            \
  {                                                                                                                          \
    argv[4], __VA_ARGS__, "--config", configuration, "--listen", listen, "--workers", "1", "--no-admin", "--drain-timeout", \
      "1ms"                                                                                                                  \
  }
  const struct contender contenders[CONTENDERS] = {
    [C_SOCKETS] = {.name = "sockets in C", .arguments = {argv[3], port_text}, .ready = "listening"},
    [SOCKETS] = {.name = "proxy", .arguments = OURS(configuration, "run"), .ready = "path: sockets"},
    [GENERIC] = {.name = "ebpf, generic", .arguments = OURS(configuration, "ebpf", "--attach", "generic", "--require-offload"),
                 .ready = "path: kernel", .is_kernel = true},
    [NATIVE] = {.name = "ebpf, native", .arguments = OURS(configuration, "ebpf", "--attach", "native", "--require-offload"),
                .ready = "path: kernel", .is_kernel = true},
    // The sockets forward, and the kernel drops what the filters in front drop.
    [EARLY] = {.name = "early drop", .arguments = OURS(ends_on_sockets, "ebpf", "--attach", "native"), .ready = "path: "},
  };

  struct sigaction action = {.sa_handler = wake};
  sigaction(SIGUSR1, &action, NULL);
  read_mac(argv[6], client_mac);
  read_mac(argv[7], front_mac);
  choose_cores();
  open_ends(argv[1]);
  run_on(0, first_core, 20);
  enum flood flood = NO_FLOOD;
  for (int round = 0; round < rounds; round++) {
    for (int turn = 0; turn < CONTENDERS; turn++) {
      const int c = (turn + round) % CONTENDERS;
      const pid_t process = start(&contenders[c]);
      make_sessions(&contenders[c], process);
      for (int l = 0; l < LOADS; l++) {
        if (loads[l].flood != flood) set_flood(flood = loads[l].flood);
        results[l][c][round] = send_load(&loads[l], process);
        if (results[l][c][round].wrong > 0) fail("%s sends other datagrams than it should", contenders[c].name);
      }
      stop(process);
    }
  }
  report(contenders, rounds);
  return 0;
}
