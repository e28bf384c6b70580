/**
 * A fabric as a cloud has it, as a policy document: racks of hosts with a provider prefix each, customers that all use the
 * same addresses, their VMs spread over the hosts. All VMs use NVGRE; prefixes have room for IP Rewrite of every one.
 */

import { formatIpv4, formatMac } from '../policy/addresses.ts';
import { randomNumbers, shuffled } from './random.ts';
import type { EndpointDocument, HostDocument, PolicyDocument } from './document.ts';

export interface FabricSize {
  readonly hosts: number;
  /** On each host. */
  readonly vms: number;
  readonly customers: number;
  readonly seed: number;
}

const RACK = 40;
const FIRST_VSID = 4096;
/** 100.64.0.0/10: enough for a prefix of any rack. */
const PROVIDER_SPACE = 0x6440_0000;
/** VMs of one customer that are placed on a host before the next host gets some. */
const TOGETHER = 6;

export function generateFabric(size: FabricSize): PolicyDocument {
  return { version: 1, hosts: generateHosts(size), customers: generateCustomers(size) };
}

function generateHosts({ hosts, vms }: FabricSize): HostDocument[] {
  // Network, broadcast, the router, and for every host its own address and one per VM.
  const bits = Math.ceil(Math.log2(3 + RACK * (1 + vms)));
  return Array.from({ length: hosts }, (_, index) => {
    const rack = Math.floor(index / RACK);
    const place = 2 + (index % RACK);
    const network = PROVIDER_SPACE + rack * 2 ** bits;
    return {
      name: `host${index + 1}`,
      addresses: [
        `${formatIpv4(network + place)}/${32 - bits}`,
        `2001:db8:${rack.toString(16)}::${place.toString(16)}/64`,
      ],
      mac: formatMac(0x02_00_00_00_00_00 + index + 1),
      gateway: { address: formatIpv4(network + 1), mac: formatMac(0x02_00_5e_01_00_00 + rack) },
    };
  });
}

function generateCustomers(size: FabricSize): PolicyDocument['customers'] {
  const { hosts, vms, customers } = size;
  const total = hosts * vms;
  const smallest = Math.floor(total / customers);
  const isSplit = smallest >= 4;
  const slots = placement(size, Math.min(TOGETHER, Math.max(1, Math.floor(smallest / 2) - 1)));
  return Array.from({ length: customers }, (_, customer) => {
    const own = slots.slice(
      Math.floor((customer * total) / customers),
      Math.floor(((customer + 1) * total) / customers),
    );
    const half = isSplit ? Math.ceil(own.length / 2) : own.length;
    const name = `customer${customer + 1}`;
    const subnets = (isSplit ? [0, 1] : [0]).map((subnet) => ({
      vsid: FIRST_VSID + customer * 2 + subnet,
      prefixes: [`10.${subnet}.0.0/16`],
      gateways: [`10.${subnet}.0.1`],
    }));
    const endpoints = own.map((host, index): EndpointDocument => {
      const subnet = index < half ? 0 : 1;
      const place = index - subnet * half;
      return {
        name: `${name}-vm${index + 1}`,
        vsid: FIRST_VSID + customer * 2 + subnet,
        mac: formatMac(0x02_15_5d_00_00_00 + index),
        addresses: [formatIpv4(0x0a00_0000 + subnet * 0x1_0000 + 2 + place)],
        host: `host${host + 1}`,
      };
    });
    const id = `00000000-0000-4000-8000-${customer.toString(16).padStart(12, '0')}`;
    return { name, routingDomains: [{ name: `${name}-net`, id, subnets, endpoints }] };
  });
}

/**
 * The hosts of all VMs, customer after customer. Rounds over the hosts in random order, some VMs of a customer at each
 * stop: neighbours in the list are `together` on one host, and the next ones on another.
 */
function placement({ hosts, vms, seed }: FabricSize, together: number): number[] {
  const random = randomNumbers(seed);
  const numbers = Array.from({ length: hosts }, (_, index) => index);
  const slots: number[] = [];
  for (let placed = 0; placed < vms; placed += together) {
    const round = shuffled(numbers, random);
    if (round[0] === slots.at(-1)) round.push(round.shift()!);
    for (const host of round)
      for (let vm = placed; vm < Math.min(placed + together, vms); vm++) slots.push(host);
  }
  return slots;
}
