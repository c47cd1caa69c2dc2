// What the kernel's program knows of the packet while it runs the chain. Filled in C, read and changed by the Swift filters.
#pragma once
#ifndef __clang__
#define _Nonnull
#define _Nullable
#endif
#include "image.h"

/// What a filter's entry returns: 0 to go on, the number of a drop reason, or one of these.
#define RUN_JUMP 0x100
#define RUN_HAND_OVER 0x200

/// A metadata value: zero padded, the first byte in the lowest bits. `tag` has the size in its lower and the kind, a
/// MetadataKind, in its upper half. A value of bytes is a token's key as it stands.
struct value {
  unsigned long long words[4];
  unsigned long long tag;
};

struct packet {
  unsigned char *_Nonnull payload;
  const unsigned char *_Nonnull end;
  /// The payload's size as it came, and how many bytes filters cut off at either end. The cuts are constants to the verifier.
  /// Words of 64 bits throughout: the verifier keeps track of a constant on the stack only where it fills its place.
  unsigned long long size;
  unsigned long long front;
  unsigned long long back;
  /// Chosen destinations: the last one and how many.
  unsigned int endpoint;
  unsigned int destinations;
  unsigned short source_port;
  unsigned short reserved;
  unsigned long long source[2];
  struct value values[CHAIN_VALUES];
};

#ifdef __bpf__
#define KIT_INLINE static inline __attribute__((always_inline))
#else
#define KIT_INLINE static inline
#endif

/// The place of a value. `index` is a constant to the verifier.
KIT_INLINE struct value *_Nonnull packet_value(struct packet *_Nonnull packet, unsigned short index) {
  return &packet->values[index];
}

/// A pointer behind a compiler barrier: no pass may fold arithmetic into the packet end, which the verifier forbids.
KIT_INLINE const void *_Nonnull packet_opaque(const void *_Nonnull pointer) {
  __asm__ volatile("" : "+r"(pointer));
  return pointer;
}

/// The entry of the token, or null. Defined beside the maps.
struct token_entry *_Nullable kernel_token(const struct value *_Nonnull token);
