//  0     2     4   5   6    8            14           18           24           28
// +-----+-----+---+---+----+------------+------------+------------+------------+
// | hrd | pro |hln|pln| op | srcHardware| srcAddr    | dstHardware| dstAddr    |   RFC 826, Ethernet and IPv4
// +-----+-----+---+---+----+------------+------------+------------+------------+

import { MAC_MASK } from './ethernet';

export const ARP_LENGTH: u32 = 28;
export const ARP_REQUEST: u32 = 1;
export const ARP_REPLY: u32 = 2;

@unmanaged
export class Arp {
  static at(packet: usize): Arp {
    return changetype<Arp>(packet);
  }

  /** Hardware type 1, protocol type 0x0800, lengths 6 and 4. */
  get isEthernetIpv4(): bool {
    return (load<u64>(changetype<usize>(this)) & MAC_MASK) == 0x0406_0008_0100;
  }

  get srcHardware(): u64 {
    return load<u64>(changetype<usize>(this), 8) & MAC_MASK;
  }

  get operation(): u32 {
    return <u32>bswap<u16>(load<u16>(changetype<usize>(this), 6));
  }

  set operation(value: u32) {
    store<u16>(changetype<usize>(this), bswap<u16>(<u16>value), 6);
  }

  get srcAddr(): u32 {
    return load<u32>(changetype<usize>(this), 14);
  }

  get dstAddr(): u32 {
    return load<u32>(changetype<usize>(this), 24);
  }

  setSource(mac: u64, address: u32): void {
    const arp = changetype<usize>(this);
    store<u32>(arp, <u32>mac, 8);
    store<u16>(arp, <u16>(mac >> 32), 12);
    store<u32>(arp, address, 14);
  }

  setDestination(mac: u64, address: u32): void {
    const arp = changetype<usize>(this);
    store<u32>(arp, <u32>mac, 18);
    store<u16>(arp, <u16>(mac >> 32), 22);
    store<u32>(arp, address, 24);
  }
}
