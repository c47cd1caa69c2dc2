// Times single runs of programs in turns on the same frame, and counts what the verifier walks by the number of slots.
// measure DIRECTORY [ROUNDS]
#include <time.h>
#include "chain.h"
#include "specialised.h"

#define PAYLOAD 100
#define TOKENS 1000

struct own_key {
  unsigned client, endpoint;
  unsigned short client_port, reserved;
};

enum { TX, HAND, HAND_OWN, HALVES, SWIFT, SPECIALISED, PROGRAMS };
static const char *const files[PROGRAMS] = {"tx", "hand", "hand-own", "halves", "proxy", "proxy"};
static const char *const names[PROGRAMS] = {
    "bare XDP_TX", "by hand, same maps", "by hand, own maps", "generic, C halves", "generic, Swift halves", "specialised"};

static void fill(const struct program *program) {
  for (int i = 0; i < TOKENS; i++) {
    char token[33] = TOKEN;
    if (i) snprintf(token, sizeof token, "%016d", i);
    struct token_key key = {.tag = (unsigned long long)KIND_BYTES << 32 | 16};
    memcpy(key.words, token, 16);
    struct token_entry entry = {.endpoint = ENDPOINT, .count = 1};
    put(program, "tokens", &key, &entry);
    if (map(program, "own_tokens")) put(program, "own_tokens", token, &entry);
    struct session_key session = {.endpoint = ENDPOINT, .client_port = htons(5000 + i)};
    struct own_key own = {.endpoint = ENDPOINT, .client_port = htons(5000 + i)};
    address(session.client, "10.0.0.9");
    inet_pton(AF_INET, "10.0.0.9", &own.client);
    struct route_entry route = {.source_port = htons(40000), .destination_port = htons(9000), .mtu = 1500};
    address(route.source, "10.0.0.1");
    address(route.destination, "10.0.0.5");
    memcpy(&route.next_hop, "\4\4\4\4\4\4", 6);
    put(program, "sessions", &session, &route);
    if (map(program, "own_sessions")) put(program, "own_sessions", &own, &route);
  }
}

