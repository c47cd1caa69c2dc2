// The live maps: user space fills them, and they outlive a change of the program.
#pragma once
#include <bpf/bpf_helpers.h>

// The sizes are what a small proxy needs; user space sets others before the load.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  // Not by type: user space may make the key shorter.
  __uint(key_size, sizeof(struct token_key));
  __uint(value_size, sizeof(struct token_entry));
} tokens SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct session_key);
  __type(value, struct route_entry);
} sessions SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct reply_key);
  __type(value, struct route_entry);
} replies SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct default_route);
} defaults SEC(".maps");

/// The state that filters share between both paths; user space maps it.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct cell);
} cells SEC(".maps");

/// Where the cells of addresses are.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct cell_key);
  __type(value, __u32);
} cell_places SEC(".maps");

/// The tables of filters' states.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct entry_key);
  __type(value, __u64);
} entries SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix_key);
  __type(value, __u32);
} prefixes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct port_set);
} port_sets SEC(".maps");

/// The word of BALANCE_COUNT_BITS.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} balance SEC(".maps");

/// The numbers of the endpoints, in the order of the configuration: two lists, of which one is in use.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u32);
} endpoints SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct ring_entry);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, CHAIN_INTERFACES);
  __type(key, __u32);
  __type(value, __u32);
} interfaces SEC(".maps");

/// The neighbours in use, for user space: what leaves from here does not make the kernel ask whether they are still there.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct neighbour_key);
  __type(value, __u64);
} neighbours SEC(".maps");

/// What the look-up of a next hop asks and gets. Not on the stack, of which the chain needs what there is.
struct hop_question {
  struct bpf_fib_lookup fib;
  struct neighbour_key neighbour;
  __u64 now;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct hop_question);
} hop_questions SEC(".maps");

/// Packets: hand-overs by cause, then drops by filter and reason, then what filters count.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, FIRST_FILTER_COUNTER + CHAIN_COUNTERS + 1);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

/// The traffic by direction.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, FLOW_COUNT);
  __type(key, __u32);
  __type(value, struct flow);
} flows SEC(".maps");
