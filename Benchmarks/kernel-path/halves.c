// The packet halves of four filters by hand, in C: what the Swift of the filters' folders is measured against.
#include <linux/bpf.h>
#include "packet.h"
#include "reasons.h"

#define HALF __attribute__((always_inline)) unsigned
#define KIND_BOOL 1ull
#define KIND_BYTES 3ull
typedef unsigned long long word;

static inline __attribute__((always_inline)) const unsigned char *bytes(struct packet *packet, unsigned place, unsigned size) {
  if (size > CHAIN_VALUE_SIZE || place > MAXIMUM_PAYLOAD) return 0;
  const unsigned char *start = (const unsigned char *)packet_opaque(packet->datagram + place) + 8;
  return start + size <= (const unsigned char *)packet_opaque(packet->end) ? start : 0;
}

static inline __attribute__((always_inline)) word load(const unsigned char *start, unsigned size, unsigned at) {
  if (size >= at + 8) return *(const word *)(start + at);
  if (size <= at) return 0;
  return *(const word *)(start + size - 8) >> (at + 8 - size) * 8;
}

static inline __attribute__((always_inline)) word halves(word bits) { return (bits & 0xffffffff) + (bits >> 32); }

HALF capture_run(struct packet *packet, const struct slot *slot) {
  const unsigned size = slot->size;
  if (size > CHAIN_VALUE_SIZE) return RUN_HAND_OVER;
  const unsigned char *start = 0;
  const unsigned place = slot->flags & 1 ? packet->front + packet->size - size : packet->front;
  if (packet->size >= size) start = bytes(packet, place, size);
  if (slot->second_key < CHAIN_VALUES) {
    struct value *present = packet_value(packet, slot->second_key);
    present->words[0] = start != 0;
    present->tag = KIND_BOOL << 32;
  }
  if (!start) return DROP_CAPTURE_NO_VALUE;
  const word words[4] = {load(start, size, 0), load(start, size, 8), load(start, size, 16), load(start, size, 24)};
  if (slot->key < CHAIN_VALUES) {
    struct value *value = packet_value(packet, slot->key);
    value->tag = KIND_BYTES << 32 | size;
    value->words[0] = words[0];
    value->words[1] = words[1];
    value->words[2] = words[2];
    value->words[3] = words[3];
  }
  if (slot->flags & 2) {
    word sum = 0;
    if (size > 0) sum += halves(words[0]);
    if (size > 8) sum += halves(words[1]);
    if (size > 16) sum += halves(words[2]);
    if (size > 24) sum += halves(words[3]);
    packet->cut += sum << (place & 1) * 8;
    packet->size -= size;
    if (!(slot->flags & 1)) packet->front += size;
  }
  return 0;
}

HALF match_run(struct packet *packet, const struct slot *slot) {
  const struct value *value = packet_value(packet, slot->key);
  const unsigned kind = value->tag >> 32, size = value->tag;
  if (slot->flags & 1 && kind == 0) return DROP_MATCH_NO_METADATA;
  if (kind == KIND_BYTES && slot->second_key == 2) return size == 1 && value->words[0] == slot->words[0] ? 0 : RUN_JUMP;
  if (kind != slot->second_key) return RUN_JUMP;
  if (kind < KIND_BYTES) return value->words[0] == slot->words[0] ? 0 : RUN_JUMP;
  if (size != slot->size) return RUN_JUMP;
  if (size > 0 && value->words[0] != slot->words[0]) return RUN_JUMP;
  if (size > 8 && value->words[1] != slot->words[1]) return RUN_JUMP;
  if (size > 16 && value->words[2] != slot->words[2]) return RUN_JUMP;
  if (size > 24 && value->words[3] != slot->words[3]) return RUN_JUMP;
  return 0;
}

HALF route_run(struct packet *packet, const struct slot *slot) {
  const struct value *value = packet_value(packet, slot->key);
  const unsigned kind = value->tag >> 32;
  if (kind == 0) return DROP_TOKEN_MISSING;
  if (kind != KIND_BYTES) return DROP_TOKEN_INVALID;
  const struct token_entry *entry = kernel_token(value);
  if (!entry || entry->count == 0) return DROP_TOKEN_UNKNOWN;
  packet->endpoint = entry->endpoint;
  packet->destinations += entry->count;
  return 0;
}

HALF size_run(struct packet *packet, const struct slot *slot) {
  return packet->size >= slot->size && packet->size <= slot->second_size ? 0 : DROP_PACKET_SIZE;
}

HALF drop_run(struct packet *packet, const struct slot *slot) { return DROP_DROPPED; }
