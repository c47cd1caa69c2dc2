// Runs the program on a table of frames: what is forwarded must be right to the byte, what is handed over must be untouched and
// counted. frames PROGRAM.bpf.o [DIRECTORY]: with the directory of the tool `specialise`, the specialised program
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>
#include "chain.h"
#include "specialised.h"

#define OUT 16384
#define ANY (-1)

/// One UDP datagram in an Ethernet frame.
struct datagram {
  const char *source, *destination;
  int source_port, destination_port, ttl, tos, id, flags;
  const void *payload;
  int size;
  const char *mac_to, *mac_from;
  int no_checksum;
};

static unsigned sum(const void *bytes, int size, unsigned sum) {
  const unsigned char *byte = bytes;
  for (int i = 0; i < size; i += 2) sum += byte[i] << 8 | (i + 1 < size ? byte[i + 1] : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}
static void put16(void *to, unsigned value) {
  ((unsigned char *)to)[0] = value >> 8;
  ((unsigned char *)to)[1] = value;
}
static unsigned get16(const void *from) { return ((const unsigned char *)from)[0] << 8 | ((const unsigned char *)from)[1]; }

static int build(unsigned char *frame, const struct datagram *d) {
  const int v6 = strchr(d->source, ':') != 0, headers = v6 ? 62 : 42;
  unsigned char *ip = frame + 14, *udp = frame + headers - 8;
  memset(frame, 0, headers);
  if (d->mac_to) memcpy(frame, d->mac_to, 6);
  if (d->mac_from) memcpy(frame + 6, d->mac_from, 6);
  put16(frame + 12, v6 ? 0x86dd : 0x0800);
  if (v6) {
    ip[0] = 0x60 | d->tos >> 4;
    ip[1] = d->tos << 4;
    put16(ip + 4, 8 + d->size);
    ip[6] = 17;
    ip[7] = d->ttl;
    inet_pton(AF_INET6, d->source, ip + 8);
    inet_pton(AF_INET6, d->destination, ip + 24);
  } else {
    ip[0] = 0x45;
    ip[1] = d->tos;
    put16(ip + 2, 28 + d->size);
    put16(ip + 4, d->id);
    put16(ip + 6, d->flags);
    ip[8] = d->ttl;
    ip[9] = 17;
    inet_pton(AF_INET, d->source, ip + 12);
    inet_pton(AF_INET, d->destination, ip + 16);
    put16(ip + 10, ~sum(ip, 20, 0));
  }
  put16(udp, d->source_port);
  put16(udp + 2, d->destination_port);
  put16(udp + 4, 8 + d->size);
  memcpy(udp + 8, d->payload, d->size);
  if (!d->no_checksum) {
    const unsigned check = ~sum(udp, 8 + d->size, sum(v6 ? ip + 8 : ip + 12, v6 ? 32 : 8, 17 + 8 + d->size)) & 0xffff;
    put16(udp + 6, check ? check : 0xffff);
  }
  return headers + d->size;
}

static int failures, checks;
static struct program program;
static unsigned char in[OUT], want[OUT], out[OUT + 512];
static int meta;

static unsigned long long counter(unsigned place) {
  unsigned long long cells[256], total = 0;
  bpf_map_lookup_elem(bpf_map__fd(map(&program, "counters")), &place, cells);
  for (int c = 0; c < libbpf_num_possible_cpus(); c++) total += cells[c];
  return total;
}

static unsigned long long all_counters(void) {
  unsigned long long total = 0;
  for (unsigned i = 0; i < FIRST_FILTER_COUNTER; i++) total += counter(i);
  return total;
}

static void dump(const char *what, const unsigned char *bytes, int size) {
  printf("  %s (%d):", what, size);
  for (int i = 0; i < size && i < 96; i++) printf("%s%02x", i % 16 ? " " : "\n    ", bytes[i]);
  printf("\n");
}

/// Runs `in`, and expects the verdict, the bytes of `expected` and one more at `place` and nowhere else (ANY: not looked at).
static void expect(const char *name, int size, int verdict, const unsigned char *expected, int expected_size, int place) {
  static unsigned char with_meta[OUT + 512];
  struct xdp_md context = {.data = meta, .data_end = meta + size}, context_out;
  memset(with_meta, 0xa5, meta);
  memcpy(with_meta + meta, in, size);
  LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = with_meta, .data_size_in = meta + size, .data_out = out,
              .data_size_out = sizeof out, .repeat = 1);
  if (meta) {
    run.ctx_in = &context;
    run.ctx_size_in = sizeof context;
    run.ctx_out = &context_out;
    run.ctx_size_out = sizeof context_out;
  }
  const unsigned long long before = place == ANY ? 0 : all_counters(), at = place > 0 ? counter(place) : 0;
  checks++;
  if (bpf_prog_test_run_opts(program.fd, &run)) {
    failures++;
    printf("%s: the run failed: %s\n", name, strerror(errno));
    return;
  }
  const int out_size = run.data_size_out - meta;
  const int counted = place == ANY ? 0 : (int)(all_counters() - before), counted_at = place > 0 ? (int)(counter(place) - at) : 0;
  if ((int)run.retval == verdict && out_size == expected_size && memcmp(out + meta, expected, expected_size) == 0 &&
      (place == ANY || (counted == (place > 0) && counted_at == (place > 0))))
    return;
  failures++;
  printf("%s: verdict %u, expected %d; %d bytes, expected %d; counted %d, at %d %d\n", name, run.retval, verdict, out_size,
         expected_size, counted, place, counted_at);
  if (place != ANY)
    for (unsigned i = 1; i < HAND_OVER_COUNT; i++)
      if (counter(i)) printf("  hand-over %u: %llu in all\n", i, counter(i));
  if (out_size != expected_size || memcmp(out + meta, expected, expected_size)) {
    dump("in", in, size);
    dump("out", out + meta, out_size);
    dump("expected", expected, expected_size);
  }
}

