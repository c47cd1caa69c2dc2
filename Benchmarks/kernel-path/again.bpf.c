// Makes the frame what it was and calls the program under test, so that one run after the other sees the same packet and the
// program is hot, as it is when a driver hands over packets in batches.
#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#define SIZE 142

/// The frame, and by how much the program under test moves its start.
SEC(".rodata") struct {
  __u64 words[(SIZE + 7) / 8];
  __s64 shift;
} original = {};

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u32));
} tested SEC(".maps");

SEC("xdp") int proxy(struct xdp_md *ctx) {
  // Also where nothing moves, so that it takes the same time for all.
  if (bpf_xdp_adjust_head(ctx, -(int)original.shift)) return XDP_DROP;
  if (bpf_xdp_adjust_tail(ctx, SIZE - (__s32)(ctx->data_end - ctx->data))) return XDP_DROP;
  void *data = (void *)(long)ctx->data;
  if (data + SIZE > (void *)(long)ctx->data_end) return XDP_DROP;
#pragma unroll
  for (int i = 0; i < SIZE / 8; i++) ((__u64 *)data)[i] = original.words[i];
  for (int i = SIZE & ~7; i < SIZE; i += 2) *(__u16 *)(data + i) = ((const __u16 *)original.words)[i / 2];
  bpf_tail_call(ctx, &tested, 0);
  return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
