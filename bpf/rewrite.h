// Makes the frame that leaves: one place that writes, behind all that can fail without a trace.
#pragma once

/// What the new headers say.
struct rewrite {
  const struct frame *frame;
  const struct route_entry *entry;
  __u32 front;
  __u32 size;
  /// The ones' complement sum of the payload that is left.
  __u32 payload_sum;
  __u64 next_hop;
  __u8 v4;
  /// Keep "no checksum" (IPv4, RFC 768).
  __u8 no_checksum;
};

static __always_inline int write_frame(struct xdp_md *ctx, const struct rewrite *to) {
  const __u32 header = sizeof(struct ethhdr) + (to->v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + sizeof(struct udphdr);
  const __u32 old_header =
      sizeof(struct ethhdr) + (to->frame->v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + sizeof(struct udphdr);
  int shift = (int)(old_header + to->front) - (int)header;
  // Nothing was written yet, so a frame without room in front goes to the sockets as it is.
  if (shift != 0 && bpf_xdp_adjust_head(ctx, shift)) return hand_over(HAND_OVER_NO_HEADROOM);
  // Behind the barrier the difference is taken in 64 bits, as the verifier wants it of pointers.
  const void *start = packet_opaque((void *)(long)ctx->data), *stop = packet_opaque((void *)(long)ctx->data_end);
  long surplus = (stop - start) - (long)(header + to->size);
  if (surplus != 0 && bpf_xdp_adjust_tail(ctx, -(int)surplus)) {
    count(HAND_OVER_ABORTED);
    return XDP_DROP;
  }
  void *data = (void *)(long)ctx->data;
  const void *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  __u64 place = to->next_hop >> 48;
  if (place >= CHAIN_INTERFACES || (void *)(eth + 1) > end) goto aborted;

  __u16 udp_size = bpf_htons(sizeof(struct udphdr) + to->size);
  __u64 source[2], destination[2];
  __builtin_memcpy(source, to->entry->source, 16);
  __builtin_memcpy(destination, to->entry->destination, 16);
  __u64 sum = to->payload_sum + sum_address(source, to->v4) + sum_address(destination, to->v4) + bpf_htons(IPPROTO_UDP) +
              2 * (__u64)udp_size + to->entry->source_port + to->entry->destination_port;
  __u16 check = ~sum_fold(sum);
  struct udphdr *udp;
  if (to->v4) {
    struct iphdr *ip = (void *)(eth + 1);
    udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) goto aborted;
    // The identification stays where there was one; a datagram that must not be fragmented needs none (RFC 6864).
    __u64 words[2];
    __u16 total = bpf_htons(sizeof *ip + sizeof *udp + to->size);
    if (!to->frame->v4) {
      ip->id = 0;
      ip->frag_off = bpf_htons(0x4000);
    } else if (shift != 0) {
      ip->id = to->frame->id;
      ip->frag_off = to->frame->frag_off;
    }
    ip->version = 4;
    ip->ihl = 5;
    ip->tos = to->frame->tos;
    ip->tot_len = total;
    ip->ttl = to->frame->ttl - 1;
    ip->protocol = IPPROTO_UDP;
    ip->check = 0;
    ip->saddr = source[1] >> 32;
    ip->daddr = destination[1] >> 32;
    __builtin_memcpy(words, ip, 16);
    ip->check = ~sum_fold(sum_word(words[0]) + sum_word(words[1]) + ip->daddr);
  } else {
    struct ipv6hdr *ip = (void *)(eth + 1);
    udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end) goto aborted;
    *(__u32 *)ip = bpf_htonl(0x60000000 | (__u32)to->frame->tos << 20);
    ip->payload_len = udp_size;
    ip->nexthdr = IPPROTO_UDP;
    ip->hop_limit = to->frame->ttl - 1;
    __builtin_memcpy(&ip->saddr, source, 16);
    __builtin_memcpy(&ip->daddr, destination, 16);
  }
  udp->source = to->entry->source_port;
  udp->dest = to->entry->destination_port;
  udp->len = udp_size;
  udp->check = to->no_checksum ? 0 : check ? check : 0xffff;
  __builtin_memcpy(eth->h_dest, &to->next_hop, 6);
  __builtin_memcpy(eth->h_source, (const void *)image.interfaces[place].mac, 6);
  eth->h_proto = to->v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
  if (image.interfaces[place].index == ctx->ingress_ifindex) return XDP_TX;
  return bpf_redirect_map(&interfaces, place, 0);

aborted:
  count(HAND_OVER_ABORTED);
  return XDP_DROP;
}
