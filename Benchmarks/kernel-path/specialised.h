// Lets libbpf load the specialised program in place of the object's, by the same Swift that the proxy uses.
#pragma once
#include "chain.h"

#define MAXIMUM_INSTRUCTIONS 200000

static struct {
  /// Where the tool `specialise` is, and where files may be put.
  const char *directory;
  /// Whose load comes next; null for one that stays as it is.
  struct bpf_object *object;
  const struct image *image;
  /// How long the tool took without being started, and how long all of it, in microseconds.
  unsigned time, all;
  unsigned instructions;
} specialiser;

static int specialise(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie) {
  (void)cookie;
  if (!specialiser.object) return 0;
  const unsigned long long start = now_ns();
  char path[4096], command[3 * 4096];
  snprintf(path, sizeof path, "%s/specialise.in", specialiser.directory);
  FILE *file = fopen(path, "wb");
  if (!file) return -errno;
  int head[4] = {bpf_program__insn_cnt(program), sizeof *specialiser.image, 0,
                 bpf_map__fd(bpf_object__find_map_by_name(specialiser.object, ".rodata"))};
  struct bpf_map *map;
  bpf_object__for_each_map(map, specialiser.object) head[2]++;
  fwrite(head, sizeof head, 1, file);
  bpf_object__for_each_map(map, specialiser.object) {
    const int entry[2] = {bpf_map__fd(map), bpf_map__key_size(map)};
    fwrite(entry, sizeof entry, 1, file);
  }
  fwrite(bpf_program__insns(program), sizeof(struct bpf_insn), head[0], file);
  fwrite(specialiser.image, sizeof *specialiser.image, 1, file);
  fclose(file);
  snprintf(command, sizeof command, "%s/specialise < %s/specialise.in > %s/specialise.out", specialiser.directory,
           specialiser.directory, specialiser.directory);
  if (system(command)) return -EINVAL;
  snprintf(path, sizeof path, "%s/specialise.out", specialiser.directory);
  file = fopen(path, "rb");
  if (!file) return -errno;
  static struct bpf_insn instructions[MAXIMUM_INSTRUCTIONS];
  unsigned long long time[2] = {0}, functions[16];
  const size_t timed = fread(time, sizeof time, 1, file);
  if (time[1] > 16 || fread(functions, sizeof *functions, time[1], file) != time[1]) return -EINVAL;
  specialiser.instructions = fread(instructions, sizeof *instructions, MAXIMUM_INSTRUCTIONS, file);
  fclose(file);
  if (!timed || !specialiser.instructions) return -EINVAL;
  // The proxy moves the records of lines too; here nobody reads them.
  options->line_info = 0;
  options->line_info_cnt = 0;
  static struct bpf_func_info records[16];
  const struct bpf_func_info *old = options->func_info;
  for (unsigned f = 0; f < time[1]; f++) {
    for (unsigned r = 0; r < options->func_info_cnt; r++)
      if (old[r].insn_off == functions[f] >> 32) records[f] = old[r];
    records[f].insn_off = functions[f];
  }
  options->func_info = records;
  options->func_info_cnt = time[1];
  options->func_info_rec_size = sizeof *records;
  specialiser.time = time[0];
  const int failure = bpf_program__set_insns(program, instructions, specialiser.instructions);
  specialiser.all = (now_ns() - start) / 1000;
  return failure;
}

/// As `load`. The time of the load has the specialising in it, but not the start of the tool.
static int load_specialised(struct program *program, const char *directory, const char *path, const struct image *image) {
  static int is_registered;
  LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = specialise);
  if (!is_registered++ && libbpf_register_prog_handler("xdp", BPF_PROG_TYPE_XDP, BPF_XDP, &handler) < 0) return 0;
  specialiser.directory = directory;
  specialiser.image = image;
  specialising = &specialiser.object;
  const int result = load(program, path, image);
  specialising = 0;
  specialiser.object = 0;
  if (result) program->load_time += specialiser.time - specialiser.all;
  return result;
}