static void untouched(const char *name, int size, int place) {
  memcpy(want, in, size);
  expect(name, size, XDP_PASS, want, size, place);
}

static void dropped(const char *name, int size, int filter, int reason) {
  memcpy(want, in, size);
  expect(name, size, XDP_DROP, want, size, HAND_OVER_COUNT + filter * DROP_REASON_COUNT + reason);
}

#define MAC_US "\2\2\2\2\2\2"
#define MAC_HOP "\4\4\4\4\4\4"

static struct image image;

static struct route_entry route(const char *source, int source_port, const char *destination, int destination_port) {
  struct route_entry entry = {.source_port = htons(source_port), .destination_port = htons(destination_port), .mtu = 1500};
  address(entry.source, source);
  address(entry.destination, destination);
  memcpy(&entry.next_hop, MAC_HOP, 6);
  return entry;
}

static void session(const char *client, int port, unsigned endpoint, struct route_entry entry) {
  struct session_key key = {.endpoint = endpoint, .client_port = htons(port)};
  address(key.client, client);
  put(&program, "sessions", &key, &entry);
}

static void reply(const char *server, int server_port, const char *proxy, int proxy_port, struct route_entry entry) {
  struct reply_key key = {.server_port = htons(server_port), .proxy_port = htons(proxy_port)};
  address(key.server, server);
  address(key.proxy, proxy);
  put(&program, "replies", &key, &entry);
}

static void token(const void *bytes, int size, unsigned endpoint, unsigned count) {
  struct token_key key = {.tag = (unsigned long long)KIND_BYTES << 32 | size};
  memcpy(key.words, bytes, size);
  struct token_entry entry = {.endpoint = endpoint, .count = count};
  put(&program, "tokens", &key, &entry);
}

static void only(unsigned endpoint, unsigned count) {
  struct default_route entry = {.endpoint = endpoint, .count = count};
  unsigned zero = 0;
  put(&program, "defaults", &zero, &entry);
}

static const char *object, *directory;

static void load_object(void) {
  if (!(directory ? load_specialised(&program, directory, object, &image) : load(&program, object, &image))) exit(1);
}

/// Whether a chain leaves the front of packets where it is.
static int leaves_front(const struct slot *slots) {
  for (int i = 0; i < CHAIN_SLOTS; i++)
    if (slots[i].kind == SLOT_CAPTURE && (slots[i].flags & 3) == 2) return 0;
  return 1;
}

