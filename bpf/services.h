// What the filters' Swift may ask of the kernel and the maps. Declared in packet.h.
#pragma once
#define SERVICE __attribute__((always_inline))

SERVICE struct token_entry *kernel_token(const struct value *token) { return bpf_map_lookup_elem(&tokens, token); }

SERVICE const struct rule *kernel_rule(__u32 index) { return &image.rules[index & (CHAIN_RULES - 1)]; }

SERVICE __u32 kernel_prefix(const struct packet *packet, __u32 table) {
  const __u64 *address = (const __u64 *)packet->session;
  // IPv4 has tables of its own: the network ::/0 does not hold the v4-mapped addresses.
  struct prefix_key key = {.length = 32 + 128, .table = 2 * table + (is_v4(address) ? 0 : 1)};
  __builtin_memcpy(key.address, address, sizeof key.address);
  const __u32 *found = bpf_map_lookup_elem(&prefixes, &key);
  return found ? *found : PREFIX_DENIES;
}

SERVICE __u32 kernel_port(__u32 ports, const struct packet *packet) {
  const __u32 port = bpf_ntohs(packet->session->client_port);
  const struct port_set *set = bpf_map_lookup_elem(&port_sets, &ports);
  if (!set) return 0;
  return set->bits[port >> 3 & (sizeof set->bits - 1)] >> (port & 7) & 1;
}

SERVICE struct cell *kernel_cell(__u32 index) { return bpf_map_lookup_elem(&cells, &index); }

SERVICE struct cell *kernel_cell_of_source(const struct packet *packet, __u32 state, __u32 with_port) {
  struct cell_key key = {.state = state, .port = with_port ? packet->session->client_port : 0};
  __builtin_memcpy(key.address, packet->session->client, sizeof key.address);
  __u32 *place = bpf_map_lookup_elem(&cell_places, &key);
  return place ? bpf_map_lookup_elem(&cells, place) : 0;
}

SERVICE unsigned long long *kernel_entry(
    unsigned long long tag, unsigned long long word0, unsigned long long word1, unsigned long long word2,
    unsigned long long word3) {
  const struct entry_key key = {.tag = tag, .words = {word0, word1, word2, word3}};
  return bpf_map_lookup_elem(&entries, &key);
}

SERVICE void kernel_add(unsigned long long *word, unsigned long long amount) { __sync_fetch_and_add(word, amount); }
SERVICE unsigned long long kernel_fetch_add(unsigned long long *word, unsigned long long amount) {
  return __sync_fetch_and_add(word, amount);
}
SERVICE unsigned long long kernel_exchange(
    unsigned long long *word, unsigned long long old, unsigned long long new_word) {
  return __sync_val_compare_and_swap(word, old, new_word);
}

SERVICE unsigned long long kernel_now(void) { return bpf_ktime_get_coarse_ns(); }

SERVICE void kernel_count(__u32 counter, unsigned long long amount) { count_more(FIRST_FILTER_COUNTER + counter, amount); }

SERVICE unsigned long long kernel_balance(void) {
  __u32 zero = 0;
  const __u64 *word = bpf_map_lookup_elem(&balance, &zero);
  return word ? *word : 0;
}

static __always_inline __u32 balance_list(__u64 balance) { return balance >> BALANCE_LIST_BIT & 1; }

SERVICE __u32 kernel_endpoint(unsigned long long balance, __u32 place) {
  __u32 index = balance_list(balance) * image.endpoint_room + place;
  const __u32 *number = bpf_map_lookup_elem(&endpoints, &index);
  return number ? *number : NO_ENDPOINT;
}

/// Once in the program, since it is long.
static __attribute__((noinline)) __u32 find_on_ring(__u64 balance, __u64 hash) {
  const __u32 list = balance_list(balance) * image.ring_room;
  __u32 at = list + (__u32)(hash >> (balance >> BALANCE_SHIFT_BIT & 63));
  const struct ring_entry *entry = bpf_map_lookup_elem(&ring, &at);
  if (!entry) return NO_ENDPOINT;
  at = list + entry->first;
#pragma unroll
  for (int step = 0; step < RING_STEPS; step++) {
    entry = bpf_map_lookup_elem(&ring, &at);
    if (!entry) return NO_ENDPOINT;
    // The point behind the last one is the first one again, at the ring's end.
    if (entry->place >= hash) return entry->endpoint;
    at++;
  }
  return NO_ENDPOINT;
}
SERVICE __u32 kernel_ring(unsigned long long balance, unsigned long long hash) { return find_on_ring(balance, hash); }

/// The bucket that `value` belongs to, by doubling, up to `count` for all that is larger. Without branches: the verifier would walk
/// what is behind it once for each way through them.
static __always_inline __u32 find_bucket(__u64 value, __u32 smallest_exponent, __u32 count) {
  __u64 rest = value - (value != 0), bits = 0;
#pragma unroll
  for (int step = 32; step; step /= 2) {
    const __u64 upper = rest >> step, shift = ((upper | -upper) >> 63) * step;
    rest >>= shift;
    bits += shift;
  }
  bits += rest;
  const __u32 bucket = bits > smallest_exponent ? bits - smallest_exponent : 0;
  return bucket < count ? bucket : count;
}
SERVICE void kernel_observe(__u32 first, __u32 smallest_exponent, __u32 buckets, unsigned long long value) {
  kernel_count(first + find_bucket(value, smallest_exponent, buckets), 1);
  kernel_count(first + buckets + 1, value);
}
