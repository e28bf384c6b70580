// The memory map. Every region follows from the capacities at CAPACITIES, so that a second instance on the same shared
// memory finds the same addresses (`attach`). Nothing grows afterwards.
//
//   0          zeros: an address of "no provider address" points here
//   1024       capacities (written by the host before `carve`)
//   HOST       what this host is: addresses, MACs, options, probe bounds of the tables
//   counters   one block per subnet
//   rings      input descriptors, output descriptors
//   staging    records from the policy compiler
//   trace      events of the trace build
//   tables     ports, next hops, subnets, addresses4 (+ their provider addresses), addresses6, macs, providers4, providers6
//   slots      small slots, then large slots

import * as abi from '../src/abi/layout';

/** This host's record, behind the capacities at a constant address. */
export const HOST: usize = 1280;
export const HOST_MAC: usize = HOST;
export const HOST_ROUTER_MAC: usize = HOST + 8;
export const HOST_PROVIDER4: usize = HOST + 16;
/** Outer TOS = inner TOS & mask | fixed: the DSCP model and the ECN mode in two words. */
export const HOST_TOS_MASK: usize = HOST + 20;
export const HOST_TOS_FIXED: usize = HOST + 24;
export const HOST_FLOW_ID_MASK: usize = HOST + 28;
export const HOST_PROVIDER6: usize = HOST + 32; // two u64
/** How many buckets behind the home bucket an entry may lie: the furthest that any insertion went. u32 per table. */
export const BOUND_ADDRESSES4: usize = HOST + 48;
export const BOUND_ADDRESSES6: usize = HOST + 52;
export const BOUND_MACS: usize = HOST + 56;
export const BOUND_PROVIDERS4: usize = HOST + 60;
export const BOUND_PROVIDERS6: usize = HOST + 64;
export const BOUND_SUBNETS: usize = HOST + 68;
export const HOST_INSTALL_ERROR: usize = HOST + 72;
export const TRACE_COUNT: usize = HOST + 76;
/** Where 16 bytes of zero stand: "this address has no provider address". */
export const NO_PROVIDER: usize = 64;
const FIRST_REGION: usize = 2048;

export let counters: usize = 0;
export let inputs: usize = 0;
export let outputs: usize = 0;
export let staging: usize = 0;
export let traces: usize = 0;
export let ports: usize = 0;
export let nextHops: usize = 0;
export let subnets: usize = 0;
export let addresses4: usize = 0;
/** The provider address of each slot of addresses4, 0 = none; apart, because only IP Rewrite reads it. */
export let addressProviders4: usize = 0;
export let addresses6: usize = 0;
export let macs: usize = 0;
export let providers4: usize = 0;
export let providers6: usize = 0;
export let slots: usize = 0;
export let largeSlots: usize = 0;

/** Entries of the input and of the output ring, a power of two. */
export let ringEntries: u32 = 0;
/** Numbers of buckets. */
export let subnetBuckets: u32 = 0;
export let addressBuckets4: u32 = 0;
export let addressBuckets6: u32 = 0;
export let macBuckets: u32 = 0;
export let providerBuckets4: u32 = 0;
export let providerBuckets6: u32 = 0;
/** Capacities that indexes are checked against. */
export let portCapacity: u32 = 0;
export let nextHopCapacity: u32 = 0;
export let subnetCapacity: u32 = 0;
/** Secret multipliers of the hash tables, odd. */
export let seedA: u64 = 0;
export let seedB: u64 = 0;

export const BUCKET: usize = 64;
export const PORT_SIZE: usize = 128;
export const NEXT_HOP_SIZE: usize = 128;

function capacity(offset: u32): u32 {
  return load<u32>(<usize>(abi.CAPACITIES + offset));
}

let free: usize = 0;

function region(bytes: usize): usize {
  const start = (free + 63) & ~63;
  free = start + bytes;
  return start;
}

/** Buckets for `entries` at a load of at most one half: beyond it lookups get slow, at 0.75 by a factor of 1.6. */
function bucketsFor(entries: u32, slotsPerBucket: u32): u32 {
  return max((entries * 2 + slotsPerBucket - 1) / slotsPerBucket, 2);
}

/** Computes the map from the capacities. Returns the bytes that it takes. */
export function layOut(): usize {
  portCapacity = capacity(abi.CAPACITY_PORTS) + 1;
  nextHopCapacity = capacity(abi.CAPACITY_NEXTHOPS);
  subnetCapacity = capacity(abi.CAPACITY_SUBNETS) + 1;
  seedA = load<u64>(abi.CAPACITIES + abi.CAPACITY_SEED) | 1;
  seedB = load<u64>(abi.CAPACITIES + abi.CAPACITY_SEED + 8) | 1;
  const slotCount = capacity(abi.CAPACITY_SLOTS) + capacity(abi.CAPACITY_LARGE_SLOTS);
  ringEntries = 1;
  while (ringEntries < slotCount) ringEntries <<= 1;
  subnetBuckets = bucketsFor(subnetCapacity, 8);
  addressBuckets4 = bucketsFor(capacity(abi.CAPACITY_ADDRESSES4), 4);
  addressBuckets6 = bucketsFor(capacity(abi.CAPACITY_ADDRESSES6), 1);
  macBuckets = bucketsFor(capacity(abi.CAPACITY_MACS), 4);
  providerBuckets4 = bucketsFor(capacity(abi.CAPACITY_PROVIDERS4), 2);
  providerBuckets6 = bucketsFor(capacity(abi.CAPACITY_PROVIDERS6), 1);

  free = FIRST_REGION;
  counters = region(<usize>subnetCapacity * abi.COUNTER_BLOCK_SIZE);
  inputs = region(<usize>ringEntries * abi.INPUT_SIZE);
  outputs = region(<usize>ringEntries * abi.OUTPUT_SIZE);
  staging = region(abi.STAGING_RECORDS * abi.RECORD_SIZE);
  traces = region(abi.TRACE_CAPACITY * abi.TRACE_SIZE);
  ports = region(<usize>portCapacity * PORT_SIZE);
  nextHops = region(<usize>nextHopCapacity * NEXT_HOP_SIZE);
  subnets = region(<usize>subnetBuckets * BUCKET);
  addresses4 = region(<usize>addressBuckets4 * BUCKET);
  addressProviders4 = region(<usize>addressBuckets4 * (BUCKET / 4));
  addresses6 = region(<usize>addressBuckets6 * BUCKET);
  macs = region(<usize>macBuckets * BUCKET);
  providers4 = region(<usize>providerBuckets4 * BUCKET);
  providers6 = region(<usize>providerBuckets6 * BUCKET);
  // Slots begin on pages of the system, so that a kernel ring can be mapped over them.
  free = (free + 4095) & ~4095;
  slots = region(<usize>capacity(abi.CAPACITY_SLOTS) * abi.SLOT_SIZE);
  free = (free + 4095) & ~4095;
  largeSlots = region(<usize>capacity(abi.CAPACITY_LARGE_SLOTS) * abi.LARGE_SLOT_SIZE);
  return free;
}
