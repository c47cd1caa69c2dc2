// Makes the frame that leaves. All that can fail without a trace is behind it.
#pragma once
#include "added.h"

/// The length of UDP as it leaves. The barrier keeps the compiler from making it a second time for the header.
static __always_inline __u32 udp_length(__u32 size) {
  __u32 length = bpf_htons(sizeof(struct udphdr) + size);
  asm volatile("" : "+r"(length));
  return length;
}

/// The sum of an IPv4 header without what changes. From the checksum that came, whose inverse it is less what goes, so that a header
/// that was damaged on its way stays recognisable as such.
static __always_inline __u64 header_sum(const struct iphdr *ip, __u64 old_addresses) {
  return HEADER_SUM_ZERO + 0xffff - bpf_htons(0x100) - ip->check - old_addresses - ip->tot_len;
}

/// The checksum of UDP, from the one that came and the old and new headers. `udp` is the header that came.
static __always_inline __u16 udp_checksum(
    const struct packet *packet, const struct udphdr *udp, __u16 check, __u64 old_addresses, __u64 new_addresses,
    __u32 new_ports, __u32 length) {
  // The payload's sum: the checksum that came, less its headers and what was cut off. Each byte that is left moves by the bytes that
  // were cut off and added in front of it.
  __u64 sum = SUM_ZERO + 0xffff - check - old_addresses - *(const __u32 *)udp - 2 * (__u64)udp->len - packet->cut;
  const __u32 shift = ((packet->front + packet->prepended) & 1) * 8;
  sum <<= shift;
  // The protocol's number stays where it is, while the sum around it moved. Behind the barrier nothing is left of it where nothing
  // moved.
  __u64 protocol = bpf_htons(IPPROTO_UDP) - ((__u64)bpf_htons(IPPROTO_UDP) << shift);
  asm volatile("" : "+r"(protocol));
  sum += protocol;
  sum += packet->added + new_addresses + new_ports + 2 * (__u64)length;
  const __u16 new_check = ~sum_fold(sum);
  // No checksum stays none (IPv4, RFC 768), so one that is 0 is sent as its other form.
  if (unlikely(check == 0)) return 0;
  return unlikely(new_check == 0) ? 0xffff : new_check;
}

/// The checksum of a whole datagram that came, computed. A function of its own, since there are many ways to it.
static __noinline __u32 full_checksum(const struct udphdr *udp, const void *end, __u64 addresses) {
  const __u32 size = bpf_ntohs(udp->len) - sizeof *udp;
  const __u16 check = ~sum_fold(
      sum_payload((const __u8 *)(udp + 1), end, size) + addresses + *(const __u32 *)udp + bpf_htons(IPPROTO_UDP) +
      2 * (__u64)udp->len);
  return check ? check : 0xffff;
}

static __always_inline int is_behind_driver(const struct xdp_md *ctx) {
#pragma unroll
  for (int i = 0; i < CHAIN_INTERFACES; i++)
    if (image.interfaces[i].generic && image.interfaces[i].index == ctx->ingress_ifindex) return 1;
  return 0;
}

/// Gives the checksum of UDP for the frame that leaves. 0, or the cause of a hand-over.
static __always_inline int new_checksum(
    const struct xdp_md *ctx, const struct packet *packet, const struct udphdr *udp, __u64 old_addresses, __u64 new_addresses,
    __u32 new_ports, __u16 *new_check) {
  __u16 check = udp->check;
  // As a sender leaves it to hardware: the pseudo header's sum. By chance it may be what is right, too.
  if (image.full_checksums && check == sum_fold(old_addresses + bpf_htons(IPPROTO_UDP) + udp->len)) {
    const __u16 full = full_checksum(udp, packet->end, old_addresses);
    if (is_behind_driver(ctx)) {
      // The kernel will have it finished on its way out, over what is then at the place of the header, if its sender did not. Only the
      // kernel knows of one that is right both ways.
      if (packet->front != packet->prepended || full == check) return HAND_OVER_CHECKSUM;
      *new_check = sum_fold(new_addresses + bpf_htons(IPPROTO_UDP) + udp_length(packet->size));
      return 0;
    }
    check = full;
  }
  *new_check = udp_checksum(packet, udp, check, old_addresses, new_addresses, new_ports, udp_length(packet->size));
  return 0;
}

static __always_inline void write_udp(void *udp, __u32 ports, __u32 length, __u16 check) {
  ((__u32 *)udp)[0] = ports;
  ((__u16 *)udp)[2] = length;
  ((__u16 *)udp)[3] = check;
}

static __always_inline void write_ethernet(void *data, __u64 next_hop, const struct interface *way, __u16 type) {
  *(__u32 *)data = next_hop;
  *(__u16 *)(data + 4) = next_hop >> 32;
  *(__u32 *)(data + 6) = *(const __u32 *)way->mac;
  *(__u16 *)(data + 10) = *(const __u16 *)(way->mac + 4);
  *(__u16 *)(data + 12) = type;
}

