// Makes the frame that leaves. All that can fail without a trace is behind it.
#pragma once

/// The checksum of UDP, from the one that came and the old and new headers. `udp` is the header that came.
static __always_inline __u16 udp_checksum(
    const struct packet *packet, const struct udphdr *udp, __u16 check, __u64 old_addresses, __u64 new_addresses,
    __u32 new_ports) {
  // The payload's sum: the checksum that came, less its headers and what was cut off. Each byte that is left moves by the bytes cut
  // off in front of it.
  __u64 sum = (__u16)~check + SUM_ZERO - old_addresses - *(const __u32 *)udp - bpf_htons(IPPROTO_UDP) - 2 * (__u64)udp->len -
              packet->cut;
  sum <<= (packet->front & 1) * 8;
  sum += new_addresses + new_ports + bpf_htons(IPPROTO_UDP) + 2 * (__u64)bpf_htons(sizeof(struct udphdr) + packet->size);
  const __u16 new_check = ~sum_fold(sum);
  // No checksum stays none (IPv4, RFC 768), so one that is 0 is sent as its other form.
  return check == 0 ? 0 : new_check ? new_check : 0xffff;
}

/// The checksum that came, or in full where it may be only the pseudo header's sum.
static __always_inline __u16 trusted_checksum(const struct packet *packet, const struct udphdr *udp, __u64 addresses) {
  if (!image.full_checksums || udp->check == 0) return udp->check;
  const __u32 size = bpf_ntohs(udp->len) - sizeof *udp;
  return ~sum_fold(
      sum_payload((const __u8 *)(udp + 1), packet->end, size) + addresses + *(const __u32 *)udp + bpf_htons(IPPROTO_UDP) +
      2 * (__u64)udp->len);
}

/// Atomic, since a session's packets may come on several processors. On one it costs 1 ns.
static __always_inline void note(struct route_entry *entry, __u32 size) {
  __sync_fetch_and_add(&entry->packets, 1);
  __sync_fetch_and_add(&entry->bytes, size);
}

static __always_inline void write_udp(void *udp, __u32 ports, __u32 size, __u16 check) {
  ((__u32 *)udp)[0] = ports;
  ((__u16 *)udp)[2] = bpf_htons(sizeof(struct udphdr) + size);
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
  return image.interfaces[1].index ? next_hop >> 48 & (CHAIN_INTERFACES - 1) : 0;
}

static __always_inline __u32 leave(struct xdp_md *ctx, __u64 place) {
  if (image.interfaces[place].index == ctx->ingress_ifindex) return XDP_TX;
  return bpf_redirect_map(&interfaces, place, 0);
}

