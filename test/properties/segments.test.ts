/**
 * Any super-segment, by any way: the payloads of what leaves make up the original, in order, and everything in front of them is what
 * an independent reading of the standards expects; every checksum is summed anew.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DROP_NO_SLOT } from '../../src/abi/verdict.ts';
import { Dataplane, OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../../src/index.ts';
import {
  GSO,
  PROTOCOL,
  concat,
  destinationOptions,
  leftPartial,
  onesComplementSum,
  partial,
  pattern,
  pseudoHeader,
  tcp,
  udp,
} from '../packets/index.ts';
import { frame4, frame6 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';

interface Super {
  readonly isIpv4: boolean;
  readonly isUdp: boolean;
  readonly bytes: number;
  readonly size: number;
  readonly options: number;
  readonly hasHeaders: boolean;
  readonly flags: number;
  readonly seq: number;
  readonly id: number;
  readonly tos: number;
}

const fields = {
  isIpv4: fc.boolean(),
  isUdp: fc.boolean(),
  options: fc.integer({ min: 0, max: 8 }),
  hasHeaders: fc.boolean(),
  flags: fc.nat(0xff),
  seq: fc.nat(0xffff_ffff),
  id: fc.nat(0xffff),
  tos: fc.nat(0xff),
};
/** As Linux sends them, and with segments of any size that the path carries. */
const anySuper: fc.Arbitrary<Super> = fc.oneof(
  fc.record({ ...fields, bytes: fc.nat(65_000), size: fc.integer({ min: 500, max: 1340 }) }),
  fc.record({ ...fields, bytes: fc.nat(4500), size: fc.integer({ min: 1, max: 1340 }) }),
);

/** Bytes of headers in front of the transport header, Ethernet's included. */
const before = (one: Super): number => (one.isIpv4 ? 34 : one.hasHeaders ? 70 : 54);

function build(one: Super, from: 'a' | 'ra', to: 'b' | 'rb' | 'a2'): { frame: Uint8Array; vnet: Uint8Array } {
  const ports = { srcPort: 4000, dstPort: 443 };
  const payload = pattern(one.bytes);
  // SYN would let its largest segment be lowered.
  const fields = {
    ...ports,
    seq: one.seq,
    flags: one.flags & ~2,
    options: new Uint8Array(one.options * 4).fill(1),
  };
  const upper = partial(one.isUdp ? udp(ports, payload) : tcp(fields, payload));
  const headers = one.hasHeaders ? { headers: [destinationOptions(16)] } : {};
  const frame = one.isIpv4
    ? frame4(from, to, upper, { id: one.id, tos: one.tos })
    : frame6(from, to, upper, { tos: one.tos, ...headers });
  const gsoType = one.isUdp ? GSO.udpL4 : one.isIpv4 ? GSO.tcp4 : GSO.tcp6;
  const protocol = one.isUdp ? PROTOCOL.udp : PROTOCOL.tcp;
  return { frame, vnet: leftPartial(before(one), protocol, { gsoType, gsoSize: one.size }) };
}

interface Piece {
  readonly payload: Uint8Array;
  /** Identification, sequence number and flags. */
  readonly id: number;
  readonly seq: number;
  readonly flags: number;
}

/** Reads a segment as its receiver would: lengths and checksums must be right. */
function read(frame: Uint8Array, one: Super): Piece {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const start = before(one);
  const upper = frame.subarray(start);
  const protocol = one.isUdp ? PROTOCOL.udp : PROTOCOL.tcp;
  const at = one.isIpv4 ? { src: 26, dst: 30, size: 4 } : { src: 22, dst: 38, size: 16 };
  const addresses = {
    src: frame.subarray(at.src, at.src + at.size),
    dst: frame.subarray(at.dst, at.dst + at.size),
  };
  if (one.isIpv4) {
    expect(view.getUint16(16), 'total length').toBe(frame.length - 14);
    expect(onesComplementSum(frame.subarray(14, 34)), 'IPv4 checksum').toBe(0xffff);
  } else {
    expect(view.getUint16(18), 'payload length').toBe(frame.length - 54);
  }
  const sum = onesComplementSum(pseudoHeader(addresses, protocol, upper.length), upper);
  expect(sum, 'transport checksum').toBe(0xffff);
  if (one.isUdp) expect(view.getUint16(start + 4), 'UDP length').toBe(upper.length);
  const headerLength = one.isUdp ? 8 : (upper[12]! >> 4) * 4;
  return {
    payload: upper.subarray(headerLength),
    id: one.isIpv4 ? view.getUint16(18) : 0,
    seq: one.isUdp ? 0 : view.getUint32(start + 4),
    flags: one.isUdp ? 0 : upper[13]!,
  };
}

const [FIN, PSH, CWR] = [1, 8, 0x80];

