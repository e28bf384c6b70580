/**
 * V5, T1: a packet that is flooded arrives at everybody of its subnet, whole where the paths carry it and in pieces that make it up where
 * they do not; what may not be cut arrives at those whose paths carry it, and the sender of IPv6 is told which size would.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FORWARD, ICMP_ERROR } from '../../src/abi/verdict.ts';
import { Dataplane } from '../../src/index.ts';
import { Reassembler } from '../endtoend/pieces.ts';
import { type Packet, parseFrame, parseIp } from '../endtoend/parse.ts';
import { destinationKey, keyOf } from '../endtoend/wire.ts';
import { ethernet, groupMac, hex, ipv4, ipv6, padded, pattern, udp } from '../packets/index.ts';
import { BLUE, HOSTS, type HostName, VMS, type VmName, policy, vm, vmsIn } from '../rules/fabric.ts';
import { SEED } from './random.ts';

const POLICIES = 30;
const PACKETS = 40;
const NAMES = ['h1', 'h2', 'h3', 'h5', 'h6'] as const;

const packets = fc.record({
  size: fc.oneof(fc.integer({ min: 8, max: 9000 }), fc.integer({ min: 1380, max: 1500 })),
  seed: fc.nat(255),
  family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  df: fc.boolean(),
  padding: fc.constantFrom(0, 0, 1, 60),
});

type Shape = typeof packets extends fc.Arbitrary<infer Value> ? Value : never;

function build({ size, seed, family, df, padding }: Shape): { frame: Uint8Array; bytes: number } {
  const upper = udp({ srcPort: 1000, dstPort: 2000 }, pattern(size, seed));
  const packet =
    family === 'ipv4'
      ? ipv4({ src: VMS.a.ipv4, dst: '255.255.255.255', df, id: seed }, upper)
      : ipv6({ src: VMS.a.ipv6, dst: 'ff02::fb' }, upper);
  const frame = ethernet(
    { src: VMS.a.mac, dst: family === 'ipv4' ? 'ff:ff:ff:ff:ff:ff' : groupMac('ff02::fb') },
    packet,
  );
  return { frame: padded(frame, frame.length + padding), bytes: packet.length };
}

const counts = { packets: 0, pieces: 0, told: 0, leftOut: 0 };

interface Planes {
  readonly mtu: number;
  readonly prefer: 'ipv4' | 'ipv6';
  readonly of: ReadonlyMap<HostName, Dataplane>;
  now: number;
}

/** What the path from h1 to a host carries. */
const limitTo = ({ mtu, prefer }: Planes, to: HostName): number =>
  mtu - (to === 'h6' || prefer === 'ipv6' ? 62 : 42);

const ownerOf = (frame: Uint8Array): HostName =>
  NAMES.find((name) => {
    const { ipv4: v4, ipv6: v6 } = HOSTS[name] as { ipv4?: string; ipv6: string };
    return [v4, v6].some((address) => address !== undefined && keyOf(address) === destinationKey(frame));
  })!;

const read = (frame: Uint8Array): Packet => parseIp(parseFrame(frame).payload);

function check(planes: Planes, shape: Shape): void {
  const { frame, bytes } = build(shape);
  const h1 = planes.of.get('h1')!;
  h1.batch.push(frame, h1.port('a'));
  h1.process((planes.now += 1000));
  expect([...h1.batch.drops()]).toEqual([]);
  const outputs = [...h1.batch.outputs()].map((one) => ({ ...one, frame: one.frame.slice() }));
  counts.packets++;
  const received = new Map<VmName, string[]>();
  const receive = (plane: Dataplane, port: number, payload: Uint8Array) => {
    const name = plane.ports.find(({ number }) => number === port)!.endpoint.name as VmName;
    received.set(name, [...(received.get(name) ?? []), hex(payload)]);
  };
  const whole = hex(read(frame).payload);
  for (const { port, frame: copy, verdict } of outputs) {
    if (verdict !== FORWARD || port === 0) continue;
    expect(hex(copy), 'on this host the frame as it is').toBe(hex(frame));
    receive(h1, port, read(copy).payload);
  }
  const wire = outputs.filter(({ verdict, port }) => verdict === FORWARD && port === 0);
  for (const { frame: envelope } of wire) expect(envelope.length - 14).toBeLessThanOrEqual(planes.mtu);
  for (const name of NAMES.slice(1))
    arrive(
      planes.of.get(name)!,
      wire.filter((one) => ownerOf(one.frame) === name),
    );

  function arrive(plane: Dataplane, envelopes: typeof wire): void {
    const stacks = new Map<number, Reassembler>();
    if (envelopes.length > 1) counts.pieces += envelopes.length;
    for (const envelope of envelopes) {
      plane.batch.push(envelope.frame, 0);
      plane.process(planes.now);
      expect([...plane.batch.drops()]).toEqual([]);
      for (const { port, frame: inner } of plane.batch.outputs()) {
        const stack = stacks.get(port) ?? new Reassembler();
        stacks.set(port, stack);
        const packet = stack.take(read(inner.slice()));
        if (packet !== undefined) receive(plane, port, packet.payload);
      }
    }
    expect([...stacks.values()].every(({ pending }) => pending === 0)).toBe(true);
  }

  const mayBeCut = shape.family === 'ipv4' && !shape.df;
  const reached = (host: HostName) => host === 'h1' || mayBeCut || bytes <= limitTo(planes, host);
  const meant = vmsIn(BLUE).filter((name) => name !== 'a' && reached(vm(name).host));
  expect(Object.fromEntries(received)).toEqual(Object.fromEntries(meant.map((name) => [name, [whole]])));

  const missed = NAMES.filter((host) => !reached(host)).map((host) => limitTo(planes, host));
  if (missed.length > 0) counts.leftOut++;
  const errors = outputs.filter(({ verdict }) => verdict === ICMP_ERROR);
  expect(errors.length).toBe(shape.family === 'ipv6' && missed.length > 0 ? 1 : 0);
  for (const { port, frame: error } of errors) {
    counts.told++;
    expect(port).toBe(h1.port('a'));
    const { payload } = read(error);
    expect([...payload.subarray(0, 2)], 'packet too big').toEqual([2, 0]);
    expect(new DataView(payload.buffer, payload.byteOffset).getUint32(4)).toBe(
      Math.max(1280, Math.min(...missed)),
    );
  }
}

const providers = fc.record({
  mtu: fc.oneof(fc.integer({ min: 1280, max: 1600 }), fc.integer({ min: 1600, max: 9000 })),
  prefer: fc.constantFrom('ipv4' as const, 'ipv6' as const),
});

it(`V5 T1: ${POLICIES * PACKETS} flooded packets, seed ${SEED}`, async () => {
  for (const [index, provider] of fc.sample(providers, { numRuns: POLICIES, seed: SEED }).entries()) {
    const of = new Map<HostName, Dataplane>();
    const capacity = { slots: 8, largeSlots: 2 };
    for (const host of NAMES)
      of.set(host, await Dataplane.create({ policy: policy(provider), host, capacity }));
    const planes: Planes = { ...provider, of, now: 0 };
    const property = fc.property(packets, (shape) => {
      check(planes, shape);
    });
    fc.assert(property, { numRuns: PACKETS, seed: SEED + index });
  }
  expect(counts.pieces).toBeGreaterThan(counts.packets / 4);
  expect(counts.leftOut).toBeGreaterThan(counts.packets / 10);
  expect(counts.told).toBeGreaterThan(counts.packets / 20);
});
