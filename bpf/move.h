// A packet whose headers or payload take another size than there was: between the families, and with bytes added. The frame gets its
// new size first, so all that is kept of the old headers is read before.
#pragma once

/// What the new headers keep of the old ones.
struct kept {
  __u64 new_addresses;
  /// Where it was IPv4 before: the header's sum without what changes, and its first two bytes.
  __u64 v4_sum;
  __u16 v4_start;
  /// The first word of an IPv6 header, in network order.
  __u32 first;
  /// Identification and fragment word of an IPv4 header.
  __u32 id;
  __u32 tos;
  __u32 ttl;
  __u16 check;
};

static __always_inline void keep_v4(struct kept *kept, const struct iphdr *ip) {
  kept->v4_start = *(const __u16 *)ip;
  kept->ttl = ip->ttl - 1;
  // Or the compiler keeps what came, and takes it off later.
  asm volatile("" : "+r"(kept->ttl));
  kept->id = *(const __u32 *)&ip->id;
  kept->first = bpf_htonl(0x60000000 | (__u32)ip->tos << 20);
}

static __always_inline void keep_v6(struct kept *kept, const struct ipv6hdr *ip) {
  kept->first = *(const __u32 *)ip & bpf_htonl(0xffffffff);
  kept->tos = bpf_ntohl(kept->first) >> 20 & 0xff;
  kept->ttl = ip->hop_limit - 1;
  // A datagram that must not be fragmented needs no identification (RFC 6864).
  kept->id = bpf_htonl(0x4000);
}

/// Gives the checksum of the frame that leaves. 0, or the cause of a hand-over.
static __always_inline int make_checksum(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, const struct route_entry *entry, __u32 to_v4,
    struct kept *kept) {
  const __u64 *addresses = (const __u64 *)entry->source;
  const __u32 ports = *(const __u32 *)&entry->source_port;
  const struct udphdr *udp = udp_header(packet);
  kept->new_addresses =
      to_v4 ? (__u64)v4_address(entry->source) + v4_address(entry->destination) : sum_words(addresses);
  if (frame->v4) {
    const struct iphdr *ip = v4_header(packet);
    const __u64 old_addresses = (__u64)ip->saddr + ip->daddr;
    kept->v4_sum = header_sum(ip, old_addresses);
    return new_checksum(ctx, packet, udp, old_addresses, kept->new_addresses, ports, &kept->check);
  }
  const struct ipv6hdr *ip = v6_header(packet);
  return new_checksum(
      ctx, packet, udp, sum_words((const __u64 *)&ip->saddr), kept->new_addresses, ports, &kept->check);
}

/// Gives the frame its new size. 0, the cause of a hand-over of the frame as it came, or NOT_OURS where it failed half way.
static __always_inline int make_room(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, __u32 to_v4, struct kept *kept) {
  const void *end = packet->end;
  if (frame->v4)
    keep_v4(kept, v4_header(packet));
  else
    keep_v6(kept, v6_header(packet));

  const long shift = (long)(headers_size(frame->v4) + packet->front) - (long)(headers_size(to_v4) + packet->prepended);
  // Behind the barrier the difference is taken in 64 bits, as the verifier wants it of pointers.
  long surplus = opaque(end) - opaque((const void *)packet->datagram);
  asm volatile("" : "+r"(surplus));
  // As one number, which is often 0.
  long more = (long)(headers_size(frame->v4) - sizeof(struct udphdr)) - shift - (long)headers_size(to_v4);
  asm volatile("" : "+r"(more));
  surplus += more - (long)packet->size;
  if (image.grows && surplus < 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return HAND_OVER_NO_TAILROOM;
  if (shift != 0 && unlikely(bpf_xdp_adjust_head(ctx, (int)shift))) {
    if (image.grows && surplus < 0 && bpf_xdp_adjust_tail(ctx, (int)surplus)) return NOT_OURS;
    return HAND_OVER_NO_HEADROOM;
  }
  if (surplus > 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return NOT_OURS;
  return 0;
}

/// The same for a frame whose headers stay where they are.
static __always_inline int make_room_behind(struct xdp_md *ctx, const struct packet *packet) {
  long surplus = opaque((const void *)packet->end) - opaque((const void *)packet->datagram);
  asm volatile("" : "+r"(surplus));
  surplus -= sizeof(struct udphdr) + packet->size;
  return surplus != 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus)) ? HAND_OVER_NO_TAILROOM : 0;
}

/// Writes the headers into a frame that has its new size, and what filters added. `direction` is 0 for the chain toward servers.
static __always_inline struct outcome write_moved(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, const struct kept *kept, int v4, __u32 was_v4,
    __u32 direction) {
  const __u32 headers = v4 ? V4_HEADERS : V6_HEADERS, size = packet->size;
  const __u64 next_hop = entry->next_hop, place = interface_place(next_hop);
  const __u32 ports = *(const __u32 *)&entry->source_port, length = udp_length(size);
  const __u64 *addresses = (const __u64 *)entry->source;
  void *data = (void *)(long)ctx->data;
  const void *end = (void *)(long)ctx->data_end;
  if (unlikely(data + headers > end)) return aborted();
  if (v4) {
    struct iphdr *ip = data + sizeof(struct ethhdr);
    const __u16 total = bpf_htons(V4_HEADERS - sizeof(struct ethhdr) + size);
    __u64 sum = kept->v4_sum;
    __u16 start = kept->v4_start;
    if (!was_v4) {
      start = bpf_htons(0x4500 | kept->tos);
      sum = (__u64)start + kept->id + bpf_htons(kept->ttl << 8 | IPPROTO_UDP);
    }
    ((__u16 *)ip)[0] = start;
    ip->tot_len = total;
    ((__u32 *)ip)[1] = kept->id;
    ip->ttl = kept->ttl;
    ip->protocol = IPPROTO_UDP;
    ip->check = ~header_sum_fold(sum + total + kept->new_addresses);
    ip->saddr = v4_address(entry->source);
    ip->daddr = v4_address(entry->destination);
    write_udp(ip + 1, ports, length, kept->check);
  } else {
    struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    __u64 *to_addresses = (__u64 *)&ip->saddr;
    *(__u32 *)ip = kept->first;
    ip->payload_len = length;
    ip->nexthdr = IPPROTO_UDP;
    ip->hop_limit = kept->ttl;
    to_addresses[0] = addresses[0];
    to_addresses[1] = addresses[1];
    to_addresses[2] = addresses[2];
    to_addresses[3] = addresses[3];
    write_udp(ip + 1, ports, length, kept->check);
  }
  write_ethernet(data, next_hop, &image.interfaces[place], v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
  if (image.grows && unlikely(!write_chain_added(data + headers, end, packet, direction))) return aborted();
  return send(leave(ctx, place));
}
