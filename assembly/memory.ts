// The memory map. Every region follows from capacities, so that a second instance on the same shared memory finds the same
// addresses.
//
//   0            zeros: an address of "no provider address" points here
//   CAPACITIES   what the host asks for; read by `carve` and by `openGeneration`
//   CONTROL      which generation is current, and the epoch
//   WORKERS      256 bytes per worker: the epoch that it has seen, more room for copies if it was given any, and copies of
//                entries that it works with
//   staging      records from the policy compiler
//   offloads     live build: what each port takes, a byte per port number
//   holds        live build: per worker a ring of frames that wait for a MAC
//   workers      per worker: input and output ring, trace, slots, large slots, copy slots
//   generations  each: header (its capacities, probe bounds, this host), counters, ports, next hops, subnets, tables
//
// A generation is everything that follows from one policy. Another policy is built in a generation of its own, behind the
// others or in place of one that nobody reads any more, and becomes current by one store.

import * as abi from '../src/abi/layout';

/** Where 16 bytes of zero stand: "this address has no provider address". */
export const NO_PROVIDER: usize = 64;
const CONTROL: usize = 1280;
/** Address of the current generation's header. */
export const CURRENT: usize = CONTROL;
/** Counts publications and removals; what was removed in an epoch may be overwritten when all workers have seen a later one. */
export const EPOCH: usize = CONTROL + 4;
/** How many generations there have been: the same place serves many. */
const OPENED: usize = CONTROL + 8;
/** The latest time that rates were asked about, f64. */
export const LATEST: usize = CONTROL + 16;
const WORKERS: usize = 2048;
const WORKER_SIZE: usize = 256;
/** What the port field of descriptors can name. */
const PORT_NUMBERS: usize = 0x10000;
const FIRST_REGION: usize = WORKERS + <usize>abi.MAX_WORKERS * WORKER_SIZE;

// This worker's part.
export let worker: u32 = 0;
/** Room for what may change in the tables meanwhile, 64 bytes each. */
export let copyOfTo: usize = 0;
export let copyOfFrom: usize = 0;
export let copyOfQuoted: usize = 0;
export let inputs: usize = 0;
export let outputs: usize = 0;
export let traces: usize = 0;
export let slots: usize = 0;
export let largeSlots: usize = 0;
/** Small slots for copies and pieces (V5, T1). */
export let copySlots: usize = 0;
export let copySlotCount: u32 = 0;
/** Of which the window has `copySlotCount`. */
export let copySlotTotal: u32 = 0;
/** Entries of the input ring, a power of two. */
export let ringEntries: u32 = 0;
export let outputEntries: u32 = 0;
let outputsStart: usize = 0;
let copySlotsStart: usize = 0;
export let staging: usize = 0;
/** Live build: a byte of OFFLOAD_… for every port number, whatever the policy. */
export let offloads: usize = 0;
/** Live build: this worker's ring of frames that are kept back; `holdRings`: worker 0's. */
export let hold: usize = 0;
export let holdRings: usize = 0;
/** Where generations begin. */
export let generationsAddress: usize = 0;

// The selected generation.
/** Its header. */
export let generation: usize = 0;
/** Which of the generations that have been in that place. */
let serial: u32 = 0;
/** This worker's block of counters for subnet 0. */
export let counters: usize = 0;
export let ports: usize = 0;
export let nextHops: usize = 0;
export let subnets: usize = 0;
export let domains: usize = 0;
export let members: usize = 0;
export let prefixes: usize = 0;
export let routes: usize = 0;
export let ranges4: usize = 0;
export let ranges6: usize = 0;
export let vsids: usize = 0;
export let vlans: usize = 0;
export let addresses4: usize = 0;
/** A mapping (`tables/records.ts`) for each entry of addresses4; apart, because only IP Rewrite reads it. */
export let addressMappings4: usize = 0;
export let addresses6: usize = 0;
export let macs: usize = 0;
export let providers4: usize = 0;
export let providers6: usize = 0;
/** Numbers of buckets. */
export let vsidBuckets: u32 = 0;
export let vlanBuckets: u32 = 0;
export let addressBuckets4: u32 = 0;
export let addressBuckets6: u32 = 0;
export let macBuckets: u32 = 0;
export let providerBuckets4: u32 = 0;
export let providerBuckets6: u32 = 0;
/** Which packets are staged (`path/touch.ts`), by how much of the tables they read: the larger the tables, the more. */
export let staged: u32 = 0;
export const STAGED_REWRITTEN: u32 = 1;
/** Those, and all others that VMs send. */
export const STAGED_SENT: u32 = 2;
/** Those, and what arrives. */
export const STAGED_ALL: u32 = 3;
/** Capacities that indexes are checked against. */
export let portCapacity: u32 = 0;
export let nextHopCapacity: u32 = 0;
export let subnetCapacity: u32 = 0;
export let domainCapacity: u32 = 0;
export let memberCapacity: u32 = 0;
export let prefixCapacity: u32 = 0;
export let routeCapacity: u32 = 0;
export let rangeCapacity4: u32 = 0;
export let rangeCapacity6: u32 = 0;
/** Secret multipliers of the hash tables, odd. */
export let seedA: u64 = 0;
export let seedB: u64 = 0;

