// What somebody would write for one chain who knows it and has IPv4 alone. The chain is chosen by definitions, which are said at the
// pieces. The duties are those of the generic program: the same strictness, own addresses, the same maps, freshness of the next hop,
// incremental checksums, TTL, counters, hand-overs, effects that come last. Everything that is known beforehand is a constant.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"
#include "reasons.h"
#include "../../bpf/maps.h"
#include "../../bpf/counters.h"
#include "../../bpf/checksum.h"

#define PROXY_PORT bpf_htons(7777)
#define PROXY_ADDRESS bpf_htonl(0x0a000001)
#define MAPPED bpf_htonl(0xffff)
#define HOP_LIFETIME (~0ull >> 1)
#define AF_INET 2
/// The first cell of the chain's state.
#define STATE 1
#define PASS(cause) do { count(HAND_OVER_##cause); return XDP_PASS; } while (0)
#define DROP(filter, reason)                                               \
  do {                                                                     \
    count(HAND_OVER_COUNT + (filter) * DROP_REASON_COUNT + DROP_##reason); \
    count_flow(FLOW_READ, received, 0, 0);                                 \
    return XDP_DROP;                                                       \
  } while (0)
#define ABORT do { count(HAND_OVER_ABORTED); return XDP_DROP; } while (0)
#define IS_OUTSIDE(start, size) ((const __u8 *)(start) + (size) > (const __u8 *)opaque(end))

// Where the headers were, and where they go, from the start of the frame on.
#ifdef PREFIX
#define NEW 8
#else
#define NEW 0
#endif
#ifdef PREPEND
#define OLD 8
#else
#define OLD 0
#endif
#if defined(APPEND) || defined(PREPEND)
#define GROWTH 8
#define ADDED 0x3837363534333231ull
#else
#define GROWTH 0
#endif

static __always_inline int find_hop(struct xdp_md *ctx, struct route_entry *entry, __u32 source, __u32 destination) {
  struct bpf_fib_lookup fib = {.ifindex = 1, .family = AF_INET, .l4_protocol = IPPROTO_UDP};
  fib.sport = entry->source_port;
  fib.dport = entry->destination_port;
  fib.ipv4_src = source;
  fib.ipv4_dst = destination;
  int result = bpf_fib_lookup(ctx, &fib, sizeof fib, 0);
  if (result == BPF_FIB_LKUP_RET_NO_NEIGH) return HAND_OVER_NO_NEIGHBOUR;
  if (result != BPF_FIB_LKUP_RET_SUCCESS || fib.ifindex != 1) return HAND_OVER_NO_ROUTE;
  __u64 hop = 0;
  __builtin_memcpy(&hop, fib.dmac, 6);
  entry->next_hop = hop;
  entry->mtu = fib.mtu_result;
  entry->hop_time = bpf_jiffies64();
  entry->last_seen = bpf_ktime_get_ns();
  return 0;
}

/// Without what the compiler knows of it, which it would use in a way that the verifier does not see through.
static __always_inline __u32 opaque_size(__u32 size) {
  asm volatile("" : "+r"(size));
  return size;
}

static __always_inline struct token_entry *find_token(__u64 first, __u64 second, __u32 size) {
  const struct token_key key = {.tag = 3ull << 32 | size, .words = {first, second}};
  return bpf_map_lookup_elem(&tokens, &key);
}

static __always_inline __u64 mix(__u64 w) {
  w = (w ^ (w >> 33)) * 0xff51afd7ed558ccd;
  w = (w ^ (w >> 33)) * 0xc4ceb9fe1a85ec53;
  return w ^ (w >> 33);
}

#ifdef RING_ROOM
static __always_inline __u32 find_on_ring(__u64 word, __u64 hash) {
  const __u32 list = (word >> BALANCE_LIST_BIT & 1) * RING_ROOM;
  __u32 at = list + (__u32)(hash >> (word >> BALANCE_SHIFT_BIT & 63));
  const struct ring_entry *entry = bpf_map_lookup_elem(&ring, &at);
  if (!entry) return NO_ENDPOINT;
  at = list + entry->first;
  for (int step = 0; step < RING_STEPS; step++) {
    entry = bpf_map_lookup_elem(&ring, &at);
    if (!entry) return NO_ENDPOINT;
    if (entry->place >= hash) return entry->endpoint;
    at++;
  }
  return NO_ENDPOINT;
}
#endif

SEC("xdp") int proxy(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct iphdr *ip = data + sizeof(struct ethhdr);
  struct udphdr *udp = (void *)(ip + 1);
  const __u8 *payload = (void *)(udp + 1);
  if ((void *)payload > end) return XDP_PASS;
  if (*(__u16 *)(data + 12) != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP) return XDP_PASS;
  if (ip->daddr != PROXY_ADDRESS || udp->dest != PROXY_PORT) return XDP_PASS;
  if (*(__u8 *)ip != 0x45) PASS(IP_OPTIONS);
  if (*(__u32 *)&ip->id & bpf_htonl(0x3fff)) PASS(FRAGMENT);
  const __u32 datagram = bpf_ntohs(udp->len), received = datagram - sizeof *udp;
  if (bpf_ntohs(ip->tot_len) != sizeof *ip + datagram || datagram < sizeof *udp || received > MAXIMUM_PAYLOAD ||
      IS_OUTSIDE(payload, received))
    PASS(LENGTH);
  // What is left of the payload, and the sum of what was cut off.
  __u32 left = received;
  __u64 cut = 0;
  const __u32 client = ip->saddr;
  const __u16 client_port = udp->source;
#if defined(TOKEN) || defined(GAME) || defined(SWITCH)
  struct token_entry *chosen = 0;
#endif

#ifdef FEW_RULES
  // Not 10.9.0.0/16, not from ports below 1024, all else of 10.0.0.0/8.
  if (bpf_ntohl(client) >> 16 == 0x0a09) DROP(0, FIREWALL_DENIED);
  if (bpf_ntohs(client_port) < 1024) DROP(0, FIREWALL_DENIED);
  if (bpf_ntohl(client) >> 24 != 10) DROP(0, FIREWALL_DENIED);
#endif
#ifdef MANY_RULES
  struct prefix_key network = {.length = 32 + 128, .table = 0};
  ((__u32 *)network.address)[2] = MAPPED;
  ((__u32 *)network.address)[3] = client;
  const __u32 *answer = bpf_map_lookup_elem(&prefixes, &network);
  if (!answer || *answer != PREFIX_ALLOWS) DROP(0, FIREWALL_DENIED);
#endif
#ifdef SIZE_LIMIT
  if (left > 1200) DROP(SIZE_LIMIT, PACKET_SIZE);
#endif
#ifdef LIMIT
  struct cell_key window_key = {.state = STATE, .port = client_port};
  ((__u32 *)window_key.address)[2] = MAPPED;
  ((__u32 *)window_key.address)[3] = client;
  const __u32 *window_place = bpf_map_lookup_elem(&cell_places, &window_key);
  if (!window_place) PASS(FILTER);
  struct cell *window = bpf_map_lookup_elem(&cells, window_place);
  if (!window) PASS(FILTER);
  if (*(volatile __u64 *)&window->second >= 1000000000 &&
      (__s64)(bpf_ktime_get_coarse_ns() - *(volatile __u64 *)&window->first) < 1000000000)
    DROP(LIMIT, RATE_LIMITED);
#endif
#ifdef PREFIX
  if (left < 8) DROP(0, CAPTURE_NO_VALUE);
  if (IS_OUTSIDE(payload, 8)) PASS(LENGTH);
  cut = sum_word(*(const __u64 *)payload);
  left -= 8;
#endif
#if defined(SUFFIX) || defined(TIMESTAMP)
  if (left < 8) DROP(0, CAPTURE_NO_VALUE);
  const __u32 before = left - 8;
  if (before > MAXIMUM_PAYLOAD || IS_OUTSIDE(payload + before, 8)) PASS(LENGTH);
  const __u64 suffix = *(const __u64 *)(payload + before);
#ifdef SUFFIX
  cut = sum_word(suffix) << (before & 1) * 8;
  left = before;
#endif
#endif
#ifdef VERSION
  // A last byte that is 1 is cut off.
  if (left < 1) DROP(0, CAPTURE_NO_VALUE);
  left -= 1;
  if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(payload + left, 1)) PASS(LENGTH);
  if (payload[left] != 1) {
    count(FIRST_FILTER_COUNTER + 2);
    DROP(2, DROPPED);
  }
  cut = (__u64)payload[left] << (left & 1) * 8;
#endif
#ifdef TOKEN
  // The last 16 bytes.
  if (left < 16) DROP(0, CAPTURE_NO_VALUE);
  left -= 16;
  const __u64 *token = (const __u64 *)(payload + left);
  if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(token, 16)) PASS(LENGTH);
  cut = (sum_word(token[0]) + sum_word(token[1])) << (left & 1) * 8;
  chosen = find_token(token[0], token[1], 16);
  if (!chosen) DROP(1, TOKEN_UNKNOWN);
