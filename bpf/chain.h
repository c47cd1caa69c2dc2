// Runs one chain of the image. The slots are spelled out, so that each operand is a constant to the verifier, which walks the
// one live branch of each slot and removes the rest.
#pragma once

// The filters, in Swift.
#define X(constant, name) __u32 name##_run(struct packet *packet, const struct slot *slot);
KERNEL_FILTERS(X)
#undef X

/// Beside the maps, for Swift.
__attribute__((always_inline)) struct token_entry *kernel_token(const struct value *token) {
  return bpf_map_lookup_elem(&tokens, token);
}

static __always_inline __u32 run_slot(struct packet *packet, const struct slot *slot) {
  switch (slot->kind) {
#define X(constant, name) \
  case SLOT_##constant: return name##_run(packet, slot);
    KERNEL_FILTERS(X)
#undef X
  }
  return RUN_HAND_OVER;
}

/// Notes that the packet passed a slot that counts: the number of its counter, in the lowest byte of eight. Rotated and flipped, so
/// that of a word of which the verifier knows nothing it then knows as little, and ways through the chain that count differently
/// meet again behind it. Only a Match counts, once, and takes three slots at the least, so eight are enough.
#define PASS \
  if (slot->counter) *passed = (*passed << 8 | *passed >> 56) ^ slot->counter;

#define SLOT(index)                                                            \
  if (at == index) {                                                           \
    const struct slot *slot = &slots[index];                                   \
    if (slot->kind == SLOT_END) return 0;                                      \
    at = index + 1;                                                            \
    if (slot->kind == SLOT_JUMP) {                                             \
      PASS                                                                     \
      at = slot->jump;                                                         \
    } else {                                                                   \
      const __u32 result = run_slot(packet, slot);                             \
      if (result == 0) {                                                       \
        PASS                                                                   \
      } else if (result == RUN_JUMP) {                                         \
        at = slot->jump;                                                       \
      } else {                                                                 \
        *filter = slot->filter;                                                \
        return result;                                                         \
      }                                                                        \
    }                                                                          \
  }

/// 0: passed. A drop reason, with the filter's number. RUN_HAND_OVER: the sockets must see it. `passed` gets the counters of the
/// slots that were passed.
static __always_inline __u32 run_chain(const struct slot *slots, struct packet *packet, __u32 *filter, __u64 *passed) {
  __u32 at = 0;
  SLOT(0) SLOT(1) SLOT(2) SLOT(3) SLOT(4) SLOT(5) SLOT(6) SLOT(7)
  SLOT(8) SLOT(9) SLOT(10) SLOT(11) SLOT(12) SLOT(13) SLOT(14) SLOT(15)
  return 0;
}

/// Counts what the filters count, of a packet that ends here. Not while they run: what is handed over after all the sockets count.
static __always_inline void count_passed(__u64 passed) {
  _Static_assert(CHAIN_COUNTERS < 256, "a counter's number fits into a byte");
#pragma unroll
  for (int i = 0; i < 8; i++, passed >>= 8) {
    if (likely(passed == 0)) return;
    count(FIRST_FILTER_COUNTER + (passed & 0xff));
  }
}
