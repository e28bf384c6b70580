/** A starter policy from the frames of a capture: who was seen, on which side of the conversations, with what addresses. */

import { decode } from '../observe/decode.ts';
import {
  contains,
  formatIp,
  formatMac,
  formatPrefix,
  isLinkLocal,
  networkOf,
  parsePrefix,
  sameAddress,
} from './addresses.ts';
import type { IpAddress, MacAddress, Prefix } from './model.ts';

interface Station {
  readonly mac: MacAddress;
  /** Frames sent. */
  sent: number;
  /** Addresses by their text, in the order they were seen. */
  readonly addresses: Map<string, IpAddress>;
  readonly peers: Set<MacAddress>;
}

/** A station with more addresses than this forwards other people's packets. */
const MANY_ADDRESSES = 8;
const VSID = 5001;
const HOST_NAMES = ['host1', 'host2'];

/** Collects frames, then writes a policy that `netvirt check` accepts. */
export class StarterPolicy {
  readonly #stations = new Map<MacAddress, Station>();

  /** Notes who sent and who was meant. Frames without a usable source MAC are left out. */
  add(frame: Uint8Array): void {
    const { outer } = decode(frame);
    if (outer === undefined) return;
    const sender = this.#station(outer.srcMac);
    if (sender !== undefined) {
      sender.sent++;
      note(sender, outer.src);
    }
    const receiver = this.#station(outer.dstMac);
    if (receiver === undefined || sender === undefined || receiver === sender) return;
    if (outer.etherType !== 0x0806) note(receiver, outer.dst);
    sender.peers.add(receiver.mac);
    receiver.peers.add(sender.mac);
  }

