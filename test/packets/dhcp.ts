import { mac } from './addresses.ts';
import { concat, u16, u32, u8 } from './bytes.ts';
import { udp } from './transport.ts';
import type { Upper } from './upper.ts';

/** RFC 2131 §4.4.1: what a client sends that has no address yet. From 0.0.0.0, port 68, to port 67. */
export function dhcpDiscover(clientMac: string): Upper {
  const bootp = concat(
    // BOOTREQUEST, Ethernet, 6 bytes, no relay; transaction; seconds; "answer by broadcast".
    concat(u8(1), u8(1), u8(6), u8(0), u32(0x3903f326), u16(0), u16(0x8000)),
    // ciaddr, yiaddr, siaddr, giaddr
    new Uint8Array(16),
    mac(clientMac),
    // The rest of chaddr, sname, file.
    new Uint8Array(10 + 64 + 128),
    u32(0x63825363),
    // Message type DISCOVER; parameters: subnet mask, router, name server; end.
    Uint8Array.of(53, 1, 1, 55, 3, 1, 3, 6, 255),
  );
  return udp({ srcPort: 68, dstPort: 67 }, bootp);
}
