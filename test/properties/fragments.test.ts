/** T1: a packet without DF that is too long arrives in pieces that make up the packet, whatever it was. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Dataplane, verdictOf } from '../../src/index.ts';
import { PROTOCOL, ethernet, hex, ipv4, onesComplementSum, pattern, raw } from '../packets/index.ts';
import { addressText, u16At } from '../endtoend/parse.ts';
import { ROUTER_MAC, type VmName, policy, vm } from '../rules/fabric.ts';
import { outerPayload } from './outer.ts';
import { SEED } from './random.ts';

const POLICIES = 60;
const PACKETS = 60;
/** What a slot for pieces holds, bytes of IP. */
const LARGEST_PIECE = 1906;
const TUNNELLED = { ipv4: 42, ipv6: 62 } as const;

/** From h1 to h2: by NVGRE, to a host with the old key layout, by IP Rewrite, to another subnet. */
const WAYS: readonly (readonly [from: VmName, to: VmName])[] = [
  ['a', 'b'],
  ['a', 'o'],
  ['ra', 'rb'],
  ['a', 'st'],
  ['ra', 'sr'],
];

/** Router alert, security, route, timestamp, two that nobody knows: type (128: copied into every piece) and data. */
const options = fc.array(
  fc.record({
    type: fc.constantFrom(0x94, 0x82, 0x07, 0x44, 0x1e, 0x9e, 1),
    data: fc.uint8Array({ maxLength: 8 }),
  }),
  { maxLength: 5 },
);

const packets = fc.record({
  way: fc.constantFrom(...WAYS),
  size: fc.oneof(
    fc.integer({ min: 8, max: 20_000 }),
    fc.integer({ min: 1200, max: 1600 }),
    fc.integer({ min: 6000, max: 20_000 }),
  ),
  seed: fc.nat(255),
  options,
  tos: fc.nat(255),
  id: fc.nat(65_535),
  ttl: fc.integer({ min: 2, max: 255 }),
  protocol: fc.constantFrom(PROTOCOL.udp, PROTOCOL.tcp, PROTOCOL.icmpv4, 253),
  /** Already a fragment: its offset in units of 8 bytes, and whether it is not the last. */
  offset: fc.oneof(fc.constant(0), fc.nat(5600)),
  more: fc.boolean(),
});

type PacketShape = typeof packets extends fc.Arbitrary<infer Value> ? Value : never;

interface Option {
  readonly type: number;
  readonly data: Uint8Array;
}

/** At most 40 bytes, filled with end-of-list. */
function optionBytes(list: readonly Option[]): Uint8Array {
  const bytes: number[] = [];
  for (const { type, data } of list) {
    const option = type === 1 ? [1] : [type, data.length + 2, ...data];
    if (bytes.length + option.length <= 40) bytes.push(...option);
  }
  return Uint8Array.from({ length: Math.ceil(bytes.length / 4) * 4 }, (_, index) => bytes[index] ?? 0);
}

function build({ way: [from, to], size, seed, options: list, ...fields }: PacketShape): Uint8Array {
  // The last byte of a packet has a number that fits 16 bits; all but the last fragment are multiples of 8.
  const length = Math.min(fields.more ? size - (size % 8) : size, 65_000 - fields.offset * 8);
  return ipv4(
    { ...fields, src: vm(from).ipv4!, dst: vm(to).ipv4!, mf: fields.more, options: optionBytes(list) },
    raw(fields.protocol, pattern(length, seed)),
  );
}

interface Header {
  readonly tos: number;
  readonly id: number;
  readonly df: boolean;
  readonly more: boolean;
  readonly offset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly addresses: string;
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
  readonly length: number;
}

function read(packet: Uint8Array): Header {
  const header = (packet[0]! & 15) * 4;
  expect(onesComplementSum(packet.subarray(0, header)), 'header checksum').toBe(0xffff);
  const word = u16At(packet, 6);
  return {
    tos: packet[1]!,
    id: u16At(packet, 4),
    df: (word & 0x4000) !== 0,
    more: (word & 0x2000) !== 0,
    offset: (word & 0x1fff) * 8,
    ttl: packet[8]!,
    protocol: packet[9]!,
    addresses: `${addressText(packet.subarray(12, 16))} ${addressText(packet.subarray(16, 20))}`,
    options: packet.subarray(20, header),
    payload: packet.subarray(header, u16At(packet, 2)),
    length: u16At(packet, 2),
  };
}

/** Without padding, each as text. */
function optionsOf(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const length = bytes[at] === 1 ? 1 : bytes[at + 1]!;
    if (bytes[at] !== 1) found.push(hex(bytes.subarray(at, at + length)));
    at += length;
  }
  return found;
}

/** RFC 791 §3.1: those that every piece has. */
const copiedOf = (header: Header): string[] =>
  optionsOf(header.options).filter((option) => Number.parseInt(option.slice(0, 2), 16) >= 0x80);

