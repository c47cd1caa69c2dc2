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

/// The same for the header of IPv4 with its addresses: a zero that is larger than what is taken off, and a fold of less than 2^35.
#define HEADER_SUM_ZERO (0xffffull << 18)

static __always_inline __u32 header_sum_fold(__u64 sum) {
  __u32 rest = (sum & 0xffff) + (sum >> 16);
  rest = (rest & 0xffff) + (rest >> 16);
  return (rest & 0xffff) + (rest >> 16);
}

static __always_inline __u64 sum_word(__u64 word) { return (word & 0xffffffff) + (word >> 32); }

/// Of two addresses.
static __always_inline __u64 sum_words(const __u64 words[4]) {
  return sum_word(words[0]) + sum_word(words[1]) + sum_word(words[2]) + sum_word(words[3]);
}

#define SUM_BLOCK 64

struct payload_sum {
  const __u8 *start;
  const __u8 *end;
  __u64 sum;
};

/// One block of a payload, for bpf_loop. A loop of our own would be walked by the verifier once for each count, with all that
/// follows.
static long sum_block(__u32 block, struct payload_sum *payload) {
  if (block >= MAXIMUM_PAYLOAD / SUM_BLOCK) return 1;
  const __u64 *words = (const __u64 *)(payload->start + block * SUM_BLOCK);
  if ((const __u8 *)words + SUM_BLOCK > (const __u8 *)opaque(payload->end)) return 1;
  __u64 sum = payload->sum;
#pragma unroll
  for (int at = 0; at < SUM_BLOCK / 8; at++) sum += sum_word(words[at]);
  payload->sum = sum;
  return 0;
}

/// The sum of a payload through the frame: only where the checksum that came cannot be trusted. `size` is at most MAXIMUM_PAYLOAD,
/// and all of it is in the frame.
static __always_inline __u64 sum_payload(const __u8 *start, const void *end, __u32 size) {
  if (size > MAXIMUM_PAYLOAD) return 0;
  struct payload_sum payload = {.start = start, .end = end};
  bpf_loop(size / SUM_BLOCK, sum_block, &payload, 0);
  __u64 sum = payload.sum;
#pragma unroll
  for (int step = SUM_BLOCK / 2; step; step /= 2) {
    // From the start and not from the step before: so the verifier need not walk each way on which the place can have come about.
    const __u8 *place = start + (size & ~(2 * step - 1));
    if (!(size & step) || place + step > (const __u8 *)opaque(end)) continue;
#pragma unroll
    for (int word = 0; word < step / 8; word++) sum += sum_word(((const __u64 *)place)[word]);
    if (step == 4) sum += *(const __u32 *)place;
    if (step == 2) sum += *(const __u16 *)place;
    if (step == 1) sum += bpf_htons((__u16)*place << 8);
  }
  return sum;
}
