// Lookups (assembly/tables). Open addressing in buckets of 64 bytes; the WASM side fills them, so home bucket, probe order and
// bound are its own.

#pragma once

#include "memory.h"
#include "wire.h"

static inline const struct port *port_at(const struct netvirt *n, uint32_t index) {
  return (const struct port *)(n->ports + (uint64_t)index * PORT_SIZE);
}

static inline struct next_hop *hop_at(const struct netvirt *n, uint32_t index) {
  return (struct next_hop *)(n->next_hops + (uint64_t)index * NEXT_HOP_SIZE);
}

static inline const struct subnet *subnet_at(const struct netvirt *n, uint32_t index) {
  return (const struct subnet *)(n->subnets + (uint64_t)index * SUBNET_SIZE);
}

static inline bool is_port(const struct netvirt *n, uint32_t index) {
  return index < n->port_capacity && (port_at(n, index)->flags & PORT_ACTIVE) != 0;
}

// Packets for it do not leave by the uplink.
static inline bool is_here(const struct next_hop *hop) { return hop->family <= GATEWAY; }

// MAC 6 bytes, next hop 2 bytes, as one word.

static inline uint64_t mac_of(uint64_t record) { return record & MAC_MASK; }
static inline uint32_t next_hop_of(uint64_t record) { return (uint32_t)(record >> 48); }

static inline uint64_t record_at(const uint8_t *at) {
  if (!NETVIRT_THREADS) return load64(at);
  uint64_t record;
  // The writer is between two stores.
  do record = acquire64(at);
  while (record == BUSY);
  return record;
}

// What was read between `record_at` and now belongs to that record.
static inline bool is_still(const uint8_t *at, uint64_t record) {
  return !NETVIRT_THREADS || acquire64(at) == record;
}

// Multiply-shift hashing (assembly/tables/hash.ts).

static inline uint64_t scaled(uint64_t hash, uint32_t buckets) { return ((hash >> 32) * buckets) >> 32; }

static inline uint64_t bucket_of(const struct netvirt *n, uint64_t key, uint32_t buckets) {
  return scaled(key * n->seed_a, buckets);
}

static inline uint64_t bucket_of_pair(const struct netvirt *n, uint64_t high, uint64_t low, uint32_t buckets) {
  const uint64_t first = high * n->seed_b;
  return scaled((low ^ first ^ (first >> 32)) * n->seed_a, buckets);
}

static inline const uint8_t *bucket_at(const uint8_t *table, uint32_t buckets, uint64_t home, uint32_t step) {
  uint64_t index = home + step;
  if (index >= buckets) index -= buckets;
  return table + index * BUCKET;
}

// IPv4 addresses by (routing domain, customer address): four entries of 16 bytes.

static COLD const uint8_t *find_further4(const struct netvirt *n, uint64_t key, uint64_t home, uint32_t bound) {
  for (uint32_t step = 1; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->addresses4, n->address_buckets4, home, step);
    for (const uint8_t *entry = bucket; entry < bucket + BUCKET; entry += 16) {
      if (load64(entry) << 16 == key) return entry;
    }
  }
  return NULL;
}

static inline const uint8_t *find_address4(const struct netvirt *n, uint32_t domain, uint32_t address) {
  // Shifted, so that the comparison loses the subnet.
  const uint64_t key = ((uint64_t)domain << 48) | ((uint64_t)address << 16);
  const uint64_t home = bucket_of(n, key, n->address_buckets4);
  const uint8_t *bucket = n->addresses4 + home * BUCKET;
  if (load64(bucket) << 16 == key) return bucket;
  if (load64(bucket + 16) << 16 == key) return bucket + 16;
  if (load64(bucket + 32) << 16 == key) return bucket + 32;
  if (load64(bucket + 48) << 16 == key) return bucket + 48;
  const uint32_t bound = load32(n->generation + BOUND_ADDRESSES4);
  return bound == 0 ? NULL : find_further4(n, key, home, bound);
}

static inline uint32_t subnet_of4(const uint8_t *entry) { return load16(entry + 6); }
static inline uint64_t record_of4(const uint8_t *entry) { return record_at(entry + 8); }

// Where the provider address of an entry stands; 0 in it: the endpoint does not use IP Rewrite.
static inline const uint8_t *provider_slot_of4(const struct netvirt *n, const uint8_t *entry) {
  return n->address_providers4 + ((uint64_t)(entry - n->addresses4) >> 2);
}

// IPv6 addresses by (scope, customer address), an entry of 64 bytes.

static inline uint32_t scope_of6(uint32_t domain, uint32_t subnet, uint64_t high) {
  return is_link_local6(high) ? LINK_SCOPE | subnet : domain;
}

