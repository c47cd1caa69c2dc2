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
  /// How many bytes filters added in front, which `size` counts, and the sum of all that they added, each byte in the half of a word
  /// that it has now.
  unsigned int prepended;
  unsigned int appended;
  unsigned long long added;
  /// A bit for each slot that the packet passed and that is not done yet. Unknown to the verifier, as is `one`, which is 1: else it
  /// would walk all that follows once for each way through the chain.
  unsigned int passed;
  unsigned int one;
  /// The cells of the limits that the packet met.
  struct cell *_Nullable limits[CHAIN_LIMITS];
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

/// The bytes that a slot holds in its words.
KIT_INLINE const void *_Nonnull slot_bytes(const struct slot *_Nonnull slot) { return slot->words; }

/// A pointer behind a compiler barrier: no pass may fold arithmetic into the packet end, which the verifier forbids.
KIT_INLINE const void *_Nonnull packet_opaque(const void *_Nonnull pointer) {
  __asm__ volatile("" : "+r"(pointer));
  return pointer;
}

// Services of the kernel's program, defined beside the maps.

/// The entry of the token, or null.
struct token_entry *_Nullable kernel_token(const struct value *_Nonnull token);
/// A rule of the image.
const struct rule *_Nonnull kernel_rule(unsigned int index);
/// What the longest network of a table says that holds the packet's source; PREFIX_DENIES where none does.
unsigned int kernel_prefix(const struct packet *_Nonnull packet, unsigned int table);
/// Whether a set of ports holds the port of the packet's source.
unsigned int kernel_port(unsigned int ports, const struct packet *_Nonnull packet);
/// A cell of the state, or null past its end.
struct cell *_Nullable kernel_cell(unsigned int index);
/// The cell of a filter that belongs to the packet's source, or null.
struct cell *_Nullable kernel_cell_of_source(
    const struct packet *_Nonnull packet, unsigned int state, unsigned int with_port);
/// The entry of the table of a filter's state, or null. What makes its key is in struct entry_key.
unsigned long long *_Nullable kernel_entry(
    unsigned long long tag, unsigned long long word0, unsigned long long word1, unsigned long long word2,
    unsigned long long word3);
void kernel_add(unsigned long long *_Nonnull word, unsigned long long amount);
unsigned long long kernel_fetch_add(unsigned long long *_Nonnull word, unsigned long long amount);
/// Gives the word that was there: `old` where it was exchanged.
unsigned long long kernel_exchange(
    unsigned long long *_Nonnull word, unsigned long long old, unsigned long long new_word);
/// Nanoseconds of CLOCK_MONOTONIC_COARSE, which a tick of the kernel moves on.
unsigned long long kernel_now(void);
/// Adds to a counter of a filter.
void kernel_count(unsigned int counter, unsigned long long amount);
/// Puts a value into a histogram: buckets that double, from 2^smallest_exponent on, one for what is larger, and the sum. `first` is
/// the number of the first one's counter.
void kernel_observe(
    unsigned int first, unsigned int smallest_exponent, unsigned int buckets, unsigned long long value);
/// How many endpoints there are and where: see BALANCE_COUNT_BITS.
unsigned long long kernel_balance(void);
/// The number of an endpoint by its place in the configuration, or NO_ENDPOINT.
unsigned int kernel_endpoint(unsigned long long balance, unsigned int place);
/// The same for the point of the ring that a hash belongs to.
unsigned int kernel_ring(unsigned long long balance, unsigned long long hash);
#define NO_ENDPOINT 0xffffffffu
