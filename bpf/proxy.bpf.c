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
/// Tells the specialiser that few packets come here, by an instruction that does nothing and that no compiler writes. The specialiser
/// takes it out.
static __always_inline int rare(void) {
  __u64 mark = 0;
  asm volatile("%0 = %0" : "+r"(mark));
  return 1;
}
/// Keeps what is rare off the straight way through the program.
#define unlikely(condition) (__builtin_expect(!!(condition), 0) && rare())
#define likely(condition) (!unlikely(!(condition)))

/// Written by user space before the load, and frozen then. Not `const`, so that the compiler does not fold the empty image into the
/// program.
SEC(".rodata") struct image image = {};

#include "maps.h"
#include "counters.h"
#include "checksum.h"
#include "parse.h"
#include "services.h"
#include "chain.h"
#include "route.h"
#include "rewrite.h"
#include "move.h"

static __always_inline int is_listening_address(const struct frame *frame) {
#pragma unroll
  for (int i = 0; i < CHAIN_ADDRESSES; i++) {
    const __u64 *ours = (const __u64 *)image.addresses[i];
    if (frame->v4) {
      if (is_v4(ours) && (__u32)(ours[1] >> 32) == frame->v4_destination) return 1;
    } else if ((ours[0] | ours[1]) && ours[1] == frame->v6_destination[1] && ours[0] == frame->v6_destination[0]) {
      return 1;
    }
  }
  return 0;
}

/// Whether a session's way goes on over IPv4. The barrier keeps IPv6 off the straight way.
static __always_inline __u32 goes_to_v4(const struct route_entry *entry) {
  __u32 v4 = 1;
  if (unlikely(entry->next_hop & NEXT_HOP_V6)) {
    v4 = 0;
    asm volatile("" : "+r"(v4));
  }
  return v4;
}

/// What keeps the packet from going the way of the session, or 0. The last look before something changes.
static __always_inline int check_way(
    struct xdp_md *ctx, const struct frame *frame, const struct packet *packet, struct route_entry *entry, __u32 to_v4) {
  if (unlikely(hop_time() - entry->hop_time > image.hop_lifetime)) {
    const int cause = find_hop(ctx, entry);
    if (unlikely(cause)) return cause;
  }
  if (unlikely(headers_size(to_v4) - sizeof(struct ethhdr) + packet->size > entry->mtu)) return refuse(HAND_OVER_MTU);
  const __u32 ttl = frame->v4 ? v4_header(packet)->ttl : v6_header(packet)->hop_limit;
  if (unlikely(ttl <= 1)) return refuse(HAND_OVER_TTL);
  // IPv6 needs a checksum, and without one there is no sum to go on from.
  if (!(to_v4 & frame->v4) && unlikely(udp_header(packet)->check == 0)) return refuse(HAND_OVER_NO_CHECKSUM);
  return 0;
}

