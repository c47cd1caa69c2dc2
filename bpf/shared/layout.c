#include "layout.h"
#include <stddef.h>
#include "image.h"

/// The structs of the maps that are taken over, field by field. What a new process makes anew has no place here.
#define LIVE_FIELDS(X)                                                                                            \
  X(session_key, client) X(session_key, endpoint) X(session_key, client_port)                                     \
  X(reply_key, server) X(reply_key, proxy) X(reply_key, server_port) X(reply_key, proxy_port)                     \
  X(route_entry, source) X(route_entry, destination) X(route_entry, source_port) X(route_entry, destination_port) \
  X(route_entry, mtu) X(route_entry, next_hop) X(route_entry, hop_time) X(route_entry, last_seen)                 \
  X(neighbour_key, address) X(neighbour_key, interface)

#define LIVE_STRUCTS(X) X(session_key) X(reply_key) X(route_entry) X(neighbour_key)

/// FNV-1a.
static unsigned long long add(unsigned long long sum, const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) sum = (sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
  return sum;
}

static unsigned long long add_number(unsigned long long sum, unsigned long long number) {
  return add(sum, &number, sizeof number);
}

unsigned long long shared_layout(void) {
  unsigned long long sum = add_number(0xcbf29ce484222325ull, LAYOUT_MEANING);
  sum = add_number(sum, CHAIN_INTERFACES);
#define X(name) sum = add_number(add(sum, #name, sizeof #name), sizeof(struct name));
  LIVE_STRUCTS(X)
#undef X
#define X(name, field)                       \
  sum = add(sum, #name "." #field, sizeof #name "." #field); \
  sum = add_number(sum, offsetof(struct name, field));       \
  sum = add_number(sum, sizeof(((struct name *)0)->field));
  LIVE_FIELDS(X)
#undef X
  return sum;
}
