// Next hops: the kernel's routing and neighbour tables are the truth; a session keeps what they said for at most a second.
#pragma once

#define AF_INET 2
#define AF_INET6 10
/// The index of `lo`, the same in every network namespace.
#define LOOPBACK 1

/// Now, as sessions keep it.
static __always_inline __u64 hop_time(void) { return bpf_jiffies64() + image.hop_epoch; }

/// Notes the neighbour that a look-up has found.
static __always_inline void note_neighbour(struct hop_question *question) {
  struct neighbour_key *key = &question->neighbour;
  const struct bpf_fib_lookup *fib = &question->fib;
  key->interface = fib->ifindex;
  // A gateway may be of the other family (RFC 8950).
  if (fib->family == AF_INET)
    map_v4((__u64 *)key->address, fib->ipv4_dst);
  else
    __builtin_memcpy(key->address, fib->ipv6_dst, 16);
  __u64 *used = bpf_map_lookup_elem(&neighbours, key);
  if (used)
    *used = question->now;
  else
    bpf_map_update_elem(&neighbours, key, &question->now, BPF_ANY);
}

/// Looks the next hop up. 0, or the cause of a hand-over. A function of its own, since there are many ways to it, and few packets come.
static __noinline int find_hop(struct xdp_md *ctx, struct route_entry *entry) {
  __u32 zero = 0;
  struct hop_question *question = bpf_map_lookup_elem(&hop_questions, &zero);
  if (!question) return HAND_OVER_NO_ROUTE;
  struct bpf_fib_lookup *fib = &question->fib;
  const int v4 = is_v4((const __u64 *)entry->destination);
  __builtin_memset(fib, 0, sizeof *fib);
  // As for a packet of this host's own: in from the loopback interface, whatever interfaces forward.
  fib->ifindex = LOOPBACK;
  fib->family = v4 ? AF_INET : AF_INET6;
  fib->l4_protocol = IPPROTO_UDP;
  fib->sport = entry->source_port;
  fib->dport = entry->destination_port;
  if (v4) {
    fib->ipv4_src = v4_address(entry->source);
    fib->ipv4_dst = v4_address(entry->destination);
  } else {
    __builtin_memcpy(fib->ipv6_src, entry->source, 16);
    __builtin_memcpy(fib->ipv6_dst, entry->destination, 16);
  }
  int result = bpf_fib_lookup(ctx, fib, sizeof *fib, 0);
  if (result == BPF_FIB_LKUP_RET_NO_NEIGH) return HAND_OVER_NO_NEIGHBOUR;
  if (result == BPF_FIB_LKUP_RET_FWD_DISABLED) return HAND_OVER_NO_LOOK_UP;
  if (result != BPF_FIB_LKUP_RET_SUCCESS) return HAND_OVER_NO_ROUTE;
  __u64 place = CHAIN_INTERFACES;
#pragma unroll
  for (__u64 i = 0; i < CHAIN_INTERFACES; i++)
    if (image.interfaces[i].index && image.interfaces[i].index == fib->ifindex) place = i;
  if (place == CHAIN_INTERFACES) return HAND_OVER_NO_ROUTE;
  __u64 hop = place << 48 | (entry->next_hop & NEXT_HOP_V6);
  __builtin_memcpy(&hop, fib->dmac, 6);
  entry->next_hop = hop;
  // 0 where this kernel does not say: then the sockets take what is larger than any link allows.
  entry->mtu = fib->mtu_result ? fib->mtu_result : 1280;
  entry->hop_time = hop_time();
  question->now = entry->last_seen = bpf_ktime_get_ns();
  note_neighbour(question);
  return 0;
}
