// AF_XDP has no word for checksums that their sender left to the hardware, and a veth's peer leaves them. They can be told, though:
// the field then holds the sum of the pseudo-header, not complemented. A checksum that is complete and happens to be equal to it
// (one in 65,536) is completed to what it was, so that nothing is lost by the guess.

import { VNET_SIZE } from '../../src/abi/vnet';
import { fold } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';

const TCP: u32 = 6;
const UDP: u32 = 17;
/** Where the checksum stands in the header. */
const CHECKSUM_IN_TCP: u32 = 16;
const CHECKSUM_IN_UDP: u32 = 6;
/** VIRTIO_NET_HDR_F_NEEDS_CSUM */
const NEEDS_CHECKSUM: u32 = 1;

/** Writes the virtio_net_hdr in front of a frame that came without one. */
export function markPartial(frame: usize, length: u32): void {
  const vnet = frame - VNET_SIZE;
  store<u64>(vnet, 0);
  store<u16>(vnet, 0, 8);
  if (length < ETHERNET_HEADER + IPV4_HEADER + 8) return;
  let etherType = Ethernet.at(frame).etherType;
  let packet: u32 = ETHERNET_HEADER;
  if (etherType == 0x0081) {
    etherType = load<u16>(frame, 16);
    packet += 4;
  }
  if (etherType == ETHERTYPE_IPV4) markIpv4(frame, packet, length);
  else if (etherType == ETHERTYPE_IPV6) markIpv6(frame, packet, length);
}

function markIpv4(frame: usize, packet: u32, length: u32): void {
  const ip = Ipv4.at(frame + packet);
  const protocol = <u32>ip.protocol;
  const headerLength = ip.headerLength;
  const offset = checksumOffset(protocol);
  if (offset == 0 || headerLength < IPV4_HEADER || ip.isFragment) return;
  const totalLength = ip.totalLength;
  const start = packet + headerLength;
  if (totalLength < headerLength || start + offset + 2 > length) return;
  const sum = <u64>ip.srcAddr + <u64>ip.dstAddr + tail(protocol, totalLength - headerLength);
  mark(frame, start, offset, fold(sum));
}

function markIpv6(frame: usize, packet: u32, length: u32): void {
  const ip = Ipv6.at(frame + packet);
  const start = packet + IPV6_HEADER;
  if (start + 8 > length) return;
  const protocol = <u32>load<u8>(frame + packet, 6);
  const offset = checksumOffset(protocol);
  if (offset == 0 || start + offset + 2 > length) return;
  mark(frame, start, offset, fold(ip.pseudoHeaderSum(ip.payloadLength, protocol)));
}

function checksumOffset(protocol: u32): u32 {
  if (protocol == TCP) return CHECKSUM_IN_TCP;
  return protocol == UDP ? CHECKSUM_IN_UDP : 0;
}

/** Protocol and length as they stand in the pseudo-header, in memory. */
function tail(protocol: u32, length: u32): u64 {
  return <u64>(protocol << 8) + <u64>bswap<u16>(<u16>length);
}

function mark(frame: usize, start: u32, offset: u32, sum: u32): void {
  if (<u32>load<u16>(frame + start + offset) != sum) return;
  const vnet = frame - VNET_SIZE;
  store<u8>(vnet, <u8>NEEDS_CHECKSUM);
  store<u16>(vnet, <u16>start, 6);
  store<u16>(vnet, <u16>offset, 8);
}
