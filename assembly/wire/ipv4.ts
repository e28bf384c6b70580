//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |Version|  IHL  |Type of Service|          Total Length         |
// |         Identification        |Flags|      Fragment Offset    |
// |  Time to Live |    Protocol   |         Header Checksum       |
// |                       Source Address                          |
// |                    Destination Address                        |   RFC 791 §3.1

import { fold } from './checksum';

export const IPV4_HEADER: u32 = 20;

/** A view of a header of at least IPV4_HEADER bytes. Addresses and checksum as they lie in memory. */
@unmanaged
export class Ipv4 {
  versionIhl: u8;
  tos: u8;
  totalLengthWire: u16;
  identification: u16;
  fragmentWire: u16;
  ttl: u8;
  protocol: u8;
  checksum: u16;
  srcAddr: u32;
  dstAddr: u32;

  static at(packet: usize): Ipv4 {
    return changetype<Ipv4>(packet);
  }

  get version(): u32 {
    return (<u32>this.versionIhl) >> 4;
  }

  /** Bytes, options included. */
  get headerLength(): u32 {
    return ((<u32>this.versionIhl) & 15) << 2;
  }

  get totalLength(): u32 {
    return <u32>bswap<u16>(this.totalLengthWire);
  }

  /** More fragments follow, or this is not the first. */
  get isFragment(): bool {
    return (this.fragmentWire & 0xff3f) != 0;
  }

  get hasDontFragment(): bool {
    return (this.fragmentWire & 0x40) != 0;
  }

  get isLaterFragment(): bool {
    return (this.fragmentWire & 0xff1f) != 0;
  }

  /** `headerLength` bytes must be there. A right header sums up to 0xFFFF (RFC 1071). */
  get isChecksumRight(): bool {
    const header = changetype<usize>(this);
    let sum =
      <u64>load<u32>(header) +
      <u64>load<u32>(header, 4) +
      <u64>load<u32>(header, 8) +
      <u64>load<u32>(header, 12) +
      <u64>load<u32>(header, 16);
    const end = header + this.headerLength;
    for (let option = header + IPV4_HEADER; option < end; option += 4) sum += load<u32>(option);
    return fold(sum) == 0xffff;
  }
}
