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

// How packets of an IPv4 address cross the physical network, as one word: provider address 4 bytes (0 = in envelopes), next hop
// 2 bytes, VM_MAC.

static inline uint64_t mapping_for(uint32_t provider, uint32_t next_hop) {
  return provider | ((uint64_t)next_hop << 32);
}

static inline uint32_t provider_of(uint64_t mapping) { return (uint32_t)mapping; }
static inline uint32_t mapped_hop_of(uint64_t mapping) { return (uint32_t)(mapping >> 32) & 0xffff; }
static inline bool keeps_vm_mac(uint64_t mapping) { return (mapping & VM_MAC) != 0; }

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

// Shifted, so that the comparison loses the subnet.
static inline uint64_t key_of4(uint32_t domain, uint32_t address) {
  return ((uint64_t)domain << 48) | ((uint64_t)address << 16);
}

// Without branches, if the compiler likes.
static inline const uint8_t *entry_in4(const uint8_t *bucket, uint64_t key) {
  const uint8_t *entry = load64(bucket) << 16 == key ? bucket : NULL;
  entry = load64(bucket + 16) << 16 == key ? bucket + 16 : entry;
  entry = load64(bucket + 32) << 16 == key ? bucket + 32 : entry;
  return load64(bucket + 48) << 16 == key ? bucket + 48 : entry;
}

static COLD const uint8_t *find_further4(const struct netvirt *n, uint64_t key, uint64_t home) {
  const uint32_t bound = load32(n->generation + BOUND_ADDRESSES4);
  for (uint32_t step = 1; step <= bound; step++) {
    const uint8_t *entry = entry_in4(bucket_at(n->addresses4, n->address_buckets4, home, step), key);
    if (entry != NULL) return entry;
  }
  return NULL;
}

static inline const uint8_t *find_address4(const struct netvirt *n, uint32_t domain, uint32_t address) {
  const uint64_t key = key_of4(domain, address);
  const uint64_t home = bucket_of(n, key, n->address_buckets4);
  const uint8_t *entry = entry_in4(n->addresses4 + home * BUCKET, key);
  return entry != NULL ? entry : find_further4(n, key, home);
}

// Read the lines that a lookup and its mapping begin with.

static inline uint64_t touch_address4(const struct netvirt *n, uint32_t domain, uint32_t address) {
  return load64(n->addresses4 + bucket_of(n, key_of4(domain, address), n->address_buckets4) * BUCKET);
}

static inline uint64_t touch_mapping4(const struct netvirt *n, uint32_t domain, uint32_t address) {
  return load64(n->address_mappings4 + bucket_of(n, key_of4(domain, address), n->address_buckets4) * (BUCKET / 2));
}

static inline uint32_t subnet_of4(const uint8_t *entry) { return load16(entry + 6); }
static inline uint64_t record_of4(const uint8_t *entry) { return acquire64(entry + 8); }

// With the next hop that goes with the provider address: the one of the record may be that of before or after.
static inline uint64_t mapping_of4(const struct netvirt *n, const uint8_t *entry) {
  return acquire64(n->address_mappings4 + ((uint64_t)(entry - n->addresses4) >> 1));
}

// How packets of an IPv6 address cross the physical network: provider 16 (:: = in envelopes), version 4, VM MAC? 4.

struct address6 {
  uint64_t high;
  uint64_t low;
};

struct mapping6 {
  struct address6 provider;
  bool keeps_vm_mac;
};

static inline bool is_set6(struct address6 address) { return (address.high | address.low) != 0; }

static inline struct address6 address6_at(const uint8_t *at) {
  return (struct address6){acquire64(at), acquire64(at + 8)};
}

static inline bool has_provider6(const uint8_t *mapping) { return is_set6(address6_at(mapping)); }

static inline struct mapping6 read_mapping6(const uint8_t *mapping) {
  struct mapping6 read;
  uint32_t seen;
  do {
    seen = version_at(mapping + 16);
    read.provider = address6_at(mapping);
    read.keeps_vm_mac = acquire32(mapping + 20) != 0;
  } while (!is_still(mapping + 16, seen));
  return read;
}

// IPv6 addresses by (scope, customer address), an entry of 64 bytes.

