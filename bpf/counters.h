// What becomes of a packet, and how those that do not go on are counted.
#pragma once

static __always_inline void count_more(__u32 place, __u64 amount) {
  __u64 *cell = bpf_map_lookup_elem(&counters, &place);
  if (cell) *cell += amount;
}
static __always_inline void count(__u32 place) { count_more(place, 1); }

/// What becomes of a packet, and the counter that says why; none for a packet that goes on.
struct outcome {
  __u32 verdict;
  __u32 counter;
};

static __always_inline struct outcome leave_alone(void) { return (struct outcome){.verdict = XDP_PASS}; }
static __always_inline struct outcome send(__u32 verdict) { return (struct outcome){.verdict = verdict}; }
/// The barrier keeps its constants off the way of the packets that go on.
static __always_inline struct outcome stop(__u32 verdict, __u32 counter) {
  asm volatile("" : "+r"(verdict), "+r"(counter));
  return (struct outcome){.verdict = verdict, .counter = counter};
}
static __always_inline struct outcome hand_over(enum hand_over cause) { return stop(XDP_PASS, cause); }
static __always_inline struct outcome aborted(void) { return stop(XDP_DROP, HAND_OVER_ABORTED); }
static __always_inline struct outcome drop(__u32 filter, __u32 reason) {
  return stop(XDP_DROP, HAND_OVER_COUNT + filter * DROP_REASON_COUNT + reason);
}

/// Counts a packet that is not handed over: its payload as it came, and as it goes on if it does.
static __always_inline void count_flow(__u32 direction, __u32 received, int goes_on, __u32 sent) {
  __u32 place = direction;
  struct flow *flow = bpf_map_lookup_elem(&flows, &place);
  if (!flow) return;
  flow->packets_received += 1;
  flow->bytes_received += received;
  if (!goes_on) return;
  flow->packets_sent += 1;
  flow->bytes_sent += sent;
}
