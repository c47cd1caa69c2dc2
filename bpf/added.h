// The bytes that filters add, written into a frame that has its new size.
#pragma once

/// Writes the bytes of a slot, whose number is a constant to the verifier. False past the end of the frame.
static __always_inline int write_bytes(void *to, const struct slot *slot, const void *end) {
  const __u32 size = slot->size;
  if (size > sizeof slot->words || to + size > opaque(end)) return 0;
#pragma unroll
  for (__u32 at = 0; at < sizeof slot->words; at += 8) {
    if (at + 8 <= size) {
      *(__u64 *)(to + at) = slot->words[at / 8];
    } else if (at < size) {
      __u64 rest = slot->words[at / 8];
      void *place = to + at;
      if (size & 4) {
        *(__u32 *)place = rest;
        rest >>= 32;
        place += 4;
      }
      if (size & 2) {
        *(__u16 *)place = rest;
        rest >>= 16;
        place += 2;
      }
      if (size & 1) *(__u8 *)place = rest;
    }
  }
  return 1;
}

/// The bytes of one Concatenate, which come in the order in which the packet met them: in front one before the other, behind one
/// after the other.
#define ADD(index)                                                                      \
  if (slots[index].kind == SLOT_CONCATENATE && packet->passed >> index & 1) {           \
    const struct slot *slot = &slots[index];                                            \
    __u32 at;                                                                           \
    if (slot->flags) {                                                                  \
      front -= slot->size;                                                              \
      at = front;                                                                       \
    } else {                                                                            \
      at = back;                                                                        \
      back += slot->size;                                                               \
    }                                                                                   \
    if (at > 2 * MAXIMUM_PAYLOAD || !write_bytes(payload + at, slot, end)) return 0;    \
  }

/// Writes what filters added. False where it does not fit, which the frame's new size rules out.
static __always_inline int write_added(
    void *payload, const void *end, const struct packet *packet, const struct slot *slots) {
  __u32 front = packet->prepended, back = packet->size - packet->appended;
  SLOTS(ADD)
  return 1;
}

/// The same for the chain of a direction: 0 is that toward servers.
static __always_inline int write_chain_added(void *payload, const void *end, const struct packet *packet, __u32 direction) {
  return direction ? write_added(payload, end, packet, image.write) : write_added(payload, end, packet, image.read);
}
