// c-proxy PORT: what our proxy is measured against. The least that does the same work, written to be fast.
//
// One thread, IPv4, epoll, recvmmsg and sendmmsg of 64. The chain: the last byte is the version and must be 1; the 16
// bytes before it are a token, which names an endpoint; both are removed. A session is (client, endpoint) and holds one
// source port toward that endpoint. One upstream socket, unconnected, serves one client of every endpoint, so there are
// as many as the endpoint with the most clients has. Replies are matched by (upstream socket, server). What cannot be
// sent at once is dropped and counted. Sessions note when they were last seen, but are never removed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

// Other benchmarks set these.
#ifndef LISTEN_IP
#define LISTEN_IP INADDR_LOOPBACK
#define ENDPOINT_IP INADDR_LOOPBACK
#endif

enum {
  BATCH = 64,
  LARGEST_DATAGRAM = 65536,
  SOCKET_BUFFER = 4 << 20,
  MAX_SESSIONS = 1 << 16,
  MAX_UPSTREAMS = 1 << 14,
  // Open addressing: powers of two, at most half full.
  TOKEN_SLOTS = 1 << 11,
  SESSION_SLOTS = 1 << 17,
  NONE = -1,
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// --- Counters ---

static struct {
  uint64_t read_packets, read_bytes, write_packets, write_bytes;
  uint64_t capture_no_value, dropped, token_unknown, unknown_server, session_limit, ports_exhausted, send_failed;
} counters;

static void print_counters(void) {
  printf(
    "read %" PRIu64 " packets %" PRIu64 " bytes, write %" PRIu64 " packets %" PRIu64 " bytes\n", counters.read_packets,
    counters.read_bytes, counters.write_packets, counters.write_bytes);
  printf(
    "dropped: capture_no_value %" PRIu64 ", dropped %" PRIu64 ", token_unknown %" PRIu64 ", unknown_server %" PRIu64
    ", session_limit %" PRIu64 ", ports_exhausted %" PRIu64 ", send_failed %" PRIu64 "\n",
    counters.capture_no_value, counters.dropped, counters.token_unknown, counters.unknown_server,
    counters.session_limit, counters.ports_exhausted, counters.send_failed);
}

// --- Hashing and addresses ---

static uint64_t mix(uint64_t key) {
  key *= 0x9e3779b97f4a7c15;
  return key ^ key >> 32;
}

/// An IPv4 address and port as one number.
static uint64_t address_key(const struct sockaddr_in *address) {
  return (uint64_t)address->sin_addr.s_addr << 16 | address->sin_port;
}

// --- Tokens ---

struct token {
  unsigned char bytes[TOKEN_SIZE];
  int32_t endpoint;
};

static struct token tokens[TOKEN_SLOTS];
static struct sockaddr_in endpoints[ENDPOINTS];

/// The slot of the token, or the free slot where it belongs.
static struct token *token_slot(const unsigned char *bytes) {
  uint64_t halves[2];
  memcpy(halves, bytes, sizeof halves);
  uint64_t slot = mix(halves[0] ^ mix(halves[1]));
  for (;; slot++) {
    struct token *token = &tokens[slot % TOKEN_SLOTS];
    if (token->endpoint == NONE || memcmp(token->bytes, bytes, TOKEN_SIZE) == 0) return token;
  }
}

static void load_tokens(void) {
  for (int i = 0; i < TOKEN_SLOTS; i++) tokens[i].endpoint = NONE;
  for (int i = 0; i < ENDPOINTS; i++) {
    endpoints[i] = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(FIRST_ENDPOINT_PORT + i), .sin_addr.s_addr = htonl(ENDPOINT_IP)};
  }
  for (unsigned i = 0; i < TOKENS; i++) {
    unsigned char bytes[TOKEN_SIZE];
    write_token(i, bytes);
    struct token *token = token_slot(bytes);
    memcpy(token->bytes, bytes, TOKEN_SIZE);
    token->endpoint = i % ENDPOINTS;
  }
}

// --- Upstream sockets and sessions ---

struct upstream {
  int descriptor;
  // The packets of this batch that leave through it, as a list of slots.
  int first, last;
};

struct session {
  struct sockaddr_in client;
  int32_t endpoint;
  int32_t upstream;
  uint64_t last_seen;
};

static int listener, poller;
static struct upstream upstreams[MAX_UPSTREAMS];
static int upstream_count;
// How many of the upstream sockets an endpoint uses: its sessions hold the first ones.
static int upstreams_in_use[ENDPOINTS];

