// The floor of the measurement: sends every frame back.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int proxy(struct xdp_md *ctx) { return XDP_TX; }

char _license[] SEC("license") = "GPL";
