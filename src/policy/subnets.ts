/** Subnets of a routing domain: VSIDs that may be used, networks that do not overlap, gateways inside of them. */

import {
  contains,
  formatIp,
  formatPrefix,
  isLinkLocal,
  overlaps,
  parseIp,
  parsePrefix,
} from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Path } from './errors.ts';
import { checkHostPart, checkUsable } from './hosts.ts';
import type { IpAddress, Prefix, Subnet } from './model.ts';
import type { Registry } from './registry.ts';
import { MAX_SUBNETS, subnetSchema } from './schema.ts';

const RESERVED_BELOW = 0x1000;
const RESERVED_LAST = 0xff_ffff;

/** A subnet as far as it can be read. */
export interface ReadSubnet {
  readonly subnet: Subnet;
  /** What others call it; undefined where that cannot be told. */
  readonly vsid: number | undefined;
  /** Its prefixes are all there: an address outside of them is outside of the subnet. */
  readonly hasAllPrefixes: boolean;
}

/** What endpoints may refer to. */
export interface ReadSubnets {
  readonly byVsid: ReadonlyMap<number, ReadSubnet>;
  /** A VSID that is none of these may be that of a subnet that cannot be read. */
  readonly isDoubtful: (vsid: number) => boolean;
}

export interface PlacedPrefix {
  readonly prefix: Prefix;
  readonly path: Path;
}

/** What a subnet is read against; other subnets' prefixes are checked by whoever knows them. */
export interface SubnetContext {
  readonly collector: Collector;
  readonly vsids: Registry<number>;
}

export function readSubnet(
  { collector, vsids }: SubnetContext,
  document: unknown,
  at: Path,
): ReadSubnet & { readonly prefixes: readonly PlacedPrefix[] } {
  const fields = collector.read(subnetSchema, document, at);
  const { vsid } = fields;
  if (vsid !== undefined) {
    checkReserved(collector, vsid, [...at, 'vsid']);
    vsids.claim(vsid, [...at, 'vsid'], () => `virtual subnet ${vsid}`);
  }
  const texts = fields.prefixes ?? [];
  const placed = texts.flatMap((text, index) =>
    text === undefined ? [] : [{ prefix: parsePrefix(text)!, path: [...at, 'prefixes', index] }],
  );
  const hasAllPrefixes = placed.length > 0 && placed.length === texts.length;
  const prefixes = placed.map(({ prefix }) => prefix);
  const gateways = readGateways(collector, fields.gateways ?? [], { prefixes, hasAllPrefixes }, [
    ...at,
    'gateways',
  ]);
  const meant = vsid ?? vsidMeant(document);
  return {
    subnet: { vsid: meant ?? -1, prefixes, gateways, flood: fields.flood ?? 'replicate' },
    vsid: meant,
    hasAllPrefixes,
    prefixes: placed,
  };
}

function checkReserved(collector: Collector, vsid: number, path: Path): void {
  if (vsid >= RESERVED_BELOW && vsid !== RESERVED_LAST) return;
  const rest = vsid === RESERVED_LAST ? '16777215 is reserved' : '0 to 4095 are reserved';
  collector.add(path, `expected a virtual subnet id from 4096 to 16777214 (RFC 7637: ${rest}), got ${vsid}`);
}

/** `"5001"` is not an integer, but it says which one was meant. */
function vsidMeant(document: unknown): number | undefined {
  const vsid = (document as { vsid?: unknown } | null | undefined)?.vsid;
  return typeof vsid === 'string' && /^\d+$/.test(vsid) ? Number(vsid) : undefined;
}

function readGateways(
  collector: Collector,
  texts: readonly (string | undefined)[],
  { prefixes, hasAllPrefixes }: { prefixes: readonly Prefix[]; hasAllPrefixes: boolean },
  path: Path,
): IpAddress[] {
  const unique = collector.unique<string>();
  const gateways: IpAddress[] = [];
  for (const [index, written] of texts.entries()) {
    if (written === undefined) continue;
    const gateway = parseIp(written)!;
    gateways.push(gateway);
    const place = [...path, index];
    const text = formatIp(gateway);
    unique.claim(text, place, () => `gateway ${text}`);
    checkUsable(collector, gateway, place, 'a gateway’s address');
    if (isLinkLocal(gateway)) continue;
    const prefix = prefixes.find((candidate) => contains(candidate, gateway));
    if (prefix !== undefined) checkHostPart(collector, { address: gateway, length: prefix.length }, place);
    else if (hasAllPrefixes)
      collector.add(place, `expected an address in ${prefixes.map(formatPrefix).join(' or ')}, got ${text}`);
  }
  return gateways;
}

/** @param documents undefined where the list itself cannot be told. */
export function readSubnets(
  context: SubnetContext,
  documents: readonly unknown[] | undefined,
  path: Path,
): ReadSubnets & { readonly subnets: readonly Subnet[] } {
  const { collector } = context;
  const all = (documents ?? []).map((document, position) =>
    readSubnet(context, document, [...path, position]),
  );
  if (all.length > MAX_SUBNETS)
    collector.add(path, `expected at most ${MAX_SUBNETS} subnets, got ${all.length}`);
  checkOverlaps(
    collector,
    all.flatMap(({ prefixes }) => prefixes),
  );
  const byVsid = new Map<number, ReadSubnet>();
  for (const read of all) {
    if (read.vsid === undefined) continue;
    const first = byVsid.get(read.vsid);
    // Which of the two an endpoint means cannot be told, so neither says what its addresses may be.
    byVsid.set(read.vsid, first === undefined ? read : { ...first, hasAllPrefixes: false });
  }
  const isDoubtful = all.length === 0 || all.some(({ vsid }) => vsid === undefined);
  return { subnets: all.map(({ subnet }) => subnet), byVsid, isDoubtful: () => isDoubtful };
}

/** Reports each network that overlaps an earlier one of the document. Sorted, since no pair may be left out of 65,535. */
function checkOverlaps(collector: Collector, placed: readonly PlacedPrefix[]): void {
  const sorted = placed.map(({ prefix }, order) => ({ prefix, order }));
  sorted.sort((a, b) => comparePrefixes(a.prefix, b.prefix) || a.order - b.order);
  /** The networks that hold the one in hand, the widest first. */
  const around: typeof sorted = [];
  const earliest = new Map<number, number>();
  for (const one of sorted) {
    for (let top = around.at(-1); top !== undefined && !overlaps(top.prefix, one.prefix); top = around.at(-1))
      around.pop();
    for (const other of around) {
      const later = Math.max(one.order, other.order);
      const earlier = Math.min(one.order, other.order);
      earliest.set(later, Math.min(earliest.get(later) ?? earlier, earlier));
    }
    const top = around.at(-1);
    if (top === undefined || comparePrefixes(top.prefix, one.prefix) !== 0) around.push(one);
  }
  for (const [later, earlier] of earliest) {
    collector.add(placed[later]!.path, overlapMessage(placed[later]!.prefix, placed[earlier]!.prefix));
  }
}

export function overlapMessage(prefix: Prefix, other: Prefix): string {
  return `expected networks that do not overlap, got ${formatPrefix(prefix)} beside ${formatPrefix(other)}`;
}

/** By family, then by address, then the wider first: what a network holds comes right behind it. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  if (a.address.value !== b.address.value) return a.address.value < b.address.value ? -1 : 1;
  return a.length - b.length;
}
