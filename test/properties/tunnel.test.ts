/**
 * Into the tunnel and out of it: the frame is the same, apart from priority tags (N6) and from what routers on the way wrote
 * into the ECN field (RFC 6040). IP Rewrite there and back is the identity as well, checksums included (W2, W3).
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Dataplane, verdictOf } from '../../src/index.ts';
import {
  ETHER_TYPE,
  type ExtensionHeader,
  arp,
  destinationOptions,
  ethernet,
  fragment,
  hopByHop,
  internetChecksum,
  ipv4,
  ipv6,
  padded,
  pattern,
  raw,
  routing,
  u16,
  vlan,
} from '../packets/index.ts';
import { type Fabric, type Station, fabricOf, shapes } from './fabrics.ts';
import { upper } from './frames.ts';
import { Outer } from './outer.ts';
import { Random, SEED } from './random.ts';

const CASES = 20_000;
const POLICIES_PER_ROUND = 10;
const FRAMES = 600;
/** Fits through the narrowest path with every header there is. */
const LONGEST = 1000;

interface Way {
  readonly from: Station;
  readonly to: Station;
}

/** Two VMs of one virtual subnet on different hosts. */
function waysOf({ stations }: Fabric): Way[] {
  return stations.flatMap((from) =>
    stations
      .filter((to) => to.at.vsid === from.at.vsid && to.vm.host !== from.vm.host)
      .map((to) => ({ from, to })),
  );
}

function headers(random: Random): ExtensionHeader[] {
  const list: ExtensionHeader[] = [];
  if (random.oneIn(4)) list.push(hopByHop(random.pick([8, 16])));
  if (random.oneIn(4)) list.push(destinationOptions());
  if (random.oneIn(4))
    list.push(routing({ segmentsLeft: random.below(2), addresses: [`fd00::${random.between(1, 9)}`] }));
  return list;
}

/** An IP packet between the two, or undefined where they have no address of the family. */
function packetOf(random: Random, { from, to }: Way, family: 4 | 6): Uint8Array | undefined {
  const data = pattern(random.below(random.oneIn(5) ? LONGEST : 80), random.below(256));
  if (family === 4) {
    const [src, dst] = [from.at.ipv4, to.at.ipv4];
    if (src === undefined || dst === undefined) return undefined;
    const fields = { src, dst, ttl: random.below(256), tos: random.below(256), id: random.below(65_536) };
    const options = random.oneIn(4) ? { options: pattern(random.between(1, 10) * 4) } : {};
    if (random.oneIn(5)) {
      const offset = random.below(500);
      return ipv4({ ...fields, ...options, mf: random.oneIn(2), offset }, raw(17, data));
    }
    return ipv4({ ...fields, ...options, df: random.oneIn(2) }, upper(random, 4, data, false));
  }
  const [src, dst] = [from.at.ipv6, to.at.ipv6];
  if (src === undefined || dst === undefined) return undefined;
  const fields = { src, dst, hopLimit: random.below(256), trafficClass: random.below(256) };
  if (random.oneIn(5)) {
    const offset = random.oneIn(4) ? 0 : random.below(500);
    const piece = fragment({ offset, more: random.oneIn(2) });
    return ipv6({ ...fields, headers: [...headers(random), piece] }, raw(17, data));
  }
  return ipv6(
    { ...fields, flowLabel: random.below(1 << 20), headers: headers(random) },
    upper(random, 6, data, false),
  );
}

/** An untagged frame that must get there, unless `isShortFirst`; not IP only where an envelope takes it (W8). */
function frameOf(random: Random, way: Way): Uint8Array {
  const { from, to } = way;
  const macs = { src: from.vm.mac, dst: to.vm.mac };
  const isTunnelled = from.vm.method !== 'rewrite' || to.vm.method !== 'rewrite';
  const kind = random.below(12);
  const packet = kind < 10 ? packetOf(random, way, kind < 6 ? 4 : 6) : undefined;
  const frame = packet && ethernet(macs, packet);
  if (frame !== undefined) return random.oneIn(6) ? padded(frame, 60 + random.below(40), 0x77) : frame;
  const { ipv4: senderIp } = from.at;
  if (isTunnelled && kind === 10 && senderIp !== undefined && to.at.ipv4 !== undefined) {
    const message = arp({
      operation: 'reply',
      senderMac: macs.src,
      senderIp,
      targetMac: macs.dst,
      targetIp: to.at.ipv4,
    });
    return ethernet({ ...macs, type: ETHER_TYPE.arp }, message);
  }
  if (isTunnelled) return ethernet({ ...macs, type: ETHER_TYPE.experiment }, pattern(random.below(LONGEST)));
  return ethernet(macs, packetOf(random, way, 4) ?? packetOf(random, way, 6) ?? NOTHING);
}

/** Neither family in common, and no envelope: such a way is no way. */
const NOTHING = ipv4({ src: '0.0.0.0', dst: '0.0.0.0' }, raw(253, new Uint8Array(0)));
const canTalk = ({ from, to }: Way): boolean =>
  (from.at.ipv4 !== undefined && to.at.ipv4 !== undefined) ||
  (from.at.ipv6 !== undefined && to.at.ipv6 !== undefined);

// —— ECN: RFC 6040 §4.2, inner row, outer column; −1: dropped ——

const DECAPSULATED = [
  [0, 0, 0, -1],
  [1, 1, 1, 3],
  [2, 1, 2, 3],
  [3, 3, 3, 3],
] as const;

const isIpv4 = (frame: Uint8Array): boolean => frame[12] === 0x08 && frame[13] === 0x00;
const isIpv6 = (frame: Uint8Array): boolean => frame[12] === 0x86 && frame[13] === 0xdd;