static unsigned short checksum(const unsigned char *bytes, int size, unsigned sum) {
  for (int i = 0; i < size; i += 2) sum += bytes[i] << 8 | (i + 1 < size ? bytes[i + 1] : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

static int make_frame(unsigned char *frame) {
  memset(frame, 0, 14 + 28 + PAYLOAD);
  unsigned char *ip = frame + 14, *udp = ip + 20, *payload = udp + 8;
  frame[12] = 8;
  ip[0] = 0x45;
  *(unsigned short *)(ip + 2) = htons(28 + PAYLOAD);
  ip[8] = 64;
  ip[9] = 17;
  inet_pton(AF_INET, "10.0.0.9", ip + 12);
  inet_pton(AF_INET, "10.0.0.1", ip + 16);
  *(unsigned short *)(ip + 10) = checksum(ip, 20, 0);
  *(unsigned short *)udp = htons(5000);
  *(unsigned short *)(udp + 2) = htons(7777);
  *(unsigned short *)(udp + 4) = htons(8 + PAYLOAD);
  for (int i = 0; i < PAYLOAD - 17; i++) payload[i] = i;
  memcpy(payload + PAYLOAD - 17, TOKEN "\1", 17);
  *(unsigned short *)(udp + 6) = checksum(ip + 12, 8 + 8 + PAYLOAD, 17 + 8 + PAYLOAD);
  return 14 + 28 + PAYLOAD;
}

static int by_value(const void *left, const void *right) {
  const unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
  return (a > b) - (a < b);
}

static struct image make_image(void) {
  struct image image = {.port = htons(7777), .hop_lifetime = ~0ull >> 1, .fixed_front = 1};
  address(image.addresses[0], "10.0.0.1");
  image.interfaces[0].index = 1;
  memset(image.interfaces[0].mac, 2, 6);
  return image;
}

static char *path(const char *directory, const char *name) {
  static char text[4096];
  snprintf(text, sizeof text, "%s/%s.bpf.o", directory, name);
  return text;
}

/// The chains whose load is timed. `branching`: every second slot a comparison that may jump over a cut of another odd size, so that
/// there are as many ways through the chain as there can be.
static void slots(struct image *image, int count, int branching) {
  image->fixed_front = 0;
  for (int i = 0; i < count; i++) {
    struct slot *slot = &image->read[i];
    if (branching && i % 2) {
      *slot = (struct slot){.kind = SLOT_MATCH, .key = i / 2 % 2, .second_key = KIND_BYTES, .size = 31, .words = {1, 2, 3, i},
                            .jump = i + 2, .counter = 1 + i};
    } else {
      *slot = (struct slot){.kind = SLOT_CAPTURE, .flags = 2 + i / 2 % 2, .size = branching ? (i + 31) % 33 : 3,
                            .key = branching ? i / 4 % 2 : i % CHAIN_VALUES, .second_key = branching ? 2 + i / 2 % 2 : NO_KEY};
    }
    image->write[i] = *slot;
  }
}

int main(int arguments, char **argument) {
  const char *directory = argument[1];
  const int rounds = arguments > 2 ? atoi(argument[2]) : 20000;
  static struct program programs[PROGRAMS];
  struct image image = make_image();
  chain_of_four(image.read);
  token_key_size = sizeof(unsigned long long) + 16;
  for (int p = 0; p < PROGRAMS; p++) {
    const int is_loaded = p == SPECIALISED ? load_specialised(&programs[p], directory, path(directory, files[p]), &image)
                                           : load(&programs[p], path(directory, files[p]), &image);
    if (!is_loaded) return 1;
    if (p != TX) fill(&programs[p]);
  }
  const unsigned instructions = specialiser.instructions, specialising_time = specialiser.time;
  unsigned char frame[256], out[256], expected[256];
  unsigned expected_size = 0;
  const int size = make_frame(frame);
  unsigned *times[PROGRAMS];
  int order[PROGRAMS];
  for (int p = 0; p < PROGRAMS; p++) order[p] = p;
  for (int p = 0; p < PROGRAMS; p++) times[p] = calloc(rounds, sizeof(unsigned));
  for (int round = 0; round < rounds; round++) {
    // In another order each time: what a program leaves in the caches is for whoever comes next.
    for (int p = PROGRAMS - 1; p > 0; p--) {
      const int other = random() % (p + 1), kept = order[p];
      order[p] = order[other];
      order[other] = kept;
    }
    for (int turn = 0; turn < PROGRAMS; turn++) {
      const int p = order[turn];
      LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = size, .data_out = out,
                  .data_size_out = sizeof out, .repeat = 1);
      if (bpf_prog_test_run_opts(programs[p].fd, &run) || run.retval != XDP_TX) {
        fprintf(stderr, "%s: returned %u\n", names[p], run.retval);
        return 1;
      }
      times[p][round] = run.duration;
      if (p == TX) continue;
      if (!expected_size) memcpy(expected, out, expected_size = run.data_size_out);
      if (run.data_size_out != expected_size || memcmp(out, expected, expected_size)) {
        fprintf(stderr, "%s: sent other bytes than the others\n", names[p]);
        return 1;
      }
    }
  }
  // The same hot: many runs after each other. What it takes to restore the frame is in all of them, also in the bare XDP_TX.
  struct program again;
  unsigned long long restored[18] = {0};
  memcpy(restored, frame, size);
  unsigned *hot[PROGRAMS];
  const int hot_rounds = 101;
  if (!load_constants(&again, path(directory, "again"), restored, sizeof restored)) return 1;
  for (int p = 0; p < PROGRAMS; p++) hot[p] = calloc(hot_rounds, sizeof(unsigned));
  for (int round = 0; round < hot_rounds; round++) {
    for (int p = 0; p < PROGRAMS; p++) {
      unsigned zero = 0;
      put(&again, "tested", &zero, &programs[p].fd);
      LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = size, .data_out = out,
                  .data_size_out = sizeof out, .repeat = 5000);
      if (bpf_prog_test_run_opts(again.fd, &run) || run.retval != XDP_TX ||
          (p != TX && (run.data_size_out != expected_size || memcmp(out, expected, expected_size)))) {
        fprintf(stderr, "%s, hot: returned %u, %u bytes\n", names[p], run.retval, run.data_size_out);
        return 1;
      }
      hot[p][round] = run.duration;
    }
  }
  unsigned median[PROGRAMS], hot_median[PROGRAMS];
  printf("%-24s %8s %8s %8s %8s %10s %10s\n", "", "ns", "of hand", "hot, ns", "of hand", "verified", "load (us)");
  for (int p = 0; p < PROGRAMS; p++) {
    qsort(times[p], rounds, sizeof(unsigned), by_value);
    median[p] = times[p][rounds / 2];
    qsort(hot[p], hot_rounds, sizeof(unsigned), by_value);
    hot_median[p] = hot[p][hot_rounds / 2] - (p == TX ? 0 : hot[TX][hot_rounds / 2]);
  }
  for (int p = 0; p < PROGRAMS; p++)
    printf("%-24s %8u %8.3f %8u %8.3f %10u %10u\n", names[p], median[p], (double)median[p] / median[HAND], hot_median[p],
           p == TX ? 0 : (double)hot_median[p] / hot_median[HAND], programs[p].verified, programs[p].load_time);
  printf("Swift halves against C halves: %.3f. Specialised: %u instructions, %u us of its load\n\n",
         (double)median[SWIFT] / median[HALVES], instructions, specialising_time);

  for (int is_specialised = 0; is_specialised < 2; is_specialised++) {
    printf("%s\n%-24s %10s %10s %10s %10s %10s %10s\n", is_specialised ? "\nspecialised" : "generic", "slots, read and write",
           "verified", "load (us)", "branching", "load (us)", "full sums", "load (us)");
    for (int count = 0; count <= CHAIN_SLOTS; count = count ? 2 * count : 1) {
      printf("%-24d", count);
      for (int kind = 0; kind < 3; kind++) {
        struct program program;
        image = make_image();
        slots(&image, count, kind > 0);
        image.full_checksums = kind == 2;
        if (!(is_specialised ? load_specialised(&program, directory, path(directory, "proxy"), &image)
                             : load(&program, path(directory, "proxy"), &image)))
          return 1;
        printf(" %10u %10u", program.verified, program.load_time);
        bpf_object__close(program.object);
      }
      printf("\n");
    }
  }
  return 0;
}