/// Loads a program for a chain, with sessions of both families in both directions.
static void start(const char *name, const struct slot *read, int reads, const struct slot *write, int writes, int full) {
  if (program.object) bpf_object__close(program.object);
  memset(&image, 0, sizeof image);
  memcpy(image.read, read, reads * sizeof *read);
  memcpy(image.write, write, writes * sizeof *write);
  image.port = htons(7777);
  image.hop_lifetime = ~0ull >> 1;
  image.full_checksums = full;
  image.fixed_front = leaves_front(image.read) && leaves_front(image.write);
  address(image.addresses[0], "10.0.0.1");
  address(image.addresses[2], "fd00::1");
  image.interfaces[0].index = 1;
  image.interfaces[1].index = 77;
  for (int i = 0; i < CHAIN_INTERFACES; i++) memcpy(image.interfaces[i].mac, MAC_US, 6);
  load_object();
  printf("%-48s %6u instructions verified, %6u us to load\n", name, program.verified, program.load_time);
  unsigned one = 1, lo = 1;
  put(&program, "interfaces", &one, &lo);
  token(TOKEN, 16, ENDPOINT, 1);
  only(ENDPOINT, 1);
  session("10.0.0.9", 5000, ENDPOINT, route("10.0.0.1", 40000, "10.0.0.5", 9000));
  session("fd00::9", 5000, ENDPOINT, route("fd00::1", 40001, "fd00::5", 9001));
  session("10.0.0.9", 5001, ENDPOINT, route("fd00::1", 40002, "fd00::5", 9001));
  session("fd00::9", 5001, ENDPOINT, route("10.0.0.1", 40003, "10.0.0.5", 9000));
  reply("10.0.0.5", 9000, "10.0.0.1", 40000, route("10.0.0.1", 7777, "10.0.0.9", 5000));
  reply("fd00::5", 9001, "fd00::1", 40001, route("fd00::1", 7777, "fd00::9", 5000));
  reply("fd00::5", 9001, "fd00::1", 40002, route("10.0.0.1", 7777, "10.0.0.9", 5001));
  reply("10.0.0.5", 9000, "10.0.0.1", 40003, route("fd00::1", 7777, "fd00::9", 5001));
}

