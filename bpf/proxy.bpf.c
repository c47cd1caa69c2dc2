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

/// Written by user space before the load, and frozen then. Not `const`, so that the compiler does not fold the empty image into the
/// program.
SEC(".rodata") struct image image = {};

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
    if ((ours[0] | ours[1]) && ours[1] == address[1] && ours[0] == address[0]) return 1;
  }
  return 0;
}

/// The ones' complement sum of the payload that is left.
static __always_inline __u64 payload_sum(const struct frame *frame, const struct packet *packet) {
  if (image.full_checksums) return sum_payload(packet->datagram + sizeof(struct udphdr) + packet->front, packet->end, packet->size);
  // The checksum that came, less its headers and what was cut off.
  __u64 sum = (__u16)~frame->checksum + SUM_ZERO - frame->address_sum - frame->ports - bpf_htons(IPPROTO_UDP) -
              2 * (__u64)bpf_htons(sizeof(struct udphdr) + frame->payload_size) - packet->cut;
  // Each byte that is left moves by the bytes cut off in front of it.
  return sum << (packet->front & 1) * 8;
}

/// Sends what is left of the packet the way of the session.
static __always_inline struct outcome forward(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, struct route_entry *entry) {
  const __u32 v4 = is_v4((const __u64 *)entry->destination);
  if (frame->ttl <= 1) return hand_over(HAND_OVER_TTL);
  // Without a checksum there is no sum to go on from, and IPv6 needs one.
  if (frame->checksum == 0 && !(frame->v4 & v4)) return hand_over(HAND_OVER_NO_CHECKSUM);
  if (bpf_jiffies64() - entry->hop_time > image.hop_lifetime) {
    int cause = find_hop(ctx, entry);
    if (cause) return hand_over(cause);
  }
  if (headers(v4) - sizeof(struct ethhdr) + packet->size > entry->mtu) return hand_over(HAND_OVER_MTU);
  struct rewrite to = {
      .frame = frame, .entry = entry, .front = packet->front, .size = packet->size,
      .payload_sum = payload_sum(frame, packet), .next_hop = entry->next_hop, .v4 = v4};
  entry->packets += 1;
  entry->bytes += packet->size;
  return write_frame(ctx, &to);
}

/// The session of a packet from a client that the chain let through, or null with the cause.
static __always_inline struct route_entry *find_session(
    const struct frame *frame, const struct packet *packet, enum hand_over *cause) {
  *cause = HAND_OVER_DESTINATIONS;
  __u32 endpoint = packet->endpoint, destinations = packet->destinations;
  if (destinations == 0) {
    __u32 zero = 0;
    const struct default_route *only = bpf_map_lookup_elem(&defaults, &zero);
    if (!only) return 0;
    destinations = only->count;
    endpoint = only->endpoint;
  }
  if (destinations != 1) return 0;
  *cause = HAND_OVER_NO_SESSION;
  // Whole words, which the look-up can take over without waiting for several stores.
  __u64 key[3] = {frame->source[0], frame->source[1], (__u64)source_port(frame) << 32 | endpoint};
  _Static_assert(sizeof key == sizeof(struct session_key) && offsetof(struct session_key, client_port) == 20, "");
  return bpf_map_lookup_elem(&sessions, key);
}

static __always_inline struct route_entry *find_reply(const struct frame *frame) {
  struct reply_key key;
  __builtin_memcpy(key.server, frame->source, 16);
  __builtin_memcpy(key.proxy, frame->destination, 16);
  *(__u32 *)&key.server_port = frame->ports;
  return bpf_map_lookup_elem(&replies, &key);
}

static __always_inline struct outcome serve(struct xdp_md *ctx) {
  const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct frame frame;
  const int cause = parse_frame(data, end, &frame);
  if (cause == NOT_OURS) return leave_alone();
  if (cause) return is_listening_address(frame.destination) ? hand_over(cause) : leave_alone();

  struct packet packet;
  packet.datagram = data + (__u32)(headers(frame.v4) - sizeof(struct udphdr));
  packet.end = end;
  packet.cut = 0;
  packet.size = frame.payload_size;
  packet.front = 0;
  packet.endpoint = packet.destinations = 0;
  packet.source[0] = frame.source[0];
  packet.source[1] = frame.source[1];
  packet.source_port = source_port(&frame);
  // The tag of a value says whether there is one, so that the rest of it need not be cleared.
#pragma unroll
  for (int i = 0; i < CHAIN_VALUES; i++) packet.values[i].tag = 0;
  __u32 filter = 0, result;
  struct route_entry *entry;
  if (destination_port(&frame) == image.port && is_listening_address(frame.destination)) {
    result = run_chain(image.read, &packet, &filter);
    if (result == 0) {
      enum hand_over missing;
      entry = find_session(&frame, &packet, &missing);
      if (!entry) return hand_over(missing);
    }
  } else {
    entry = find_reply(&frame);
    if (!entry) return leave_alone();
    result = run_chain(image.write, &packet, &filter);
  }
  if (result == RUN_HAND_OVER) return hand_over(HAND_OVER_FILTER);
  if (result) return drop(filter, result);
  return forward(ctx, &frame, &packet, entry);
}

SEC("xdp") int proxy(struct xdp_md *ctx) {
  const struct outcome outcome = serve(ctx);
  if (outcome.counter) count(outcome.counter);
  return outcome.verdict;
}

char _license[] SEC("license") = "GPL";
