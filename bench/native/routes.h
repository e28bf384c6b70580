// Longest-prefix match per routing domain (assembly/tables/routes.ts): IPv4 in a search tree of 17 ways a node, each node a cache
// line; IPv6 by binary search over ranges.

#pragma once

#include "tables.h"

static inline const struct route *route_at(const struct netvirt *n, uint32_t index) {
  return (const struct route *)(n->routes + (uint64_t)index * ROUTE_SIZE);
}

static inline bool is_connected(uint32_t result) {
  return (result & RANGE_CONNECTED) != 0 && (result & DIRECT) == 0;
}

// The entry of the gateway VM that an answer leads to; NULL: it has none at the moment.
static inline const uint8_t *via_of4(const struct netvirt *n, uint32_t domain, uint32_t result) {
  if ((result & DIRECT) != 0) return n->addresses4 + ((uint64_t)(result & ~DIRECT) << 4);
  return find_address4(n, domain, route_at(n, result)->via4);
}

// The answer that is the next best, 0 = none.
static inline uint32_t next_of4(const struct netvirt *n, uint32_t result) {
  return (result & DIRECT) != 0 ? 0 : route_at(n, result)->next;
}

// How many of 8 keys are not above `key`. The compiler makes vectors of it.
static inline uint32_t below8(const uint8_t *keys, uint32_t key) {
  uint32_t words[8];
  memcpy(words, keys, sizeof words);
  uint32_t count = 0;
  for (int index = 0; index < 8; index++) count += words[index] <= key;
  return count;
}

// What the longest prefix that holds an address says; the address as it lies in memory.
static inline uint32_t match_ipv4(const struct netvirt *n, uint32_t domain, uint32_t address) {
  const uint64_t where = acquire64(n->domains + (uint64_t)domain * DOMAIN_SIZE);
  if (where >> 32 == 0) return 0;
  const uint8_t *tree = n->ranges4 + (where & 0xffffffff) * 4;
  // 255.255.255.255 would not tell a key from none.
  const uint32_t key = min32(swap32(address), NO_KEY - 1);
  uint32_t node = 0;
  for (uint32_t level = load32(tree) - 1; level > 0; level--) {
    const uint8_t *keys = tree + (load32(tree + level * 4 + 4) + node * NODE) * 4ULL;
    node = node * WAYS + below8(keys, key) + below8(keys + 32, key);
  }
  const uint8_t *leaf = tree + (load32(tree + 4) + node * NODE) * 4ULL;
  // The first range begins at 0, so one of the leaf's starts is not above the address.
  return load32(leaf + 28 + below8(leaf, key) * 4ULL);
}

static inline uint32_t match_ipv6(const struct netvirt *n, uint32_t domain, uint64_t high, uint64_t low) {
  const uint64_t where = acquire64(n->domains + (uint64_t)domain * DOMAIN_SIZE + 8);
  if (where >> 32 == 0) return 0;
  const uint8_t *first = n->ranges6 + (where & 0xffffffff) * STAGED_RANGE6_SIZE;
  const uint64_t address_high = swap64(high);
  const uint64_t address_low = swap64(low);
  uint32_t position = 0;
  // The last range that does not begin behind the address.
  for (uint32_t count = (uint32_t)(where >> 32); count > 1;) {
    const uint32_t half = count >> 1;
    const uint8_t *range = first + (uint64_t)(position + half) * STAGED_RANGE6_SIZE;
    const uint64_t start_high = load64(range);
    const bool is_behind =
        start_high > address_high || (start_high == address_high && load64(range + 8) > address_low);
    position = is_behind ? position : position + half;
    count = is_behind ? half : count - half;
  }
  return load32(first + (uint64_t)position * STAGED_RANGE6_SIZE + 16);
}
