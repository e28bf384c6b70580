/**
 * The records of one host against the policy, in the order in which its WASM side takes them: what a record refers to must
 * have been described before.
 */

import * as abi from '../abi/layout.ts';
import { formatMac } from '../policy/addresses.ts';
import type { Plan } from '../policy/compile.ts';
import type { Host, Policy } from '../policy/model.ts';
import { EndpointCheck } from './endpoint-check.ts';
import { HopCheck } from './hop-check.ts';
import { HostView, type Known, type Shared } from './host-view.ts';
import { PortCheck } from './port-check.ts';
import { RouteCheck } from './route-check.ts';
import { SubnetCheck } from './subnet-check.ts';

/** What one host has to know. */
export interface HostRecords {
  readonly host: string;
  readonly domains: number;
  readonly ports: number;
  readonly subnets: number;
  readonly macs: number;
  /** Of endpoints. */
  readonly addresses: number;
  /** Of those addresses, the ones with a provider address (IP Rewrite). */
  readonly rewrite: number;
  /** Addresses that the router answers to. */
  readonly gateways: number;
  /** Ports and hosts that get copies of broadcasts, of all subnets. */
  readonly members: number;
  readonly routes: number;
  readonly nextHops: number;
  readonly peers: number;
}

export class HostCheck {
  readonly #view: HostView;
  readonly #hops: HopCheck;
  readonly #subnets: SubnetCheck;
  readonly #ports: PortCheck;
  readonly #endpoints: EndpointCheck;
  readonly #routes: RouteCheck;
  #hosts = 0;

  constructor(shared: Shared, host: Host, planned: Plan) {
    const view = new HostView(shared, host, planned);
    const subnets = new SubnetCheck(view);
    this.#view = view;
    this.#hops = new HopCheck(view);
    this.#subnets = subnets;
    this.#ports = new PortCheck(view);
    this.#endpoints = new EndpointCheck(view);
    this.#routes = new RouteCheck(
      shared.records,
      shared.routing,
      {
        domainAt: (number) => subnets.domainAt(number),
        subnetAt: (number) => view.subnets.get(number)?.subnet,
      },
      (check, message) => {
        view.breaks(check, message);
      },
    );
  }

  run(): { row: HostRecords; records: number; required: number } {
    const { host, domains, ports, subnets, targets, records } = this.#view;
    for (let record = 0; record < records.count; record++) {
      records.seek(record);
      this.#check(records.kind);
    }
    const required = this.#checkComplete();
    const row = {
      host: host.name,
      domains: domains.size,
      ports: ports.size,
      subnets: subnets.size,
      macs: this.#endpoints.macs,
      addresses: this.#endpoints.addresses,
      rewrite: this.#endpoints.rewrite,
      gateways: this.#subnets.gateways,
      members: this.#subnets.members,
      routes: this.#routes.count,
      nextHops: targets.size,
      peers: this.#hops.peers,
    };
    return { row, records: records.count + this.#routes.ranges, required };
  }

  #check(kind: number): void {
    switch (kind) {
      case abi.RECORD_HOST:
        this.#checkHost();
        return;
      case abi.RECORD_NEXT_HOP:
        this.#hops.readHop();
        return;
      case abi.RECORD_PEER:
        this.#hops.readPeer();
        return;
      case abi.RECORD_SUBNET_ENTRY:
        this.#subnets.readSubnet();
        return;
      case abi.RECORD_ROUTE:
        this.#routes.readRoute();
        return;
      case abi.RECORD_ROUTES:
        this.#routes.checkRanges();
        return;
      default:
        this.#checkOfSubnet(kind);
    }
  }

  /** Records that name a subnet by its number. */
  #checkOfSubnet(kind: number): void {
    const { subnet } = this.#view.records;
    const known = this.#view.subnets.get(subnet);
    if (known === undefined)
      this.#view.breaks(
        'isolation',
        `has a record (kind ${kind}) of virtual subnet number ${subnet}, which is none`,
      );
    else this.#checkIn(known, kind);
  }

  #checkIn(known: Known, kind: number): void {
    switch (kind) {
      case abi.RECORD_PORT:
        this.#ports.readPort(known);
        return;
      case abi.RECORD_ENDPOINT_MAC:
        this.#endpoints.checkEndpoint(known, 'mac');
        return;
      case abi.RECORD_ADDRESS:
        if (this.#view.records.hop === abi.GATEWAY_HOP) this.#subnets.checkGateway(known);
        else this.#endpoints.checkEndpoint(known, 'address');
        return;
      case abi.RECORD_MEMBER:
        this.#subnets.checkMember(known);
        return;
      case abi.RECORD_PREFIX:
        this.#subnets.checkPrefix(known);
        return;
      case abi.RECORD_VLAN:
        this.#ports.readVlan(known);
        return;
      default:
        this.#view.breaks('isolation', `has a record of kind ${kind}, which is none`);
    }
  }

  #checkHost(): void {
    this.#hosts++;
    const { mac, mac2, flags } = this.#view.records;
    const { policy } = this.#view.fabric;
    if (this.#view.hostOf() !== this.#view.host || mac !== this.#view.host.mac)
      this.#view.breaks('reachability', 'the provider addresses and the MAC in its tables are not its own');
    if (mac2 !== policy.provider.routerMac)
      this.#view.breaks('isolation', `the router’s MAC in its tables is ${formatMac(mac2)}`);
    if ((flags & (abi.HOST_DRAFT00 | abi.HOST_ANY_DRAFT00)) !== keyFlags(policy, this.#view.host))
      this.#view.breaks('isolation', 'its tables have another layout of keys than the policy');
  }

  /** Everything that the routing domains here need has its record. Returns how many that takes. */
  #checkComplete(): number {
    const { domains } = this.#view;
    let required = 1 + this.#ports.checkComplete(domains);
    for (const domain of domains) {
      required += this.#endpoints.checkComplete(domain);
      for (const { vsid } of domain.domain.subnets) required += this.#subnets.checkComplete(vsid, domain);
      required += this.#routes.checkComplete(domain);
    }
    this.#routes.checkApart();
    required += this.#hops.checkComplete();
    if (this.#hosts !== 1) this.#view.breaks('reachability', `has ${this.#hosts} records of itself, not one`);
    return required;
  }
}

function keyFlags({ hosts }: Policy, { nvgreKey }: Host): number {
  return (
    (nvgreKey === 'draft00' ? abi.HOST_DRAFT00 : 0) |
    (hosts.some((one) => one.nvgreKey === 'draft00') ? abi.HOST_ANY_DRAFT00 : 0)
  );
}
