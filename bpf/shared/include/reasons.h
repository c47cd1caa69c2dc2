// Why a packet was dropped: the one table of both data paths. C (the XDP program) and Swift read it alike.
// Each row: constant, name in metrics and logs, meaning. Append only: the number of a reason is part of what outlives the process.
#pragma once

#define DROP_REASONS(X)                                                                                  \
  X(CAPTURE_NO_VALUE, "capture_no_value", "the datagram is too short, or nothing matched the pattern")   \
  X(TOKEN_MISSING, "token_missing", "no token was captured")                                             \
  X(TOKEN_INVALID, "token_invalid", "what was captured is not bytes")                                    \
  X(TOKEN_UNKNOWN, "token_unknown", "no endpoint has this token")                                        \
  X(NO_ENDPOINTS, "no_endpoints", "the configuration has no endpoint")                                   \
  X(FIREWALL_DENIED, "firewall_denied", "a rule denies the address, or no rule allows it")               \
  X(RATE_LIMITED, "rate_limited", "more packets than the limit allows")                                  \
  X(MATCH_NO_METADATA, "match_no_metadata", "the key to match was not captured")                         \
  X(COMPRESS_FAILED, "compress_failed", "the payload cannot be decoded, or would be too large")          \
  X(DROPPED, "dropped", "a Drop filter")                                                                 \
  X(PACKET_SIZE, "packet_size", "the payload is smaller or larger than allowed")                         \
  X(PAYLOAD_TOO_LARGE, "payload_too_large", "an edit would make the payload larger than a datagram")     \
  X(SESSION_LIMIT, "session_limit", "no new session: the limit is reached")                              \
  X(PORTS_EXHAUSTED, "ports_exhausted", "no new session: no source port is left toward the endpoint")    \
  X(DRAINING, "draining", "no new session: the proxy is stopping")                                       \
  X(SOURCE_REFUSED, "source_refused", "the source is multicast, broadcast, unspecified or a loopback")   \
  X(UNKNOWN_SERVER, "unknown_server", "a session port got a packet from an address without a session")   \
  X(SEND_QUEUE_FULL, "send_queue_full", "the socket's send queue is full")                               \
  X(SEND_FAILED, "send_failed", "the kernel refused to send")                                            \
  X(RECEIVE_QUEUE_FULL, "receive_queue_full", "the socket's receive queue was full")                     \
  X(CUSTOM_0, "custom_0", "a reason of the filter's own")                                                \
  X(CUSTOM_1, "custom_1", "a reason of the filter's own")                                                \
  X(CUSTOM_2, "custom_2", "a reason of the filter's own")                                                \
  X(CUSTOM_3, "custom_3", "a reason of the filter's own")

/// How many reasons a filter may have that it names itself: they stand side by side from CUSTOM_0 on.
#define CUSTOM_DROP_REASONS 4

enum drop_reason {
  DROP_NONE = 0,
#define X(constant, name, meaning) DROP_##constant,
  DROP_REASONS(X)
#undef X
      DROP_REASON_COUNT
};

/// The name of a reason in metrics and logs, or null for a number without one.
const char *drop_reason_name(unsigned reason);
/// One phrase that says what happened, or null for a number without one.
const char *drop_reason_meaning(unsigned reason);

// Why the kernel's program handed a packet to the sockets, unmodified. Append only, as above.
#define HAND_OVERS(X)                                                                                 \
  X(NO_SESSION, "no_session", "the socket path has made no session for it yet")                       \
  X(DESTINATIONS, "several_destinations", "it goes to no single endpoint")                            \
  X(FILTER, "filter", "a filter left it to the sockets")                                              \
  X(IP_OPTIONS, "ip_options", "it has IPv4 options")                                                  \
  X(FRAGMENT, "fragment", "it is a fragment")                                                         \
  X(LENGTH, "length", "its lengths disagree, or it is larger than the kernel path reads")             \
  X(TTL, "ttl", "its TTL is at the end")                                                              \
  X(NO_ROUTE, "no_route", "the kernel has no route, or one over an interface that is not attached")   \
  X(NO_NEIGHBOUR, "no_neighbour", "the link address of the next hop is not known")                    \
  X(MTU, "mtu", "it is larger than the way out allows")                                               \
  X(NO_HEADROOM, "no_headroom", "the driver left no room in front of the frame")                      \
  X(NO_CHECKSUM, "no_checksum", "it has no UDP checksum, and IPv6 needs one")                         \
  X(ABORTED, "aborted", "not handed over but dropped: it failed after the first write")               \
  X(NO_LOOK_UP, "no_look_up", "the kernel refuses route look-ups: forwarding is off on the loopback interface") \
  X(CHECKSUM, "checksum", "its sender left the UDP checksum to hardware, and the header would move") \
  X(NO_TAILROOM, "no_tailroom", "the driver left no room behind the frame") \
  X(SOURCE, "source", "its source is none that a client can have")

enum hand_over {
  HAND_OVER_NONE = 0,
#define X(constant, name, meaning) HAND_OVER_##constant,
  HAND_OVERS(X)
#undef X
      HAND_OVER_COUNT
};

/// The name of a cause in metrics, or null for a number without one.
const char *hand_over_name(unsigned cause);

/// How many filters of a configuration have counters of their own in the kernel.
#define CHAIN_FILTERS 64

/// The places of the program's counters: hand-overs by cause, then drops by filter and reason, then what filters count, from 1.
#define FIRST_FILTER_COUNTER (HAND_OVER_COUNT + CHAIN_FILTERS * DROP_REASON_COUNT)