// What of this host every packet needs: copied from the header when the generation is selected.
export let routerMac: u64 = 0;
export let hostProvider4: u32 = 0;
export let hostProvider6High: u64 = 0;
export let hostProvider6Low: u64 = 0;
/** Outer TOS = inner TOS & mask | fixed: the DSCP model and the ECN mode in two words. */
export let tosMask: u32 = 0;
export let tosFixed: u32 = 0;
export let flowIdMask: u32 = 0;
/** HOST_… of the layout. */
export let hostFlags: u32 = 0;

// Offsets in a generation's header, behind its capacities.
/** How many buckets behind the home bucket an entry may lie: the furthest that any insertion went. u32 per table. */
export const BOUND_ADDRESSES4: usize = 128;
export const BOUND_ADDRESSES6: usize = 132;
export const BOUND_MACS: usize = 136;
export const BOUND_PROVIDERS4: usize = 140;
export const BOUND_PROVIDERS6: usize = 144;
export const BOUND_VSIDS: usize = 148;
export const BOUND_VLANS: usize = 152;
export const HOST_FLAGS: usize = 156;
export const HOST_MAC: usize = 160;
export const HOST_ROUTER_MAC: usize = 168;
export const HOST_PROVIDER4: usize = 176;
export const HOST_TOS_MASK: usize = 180;
export const HOST_TOS_FIXED: usize = 184;
export const HOST_FLOW_ID_MASK: usize = 188;
export const HOST_PROVIDER6: usize = 192; // two u64
/** Frames and errors per second and port, f64. */
export const HOST_FLOOD_LIMIT: usize = 208;
export const HOST_ICMP_LIMIT: usize = 216;
/** IPv6 MTU that router advertisements name. */
export const HOST_ADVERTISED_MTU: usize = 224;
/** When the next lowered path MTU ends, f64; 0 = none is lowered. */
export const PATH_MTU_EXPIRY: usize = 232;
/** Which generation this is, from 1 on. */
const SERIAL: usize = 240;
const HEADER_SIZE: usize = 256;

export const BUCKET: usize = 64;
export const PORT_SIZE: usize = 128;
export const NEXT_HOP_SIZE: usize = 128;
export const SUBNET_SIZE: usize = 64;
export const DOMAIN_SIZE: usize = 16;
export const MEMBER_SIZE: usize = 8;
export const PREFIX_SIZE: usize = 32;
export const ROUTE_SIZE: usize = 32;
export const RANGE4_SIZE: usize = 4;
export const RANGE6_SIZE: usize = 24;

let free: usize = 0;

function region(bytes: usize): usize {
  const start = (free + 63) & ~63;
  free = start + bytes;
  return start;
}

/** Slots begin on pages of the system, so that a kernel ring can be mapped over them. */
function pages(bytes: usize): usize {
  free = (free + 4095) & ~4095;
  return region(bytes);
}

function requested(offset: usize): u32 {
  return load<u32>(<usize>abi.CAPACITIES + offset);
}

