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
/// Keeps what is rare off the straight way through the program.
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define likely(condition) __builtin_expect(!!(condition), 1)

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

/// Sends what is left of the packet the way of the session.
static __always_inline struct outcome forward(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, struct route_entry *entry) {
  if (unlikely(bpf_jiffies64() - entry->hop_time > image.hop_lifetime)) {
    const int cause = find_hop(ctx, entry);
    if (unlikely(cause)) return hand_over(cause);
  }
  if (is_v4((const __u64 *)entry->destination)) {
    if (unlikely(V4_HEADERS - sizeof(struct ethhdr) + packet->size > entry->mtu)) return hand_over(HAND_OVER_MTU);
    return likely(frame->v4) ? write_same(ctx, packet, entry, 1) : write_translated(ctx, packet, entry, 1);
  }
  if (unlikely(V6_HEADERS - sizeof(struct ethhdr) + packet->size > entry->mtu)) return hand_over(HAND_OVER_MTU);
  return unlikely(frame->v4) ? write_translated(ctx, packet, entry, 0) : write_same(ctx, packet, entry, 0);
}

/// The session of a packet from a client that the chain let through, or null with the cause.
static __always_inline struct route_entry *find_session(struct packet *packet, enum hand_over *cause) {
  *cause = HAND_OVER_DESTINATIONS;
  __u32 destinations = packet->destinations, endpoint = packet->endpoint;
  if (unlikely(destinations == 0)) {
    __u32 zero = 0;
    const struct default_route *only = bpf_map_lookup_elem(&defaults, &zero);
    if (!only) return 0;
    destinations = only->count;
    endpoint = only->endpoint;
  }
  if (unlikely(destinations != 1)) return 0;
  *cause = HAND_OVER_NO_SESSION;
  packet->session->endpoint = endpoint;
  return bpf_map_lookup_elem(&sessions, packet->session);
}

static __always_inline struct route_entry *find_reply(const struct frame *frame, const struct packet *packet) {
  struct reply_key key;
  _Static_assert(sizeof key == 36, "the look-up reads it as four words and the ports");
  __u64 *addresses = (__u64 *)&key;
  const __u64 *source = (const __u64 *)packet->session;
  addresses[0] = source[0];
  addresses[1] = source[1];
  addresses[2] = frame->destination[0];
  addresses[3] = frame->destination[1];
  *(__u32 *)&key.server_port = frame->ports;
  return bpf_map_lookup_elem(&replies, &key);
}

static __always_inline struct outcome serve(struct xdp_md *ctx, __u64 *passed) {
  const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  // Not left open, since the compiler may look at it too early.
  struct frame frame = {};
  struct session_key session __attribute__((aligned(8)));
  struct value values[CHAIN_VALUES];
  struct packet packet = {.session = &session, .values = values};
  const int cause = parse_frame(data, end, &frame, &packet);
  if (unlikely(cause == NOT_OURS)) return leave_alone();
  if (unlikely(cause)) return is_listening_address(frame.destination) ? hand_over(cause) : leave_alone();

  *passed = frame.zero;
  __u32 filter = 0, result;
  struct route_entry *entry;
  if (destination_port(frame.ports) == image.port && is_listening_address(frame.destination)) {
    result = run_chain(image.read, &packet, &filter, passed);
    if (result == 0) {
      enum hand_over missing;
      entry = find_session(&packet, &missing);
      if (unlikely(!entry)) return hand_over(missing);
    }
  } else {
    entry = find_reply(&frame, &packet);
    if (!entry) return leave_alone();
    result = run_chain(image.write, &packet, &filter, passed);
  }
  if (unlikely(result == RUN_HAND_OVER)) return hand_over(HAND_OVER_FILTER);
  if (unlikely(result)) return drop(filter, result);
  return forward(ctx, &frame, &packet, entry);
}

SEC("xdp") int proxy(struct xdp_md *ctx) {
  __u64 passed = 0;
  const struct outcome outcome = serve(ctx, &passed);
  if (unlikely(outcome.counter)) count(outcome.counter);
  if (likely(outcome.verdict != XDP_PASS)) count_passed(passed);
  return outcome.verdict;
}

char _license[] SEC("license") = "GPL";
