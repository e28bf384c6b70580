// The ends of every path: output descriptors and counters (assembly/path/emit.ts). Every input is counted exactly once.

#pragma once

#include "tables.h"

static inline void count_one(struct netvirt *n, uint32_t subnet, uint32_t verdict) {
  uint8_t *counter = n->counters + (uint64_t)subnet * COUNTER_BLOCK_SIZE + verdict * 8ULL;
  store64(counter, load64(counter) + 1);
}

static inline void describe(struct netvirt *n, uint32_t verdict, uint32_t frame, uint32_t length, uint32_t port) {
  store64(n->cursor, frame | ((uint64_t)length << 32));
  store64(n->cursor + 8, (port | (verdict << 16)) | ((uint64_t)n->input << 32));
  n->cursor += OUTPUT_SIZE;
}

static inline uint32_t address_of(const struct netvirt *n, const uint8_t *frame) {
  return (uint32_t)(frame - n->memory);
}

// Sends a frame out of a port. `bytes`: length of the customer's frame, for its subnet's counters.
static inline void forward(struct netvirt *n, uint32_t subnet, uint32_t port, const uint8_t *frame,
                           uint32_t length, uint32_t bytes) {
  uint8_t *block = n->counters + (uint64_t)subnet * COUNTER_BLOCK_SIZE;
  store64(block + COUNTER_BYTES, load64(block + COUNTER_BYTES) + bytes);
  count_one(n, subnet, FORWARD);
  describe(n, FORWARD, address_of(n, frame), length, port);
}

// Leaves a frame to the host's own stack.
static COLD void punt(struct netvirt *n, const uint8_t *frame, uint32_t length) {
  count_one(n, 0, PUNT);
  describe(n, PUNT, address_of(n, frame), length, 0);
}

// Drops the packet for a reason of src/abi/verdict.ts. Subnet 0: not known.
static COLD void drop(struct netvirt *n, uint32_t subnet, uint32_t reason) {
  count_one(n, subnet, reason);
  describe(n, reason, 0, 0, 0);
}

// The WASM side would do something here that the twin does not: nothing is counted, so no result of it can be taken for one.
static COLD void not_built(struct netvirt *n) { describe(n, NOT_BUILT, 0, 0, 0); }