function check(one: Super, pieces: readonly Piece[]): void {
  const count = Math.max(1, Math.ceil(one.bytes / one.size));
  expect(pieces.length).toBe(count);
  expect(
    Buffer.from(concat(...pieces.map(({ payload }) => payload))).equals(Buffer.from(pattern(one.bytes))),
  ).toBe(true);
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === count - 1;
    expect(piece.payload.length).toBe(isLast ? one.bytes - index * one.size : one.size);
    if (one.isIpv4) expect(piece.id).toBe((one.id + index) & 0xffff);
    if (one.isUdp) continue;
    expect(piece.seq).toBe((one.seq + index * one.size) % 2 ** 32);
    const first = one.flags & ~2 & (isLast ? 0xff : ~(FIN | PSH));
    expect(piece.flags).toBe(index === 0 ? first : first & ~CWR);
  }
}

const h1 = await Dataplane.create({
  policy: policy(),
  host: 'h1',
  build: 'live',
  capacity: { slots: 4, largeSlots: 2, copySlots: 4096 },
});

const WAYS = [
  { name: 'in envelopes', from: 'a', to: 'b', envelope: 42 },
  { name: 'rewritten', from: 'ra', to: 'rb', envelope: 0 },
  { name: 'to a local port', from: 'a', to: 'a2', envelope: 0 },
] as const;

it.each(WAYS)('cut $name', ({ from, to, envelope }) => {
  fc.assert(
    fc.property(anySuper, (one) => {
      const { frame, vnet } = build(one, from, to);
      h1.batch.push(frame, h1.port(from), 0, vnet);
      h1.process(0);
      if (Math.ceil(one.bytes / one.size) > 4096) {
        // No part of it leaves.
        expect([...h1.batch.outputs()]).toEqual([]);
        expect([...h1.batch.drops()].map(({ verdict }) => verdict)).toEqual([DROP_NO_SLOT]);
        return;
      }
      const outputs = [...h1.batch.outputs()];
      for (const output of outputs)
        expect([...output.vnet!], 'nothing is left').toEqual(new Array(10).fill(0));
      check(
        one,
        outputs.map((output) => read(output.frame.subarray(envelope), one)),
      );
    }),
    { numRuns: 300 },
  );
});

it('whole from port to port: nothing but the start changes, and cutting it there gives what cutting it here does', () => {
  const all = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_USO;
  fc.assert(
    fc.property(anySuper, (one) => {
      const { frame, vnet } = build(one, 'ra', 'rb');
      h1.setOffloads(0, 0);
      h1.batch.push(frame, h1.port('ra'), 0, vnet);
      h1.process(0);
      const here = [...h1.batch.outputs()].map((output) => Buffer.from(output.frame));
      fc.pre(here.length > 0);
      h1.setOffloads(0, all);
      h1.batch.push(frame, h1.port('ra'), 0, vnet);
      h1.process(0);
      h1.setOffloads(0, 0);
      const [whole, ...more] = [...h1.batch.outputs()];
      expect(more).toEqual([]);
      expect(whole!.frame.length).toBe(frame.length);
      // Sent back in at a host to which the same packet arrives, it must end up as the segments did.
      const isPartial = one.bytes <= one.size;
      expect(whole!.vnet![1]).toBe(isPartial ? 0 : vnet[1]);
      const cutThere = segment(whole!.frame, one);
      expect(cutThere.map((piece) => piece.toString('hex'))).toEqual(
        here.map((piece) => piece.toString('hex')),
      );
    }),
    { numRuns: 200 },
  );
});

/** What a network card makes of a whole with a partial checksum. */
function segment(whole: Uint8Array, one: Super): Buffer[] {
  const start = before(one);
  const headerLength = one.isUdp ? 8 : (whole[start + 12]! >> 4) * 4;
  const field = start + (one.isUdp ? 6 : 16);
  const total = whole.length - start;
  const pseudo = (whole[field]! << 8) | whole[field + 1]!;
  const count = Math.max(1, Math.ceil(one.bytes / one.size));
  return Array.from({ length: count }, (_, index) => {
    const from = start + headerLength + index * one.size;
    const piece = Buffer.concat([
      whole.subarray(0, start + headerLength),
      whole.subarray(from, Math.min(from + one.size, whole.length)),
    ]);
    const length = piece.length - start;
    if (one.isIpv4) {
      piece.writeUInt16BE(piece.length - 14, 16);
      piece.writeUInt16BE((one.id + index) & 0xffff, 18);
      piece.writeUInt16BE(0, 24);
      piece.writeUInt16BE(onesComplementSum(piece.subarray(14, 34)) ^ 0xffff, 24);
    } else {
      piece.writeUInt16BE(piece.length - 54, 18);
    }
    if (one.isUdp) {
      piece.writeUInt16BE(length, start + 4);
    } else {
      piece.writeUInt32BE((one.seq + index * one.size) % 2 ** 32, start + 4);
      if (index > 0) piece[start + 13]! &= ~CWR;
      if (index < count - 1) piece[start + 13]! &= ~(FIN | PSH);
    }
    piece.writeUInt16BE(0, field);
    const words = Uint8Array.of(pseudo >> 8, pseudo & 255, (total ^ 0xffff) >> 8, (total ^ 0xffff) & 255);
    const own = Uint8Array.of(length >> 8, length & 255);
    const sum = onesComplementSum(words, own, piece.subarray(start)) ^ 0xffff;
    piece.writeUInt16BE(sum === 0 && one.isUdp ? 0xffff : sum, field);
    return piece;
  });
}
