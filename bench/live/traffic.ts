/** What VMs send: frames of a length, and such as no kernel would make. */

import { writeFileSync } from 'node:fs';
import { VMS } from '../../test/live/fabric.ts';
import {
  ETHER_TYPE,
  GSO,
  PROTOCOL,
  concat,
  ethernet,
  ipv4,
  leftPartial,
  partial,
  pattern,
  udp,
  vnet,
} from '../../test/packets/index.ts';

/** Ethernet, IPv4, UDP. */
const HEADERS = 14 + 20 + 8;
/** So that nothing depends on one flow. */
const FLOWS = Array.from({ length: 64 }, (_, flow) => ({ srcPort: 1024 + flow, dstPort: 2000 }));
/** Frames of one that follow each other: with those of 1400 B less than 64 KiB. */
const SEGMENTS = 32;
/** Of the IP header that `ipv4` makes. */
const FIRST_ID = 0x1234;

/** From the first VM to the second, which is on another host. */
export const [FROM, TO] = [VMS[0]!, VMS[1]!];
const MACS = { src: FROM.mac, dst: TO.mac };
const ADDRESSES = { src: '10.1.1.11', dst: '10.1.1.12' };

/** What VMs send, as `sender.c` reads it, and the frames that this is. */
export interface Traffic {
  /** Each a virtio_net_hdr and a frame. */
  readonly messages: readonly Uint8Array[];
  readonly frames: readonly Uint8Array[];
}

/**
 * A message is one super-segment, which the sender's kernel cuts: a system call for each frame would cost the sender more than they
 * cost those whose speed is asked for.
 * @param length of a frame, without FCS.
 */
export function datagrams(length: number): Traffic {
  const size = length - HEADERS;
  const gso = { gsoType: GSO.udpL4, hdrLen: HEADERS, gsoSize: size };
  const messages = FLOWS.map((ports, flow) => {
    const datagram = partial(udp(ports, pattern(size * SEGMENTS, flow)));
    return concat(leftPartial(34, PROTOCOL.udp, gso), ethernet(MACS, ipv4(ADDRESSES, datagram)));
  });
  return { messages, frames: framesOf(length) };
}

/** The same as frames. */
export function framesOf(length: number): Uint8Array[] {
  const size = length - HEADERS;
  return FLOWS.flatMap((ports, flow) =>
    Array.from({ length: SEGMENTS }, (_, index) => {
      const payload = pattern(size * SEGMENTS, flow).subarray(index * size, (index + 1) * size);
      return ethernet(MACS, ipv4({ ...ADDRESSES, id: FIRST_ID + index }, udp(ports, payload)));
    }),
  );
}

/** Frames as they are. */
export function whole(frames: readonly Uint8Array[]): Traffic {
  return { messages: frames.map((frame) => concat(vnet(), frame)), frames };
}

/** Headers that contradict themselves or the frame's length, from a VM. */
export function malformed({ mac: src }: { readonly mac: string }): Traffic {
  const frame = (type: number, bytes: Uint8Array) => ethernet({ src, dst: TO.mac, type }, bytes);
  const packet = (fields: { version?: number; ihl?: number; totalLength?: number }) =>
    ipv4({ ...ADDRESSES, ...fields }, udp({ srcPort: 1024, dstPort: 2000 }, pattern(18)));
  return whole([
    frame(ETHER_TYPE.ipv4, packet({ version: 5 })),
    // Shorter than a header is, longer than the packet, longer than its total length.
    frame(ETHER_TYPE.ipv4, packet({ ihl: 4 })),
    frame(ETHER_TYPE.ipv4, packet({ ihl: 15 })),
    frame(ETHER_TYPE.ipv4, packet({ totalLength: 10 })),
    frame(ETHER_TYPE.ipv4, packet({ totalLength: 0x7fff })),
    frame(ETHER_TYPE.ipv4, packet({}).subarray(0, 12)),
    frame(ETHER_TYPE.ipv6, packet({})),
    frame(ETHER_TYPE.ipv6, pattern(20)),
    frame(ETHER_TYPE.arp, pattern(10)),
  ]);
}

export function writeTraffic(file: string, { messages }: Traffic): void {
  const length = (message: Uint8Array) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(message.length);
    return bytes;
  };
  writeFileSync(file, Buffer.concat(messages.flatMap((message) => [length(message), message])));
}
