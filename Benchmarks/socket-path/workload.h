// What both proxies are given, and what is sent through them.
#pragma once
#ifndef __bpf__
#include <stdio.h>
#include <string.h>
#endif

enum {
  TOKEN_SIZE = 16,
  TOKENS = 1000,
  // Token i belongs to endpoint i % ENDPOINTS, at 127.0.0.1.
  ENDPOINTS = 4,
  FIRST_ENDPOINT_PORT = 9001,
  // The byte at the end of every datagram from a client.
  VERSION = 1,
  // A client's datagram: payload, token, version byte.
  DATAGRAM_SIZE = 100,
  PAYLOAD_SIZE = DATAGRAM_SIZE - TOKEN_SIZE - 1,
};

#ifndef __bpf__
/// Writes the token of a number, without a zero at its end.
static inline void write_token(unsigned number, unsigned char *token) {
  char text[TOKEN_SIZE + 1];
  snprintf(text, sizeof text, "token-%010u", number);
  memcpy(token, text, TOKEN_SIZE);
}
#endif
