// A packet whose headers or payload take another size than there was: between the families, and with bytes added. The frame gets its
// new size first, so all that is kept of the old headers is read before.
#pragma once

/// What the new headers keep of the old ones.
struct kept {
  __u64 new_addresses;
  /// The IPv4 header's sum without what changes, where it was IPv4 before; 0 otherwise.
  __u64 v4_sum;
  /// The first word of an IPv6 header, in network order.
  __u32 first;
  /// Identification and fragment word of an IPv4 header.
  __u32 id;
  __u32 tos;
  __u32 ttl;
  __u16 check;
};

static __always_inline void keep_v4(struct kept *kept, const struct iphdr *ip) {
  kept->tos = ip->tos;
  kept->ttl = ip->ttl - 1;
  kept->id = *(const __u32 *)&ip->id;
  kept->first = bpf_htonl(0x60000000 | (__u32)ip->tos << 20);
  // From the checksum that came, so that a header that was damaged on its way stays recognisable as such.
  kept->v4_sum = (__u16)~ip->check + SUM_ZERO - ip->saddr - ip->daddr - ip->tot_len - bpf_htons(0x100);
}

static __always_inline void keep_v6(struct kept *kept, const struct ipv6hdr *ip) {
  kept->first = *(const __u32 *)ip & bpf_htonl(0xffffffff);
  kept->tos = bpf_ntohl(kept->first) >> 20 & 0xff;
  kept->ttl = ip->hop_limit - 1;
  // A datagram that must not be fragmented needs no identification (RFC 6864).
  kept->id = bpf_htonl(0x4000);
  kept->v4_sum = 0;
}

/// Gives the checksum of the frame that leaves. 0, or the cause of a hand-over.
static __always_inline int make_checksum(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, const struct route_entry *entry, __u32 to_v4,
    struct kept *kept) {
  const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  const __u64 *addresses = (const __u64 *)entry->source;
  const __u32 ports = *(const __u32 *)&entry->source_port;
  kept->new_addresses = to_v4 ? (addresses[1] >> 32) + (addresses[3] >> 32) : sum_words(addresses);
  if (frame->v4) {
    if (unlikely(data + V4_HEADERS > end)) return HAND_OVER_LENGTH;
    const struct iphdr *ip = data + sizeof(struct ethhdr);
    return new_checksum(
        ctx, packet, (const void *)(ip + 1), (__u64)ip->saddr + ip->daddr, kept->new_addresses, ports, &kept->check);
  }
  if (unlikely(data + V6_HEADERS > end)) return HAND_OVER_LENGTH;
  const struct ipv6hdr *ip = data + sizeof(struct ethhdr);
  return new_checksum(
      ctx, packet, (const void *)(ip + 1), sum_words((const __u64 *)&ip->saddr), kept->new_addresses, ports, &kept->check);
}

