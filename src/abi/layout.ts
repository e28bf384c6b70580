/**
 * Sizes and offsets that the WASM side and the host share: written here once, compiled by asc and by tsc.
 * Addresses are not here: they follow from the capacities and are exported by the WASM side (`assembly/memory.ts`).
 * All integers are little-endian unless a line says "wire", which means the bytes stand as they do on the wire.
 */

/** Checked at start-up: the .wasm and the host were built from the same contract. */
export const ABI_VERSION = 1;

// Capacities: u32 each, in this order, written by the host at CAPACITIES before `carve`.
export const CAPACITIES = 1024;
export const CAPACITY_SLOTS = 0;
export const CAPACITY_LARGE_SLOTS = 4;
export const CAPACITY_PORTS = 8;
export const CAPACITY_SUBNETS = 12;
export const CAPACITY_NEXTHOPS = 16;
export const CAPACITY_ADDRESSES4 = 20;
export const CAPACITY_ADDRESSES6 = 24;
export const CAPACITY_MACS = 28;
export const CAPACITY_PROVIDERS4 = 32;
export const CAPACITY_PROVIDERS6 = 36;
/** Two secret u64 that seed the hash tables, so that nobody can aim at one bucket. */
export const CAPACITY_SEED = 40;
export const CAPACITIES_SIZE = 56;

// A packet slot: the frame starts behind the headroom, so that an envelope is put on without moving the frame.
export const SLOT_SIZE = 2048;
export const LARGE_SLOT_SIZE = 69632;
export const SLOT_HEADROOM = 128;

// Input descriptor, 16 bytes.
export const INPUT_SIZE = 16;
export const INPUT_ADDRESS = 0; // u32, of the frame's first byte
export const INPUT_LENGTH = 4; // u32, bytes, without FCS
export const INPUT_PORT = 8; // u16, 0 = uplink
export const INPUT_FLAGS = 10; // u16, INPUT_CUT | INPUT_TOO_LONG
/** The capture kept only the beginning of the frame. */
export const INPUT_CUT = 1;
/** The frame does not fit into any slot; only its beginning is there. */
export const INPUT_TOO_LONG = 2;

// Output descriptor, 16 bytes. Drops have one too: address and length 0.
export const OUTPUT_SIZE = 16;
export const OUTPUT_ADDRESS = 0; // u32
export const OUTPUT_LENGTH = 4; // u32
export const OUTPUT_PORT = 8; // u16
export const OUTPUT_VERDICT = 10; // u16, see verdict.ts
export const OUTPUT_INPUT = 12; // u32, number of the input in its batch

// Counters: a block per subnet, u64 each: packets by verdict, then the bytes of forwarded frames as they came in.
// Block 0 belongs to packets whose subnet is not known.
export const COUNTER_BLOCK_SIZE = 512;
export const COUNTER_BYTES = 504;

// Staging: fixed-size records from the policy compiler.
export const RECORD_SIZE = 64;
export const STAGING_RECORDS = 1024;
export const RECORD_KIND = 0; // u8, RECORD_…
export const RECORD_FAMILY = 1; // u8, 4 or 6
export const RECORD_FLAGS = 2; // u8, meaning by kind
export const RECORD_TTL = 3; // u8, nexthop: outer TTL
export const RECORD_INDEX = 4; // u32, of the port, subnet or next hop
export const RECORD_VSID = 8; // 3 wire bytes
export const RECORD_PORT_NUMBER = 8; // u32, next hop that is a local port
export const RECORD_NEXTHOP = 12; // u16
export const RECORD_MTU = 14; // u16, next hop: IP MTU towards the peer
export const RECORD_MAC = 16; // 6 wire bytes
export const RECORD_MAC2 = 24; // 6 wire bytes
export const RECORD_SUBNET_INDEX = 32; // u32, port
export const RECORD_ADDRESS4 = 32; // 4 wire bytes
export const RECORD_PROVIDER4 = 36; // 4 wire bytes
export const RECORD_ADDRESS6 = 32; // 16 wire bytes
export const RECORD_PROVIDER6 = 48; // 16 wire bytes

// Kinds of record.
/** This host: MAC, MAC2 = router MAC, PROVIDER4, PROVIDER6, FLAGS = HOST_…, INDEX = fixed DSCP. */
export const RECORD_HOST = 1;
/** Where a packet can go. FAMILY = family of the envelope, or 0 and PORT_NUMBER for a local port; MAC = outer, MAC2 = of rewritten packets. */
export const RECORD_NEXT_HOP = 2;
/** A subnet with an endpoint in this host's routing domains: VSID, INDEX = its block of counters. */
export const RECORD_SUBNET = 3;
/** A local endpoint: INDEX = port, VSID, MAC, NEXTHOP = its own, SUBNET_INDEX, FLAGS = PORT_…. */
export const RECORD_PORT = 4;
/** A customer address: FAMILY, VSID, ADDRESS, PROVIDER (0 = none), MAC, NEXTHOP. */
export const RECORD_ADDRESS = 5;
/** An endpoint's MAC: VSID, MAC, NEXTHOP, FLAGS = MAC_…. */
export const RECORD_ENDPOINT_MAC = 6;
/** A peer's own provider address, to tell tunnels from rewritten packets: FAMILY, PROVIDER, NEXTHOP. */
export const RECORD_PEER = 7;

export const HOST_ECN_COMPATIBILITY = 1;
export const HOST_FLOW_ID_ZERO = 2;
export const HOST_DSCP_FIXED = 4;

export const PORT_ACTIVE = 1;
export const PORT_FORWARDING = 2;
export const PORT_REWRITE = 4;
export const PORT_VM_MAC = 8;

export const MAC_FORWARDING = 1;
export const MAC_REWRITE = 2;

/** Next hop: rewritten packets carry the destination VM's own MAC (W9). */
export const NEXT_HOP_VM_MAC = 1;

/** `install` stopped at a record because its table was full. */
export const INSTALL_FULL = 1;
/** `install` stopped at a record of an unknown kind or with an index beyond its capacity. */
export const INSTALL_INVALID = 2;

// Trace events of the trace build: u32 event, u32 reserved, u64 a, u64 b.
export const TRACE_SIZE = 24;
export const TRACE_CAPACITY = 64;
