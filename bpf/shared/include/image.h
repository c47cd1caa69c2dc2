// The chain image: what the kernel's program runs, as plain data. User space writes it into the program's read-only data,
// which is frozen before the load, so the verifier knows every operand and removes what a chain does not use.
// Addresses are 16 bytes in network order, IPv4 in its v4-mapped form; ports are in network order.
#pragma once

/// The filters that the program can run. Each row: constant, C name of its entry (`NAME_run`).
/// The entry is Swift, in the filter's folder. It looks, and changes nothing that outlives the packet.
#define KERNEL_FILTERS(X)     \
  X(CAPTURE, capture)         \
  X(MATCH, match)             \
  X(ROUTE, route)             \
  X(SIZE, size)               \
  X(DROP, drop)               \
  X(FIREWALL, firewall)       \
  X(BALANCE, balance)         \
  X(LIMIT, limit)             \
  X(CONCATENATE, concatenate) \
  X(TIMESTAMP, timestamp)

/// Those that note something of a packet that the sockets will not see: `NAME_commit`, also Swift, says what. It runs once it is
/// known that the packet is not handed over.
#define KERNEL_EFFECTS(X) \
  X(BALANCE, balance)     \
  X(LIMIT, limit)         \
  X(TIMESTAMP, timestamp)

enum slot_kind {
  /// The end of the chain. All zeros, so an empty image forwards what has a session.
  SLOT_END = 0,
  /// Goes on at `jump`, which is always further down.
  SLOT_JUMP,
  /// The rest of the chain is for the sockets: they get the packet as it came.
  SLOT_SOCKETS,
#define X(constant, name) SLOT_##constant,
  KERNEL_FILTERS(X)
#undef X
  /// The packet programs of authors: one kind each from here on, in the order of ProgramObject.names.
  SLOT_FIRST_PROGRAM,
};

#define CHAIN_SLOTS 16
#define CHAIN_VALUES 4
#define CHAIN_VALUE_SIZE 32
#define CHAIN_COUNTERS 256
#define CHAIN_ADDRESSES 8
#define CHAIN_RULES 16
/// How many rules a Firewall may have that it asks one by one.
#define CHAIN_FIREWALL_RULES 4
/// How many LocalRateLimits a direction may have.
#define CHAIN_LIMITS 2
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
  /// Of an author's program, its options. `second_size` is then how many numbers the filter's state has.
  unsigned long long words[4];
  /// The filter's counter that a packet adds to when it passes the slot, from 1; 0 for none.
  unsigned int counter;
  /// The filter's first cell in the map of the state that both paths share.
  unsigned int state;
};

/// A rule of a Firewall: a network and a range of ports. Addresses are two numbers in the order of the host.
struct rule {
  unsigned long long network[2];
  unsigned long long mask[2];
  unsigned int first_port;
  /// The first port that is not in the range.
  unsigned int end_port;
  unsigned int allows;
  /// The network covers the v4-mapped addresses, but is one of IPv6 and so holds none of them.
  unsigned int not_v4;
};

