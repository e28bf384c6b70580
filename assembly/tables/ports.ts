// Local endpoints by port number. The first address of each family stands in the port itself, so that the source guard
// of nearly every packet is one comparison; further ones are found in the address tables by the port's own next hop.

import { PORT_ACTIVE, PORT_FORWARDING, PORT_REWRITE, PORT_VLANS, PORT_VM_MAC } from '../../src/abi/layout';
import { HOST_FLOOD_LIMIT, HOST_ICMP_LIMIT, PORT_SIZE, generation, portCapacity, ports } from '../memory';
import { publish32 } from '../epoch';
import { interfaceIdentifier } from '../wire/ipv6';
import { Subnet } from './subnets';

@unmanaged
export class Port {
  mac: u64;
  flags: u32;
  subnet: u32;
  nextHop: u32;
  index: u32;
  address4: u32;
  provider4: u32;
  /** Routing domain: the same for all its subnets. */
  domain: u32;
  private reserved: u32;
  address6High: u64;
  address6Low: u64;
  provider6High: u64;
  provider6Low: u64;
  /** Second half of the link-local address that EUI-64 gives. */
  linkLocalLow: u64;
  /** What the port may still flood, and send ICMP errors to, and since when: see `limit.ts`. */
  floodTokens: f64;
  floodTime: f64;
  errorTokens: f64;
  errorTime: f64;

  static at(index: u32): Port {
    return changetype<Port>(ports + <usize>index * PORT_SIZE);
  }

  /** Where the provider addresses stand. */
  get provider4Slot(): usize {
    return changetype<usize>(this) + offsetof<Port>('provider4');
  }

  get provider6Slot(): usize {
    return changetype<usize>(this) + offsetof<Port>('provider6High');
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
    port.provider4 = 0;
    port.address6High = 0;
    port.address6Low = 0;
    port.provider6High = 0;
    port.provider6Low = 0;
    port.linkLocalLow = interfaceIdentifier(mac);
    port.floodTokens = load<f64>(generation, HOST_FLOOD_LIMIT);
    port.errorTokens = load<f64>(generation, HOST_ICMP_LIMIT);
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
  port.provider4 = provider;
  port.address4 = address;
}

export function putPortAddress6(index: u32, high: u64, low: u64, providerHigh: u64, providerLow: u64): void {
  const port = Port.at(index);
  const isOther = port.address6High != high || port.address6Low != low;
  if ((port.address6High | port.address6Low) != 0 && isOther) return;
  port.provider6High = providerHigh;
  port.provider6Low = providerLow;
  port.address6High = high;
  port.address6Low = low;
}