/// The place of a next hop's interface. With one interface alone it is a constant, and so is all that is read by it.
static __always_inline __u64 interface_place(__u64 next_hop) {
  return image.only_interface ? 0 : next_hop >> 48 & (CHAIN_INTERFACES - 1);
}

static __always_inline __u32 leave(struct xdp_md *ctx, __u64 place) {
  if (image.interfaces[place].index == ctx->ingress_ifindex) return XDP_TX;
  return bpf_redirect_map(&interfaces, place, 0);
}

/// Within a family and with nothing added in front: in its place, as far as nothing was cut off in front. `full` is the new checksum
/// where the one that came cannot be gone on from. `direction` is 0 for the chain toward servers.
static __always_inline struct outcome write_same(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, __u16 full, int v4, __u32 direction) {
  const __u32 headers = v4 ? V4_HEADERS : V6_HEADERS, front = packet->front, size = packet->size;
  const __u64 next_hop = entry->next_hop, place = interface_place(next_hop);
  // A frame that grew has its new size, and the pointers into the old one are no longer good.
  const void *end = image.grows ? (void *)(long)ctx->data_end : packet->end;
  const void *old = image.grows ? (void *)(long)ctx->data : (void *)packet->datagram - (headers - sizeof(struct udphdr));
  void *data = (void *)old + front;
  if (unlikely(front > MAXIMUM_PAYLOAD || (image.grows && old + headers > opaque(end)) ||
               (!image.fixed_front && data + headers > opaque(end))))
    return aborted();
  long surplus = opaque(end) - opaque(data);
  asm volatile("" : "+r"(surplus));
  surplus = image.grows ? 0 : surplus - (headers + size);

  const __u32 ports = *(const __u32 *)&entry->source_port, length = udp_length(size);
  if (v4) {
    const struct iphdr *ip = old + sizeof(struct ethhdr);
    const __u32 source = v4_address(entry->source), destination = v4_address(entry->destination);
    const __u64 old_addresses = (__u64)ip->saddr + ip->daddr, new_addresses = (__u64)source + destination;
    const struct udphdr *udp = (const struct udphdr *)(ip + 1);
    const __u16 check =
        image.full_checksums ? full : udp_checksum(packet, udp, udp->check, old_addresses, new_addresses, ports, length);
    const __u32 total = bpf_htons(V4_HEADERS - sizeof(struct ethhdr) + size), id = *(const __u32 *)&ip->id;
    const __u16 start = *(const __u16 *)ip;
    const __u64 sum = header_sum(ip, old_addresses) + new_addresses + total;
    const __u8 ttl = ip->ttl - 1;
    struct iphdr *out = data + sizeof(struct ethhdr);
    // In its place the rest of the header stays as it is.
    if (!image.fixed_front) {
      ((__u16 *)out)[0] = start;
      *(__u32 *)&out->id = id;
      out->protocol = IPPROTO_UDP;
    }
    out->tot_len = total;
    out->ttl = ttl;
    out->check = ~header_sum_fold(sum);
    out->saddr = source;
    out->daddr = destination;
    write_udp(out + 1, ports, length, check);
  } else {
    const struct ipv6hdr *ip = old + sizeof(struct ethhdr);
    const struct udphdr *udp = (const struct udphdr *)(ip + 1);
    const __u64 *addresses = (const __u64 *)entry->source;
    const __u64 old_addresses = sum_words((const __u64 *)&ip->saddr);
    const __u16 check =
        image.full_checksums ? full : udp_checksum(packet, udp, udp->check, old_addresses, sum_words(addresses), ports, length);
    const __u32 first = *(const __u32 *)ip & bpf_htonl(0xfff00000);
    const __u8 hop_limit = ip->hop_limit - 1;
    struct ipv6hdr *out = data + sizeof(struct ethhdr);
    *(__u32 *)out = first;
    out->payload_len = length;
    out->nexthdr = IPPROTO_UDP;
    out->hop_limit = hop_limit;
    __u64 *to_addresses = (__u64 *)&out->saddr;
    to_addresses[0] = addresses[0];
    to_addresses[1] = addresses[1];
    to_addresses[2] = addresses[2];
    to_addresses[3] = addresses[3];
    write_udp(out + 1, ports, length, check);
  }
  write_ethernet(data, next_hop, &image.interfaces[place], v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
  if (image.grows && unlikely(!write_chain_added(data + headers, end, packet, direction))) return aborted();
  if (surplus != 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return aborted();
  if (unlikely(front != 0) && unlikely(bpf_xdp_adjust_head(ctx, front))) return aborted();
  return send(leave(ctx, place));
}