/** Lays out what belongs to this worker, from the capacities. */
export function layOutWorker(number: u32): void {
  worker = number;
  copyOfTo = workerEpoch(number) + 64;
  copyOfFrom = workerEpoch(number) + 128;
  copyOfQuoted = workerEpoch(number) + 192;
  const slotCount = requested(abi.CAPACITY_SLOTS);
  const largeSlotCount = requested(abi.CAPACITY_LARGE_SLOTS);
  copySlotTotal = requested(abi.CAPACITY_COPY_SLOTS);
  copySlotCount = copySlotTotal;
  ringEntries = 1;
  while (ringEntries < slotCount + largeSlotCount) ringEntries <<= 1;
  outputEntries = outputEntriesFor(copySlotCount);
  free = FIRST_REGION;
  staging = region(abi.STAGING_RECORDS * abi.RECORD_SIZE);
  if (isDefined(NETVIRT_LIVE)) {
    offloads = region(PORT_NUMBERS);
    holdRings = region(<usize>requested(abi.CAPACITY_WORKERS) * abi.HOLD_RING_SIZE);
    hold = holdRings + <usize>number * abi.HOLD_RING_SIZE;
  }
  for (let one: u32 = 0; one < requested(abi.CAPACITY_WORKERS); one++) {
    const theirInputs = region(<usize>ringEntries * abi.INPUT_SIZE);
    const theirOutputs = region(<usize>outputEntries * abi.OUTPUT_SIZE);
    const theirTraces = region(abi.TRACE_HEADER + abi.TRACE_CAPACITY * abi.TRACE_SIZE);
    const theirSlots = pages(<usize>slotCount * abi.SLOT_SIZE);
    const theirLargeSlots = pages(<usize>largeSlotCount * abi.LARGE_SLOT_SIZE);
    const theirCopySlots = pages(<usize>copySlotCount * abi.SLOT_SIZE);
    if (one != number) continue;
    inputs = theirInputs;
    outputs = theirOutputs;
    traces = theirTraces;
    slots = theirSlots;
    largeSlots = theirLargeSlots;
    copySlots = theirCopySlots;
    outputsStart = theirOutputs;
    copySlotsStart = theirCopySlots;
  }
  generationsAddress = pages(0);
}

/**
 * Where the next batches write: output entries and copy slots from those numbers on, so many. A pool's worker goes on while
 * what it wrote before is being read.
 */
export function setWindow(output: u32, outputCount: u32, copy: u32, copyCount: u32): void {
  outputs = outputsStart + <usize>output * abi.OUTPUT_SIZE;
  outputEntries = outputCount;
  copySlots = copySlotsStart + <usize>copy * abi.SLOT_SIZE;
  copySlotCount = copyCount;
}

/** Every input has an output; every copy has one more, and untagged local copies need no slot. */
export function outputEntriesFor(copies: u32): u32 {
  return ringEntries + copies * 2 + 64;
}

/** Lays this worker's output ring and copy slots elsewhere; the window is then all of them. */
export function moveCopies(ring: usize, slotsStart: usize, count: u32): void {
  outputsStart = ring;
  copySlotsStart = slotsStart;
  copySlotTotal = count;
  setWindow(0, outputEntriesFor(count), 0, count);
}

/** Buckets for `entries` at a load of at most one half: beyond it lookups get slow, at 0.75 by a factor of 1.6. */
function bucketsFor(entries: u32, slotsPerBucket: u32): u32 {
  return max((entries * 2 + slotsPerBucket - 1) / slotsPerBucket, 2);
}

