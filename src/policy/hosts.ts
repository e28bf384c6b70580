/** Hosts: each on its own, then against the others. */

import { formatIp, parseInterface, parseIp, parseMac, unusableAs } from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Path } from './errors.ts';
import type { Gateway, Host, InterfaceAddress, IpAddress, Ipv4Address, Ipv6Address } from './model.ts';
import type { Readable } from './readable.ts';
import type { Registry } from './registry.ts';
import { type HostDocument, UNICAST_MAC, hostSchema } from './schema.ts';

/** Takes an address on the physical network, which only one host, VM or gateway can have. */
export type ClaimProvider = (address: IpAddress, path: Path) => boolean;

/** What a host is read against. */
export interface HostContext {
  readonly collector: Collector;
  readonly names: Registry<string>;
  readonly macs: Registry<number>;
  readonly claimProvider: ClaimProvider;
  /** MACs may be missing: who runs the policy learns them. */
  readonly isLearnable: boolean;
  /** Hosts may share a gateway. */
  readonly claimGateway: (address: IpAddress, path: Path) => void;
}

/** @returns as much of the host as can be read; `name`: undefined where that cannot. */
export function readHost(
  context: HostContext,
  document: unknown,
  index: number,
  at: Path,
): { readonly host: Host; readonly name: string | undefined } {
  const { collector, names, macs, claimGateway } = context;
  const fields = collector.read(hostSchema, document, at);
  const { name } = fields;
  const mac = fields.mac === undefined ? undefined : parseMac(fields.mac);
  const gateway = fields.gateway === undefined ? undefined : readGateway(collector, fields.gateway, at);
  if (!context.isLearnable) requireMacs(collector, document, at);
  const host: Host = {
    name: name ?? '',
    index,
    mac: mac ?? 0,
    ...readAddresses(context, fields.addresses ?? [], [...at, 'addresses']),
    gateway,
    nvgreKey: fields.nvgreKey ?? 'rfc7637',
  };
  if (name !== undefined) names.claim(name, [...at, 'name'], () => `host "${name}"`);
  if (mac !== undefined) macs.claim(mac, [...at, 'mac'], () => `MAC ${fields.mac}`);
  for (const address of gateway?.addresses ?? []) claimGateway(address, [...at, 'gateway', 'address']);
  return { host, name };
}

function readAddresses(
  { collector, claimProvider }: HostContext,
  texts: readonly (string | undefined)[],
  at: Path,
): Pick<Host, 'ipv4' | 'ipv6'> {
  let ipv4: InterfaceAddress<Ipv4Address> | undefined;
  let ipv6: InterfaceAddress<Ipv6Address> | undefined;
  for (const [position, text] of texts.entries()) {
    if (text === undefined) continue;
    const { address, length } = parseInterface(text)!;
    const place = [...at, position];
    checkUsable(collector, address, place, 'a provider address');
    checkHostPart(collector, { address, length }, place, text);
    const had = address.family === 4 ? ipv4 : ipv6;
    if (had !== undefined)
      collector.add(place, `expected one IPv${address.family} address, got ${text} as well`);
    if (address.family === 4) ipv4 ??= { address, length };
    else ipv6 ??= { address, length };
    claimProvider(address, place);
  }
  return { ipv4, ipv6 };
}

function readGateway(
  collector: Collector,
  { address: text, mac }: Readable<NonNullable<HostDocument['gateway']>>,
  at: Path,
): Gateway | undefined {
  if (text === undefined) return undefined;
  const address = parseIp(text)!;
  checkUsable(collector, address, [...at, 'gateway', 'address'], 'a gateway’s address');
  return { addresses: [address], mac: mac === undefined ? 0 : parseMac(mac)! };
}

