// Neighbour discovery, RFC 4861 §4: behind the ICMPv6 header of 8 bytes
//
// solicitation, advertisement: target 16 | options          redirect: target 16 | destination 16 | options
// router advertisement: reachable 4 | retransmission 4 | options
//
//  0       1       2
// +-------+-------+----------
// | type  | length| …            an option, the length in units of 8 bytes
// +-------+-------+----------

export const ROUTER_SOLICITATION: u32 = 133;
export const ROUTER_ADVERTISEMENT: u32 = 134;
export const NEIGHBOR_SOLICITATION: u32 = 135;
export const NEIGHBOR_ADVERTISEMENT: u32 = 136;
export const REDIRECT: u32 = 137;

export const SOURCE_LINK_LAYER: u32 = 1;
export const TARGET_LINK_LAYER: u32 = 2;
export const PREFIX_INFORMATION: u32 = 3;
export const MTU_OPTION: u32 = 5;

/** Flags of an advertisement, first byte behind the checksum. */
export const FLAG_ROUTER: u32 = 0x80;
export const FLAG_SOLICITED: u32 = 0x40;
export const FLAG_OVERRIDE: u32 = 0x20;

/** Where the target address stands. */
export const TARGET: usize = 8;

/** Bytes in front of the options; 0: no neighbour discovery message. */
export function fixedLength(type: u32): u32 {
  if (type == ROUTER_SOLICITATION) return 8;
  if (type == ROUTER_ADVERTISEMENT) return 16;
  if (type == NEIGHBOR_SOLICITATION || type == NEIGHBOR_ADVERTISEMENT) return 24;
  return type == REDIRECT ? 40 : 0;
}

/** The options fill the space exactly, none of length 0 (RFC 4861 §4.6). */
export function areOptionsWhole(options: usize, end: usize): bool {
  while (options + 2 <= end) {
    const length = (<u32>load<u8>(options, 1)) << 3;
    if (length == 0) return false;
    options += length;
  }
  return options == end;
}

/** The first option of a type, 0 if there is none. The options are whole. */
export function findOption(options: usize, end: usize, type: u32): usize {
  for (; options < end; options += (<usize>load<u8>(options, 1)) << 3) {
    if (load<u8>(options) == type) return options;
  }
  return 0;
}
