// Local endpoints by port number. The first address of each family stands in the port itself, so that the source guard
// of nearly every packet is one comparison; further ones are found in the address tables by the port's own next hop.

import { PORT_ACTIVE, PORT_FORWARDING, PORT_REWRITE, PORT_VLANS, PORT_VM_MAC } from '../../src/abi/layout';
import { PORT_SIZE, portCapacity, ports } from '../memory';
import { acquire64, publish32, publish64 } from '../epoch';
import { interfaceIdentifier } from '../wire/ipv6';
import { changeMapping6, isMapping6 } from './mappings6';
import { mappingFor } from './records';
import { Subnet } from './subnets';

@unmanaged
export class Port {
  mac: u64;
  flags: u32;
  subnet: u32;
  nextHop: u32;
  index: u32;
  address4: u32;
  /** Routing domain: the same for all its subnets. */
  domain: u32;
  private mapping4Word: u64;
  address6High: u64;
  address6Low: u64;
  // A mapping, see `mappings6.ts`.
  private provider6High: u64;
  private provider6Low: u64;
  private version6: u32;
  private vmMac6: u32;
  /** The last tokens that were taken for what it floods, and for ICMP errors to it: see `limit.ts`. */
  floodTaken: u64;
  errorTaken: u64;
  /** Second half of the link-local address that EUI-64 gives. */
  linkLocalLow: u64;

  static at(index: u32): Port {
    return changetype<Port>(ports + <usize>index * PORT_SIZE);
  }

  /** How packets of the first address of each family cross the physical network: the word, and where it stands. */
  get mapping4(): u64 {
    return acquire64(changetype<usize>(this) + offsetof<Port>('mapping4Word'));
  }

  get mapping6(): usize {
    return changetype<usize>(this) + offsetof<Port>('provider6High');
  }

  setMapping4(mapping: u64): void {
    publish64(changetype<usize>(this) + offsetof<Port>('mapping4Word'), mapping);
  }

  get isActive(): bool {
    return (this.flags & PORT_ACTIVE) != 0;
  }

  get isForwarding(): bool {
    return (this.flags & PORT_FORWARDING) != 0;
  }

  get usesRewrite(): bool {
    return (this.flags & PORT_REWRITE) != 0;
  }

  get usesVmMac(): bool {
    return (this.flags & PORT_VM_MAC) != 0;
  }

  get hasVlans(): bool {
    return (this.flags & PORT_VLANS) != 0;
  }
}

export function isPort(index: u32): bool {
  return index < portCapacity && Port.at(index).isActive;
}

/** Adds a port without addresses, or changes the flags of one. */
export function putPort(index: u32, mac: u64, flags: u32, subnet: Subnet, nextHop: u32): void {
  const port = Port.at(index);
  if (!port.isActive) {
    port.mac = mac;
    port.subnet = subnet.index;
    port.domain = subnet.domain;
    port.nextHop = nextHop;
    port.index = index;
    port.address4 = 0;
    port.setMapping4(0);
    port.address6High = 0;
    port.address6Low = 0;
    changeMapping6(port.mapping6, 0, 0, false);
    port.linkLocalLow = interfaceIdentifier(mac);
    port.floodTaken = 0;
    port.errorTaken = 0;
  }
  publish32(changetype<usize>(port) + offsetof<Port>('flags'), flags | PORT_ACTIVE);
}

export function removePort(index: u32): void {
  publish32(changetype<usize>(Port.at(index)) + offsetof<Port>('flags'), 0);
}

/** An address in the port's own subnet. */
export function putPortAddress4(index: u32, address: u32, provider: u32): void {
  const port = Port.at(index);
  if (port.address4 != 0 && port.address4 != address) return;
  port.setMapping4(mappingFor(provider, port.nextHop, port.usesVmMac));
  port.address4 = address;
}

export function putPortAddress6(index: u32, high: u64, low: u64, providerHigh: u64, providerLow: u64): void {
  const port = Port.at(index);
  const isOther = port.address6High != high || port.address6Low != low;
  if (port.address6High != 0 && isOther) return;
  if (!isMapping6(port.mapping6, providerHigh, providerLow, port.usesVmMac))
    changeMapping6(port.mapping6, providerHigh, providerLow, port.usesVmMac);
  port.address6Low = low;
  // Only with this one the address counts.
  publish64(changetype<usize>(port) + offsetof<Port>('address6High'), high);
}
