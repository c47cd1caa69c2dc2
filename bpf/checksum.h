// Ones' complement sums (RFC 1071), in 64 bits, folded once at the end. They work on words as they lie in memory, in either byte
// order. To shift a sum by 8 bits swaps the bytes of what it folds to, since 2^16 counts as 1.
#pragma once
#define opaque packet_opaque

/// A zero of these sums, larger than all that is ever taken off one: so a sum never goes below 0.
#define SUM_ZERO (0xffffull << 32)

static __always_inline __u32 sum_fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

static __always_inline __u64 sum_word(__u64 word) { return (word & 0xffffffff) + (word >> 32); }

/// Of two addresses.
static __always_inline __u64 sum_words(const __u64 words[4]) {
  return sum_word(words[0]) + sum_word(words[1]) + sum_word(words[2]) + sum_word(words[3]);
}

#define SUM_BLOCK 64

/// The sum of a payload through the frame: only where the checksum that came cannot be trusted.
static __always_inline __u64 sum_payload(const __u8 *start, const void *end, __u32 size) {
  __u64 sum = 0;
  const __u8 *place = start;
  for (__u32 block = 0; block < MAXIMUM_PAYLOAD / SUM_BLOCK; block++) {
    if (size < SUM_BLOCK || place + SUM_BLOCK > (const __u8 *)opaque(end)) break;
#pragma unroll
    for (int at = 0; at < SUM_BLOCK; at += 8) sum += sum_word(*(const __u64 *)(place + at));
    place += SUM_BLOCK;
    size -= SUM_BLOCK;
  }
  for (int step = 0; step < SUM_BLOCK / 8; step++) {
    if (size < 8 || place + 8 > (const __u8 *)opaque(end)) break;
    sum += sum_word(*(const __u64 *)place);
    place += 8;
    size -= 8;
  }
  if (size & 4 && place + 4 <= (const __u8 *)opaque(end)) {
    sum += *(const __u32 *)place;
    place += 4;
  }
  if (size & 2 && place + 2 <= (const __u8 *)opaque(end)) {
    sum += *(const __u16 *)place;
    place += 2;
  }
  if (size & 1 && place + 1 <= (const __u8 *)opaque(end)) sum += bpf_htons((__u16)*place << 8);
  return sum;
}
