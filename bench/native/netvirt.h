// The hot path of assembly/ in C, on the memory of a WASM instance: the same rings, slots and tables, byte for byte. What it is
// for: to see what WebAssembly costs. So it has every check that the WASM side has, in the same order, the same staging of packets
// where the tables are large, and no trick that the WASM side is denied (no prefetch).
//
// `contract.h` is generated from src/abi and assembly (bench/native/contract.ts). Addresses in the memory are pointers here; NULL
// takes the place of address 0.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract.h"

// 1: other threads may change the tables meanwhile, as in the threads build of the WASM side.
#ifndef NETVIRT_THREADS
#define NETVIRT_THREADS 0
#endif

#define EXPORT __attribute__((visibility("default")))
// What nearly no packet needs stands apart, so that the rest fits into the loop.
#define COLD __attribute__((noinline, cold))

// A worker's view of the memory: what memory.ts keeps in globals.
struct netvirt {
  uint8_t *memory;
  uint8_t *inputs;
  uint8_t *outputs;
  uint32_t worker;
  uint32_t ring_mask;
  // The selected generation.
  uint8_t *generation;
  uint32_t serial;
  uint8_t *counters;
  uint8_t *ports;
  uint8_t *next_hops;
  uint8_t *subnets;
  uint8_t *domains;
  uint8_t *routes;
  uint8_t *ranges4;
  uint8_t *ranges6;
  uint8_t *vsids;
  uint8_t *vlans;
  uint8_t *addresses4;
  uint8_t *address_mappings4;
  uint8_t *addresses6;
  uint8_t *macs;
  uint8_t *providers4;
  uint8_t *providers6;
  // Numbers of buckets.
  uint32_t vsid_buckets;
  uint32_t vlan_buckets;
  uint32_t address_buckets4;
  uint32_t address_buckets6;
  uint32_t mac_buckets;
  uint32_t provider_buckets4;
  uint32_t provider_buckets6;
  // Which packets are staged (touch.h): 0 or one of STAGED_….
  uint32_t staged;
  uint32_t port_capacity;
  uint32_t next_hop_capacity;
  uint64_t seed_a;
  uint64_t seed_b;
  // What of this host every packet needs.
  uint64_t router_mac;
  uint32_t host_provider4;
  uint64_t host_provider6_high;
  uint64_t host_provider6_low;
  uint32_t tos_mask;
  uint32_t tos_fixed;
  uint32_t flow_id_mask;
  uint32_t host_flags;
  // The batch.
  uint8_t *cursor;
  uint32_t input;
};

// Bytes of the memory have no type and no alignment.

static inline uint8_t load8(const uint8_t *at) { return *at; }

static inline uint16_t load16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint32_t load32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint64_t load64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline double load_double(const uint8_t *at) {
  double value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline void store16(uint8_t *at, uint16_t value) { memcpy(at, &value, sizeof value); }
static inline void store32(uint8_t *at, uint32_t value) { memcpy(at, &value, sizeof value); }
static inline void store64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof value); }
static inline void store_double(uint8_t *at, double value) { memcpy(at, &value, sizeof value); }

static inline uint16_t swap16(uint16_t value) { return __builtin_bswap16(value); }
static inline uint32_t swap32(uint32_t value) { return __builtin_bswap32(value); }
static inline uint64_t swap64(uint64_t value) { return __builtin_bswap64(value); }

static inline uint32_t min32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t max32(uint32_t a, uint32_t b) { return a > b ? a : b; }
