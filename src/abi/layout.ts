/**
 * Sizes and offsets that the WASM side and the host share: written here once, compiled by asc and by tsc.
 * Addresses are not here: they follow from the capacities and are exported by the WASM side (`assembly/memory.ts`).
 * All integers are little-endian unless a line says "wire", which means the bytes stand as they do on the wire.
 */

/** Checked at start-up: the .wasm and the host were built from the same contract. */
export const ABI_VERSION = 3;

// Capacities: u32 each, written by the host at CAPACITIES before `carve` (the first four) and `openGeneration` (the others).
export const CAPACITIES = 1024;
export const CAPACITY_SLOTS = 0;
export const CAPACITY_LARGE_SLOTS = 4;
/** Small slots for the copies of flooded frames and the pieces of fragmented ones. */
export const CAPACITY_COPY_SLOTS = 8;
export const CAPACITY_WORKERS = 12;
export const CAPACITY_PORTS = 16;
export const CAPACITY_SUBNETS = 20;
export const CAPACITY_DOMAINS = 24;
export const CAPACITY_NEXTHOPS = 28;
/** Who gets a copy of what a subnet floods. */
export const CAPACITY_MEMBERS = 32;
/** IPv6 prefixes of subnets, for router advertisements. */
export const CAPACITY_PREFIXES = 36;
export const CAPACITY_ROUTES = 40;
/** Words of 4 bytes for the search trees of IPv4 routes. */
export const CAPACITY_RANGES4 = 44;
/** Ranges of IPv6 addresses, 24 bytes each. */
export const CAPACITY_RANGES6 = 48;
export const CAPACITY_ADDRESSES4 = 52;
export const CAPACITY_ADDRESSES6 = 56;
export const CAPACITY_MACS = 60;
export const CAPACITY_PROVIDERS4 = 64;
export const CAPACITY_PROVIDERS6 = 68;
export const CAPACITY_VLANS = 72;
/** Bytes of tables from which packets are staged (`assembly/path/touch.ts`). */
export const CAPACITY_STAGED_FROM = 76;
/** Two secret u64 that seed the hash tables, so that nobody can aim at one bucket. */
export const CAPACITY_SEED = 80;
export const CAPACITIES_SIZE = 96;

export const MAX_WORKERS = 64;

// A packet slot: the frame starts behind the headroom, so that an envelope is put on without moving the frame.
export const SLOT_SIZE = 2048;
export const LARGE_SLOT_SIZE = 69632;
export const SLOT_HEADROOM = 128;

// Input descriptor, 16 bytes.
export const INPUT_SIZE = 16;
export const INPUT_ADDRESS = 0; // u32, of the frame's first byte
export const INPUT_LENGTH = 4; // u32, bytes, without FCS
export const INPUT_PORT = 8; // u16, 0 = uplink
export const INPUT_FLAGS = 10; // u16, INPUT_CUT | INPUT_TOO_LONG | INPUT_VNET
/** The capture kept only the beginning of the frame. */
export const INPUT_CUT = 1;
/** The frame does not fit into any slot; only its beginning is there. */
export const INPUT_TOO_LONG = 2;
/** Live build only: a virtio-net header (`vnet.ts`) stands directly in front of the frame. */
export const INPUT_VNET = 4;

// What a port takes of what a sender left to do (live build): set by `setOffloads`, none to begin with.
/** Partial checksums. */
export const OFFLOAD_CHECKSUM = 1;
/** TCP super-segments over IPv4, over IPv6; UDP super-segments. */
export const OFFLOAD_TSO4 = 2;
export const OFFLOAD_TSO6 = 4;
export const OFFLOAD_USO = 8;

// Output descriptor, 16 bytes. Drops have one too: address and length 0.
export const OUTPUT_SIZE = 16;
export const OUTPUT_ADDRESS = 0; // u32
export const OUTPUT_LENGTH = 4; // u32
export const OUTPUT_PORT = 8; // u16
export const OUTPUT_VERDICT = 10; // u16, see verdict.ts
export const OUTPUT_INPUT = 12; // u32, number of the input in its batch

