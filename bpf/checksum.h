// Ones' complement sums (RFC 1071). They work on words as they lie in memory, in either byte order.
#pragma once
#define opaque packet_opaque

static __always_inline __u32 sum_fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/// The sum of all bytes one place further on: the other half of each word.
static __always_inline __u32 sum_swap(__u32 folded) { return (folded >> 8) | ((folded & 0xff) << 8); }

static __always_inline __u64 sum_word(__u64 word) { return (word & 0xffffffff) + (word >> 32); }

/// The sum of an address: 16 bytes, or the last four where it is IPv4.
static __always_inline __u64 sum_address(const __u64 address[2], int v4) {
  return v4 ? address[1] >> 32 : sum_word(address[0]) + sum_word(address[1]);
}

/// The sum of a few bytes, at most MAXIMUM_CUT, all inside of the frame. `size` is a constant to the verifier, so one branch of
/// each is left.
static __always_inline __u64 sum_bytes(const __u8 *start, const void *end, __u32 size) {
  if (size == 0 || size > MAXIMUM_CUT || start + size > (const __u8 *)opaque(end)) return 0;
  __u64 sum = 0;
#pragma unroll
  for (__u32 at = 0; at < MAXIMUM_CUT; at += 8) {
    if (size >= at + 8)
      sum += sum_word(*(const __u64 *)(start + at));
    else if (size > at) {
      const __u8 *place = start + at;
      if (size & 4) {
        sum += *(const __u32 *)place;
        place += 4;
      }
      if (size & 2) {
        sum += *(const __u16 *)place;
        place += 2;
      }
      if (size & 1) sum += bpf_htons((__u16)*place << 8);
    }
  }
  return sum;
}

/// The sum of a payload, byte by byte through the frame: only where the checksum that came cannot be trusted.
static __always_inline __u32 sum_payload(const __u8 *start, const void *end, __u32 size) {
  __u64 sum = 0;
  for (__u32 at = 0; at < MAXIMUM_PAYLOAD; at += 2) {
    if (at >= size) break;
    const __u8 *place = start + at;
    if (place + 1 > (const __u8 *)end) break;
    if (at + 1 < size && place + 2 <= (const __u8 *)end)
      sum += *(const __u16 *)place;
    else
      sum += bpf_htons((__u16)*place << 8);
  }
  return sum_fold(sum);
}
