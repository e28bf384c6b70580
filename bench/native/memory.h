// Where everything lies: follows from the capacities, as in assembly/memory.ts, so that a worker of another language finds the
// same addresses.

#pragma once

#include "netvirt.h"

_Static_assert(sizeof(struct port) <= PORT_SIZE, "port");
_Static_assert(sizeof(struct next_hop) == NEXT_HOP_SIZE, "next hop");
_Static_assert(sizeof(struct subnet) <= SUBNET_SIZE, "subnet");
_Static_assert(sizeof(struct route) <= ROUTE_SIZE, "route");

// Offsets that the WASM side has not given out yet.
struct layout {
  uint64_t free;
};

static uint64_t region(struct layout *layout, uint64_t bytes) {
  const uint64_t start = (layout->free + 63) & ~63ULL;
  layout->free = start + bytes;
  return start;
}

// Slots begin on pages of the system.
static uint64_t pages(struct layout *layout, uint64_t bytes) {
  layout->free = (layout->free + 4095) & ~4095ULL;
  return region(layout, bytes);
}

static void lay_out_worker(struct netvirt *n, uint8_t *memory, uint32_t worker) {
  const uint8_t *requested = memory + CAPACITIES;
  const uint64_t slots = load32(requested + CAPACITY_SLOTS);
  const uint64_t large_slots = load32(requested + CAPACITY_LARGE_SLOTS);
  const uint64_t copy_slots = load32(requested + CAPACITY_COPY_SLOTS);
  uint64_t ring_entries = 1;
  while (ring_entries < slots + large_slots) ring_entries <<= 1;
  const uint64_t output_entries = ring_entries + copy_slots * 2 + 64;
  struct layout layout = {.free = FIRST_REGION};
  region(&layout, STAGING_RECORDS * RECORD_SIZE);
  n->memory = memory;
  n->worker = worker;
  n->ring_mask = (uint32_t)ring_entries - 1;
  for (uint32_t one = 0; one <= worker; one++) {
    n->inputs = memory + region(&layout, ring_entries * INPUT_SIZE);
    n->outputs = memory + region(&layout, output_entries * OUTPUT_SIZE);
    region(&layout, TRACE_HEADER + TRACE_CAPACITY * TRACE_SIZE);
    pages(&layout, slots * SLOT_SIZE);
    pages(&layout, large_slots * LARGE_SLOT_SIZE);
    pages(&layout, copy_slots * SLOT_SIZE);
  }
}

static uint32_t buckets_for(uint32_t entries, uint32_t slots_per_bucket) {
  return max32((entries * 2 + slots_per_bucket - 1) / slots_per_bucket, 2);
}

static uint32_t staged_with(uint64_t tables, uint64_t from) {
  if (tables < from / 2) return 0;
  if (tables < from) return STAGED_REWRITTEN;
  return tables / 2 < from ? STAGED_SENT : STAGED_ALL;
}