static inline uint32_t scope_of6(uint32_t domain, uint32_t subnet, uint64_t high) {
  return is_link_local6(high) ? LINK_SCOPE | subnet : domain;
}

static inline uint64_t home_of6(const struct netvirt *n, uint32_t scope, uint64_t high, uint64_t low) {
  return bucket_of_pair(n, high ^ ((uint64_t)scope << 32), low, n->address_buckets6);
}

static inline const uint8_t *find_address6(const struct netvirt *n, uint32_t scope, uint64_t high, uint64_t low) {
  const uint64_t home = home_of6(n, scope, high, low);
  const uint32_t bound = load32(n->generation + BOUND_ADDRESSES6);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *entry = bucket_at(n->addresses6, n->address_buckets6, home, step);
    if (load64(entry + 8) == low && load64(entry) == high && load32(entry + 16) == scope) return entry;
  }
  return NULL;
}

static inline uint64_t touch_address6(const struct netvirt *n, uint32_t scope, uint64_t high, uint64_t low) {
  return load64(n->addresses6 + home_of6(n, scope, high, low) * BUCKET);
}

static inline uint32_t subnet_of6(const uint8_t *entry) { return load32(entry + 20); }
static inline uint64_t record_of6(const uint8_t *entry) { return acquire64(entry + 24); }
static inline const uint8_t *mapping_of6(const uint8_t *entry) { return entry + 32; }

// As `read_mapping6`. Returns the record that goes with it: the version is that of both.
static inline uint64_t read_mapped6(const uint8_t *entry, struct mapping6 *mapping) {
  const uint8_t *version = mapping_of6(entry) + 16;
  uint32_t seen;
  uint64_t record;
  do {
    seen = version_at(version);
    record = record_of6(entry);
    *mapping = read_mapping6(mapping_of6(entry));
  } while (!is_still(version, seen));
  return record;
}

// Endpoints by (VSID, MAC): four entries of 16 bytes. What stands behind the MAC is one word, and is read as one.

static inline uint64_t mac_key_of(uint32_t vsid, uint64_t mac) { return mac | ((uint64_t)vsid << 48); }

static inline bool is_mac_at(const uint8_t *entry, uint64_t key, uint32_t rest) {
  return ((load64(entry) ^ key) | ((load32(entry + 8) & REST) ^ rest)) == 0;
}

// As `entry_in4`.
static inline const uint8_t *mac_entry_in(const uint8_t *bucket, uint64_t key, uint32_t rest) {
  const uint8_t *entry = is_mac_at(bucket, key, rest) ? bucket : NULL;
  entry = is_mac_at(bucket + 16, key, rest) ? bucket + 16 : entry;
  entry = is_mac_at(bucket + 32, key, rest) ? bucket + 32 : entry;
  return is_mac_at(bucket + 48, key, rest) ? bucket + 48 : entry;
}

static COLD const uint8_t *find_mac_further(const struct netvirt *n, uint64_t key, uint32_t rest, uint64_t home) {
  const uint32_t bound = load32(n->generation + BOUND_MACS);
  for (uint32_t step = 1; step <= bound; step++) {
    const uint8_t *entry = mac_entry_in(bucket_at(n->macs, n->mac_buckets, home, step), key, rest);
    if (entry != NULL) return entry;
  }
  return NULL;
}

// What stands behind a MAC; its next hop is 0 where there is no such endpoint, and then nothing else in it counts.
static inline uint64_t find_mac(const struct netvirt *n, uint32_t vsid, uint64_t mac) {
  const uint64_t key = mac_key_of(vsid, mac);
  const uint32_t rest = (vsid >> 16) | USED;
  const uint64_t home = bucket_of_pair(n, vsid, key, n->mac_buckets);
  const uint8_t *entry = mac_entry_in(n->macs + home * BUCKET, key, rest);
  if (entry == NULL) entry = find_mac_further(n, key, rest, home);
  return entry == NULL ? 0 : acquire64(entry + 8);
}

static inline uint64_t touch_mac(const struct netvirt *n, uint32_t vsid, uint64_t mac) {
  return load64(n->macs + bucket_of_pair(n, vsid, mac_key_of(vsid, mac), n->mac_buckets) * BUCKET);
}