/// Gives the frame its new size. 0, the cause of a hand-over of the frame as it came, or NOT_OURS where it failed half way.
static __always_inline int make_room(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, __u32 to_v4, struct kept *kept) {
  const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (frame->v4) {
    if (unlikely(data + V4_HEADERS > end)) return HAND_OVER_LENGTH;
    keep_v4(kept, data + sizeof(struct ethhdr));
  } else {
    if (unlikely(data + V6_HEADERS > end)) return HAND_OVER_LENGTH;
    keep_v6(kept, data + sizeof(struct ethhdr));
  }

  const int shift = (int)(headers_size(frame->v4) + packet->front) - (int)(headers_size(to_v4) + packet->prepended);
  // Behind the barrier the difference is taken in 64 bits, as the verifier wants it of pointers.
  long surplus = opaque(end) - opaque(data);
  asm volatile("" : "+r"(surplus));
  surplus -= shift + (long)(headers_size(to_v4) + packet->size);
  if (image.grows && surplus < 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return HAND_OVER_NO_TAILROOM;
  if (shift != 0 && unlikely(bpf_xdp_adjust_head(ctx, shift))) {
    if (image.grows && surplus < 0 && bpf_xdp_adjust_tail(ctx, (int)surplus)) return NOT_OURS;
    return HAND_OVER_NO_HEADROOM;
  }
  if (surplus > 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return NOT_OURS;
  return 0;
}

/// Writes the bytes of a slot, whose number is a constant to the verifier. False past the end of the frame.
static __always_inline int write_bytes(void *to, const struct slot *slot, const void *end) {
  const __u32 size = slot->size;
  if (size > sizeof slot->words || to + size > opaque(end)) return 0;
#pragma unroll
  for (__u32 at = 0; at < sizeof slot->words; at += 8) {
    if (at + 8 <= size) {
      *(__u64 *)(to + at) = slot->words[at / 8];
    } else if (at < size) {
      __u64 rest = slot->words[at / 8];
      void *place = to + at;
      if (size & 4) {
        *(__u32 *)place = rest;
        rest >>= 32;
        place += 4;
      }
      if (size & 2) {
        *(__u16 *)place = rest;
        rest >>= 16;
        place += 2;
      }
      if (size & 1) *(__u8 *)place = rest;
    }
  }
  return 1;
}

/// The bytes of one Concatenate, which come in the order in which the packet met them: in front one before the other, behind one
/// after the other.
#define ADD(index)                                                                      \
  if (slots[index].kind == SLOT_CONCATENATE && packet->passed >> index & 1) {           \
    const struct slot *slot = &slots[index];                                            \
    __u32 at;                                                                           \
    if (slot->flags) {                                                                  \
      front -= slot->size;                                                              \
      at = front;                                                                       \
    } else {                                                                            \
      at = back;                                                                        \
      back += slot->size;                                                               \
    }                                                                                   \
    if (at > 2 * MAXIMUM_PAYLOAD || !write_bytes(payload + at, slot, end)) return 0;    \
  }

/// Writes what filters added. False where it does not fit, which the frame's new size rules out.
static __always_inline int write_added(
    void *payload, const void *end, const struct packet *packet, const struct slot *slots) {
  __u32 front = packet->prepended, back = packet->size - packet->appended;
  SLOTS(ADD)
  return 1;
}

/// Writes the headers into a frame that has its new size, and what filters added. `direction` is 0 for the chain toward servers.
static __always_inline struct outcome write_moved(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, const struct kept *kept, int v4,
    __u32 direction) {
  const __u32 headers = v4 ? V4_HEADERS : V6_HEADERS, size = packet->size;
  const __u64 next_hop = entry->next_hop, place = interface_place(next_hop);
  const __u32 ports = *(const __u32 *)&entry->source_port;
  const __u64 *addresses = (const __u64 *)entry->source;
  void *data = (void *)(long)ctx->data;
  const void *end = (void *)(long)ctx->data_end;
  if (unlikely(data + headers > end)) return aborted();
  if (v4) {
    struct iphdr *ip = data + sizeof(struct ethhdr);
    const __u32 first = bpf_htonl(0x45000000 | kept->tos << 16 | (V4_HEADERS - sizeof(struct ethhdr) + size));
    const __u16 time = bpf_htons(kept->ttl << 8 | IPPROTO_UDP);
    const __u64 sum = kept->v4_sum ? kept->v4_sum + bpf_htons(V4_HEADERS - sizeof(struct ethhdr) + size)
                                   : (__u64)first + kept->id + time;
    ((__u32 *)ip)[0] = first;
    ((__u32 *)ip)[1] = kept->id;
    ((__u16 *)ip)[4] = time;
    ip->check = ~sum_fold(sum + kept->new_addresses);
    ip->saddr = addresses[1] >> 32;
    ip->daddr = addresses[3] >> 32;
    write_udp(ip + 1, ports, size, kept->check);
  } else {
    struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    __u64 *to_addresses = (__u64 *)&ip->saddr;
    *(__u32 *)ip = kept->first;
    ip->payload_len = bpf_htons(sizeof(struct udphdr) + size);
    ip->nexthdr = IPPROTO_UDP;
    ip->hop_limit = kept->ttl;
    to_addresses[0] = addresses[0];
    to_addresses[1] = addresses[1];
    to_addresses[2] = addresses[2];
    to_addresses[3] = addresses[3];
    write_udp(ip + 1, ports, size, kept->check);
  }
  write_ethernet(data, next_hop, &image.interfaces[place], v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
  if (image.grows) {
    const int fits = direction ? write_added(data + headers, end, packet, image.write)
                               : write_added(data + headers, end, packet, image.read);
    if (unlikely(!fits)) return aborted();
  }
  return send(leave(ctx, place));
}