/** Without a kernel to ask, a MAC that is not given would be a guess. */
function requireMacs(collector: Collector, document: unknown, at: Path): void {
  if (typeof document !== 'object' || document === null) return;
  const { mac, gateway } = document as { mac?: unknown; gateway?: { mac?: unknown } | null };
  const missing = `expected ${UNICAST_MAC}, got nothing`;
  if (mac === undefined) collector.add([...at, 'mac'], missing);
  if (typeof gateway === 'object' && gateway !== null && gateway.mac === undefined)
    collector.add([...at, 'gateway', 'mac'], missing);
}

/** What has nothing to do with who reaches whom. An unknown key may be meant for anything. */
const OTHER_FIELDS: ReadonlySet<unknown> = new Set(['name', 'mac', 'nvgreKey']);

/** Hosts that endpoints may name. */
export interface KnownHosts {
  readonly byName: ReadonlyMap<string, Host>;
  /** Hosts whose addresses or gateway have problems: nothing follows from what they have or lack. */
  readonly unsound: ReadonlySet<Host>;
  /** A name that is none of the policy's may be that of a host whose name cannot be read. */
  readonly isDoubtful: (name: string) => boolean;
}

export interface ReadHosts extends KnownHosts {
  /** In the order of the document; those in `unsound` are incomplete. */
  readonly hosts: readonly Host[];
}

export function readHosts(
  collector: Collector,
  documents: readonly unknown[],
  path: Path,
  claimProvider: ClaimProvider,
  isLearnable: boolean,
): ReadHosts {
  const hosts: Host[] = [];
  const byName = new Map<string, Host>();
  const unsound = new Set<Host>();
  const meant = new Set<string>();
  const gateways: { readonly address: IpAddress; readonly path: Path }[] = [];
  let hasNameless = documents.length === 0;
  const context: HostContext = {
    collector,
    names: collector.unique(),
    macs: collector.unique(),
    claimProvider,
    isLearnable,
    claimGateway: (address, place) => gateways.push({ address, path: place }),
  };
  for (const [position, document] of documents.entries()) {
    const before = collector.found.length;
    const { host, name } = readHost(context, document, position, [...path, position]);
    hosts.push(host);
    const problems = collector.found.slice(before);
    if (problems.some(({ path: { [path.length + 1]: field } }) => !OTHER_FIELDS.has(field)))
      unsound.add(host);
    if (name !== undefined && !byName.has(name)) byName.set(name, host);
    if (name !== undefined) continue;
    const written = (document as { name?: unknown } | null | undefined)?.name;
    if (typeof written === 'string') meant.add(written.trim());
    else hasNameless = true;
  }
  // After all hosts: the gateway is the wrong one of the two.
  const claimed = new Set<number | bigint>();
  for (const { address, path: place } of gateways) {
    if (claimed.has(address.value)) continue;
    claimed.add(address.value);
    claimProvider(address, place);
  }
  return { hosts, byName, unsound, isDoubtful: (name) => hasNameless || meant.has(name) };
}

/** Nobody can own unspecified, loopback, multicast and reserved addresses. */
export function checkUsable(collector: Collector, address: IpAddress, path: Path, what: string): boolean {
  const fault = unusableAs(address);
  if (fault !== undefined)
    collector.add(path, `expected ${what}, got the ${fault} address ${formatIp(address)}`);
  return fault === undefined;
}

/**
 * First and last address of an IPv4 prefix belong to the network itself (RFC 1122 §3.2.1.3), but for /31 and /32.
 * @param text the address as it is written, where that is not how `formatIp` writes it.
 */
export function checkHostPart(
  collector: Collector,
  { address, length }: InterfaceAddress,
  path: Path,
  text?: string,
): void {
  if (address.family !== 4 || length > 30) return;
  const size = 2 ** (32 - length);
  const place = address.value % size;
  if (place !== 0 && place !== size - 1) return;
  const what = place === 0 ? 'the network itself' : 'the broadcast address';
  collector.add(path, `expected a host’s address, got ${text ?? formatIp(address)}, ${what}`);
}
