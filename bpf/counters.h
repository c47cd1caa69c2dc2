// Counts a packet that ends here or goes to the sockets, and says what to do with it.
#pragma once

static __always_inline void count(__u32 place) {
  __u64 *cell = bpf_map_lookup_elem(&counters, &place);
  if (cell) *cell += 1;
}

static __always_inline int hand_over(enum hand_over cause) {
  count(cause);
  return XDP_PASS;
}

static __always_inline int drop(__u32 filter, __u32 reason) {
  count(HAND_OVER_COUNT + filter * DROP_REASON_COUNT + reason);
  return XDP_DROP;
}