#endif
#ifdef GAME
  // A last byte that is 1, and 16 bytes of a token in front of it.
  if (received < 1) DROP(0, CAPTURE_NO_VALUE);
  left = received - 17;
  if (received < 17) {
    const __u8 *version = payload + (received - 1);
    if (IS_OUTSIDE(version, 1)) PASS(LENGTH);
    count(FIRST_FILTER_COUNTER + (*version == 1 ? 1 : 2));
    if (*version != 1) DROP(2, DROPPED);
    DROP(3, CAPTURE_NO_VALUE);
  }
  const __u8 *token = payload + left;
  if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(token, 17)) PASS(LENGTH);
  if (token[16] != 1) {
    count(FIRST_FILTER_COUNTER + 2);
    DROP(2, DROPPED);
  }
  const __u64 words[2] = {((const __u64 *)token)[0], ((const __u64 *)token)[1]};
  cut = (sum_word(words[0]) + sum_word(words[1]) + token[16]) << (left & 1) * 8;
  chosen = find_token(words[0], words[1], 16);
  if (!chosen) {
    count(FIRST_FILTER_COUNTER + 1);
    DROP(4, TOKEN_UNKNOWN);
  }
#endif
#ifdef SWITCH
  // By the last byte: 16 bytes of a token in front of it, or 8.
  if (received < 1) DROP(0, CAPTURE_NO_VALUE);
  const __u8 *version_place = payload + (received - 1);
  if (IS_OUTSIDE(version_place, 1)) PASS(LENGTH);
  const __u8 version = *version_place;
  if (version == 1) {
    if (received < 17) DROP(2, CAPTURE_NO_VALUE);
    left = opaque_size(received) - 17;
    const __u64 *token = (const __u64 *)(payload + left);
    if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(token, 17)) PASS(LENGTH);
    cut = (sum_word(token[0]) + sum_word(token[1]) + version) << (left & 1) * 8;
    chosen = find_token(token[0], token[1], 16);
  } else if (version == 2) {
    if (received < 9) DROP(3, CAPTURE_NO_VALUE);
    left = opaque_size(received) - 9;
    const __u64 *token = (const __u64 *)(payload + left);
    if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(token, 9)) PASS(LENGTH);
    cut = (sum_word(token[0]) + version) << (left & 1) * 8;
    chosen = find_token(token[0], 0, 8);
  } else {
    count(FIRST_FILTER_COUNTER + 3);
    DROP(4, DROPPED);
  }
  if (!chosen) {
    count(FIRST_FILTER_COUNTER + version);
    DROP(5, TOKEN_UNKNOWN);
  }