/// The four ways that packets of the sessions go: what comes and what leaves, less the payload.
struct way {
  const char *name;
  struct datagram in, out;
};
static const struct way reads[4] = {
    {"v4 to v4", {"10.0.0.9", "10.0.0.1", 5000, 7777, 64, 0xb9, 4711, 0x4000},
     {"10.0.0.1", "10.0.0.5", 40000, 9000, 63, 0xb9, 4711, 0x4000, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"v6 to v6", {"fd00::9", "fd00::1", 5000, 7777, 64, 0xb9},
     {"fd00::1", "fd00::5", 40001, 9001, 63, 0xb9, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"v4 to v6", {"10.0.0.9", "10.0.0.1", 5001, 7777, 64, 0xb9, 4711},
     {"fd00::1", "fd00::5", 40002, 9001, 63, 0xb9, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"v6 to v4", {"fd00::9", "fd00::1", 5001, 7777, 64, 0xb9},
     {"10.0.0.1", "10.0.0.5", 40003, 9000, 63, 0xb9, 0, 0x4000, .mac_to = MAC_HOP, .mac_from = MAC_US}}};
static const struct way writes[4] = {
    {"reply v4 to v4", {"10.0.0.5", "10.0.0.1", 9000, 40000, 2, 0, 4711},
     {"10.0.0.1", "10.0.0.9", 7777, 5000, 1, 0, 4711, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"reply v6 to v6", {"fd00::5", "fd00::1", 9001, 40001, 255, 3},
     {"fd00::1", "fd00::9", 7777, 5000, 254, 3, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"reply v6 to v4", {"fd00::5", "fd00::1", 9001, 40002, 64, 0},
     {"10.0.0.1", "10.0.0.9", 7777, 5001, 63, 0, 0, 0x4000, .mac_to = MAC_HOP, .mac_from = MAC_US}},
    {"reply v4 to v6", {"10.0.0.5", "10.0.0.1", 9000, 40003, 64, 0},
     {"fd00::1", "fd00::9", 7777, 5001, 63, 0, .mac_to = MAC_HOP, .mac_from = MAC_US}}};

/// A payload goes one way, `front` bytes are cut off in front of it and `back` behind; with `padding` behind the frame.
static void goes(const struct way *way, const unsigned char *payload, int size, int front, int back, int padding) {
  struct datagram comes = way->in, leaves = way->out;
  char name[128];
  snprintf(name, sizeof name, "%s, %d bytes, less %d and %d, padding %d", way->name, size, front, back, padding);
  comes.payload = payload;
  comes.size = size;
  leaves.payload = payload + front;
  leaves.size = size - front - back;
  int frame = build(in, &comes);
  memset(in + frame, 0xee, padding);
  expect(name, frame + padding, XDP_TX, want, build(want, &leaves), 0);
}

static unsigned char payload[OUT];

static void bytes(int seed, int size) {
  unsigned x = seed * 2654435761u + 1;
  for (int i = 0; i < size; i++) payload[i] = (x = x * 1103515245 + 12345) >> 16;
}

static void sizes(int front, int back, int least) {
  static const int all[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 18, 31, 33, 63, 64, 65, 100, 999, 1000, 1400};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i] < least) continue;
    for (int w = 0; w < 4; w++) {
      bytes(i + w, all[i]);
      for (meta = 0; meta <= 32; meta += 32) {
        goes(&reads[w], payload, all[i], front, back, 0);
        goes(&reads[w], payload, all[i], front, back, 18);
        goes(&writes[w], payload, all[i], front, back, 0);
      }
      meta = 0;
    }
  }
  // All zeros and all ones: sums that are zero.
  for (int w = 0; w < 4; w++) {
    memset(payload, 0, 64);
    goes(&reads[w], payload, 64, front, back, 0);
    memset(payload, 0xff, 64);
    goes(&reads[w], payload, 64, front, back, 0);
    if (front + back < 64) goes(&reads[w], payload, 63, front, back, 0);
  }
}

#define EDIT(name, code, size, place) do { build(in, &d); code; untouched(name, size, place); } while (0)

static void odd_frames(void) {
  bytes(1, 100);
  struct datagram d = reads[0].in;
  d.payload = payload;
  d.size = 100;
  const int size = build(in, &d);
  unsigned char *ip = in + 14, *udp = in + 34;

  EDIT("ARP", put16(in + 12, 0x0806), size, 0);
  EDIT("VLAN", put16(in + 12, 0x8100), size, 0);
  EDIT("802.1ad", put16(in + 12, 0x88a8), size, 0);
  EDIT("802.3 length", put16(in + 12, 100), size, 0);
  EDIT("TCP", ip[9] = 6, size, 0);
  EDIT("ICMP", ip[9] = 1, size, 0);
  EDIT("foreign address", ip[19] = 2, size, 0);
  EDIT("foreign port", put16(udp + 2, 7778), size, 0);
  EDIT("IP options", ip[0] = 0x46, size, HAND_OVER_IP_OPTIONS);
  EDIT("IP header too short", ip[0] = 0x44, size, HAND_OVER_IP_OPTIONS);
  EDIT("IP version", ip[0] = 0x65, size, HAND_OVER_IP_OPTIONS);
  EDIT("IP options to a foreign address", { ip[0] = 0x46; ip[19] = 2; }, size, 0);
  EDIT("first fragment", put16(ip + 6, 0x2000), size, HAND_OVER_FRAGMENT);
  EDIT("middle fragment", put16(ip + 6, 0x2010), size, HAND_OVER_FRAGMENT);
  EDIT("last fragment", put16(ip + 6, 0x0010), size, HAND_OVER_FRAGMENT);
  for (int cut = 14; cut < size; cut++)
    EDIT("cut frame", (void)0, cut, cut < 42 ? 0 : HAND_OVER_LENGTH);
  for (int wrong = 0; wrong < 200; wrong++) {
    if (wrong == 128) continue;
    EDIT("tot_len lies", put16(ip + 2, wrong), size, HAND_OVER_LENGTH);
    if (wrong != 108) EDIT("udp.len lies", put16(udp + 4, wrong), size, HAND_OVER_LENGTH);
    if (wrong < 28 || wrong > 128) EDIT("both lie", { put16(ip + 2, wrong); put16(udp + 4, wrong - 20); }, size, HAND_OVER_LENGTH);
  }
  EDIT("tot_len 65535", put16(ip + 2, 65535), size, HAND_OVER_LENGTH);
  EDIT("udp.len 65535", put16(udp + 4, 65535), size, HAND_OVER_LENGTH);
  EDIT("TTL 1", ip[8] = 1, size, HAND_OVER_TTL);
  EDIT("TTL 0", ip[8] = 0, size, HAND_OVER_TTL);
  EDIT("unknown session", put16(udp, 5999), size, HAND_OVER_NO_SESSION);
  EDIT("unknown client", ip[15] = 8, size, HAND_OVER_NO_SESSION);
  only(ENDPOINT, 2);
  EDIT("several destinations", (void)0, size, HAND_OVER_DESTINATIONS);
  only(ENDPOINT, 0);
  EDIT("no destination", (void)0, size, HAND_OVER_DESTINATIONS);
  only(ENDPOINT, 1);
  d.size = 1473;
  EDIT("over the MTU", (void)0, 42 + 1473, HAND_OVER_MTU);
  bytes(2, 1472);
  goes(&reads[0], payload, 1472, 0, 0, 0);
  goes(&reads[1], payload, 1452, 0, 0, 0);

  // A damaged IPv4 header stays damaged by as much; a damaged datagram too.
  d = reads[0].in;
  struct datagram leaves = reads[0].out;
  d.payload = leaves.payload = payload;
  d.size = leaves.size = 100;
  build(in, &d);
  int out_size = build(want, &leaves);
  put16(ip + 10, sum("", 0, get16(ip + 10) + 5));
  put16(want + 24, sum("", 0, get16(want + 24) + 5));
  put16(udp + 6, sum("", 0, get16(udp + 6) + 9));
  put16(want + 40, sum("", 0, get16(want + 40) + 9));
  if (!image.full_checksums) expect("damaged checksums", size, XDP_TX, want, out_size, 0);

  // Without a checksum.
  d.no_checksum = leaves.no_checksum = 1;
  build(in, &d);
  expect("no checksum, v4 to v4", size, XDP_TX, want, build(want, &leaves), 0);
  d = reads[2].in;
  d.payload = payload;
  d.size = 100;
  d.no_checksum = 1;
  EDIT("no checksum, v4 to v6", (void)0, 142, HAND_OVER_NO_CHECKSUM);
  for (int w = 1; w < 4; w += 2) {
    d = reads[w].in;
    d.payload = payload;
    d.size = 100;
    d.no_checksum = 1;
    EDIT("no checksum from v6", (void)0, 162, HAND_OVER_NO_CHECKSUM);
  }

  // IPv6.
  d = reads[1].in;
  d.payload = payload;
  d.size = 100;
  udp = in + 54;
  const int v6 = build(in, &d);
  EDIT("hop-by-hop", ip[6] = 0, v6, 0);
  EDIT("fragment header", ip[6] = 44, v6, 0);
  EDIT("destination options", ip[6] = 60, v6, 0);
  EDIT("routing header", ip[6] = 43, v6, 0);
  EDIT("ICMPv6", ip[6] = 58, v6, 0);
  EDIT("IPv6 version", ip[0] = 0x40, v6, 0);
  EDIT("hop limit 1", ip[7] = 1, v6, HAND_OVER_TTL);
  EDIT("foreign IPv6 address", ip[39] = 7, v6, 0);
  EDIT("foreign IPv6 network", ip[24] = 0xfc, v6, 0);
  EDIT("foreign IPv6 port", put16(udp + 2, 7778), v6, 0);
  for (int cut = 14; cut < v6; cut++) EDIT("cut IPv6 frame", (void)0, cut, cut < 62 ? 0 : HAND_OVER_LENGTH);
  for (int wrong = 0; wrong < 200; wrong++) {
    if (wrong == 108) continue;
    EDIT("payload_len lies", put16(ip + 4, wrong), v6, HAND_OVER_LENGTH);
    EDIT("udp.len lies over IPv6", put16(udp + 4, wrong), v6, HAND_OVER_LENGTH);
  }
  d = reads[2].in;
  d.payload = payload;
  d.size = 100;
  EDIT("TTL 1, v4 to v6", ip[8] = 1, 142, HAND_OVER_TTL);
  d.size = 1453;
  EDIT("over the MTU, v4 to v6", (void)0, 42 + 1453, HAND_OVER_MTU);
  d.size = 100;
  meta = 212;
  EDIT("no headroom", (void)0, 142, HAND_OVER_NO_HEADROOM);
  meta = 0;
  d = writes[0].in;
  d.payload = payload;
  d.size = 100;
  EDIT("reply to an unknown port", put16(in + 36, 40009), 142, 0);
  EDIT("reply from an unknown port", put16(in + 34, 9009), 142, 0);
  EDIT("reply from an unknown server", in[29] = 77, 142, 0);

  // Another way out.
  struct route_entry other = route("10.0.0.1", 40000, "10.0.0.5", 9000);
  other.next_hop |= 1ull << 48;
  session("10.0.0.9", 5002, ENDPOINT, other);
  d = reads[0].in;
  d.payload = leaves.payload = payload;
  d.size = leaves.size = 100;
  d.source_port = 5002;
  leaves.no_checksum = 0;
  build(in, &d);
  expect("another interface", 142, XDP_REDIRECT, want, build(want, &leaves), 0);
}

static void full_checksums(void) {
  for (int w = 0; w < 4; w++) {
    for (int size = 0; size < 200; size++) {
      struct datagram d = reads[w].in, leaves = reads[w].out;
      bytes(size, size);
      d.payload = leaves.payload = payload;
      d.size = leaves.size = size;
      const int frame = build(in, &d), v6 = strchr(d.source, ':') != 0;
      unsigned char *udp = in + (v6 ? 54 : 34);
      // What a sender with checksum offload leaves behind.
      put16(udp + 6, sum(in + (v6 ? 22 : 26), v6 ? 32 : 8, 17 + 8 + size));
      expect("partial checksum", frame, XDP_TX, want, build(want, &leaves), 0);
      memset(in + frame, 0xee, 18);
      expect("partial checksum, padded", frame + 18, XDP_TX, want, build(want, &leaves), 0);
    }
  }
}

static int shell(const char *command) { return system(command); }

static void next_hops(void) {
  unshare(CLONE_NEWNET);
  if (shell("ip link set lo up && ip link add near type veth peer name near-peer && ip link set near up && ip link set near-peer up &&"
            "ip addr add 10.0.0.1/24 dev near && ip -6 addr add fd00::1/64 dev near nodad &&"
            "ip link add far mtu 1400 type veth peer name far-peer && ip link set far up && ip link set far-peer up && ip addr add 10.1.0.1/24 dev far &&"
            "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.lo.forwarding=0")) {
    failures++;
    return;
  }
  int index = 0;
  FILE *file = popen("ip -o link show near | cut -d: -f1", "r");
  if (fscanf(file, "%d", &index) != 1) failures++;
  pclose(file);
  bytes(3, 100);
  struct datagram d = reads[0].in, leaves = reads[0].out;
  d.payload = leaves.payload = payload;
  d.size = leaves.size = 100;
  struct slot none = {0};
  for (int v6 = 0; v6 < 2; v6++) {
    start(v6 ? "next hops, IPv6" : "next hops, IPv4", &none, 1, &none, 1, 0);
    bpf_object__close(program.object);
    image.hop_lifetime = 1000;
    image.interfaces[3].index = index;
    load_object();
    unsigned three = 3;
    put(&program, "interfaces", &three, &index);
    only(ENDPOINT, 1);
    d = reads[v6].in;
    leaves = reads[v6].out;
    d.payload = leaves.payload = payload;
    d.size = leaves.size = 100;
    const int size = build(in, &d);
    struct route_entry entry = v6 ? route("fd00::1", 40001, "fd00::5", 9001) : route("10.0.0.1", 40000, "10.0.0.5", 9000);
    entry.mtu = 0;
    entry.next_hop = 0;
    session(d.source, 5000, ENDPOINT, entry);
    if (!v6) EDIT("look-ups refused", (void)0, size, HAND_OVER_NO_LOOK_UP);
    if (!v6) shell("sysctl -qw net.ipv4.conf.lo.forwarding=1");
    if (v6) EDIT("look-ups refused", (void)0, size, HAND_OVER_NO_LOOK_UP);
    if (v6) shell("sysctl -qw net.ipv6.conf.lo.forwarding=1");
    EDIT("no neighbour", (void)0, size, HAND_OVER_NO_NEIGHBOUR);
    shell(v6 ? "ip -6 neigh replace fd00::5 lladdr 04:04:04:04:04:04 dev near" : "ip neigh replace 10.0.0.5 lladdr 04:04:04:04:04:04 dev near");
    build(in, &d);
    expect("next hop looked up", size, XDP_REDIRECT, want, build(want, &leaves), 0);
    shell(v6 ? "ip -6 neigh replace fd00::5 lladdr 04:04:04:04:04:05 dev near" : "ip neigh replace 10.0.0.5 lladdr 04:04:04:04:04:05 dev near");
    build(in, &d);
    expect("next hop kept", size, XDP_REDIRECT, want, build(want, &leaves), 0);
    struct session_key key = {.endpoint = ENDPOINT, .client_port = htons(5000)};
    address(key.client, d.source);
    bpf_map_lookup_elem(bpf_map__fd(map(&program, "sessions")), &key, &entry);
    checks++;
    if (entry.mtu != 1500 || entry.packets != 2 || entry.bytes != 200 || entry.last_seen == 0 || entry.hop_time == 0) {
      failures++;
      printf("session after two packets: mtu %u, packets %llu, bytes %llu, seen %llu\n", entry.mtu, entry.packets, entry.bytes, entry.last_seen);
    }
    if (v6) break;
    session("10.0.0.9", 5000, ENDPOINT, route("10.0.0.1", 40000, "10.9.0.5", 9000));
    EDIT("no route", (void)0, size, HAND_OVER_NO_ROUTE);
    shell("ip neigh replace 10.1.0.5 lladdr 04:04:04:04:04:04 dev far");
    session("10.0.0.9", 5000, ENDPOINT, route("10.0.0.1", 40000, "10.1.0.5", 9000));
    EDIT("route over an interface that is not attached", (void)0, size, HAND_OVER_NO_ROUTE);
    session("10.0.0.9", 5000, ENDPOINT, route("10.0.0.1", 40000, "10.0.0.1", 9000));
    EDIT("a server on this host", (void)0, size, HAND_OVER_NO_ROUTE);
  }
}

int main(int arguments, char **argument) {
  if (arguments < 2) return 2;
  object = argument[1];
  directory = argument[2];
  const struct slot none = {0};
  start("empty chain", &none, 1, &none, 1, 0);
  sizes(0, 0, 0);
  odd_frames();

  for (int front = 0; front <= 32; front += front < 4 ? 1 : 7) {
    for (int back = 0; back <= 32; back += back < 4 ? 1 : 7) {
      if (!front && !back) continue;
      struct slot cuts[2] = {{.kind = SLOT_CAPTURE, .flags = 2, .size = front, .key = 0, .second_key = 1},
                             {.kind = SLOT_CAPTURE, .flags = 3, .size = back, .key = 2, .second_key = NO_KEY}};
      char name[64];
      snprintf(name, sizeof name, "cut %d in front, %d behind", front, back);
      start(name, cuts, 2, cuts, 2, 0);
      sizes(front, back, front + back);
      // Everything goes, and an empty payload is left; one byte less is too short.
      for (int w = 0; w < 4; w++) {
        bytes(front * 100 + back, front + back);
        goes(&reads[w], payload, front + back, front, back, 0);
        struct datagram d = reads[w].in;
        d.payload = payload;
        d.size = front + back - 1;
        const int size = build(in, &d);
        dropped("too short", size, 0, DROP_CAPTURE_NO_VALUE);
      }
    }
  }

  struct slot four[8] = {{0}};
  chain_of_four(four);
  start("chain of four", four, 6, &none, 1, 0);
  for (int size = 17; size < 300; size++) {
    bytes(size, size);
    memcpy(payload + size - 17, TOKEN "\1", 17);
    for (int w = 0; w < 4; w++) goes(&reads[w], payload, size, 0, 17, size % 3);
    struct datagram d = reads[size % 4].in;
    d.payload = payload;
    d.size = size;
    payload[size - 1] = 2;
    dropped("other version", build(in, &d), 2, DROP_DROPPED);
    payload[size - 1] = 1;
    payload[size - 2] = 'z';
    dropped("unknown token", build(in, &d), 4, DROP_TOKEN_UNKNOWN);
  }
  bytes(5, 60);
  payload[15] = 1;
  struct datagram d = reads[0].in;
  d.payload = payload;
  d.size = 16;
  dropped("token cut", build(in, &d), 3, DROP_CAPTURE_NO_VALUE);
  d.size = 0;
  dropped("empty", build(in, &d), 0, DROP_CAPTURE_NO_VALUE);
  token("0123456789abcdef", 16, ENDPOINT, 2);
  memcpy(payload, "0123456789abcdef\1", 17);
  d.size = 17;
  untouched("a token of two endpoints", build(in, &d), HAND_OVER_DESTINATIONS);

  // Tokens of every size, with and without a longer one that begins the same.
  for (int size = 0; size <= 32; size++) {
    struct slot slots[2] = {{.kind = SLOT_CAPTURE, .flags = 2, .size = size, .key = 3, .second_key = 0}, {.kind = SLOT_ROUTE, .key = 3}};
    start("token", slots, 2, &none, 1, 0);
    bytes(77, 200);
    for (int other = 0; other <= 32; other++) token(payload, other, 99, 1);
    token(payload, size, ENDPOINT, 1);
    for (int w = 0; w < 4; w++) goes(&reads[w], payload, 100, size, 0, 0);
  }

  // Match over bytes of every size: equal, different in the last byte, different in size.
  for (int size = 0; size <= 32; size++) {
    struct slot slots[3] = {{.kind = SLOT_CAPTURE, .size = size, .key = 0, .second_key = 1},
                            {.kind = SLOT_MATCH, .flags = 1, .key = 0, .second_key = KIND_BYTES, .size = size, .jump = 3},
                            {.kind = SLOT_DROP, .filter = 7}};
    bytes(78, 64);
    memcpy(slots[1].words, payload, size);
    start("match", slots, 3, &none, 1, 0);
    d = reads[0].in;
    d.payload = payload;
    d.size = 64;
    dropped("equal", build(in, &d), 7, DROP_DROPPED);
    if (size) {
      payload[size - 1] ^= 0x80;
      goes(&reads[0], payload, 64, 0, 0, 0);
    }
  }
  {
    struct slot slots[2] = {{.kind = SLOT_SIZE, .size = 10, .second_size = 20, .filter = 1}};
    start("packet size", slots, 1, slots, 1, 0);
    for (int size = 0; size < 40; size++) {
      bytes(size, size);
      d = reads[0].in;
      d.payload = payload;
      d.size = size;
      if (size >= 10 && size <= 20) goes(&reads[0], payload, size, 0, 0, 0);
      else dropped("size", build(in, &d), 1, DROP_PACKET_SIZE);
    }
    slots[0] = (struct slot){.kind = SLOT_CAPTURE, .size = 33, .key = 0, .second_key = 1};
    start("a capture that is too large", slots, 1, &none, 1, 0);
    d.size = 39;
    untouched("handed over", build(in, &d), HAND_OVER_FILTER);
  }
  start("full checksums", &none, 1, &none, 1, 1);
  full_checksums();
  odd_frames();
  next_hops();
  printf("%d frames, %d wrong\n", checks, failures);
  return failures != 0;
}