static struct session sessions[MAX_SESSIONS];
static int session_count;
static int32_t sessions_by_client[SESSION_SLOTS], sessions_by_server[SESSION_SLOTS];
static uint64_t now;

static int open_socket(const struct sockaddr_in *address, uint32_t event) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return NONE;
  int size = SOCKET_BUFFER;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct epoll_event registration = {.events = EPOLLIN, .data.u32 = event};
  if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) < 0 ||
      epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &registration) < 0) {
    close(descriptor);
    return NONE;
  }
  return descriptor;
}

static bool open_upstream(void) {
  if (upstream_count == MAX_UPSTREAMS) return false;
  struct sockaddr_in any = {.sin_family = AF_INET};
  int descriptor = open_socket(&any, (uint32_t)upstream_count);
  if (descriptor < 0) return false;
  upstreams[upstream_count++] = (struct upstream){descriptor, NONE, NONE};
  return true;
}

static uint64_t client_hash(uint64_t client, int endpoint) { return mix(client ^ (uint64_t)endpoint << 48); }
static uint64_t server_hash(int upstream, uint64_t server) { return mix(server ^ (uint64_t)upstream << 48); }

static struct session *find_by_client(const struct sockaddr_in *client, int endpoint) {
  uint64_t key = address_key(client);
  for (uint64_t slot = client_hash(key, endpoint);; slot++) {
    int32_t index = sessions_by_client[slot % SESSION_SLOTS];
    if (index == NONE) return NULL;
    struct session *session = &sessions[index];
    if (session->endpoint == endpoint && address_key(&session->client) == key) return session;
  }
}

static struct session *find_by_server(int upstream, const struct sockaddr_in *server) {
  uint64_t key = address_key(server);
  for (uint64_t slot = server_hash(upstream, key);; slot++) {
    int32_t index = sessions_by_server[slot % SESSION_SLOTS];
    if (index == NONE) return NULL;
    struct session *session = &sessions[index];
    if (session->upstream == upstream && address_key(&endpoints[session->endpoint]) == key) return session;
  }
}

static void insert(int32_t *table, uint64_t slot, int32_t index) {
  while (table[slot % SESSION_SLOTS] != NONE) slot++;
  table[slot % SESSION_SLOTS] = index;
}

static struct session *make_session(const struct sockaddr_in *client, int endpoint) {
  if (session_count == MAX_SESSIONS) {
    counters.session_limit++;
    return NULL;
  }
  if (upstreams_in_use[endpoint] == upstream_count && !open_upstream()) {
    counters.ports_exhausted++;
    return NULL;
  }
  int32_t index = session_count++;
  struct session *session = &sessions[index];
  *session = (struct session){*client, endpoint, upstreams_in_use[endpoint]++, now};
  insert(sessions_by_client, client_hash(address_key(client), endpoint), index);
  insert(sessions_by_server, server_hash(session->upstream, address_key(&endpoints[endpoint])), index);
  return session;
}

// --- Batches ---

static unsigned char (*buffers)[LARGEST_DATAGRAM];
static struct sockaddr_in sources[BATCH];
static struct mmsghdr received[BATCH], outgoing[BATCH];
static struct iovec receive_vectors[BATCH], send_vectors[BATCH];
// The slot of the next packet that leaves through the same upstream socket.
static int next_slot[BATCH];
static struct sockaddr_in *destinations[BATCH];

static void prepare_batches(void) {
  buffers = calloc(BATCH, sizeof *buffers);
  if (buffers == NULL) fail("buffers");
  for (int i = 0; i < BATCH; i++) {
    receive_vectors[i] = (struct iovec){buffers[i], LARGEST_DATAGRAM};
    received[i].msg_hdr = (struct msghdr){.msg_name = &sources[i], .msg_iov = &receive_vectors[i], .msg_iovlen = 1};
    outgoing[i].msg_hdr =
      (struct msghdr){.msg_namelen = sizeof(struct sockaddr_in), .msg_iov = &send_vectors[i], .msg_iovlen = 1};
  }
}

/// Receives into the slots from `first` on. How many were filled.
static int receive(int descriptor, int first) {
  for (int i = first; i < BATCH; i++) received[i].msg_hdr.msg_namelen = sizeof sources[i];
  int count = recvmmsg(descriptor, received + first, (unsigned)(BATCH - first), MSG_DONTWAIT, NULL);
  return count < 0 ? 0 : count;
}