function ecnOf(frame: Uint8Array): number | undefined {
  if (isIpv4(frame)) return frame[15]! & 3;
  return isIpv6(frame) ? (frame[15]! >> 4) & 3 : undefined;
}

/** A first fragment of IPv6 without the whole UDP header behind its chain (RFC 7112): no VM may send it. */
function isShortFirst(frame: Uint8Array): boolean {
  if (!isIpv6(frame)) return false;
  const end = 54 + frame[18]! * 256 + frame[19]!;
  let next = frame[20]!;
  let at = 54;
  while (next === 0 || next === 43 || next === 60) {
    next = frame[at]!;
    at += 8 + frame[at + 1]! * 8;
  }
  const offsetAndMore = frame[at + 2]! * 256 + frame[at + 3]!;
  return next === 44 && offsetAndMore === 1 && at + 8 + 8 > end;
}

/** The same frame with another ECN field and the header checksum that goes with it. */
function withEcn(frame: Uint8Array, ecn: number): Uint8Array {
  const copy = frame.slice();
  if (isIpv6(copy)) {
    copy[15] = (copy[15]! & 0xcf) | (ecn << 4);
    return copy;
  }
  const header = copy.subarray(14, 14 + (copy[14]! & 15) * 4);
  header[1] = (header[1]! & 0xfc) | ecn;
  header.set([0, 0], 10);
  header.set(u16(internetChecksum(header)), 10);
  return copy;
}

// —— The way itself ——

function only(dataplane: Dataplane, what: string): { frame: Uint8Array; port: number } | string {
  const drops = [...dataplane.batch.drops()].map(({ verdict }) => verdictOf(verdict).name);
  const outputs = [...dataplane.batch.outputs()];
  if (drops.length > 0) return drops.join();
  expect(outputs, what).toHaveLength(1);
  expect(verdictOf(outputs[0]!.verdict).name, what).toBe('FORWARD');
  return { frame: outputs[0]!.frame.slice(), port: outputs[0]!.port };
}

const counts = { tunnel4: 0, tunnel6: 0, rewritten: 0, congested: 0 };
let shortFirsts = 0;

async function play(fabric: Fabric, seeds: readonly number[]): Promise<void> {
  const planes = new Map<string, Dataplane>();
  for (const { name: host } of fabric.hosts)
    planes.set(host, await Dataplane.create({ policy: fabric.document, host }));
  const outer = new Outer(fabric);
  const ways = waysOf(fabric).filter(canTalk);
  if (ways.length === 0) return;
  for (const seed of seeds) {
    const random = new Random(seed);
    const way = random.pick(ways);
    travel(random, way, {
      outer,
      sender: planes.get(way.from.vm.host)!,
      receiver: planes.get(way.to.vm.host)!,
    });
  }
}

function travel(
  random: Random,
  way: Way,
  { outer, sender, receiver }: { outer: Outer; sender: Dataplane; receiver: Dataplane },
): void {
  const { from, to } = way;
  const inner = frameOf(random, way);
  let given =
    from.at.vid === undefined ? inner : vlan({ vid: from.at.vid, priority: random.below(8) }, inner);
  if (random.oneIn(5)) given = vlan({ vid: 0, priority: random.below(8) }, given);
  sender.batch.push(given, sender.port(from.vm.name));
  sender.process(0);
  const sent = only(sender, 'one frame on the wire');
  if (isShortFirst(inner)) {
    shortFirsts++;
    expect(sent).toBe('DROP_INNER_MALFORMED');
    return;
  }
  if (typeof sent === 'string') throw new Error(`${from.vm.name} to ${to.vm.name}: ${sent}, ${hexOf(given)}`);
  expect(sent.port).toBe(0);
  const { kind } = outer.named(to.vm.host, sent.frame);
  const isTunnel = kind === 'tunnel';
  const before = ecnOf(inner);
  const after = isTunnel ? random.below(4) : undefined;
  receiver.batch.push(after === undefined ? sent.frame : withEcn(sent.frame, after), 0);
  receiver.process(0);
  const result = only(receiver, 'one frame delivered');
  const ecn = after === undefined || before === undefined ? before : DECAPSULATED[before]![after];
  if (ecn === -1) {
    counts.congested++;
    expect(result).toBe('DROP_ECN_CE');
    return;
  }
  if (typeof result === 'string')
    throw new Error(`${from.vm.name} to ${to.vm.name}: ${result}, ${hexOf(given)}`);
  const received = ecn === undefined || ecn === before ? inner : withEcn(inner, ecn);
  const expected = to.at.vid === undefined ? received : vlan({ vid: to.at.vid }, received);
  expect(result.port).toBe(receiver.port(to.vm.name));
  if (Buffer.compare(result.frame, expected) !== 0) expect(hexOf(result.frame)).toBe(hexOf(expected));
  if (!isTunnel) counts.rewritten++;
  else if (isIpv4(sent.frame)) counts.tunnel4++;
  else counts.tunnel6++;
}

const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

it(`N6 N9 W2: what comes out of the tunnel is what went into it, ${CASES} frames, seed ${SEED}`, async () => {
  const total = () => counts.tunnel4 + counts.tunnel6 + counts.rewritten + counts.congested;
  const frames = fc.array(fc.nat(), { minLength: 1, maxLength: FRAMES, size: 'max' });
  for (let round = 0; total() < CASES; round++) {
    const property = fc.asyncProperty(shapes, frames, (shape, seeds) => play(fabricOf(shape), seeds));
    await fc.assert(property, { numRuns: POLICIES_PER_ROUND, seed: SEED + round });
  }
  expect(total()).toBeGreaterThanOrEqual(CASES);
  expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).toBeGreaterThan(CASES / 100);
  expect(shortFirsts).toBeGreaterThan(0);
});