  #station(mac: MacAddress): Station | undefined {
    const isGroup = (Math.floor(mac / 2 ** 40) & 1) === 1;
    if (mac === 0 || isGroup) return undefined;
    let station = this.#stations.get(mac);
    if (station === undefined) {
      station = { mac, sent: 0, addresses: new Map(), peers: new Set() };
      this.#stations.set(mac, station);
    }
    return station;
  }

  /** Endpoints that the policy has. */
  get size(): number {
    return this.#stations.size;
  }

  /**
   * The policy as YAML with comments.
   * @param source name of the capture, for the first comment.
   * @throws RangeError when no frame had a usable source MAC.
   */
  toYaml(source: string): string {
    if (this.#stations.size === 0) throw new RangeError('expected frames with unicast source MACs, got none');
    const stations = [...this.#stations.values()];
    const sides = chooseSides(stations);
    const owners = new Owners(stations);
    const addresses = stations.flatMap((station) => owners.addressesOf(station));
    const prefixes = coverWithPrefixes(addresses);
    const hostMacs = [freeMac(this.#stations, 0x01), freeMac(this.#stations, 0x02)];
    return [
      `# Starter policy from ${source}: ${stations.length} endpoint${stations.length === 1 ? '' : 's'}. What to edit is marked "edit".`,
      'version: 1',
      'provider:',
      '  mtu: 1600 # edit: the IP MTU of your physical network; NVGRE over IPv4 takes 42 bytes of it',
      'hosts: # edit: your hosts and their addresses on the physical network',
      ...HOST_NAMES.map(
        (name, index) =>
          `  - { name: ${name}, addresses: [192.0.2.${index + 1}/24], mac: ${formatMac(hostMacs[index]!)} }`,
      ),
      'customers:',
      '  - name: customer1 # edit',
      '    routingDomains:',
      '      - name: network1',
      '        id: 00000000-0000-4000-8000-000000005001 # edit: a UUID of its own for every routing domain, or no id: the names give one',
      '        subnets:',
      `          - { vsid: ${VSID}, prefixes: [${prefixes.map((prefix) => quote(formatPrefix(prefix))).join(', ')}] }`,
      `            # edit: towards other subnets and routes it needs gateways: [${quote(formatIp(freeAddress(prefixes[0]!, addresses)))}]`,
      '        endpoints: # edit: names, and the host of each; the two sides of conversations are on two hosts',
      ...stations.flatMap((station) => endpointLines(station, owners, sides.get(station.mac)!)),
      '',
    ].join('\n');
  }
}

function note(station: Station, address: IpAddress | undefined): void {
  if (address !== undefined && isEndpointAddress(address)) station.addresses.set(formatIp(address), address);
}

/** Neither unspecified, loopback, multicast nor broadcast. */
function isEndpointAddress({ family, value }: IpAddress): boolean {
  if (family === 6) return value > 1n && value >> 120n !== 0xffn;
  const first = value >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** Two-colours the graph of conversations as far as it goes: breadth first, each station opposite to the one before. */
function chooseSides(stations: readonly Station[]): Map<MacAddress, number> {
  const byMac = new Map(stations.map((station) => [station.mac, station]));
  const sides = new Map<MacAddress, number>();
  for (const first of stations) {
    if (sides.has(first.mac)) continue;
    sides.set(first.mac, 0);
    const queue = [first];
    for (const station of queue) {
      for (const mac of station.peers) {
        if (sides.has(mac)) continue;
        sides.set(mac, 1 - sides.get(station.mac)!);
        queue.push(byMac.get(mac)!);
      }
    }
  }
  return sides;
}

/** Which station owns which address. A router's MAC is seen with everybody's. */
class Owners {
  readonly #ownerOf = new Map<string, Station>();

  constructor(stations: readonly Station[]) {
    const fewestFirst = [...stations].sort((a, b) => a.addresses.size - b.addresses.size);
    for (const station of fewestFirst) {
      for (const text of station.addresses.keys()) {
        if (!this.#ownerOf.has(text)) this.#ownerOf.set(text, station);
      }
    }
  }

  /** It sends addresses that are not its own, or nobody knows its own. */
  isForwarding(station: Station): boolean {
    return (
      this.addressesOf(station).length === 0 ||
      this.#own(station).length < station.addresses.size ||
      isMany(station)
    );
  }

  addressesOf(station: Station): IpAddress[] {
    return isMany(station) ? [] : this.#own(station);
  }

  #own(station: Station): IpAddress[] {
    return [...station.addresses]
      .filter(([text]) => this.#ownerOf.get(text) === station)
      .map(([, address]) => address);
  }
}

function isMany(station: Station): boolean {
  return station.addresses.size > MANY_ADDRESSES;
}

/** IPv4 by /24, IPv6 by /64; wider where an address would be the network's or the broadcast address. */
function coverWithPrefixes(addresses: readonly IpAddress[]): Prefix[] {
  const prefixes: Prefix[] = [];
  const candidates = addresses.filter((address) => !isLinkLocal(address)).map(narrowestPrefix);
  for (const prefix of candidates.sort((a, b) => a.length - b.length)) {
    if (!prefixes.some((known) => contains(known, prefix.address))) prefixes.push(prefix);
  }
  if (prefixes.length === 0) prefixes.push(networkOf({ family: 4, value: 0x0a_00_00_00 }, 24));
  return prefixes;
}

function narrowestPrefix(address: IpAddress): Prefix {
  if (address.family === 6) return networkOf(address, 64);
  for (const length of [24, 16, 8]) {
    const hostBits = address.value & (2 ** (32 - length) - 1);
    if (hostBits !== 0 && hostBits >>> 0 !== 2 ** (32 - length) - 1) return networkOf(address, length);
  }
  return networkOf(address, 0);
}

/** Of customers' own networks, or of a link. Others are rather those of somebody beyond a router. */
function isPrivate(address: IpAddress): boolean {
  return isLinkLocal(address) || PRIVATE.some((prefix) => contains(prefix, address));
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
].map((text) => parsePrefix(text)!);

/** The first address of a network that none of these has. */
function freeAddress({ address }: Prefix, taken: readonly IpAddress[]): IpAddress {
  for (let host = 1; ; host++) {
    const candidate: IpAddress =
      address.family === 4
        ? { family: 4, value: address.value + host }
        : { family: 6, value: address.value + BigInt(host) };
    if (!taken.some((one) => sameAddress(one, candidate))) return candidate;
  }
}

/** A locally administered MAC that no station has. */
function freeMac(taken: ReadonlyMap<MacAddress, Station>, last: number): MacAddress {
  for (let mac = 0x02_00_c0_00_02_00 + last; ; mac += 0x1_00_00) if (!taken.has(mac)) return mac;
}

function endpointLines(station: Station, owners: Owners, side: number): string[] {
  const addresses = owners.addressesOf(station);
  const fields = [
    `name: vm-${formatMac(station.mac).replaceAll(':', '')}`,
    `vsid: ${VSID}`,
    `mac: ${quote(formatMac(station.mac))}`,
    `addresses: [${addresses.map((address) => quote(formatIp(address))).join(', ')}]`,
    `host: ${HOST_NAMES[side]}`,
  ];
  const comments: string[] = [];
  const foreign = addresses.filter((address) => !isPrivate(address)).map(formatIp);
  if (foreign.length > 0) {
    comments.push(
      `${foreign.join(' and ')} ${foreign.length === 1 ? 'is' : 'are'} public: behind a router with this MAC? edit: list its own and add forwarding: true, or remove it`,
    );
  }
  if (owners.isForwarding(station)) {
    fields.push('forwarding: true');
    comments.push(
      addresses.length === station.addresses.size
        ? 'no IP address seen'
        : `seen with ${seenWith(station, addresses.length)}: a router? edit: list its own and keep forwarding, or remove it`,
    );
  }
  if (station.sent === 0) comments.push('never sent a frame, only received');
  const comment = comments.length === 0 ? '' : ` # ${comments.join('; ')}`;
  return [`          - { ${fields.join(', ')} }${comment}`];
}

/** An address goes to the MAC that has fewest: routers are seen with everybody's. */
function seenWith({ addresses: { size } }: Station, own: number): string {
  const elsewhere = size - own;
  const addresses = size === 1 ? '1 address' : `${size} addresses`;
  if (size > MANY_ADDRESSES) return addresses;
  const went = size === 1 ? 'which' : elsewhere === size ? 'all of which' : `${elsewhere} of which`;
  return `${addresses}, ${went} went to another MAC`;
}

/** A colon in a plain YAML scalar is allowed inside flow collections only when quoted. */
function quote(text: string): string {
  return text.includes(':') ? `"${text}"` : text;
}
