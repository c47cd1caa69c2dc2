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

/// Notes that the packet passed a slot that counts, a bit a slot.
#define PASS(index) \
  if (slot->counter) *passed |= 1u << ((index) + first);

#define SLOT(index)                                                            \
  if (at == index) {                                                           \
    const struct slot *slot = &slots[index];                                   \
    if (slot->kind == SLOT_END) return 0;                                      \
    at = index + 1;                                                            \
    if (slot->kind == SLOT_JUMP) {                                             \
      PASS(index)                                                              \
      at = slot->jump;                                                         \
    } else {                                                                   \
      const __u32 result = run_slot(packet, slot);                             \
      if (result == 0) {                                                       \
        PASS(index)                                                            \
      } else if (result == RUN_JUMP) {                                         \
        at = slot->jump;                                                       \
      } else {                                                                 \
        *filter = slot->filter;                                                \
        return result;                                                         \
      }                                                                        \
    }                                                                          \
  }

#define ALL_SLOTS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

/// 0: passed. A drop reason, with the filter's number. RUN_HAND_OVER: the sockets must see it. The bits of `passed` are the slots
/// that count, those of the write chain behind those of the read chain.
static __always_inline __u32 run_chain(
    const struct slot *slots, __u32 first, struct packet *packet, __u32 *filter, __u32 *passed) {
  __u32 at = 0;
  ALL_SLOTS(SLOT)
  return 0;
}

/// Counts what the filters count, for a packet that ends here. Not while they run: a packet that is handed over after all is
/// counted by the sockets.
static __always_inline void count_passed(__u32 passed) {
  _Static_assert(2 * CHAIN_SLOTS <= 32, "a bit for each slot");
  // The verifier knows nothing of the bits of a number with swapped bytes, so it does not walk this once for each way through a chain.
  passed = __builtin_bswap32(passed);
  asm volatile("" : "+r"(passed));
#define COUNT(index)                                                                      \
  if (slots[index].counter && passed & __builtin_bswap32(1u << ((index) + first)))        \
    count(FIRST_FILTER_COUNTER + slots[index].counter);
  {
    const struct slot *slots = image.read;
    const __u32 first = 0;
    ALL_SLOTS(COUNT)
  }
  {
    const struct slot *slots = image.write;
    const __u32 first = CHAIN_SLOTS;
    ALL_SLOTS(COUNT)
  }
#undef COUNT
}
