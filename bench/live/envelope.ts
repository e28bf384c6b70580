/** Is what arrives what was sent, in the envelope that it should have? */

import { hex, internetChecksum } from '../../test/packets/index.ts';
import type { LinkCounts } from './counters.ts';
import { OWN, PEER, addressOf } from './stage.ts';
import { FROM } from './traffic.ts';

/** Kinds of envelopes, by their bytes. */
export const ENVELOPES = { nvgre: 42, bytes: 42, vxlan: 50 } as const;
export type Envelope = keyof typeof ENVELOPES;

const GRE = 47;
const UDP = 17;
/** With a key, of Ethernet frames. */
const NVGRE = 0x20006558;
const VXLAN_PORT = 4789;
const VXLAN_HAS_VNI = 0x08;

/** @throws Error for a frame that is something else than one of those sent, in an envelope of the kind. */
export function checkArrived(
  arrived: readonly Uint8Array[],
  sent: readonly Uint8Array[],
  kind: Envelope,
): void {
  if (arrived.length === 0) throw new Error('no frame arrives');
  const known = new Set(sent.map(hex));
  const size = ENVELOPES[kind];
  for (const frame of arrived) {
    const isWhole = known.has(hex(frame.subarray(size)));
    if (!isWhole || !isEnvelope(frame, kind))
      throw new Error(`a frame that arrives is not one that was sent: ${hex(frame)}`);
  }
}

/** Bytes of what is not the sender's, as the question for a neighbour: a few frames. */
const OTHERS = 4 * 1500;

/**
 * How many frames were counted from one look to the other.
 * @throws Error where there are none, or their bytes are not those of frames of a length, each in its envelope.
 */
export function framesBetween(before: LinkCounts, after: LinkCounts, length: number, kind: Envelope): number {
  const count = after.received - before.received;
  const bytes = after.receivedBytes - before.receivedBytes;
  const expected = count * (length + ENVELOPES[kind]);
  if (count === 0 || Math.abs(bytes - expected) > OTHERS)
    throw new Error(`expected ${expected} bytes in ${count} frames, got ${bytes}`);
  return count;
}

function isEnvelope(frame: Uint8Array, kind: Envelope): boolean {
  if (kind === 'bytes') return true;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const address = (at: number) => frame.subarray(at, at + 4).join('.');
  const isOuter =
    view.getUint16(12) === 0x0800 &&
    frame[14] === 0x45 &&
    view.getUint16(16) === frame.length - 14 &&
    internetChecksum(frame.subarray(14, 34)) === 0 &&
    address(26) === addressOf(OWN) &&
    address(30) === addressOf(PEER);
  if (!isOuter) return false;
  // The virtual subnet is the upper 24 bits of the last word.
  if (kind === 'nvgre')
    return frame[23] === GRE && view.getUint32(34) === NVGRE && view.getUint32(38) >>> 8 === FROM.vsid;
  return (
    frame[23] === UDP &&
    view.getUint16(36) === VXLAN_PORT &&
    frame[42] === VXLAN_HAS_VNI &&
    view.getUint32(46) >>> 8 === FROM.vsid
  );
}
