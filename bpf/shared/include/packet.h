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
  unsigned long long tag;
  unsigned long long words[4];
};

/// The largest payload that the kernel path reads, in bytes: a bound that the verifier can use.
#define MAXIMUM_PAYLOAD 9216

/// What only ever is used field by field, so that the compiler may keep it in registers. What look-ups read stands apart.
struct packet {
  /// The UDP header, with the payload behind it.
  const unsigned char *_Nonnull datagram;
  const unsigned char *_Nonnull end;
  /// The ones' complement sum of all bytes that filters cut off, each in the half of a word that it had as it came.
  unsigned long long cut;
  /// The size of what is left, and how many bytes were cut off in front of it. Where a chain moves the front, the verifier
  /// knows neither as a constant, so that ways through a chain that cut differently meet again behind it.
  unsigned int size;
  unsigned int front;
  /// How many destinations were chosen, and the last one of them.
  unsigned int destinations;
  unsigned int endpoint;
  /// Address and port of the source. In network order, IPv4 in its v4-mapped form.
  struct session_key *_Nonnull session;
  /// Without a kind in its tag a value is not there, and its words were never written.
  struct value *_Nonnull values;
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