/// Sets the n-th outgoing packet of the batch: the first `size` bytes of a slot.
static void put(int n, int slot, unsigned size, struct sockaddr_in *destination) {
  send_vectors[n] = (struct iovec){buffers[slot], size};
  outgoing[n].msg_hdr.msg_name = destination;
}

static void send_all(int descriptor, int count) {
  for (int sent = 0; sent < count;) {
    int result = sendmmsg(descriptor, outgoing + sent, (unsigned)(count - sent), MSG_DONTWAIT);
    if (result > 0) {
      sent += result;
    } else if (errno != EINTR) {
      counters.send_failed++;
      sent++;
    }
  }
}

// --- Client to server ---

/// Runs the chain over a datagram. The endpoint, or NONE where it is dropped. `size` becomes what is left of it.
static int run_chain(const unsigned char *datagram, unsigned *size) {
  if (*size < 1) {
    counters.capture_no_value++;
    return NONE;
  }
  *size -= 1;
  if (datagram[*size] != VERSION) {
    counters.dropped++;
    return NONE;
  }
  if (*size < TOKEN_SIZE) {
    counters.capture_no_value++;
    return NONE;
  }
  *size -= TOKEN_SIZE;
  int endpoint = token_slot(datagram + *size)->endpoint;
  if (endpoint == NONE) counters.token_unknown++;
  return endpoint;
}

static void serve_clients(void) {
  int count = receive(listener, 0);
  static int touched[BATCH];
  int touched_count = 0;

  for (int i = 0; i < count; i++) {
    unsigned size = received[i].msg_len;
    int endpoint = run_chain(buffers[i], &size);
    if (endpoint == NONE) continue;
    struct session *session = find_by_client(&sources[i], endpoint);
    if (session == NULL) session = make_session(&sources[i], endpoint);
    if (session == NULL) continue;

    session->last_seen = now;
    counters.read_packets++;
    counters.read_bytes += size;
    received[i].msg_len = size;
    destinations[i] = &endpoints[endpoint];
    next_slot[i] = NONE;
    struct upstream *upstream = &upstreams[session->upstream];
    if (upstream->first == NONE) {
      upstream->first = i;
      touched[touched_count++] = session->upstream;
    } else {
      next_slot[upstream->last] = i;
    }
    upstream->last = i;
  }

  for (int t = 0; t < touched_count; t++) {
    struct upstream *upstream = &upstreams[touched[t]];
    int n = 0;
    for (int i = upstream->first; i != NONE; i = next_slot[i]) put(n++, i, received[i].msg_len, destinations[i]);
    upstream->first = NONE;
    send_all(upstream->descriptor, n);
  }
}

// --- Server to client ---

// Replies of several upstream sockets leave together: how many slots are taken, and how many replies are set to go.
static int slots_taken, replies;

static void flush_replies(void) {
  if (replies > 0) send_all(listener, replies);
  slots_taken = replies = 0;
}

static void serve_servers(int index) {
  int first = slots_taken;
  slots_taken += receive(upstreams[index].descriptor, first);
  for (int i = first; i < slots_taken; i++) {
    struct session *session = find_by_server(index, &sources[i]);
    if (session == NULL) {
      counters.unknown_server++;
      continue;
    }
    session->last_seen = now;
    counters.write_packets++;
    counters.write_bytes += received[i].msg_len;
    put(replies++, i, received[i].msg_len, &session->client);
  }
  if (slots_taken == BATCH) flush_replies();
}

// --- The loop ---

static volatile sig_atomic_t is_stopping;

static void stop(int signal) {
  (void)signal;
  is_stopping = 1;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s PORT\n", argv[0]);
    return 2;
  }
  memset(sessions_by_client, 0xff, sizeof sessions_by_client);
  memset(sessions_by_server, 0xff, sizeof sessions_by_server);
  load_tokens();
  prepare_batches();

  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) fail("epoll_create1");
  const uint32_t listener_event = UINT32_MAX;
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(LISTEN_IP)};
  listener = open_socket(&address, listener_event);
  if (listener < 0) fail("listen");
  printf("listening on port %s\n", argv[1]);
  fflush(stdout);

  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  while (!is_stopping) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(poller, events, BATCH, -1);
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;

    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 != listener_event) serve_servers((int)events[i].data.u32);
    }
    flush_replies();
    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 == listener_event) serve_clients();
    }
  }
  print_counters();
}
