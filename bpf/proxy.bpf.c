// The generic program: runs whatever chain the image holds, on packets of sessions that the socket path made.
// All it reads, checks and looks up comes before its first write; what it cannot serve goes to the sockets unmodified.
#include <linux/bpf.h>
#include <linux/in.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "packet.h"
#include "reasons.h"

#define NOT_OURS (-1)
/// The largest payload that the kernel path reads, in bytes; `KernelPacket` has the same.
#define MAXIMUM_PAYLOAD 9216
/// How many bytes filters may cut off at one end of a payload.
#define MAXIMUM_CUT 64

const volatile struct image image = {};

#include "maps.h"
#include "counters.h"
#include "checksum.h"
#include "parse.h"
#include "chain.h"
#include "route.h"
#include "rewrite.h"

static __always_inline int is_listening_address(const __u64 address[2]) {
#pragma unroll
  for (int i = 0; i < CHAIN_ADDRESSES; i++) {
    const __u64 *ours = (const __u64 *)image.addresses[i];
    asm volatile("" : "+r"(ours));
    if ((ours[0] | ours[1]) && ours[0] == address[0] && ours[1] == address[1]) return 1;
  }
  return 0;
}

/// Sends what is left of the packet the way of the session.
static __always_inline int forward(
    struct xdp_md *ctx, const struct frame *frame, struct packet *packet, struct route_entry *entry) {
  const __u32 prefix = *(const __u32 *)(entry->destination + 8);
  int v4 = prefix == MAPPED_PREFIX && *(const __u64 *)entry->destination == 0;
  __u64 now = bpf_jiffies64();
  if (frame->ttl <= 1) return hand_over(HAND_OVER_TTL);
  if (now - entry->hop_time > image.hop_lifetime) {
    int cause = find_hop(ctx, entry, v4);
    if (cause) return hand_over(cause);
  }
  __u32 size = packet->size - packet->front - packet->back;
  __u32 l3_size = size + sizeof(struct udphdr) + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
  if (l3_size > entry->mtu) return hand_over(HAND_OVER_MTU);
  // Without a checksum there is no sum to go on from, and IPv6 needs one.
  int no_checksum = frame->v4 && frame->checksum == 0;
  if (no_checksum && !v4) return hand_over(HAND_OVER_NO_CHECKSUM);

  __u32 sum;
  if (image.full_checksums) {
    sum = sum_payload(packet->payload, packet->end, frame->payload_size);
  } else {
    // The checksum that came less its headers is the payload's sum.
    __u64 headers = sum_address(frame->source, frame->v4) + sum_address(frame->destination, frame->v4) +
                    bpf_htons(IPPROTO_UDP) + 2 * (__u64)bpf_htons(sizeof(struct udphdr) + frame->payload_size) +
                    frame->source_port + frame->destination_port;
    sum = sum_fold((__u64)(__u16)~frame->checksum + (__u16)~sum_fold(headers));
  }
  // Less what was cut off, each byte in the half of a word that it had; what is left moves by the bytes cut off in front.
  __u32 last = packet->size - packet->back;
  if (packet->front > MAXIMUM_CUT || packet->back > MAXIMUM_CUT || last > MAXIMUM_PAYLOAD) return hand_over(HAND_OVER_FILTER);
  __u32 cut_back = sum_fold(sum_bytes(packet->payload + last, packet->end, packet->back));
  if (last & 1) cut_back = sum_swap(cut_back);
  __u64 cut = sum_bytes(packet->payload, packet->end, packet->front) + cut_back;
  sum = sum_fold((__u64)sum + (__u16)~sum_fold(cut));
  if (packet->front & 1) sum = sum_swap(sum);

  entry->packets += 1;
  entry->bytes += size;
  struct rewrite to = {
      .frame = frame, .entry = entry, .front = packet->front, .size = size, .payload_sum = sum,
      .next_hop = entry->next_hop, .v4 = v4, .no_checksum = no_checksum};
  return write_frame(ctx, &to);
}

/// The session of a packet from a client that the chain let through, or null with the cause.
static __always_inline struct route_entry *find_session(
    const struct frame *frame, struct packet *packet, enum hand_over *cause) {
  *cause = HAND_OVER_DESTINATIONS;
  if (packet->destinations == 0) {
    __u32 zero = 0;
    const struct default_route *only = bpf_map_lookup_elem(&defaults, &zero);
    if (!only) return 0;
    packet->destinations = only->count;
    packet->endpoint = only->endpoint;
  }
  if (packet->destinations != 1) return 0;
  *cause = HAND_OVER_NO_SESSION;
  struct session_key key = {.endpoint = packet->endpoint, .client_port = frame->source_port};
  __builtin_memcpy(key.client, frame->source, 16);
  return bpf_map_lookup_elem(&sessions, &key);
}

SEC("xdp") int proxy(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  const void *end = (void *)(long)ctx->data_end;
  struct frame frame = {};
  int cause = parse_frame(data, end, &frame);
  if (cause == NOT_OURS) return XDP_PASS;
  struct route_entry *entry = 0;
  int is_read = 0;
  if (cause == 0) {
    is_read = frame.destination_port == image.port && is_listening_address(frame.destination);
    if (!is_read) {
      struct reply_key key = {.server_port = frame.source_port, .proxy_port = frame.destination_port};
      __builtin_memcpy(key.server, frame.source, 16);
      __builtin_memcpy(key.proxy, frame.destination, 16);
      entry = bpf_map_lookup_elem(&replies, &key);
      if (!entry) return XDP_PASS;
    }
  } else {
    return is_listening_address(frame.destination) ? hand_over(cause) : XDP_PASS;
  }

  struct packet packet = {
      .payload = data + sizeof(struct ethhdr) + sizeof(struct udphdr) +
                 (frame.v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)),
      .end = end,
      .size = frame.payload_size,
      .source_port = bpf_ntohs(frame.source_port),
      .source = {bpf_be64_to_cpu(frame.source[0]), bpf_be64_to_cpu(frame.source[1])},
  };
  __u32 filter = 0;
  __u32 result = run_chain(is_read ? image.read : image.write, &packet, &filter);
  if (result == RUN_HAND_OVER) return hand_over(HAND_OVER_FILTER);
  if (result) return drop(filter, result);
  if (is_read) {
    enum hand_over missing;
    entry = find_session(&frame, &packet, &missing);
    if (!entry) return hand_over(missing);
  }
  return forward(ctx, &frame, &packet, entry);
}

char _license[] SEC("license") = "GPL";