static inline uint32_t next_hop_of_mac(uint64_t found) { return (uint32_t)found >> 16; }
static inline uint32_t subnet_of_mac(uint64_t found) { return (uint32_t)(found >> 32) & 0xffff; }
static inline uint32_t domain_of_mac(uint64_t found) { return (uint32_t)(found >> 48); }
static inline bool is_forwarding(uint64_t found) { return (found & (MAC_FORWARDING << 8)) != 0; }
static inline bool is_rewrite_mac(uint64_t found) { return (found & (MAC_REWRITE << 8)) != 0; }

// Provider addresses: two entries of 32 bytes with their version at 28, or one of 64 with it at 52.

static inline const uint8_t *find_provider4(const struct netvirt *n, uint32_t provider) {
  const uint64_t home = bucket_of(n, provider, n->provider_buckets4);
  const uint32_t bound = load32(n->generation + BOUND_PROVIDERS4);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->providers4, n->provider_buckets4, home, step);
    if (load32(bucket) == provider && load32(bucket + 12) != 0) return bucket;
    if (load32(bucket + 32) == provider && load32(bucket + 44) != 0) return bucket + 32;
  }
  return NULL;
}

static inline const uint8_t *find_provider6(const struct netvirt *n, uint64_t high, uint64_t low) {
  const uint64_t home = bucket_of_pair(n, high, low, n->provider_buckets6);
  const uint32_t bound = load32(n->generation + BOUND_PROVIDERS6);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *entry = bucket_at(n->providers6, n->provider_buckets6, home, step);
    if (load64(entry + 8) == low && load64(entry) == high && load32(entry + 36) != 0) return entry;
  }
  return NULL;
}

static inline uint64_t touch_provider4(const struct netvirt *n, uint32_t provider) {
  return load64(n->providers4 + bucket_of(n, provider, n->provider_buckets4) * BUCKET);
}

static inline uint64_t touch_provider6(const struct netvirt *n, uint64_t high, uint64_t low) {
  return load64(n->providers6 + bucket_of_pair(n, high, low, n->provider_buckets6) * BUCKET);
}

_Static_assert(sizeof(struct provider4) == 24 && sizeof(struct provider6) == 48, "copies of entries");

// What stands in an entry, belonging together and staying as it is. `copy`: room for it (WASM: in the worker's region).
static inline const void *taken(const uint8_t *entry, const uint8_t *version, void *copy, uint32_t size) {
  if (!NETVIRT_THREADS) return entry;
  uint32_t seen;
  do {
    seen = version_at(version);
    for (uint32_t offset = 0; offset < size; offset += 8)
      store64((uint8_t *)copy + offset, acquire64(entry + offset));
  } while (!is_still(version, seen));
  return copy;
}

static inline const struct provider4 *take_provider4(const struct netvirt *n, uint32_t provider,
                                                     struct provider4 *copy) {
  const uint8_t *entry = find_provider4(n, provider);
  return entry == NULL ? NULL : taken(entry, entry + 28, copy, sizeof *copy);
}

static inline const struct provider6 *take_provider6(const struct netvirt *n, uint64_t high, uint64_t low,
                                                     struct provider6 *copy) {
  const uint8_t *entry = find_provider6(n, high, low);
  return entry == NULL ? NULL : taken(entry, entry + 52, copy, sizeof *copy);
}

static inline struct address6 customer_of(const struct provider6 *provider) {
  return (struct address6){provider->customer_high, provider->customer_low};
}

// Virtual subnets by VSID: eight entries of 8 bytes. 0: not known here.
static inline uint32_t find_subnet(const struct netvirt *n, uint32_t vsid) {
  if (vsid == 0) return 0;
  const uint64_t home = bucket_of(n, vsid, n->vsid_buckets);
  const uint32_t bound = load32(n->generation + BOUND_VSIDS);
  for (uint32_t step = 0; step <= bound; step++) {
    const uint8_t *bucket = bucket_at(n->vsids, n->vsid_buckets, home, step);
    for (const uint8_t *entry = bucket; entry < bucket + BUCKET; entry += 8) {
      if (load32(entry) != vsid) continue;
      // One word: behind the VSID of a removed one stands an epoch.
      const uint64_t word = acquire64(entry);
      return (uint32_t)word == vsid ? (uint32_t)(word >> 32) : 0;
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
