/** What the benchmark's plain engine does not do: the gateway, answers to ARP and ND, copies, pieces. */

import {
  DROP_ADDRESS_TAKEN,
  DROP_FLOOD_RATE,
  DROP_GATEWAY,
  DROP_ICMP_UNMATCHED,
  DROP_ND_MALFORMED,
  DROP_ND_SENDER,
  DROP_NEIGHBOR_NEEDLESS,
  DROP_NEIGHBOR_UNKNOWN,
  DROP_NOT_ROUTABLE,
  DROP_NO_GATEWAY,
  DROP_NO_ROUTE,
  DROP_NO_SLOT,
  DROP_PATH_MTU,
  DROP_TTL_EXCEEDED,
  ICMP_ERROR,
  REPLY,
} from '../../src/abi/verdict.ts';
import { ETHER_TYPE, ip, mac } from '../packets/index.ts';
import type { Case } from './case.ts';
import { ROUTER_MAC, VMS } from './fabric.ts';

const router = Buffer.from(mac(ROUTER_MAC));
/** Between these and the first subnet is a router. */
const beyond = [VMS.sr.provider4, VMS.sr.provider6, VMS.sr.ipv4, VMS.sr.ipv6, VMS.o.ipv4, VMS.o.ipv6].map(
  (text) => Buffer.from(ip(text)),
);

/** Frames that only an engine with all rules judges rightly: by what they are, and what is in their envelope. */
export function needsAllRules(frame: Uint8Array): boolean {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  return frames(bytes).some(isBeyond) || beyond.some((address) => bytes.includes(address));
}

/** The frame, and the one inside it. */
function frames(frame: Buffer): Buffer[] {
  const isGre4 = frame[12] === 8 && frame[23] === 47;
  const isGre6 = frame[12] === 0x86 && frame[20] === 47;
  const inner = isGre4 ? 14 + 4 * (frame[14]! & 15) + 8 : isGre6 ? 62 : frame.length;
  return [frame, frame.subarray(inner)];
}

function isBeyond(frame: Buffer): boolean {
  const type = frame.length < 14 ? 0 : frame.readUInt16BE(12);
  const isGroup = ((frame[0] ?? 0) & 1) === 1;
  const isRouters = frame.subarray(0, 12).includes(router);
  const isNd = type === ETHER_TYPE.ipv6 && frame[20] === 58 && frame[54]! >= 133 && frame[54]! <= 137;
  return isGroup || isRouters || isNd || type === ETHER_TYPE.arp || frame.length > LONGEST;
}

/** No envelope makes it longer than the provider MTU. */
const LONGEST = 1438;

export const isPlain = ({ frame, expected, before }: Case): boolean =>
  !needsAllRules(frame) && (typeof expected === 'number' || 'port' in expected) && before === undefined;

/** Verdicts that the plain engine does not know. */
const NEW_VERDICTS: ReadonlySet<number> = new Set([
  REPLY,
  ICMP_ERROR,
  DROP_ND_MALFORMED,
  DROP_ND_SENDER,
  DROP_ADDRESS_TAKEN,
  DROP_NEIGHBOR_UNKNOWN,
  DROP_NEIGHBOR_NEEDLESS,
  DROP_FLOOD_RATE,
  DROP_NO_SLOT,
  DROP_NO_GATEWAY,
  DROP_NO_ROUTE,
  DROP_TTL_EXCEEDED,
  DROP_NOT_ROUTABLE,
  DROP_GATEWAY,
  DROP_PATH_MTU,
  DROP_ICMP_UNMATCHED,
]);

export const isNewVerdict = (verdict: number): boolean => NEW_VERDICTS.has(verdict);