// Frames that are kept back, live build: a ring per worker, of which the worker writes PRODUCED and the host CONSUMED, numbers of
// frames that never go back.
export const HOLD_SLOTS = 32;
export const HOLD_HEADER = 128;
export const HOLD_PRODUCED = 0; // u32
export const HOLD_CONSUMED = 64; // u32
export const HOLD_SLOT_SIZE = 2048;
export const HOLD_RING_SIZE = HOLD_HEADER + HOLD_SLOTS * HOLD_SLOT_SIZE;
// In a slot:
export const HOLD_LENGTH = 0; // u32, bytes of the frame
export const HOLD_NEXT_HOP = 4; // u32, index
export const HOLD_GENERATION = 8; // u32, address of the generation that the index is of
/** The frame as it would leave, but for its destination MAC; its virtio-net header stands in front. */
export const HOLD_FRAME = 128;

// Counters: a block per subnet, u64 each: packets by verdict, then the bytes of forwarded frames as they came in.
// Block 0 belongs to packets whose subnet is not known. Every worker has its own blocks; readers add them up.
export const COUNTER_BLOCK_SIZE = 512;
export const COUNTER_BYTES = 504;

// Staging: fixed-size records from the policy compiler.
export const RECORD_SIZE = 64;
export const STAGING_RECORDS = 1024;
export const RECORD_KIND = 0; // u8, RECORD_…, with RECORD_REMOVE where it takes away
export const RECORD_FAMILY = 1; // u8, 4 or 6
export const RECORD_FLAGS = 2; // u8, meaning by kind
export const RECORD_TTL = 3; // u8, next hop: outer TTL
export const RECORD_INDEX = 4; // u32, of the port, subnet, domain, next hop, route, prefix or member
export const RECORD_VSID = 8; // 3 wire bytes, subnet
export const RECORD_SUBNET = 8; // u32, index of the subnet
export const RECORD_PORT_NUMBER = 8; // u32, next hop that is a local port
export const RECORD_PEER_RING = 8; // u32, next hop: another one of the same host, itself if it is the first
export const RECORD_BASE = 8; // u32, routes: where their ranges begin
export const RECORD_FLOOD_LIMIT = 8; // u32, host
export const RECORD_NEXTHOP = 12; // u16
export const RECORD_MTU = 14; // u16, next hop: IP MTU towards the peer; host: MTU that router advertisements name
export const RECORD_VID = 14; // u16, VLAN
export const RECORD_MAC = 16; // 6 wire bytes
export const RECORD_COUNT = 16; // u32, routes: number of ranges
export const RECORD_DOMAIN = 16; // u32, subnet
export const RECORD_NEXT = 16; // u32, route: the one to the same network with the next higher metric
export const RECORD_LENGTH = 16; // u32, prefix
export const RECORD_MAC2 = 24; // 6 wire bytes
export const RECORD_ICMP_LIMIT = 32; // u32, host
export const RECORD_ADDRESS4 = 32; // 4 wire bytes
export const RECORD_PROVIDER4 = 36; // 4 wire bytes
export const RECORD_ADDRESS6 = 32; // 16 wire bytes
export const RECORD_PROVIDER6 = 48; // 16 wire bytes