/// Writes what is left of the packet as it goes on. The verifier does not know the direction.
static __always_inline struct outcome forward(
    struct xdp_md *ctx, const struct packet *packet, struct route_entry *entry, const struct kept *kept, __u64 moves,
    __u32 to_v4, __u32 was_v4, __u32 direction) {
  if (moves)
    return to_v4 ? write_moved(ctx, packet, entry, kept, 1, was_v4, direction)
                 : write_moved(ctx, packet, entry, kept, 0, was_v4, direction);
  return to_v4 ? write_same(ctx, packet, entry, kept->check, 1, direction)
               : write_same(ctx, packet, entry, kept->check, 0, direction);
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

/// Whether the sockets refuse a packet for its source, which no session has: then its filters are not asked.
static __always_inline int is_refused_source(const struct session_key *session) {
  const __u8 *bytes = session->client;
  if (session->client_port == 0) return 1;
  if (!is_v4((const __u64 *)bytes)) {
    const __u64 *words = (const __u64 *)bytes;
    return bytes[0] == 0xff || (words[0] == 0 && (words[1] == 0 || words[1] == bpf_cpu_to_be64(1)));
  }
  const __u32 address = bpf_ntohl(v4_address(bytes));
  return address == 0 || address == 0xffffffff || address >> 28 == 0xe || address >> 24 == 127;
}

static __always_inline struct route_entry *find_reply(const struct frame *frame, const struct packet *packet) {
  struct reply_key key;
  _Static_assert(sizeof key == 36, "the look-up reads it as four words and the ports");
  __u64 *addresses = (__u64 *)&key;
  const __u64 *source = (const __u64 *)packet->session;
  addresses[0] = source[0];
  addresses[1] = source[1];
  if (frame->v4) {
    map_v4(addresses + 2, frame->v4_destination);
  } else {
    addresses[2] = frame->v6_destination[0];
    addresses[3] = frame->v6_destination[1];
  }
  *(__u32 *)&key.server_port = *(const __u32 *)udp_header(packet);
  return bpf_map_lookup_elem(&replies, &key);
}

static __always_inline struct outcome serve(struct xdp_md *ctx) {
  const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  // Not left open, since the compiler may look at it too early.
  struct frame frame = {};
  struct session_key session __attribute__((aligned(8)));
  struct value values[CHAIN_VALUES];
  struct packet packet = {.session = &session, .values = values};
  const int cause = parse_frame(data, end, &frame, &packet);
  if (unlikely(cause == NOT_OURS)) return leave_alone();
  if (unlikely(cause)) return is_listening_address(&frame) ? hand_over(cause) : leave_alone();

  const __u32 received = packet.size;
  // As an enum flow_direction, but where the verifier does not know it, it walks what both directions share once.
  __u32 direction = packet.front;
  __u32 filter = 0, result;
  struct route_entry *entry = 0;
  if (udp_header(&packet)->dest == image.port && is_listening_address(&frame)) {
    result = run_chain(image.read, 0, &packet, &filter);
    if (result == 0) {
      enum hand_over missing;
      entry = find_session(&packet, &missing);
      if (unlikely(!entry)) return hand_over(missing);
    }
  } else {
    entry = find_reply(&frame, &packet);
    if (!entry) return leave_alone();
    direction = packet.one;
    result = run_chain(image.write, 1, &packet, &filter);
  }
  if (unlikely(result == RUN_HAND_OVER)) return hand_over(HAND_OVER_FILTER);
  if (unlikely(result) && is_refused_source(packet.session)) return hand_over(HAND_OVER_SOURCE);

  __u32 to_v4 = 0;
  __u64 moves = 0;
  struct kept kept = {};
  if (likely(result == 0)) {
    to_v4 = goes_to_v4(entry);
    moves = (image.grows && !image.fixed_front) || unlikely(to_v4 != frame.v4);
    int missing = check_way(ctx, &frame, &packet, entry, to_v4);
    if (likely(!missing) && (moves || image.full_checksums))
      missing = make_checksum(ctx, &frame, &packet, entry, to_v4, &kept);
    if (likely(!missing) && moves) missing = make_room(ctx, &frame, &packet, to_v4, &kept);
    if (likely(!missing) && !moves && image.grows) missing = make_room_behind(ctx, &packet);
    if (unlikely(missing)) return missing == NOT_OURS ? aborted() : hand_over(missing);
  }
  // Nothing hands the packet over from here on.
  result = direction ? commit(image.write, &packet, result, &filter) : commit(image.read, &packet, result, &filter);
  if (unlikely(result)) {
    count_flow(direction, received, 0, 0);
    return drop(filter, result);
  }
  struct outcome outcome = forward(ctx, &packet, entry, &kept, moves, to_v4, frame.v4, direction);
  // The way out went away: the frame is written already, and nobody's any more.
  if (unlikely(outcome.verdict == XDP_ABORTED)) outcome = aborted();
  count_flow(direction, received, outcome.counter == 0, packet.size);
  return outcome;
}

SEC("xdp") int proxy(struct xdp_md *ctx) {
  const struct outcome outcome = serve(ctx);
  if (unlikely(outcome.counter)) count(outcome.counter);
  return outcome.verdict;
}

char _license[] SEC("license") = "GPL";
