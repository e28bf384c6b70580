/** Hosts of the document: each on its own, then against the others. */

import {
  formatIp,
  isLinkLocal,
  networkOf,
  parseInterface,
  parseIp,
  parseMac,
  sameAddress,
  unusableAs,
} from './addresses.ts';
import { type Collector, Unique } from './collector.ts';
import type { Path } from './errors.ts';
import type { Gateway, Host, InterfaceAddress, IpAddress, Ipv4Address, Ipv6Address } from './model.ts';
import { type HostDocument, hostSchema } from './schema.ts';

export interface ReadHosts {
  /** Those without a problem of their own; `index` counts from 0 without gaps only when there was none. */
  readonly hosts: Host[];
  readonly byName: ReadonlyMap<string, Host>;
  /** Names of hosts with problems: references to them are not another problem. */
  readonly broken: ReadonlySet<string>;
}

/** @param claimProvider takes each address on the physical network once. */
export function readHosts(
  collector: Collector,
  documents: readonly unknown[],
  path: Path,
  claimProvider: (address: IpAddress, path: Path) => void,
): ReadHosts {
  const hosts: Host[] = [];
  const byName = new Map<string, Host>();
  const broken = new Set<string>();
  const names = new Unique(collector);
  const macs = new Unique(collector);
  const gateways: PlacedGateway[] = [];
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const parsed = collector.parse(hostSchema, document, at);
    if (parsed === undefined) {
      const name = (document as { name?: unknown } | null)?.name;
      if (typeof name === 'string') broken.add(name);
      continue;
    }
    const host = buildHost(collector, parsed, hosts.length, at);
    names.claim(host.name, [...at, 'name'], `host "${host.name}"`);
    macs.claim(host.mac, [...at, 'mac'], `MAC ${parsed.mac}`);
    for (const [index, text] of parsed.addresses.entries()) {
      claimProvider(parseInterface(text)!.address, [...at, 'addresses', index]);
    }
    if (host.gateway !== undefined)
      gateways.push({ gateway: host.gateway, path: [...at, 'gateway', 'address'] });
    if (!byName.has(host.name)) byName.set(host.name, host);
    hosts.push(host);
  }
  claimGateways(gateways, claimProvider);
  return { hosts, byName, broken };
}

interface PlacedGateway {
  readonly gateway: Gateway;
  readonly path: Path;
}

/** Hosts may share a gateway; a host or a VM cannot have its address. */
function claimGateways(
  gateways: readonly PlacedGateway[],
  claimProvider: (address: IpAddress, path: Path) => void,
): void {
  const claimed = new Set<number | bigint>();
  for (const { gateway, path } of gateways) {
    for (const address of gateway.addresses) {
      if (claimed.has(address.value)) continue;
      claimed.add(address.value);
      claimProvider(address, path);
    }
  }
}

function buildHost(collector: Collector, document: HostDocument, index: number, at: Path): Host {
  let ipv4: InterfaceAddress<Ipv4Address> | undefined;
  let ipv6: InterfaceAddress<Ipv6Address> | undefined;
  for (const [position, text] of document.addresses.entries()) {
    const { address, length } = parseInterface(text)!;
    const place = [...at, 'addresses', position];
    checkUsable(collector, address, place, 'a provider address');
    checkHostPart(collector, { address, length }, text, place);
    if (address.family === 4) {
      if (ipv4 !== undefined) collector.add(place, `expected one IPv4 address, got ${text} as well`);
      ipv4 ??= { address, length };
    } else {
      if (ipv6 !== undefined) collector.add(place, `expected one IPv6 address, got ${text} as well`);
      ipv6 ??= { address, length };
    }
  }
  const gateway = document.gateway === undefined ? undefined : buildGateway(collector, document.gateway, at);
  return {
    name: document.name,
    index,
    mac: parseMac(document.mac)!,
    ipv4,
    ipv6,
    gateway,
    nvgreKey: document.nvgreKey,
  };
}

function buildGateway(
  collector: Collector,
  document: NonNullable<HostDocument['gateway']>,
  at: Path,
): Gateway {
  const address = parseIp(document.address)!;
  checkUsable(collector, address, [...at, 'gateway', 'address'], 'a gateway’s address');
  return { addresses: [address], mac: parseMac(document.mac)! };
}

/** Nobody can own unspecified, loopback, multicast and reserved addresses. */
export function checkUsable(collector: Collector, address: IpAddress, path: Path, what: string): void {
  const fault = unusableAs(address);
  if (fault !== undefined)
    collector.add(path, `expected ${what}, got the ${fault} address ${formatIp(address)}`);
}

/** First and last address of an IPv4 prefix belong to the network itself (RFC 1122 §3.2.1.3), but for /31 and /32. */
export function checkHostPart(
  collector: Collector,
  { address, length }: InterfaceAddress,
  text: string,
  path: Path,
): void {
  if (address.family !== 4 || length > 30 || isLinkLocal(address)) return;
  const network = networkOf(address, length).address as Ipv4Address;
  const broadcast = network.value + 2 ** (32 - length) - 1;
  if (sameAddress(network, address))
    collector.add(path, `expected a host’s address, got ${text}, the network itself`);
  if (address.value === broadcast)
    collector.add(path, `expected a host’s address, got ${text}, the broadcast address`);
}
