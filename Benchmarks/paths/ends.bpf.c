// The two ends of the traffic: a generator that is run on live frames, and a sink in the server's driver.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "ends.h"
#include "workload.h"

#define TOKEN_AT (HEADERS + PAYLOAD_SIZE)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ALL_FLOWS);
  __type(key, __u32);
  __type(value, struct flow);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct traffic);
} traffic SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct arrivals);
} arrivals SEC(".maps");

/// How long the good datagrams were under way.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, BUCKETS);
  __type(key, __u32);
  __type(value, __u64);
} delays SEC(".maps");

/// Whether a datagram is due. Those that are late by more than 0.1 ms are not made up for.
static __always_inline int is_due(struct traffic *t, __u64 now) {
  if (t->credit == 0) {
    const __u64 now_256 = now << 8;
    if (t->next > now_256) return 0;
    if (now_256 - t->next > 100000ull << 8) t->next = now_256;
    t->next += t->gap * t->burst;
    t->credit = t->burst;
  }
  t->credit--;
  return 1;
}

SEC("xdp") int generate(struct xdp_md *ctx) {
  __u32 zero = 0;
  struct traffic *t = bpf_map_lookup_elem(&traffic, &zero);
  if (!t || t->sent >= t->total) return XDP_DROP;
  const __u64 now = bpf_ktime_get_ns();
  if (!is_due(t, now)) return XDP_DROP;
  // A frame comes back as it was sent, so all that anyone changes is written anew.
  const int is_bad = t->bad_flows && t->sent % t->cycle;
  __u32 number = is_bad ? MAX_FLOWS + t->bad % t->bad_flows : t->good % t->good_flows;
  const struct flow *flow = bpf_map_lookup_elem(&flows, &number);
  if (!flow) return XDP_ABORTED;
  const int surplus = (int)(ctx->data_end - ctx->data) - HEADERS - flow->size;
  if (bpf_xdp_adjust_tail(ctx, -surplus)) return XDP_ABORTED;
  unsigned char *data = (void *)(long)ctx->data;
  if (data + HEADERS + DATAGRAM_SIZE > (unsigned char *)(long)ctx->data_end) return XDP_ABORTED;
  for (int i = 0; i < HEADERS; i += 2) *(__u16 *)(data + i) = *(const volatile __u16 *)&flow->headers[i];
  *(__u64 *)(data + HEADERS) = now;
  __builtin_memcpy(data + TOKEN_AT, flow->token, TOKEN_SIZE);
  data[TOKEN_AT + TOKEN_SIZE] = VERSION;
  __u64 sum = flow->sum + (now & 0xffff) + (now >> 16 & 0xffff) + (now >> 32 & 0xffff) + (now >> 48);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  const __u16 check = ~sum;
  *(__u16 *)(data + HEADERS - 2) = check ? check : 0xffff;
  t->sent++;
  if (is_bad) t->bad++;
  else t->good++;
  return XDP_TX;
}

static __always_inline __u32 bucket(__u64 ns) {
  if (ns < 8) return ns;
  __u32 exponent = 0;
  __u64 rest = ns;
  for (int shift = 32; shift > 0; shift >>= 1) {
    if (rest >> shift) {
      rest >>= shift;
      exponent += shift;
    }
  }
  return exponent * 8 + (ns >> (exponent - 3) & 7);
}

SEC("xdp") int sink(struct xdp_md *ctx) {
  const unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + HEADERS + STAMP_SIZE > end) return XDP_PASS;
  const struct ethhdr *ethernet = (void *)data;
  const struct iphdr *ip = (void *)(ethernet + 1);
  const struct udphdr *udp = (void *)(ip + 1);
  if (ethernet->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP) return XDP_PASS;
  const __u16 port = bpf_ntohs(udp->dest);
  if (port < FIRST_ENDPOINT_PORT || port >= FIRST_ENDPOINT_PORT + ENDPOINTS) return XDP_PASS;
  __u32 zero = 0;
  struct arrivals *arrived = bpf_map_lookup_elem(&arrivals, &zero);
  if (!arrived) return XDP_ABORTED;
  if (udp->len != bpf_htons(sizeof *udp + PAYLOAD_SIZE)) {
    arrived->wrong++;
    return XDP_DROP;
  }
  arrived->right++;
  __u32 number = bucket(bpf_ktime_get_ns() - *(const __u64 *)(data + HEADERS));
  __u64 *count = bpf_map_lookup_elem(&delays, &number);
  if (count) ++*count;
  return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