/// Within a family: in its place, as far as nothing was cut off in front.
static __always_inline struct outcome write_same(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, int v4) {
  const __u32 headers = v4 ? V4_HEADERS : V6_HEADERS, front = packet->front, size = packet->size;
  const __u64 next_hop = entry->next_hop, place = interface_place(next_hop);
  const void *end = packet->end;
  const void *old = (void *)(long)ctx->data;
  void *data = (void *)old + front;
  if (unlikely(front > MAXIMUM_PAYLOAD || old + headers > opaque(end) ||
               (!image.fixed_front && data + headers > opaque(end))))
    return hand_over(HAND_OVER_LENGTH);
  long surplus = opaque(end) - opaque(data);
  asm volatile("" : "+r"(surplus));
  surplus -= headers + size;

  const __u32 ports = *(const __u32 *)&entry->source_port;
  if (v4) {
    const struct iphdr *ip = old + sizeof(struct ethhdr);
    if (unlikely(ip->ttl <= 1)) return hand_over(HAND_OVER_TTL);
    const __u32 source = *(const __u32 *)(entry->source + 12), destination = *(const __u32 *)(entry->destination + 12);
    const __u64 old_addresses = (__u64)ip->saddr + ip->daddr, new_addresses = (__u64)source + destination;
    const struct udphdr *udp = (const struct udphdr *)(ip + 1);
    const __u16 check = udp_checksum(
        packet, udp, trusted_checksum(packet, udp, old_addresses), old_addresses, new_addresses, ports);
    const __u32 total = bpf_htons(V4_HEADERS - sizeof(struct ethhdr) + size), id = *(const __u32 *)&ip->id;
    const __u16 start = *(const __u16 *)ip;
    // From the checksum that came, so that a header that was damaged on its way stays recognisable as such.
    const __u64 sum = (__u16)~ip->check + SUM_ZERO + new_addresses - old_addresses + total - ip->tot_len - bpf_htons(0x100);
    const __u8 ttl = ip->ttl - 1;
    note(entry, size);
    struct iphdr *out = data + sizeof(struct ethhdr);
    // In its place the rest of the header stays as it is.
    if (!image.fixed_front) {
      ((__u16 *)out)[0] = start;
      *(__u32 *)&out->id = id;
      out->protocol = IPPROTO_UDP;
    }
    out->tot_len = total;
    out->ttl = ttl;
    out->check = ~sum_fold(sum);
    out->saddr = source;
    out->daddr = destination;
    write_udp(out + 1, ports, size, check);
  } else {
    const struct ipv6hdr *ip = old + sizeof(struct ethhdr);
    if (unlikely(ip->hop_limit <= 1)) return hand_over(HAND_OVER_TTL);
    // IPv6 needs a checksum.
    const struct udphdr *udp = (const struct udphdr *)(ip + 1);
    if (unlikely(udp->check == 0)) return hand_over(HAND_OVER_NO_CHECKSUM);
    const __u64 *addresses = (const __u64 *)entry->source;
    const __u64 old_addresses = sum_words((const __u64 *)&ip->saddr);
    const __u16 check = udp_checksum(
        packet, udp, trusted_checksum(packet, udp, old_addresses), old_addresses, sum_words(addresses), ports);
    const __u32 first = *(const __u32 *)ip & bpf_htonl(0xfff00000);
    const __u8 hop_limit = ip->hop_limit - 1;
    note(entry, size);
    struct ipv6hdr *out = data + sizeof(struct ethhdr);
    *(__u32 *)out = first;
    out->payload_len = bpf_htons(sizeof(struct udphdr) + size);
    out->nexthdr = IPPROTO_UDP;
    out->hop_limit = hop_limit;
    __u64 *to_addresses = (__u64 *)&out->saddr;
    to_addresses[0] = addresses[0];
    to_addresses[1] = addresses[1];
    to_addresses[2] = addresses[2];
    to_addresses[3] = addresses[3];
    write_udp(out + 1, ports, size, check);
  }
  write_ethernet(data, next_hop, &image.interfaces[place], v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
  if (surplus != 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return aborted();
  if (unlikely(front != 0) && unlikely(bpf_xdp_adjust_head(ctx, front))) return aborted();
  return send(leave(ctx, place));
}

/// From one family to the other: the frame gets its new size first.
static __always_inline struct outcome write_translated(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, int v4) {
  const __u32 headers = v4 ? V4_HEADERS : V6_HEADERS, old_headers = v4 ? V6_HEADERS : V4_HEADERS;
  const __u32 size = packet->size;
  const __u64 next_hop = entry->next_hop, place = interface_place(next_hop);
  const void *old = (void *)(long)ctx->data + sizeof(struct ethhdr);
  if (unlikely((void *)(long)ctx->data + old_headers > (void *)(long)ctx->data_end))
    return hand_over(HAND_OVER_LENGTH);

  const __u32 ports = *(const __u32 *)&entry->source_port;
  const __u64 *addresses = (const __u64 *)entry->source;
  __u64 old_addresses, new_addresses;
  __u32 tos, ttl;
  if (v4) {
    const struct ipv6hdr *ip = old;
    tos = bpf_ntohl(*(const __u32 *)ip) >> 20;
    ttl = ip->hop_limit;
    old_addresses = sum_words((const __u64 *)&ip->saddr);
    new_addresses = (addresses[1] >> 32) + (addresses[3] >> 32);
  } else {
    const struct iphdr *ip = old;
    tos = ip->tos;
    ttl = ip->ttl;
    old_addresses = (__u64)ip->saddr + ip->daddr;
    new_addresses = sum_words(addresses);
  }
  if (unlikely(ttl <= 1)) return hand_over(HAND_OVER_TTL);
  // Without a checksum there is no sum to go on from, and IPv6 needs one.
  const struct udphdr *udp = old + (old_headers - sizeof(struct ethhdr) - sizeof(struct udphdr));
  if (unlikely(udp->check == 0)) return hand_over(HAND_OVER_NO_CHECKSUM);
  const __u16 check =
      udp_checksum(packet, udp, trusted_checksum(packet, udp, old_addresses), old_addresses, new_addresses, ports);

  // Nothing was written yet, so a frame without room in front goes to the sockets as it is.
  const int shift = (int)(old_headers + packet->front) - (int)headers;
  if (unlikely(shift != 0 && bpf_xdp_adjust_head(ctx, shift))) return hand_over(HAND_OVER_NO_HEADROOM);
  note(entry, size);
  // Behind the barrier the difference is taken in 64 bits, as the verifier wants it of pointers.
  long surplus = opaque((void *)(long)ctx->data_end) - opaque((void *)(long)ctx->data);
  asm volatile("" : "+r"(surplus));
  surplus -= headers + size;
  if (surplus != 0 && unlikely(bpf_xdp_adjust_tail(ctx, -(int)surplus))) return aborted();
  void *data = (void *)(long)ctx->data;
  if (unlikely(data + headers > (void *)(long)ctx->data_end)) return aborted();

  if (v4) {
    // A datagram that must not be fragmented needs no identification (RFC 6864).
    struct iphdr *ip = data + sizeof(struct ethhdr);
    const __u32 first = bpf_htonl(0x45000000 | (tos & 0xff) << 16 | (V4_HEADERS - sizeof(struct ethhdr) + size));
    const __u32 id = bpf_htonl(0x4000);
    const __u16 time = bpf_htons((ttl - 1) << 8 | IPPROTO_UDP);
    ((__u32 *)ip)[0] = first;
    ((__u32 *)ip)[1] = id;
    ((__u16 *)ip)[4] = time;
    ip->check = ~sum_fold((__u64)first + id + time + new_addresses);
    ip->saddr = addresses[1] >> 32;
    ip->daddr = addresses[3] >> 32;
    write_udp(ip + 1, ports, size, check);
  } else {
    struct ipv6hdr *ip = data + sizeof(struct ethhdr);
    __u64 *to_addresses = (__u64 *)&ip->saddr;
    *(__u32 *)ip = bpf_htonl(0x60000000 | (tos & 0xff) << 20);
    ip->payload_len = bpf_htons(sizeof(struct udphdr) + size);
    ip->nexthdr = IPPROTO_UDP;
    ip->hop_limit = ttl - 1;
    to_addresses[0] = addresses[0];
    to_addresses[1] = addresses[1];
    to_addresses[2] = addresses[2];
    to_addresses[3] = addresses[3];
    write_udp(ip + 1, ports, size, check);
  }
  write_ethernet(data, next_hop, &image.interfaces[place], v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
  return send(leave(ctx, place));
}
