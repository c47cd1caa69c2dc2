// The chain image: what the kernel's program runs, as plain data. User space writes it into the program's read-only data,
// which is frozen before the load, so the verifier knows every operand and removes what a chain does not use.
// Addresses are 16 bytes in network order, IPv4 in its v4-mapped form; ports are in network order.
#pragma once

/// The filters that the program can run. Each row: constant, C name of its entry (`NAME_run`).
/// The entry is Swift, in the filter's folder.
#define KERNEL_FILTERS(X) \
  X(CAPTURE, capture)     \
  X(MATCH, match)         \
  X(ROUTE, route)         \
  X(SIZE, size)           \
  X(DROP, drop)

enum slot_kind {
  /// The end of the chain. All zeros, so an empty image forwards what has a session.
  SLOT_END = 0,
  /// Goes on at `jump`, which is always further down.
  SLOT_JUMP,
#define X(constant, name) SLOT_##constant,
  KERNEL_FILTERS(X)
#undef X
};

#define CHAIN_SLOTS 16
#define CHAIN_VALUES 4
#define CHAIN_VALUE_SIZE 32
#define CHAIN_COUNTERS 64
#define CHAIN_ADDRESSES 8
/// A power of two.
#define CHAIN_INTERFACES 8

/// One step of a chain. What the operands mean is said in the filter's folder.
struct slot {
  unsigned char kind;
  /// Where drops are counted: the number of the filter in the configuration.
  unsigned char filter;
  /// The slot to go on at, for a kind that branches; always further down.
  unsigned char jump;
  unsigned char flags;
  unsigned short key;
  unsigned short second_key;
  unsigned int size;
  unsigned int second_size;
  unsigned long long words[4];
  /// The filter's counter that a packet adds to when it passes the slot, from 1; 0 for none.
  unsigned long long counter;
};

/// An interface that packets can leave from.
struct interface {
  unsigned char mac[6];
  unsigned short reserved;
  /// 0 for none.
  unsigned int index;
  unsigned int reserved_word;
};

struct image {
  struct slot read[CHAIN_SLOTS];
  struct slot write[CHAIN_SLOTS];
  /// The addresses of this host on which the proxy listens; all zeros for none.
  unsigned char addresses[CHAIN_ADDRESSES][16];
  struct interface interfaces[CHAIN_INTERFACES];
  /// Jiffies after which a next hop is looked up again, and the time of the last packet noted.
  unsigned long long hop_lifetime;
  unsigned short port;
  /// Frames may come with a UDP checksum that is only the pseudo header's sum: compute every checksum in full.
  unsigned char full_checksums;
  /// No slot cuts off or adds anything in front, so headers stay where they are.
  unsigned char fixed_front;
};

/// The key of a session on the way to a server.
struct session_key {
  unsigned char client[16];
  unsigned int endpoint;
  unsigned short client_port;
  unsigned short reserved;
};

/// The key of a session on the way back.
struct reply_key {
  unsigned char server[16];
  unsigned char proxy[16];
  unsigned short server_port;
  unsigned short proxy_port;
};

/// One direction of a session: what the packet becomes. Also where its traffic is noted for user space.
struct route_entry {
  unsigned char source[16];
  unsigned char destination[16];
  unsigned short source_port;
  unsigned short destination_port;
  unsigned int mtu;
  /// The next hop: 48 bits of MAC and 16 bits of a place in `image.interfaces`; one word, so that it is never half new.
  unsigned long long next_hop;
  /// When the next hop was looked up, in jiffies, and the packet seen that asked for it, in nanoseconds of CLOCK_MONOTONIC.
  unsigned long long hop_time;
  unsigned long long last_seen;
  unsigned long long packets;
  unsigned long long bytes;
};

/// The endpoints that have a token.
struct token_entry {
  unsigned int endpoint;
  unsigned int count;
};

/// A token as a map's key: a `value` of bytes, with its size in the tag, so tokens of different sizes are never equal. User space
/// may make the map's keys shorter, to the tag and the words of the longest token that it holds: a longer one has another tag.
struct token_key {
  unsigned long long tag;
  unsigned long long words[4];
};

/// What a packet without a chosen destination does: it goes to `endpoint` where `count` is 1.
struct default_route {
  unsigned int endpoint;
  unsigned int count;
};
