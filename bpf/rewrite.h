// Makes the frame that leaves: one place that writes, behind all that can fail without a trace.
#pragma once

/// What the new headers say.
struct rewrite {
  const struct frame *frame;
  const struct route_entry *entry;
  /// How many bytes of payload were cut off in front, and how many are left.
  __u32 front;
  __u32 size;
  /// The ones' complement sum of the payload that is left.
  __u64 payload_sum;
  __u64 next_hop;
  __u32 v4;
};

static __always_inline struct outcome write_frame(struct xdp_md *ctx, const struct rewrite *to) {
  const struct frame *frame = to->frame;
  const struct route_entry *entry = to->entry;
  const __u32 header = headers(to->v4);
  int shift = (int)(headers(frame->v4) + to->front) - (int)header;
  // Nothing was written yet, so a frame without room in front goes to the sockets as it is.
  if (shift != 0 && bpf_xdp_adjust_head(ctx, shift)) return hand_over(HAND_OVER_NO_HEADROOM);
  // Behind the barrier the difference is taken in 64 bits, as the verifier wants it of pointers.
  const void *start = packet_opaque((void *)(long)ctx->data), *stop = packet_opaque((void *)(long)ctx->data_end);
  long surplus = (stop - start) - (long)(header + to->size);
  if (surplus != 0 && bpf_xdp_adjust_tail(ctx, -(int)surplus)) return aborted();
  void *data = (void *)(long)ctx->data;
  const void *end = (void *)(long)ctx->data_end;
  const __u64 place = to->next_hop >> 48;
  if (place >= CHAIN_INTERFACES || data + V4_HEADERS > end) return aborted();

  const __u16 udp_size = bpf_htons(sizeof(struct udphdr) + to->size);
  struct udphdr *udp;
  __u64 address_sum;
  __u16 type;
  if (to->v4) {
    struct iphdr *ip = data + sizeof(struct ethhdr);
    udp = (void *)(ip + 1);
    const __u32 source = *(const __u32 *)(entry->source + 12), destination = *(const __u32 *)(entry->destination + 12);
    address_sum = (__u64)source + destination;
    const __u32 total = sizeof *ip + sizeof *udp + to->size, time = (frame->ttl - 1) << 8 | IPPROTO_UDP;
    const __u32 first = bpf_htonl(0x45000000 | (__u32)frame->tos << 16 | total);
    ((__u32 *)ip)[0] = first;
    ((__u32 *)ip)[1] = frame->id;
    ((__u16 *)ip)[4] = bpf_htons(time);
    // With the error that came, so that a header that was damaged on its way stays recognisable as such.
    ip->check = ~sum_fold(frame->ip_error + first + frame->id + bpf_htons(time) + address_sum);
    ip->saddr = source;
    ip->daddr = destination;
    type = bpf_htons(ETH_P_IP);
  } else {
    if (data + V6_HEADERS > end) return aborted();
    struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    udp = (void *)(ip + 1);
    const __u64 *source = (const __u64 *)entry->source, *destination = (const __u64 *)entry->destination;
    __u64 *addresses = (__u64 *)&ip->saddr;
    *(__u32 *)ip = bpf_htonl(0x60000000 | (__u32)frame->tos << 20);
    ip->payload_len = udp_size;
    *(__u16 *)&ip->nexthdr = bpf_htons(IPPROTO_UDP << 8 | (frame->ttl - 1));
    addresses[0] = source[0];
    addresses[1] = source[1];
    addresses[2] = destination[0];
    addresses[3] = destination[1];
    address_sum = sum_word(source[0]) + sum_word(source[1]) + sum_word(destination[0]) + sum_word(destination[1]);
    type = bpf_htons(ETH_P_IPV6);
  }
  const __u32 ports = *(const __u32 *)&entry->source_port;
  const __u32 check =
      sum_fold(to->payload_sum + address_sum + ports + bpf_htons(IPPROTO_UDP) + 2 * (__u64)udp_size) ^ 0xffff;
  *(__u32 *)udp = ports;
  udp->len = udp_size;
  // No checksum stays none (IPv4, RFC 768), so one that is 0 is sent as its other form.
  udp->check = frame->checksum == 0 ? 0 : check ? check : 0xffff;
  const struct interface *way = &image.interfaces[place];
  *(__u32 *)data = to->next_hop;
  *(__u16 *)(data + 4) = to->next_hop >> 32;
  *(__u32 *)(data + 6) = *(const __u32 *)way->mac;
  *(__u16 *)(data + 10) = *(const __u16 *)(way->mac + 4);
  *(__u16 *)(data + 12) = type;
  if (way->index == ctx->ingress_ifindex) return send(XDP_TX);
  return send(bpf_redirect_map(&interfaces, place, 0));
}
