/**
 * The BPF programs: which frames are the dataplane's and which the host's. One question for all of them, asked of a map: is the
 * destination a provider address of this host? The host's own address is the dataplane's only for GRE.
 */

import { Assembler } from './bpf.ts';
import { TCX_DROP, TCX_NEXT, XDP_DROP, XDP_PASS } from './linux.ts';

/** Values of the map: every packet to the address, or only tunnels (GRE). */
export const TAKE_ALL = 1;
export const TAKE_TUNNELS = 2;
/** IPv6, or IPv4 as ::ffff:a.b.c.d. */
export const KEY_SIZE = 16;

const GRE = 47;
/** EtherTypes as they lie in memory. */
const IPV4 = 0x0008;
const IPV6 = 0xdd86;

// Helpers, <linux/bpf.h>.
const MAP_LOOKUP_ELEM = 1;
const SKB_LOAD_BYTES = 26;
const REDIRECT_MAP = 51;
/** Offsets in `struct xdp_md`. */
const DATA = 0;
const DATA_END = 4;
const RX_QUEUE_INDEX = 16;

// Offsets in the frame.
const ETHER_TYPE = 12;
const PROTOCOL4 = 23;
const DST4 = 30;
const END4 = 34;
const PROTOCOL6 = 20;
const DST6 = 38;
const END6 = 54;

// On the stack, from its end.
const KEY = -16;
const SMALL = -24;

/**
 * XDP: the dataplane's frames go to the AF_XDP socket of their queue, all others to the host.
 * @param isAll a tenant's port, of which the host gets nothing.
 */
export function redirectProgram(sockets: number, addresses: number, isAll: boolean): Uint8Array {
  const code = new Assembler().move(6, 1);
  if (!isAll) {
    code.load(4, 7, 6, DATA).load(4, 8, 6, DATA_END);
    const within = (end: number) => code.move(1, 7).add(1, end).jumpIfGreater(1, 8, 'pass');
    within(END4);
    code.load(2, 1, 7, ETHER_TYPE).jumpIfEqual(1, IPV4, 'ipv4').jumpIfOther(1, IPV6, 'pass');
    within(END6);
    code.load(1, 9, 7, PROTOCOL6);
    for (let at = 0; at < KEY_SIZE; at += 4) code.load(4, 1, 7, DST6 + at).store(4, 10, KEY + at, 1);
    code.jump('ask').label('ipv4').load(1, 9, 7, PROTOCOL4).load(4, 1, 7, DST4);
    storeIpv4(code);
    ask(code, addresses);
  }
  code
    .map(1, sockets)
    .load(4, 2, 6, RX_QUEUE_INDEX)
    .set(3, isAll ? XDP_DROP : XDP_PASS)
    .call(REDIRECT_MAP)
    .exit();
  return isAll ? code.bytes() : code.label('pass').set(0, XDP_PASS).exit().bytes();
}

/**
 * TCX on ingress, behind the packet sockets: the host's stack does not see what is the dataplane's, and so does not answer it.
 * Headers may lie in fragments of the skb: they are copied.
 */
export function shieldProgram(addresses: number, isAll: boolean): Uint8Array {
  if (isAll) return new Assembler().set(0, TCX_DROP).exit().bytes();
  const code = new Assembler().move(6, 1);
  const copy = (from: number, to: number, length: number) =>
    code
      .move(1, 6)
      .set(2, from)
      .move(3, 10)
      .add(3, to)
      .set(4, length)
      .call(SKB_LOAD_BYTES)
      .jumpIfOther(0, 0, 'pass');
  copy(ETHER_TYPE, SMALL, 2);
  code.load(2, 1, 10, SMALL).jumpIfEqual(1, IPV4, 'ipv4').jumpIfOther(1, IPV6, 'pass');
  copy(PROTOCOL6, SMALL, 1);
  copy(DST6, KEY, KEY_SIZE);
  code.load(1, 9, 10, SMALL).jump('ask').label('ipv4');
  copy(PROTOCOL4, SMALL, 1);
  copy(DST4, SMALL + 4, 4);
  code.load(1, 9, 10, SMALL).load(4, 1, 10, SMALL + 4);
  storeIpv4(code);
  ask(code, addresses);
  return code.set(0, TCX_DROP).exit().label('pass').set(0, TCX_NEXT).exit().bytes();
}

/** Makes the key of the IPv4 address in r1. */
function storeIpv4(code: Assembler): void {
  // 0xffff0000 as the signed immediate that it is
  code
    .storeValue(8, 10, KEY, 0)
    .storeValue(4, 10, KEY + 8, -65536)
    .store(4, 10, KEY + 12, 1);
}

/** Goes on where the packet, its key on the stack and its protocol in r9, is the dataplane's; else to `pass`. */
function ask(code: Assembler, addresses: number): void {
  code
    .label('ask')
    .map(1, addresses)
    .move(2, 10)
    .add(2, KEY)
    .call(MAP_LOOKUP_ELEM)
    .jumpIfEqual(0, 0, 'pass')
    .load(4, 1, 0, 0)
    .jumpIfEqual(1, TAKE_ALL, 'take')
    .jumpIfOther(9, GRE, 'pass')
    .label('take');
}
