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

#define SLOT(index)                                                            \
  if (at == index) {                                                           \
    const struct slot *slot = &slots[index];                                   \
    if (slot->kind == SLOT_END) return 0;                                      \
    at = index + 1;                                                            \
    if (slot->kind == SLOT_JUMP) {                                             \
      at = slot->jump;                                                         \
    } else {                                                                   \
      const __u32 result = run_slot(packet, slot);                             \
      if (result == 0) {                                                       \
        if (slot->counter) count(FIRST_FILTER_COUNTER + slot->counter);        \
      } else if (result == RUN_JUMP) {                                         \
        at = slot->jump;                                                       \
      } else {                                                                 \
        *filter = slot->filter;                                                \
        return result;                                                         \
      }                                                                        \
    }                                                                          \
  }

/// 0: passed. A drop reason, with the filter's number. RUN_HAND_OVER: the sockets must see it.
static __always_inline __u32 run_chain(const struct slot *slots, struct packet *packet, __u32 *filter) {
  __u32 at = 0;
  SLOT(0) SLOT(1) SLOT(2) SLOT(3) SLOT(4) SLOT(5) SLOT(6) SLOT(7)
  SLOT(8) SLOT(9) SLOT(10) SLOT(11) SLOT(12) SLOT(13) SLOT(14) SLOT(15)
  return 0;
}
