/** Virtual subnets of one host’s records: their gateways, prefixes, and who gets copies of broadcasts. */

import * as abi from '../abi/layout.ts';
import { formatIp, formatMac, formatPrefix } from '../policy/addresses.ts';
import type { Endpoint, Subnet } from '../policy/model.ts';
import { type Domain, nameOf } from './fabric.ts';
import { type HostView, type Known, addressOf } from './host-view.ts';
import type { AddressValue } from './records.ts';

export class SubnetCheck {
  /** Records of gateways. */
  gateways = 0;
  readonly #view: HostView;
  readonly #domainAt = new Map<number, Domain>();
  readonly #numberOf = new Map<Domain, number>();
  readonly #memberNumbers = new Set<number>();
  readonly #prefixNumbers = new Set<number>();

  constructor(view: HostView) {
    this.#view = view;
  }

  get members(): number {
    return this.#memberNumbers.size;
  }

  domainAt(number: number): Domain | undefined {
    return this.#domainAt.get(number);
  }

  /** One number here for one virtual subnet, and one number for the routing domain that it is of. */
  readSubnet(): void {
    const { index, vsid, domain: number } = this.#view.records;
    const subnet = this.#view.fabric.subnets.get(vsid);
    if (subnet === undefined) {
      this.#view.breaks('isolation', `knows virtual subnet ${vsid}, which no routing domain has`);
      return;
    }
    const { domain } = subnet;
    if (!this.#view.domains.has(domain)) {
      this.#view.breaks(
        'isolation',
        `knows virtual subnet ${vsid} of ${nameOf(domain)}, which has no endpoint here`,
      );
      return;
    }
    if (this.#view.subnets.has(index) || this.#view.byVsid.has(vsid)) {
      this.#view.breaks('isolation', `virtual subnet ${vsid} or its number ${index} is described twice`);
      return;
    }
    const known = {
      subnet,
      gateways: new Set<AddressValue>(),
      prefixes: new Set<string>(),
      endpoints: new Set<Endpoint>(),
      hosts: new Set<number>(),
    };
    this.#view.subnets.set(index, known);
    this.#view.byVsid.set(vsid, known);
    const there = this.#domainAt.get(number);
    if (there === undefined && !this.#numberOf.has(domain)) {
      this.#domainAt.set(number, domain);
      this.#numberOf.set(domain, number);
    } else if (there !== domain) {
      const where = there === undefined ? 'a routing domain of its own' : nameOf(there);
      this.#view.breaks('isolation', `has virtual subnet ${vsid} of ${nameOf(domain)} in ${where}`);
    }
    this.#checkRouter(subnet.subnet);
  }

  /** That the subnet floods, and the gateways from which errors come. */
  #checkRouter({ vsid, flood, gateways }: Subnet): void {
    const { flags, customer4, provider6 } = this.#view.records;
    const gateway4 = gateways.find(({ family }) => family === 4)?.value;
    const gateway6 = gateways.find(({ family }) => family === 6)?.value;
    const expected =
      (flood === 'replicate' ? abi.SUBNET_FLOOD : 0) |
      (gateway4 === undefined ? 0 : abi.SUBNET_GATEWAY4) |
      (gateway6 === undefined ? 0 : abi.SUBNET_GATEWAY6);
    if (flags !== expected || customer4 !== (gateway4 ?? 0) || provider6 !== (gateway6 ?? 0n))
      this.#view.breaks(
        'isolation',
        `virtual subnet ${vsid} has other gateways or floods otherwise than it should`,
      );
  }

  checkGateway({ subnet, gateways }: Known): void {
    const { family, customer, mac, provider } = this.#view.records;
    this.gateways++;
    const isRouter =
      mac === this.#view.fabric.policy.provider.routerMac && provider === (family === 4 ? 0 : 0n);
    if (subnet.gateways.get(customer)?.family === family && isRouter && !gateways.has(customer)) {
      gateways.add(customer);
      return;
    }
    const text = formatIp(addressOf(family, customer));
    this.#view.breaks(
      'isolation',
      `has a record of ${text} in virtual subnet ${subnet.vsid} as a gateway with MAC ${formatMac(mac)}, which it is not`,
    );
  }

  checkPrefix({ subnet, prefixes }: Known): void {
    const { index, length, customer6 } = this.#view.records;
    const text = `${formatIp({ family: 6, value: customer6 })}/${length}`;
    const isRight = subnet.subnet.prefixes.some((prefix) => formatPrefix(prefix) === text);
    if (!isRight || prefixes.has(text) || this.#prefixNumbers.has(index))
      this.#view.breaks(
        'isolation',
        `announces ${text} in virtual subnet ${subnet.vsid}, which it is not or twice`,
      );
    prefixes.add(text);
    this.#prefixNumbers.add(index);
  }

  /** Copies of broadcasts go to local ports in the subnet and to hosts that have an endpoint in it, once each. */
  checkMember({ subnet, endpoints, hosts }: Known): void {
    const { index, hop } = this.#view.records;
    const target = this.#view.targets.get(hop);
    const what = `copies broadcasts of virtual subnet ${subnet.vsid} to ${this.#view.describe(target)}`;
    if (this.#memberNumbers.has(index)) this.#view.breaks('isolation', `${what} by a number that is in use`);
    this.#memberNumbers.add(index);
    if (target?.kind === 'peer') {
      if (target.host === this.#view.host || !subnet.membersOn.has(target.host.index))
        this.#view.breaks('isolation', `${what}, where nobody is in it`);
      else if (hosts.has(target.host.index)) this.#view.breaks('isolation', `${what} twice`);
      hosts.add(target.host.index);
      return;
    }
    const endpoint = this.#view.portBehind(target, hop);
    const locals = subnet.membersOn.get(this.#view.host.index);
    if (endpoint === undefined || locals?.includes(endpoint) !== true)
      this.#view.breaks('isolation', `${what}, who is not in it`);
    else if (endpoints.has(endpoint)) this.#view.breaks('isolation', `${what} twice`);
    else endpoints.add(endpoint);
  }

  /** What a host has to know of a subnet beside endpoints. Returns how many records that takes. */
  checkComplete(vsid: number, domain: Domain): number {
    const known = this.#view.byVsid.get(vsid);
    if (known === undefined) {
      this.#view.breaks('reachability', `does not know virtual subnet ${vsid} of ${nameOf(domain)}`);
      return 1;
    }
    const { subnet, gateways, prefixes, endpoints, hosts } = known;
    for (const gateway of subnet.gateways.values())
      if (!gateways.has(gateway.value))
        this.#view.breaks(
          'reachability',
          `has no record of gateway ${formatIp(gateway)} in virtual subnet ${vsid}`,
        );
    const announced = subnet.subnet.prefixes.filter(({ address }) => address.family === 6);
    if (announced.length > prefixes.size)
      this.#view.breaks('reachability', `does not announce all prefixes of virtual subnet ${vsid}`);
    const locals = subnet.membersOn.get(this.#view.host.index) ?? [];
    const others = subnet.membersOn.size - (locals.length > 0 ? 1 : 0);
    const required = 1 + subnet.gateways.size + announced.length + locals.length + others;
    if (endpoints.size < locals.length) {
      const left = locals.filter((endpoint) => !endpoints.has(endpoint)).map(({ name }) => name);
      this.#view.breaks(
        'reachability',
        `copies no broadcasts of virtual subnet ${vsid} to ${left.join(', ')}`,
      );
    }
    if (hosts.size >= others) return required;
    const left = [...subnet.membersOn.keys()].filter(
      (host) => host !== this.#view.host.index && !hosts.has(host),
    );
    const names = left.map((host) => this.#view.fabric.policy.hosts[host]!.name);
    this.#view.breaks(
      'reachability',
      `copies no broadcasts of virtual subnet ${vsid} to ${names.join(', ')}`,
    );
    return required;
  }
}
