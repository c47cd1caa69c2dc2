// Loads a program with a chain image and fills its maps for one client, for the benchmark.
#pragma once
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "packet.h"
#include "reasons.h"

#define KIND_NUMBER 2
#define KIND_BYTES 3
#define ENDPOINT 5
#define TOKEN "abcdefghijklmnop"
#define NO_KEY 0xffff

struct program {
  struct bpf_object *object;
  int fd;
  /// What the verifier said, and how long the load took, in microseconds.
  unsigned verified;
  unsigned load_time;
};

/// How much of a token's key the map has: as much as the longest token needs. 0 leaves it whole.
static unsigned token_key_size;

/// Where to put the object before it is loaded, for whom wants to change it then.
static struct bpf_object **specialising;

static char verifier_log[1 << 16];

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments) {
  return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static struct bpf_map *map(const struct program *program, const char *name) {
  return bpf_object__find_map_by_name(program->object, name);
}

static unsigned long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/// Opens and loads an object with its read-only data. False where the kernel refuses it; then the end of its log was printed.
static int load_constants(struct program *program, const char *path, const void *data, size_t data_size) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = verifier_log, .kernel_log_size = sizeof verifier_log,
              .kernel_log_level = 4);
  libbpf_set_print(print_warnings);
  memset(program, 0, sizeof *program);
  program->object = bpf_object__open_file(path, &options);
  if (!program->object) return 0;
  size_t size;
  struct bpf_map *constants = map(program, ".rodata");
  if (constants) {
    bpf_map__initial_value(constants, &size);
    if (size != data_size || bpf_map__set_initial_value(constants, data, size)) {
      fprintf(stderr, "%s: the read-only data has another size: %zu, not %zu\n", path, size, data_size);
      return 0;
    }
  }
  if (token_key_size && map(program, "tokens")) bpf_map__set_key_size(map(program, "tokens"), token_key_size);
  if (specialising) *specialising = program->object;
  const unsigned long long start = now_ns();
  int failure = bpf_object__load(program->object);
  program->load_time = (now_ns() - start) / 1000;
  const char *processed = strstr(verifier_log, "processed ");
  if (failure) {
    const size_t length = strlen(verifier_log);
    fprintf(stderr, "%s: %s\n%s\n", path, strerror(-failure), verifier_log + (length > 2000 ? length - 2000 : 0));
    return 0;
  }
  if (processed) program->verified = atoi(processed + strlen("processed "));
  program->fd = bpf_program__fd(bpf_object__find_program_by_name(program->object, "proxy"));
  return 1;
}

static int load(struct program *program, const char *path, const struct image *image) {
  return load_constants(program, path, image, sizeof *image);
}

static void address(unsigned char to[16], const char *text) {
  memset(to, 0, 16);
  if (strchr(text, ':')) {
    inet_pton(AF_INET6, text, to);
  } else {
    to[10] = to[11] = 0xff;
    inet_pton(AF_INET, text, to + 12);
  }
}

static int put(const struct program *program, const char *name, const void *key, const void *value) {
  struct bpf_map *map = bpf_object__find_map_by_name(program->object, name);
  return map && bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY) == 0;
}

/// A one-byte version at the end that must be 1, a token in front of it, both cut off. What drops stands behind the end, so that
/// nothing has to jump over it.
static void chain_of_four(struct slot *slots) {
  *slots++ = (struct slot){.kind = SLOT_CAPTURE, .flags = 3, .size = 1, .key = 0, .second_key = NO_KEY};
  *slots++ = (struct slot){.kind = SLOT_MATCH, .flags = 1, .key = 0, .second_key = KIND_NUMBER, .words = {1}, .jump = 5};
  *slots++ = (struct slot){.kind = SLOT_CAPTURE, .flags = 3, .size = 16, .key = 1, .second_key = NO_KEY, .filter = 3};
  *slots++ = (struct slot){.kind = SLOT_ROUTE, .key = 1, .filter = 4};
  *slots++ = (struct slot){.kind = SLOT_END};
  *slots++ = (struct slot){.kind = SLOT_DROP, .filter = 2};
}