// Kinds of record.
/** This host: MAC, MAC2 = router MAC, PROVIDER4, PROVIDER6, FLAGS = HOST_…, INDEX = fixed DSCP, MTU, both limits. */
export const RECORD_HOST = 1;
/** Where a packet can go. FAMILY = family of the envelope, or 0 and PORT_NUMBER for a local port; MAC = outer. */
export const RECORD_NEXT_HOP = 2;
/** A subnet of a routing domain with an endpoint here: VSID, INDEX, DOMAIN, FLAGS = SUBNET_…, ADDRESS4, PROVIDER6 = gateways. */
export const RECORD_SUBNET_ENTRY = 3;
/** A local endpoint: INDEX = port, SUBNET, MAC, NEXTHOP = its own, FLAGS = PORT_…. */
export const RECORD_PORT = 4;
/** A customer address: FAMILY, SUBNET, ADDRESS, PROVIDER (0 = none), MAC, NEXTHOP (GATEWAY_HOP = a gateway's). */
export const RECORD_ADDRESS = 5;
/** An endpoint's MAC: SUBNET, MAC, NEXTHOP, FLAGS = MAC_…. */
export const RECORD_ENDPOINT_MAC = 6;
/** A peer's own provider address, to tell tunnels from rewritten packets: FAMILY, PROVIDER, NEXTHOP. */
export const RECORD_PEER = 7;
/** Who gets copies of a subnet's broadcasts: SUBNET, INDEX = member, NEXTHOP. */
export const RECORD_MEMBER = 8;
/** An IPv6 prefix of a subnet: SUBNET, INDEX, ADDRESS6, LENGTH. */
export const RECORD_PREFIX = 9;
/** A VLAN of a port: INDEX = port, SUBNET, VID. */
export const RECORD_VLAN = 10;
/** A route: INDEX from 1 on, FAMILY, ADDRESS = via, NEXT. */
export const RECORD_ROUTE = 11;
/** The routes of a domain, all at once: INDEX = domain, FAMILY, BASE, COUNT; the ranges stand there already (`stageRanges`). */
export const RECORD_ROUTES = 12;
/** The MACs of a next hop that is a peer's, which stays as it is otherwise: INDEX, MAC = outer, MAC2 = of rewritten packets. */
export const RECORD_NEIGHBOR = 13;
/** Takes away what KIND and key name. */
export const RECORD_REMOVE = 0x80;

export const HOST_ECN_COMPATIBILITY = 1;
export const HOST_FLOW_ID_ZERO = 2;
export const HOST_DSCP_FIXED = 4;
export const HOST_CLAMP_MSS = 8;
/** This host has the draft-00 key layout (N10). */
export const HOST_DRAFT00 = 16;
/** Some host of the fabric has it. */
export const HOST_ANY_DRAFT00 = 32;

export const PORT_ACTIVE = 1;
export const PORT_FORWARDING = 2;
export const PORT_REWRITE = 4;
export const PORT_VM_MAC = 8;
/** The endpoint has VLANs that are virtual subnets. */
export const PORT_VLANS = 16;

export const SUBNET_FLOOD = 1;
export const SUBNET_GATEWAY4 = 2;
export const SUBNET_GATEWAY6 = 4;

export const MAC_FORWARDING = 1;
export const MAC_REWRITE = 2;

/** Next hop: rewritten packets carry the destination VM's own MAC (W9). */
export const NEXT_HOP_VM_MAC = 1;
/** Next hop: the key has the draft-00 layout (N10). */
export const NEXT_HOP_DRAFT00 = 2;
/** The next hop of gateways' addresses. */
export const GATEWAY_HOP = 0;

// Ranges of route trees: IPv4 u32 start and u32 result, IPv6 two u64 and a u32. Starts are numbers, the first one 0, ascending.
export const STAGED_RANGE4_SIZE = 8;
export const STAGED_RANGE6_SIZE = 24;
/** Result of a range: 0 = nothing, this bit = a subnet's own prefix, else the number of a route. */
export const RANGE_CONNECTED = 0x4000_0000;
/** Beside it: the prefix's directed broadcast address. */
export const RANGE_BROADCAST = 0x2000_0000;

/** `install` stopped at a record because its table was full. */
export const INSTALL_FULL = 1;
/** `install` stopped at a record of an unknown kind or with an index beyond its capacity. */
export const INSTALL_INVALID = 2;

// Trace of the trace build: a u32 count, then events: u32 event, u32 reserved, u64 a, u64 b.
export const TRACE_HEADER = 8;
export const TRACE_SIZE = 24;
export const TRACE_CAPACITY = 64;