/** Lays out a generation by the capacities in `header`. Returns its end. */
function layOut(header: usize, start: usize): usize {
  portCapacity = load<u32>(header, abi.CAPACITY_PORTS) + 1;
  nextHopCapacity = load<u32>(header, abi.CAPACITY_NEXTHOPS) + 1;
  subnetCapacity = load<u32>(header, abi.CAPACITY_SUBNETS) + 1;
  domainCapacity = load<u32>(header, abi.CAPACITY_DOMAINS) + 1;
  memberCapacity = load<u32>(header, abi.CAPACITY_MEMBERS) + 1;
  prefixCapacity = load<u32>(header, abi.CAPACITY_PREFIXES) + 1;
  routeCapacity = load<u32>(header, abi.CAPACITY_ROUTES) + 1;
  rangeCapacity4 = load<u32>(header, abi.CAPACITY_RANGES4);
  rangeCapacity6 = load<u32>(header, abi.CAPACITY_RANGES6);
  vsidBuckets = bucketsFor(subnetCapacity, 8);
  vlanBuckets = bucketsFor(load<u32>(header, abi.CAPACITY_VLANS) * 2, 4);
  addressBuckets4 = bucketsFor(load<u32>(header, abi.CAPACITY_ADDRESSES4), 4);
  addressBuckets6 = bucketsFor(load<u32>(header, abi.CAPACITY_ADDRESSES6), 1);
  macBuckets = bucketsFor(load<u32>(header, abi.CAPACITY_MACS), 4);
  providerBuckets4 = bucketsFor(load<u32>(header, abi.CAPACITY_PROVIDERS4), 2);
  providerBuckets6 = bucketsFor(load<u32>(header, abi.CAPACITY_PROVIDERS6), 1);

  free = start + HEADER_SIZE;
  const blocks = <usize>subnetCapacity * abi.COUNTER_BLOCK_SIZE;
  counters = region(blocks * <usize>requested(abi.CAPACITY_WORKERS)) + blocks * <usize>worker;
  ports = region(<usize>portCapacity * PORT_SIZE);
  nextHops = region(<usize>nextHopCapacity * NEXT_HOP_SIZE);
  subnets = region(<usize>subnetCapacity * SUBNET_SIZE);
  domains = region(<usize>domainCapacity * DOMAIN_SIZE);
  members = region(<usize>memberCapacity * MEMBER_SIZE);
  prefixes = region(<usize>prefixCapacity * PREFIX_SIZE);
  routes = region(<usize>routeCapacity * ROUTE_SIZE);
  ranges4 = region(<usize>rangeCapacity4 * RANGE4_SIZE);
  ranges6 = region(<usize>rangeCapacity6 * RANGE6_SIZE);
  vsids = region(<usize>vsidBuckets * BUCKET);
  vlans = region(<usize>vlanBuckets * BUCKET);
  addresses4 = region(<usize>addressBuckets4 * BUCKET);
  addressMappings4 = region(<usize>addressBuckets4 * (BUCKET / 2));
  addresses6 = region(<usize>addressBuckets6 * BUCKET);
  macs = region(<usize>macBuckets * BUCKET);
  providers4 = region(<usize>providerBuckets4 * BUCKET);
  providers6 = region(<usize>providerBuckets6 * BUCKET);
  staged = stagedWith(free - addresses4, <usize>requested(abi.CAPACITY_STAGED_FROM));
  return free;
}

function stagedWith(tables: usize, from: usize): u32 {
  if (tables < from / 2) return 0;
  if (tables < from) return STAGED_REWRITTEN;
  return tables / 2 < from ? STAGED_SENT : STAGED_ALL;
}

/** Bytes that a generation with the requested capacities takes. */
export function generationSize(): usize {
  const size = layOut(abi.CAPACITIES, 0);
  generation = 0;
  return size;
}

/** Begins a generation with the requested capacities at `start`, where `size` bytes are; nobody reads it yet. */
export function openGeneration(start: usize, size: usize): void {
  memory.fill(start, 0, size);
  memory.copy(start, abi.CAPACITIES, abi.CAPACITIES_SIZE);
  store<u32>(OPENED, load<u32>(OPENED) + 1);
  store<u32>(start, load<u32>(OPENED), SERIAL);
  select(start);
}

/** Where the counters of worker 0 begin in a generation. */
export function countersOf(header: usize): usize {
  return (header + HEADER_SIZE + 63) & ~63;
}

/** Makes a generation the one that tables and counters of this instance mean. */
export function select(header: usize): void {
  if (generation == header && serial == load<u32>(header, SERIAL)) return;
  generation = header;
  serial = load<u32>(header, SERIAL);
  layOut(header, header);
  seedA = load<u64>(header, abi.CAPACITY_SEED) | 1;
  seedB = load<u64>(header, abi.CAPACITY_SEED + 8) | 1;
  selectHost();
}

/** Copies what every packet needs of the host's record. */
export function selectHost(): void {
  routerMac = load<u64>(generation, HOST_ROUTER_MAC);
  hostProvider4 = load<u32>(generation, HOST_PROVIDER4);
  hostProvider6High = load<u64>(generation, HOST_PROVIDER6);
  hostProvider6Low = load<u64>(generation, HOST_PROVIDER6 + 8);
  tosMask = load<u32>(generation, HOST_TOS_MASK);
  tosFixed = load<u32>(generation, HOST_TOS_FIXED);
  flowIdMask = load<u32>(generation, HOST_FLOW_ID_MASK);
  hostFlags = load<u32>(generation, HOST_FLAGS);
}

/** Where a worker notes the epoch of the batch that it is in; IDLE between batches. */
export function workerEpoch(number: u32): usize {
  return WORKERS + <usize>number * WORKER_SIZE;
}
