// Local endpoints by port number. The first address of each family stands in the port itself, so that the source guard
// of nearly every packet is one comparison; further ones are found in the address tables by the port's own next hop.

import { PORT_ACTIVE, PORT_FORWARDING, PORT_REWRITE, PORT_VM_MAC } from '../../src/abi/layout';
import { PORT_SIZE, portCapacity, ports } from '../memory';
import { interfaceIdentifier } from '../wire/ipv6';

@unmanaged
export class Port {
  mac: u64;
  vsid: u32;
  flags: u32;
  subnet: u32;
  nextHop: u32;
  address4: u32;
  provider4: u32;
  address6High: u64;
  address6Low: u64;
  provider6High: u64;
  provider6Low: u64;
  /** Second half of the link-local address that EUI-64 gives. */
  linkLocalLow: u64;

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
}

export function isPort(index: u32): bool {
  return index < portCapacity && Port.at(index).isActive;
}

export function putPort(index: u32, vsid: u32, mac: u64, flags: u32, subnet: u32, nextHop: u32): void {
  const port = Port.at(index);
  port.mac = mac;
  port.vsid = vsid;
  port.flags = flags | PORT_ACTIVE;
  port.subnet = subnet;
  port.nextHop = nextHop;
  port.linkLocalLow = interfaceIdentifier(mac);
}

export function putPortAddress4(index: u32, address: u32, provider: u32): void {
  const port = Port.at(index);
  if (port.address4 != 0) return;
  port.address4 = address;
  port.provider4 = provider;
}

export function putPortAddress6(index: u32, high: u64, low: u64, providerHigh: u64, providerLow: u64): void {
  const port = Port.at(index);
  if ((port.address6High | port.address6Low) != 0) return;
  port.address6High = high;
  port.address6Low = low;
  port.provider6High = providerHigh;
  port.provider6Low = providerLow;
}
