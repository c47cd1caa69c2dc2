// From a frame to one description of it, or to the reason why it is not ours to handle.
#pragma once
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

/// What the headers say. Addresses are 16 bytes, IPv4 in its v4-mapped form; ports are in network order.
struct frame {
  __u64 source[2];
  __u64 destination[2];
  /// The ones' complement sum of both addresses.
  __u64 address_sum;
  /// Both ports, as they lie in the header.
  __u32 ports;
  /// Identification and fragment bits of an IPv4 header, as they came.
  __u32 id;
  /// By how much the checksum of an IPv4 header is wrong: another 0 where it is right.
  __u64 ip_error;
  __u16 checksum;
  __u16 payload_size;
  __u8 tos;
  __u8 ttl;
  /// 1 or 0. Behind a barrier, and read from the frame a second time, so that neither the compiler nor the verifier knows it: they
  /// would walk all that follows once for each.
  __u32 v4;
};

#define MAPPED_PREFIX bpf_htonl(0xffff)
#define V4_HEADERS (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))
#define V6_HEADERS (sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct udphdr))
/// A datagram that must not be fragmented needs no identification (RFC 6864).
#define DO_NOT_FRAGMENT bpf_htonl(0x4000)

/// The size of all headers, without a branch.
static __always_inline __u32 headers(__u32 v4) { return V6_HEADERS - v4 * (V6_HEADERS - V4_HEADERS); }

static __always_inline void map_v4(__u64 to[2], __u32 address) {
  to[0] = 0;
  to[1] = (__u64)address << 32 | MAPPED_PREFIX;
}

/// Whether an address is v4-mapped: 1 or 0. Without a branch, for the same reason as `v4` above.
static __always_inline __u32 is_v4(const __u64 address[2]) {
  __u64 rest = address[0] | ((__u32)address[1] ^ MAPPED_PREFIX);
  rest |= -rest;
  __u64 v4 = ~rest >> 63;
  asm volatile("" : "+r"(v4));
  return v4;
}

static __always_inline __u16 source_port(const struct frame *frame) { return ((const __u16 *)&frame->ports)[0]; }
static __always_inline __u16 destination_port(const struct frame *frame) { return ((const __u16 *)&frame->ports)[1]; }

/// NOT_OURS: leave it alone without counting. Any other cause but 0: it is UDP that we do not read; then its addresses are there.
static __always_inline int parse_frame(const void *data, const void *end, struct frame *frame) {
  if (data + sizeof(struct ethhdr) + 1 > end) return NOT_OURS;
  // Not through struct ethhdr: that is packed, and would be read byte by byte.
  const __u16 type = *(const __u16 *)(data + offsetof(struct ethhdr, h_proto));
  __u32 v4 = ~*(const volatile __u8 *)(data + sizeof(struct ethhdr)) >> 5 & 1;
  asm volatile("" : "+r"(v4));
  frame->v4 = v4;
  const struct udphdr *udp;
  __u32 size;
  if (type == bpf_htons(ETH_P_IP)) {
    const struct iphdr *ip = data + sizeof(struct ethhdr);
    if ((const void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP) return NOT_OURS;
    map_v4(frame->source, ip->saddr);
    map_v4(frame->destination, ip->daddr);
    if (*(const __u8 *)ip != 0x45) return HAND_OVER_IP_OPTIONS;
    frame->id = *(const __u32 *)&ip->id;
    // More fragments, or an offset: the ports are in another frame, or the payload is.
    if (frame->id & bpf_htonl(0x3fff)) return HAND_OVER_FRAGMENT;
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->tot_len) - sizeof *ip;
    frame->address_sum = (__u64)ip->saddr + ip->daddr;
    frame->ip_error = (__u16)~ip->check + SUM_ZERO - *(const __u32 *)ip - frame->id - *(const __u16 *)&ip->ttl - frame->address_sum;
    frame->tos = ip->tos;
    frame->ttl = ip->ttl;
  } else if (type == bpf_htons(ETH_P_IPV6)) {
    const struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    if ((const void *)(ip + 1) > end || ip->nexthdr != IPPROTO_UDP) return NOT_OURS;
    __u32 first = bpf_ntohl(*(const __u32 *)ip);
    if (first >> 28 != 6) return NOT_OURS;
    const __u64 *addresses = (const __u64 *)&ip->saddr;
    frame->source[0] = addresses[0];
    frame->source[1] = addresses[1];
    frame->destination[0] = addresses[2];
    frame->destination[1] = addresses[3];
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->payload_len);
    frame->address_sum = sum_word(addresses[0]) + sum_word(addresses[1]) + sum_word(addresses[2]) + sum_word(addresses[3]);
    frame->id = DO_NOT_FRAGMENT;
    frame->ip_error = SUM_ZERO;
    frame->tos = first >> 20;
    frame->ttl = ip->hop_limit;
  } else {
    return NOT_OURS;
  }
  if ((const void *)(udp + 1) > end) return HAND_OVER_LENGTH;
  // Short frames are padded, so the end of the frame says nothing; the headers must agree with each other.
  if (bpf_ntohs(udp->len) != size || size < sizeof *udp || size - sizeof *udp > MAXIMUM_PAYLOAD) return HAND_OVER_LENGTH;
  frame->payload_size = size - sizeof *udp;
  if ((const __u8 *)(udp + 1) + frame->payload_size > (const __u8 *)end) return HAND_OVER_LENGTH;
  frame->ports = *(const __u32 *)udp;
  frame->checksum = udp->check;
  return 0;
}