#endif

  // Where it goes.
  __u32 zero __attribute__((unused)) = 0;
#if defined(TOKEN) || defined(GAME) || defined(SWITCH)
  if (chosen->count != 1) PASS(DESTINATIONS);
  const __u32 endpoint = chosen->endpoint;
#elif defined(BALANCE)
  const __u64 *choice = bpf_map_lookup_elem(&balance, &zero);
  if (!choice) PASS(FILTER);
  const __u64 word = *(volatile const __u64 *)choice, endpoint_count = word & ((1 << BALANCE_COUNT_BITS) - 1);
  if (!endpoint_count) DROP(BALANCE_FILTER, NO_ENDPOINTS);
  const __u64 low_address __attribute__((unused)) = 0xffff00000000ull | bpf_ntohl(client);
#if BALANCE < 2
  __u32 state = STATE;
  struct cell *turns = bpf_map_lookup_elem(&cells, &state);
  if (!turns) PASS(FILTER);
#endif
#if BALANCE == 3
  const __u32 endpoint = find_on_ring(word, mix(low_address));
#else
#if BALANCE == 0
  const __u64 chosen_place = turns->first % endpoint_count;
#elif BALANCE == 1
  const __u64 chosen_place = (mix(turns->second + turns->first) >> 32) * endpoint_count >> 32;
