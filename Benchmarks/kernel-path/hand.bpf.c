// What somebody would write who knows the chain and has IPv4 alone: a version byte at the end, which must be 1, a token of 16 bytes
// in front of it, both cut off; token look-up, session look-up, next hop, rewrite. The duties are those of the generic program: the
// same strictness, own addresses, freshness of the next hop, incremental checksums, TTL, counters, hand-overs. Everything that it
// knows beforehand is a constant here. With OWN_MAPS the look-ups have the smallest keys that this chain allows.
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

SEC(".rodata") struct image image = {};
#include "../../bpf/maps.h"
#include "../../bpf/counters.h"
#include "../../bpf/checksum.h"

#define PROXY_PORT bpf_htons(7777)
#define PROXY_ADDRESS bpf_htonl(0x0a000001)
#define PREFIX bpf_htonl(0xffff)
#define HOP_LIFETIME (~0ull >> 1)
#define TOKEN_SIZE 16
#define CUT (TOKEN_SIZE + 1)
#define AF_INET 2
#define PASS(cause) do { count(HAND_OVER_##cause); return XDP_PASS; } while (0)
#define DROP(filter, reason) do { count(HAND_OVER_COUNT + (filter) * DROP_REASON_COUNT + DROP_##reason); return XDP_DROP; } while (0)

#ifdef OWN_MAPS
struct own_key {
  __u32 client, endpoint;
  __u16 client_port, reserved;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(key_size, TOKEN_SIZE);
  __uint(value_size, sizeof(struct token_entry));
} own_tokens SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct own_key);
  __type(value, struct route_entry);
} own_sessions SEC(".maps");
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
  const __u32 datagram = bpf_ntohs(udp->len), size = datagram - sizeof *udp;
  if (bpf_ntohs(ip->tot_len) != sizeof *ip + datagram || datagram < sizeof *udp || size > MAXIMUM_PAYLOAD ||
      payload + size > (const __u8 *)opaque(end))
    PASS(LENGTH);

  if (size < 1) DROP(0, CAPTURE_NO_VALUE);
  const __u32 left = size - CUT;
  if (size < CUT) {
    const __u8 *version = payload + (size - 1);
    if (version + 1 > (const __u8 *)opaque(end)) PASS(LENGTH);
    if (*version != 1) DROP(2, DROPPED);
    DROP(3, CAPTURE_NO_VALUE);
  }
  const __u8 *token = payload + left;
  if (left > MAXIMUM_PAYLOAD || token + CUT > (const __u8 *)opaque(end)) PASS(LENGTH);
  if (token[TOKEN_SIZE] != 1) DROP(2, DROPPED);
  const __u64 words[2] = {((const __u64 *)token)[0], ((const __u64 *)token)[1]};
#ifdef OWN_MAPS
  const struct token_entry *chosen = bpf_map_lookup_elem(&own_tokens, words);
#else
  const struct token_key key = {.tag = 3ull << 32 | TOKEN_SIZE, .words = {words[0], words[1]}};
  const struct token_entry *chosen = bpf_map_lookup_elem(&tokens, &key);
#endif
  if (!chosen) DROP(4, TOKEN_UNKNOWN);
  if (chosen->count != 1) PASS(DESTINATIONS);
#ifdef OWN_MAPS
  const struct own_key session = {.client = ip->saddr, .endpoint = chosen->endpoint, .client_port = udp->source};
  struct route_entry *entry = bpf_map_lookup_elem(&own_sessions, &session);
#else
  const __u64 session[3] = {0, (__u64)ip->saddr << 32 | PREFIX, (__u64)udp->source << 32 | chosen->endpoint};
  struct route_entry *entry = bpf_map_lookup_elem(&sessions, session);
#endif
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
  const __u32 total = sizeof *ip + sizeof *udp + left;
  if (total > entry->mtu) PASS(MTU);
  __sync_fetch_and_add(&entry->packets, 1);
  __sync_fetch_and_add(&entry->bytes, left);

  // Everything that changes, new less old (RFC 1624).
  const __u32 ports = *(__u32 *)&entry->source_port;
  const __u16 new_size = bpf_htons(sizeof *udp + left), new_total = bpf_htons(total);
  const __u64 addresses = SUM_ZERO + source + destination - ip->saddr - ip->daddr;
  const __u64 cut = sum_word(words[0]) + sum_word(words[1]) + token[TOKEN_SIZE];
  const __u64 sum = (__u16)~udp->check + addresses + ports - *(__u32 *)udp + 2 * (__u64)new_size - 2 * (__u64)udp->len +
                    (SUM_ZERO - (cut << (left & 1) * 8));
  const __u32 check = sum_fold(sum) ^ 0xffff;
  ip->check = ~sum_fold((__u16)~ip->check + addresses + new_total - ip->tot_len - bpf_htons(0x100));
  ip->ttl -= 1;
  ip->tot_len = new_total;
  ip->saddr = source;
  ip->daddr = destination;
  *(__u32 *)udp = ports;
  udp->len = new_size;
  if (udp->check) udp->check = check ? check : 0xffff;
  const __u64 hop = entry->next_hop;
  *(__u32 *)data = hop;
  *(__u16 *)(data + 4) = hop >> 32;
  *(__u32 *)(data + 6) = bpf_htonl(0x02020202);
  *(__u16 *)(data + 10) = bpf_htons(0x0202);
  // With the padding of a short frame, if it has any.
  long surplus = (const __u8 *)opaque(end) - (const __u8 *)opaque(payload);
  asm volatile("" : "+r"(surplus));
  surplus -= left;
  if (bpf_xdp_adjust_tail(ctx, -(int)surplus)) {
    count(HAND_OVER_ABORTED);
    return XDP_DROP;
  }
  if (ctx->ingress_ifindex == 1) return XDP_TX;
  return bpf_redirect_map(&interfaces, 0, 0);
}

char _license[] SEC("license") = "GPL";
