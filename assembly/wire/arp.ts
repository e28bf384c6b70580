//  0     2     4   5   6    8            14           18           24           28
// +-----+-----+---+---+----+------------+------------+------------+------------+
// | hrd | pro |hln|pln| op | srcHardware| srcAddr    | dstHardware| dstAddr    |   RFC 826, Ethernet and IPv4
// +-----+-----+---+---+----+------------+------------+------------+------------+

import { MAC_MASK } from './ethernet';

export const ARP_LENGTH: u32 = 28;

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

  get srcAddr(): u32 {
    return load<u32>(changetype<usize>(this), 14);
  }
}