/// An interface that packets can leave from.
struct interface {
  unsigned char mac[6];
  /// The program runs behind the driver: what the kernel knows of a frame's checksum stays with the frame.
  unsigned char generic;
  unsigned char reserved;
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
  struct rule rules[CHAIN_RULES];
  /// Jiffies after which a next hop is looked up again, and the time of the last packet noted.
  unsigned long long hop_lifetime;
  /// Added to the time of a next hop. A program whose interfaces have other places has another one, so it looks up again what a
  /// program before it kept in a session.
  unsigned long long hop_epoch;
  unsigned short port;
  /// Frames may come with a UDP checksum that their sender left to hardware: it is the pseudo header's sum then.
  unsigned char full_checksums;
  /// No slot cuts off or adds anything in front, so headers stay where they are.
  unsigned char fixed_front;
  /// A filter of the chain adds bytes.
  unsigned char grows;
  /// There is no interface but that at place 0.
  unsigned char only_interface;
  /// A packet goes few ways through the chain: what each of them knows may be told apart behind it.
  unsigned char few_ways;
  unsigned char reserved;
  /// The endpoints, and the points of the ring of consistent hashing, that each of the two lists has room for.
  unsigned int endpoint_room;
  unsigned int ring_room;
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

#define NEXT_HOP_V6 (1ull << 63)

/// One direction of a session: what the packet becomes.
struct route_entry {
  unsigned char source[16];
  unsigned char destination[16];
  unsigned short source_port;
  unsigned short destination_port;
  unsigned int mtu;
  /// The next hop: 48 bits of MAC, 15 bits of a place in `image.interfaces`, and NEXT_HOP_V6 where the packet leaves over IPv6, which
  /// is there before the hop is known. One word, so that it is never half new.
  unsigned long long next_hop;
  /// When the next hop was looked up, in jiffies, and the packet seen that asked for it, in nanoseconds of CLOCK_MONOTONIC.
  unsigned long long hop_time;
  unsigned long long last_seen;
};

/// A neighbour that packets leave to. The value is when a next hop by way of it was looked up, in nanoseconds of CLOCK_MONOTONIC.
struct neighbour_key {
  unsigned char address[16];
  unsigned int interface;
  unsigned int reserved;
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

/// The traffic of one direction that the program did not hand over. Bytes are payload: received as they came, sent as the filters
/// left them.
struct flow {
  unsigned long long packets_received;
  unsigned long long bytes_received;
  unsigned long long packets_sent;
  unsigned long long bytes_sent;
};

/// The places of the flows.
enum flow_direction { FLOW_READ, FLOW_WRITE, FLOW_COUNT };

/// What a packet without a chosen destination does: it goes to `endpoint` where `count` is 1.
struct default_route {
  unsigned int endpoint;
  unsigned int count;
};

/// What both paths change of a filter's state: two words, by atomic operations. User space maps the cells into its memory.
struct cell {
  unsigned long long first;
  unsigned long long second;
};
/// The cell that says by how many nanoseconds the time of day is ahead of CLOCK_MONOTONIC.
#define CLOCK_CELL 0

/// The key of a cell that belongs to an address, or to an address and port, of a filter.
struct cell_key {
  unsigned char address[16];
  /// The filter's first cell.
  unsigned int state;
  /// In network order; 0 where all ports of an address share a cell.
  unsigned short port;
  unsigned short reserved;
};

/// The key of an entry in the table of a filter's state: its bytes, zero behind the last one, with their number in the lower and the
/// filter's first cell in the upper half of `tag`.
struct entry_key {
  unsigned long long tag;
  unsigned long long words[4];
};

/// The key of a network of a Firewall that has many. The longest match holds all others that match.
struct prefix_key {
  /// The bits that count, those of `table` included.
  unsigned int length;
  unsigned int table;
  unsigned char address[16];
};

/// What a network says: an end of the firewall's decision, or a place in the map of ports.
#define PREFIX_DENIES 0
#define PREFIX_ALLOWS 1
#define PREFIX_FIRST_PORTS 2

/// A bit for each port: whether it is allowed.
struct port_set {
  unsigned char bits[8192];
};

/// The endpoints among which LoadBalancer chooses, in one word so that it is never half new: how many there are, which of the two
/// lists has them, and how far a hash is shifted for its place in the ring's index.
#define BALANCE_COUNT_BITS 24
#define BALANCE_LIST_BIT 24
#define BALANCE_SHIFT_BIT 32

/// A place of the ring of consistent hashing, and of the index into it.
struct ring_entry {
  /// The point's place on the ring, and its endpoint.
  unsigned long long place;
  unsigned int endpoint;
  /// For hashes whose high bits are the number of this entry: the first point not below them.
  unsigned int first;
};
/// How many points a look-up walks over before it leaves the packet to the sockets.
#define RING_STEPS 16
