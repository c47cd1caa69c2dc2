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
  __u16 source_port;
  __u16 destination_port;
  __u16 checksum;
  __u16 payload_size;
  /// Of an IPv4 header, as they came.
  __u16 id;
  __u16 frag_off;
  __u8 v4;
  __u8 tos;
  __u8 ttl;
};

#define MAPPED_PREFIX bpf_htonl(0xffff)

static __always_inline void map_v4(__u64 to[2], __u32 address) {
  to[0] = 0;
  to[1] = (__u64)address << 32 | MAPPED_PREFIX;
}

/// NOT_OURS: leave it alone without counting. Any other cause but 0: it is UDP that we do not read.
static __always_inline int parse_frame(const void *data, const void *end, struct frame *frame) {
  const struct ethhdr *eth = data;
  if ((const void *)(eth + 1) > end) return NOT_OURS;
  const struct udphdr *udp;
  __u32 size;
  if (eth->h_proto == bpf_htons(ETH_P_IP)) {
    const struct iphdr *ip = (const void *)(eth + 1);
    if ((const void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP) return NOT_OURS;
    if (ip->version != 4 || ip->ihl != 5) return HAND_OVER_IP_OPTIONS;
    // More fragments, or an offset: the ports are in another frame, or the payload is.
    if (ip->frag_off & bpf_htons(0x3fff)) return HAND_OVER_FRAGMENT;
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->tot_len) - sizeof *ip;
    frame->v4 = 1;
    frame->tos = ip->tos;
    frame->ttl = ip->ttl;
    frame->id = ip->id;
    frame->frag_off = ip->frag_off;
    map_v4(frame->source, ip->saddr);
    map_v4(frame->destination, ip->daddr);
  } else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
    const struct ipv6hdr *ip = (const void *)(eth + 1);
    if ((const void *)(ip + 1) > end) return NOT_OURS;
    if (ip->nexthdr != IPPROTO_UDP) return NOT_OURS;
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->payload_len);
    frame->v4 = 0;
    frame->tos = (ip->priority << 4) | (ip->flow_lbl[0] >> 4);
    frame->ttl = ip->hop_limit;
    __builtin_memcpy(frame->source, &ip->saddr, 16);
    __builtin_memcpy(frame->destination, &ip->daddr, 16);
  } else {
    return NOT_OURS;
  }
  if ((const void *)(udp + 1) > end) return HAND_OVER_LENGTH;
  // Short frames are padded, so the end of the frame says nothing; the headers must agree with each other.
  if (bpf_ntohs(udp->len) != size || size < sizeof *udp || size - sizeof *udp > MAXIMUM_PAYLOAD) return HAND_OVER_LENGTH;
  frame->payload_size = size - sizeof *udp;
  if ((const __u8 *)(udp + 1) + frame->payload_size > (const __u8 *)end) return HAND_OVER_LENGTH;
  frame->source_port = udp->source;
  frame->destination_port = udp->dest;
  frame->checksum = udp->check;
  return 0;
}