#else
  const __u64 chosen_place = mix(mix(low_address) + bpf_ntohs(client_port)) % endpoint_count;
#endif
  __u32 index = (word >> BALANCE_LIST_BIT & 1) * ENDPOINT_ROOM + chosen_place;
  const __u32 *number = bpf_map_lookup_elem(&endpoints, &index);
  if (!number) PASS(DESTINATIONS);
  const __u32 endpoint = *number;
#endif
#else
  const struct default_route *only = bpf_map_lookup_elem(&defaults, &zero);
  if (!only || only->count != 1) PASS(DESTINATIONS);
  const __u32 endpoint = only->endpoint;
#endif
  const __u64 session[3] = {0, (__u64)client << 32 | MAPPED, (__u64)client_port << 32 | endpoint};
  struct route_entry *entry = bpf_map_lookup_elem(&sessions, session);
  if (!entry) PASS(NO_SESSION);

  const __u32 source = *(__u32 *)(entry->source + 12), destination = *(__u32 *)(entry->destination + 12);
  if (ip->ttl <= 1) PASS(TTL);
  if (bpf_jiffies64() - entry->hop_time > HOP_LIFETIME) {
    int cause = find_hop(ctx, entry, source, destination);
    if (cause) {
      count(cause);
      return XDP_PASS;
    }
  }
  const __u32 sent = left + GROWTH, total = sizeof *ip + sizeof *udp + sent;
  if (total > entry->mtu) PASS(MTU);
  // Behind the payload: what was cut off there, and the padding of a short frame.
  long surplus = (const __u8 *)opaque(end) - (const __u8 *)opaque(payload);
  asm volatile("" : "+r"(surplus));
  surplus -= left;
#if GROWTH
#ifdef APPEND
  if (bpf_xdp_adjust_tail(ctx, 8 - (int)surplus)) PASS(NO_TAILROOM);
#else
  if (surplus && bpf_xdp_adjust_tail(ctx, -(int)surplus)) PASS(NO_TAILROOM);
  if (bpf_xdp_adjust_head(ctx, -8)) {
    if (surplus) ABORT;
    PASS(NO_HEADROOM);
  }
#endif
  data = (void *)(long)ctx->data;
  end = (void *)(long)ctx->data_end;
  if (data + 42 + GROWTH > end) ABORT;
#endif

  // What outlives the packet.
#if defined(VERSION) || defined(GAME)
  count(FIRST_FILTER_COUNTER + 1);
#endif
#ifdef SWITCH
  count(FIRST_FILTER_COUNTER + version);
#endif
#ifdef LIMIT
  const __u64 now = bpf_ktime_get_coarse_ns(), start = *(volatile __u64 *)&window->first;
  if ((__s64)(now - start) >= 1000000000 && __sync_val_compare_and_swap(&window->first, start, now) == start)
    window->second = 1;
  else if (*(volatile __u64 *)&window->second >= 1000000000 || __sync_fetch_and_add(&window->second, 1) >= 1000000000)
    DROP(LIMIT, RATE_LIMITED);
#endif
#if defined(BALANCE) && BALANCE < 2
  __sync_fetch_and_add(&turns->first, 1);