interface Planes {
  readonly h1: Dataplane;
  readonly h2: Dataplane;
  readonly h5: Dataplane;
  readonly mtu: number;
  readonly prefer: 'ipv4' | 'ipv6';
}

const counts = { packets: 0, fragmented: 0, pieces: 0 };

/** Sends the packet, looks at the wire, and hands on what arrives at the other VM. */
function send(planes: Planes, { way: [from, to] }: PacketShape, packet: Uint8Array): Header[] {
  const isRouted = vm(from).vsid !== vm(to).vsid;
  const { h1 } = planes;
  h1.batch.push(
    ethernet({ src: vm(from).mac, dst: isRouted ? ROUTER_MAC : vm(to).mac }, packet),
    h1.port(from),
  );
  h1.process(0);
  expect([...h1.batch.drops()].map(({ verdict }) => verdictOf(verdict).name)).toEqual([]);
  const wire = [...h1.batch.outputs()].map(({ frame }) => frame.slice());
  const receiver = planes[vm(to).host as 'h2' | 'h5'];
  for (const frame of wire) {
    const ip = frame.length - 14;
    expect(ip, 'bytes of IP on the wire').toBeLessThanOrEqual(planes.mtu);
    expect(receiver.batch.push(frame, 0)).toBe(true);
  }
  if (wire.length > 1) expectOneFlow(wire);
  receiver.process(0);
  expect([...receiver.batch.drops()].map(({ verdict }) => verdictOf(verdict).name)).toEqual([]);
  const arrived = [...receiver.batch.outputs()];
  expect(arrived.every(({ port }) => port === receiver.port(to))).toBe(true);
  return arrived.map(({ frame }) => read(frame.slice(14)));
}

/** N3: a router must not send the pieces by different ways. */
function expectOneFlow(wire: readonly Uint8Array[]): void {
  const keys = wire.flatMap((frame) => {
    const outer = outerPayload(frame);
    return outer?.protocol === PROTOCOL.gre ? [hex(frame.subarray(outer.at + 4, outer.at + 8))] : [];
  });
  expect(new Set(keys).size).toBeLessThan(2);
  const labels = wire.filter((frame) => frame[12] === 0x86).map((frame) => hex(frame.subarray(14, 18)));
  expect(new Set(labels).size).toBeLessThan(2);
}

function check(planes: Planes, shape: PacketShape): void {
  const packet = build(shape);
  const original = read(packet);
  const [from, to] = shape.way;
  const isRewritten = from === 'ra' && to !== 'b';
  const limit = planes.mtu - (isRewritten ? 0 : TUNNELLED[planes.prefer]);
  const pieces = send(planes, shape, packet);
  counts.packets++;
  counts.pieces += pieces.length;
  if (packet.length <= limit) expect(pieces, 'a packet that fits stays whole').toHaveLength(1);
  else counts.fragmented++;
  const isRouted = vm(from).vsid !== vm(to).vsid;
  let next = original.offset;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    expect(piece).toMatchObject({
      tos: original.tos,
      id: original.id,
      df: false,
      more: isLast ? original.more : true,
      offset: next,
      ttl: original.ttl - (isRouted ? 1 : 0),
      protocol: original.protocol,
      addresses: original.addresses,
    });
    next += piece.payload.length;
    if (pieces.length > 1) {
      const most = Math.min(limit, LARGEST_PIECE);
      expect(piece.length).toBeLessThanOrEqual(most);
      const room = most - (piece.length - piece.payload.length);
      if (!isLast) expect(piece.payload.length, 'as many bytes as fit').toBe(room - (room % 8));
    }
    if (index === 0) expect(hex(piece.options)).toBe(hex(original.options));
    else expect(optionsOf(piece.options), 'those to be copied, and no others').toEqual(copiedOf(original));
  }
  const whole = Buffer.concat(pieces.map(({ payload }) => payload));
  expect(whole.length).toBe(original.payload.length);
  expect(Buffer.compare(whole, original.payload), 'the same bytes').toBe(0);
}

const providers = fc.record({
  mtu: fc.oneof(fc.integer({ min: 1280, max: 1600 }), fc.integer({ min: 1600, max: 9000 })),
  prefer: fc.constantFrom('ipv4' as const, 'ipv6' as const),
});

it(`T1 N3: the pieces of ${POLICIES * PACKETS} packets make up the packets, seed ${SEED}`, async () => {
  for (const [index, provider] of fc.sample(providers, { numRuns: POLICIES, seed: SEED }).entries()) {
    const create = (host: string) =>
      Dataplane.create({ policy: policy(provider), host, capacity: { slots: 64, largeSlots: 16 } });
    const planes = { h1: await create('h1'), h2: await create('h2'), h5: await create('h5'), ...provider };
    const property = fc.property(packets, (shape) => {
      check(planes, shape);
    });
    fc.assert(property, { numRuns: PACKETS, seed: SEED + index });
  }
  expect(counts.packets).toBeGreaterThanOrEqual(POLICIES * PACKETS);
  expect(counts.fragmented / counts.packets).toBeGreaterThan(0.45);
});
