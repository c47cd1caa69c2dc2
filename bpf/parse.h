// From a frame to one description of it, or to the reason why it is not ours to handle.
#pragma once
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#define V4_HEADERS (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))
#define V6_HEADERS (sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct udphdr))
/// The size of all headers of a family.
static __always_inline __u32 headers_size(__u32 v4) { return v4 ? V4_HEADERS : V6_HEADERS; }

/// What is asked of a frame beside its packet. The rest is read where it is needed.
struct frame {
  /// Of IPv6, 16 bytes.
  __u64 v6_destination[2];
  /// Of IPv4.
  __u32 v4_destination;
  /// 1 or 0. A constant on each way: for each family there is a program of its own behind it.
  __u32 v4;
};

#define MAPPED_PREFIX bpf_htonl(0xffff)

static __always_inline void map_v4(__u64 to[2], __u32 address) {
  to[0] = 0;
  to[1] = (__u64)address << 32 | MAPPED_PREFIX;
}

/// Of a v4-mapped address.
static __always_inline __u32 v4_address(const __u8 address[16]) { return *(const __u32 *)(address + 12); }

static __always_inline int is_v4(const __u64 address[2]) { return address[0] == 0 && (__u32)address[1] == MAPPED_PREFIX; }

/// The headers of a packet that was parsed, as long as the frame is as it came.
static __always_inline const struct udphdr *udp_header(const struct packet *packet) {
  return (const struct udphdr *)packet->datagram;
}
static __always_inline const struct iphdr *v4_header(const struct packet *packet) {
  return (const void *)(packet->datagram - sizeof(struct iphdr));
}
static __always_inline const struct ipv6hdr *v6_header(const struct packet *packet) {
  return (const void *)(packet->datagram - sizeof(struct ipv6hdr));
}

/// Keeps the cause off the way of the packets that go on.
static __always_inline int refuse(int cause) {
  asm volatile("" : "+r"(cause));
  return cause;
}

/// NOT_OURS: leave it alone without counting. Any other cause but 0: it is UDP that we do not read; then its addresses are there.
static __always_inline int parse_frame(const void *data, const void *end, struct frame *frame, struct packet *packet) {
  // All that is ours has at least this; what is cut shorter is the stack's to refuse.
  if (unlikely(data + V4_HEADERS > end)) return refuse(NOT_OURS);
  // Not through struct ethhdr: that is packed, and would be read byte by byte.
  const __u16 type = *(const __u16 *)(data + offsetof(struct ethhdr, h_proto));
  __u64 *source = (__u64 *)packet->session;
  const struct udphdr *udp;
  __u32 size;
  if (type == bpf_htons(ETH_P_IP)) {
    const struct iphdr *ip = data + sizeof(struct ethhdr);
    if (unlikely(ip->protocol != IPPROTO_UDP)) return refuse(NOT_OURS);
    map_v4(source, ip->saddr);
    frame->v4_destination = ip->daddr;
    frame->v4 = 1;
    if (unlikely(*(const __u8 *)ip != 0x45)) return refuse(HAND_OVER_IP_OPTIONS);
    // More fragments, or an offset: the ports are in another frame, or the payload is.
    if (unlikely(ip->frag_off & bpf_htons(0x3fff))) return refuse(HAND_OVER_FRAGMENT);
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->tot_len) - sizeof *ip;
  } else if (type == bpf_htons(ETH_P_IPV6)) {
    const struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    if (unlikely(data + V6_HEADERS > end || ip->nexthdr != IPPROTO_UDP || *(const __u8 *)ip >> 4 != 6)) return refuse(NOT_OURS);
    const __u64 *addresses = (const __u64 *)&ip->saddr;
    source[0] = addresses[0];
    source[1] = addresses[1];
    frame->v6_destination[0] = addresses[2];
    frame->v6_destination[1] = addresses[3];
    udp = (const void *)(ip + 1);
    size = bpf_ntohs(ip->payload_len);
  } else {
    return refuse(NOT_OURS);
  }
  // Short frames are padded, so the end of the frame says nothing; the headers must agree with each other.
  if (unlikely(bpf_ntohs(udp->len) != size || size < sizeof *udp || size > sizeof *udp + MAXIMUM_PAYLOAD))
    return refuse(HAND_OVER_LENGTH);
  if (unlikely((const void *)udp + size > end)) return refuse(HAND_OVER_LENGTH);
  packet->datagram = (const void *)udp;
  packet->end = end;
  packet->cut = 0;
  packet->size = size - sizeof *udp;
  // 0, as the version says, but where the chain branches much the verifier does not know that. The front is known where no chain
  // moves it.
  const __u32 zero = image.few_ways ? 0 : *(const volatile __u8 *)(data + sizeof(struct ethhdr)) >> 7;
  packet->front = image.fixed_front ? 0 : zero;
  packet->passed = 0 - zero;
  packet->one = 1 - zero;
  packet->prepended = packet->appended = 0;
  packet->added = 0;
#pragma unroll
  for (int i = 0; i < CHAIN_LIMITS; i++) packet->limits[i] = 0;
  packet->destinations = packet->endpoint = 0;
  // The port and the zero behind it in one store, since the look-up reads them as one.
  *(__u32 *)&packet->session->client_port = udp->source;
#pragma unroll
  for (int i = 0; i < CHAIN_VALUES; i++) packet->values[i].tag = 0;
  return 0;
}
