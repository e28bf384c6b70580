/**
 * Decisions that the trace build reports, with the meaning of the two values of each. `src/observe/explain.ts` has the
 * rule and the sentence for every one.
 */

export const TRACE_PORT = 1; // VSID, MAC
export const TRACE_VLAN_REMOVED = 2; // TCI, VSID that the frame then belongs to
export const TRACE_SOURCE_MAC = 3; // MAC in the frame, MAC of the port
export const TRACE_SOURCE_ADDRESS4 = 4; // address
export const TRACE_SOURCE_ADDRESS6 = 5; // address, first and second half
export const TRACE_SOURCE_FORWARDING = 6;
export const TRACE_SOURCE_UNSPECIFIED = 7;
export const TRACE_SOURCE_LINK_LOCAL = 8;
export const TRACE_LOOKUP_ADDRESS4 = 9; // address, next hop + 1 or 0
export const TRACE_LOOKUP_ADDRESS6 = 10; // address, first and second half
export const TRACE_LOOKUP_MAC = 11; // MAC, next hop + 1 or 0
export const TRACE_LOCAL_PORT = 12; // port
export const TRACE_METHOD_NVGRE = 13; // VSID
export const TRACE_METHOD_REWRITE4 = 14; // source PA, destination PA
export const TRACE_METHOD_REWRITE6 = 15; // source PA, first and second half; TRACE_TOWARDS6 follows
export const TRACE_SIZE_LIMIT = 16; // bytes, limit
export const TRACE_FLOW = 17; // FlowID, flow label
export const TRACE_OUTER_TOS = 18; // inner, outer
export const TRACE_IP_CHECKSUM = 19; // before, after (wire order)
export const TRACE_L4_CHECKSUM = 20; // before, after (wire order)
export const TRACE_QUOTE = 21; // offset of the quoted packet in the frame
export const TRACE_OUTER4 = 22; // source, destination
export const TRACE_OUTER6 = 23; // source, first and second half; TRACE_TOWARDS6 follows
export const TRACE_OUTER_CHECKSUM = 24; // 1 = right
export const TRACE_GRE = 25; // first word, key
export const TRACE_VSID = 26; // VSID, 1 = known
export const TRACE_TUNNEL_GUARD = 27; // next hop of the inner source + 1 or 0, 1 = owns the outer source
export const TRACE_ECN = 28; // inner, outer
export const TRACE_NOT_OURS = 29;
export const TRACE_RECORD = 30; // next hop + 1: the record of the address of the event before
export const TRACE_VLAN_ADDED = 31; // VID
export const TRACE_GATEWAY4 = 32; // address
export const TRACE_GATEWAY6 = 33; // address, first and second half
export const TRACE_ROUTED4 = 34; // address, VSID of its subnet
export const TRACE_ROUTED6 = 35; // address, first and second half
export const TRACE_CONNECTED = 36; // VSID of the subnet whose prefix holds the address
export const TRACE_ROUTE4 = 37; // via, VSID of its subnet
export const TRACE_ROUTE6 = 38; // via, first and second half
export const TRACE_NEIGHBOR4 = 39; // address asked for, MAC or 0
export const TRACE_NEIGHBOR6 = 40; // address asked for, first and second half
export const TRACE_FLOOD = 41; // targets, copy slots
export const TRACE_FRAGMENTS = 42; // number, bytes of the longest
export const TRACE_MSS = 43; // before, after
export const TRACE_PATH_MTU = 44; // next hop of the peer + 1 or 0, MTU
export const TRACE_TOWARDS6 = 45; // the destination to the source of the event before, first and second half
export const TRACE_NO_ROUTE4 = 46; // destination
export const TRACE_NO_ROUTE6 = 47; // destination, first and second half
export const TRACE_NO_WAY_IN = 48; // the subnet of the event before has no gateway