static inline const uint8_t *find_address6(const struct netvirt *n, uint32_t scope, uint64_t high, uint64_t low) {
  const uint64_t home = bucket_of_pair(n, high ^ ((uint64_t)scope << 32), low, n->address_buckets6);
  const uint32_t bound = load32(n->generation + BOUND_ADDRESSES6);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *entry = bucket_at(n->addresses6, n->address_buckets6, home, step);
    if (load64(entry + 8) == low && load64(entry) == high && load32(entry + 16) == scope) return entry;
  }
  return NULL;
}

static inline uint32_t subnet_of6(const uint8_t *entry) { return load32(entry + 20); }
static inline uint64_t record_of6(const uint8_t *entry) { return record_at(entry + 24); }
static inline const uint8_t *provider_slot_of6(const uint8_t *entry) { return entry + 32; }
static inline bool is_provider6(const uint8_t *slot) { return (load64(slot) | load64(slot + 8)) != 0; }

// Endpoints by (VSID, MAC): four entries of 16 bytes.

static inline const uint8_t *find_mac(const struct netvirt *n, uint32_t vsid, uint64_t mac) {
  const uint64_t key = mac | ((uint64_t)vsid << 48);
  const uint32_t last = vsid >> 16;
  const uint64_t home = bucket_of_pair(n, vsid, key, n->mac_buckets);
  const uint32_t bound = load32(n->generation + BOUND_MACS);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->macs, n->mac_buckets, home, step);
    for (const uint8_t *entry = bucket; entry < bucket + BUCKET; entry += 16) {
      if (load64(entry) == key && load8(entry + 8) == last && load16(entry + 10) != 0) return entry;
    }
  }
  return NULL;
}

static inline uint32_t next_hop_of_mac(const uint8_t *entry) { return load16(entry + 10); }
static inline uint32_t subnet_of_mac(const uint8_t *entry) { return load16(entry + 12); }
static inline uint32_t domain_of_mac(const uint8_t *entry) { return load16(entry + 14); }
static inline bool is_forwarding(const uint8_t *entry) { return (load8(entry + 9) & MAC_FORWARDING) != 0; }
static inline bool mac_uses_rewrite(const uint8_t *entry) { return (load8(entry + 9) & MAC_REWRITE) != 0; }

// Provider addresses: two entries of 32 bytes, or one of 64.

static inline const struct provider4 *find_provider4(const struct netvirt *n, uint32_t provider) {
  const uint64_t home = bucket_of(n, provider, n->provider_buckets4);
  const uint32_t bound = load32(n->generation + BOUND_PROVIDERS4);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->providers4, n->provider_buckets4, home, step);
    if (load32(bucket) == provider && load32(bucket + 12) != 0) return (const struct provider4 *)bucket;
    if (load32(bucket + 32) == provider && load32(bucket + 44) != 0) return (const struct provider4 *)(bucket + 32);
  }
  return NULL;
}

static inline const struct provider6 *find_provider6(const struct netvirt *n, uint64_t high, uint64_t low) {
  const uint64_t home = bucket_of_pair(n, high, low, n->provider_buckets6);
  const uint32_t bound = load32(n->generation + BOUND_PROVIDERS6);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *entry = bucket_at(n->providers6, n->provider_buckets6, home, step);
    if (load64(entry + 8) == low && load64(entry) == high && load32(entry + 36) != 0)
      return (const struct provider6 *)entry;
  }
  return NULL;
}

static inline const uint8_t *customer_slot(const struct provider6 *provider) {
  return (const uint8_t *)provider + offsetof(struct provider6, customer_high);
}

// Virtual subnets by VSID: eight entries of 8 bytes. 0: not known here.
static inline uint32_t find_subnet(const struct netvirt *n, uint32_t vsid) {
  if (vsid == 0) return 0;
  const uint64_t home = bucket_of(n, vsid, n->vsid_buckets);
  const uint32_t bound = load32(n->generation + BOUND_VSIDS);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->vsids, n->vsid_buckets, home, step);
    for (const uint8_t *entry = bucket; entry < bucket + BUCKET; entry += 8) {
      if (load32(entry) == vsid) return load32(entry + 4);
    }
  }
  return 0;
}

// VLANs that are virtual subnets (N6), by (port, VID) and by (port, subnet): key 8, value 4.
static COLD uint32_t vlan_value_of(const struct netvirt *n, uint64_t key) {
  const uint64_t home = bucket_of(n, key, n->vlan_buckets);
  const uint32_t bound = load32(n->generation + BOUND_VLANS);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->vlans, n->vlan_buckets, home, step);
    for (const uint8_t *entry = bucket; entry < bucket + BUCKET; entry += 16) {
      if (load64(entry) == key) return load32(entry + 8);
    }
  }
  return 0;
}

static inline uint32_t subnet_of_vid(const struct netvirt *n, uint32_t port, uint32_t vid) {
  return vlan_value_of(n, ((uint64_t)port << 32) | vid);
}

static inline uint32_t vid_of_subnet(const struct netvirt *n, uint32_t port, uint32_t subnet) {
  return vlan_value_of(n, ((uint64_t)port << 32) | 0x80000000 | subnet);
}
