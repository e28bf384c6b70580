/**
 * What became of a packet: the numbers that the WASM side writes and the host reads.
 * Names and sentences for people stand in `src/observe/verdicts.ts`; a test keeps the two in step.
 * Numbers are never reused: they appear in saved reports.
 */

// Not drops.
export const FORWARD = 0;
export const PUNT = 1;
export const REPLY = 2;
/** Of an output that tells the sender of a dropped packet why: the packet itself counts as its drop. */
export const ICMP_ERROR = 3;
/** Counted only: ICMP errors that a rate limit kept back (T2). */
export const SUPPRESSED_ERROR = 4;
/** Counted only: copies of a flooded frame that did not fit the path of their host (V5). */
export const LOST_COPY = 5;

/** Counted only: packets that are kept back until the MAC of their next hop is known (`assembly/path/hold.ts`). */
export const HELD = 6;

/** Every verdict from here on is a drop. */
export const FIRST_DROP = 8;

// The frame itself.
export const DROP_CUT_CAPTURE = 8;
export const DROP_FRAME_TRUNCATED = 9;
export const DROP_FRAME_TOO_LONG = 10;
export const DROP_UNKNOWN_PORT = 11;

// The customer's packet, in either direction.
export const DROP_INNER_TRUNCATED = 12;
export const DROP_INNER_MALFORMED = 13;
export const DROP_VLAN_TAG = 14;
export const DROP_ND_MALFORMED = 15;

// Source guard of a VM's port (V6).
export const DROP_SOURCE_MAC = 16;
export const DROP_SOURCE_ADDRESS = 17;
export const DROP_ARP_SENDER = 18;
export const DROP_ND_SENDER = 19;

// Where to (V2, V3, V5) and whether it fits (T1).
export const DROP_NO_RECORD = 20;
export const DROP_FLOOD = 21;
// 22 is free.
export const DROP_SAME_PORT = 23;
export const DROP_OVER_MTU = 24;

// IP Rewrite (W1–W8).
export const DROP_REWRITE_NON_IP = 25;
export const DROP_REWRITE_AH = 26;
export const DROP_REWRITE_HEADERS = 27;
export const DROP_REWRITE_QUOTE = 28;
export const DROP_REWRITE_PEER = 29;

// ARP and neighbour discovery (V4).
export const DROP_ADDRESS_TAKEN = 30;
export const DROP_NEIGHBOR_UNKNOWN = 31;

// The envelope (N5, N7, N8).
export const DROP_OUTER_TRUNCATED = 32;
export const DROP_OUTER_MALFORMED = 33;
export const DROP_OUTER_CHECKSUM = 34;
export const DROP_OUTER_FRAGMENT = 35;
export const DROP_GRE_VERSION = 36;
export const DROP_GRE_FLAGS = 37;
export const DROP_GRE_PROTOCOL = 38;
export const DROP_GRE_NO_KEY = 39;
export const DROP_VSID_RESERVED = 40;
export const DROP_VSID_ALL_ONES = 41;
export const DROP_VSID_UNKNOWN = 42;

// Out of the envelope (V7, RFC 6040, V3).
export const DROP_TUNNEL_SOURCE = 43;
export const DROP_TUNNEL_TYPE = 44;
export const DROP_ECN_CE = 45;
export const DROP_NO_LOCAL_PORT = 46;

export const DROP_NEIGHBOR_NEEDLESS = 47;

// Copies and pieces (V5, T1).
export const DROP_FLOOD_RATE = 48;
export const DROP_NO_SLOT = 49;

// The gateway (V2).
export const DROP_NO_GATEWAY = 50;
export const DROP_NO_ROUTE = 51;
export const DROP_TTL_EXCEEDED = 52;
export const DROP_NOT_ROUTABLE = 53;
export const DROP_GATEWAY = 54;

// What the provider network says about the path to a peer (T4).
export const DROP_PATH_MTU = 55;
export const DROP_ICMP_UNMATCHED = 56;

// What a sender left to be done to a frame (W7).
export const DROP_OFFLOAD_HEADER = 57;
export const DROP_OFFLOAD_TYPE = 58;

// The physical network.
export const DROP_UNRESOLVED = 60;

/** Room for this many verdicts in every block of counters. */
export const VERDICT_COUNT = 64;
