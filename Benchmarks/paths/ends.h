// What the two ends in the kernel share with the program that measures.
#pragma once

enum {
  HEADERS = 42,
  MAX_FLOWS = 1000,
  // The flows of the flood stand behind those of the good clients.
  ALL_FLOWS = 2 * MAX_FLOWS,
  // The payload of a datagram begins with the time at which it was sent.
  STAMP_SIZE = 8,
  // Eighths of powers of two, in nanoseconds.
  BUCKETS = 512,
};

/// A client that the generator plays: what its datagrams are, but for the time.
struct flow {
  unsigned char headers[HEADERS];
  unsigned short size;
  unsigned char token[16];
  /// The ones' complement sum of all that UDP's checksum covers, the time left out.
  unsigned int sum;
};

/// What is to be sent, and how far it got.
struct traffic {
  /// Nanoseconds between datagrams, times 256, and how many leave at once.
  unsigned long long gap, burst;
  unsigned long long total;
  unsigned int good_flows, bad_flows;
  /// Of so many datagrams one is good.
  unsigned int cycle, reserved;
  unsigned long long sent, good, bad;
  unsigned long long next, credit;
};

/// What has arrived.
struct arrivals {
  unsigned long long right, wrong;
};
