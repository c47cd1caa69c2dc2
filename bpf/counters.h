// What becomes of a packet, and how those that do not go on are counted.
#pragma once

static __always_inline void count(__u32 place) {
  __u64 *cell = bpf_map_lookup_elem(&counters, &place);
  if (cell) *cell += 1;
}

/// What becomes of a packet, and the counter that says why; none for a packet that goes on.
struct outcome {
  __u32 verdict;
  __u32 counter;
};

static __always_inline struct outcome leave_alone(void) { return (struct outcome){.verdict = XDP_PASS}; }
static __always_inline struct outcome send(__u32 verdict) { return (struct outcome){.verdict = verdict}; }
static __always_inline struct outcome hand_over(enum hand_over cause) {
  return (struct outcome){.verdict = XDP_PASS, .counter = cause};
}
static __always_inline struct outcome aborted(void) {
  return (struct outcome){.verdict = XDP_DROP, .counter = HAND_OVER_ABORTED};
}
static __always_inline struct outcome drop(__u32 filter, __u32 reason) {
  return (struct outcome){.verdict = XDP_DROP, .counter = HAND_OVER_COUNT + filter * DROP_REASON_COUNT + reason};
}
