//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |C| |K|S|    Reserved0    | Ver |         Protocol Type         |   RFC 2784 §2, RFC 2890 §2
// |               Virtual Subnet ID               |    FlowID     |   RFC 7637 §3.2

export const GRE_HEADER: u32 = 4;
export const NVGRE_HEADER: u32 = 8;

/** Only K set, protocol type 0x6558, as it lies in memory. */
export const NVGRE_FIRST_WORD: u32 = 0x5865_0020;
/** Transparent Ethernet bridging, as it lies in memory. */
export const PROTOCOL_TYPE_ETHERNET: u32 = 0x5865;

@unmanaged
export class Gre {
  /** Both halves of the first word as they lie in memory. */
  firstWord: u32;
  keyWire: u32;

  static at(header: usize): Gre {
    return changetype<Gre>(header);
  }

  get version(): u32 {
    return (this.firstWord >> 8) & 7;
  }

  get hasKey(): bool {
    return (this.firstWord & 0x20) != 0;
  }

  /** One of bits 0, 1, 3, 4, 5 is set: checksum, sequence number or what RFC 2784 §2.3 tells to discard. */
  get hasForbiddenFlags(): bool {
    return (this.firstWord & 0xdc) != 0;
  }

  get protocolType(): u32 {
    return this.firstWord >> 16;
  }
}

// Both halves of the key as they lie in memory. The VSID is the three bytes of the wire, in their order: the first three of the key
// (RFC 7637), or the last three (draft-sridharan-virtualization-nvgre-00).

export function keyOf(vsid: u32, flowId: u32, isDraft00: bool): u32 {
  return isDraft00 ? (vsid << 8) | flowId : vsid | (flowId << 24);
}

export function vsidOf(key: u32, isDraft00: bool): u32 {
  return isDraft00 ? key >> 8 : key & 0xff_ffff;
}
