//  0               6               12      14
// +---------------+---------------+-------+----------
// | dstMac        | srcMac        | type  | payload        IEEE 802.3 §3.2
// +---------------+---------------+-------+----------
//
// A tag (IEEE 802.1Q §9.6) stands where the EtherType stood: TPID 16, PCP 3, DEI 1, VID 12; the EtherType moves by four.

export const ETHERNET_HEADER: u32 = 14;
export const VLAN_TAG: u32 = 4;

export const MAC_MASK: u64 = 0x0000_ffff_ffff_ffff;

// EtherTypes as they lie in memory.
export const ETHERTYPE_IPV4: u32 = 0x0008;
export const ETHERTYPE_IPV6: u32 = 0xdd86;
export const ETHERTYPE_ARP: u32 = 0x0608;
export const ETHERTYPE_VLAN: u32 = 0x0081;
export const ETHERTYPE_SERVICE_VLAN: u32 = 0xa888;

/** A view of a frame of at least ETHERNET_HEADER bytes. MACs are 48 bits as they lie in memory. */
@unmanaged
export class Ethernet {
  static at(frame: usize): Ethernet {
    return changetype<Ethernet>(frame);
  }

  get dstMac(): u64 {
    return load<u64>(changetype<usize>(this)) & MAC_MASK;
  }

  get srcMac(): u64 {
    return load<u64>(changetype<usize>(this), 6) & MAC_MASK;
  }

  get etherType(): u32 {
    return load<u16>(changetype<usize>(this), 12);
  }

  /** Multicast or broadcast: the group bit is the lowest of the first byte. */
  get isGroup(): bool {
    return (load<u8>(changetype<usize>(this)) & 1) != 0;
  }

  get isTagged(): bool {
    const type = this.etherType;
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN;
  }

  /** Tag control information; only behind `isTagged`, with VLAN_TAG more bytes in the frame. */
  get tci(): u32 {
    return <u32>bswap<u16>(load<u16>(changetype<usize>(this), 14));
  }

  set etherType(type: u32) {
    store<u16>(changetype<usize>(this), <u16>type, 12);
  }

  /** Sets both MACs; the EtherType stays. */
  setMacs(dst: u64, src: u64): void {
    const frame = changetype<usize>(this);
    store<u64>(frame, dst | (src << 48));
    store<u32>(frame, <u32>(src >> 16), 8);
  }
}

/** Closes the gap of a removed tag: the MACs move, the frame starts VLAN_TAG bytes later. */
export function removeTag(frame: usize): usize {
  const macs = load<u64>(frame);
  const rest = load<u32>(frame, 8);
  store<u64>(frame + VLAN_TAG, macs);
  store<u32>(frame + VLAN_TAG, rest, 8);
  return frame + VLAN_TAG;
}

/** Opens a gap for a tag, priority 0: the MACs move, the frame starts VLAN_TAG bytes earlier. */
export function insertTag(frame: usize, vid: u32): usize {
  const macs = load<u64>(frame);
  const rest = load<u32>(frame, 8);
  store<u64>(frame - VLAN_TAG, macs);
  store<u32>(frame - VLAN_TAG, rest, 8);
  store<u16>(frame - VLAN_TAG, <u16>ETHERTYPE_VLAN, 12);
  store<u16>(frame - VLAN_TAG, bswap<u16>(<u16>vid), 14);
  return frame - VLAN_TAG;
}