#endif
#ifdef TIMESTAMP
  struct cell *clock = bpf_map_lookup_elem(&cells, &zero);
  __s64 seconds = bpf_be64_to_cpu(suffix);
  if (seconds < -(1ll << 40)) seconds = -(1ll << 40);
  if (seconds > 1ll << 40) seconds = 1ll << 40;
  const __s64 milliseconds = clock ? (bpf_ktime_get_coarse_ns() + clock->first) / 1000000 : 0;
  const __s64 difference = milliseconds - seconds * 1000;
  const __u64 age = difference > 0 ? difference : 0;
  __u64 rest = age ? age - 1 : 0;
  __u32 bits = 0;
#pragma unroll
  for (int step = 32; step; step /= 2) {
    if (!(rest >> step)) continue;
    rest >>= step;
    bits += step;
  }
  bits += rest;
  count(FIRST_FILTER_COUNTER + 1 + (bits < 24 ? bits : 24));
  count_more(FIRST_FILTER_COUNTER + 1 + 24 + 1, age);
#endif
  count_flow(FLOW_READ, received, 1, sent);

  // Everything that changes, new less old (RFC 1624).
  ip = data + OLD + sizeof(struct ethhdr);
  udp = (void *)(ip + 1);
  struct iphdr *out = data + NEW + sizeof(struct ethhdr);
  struct udphdr *new_udp = (void *)(out + 1);
  if (data + NEW + OLD + 42 > (void *)opaque(end)) ABORT;
  const __u32 ports = *(__u32 *)&entry->source_port;
  const __u16 new_size = bpf_htons(sizeof *udp + sent), new_total = bpf_htons(total);
  const __u64 addresses = HEADER_SUM_ZERO + 0xffff + source + destination - ip->saddr - ip->daddr;
  __u64 sum = addresses - udp->check + ports - *(__u32 *)udp + 2 * (__u64)new_size - 2 * (__u64)udp->len + SUM_ZERO - cut;
#ifdef APPEND
  sum += sum_word(ADDED) << (left & 1) * 8;
#elif defined(PREPEND)
  sum += sum_word(ADDED);
#endif
  const __u16 check = ~sum_fold(sum), had_check = udp->check;
  const __u16 header_check = ~header_sum_fold(addresses - ip->check + new_total - ip->tot_len - bpf_htons(0x100));
  const __u8 ttl = ip->ttl - 1;
#if NEW != OLD
  const __u16 first = *(__u16 *)ip;
  const __u32 id = *(__u32 *)&ip->id;
  *(__u16 *)out = first;
  *(__u32 *)&out->id = id;
  out->protocol = IPPROTO_UDP;
  *(__u16 *)(data + NEW + 12) = bpf_htons(ETH_P_IP);
#endif
  out->check = header_check;
  out->ttl = ttl;
  out->tot_len = new_total;
  out->saddr = source;
  out->daddr = destination;
  *(__u32 *)new_udp = ports;
  new_udp->len = new_size;
  new_udp->check = had_check ? (check ? check : 0xffff) : 0;
  const __u64 hop = entry->next_hop;
  *(__u32 *)(data + NEW) = hop;
  *(__u16 *)(data + NEW + 4) = hop >> 32;
  *(__u32 *)(data + NEW + 6) = bpf_htonl(0x02020202);
  *(__u16 *)(data + NEW + 10) = bpf_htons(0x0202);
#ifdef PREPEND
  *(__u64 *)(new_udp + 1) = ADDED;
#elif defined(APPEND)
  if (left > MAXIMUM_PAYLOAD || IS_OUTSIDE(data + 42 + left, 8)) ABORT;
  *(__u64 *)(data + 42 + left) = ADDED;
#else
#ifdef PREFIX
  // What was cut off in front goes by itself.
  surplus -= 8;
#endif
  if (surplus && bpf_xdp_adjust_tail(ctx, -(int)surplus)) ABORT;
  if (NEW && bpf_xdp_adjust_head(ctx, NEW)) ABORT;
#endif
  if (ctx->ingress_ifindex == 1) return XDP_TX;
  return bpf_redirect_map(&interfaces, 0, 0);
}

char _license[] SEC("license") = "GPL";