// Returns the end of the generation.
static uint64_t lay_out_tables(struct netvirt *n, const uint8_t *header) {
  uint8_t *memory = n->memory;
  const uint64_t workers = load32(memory + CAPACITIES + CAPACITY_WORKERS);
  const uint64_t subnets = load32(header + CAPACITY_SUBNETS) + 1;
  n->port_capacity = load32(header + CAPACITY_PORTS) + 1;
  n->next_hop_capacity = load32(header + CAPACITY_NEXTHOPS) + 1;
  n->vsid_buckets = buckets_for((uint32_t)subnets, 8);
  n->vlan_buckets = buckets_for(load32(header + CAPACITY_VLANS) * 2, 4);
  n->address_buckets4 = buckets_for(load32(header + CAPACITY_ADDRESSES4), 4);
  n->address_buckets6 = buckets_for(load32(header + CAPACITY_ADDRESSES6), 1);
  n->mac_buckets = buckets_for(load32(header + CAPACITY_MACS), 4);
  n->provider_buckets4 = buckets_for(load32(header + CAPACITY_PROVIDERS4), 2);
  n->provider_buckets6 = buckets_for(load32(header + CAPACITY_PROVIDERS6), 1);

  struct layout layout = {.free = (uint64_t)(header - memory) + HEADER_SIZE};
  const uint64_t blocks = subnets * COUNTER_BLOCK_SIZE;
  n->counters = memory + region(&layout, blocks * workers) + blocks * n->worker;
  n->ports = memory + region(&layout, (uint64_t)n->port_capacity * PORT_SIZE);
  n->next_hops = memory + region(&layout, (uint64_t)n->next_hop_capacity * NEXT_HOP_SIZE);
  n->subnets = memory + region(&layout, subnets * SUBNET_SIZE);
  n->domains = memory + region(&layout, (load32(header + CAPACITY_DOMAINS) + 1ULL) * DOMAIN_SIZE);
  region(&layout, (load32(header + CAPACITY_MEMBERS) + 1ULL) * MEMBER_SIZE);
  region(&layout, (load32(header + CAPACITY_PREFIXES) + 1ULL) * PREFIX_SIZE);
  n->routes = memory + region(&layout, (load32(header + CAPACITY_ROUTES) + 1ULL) * ROUTE_SIZE);
  n->ranges4 = memory + region(&layout, (uint64_t)load32(header + CAPACITY_RANGES4) * RANGE4_SIZE);
  n->ranges6 = memory + region(&layout, (uint64_t)load32(header + CAPACITY_RANGES6) * RANGE6_SIZE);
  n->vsids = memory + region(&layout, (uint64_t)n->vsid_buckets * BUCKET);
  n->vlans = memory + region(&layout, (uint64_t)n->vlan_buckets * BUCKET);
  n->addresses4 = memory + region(&layout, (uint64_t)n->address_buckets4 * BUCKET);
  n->address_mappings4 = memory + region(&layout, (uint64_t)n->address_buckets4 * (BUCKET / 2));
  n->addresses6 = memory + region(&layout, (uint64_t)n->address_buckets6 * BUCKET);
  n->macs = memory + region(&layout, (uint64_t)n->mac_buckets * BUCKET);
  n->providers4 = memory + region(&layout, (uint64_t)n->provider_buckets4 * BUCKET);
  n->providers6 = memory + region(&layout, (uint64_t)n->provider_buckets6 * BUCKET);
  const uint64_t tables = layout.free - (uint64_t)(n->addresses4 - memory);
  n->staged = staged_with(tables, load32(memory + CAPACITIES + CAPACITY_STAGED_FROM));
  return layout.free;
}

static void select_generation(struct netvirt *n, uint8_t *header) {
  if (n->generation == header && n->serial == load32(header + SERIAL)) return;
  n->generation = header;
  n->serial = load32(header + SERIAL);
  lay_out_tables(n, header);
  n->seed_a = load64(header + CAPACITY_SEED) | 1;
  n->seed_b = load64(header + CAPACITY_SEED + 8) | 1;
  n->router_mac = load64(header + HOST_ROUTER_MAC);
  n->host_provider4 = load32(header + HOST_PROVIDER4);
  n->host_provider6_high = load64(header + HOST_PROVIDER6);
  n->host_provider6_low = load64(header + HOST_PROVIDER6 + 8);
  n->tos_mask = load32(header + HOST_TOS_MASK);
  n->tos_fixed = load32(header + HOST_TOS_FIXED);
  n->flow_id_mask = load32(header + HOST_FLOW_ID_MASK);
  n->host_flags = load32(header + HOST_FLAGS);
}

// What another thread stored is seen whole, and what stands behind it (assembly/epoch.ts).

static inline uint32_t acquire32(const uint8_t *at) {
  return NETVIRT_THREADS ? __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE) : load32(at);
}

static inline uint64_t acquire64(const uint8_t *at) {
  return NETVIRT_THREADS ? __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE) : load64(at);
}

static inline void publish32(uint8_t *at, uint32_t value) {
  __atomic_store_n((uint32_t *)at, value, __ATOMIC_SEQ_CST);
}

// What takes more than one store has a version beside it, which is odd while the writer is at it.

static inline uint32_t version_at(const uint8_t *version) {
  if (!NETVIRT_THREADS) return 0;
  uint32_t seen;
  do seen = acquire32(version);
  while ((seen & 1) != 0);
  return seen;
}

// What was read since `version_at`, by loads that acquire, belongs together.
static inline bool is_still(const uint8_t *version, uint32_t seen) {
  return !NETVIRT_THREADS || acquire32(version) == seen;
}

static void enter_batch(struct netvirt *n) {
  uint8_t *memory = n->memory;
  if (NETVIRT_THREADS) {
    // A removal between the two loads could be missed: then the epoch has moved on.
    uint8_t *seen = memory + WORKERS + n->worker * WORKER_SIZE;
    uint32_t epoch;
    do {
      epoch = acquire32(memory + EPOCH);
      publish32(seen, epoch);
    } while (__atomic_load_n((uint32_t *)(memory + EPOCH), __ATOMIC_SEQ_CST) != epoch);
  }
  select_generation(n, memory + acquire32(memory + CURRENT));
}

static void leave_batch(struct netvirt *n) {
  if (NETVIRT_THREADS) publish32(n->memory + WORKERS + n->worker * WORKER_SIZE, IDLE);
}
