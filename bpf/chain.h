// Runs one chain of the image. The slots are spelled out, so that each operand is a constant to the verifier, which walks the
// one live branch of each slot and removes the rest.
#pragma once

// The filters, in Swift.
#define X(constant, name) __u32 name##_run(struct packet *packet, const struct slot *slot);
KERNEL_FILTERS(X)
#undef X
#define X(constant, name) __u32 name##_commit(struct packet *packet, const struct slot *slot);
KERNEL_EFFECTS(X)
#undef X

// The authors' packet programs, whose entries KernelEntries.swift describes: PACKET_PROGRAMS(X) has a row of number and name each,
// and NOTING_PROGRAMS(X) one of those alone that note packets.
#include "programs.h"
#define X(number, name)                                                            \
  __u32 program_##name##_read(struct packet *packet, const struct slot *slot);     \
  __u32 program_##name##_write(struct packet *packet, const struct slot *slot);    \
  __u32 program_##name##_note(struct packet *packet, const struct slot *slot);
PACKET_PROGRAMS(X)
#undef X

/// `writes` is a constant to the compiler.
static __always_inline __u32 run_slot(struct packet *packet, const struct slot *slot, const int writes) {
  switch (slot->kind) {
#define X(constant, name) \
  case SLOT_##constant: return name##_run(packet, slot);
    KERNEL_FILTERS(X)
#undef X
#define X(number, name)            \
  case SLOT_FIRST_PROGRAM + number: \
    return writes ? program_##name##_write(packet, slot) : program_##name##_read(packet, slot);
    PACKET_PROGRAMS(X)
#undef X
  }
  return RUN_HAND_OVER;
}

/// Whether something is to be done for a packet that passed the slot: a counter, an effect, bytes to add.
static __always_inline int is_noted(const struct slot *slot) {
  if (slot->counter || slot->kind == SLOT_CONCATENATE) return 1;
  switch (slot->kind) {
#define X(constant, name) case SLOT_##constant:
    KERNEL_EFFECTS(X)
#undef X
#define X(number, name) case SLOT_FIRST_PROGRAM + number:
    NOTING_PROGRAMS(X)
#undef X
    return 1;
  }
  return 0;
}

static __always_inline __u32 commit_slot(struct packet *packet, const struct slot *slot) {
  switch (slot->kind) {
#define X(constant, name) \
  case SLOT_##constant: return name##_commit(packet, slot);
    KERNEL_EFFECTS(X)
#undef X
#define X(number, name) \
  case SLOT_FIRST_PROGRAM + number: return program_##name##_note(packet, slot);
    NOTING_PROGRAMS(X)
#undef X
  }
  return 0;
}

#define SLOT(index)                                                            \
  if (at == index) {                                                           \
    const struct slot *slot = &slots[index];                                   \
    if (slot->kind == SLOT_END) return 0;                                      \
    at = index + 1;                                                            \
    if (slot->kind == SLOT_JUMP) {                                             \
      if (is_noted(slot)) packet->passed |= packet->one << index;              \
      at = slot->jump;                                                         \
    } else {                                                                   \
      const __u32 result = run_slot(packet, slot, writes);                     \
      if (result == 0) {                                                       \
        if (is_noted(slot)) packet->passed |= packet->one << index;            \
      } else if (result == RUN_JUMP) {                                         \
        at = slot->jump;                                                       \
      } else {                                                                 \
        *filter = slot->filter;                                                \
        return result;                                                         \
      }                                                                        \
    }                                                                          \
  }

#define SLOTS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

/// 0: passed. A drop reason, with the filter's number. RUN_HAND_OVER: the sockets must see it.
static __always_inline __u32 run_chain(
    const struct slot *slots, const int writes, struct packet *packet, __u32 *filter) {
  __u32 at = 0;
  SLOTS(SLOT)
  return 0;
}

#define COMMIT(index)                                                                   \
  if (is_noted(&slots[index]) && packet->passed >> index & 1) {                         \
    const struct slot *slot = &slots[index];                                            \
    if (slot->counter) count(FIRST_FILTER_COUNTER + slot->counter);                     \
    const __u32 late = commit_slot(packet, slot);                                       \
    if (unlikely(late)) {                                                               \
      *filter = slot->filter;                                                           \
      return late;                                                                      \
    }                                                                                   \
  }

/// Does what the filters noted, in their order, for a packet that is not handed over. Gives `result`, or the reason of a filter that
/// drops the packet after all.
static __always_inline __u32 commit(
    const struct slot *slots, struct packet *packet, __u32 result, __u32 *filter) {
  SLOTS(COMMIT)
  return result;
}
