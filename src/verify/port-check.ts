/** Ports of one host’s records, and their VLANs. */

import * as abi from '../abi/layout.ts';
import { formatMac } from '../policy/addresses.ts';
import type { Endpoint } from '../policy/model.ts';
import type { Domain } from './fabric.ts';
import type { HostView, Known, Port } from './host-view.ts';

export class PortCheck {
  readonly #view: HostView;

  constructor(view: HostView) {
    this.#view = view;
  }

  readPort({ subnet }: Known): void {
    const { index, mac, hop, flags } = this.#view.records;
    const endpoint = this.#view.planned.ports.get(index)?.endpoint;
    if (endpoint?.host !== this.#view.host.index || this.#view.ports.has(index)) {
      this.#view.breaks(
        'isolation',
        `port ${index} is ${this.#view.ports.has(index) ? 'described twice' : 'nobody’s'}`,
      );
      return;
    }
    const item = this.#view.fabric.subnets.get(endpoint.vsid)?.macs.get(endpoint.mac);
    if (subnet.vsid !== endpoint.vsid || mac !== endpoint.mac)
      this.#view.breaks(
        'isolation',
        `port ${index} of ${endpoint.name} is in virtual subnet ${subnet.vsid} with MAC ${formatMac(mac)}`,
        item,
      );
    if (flags !== portFlags(endpoint))
      this.#view.breaks(
        'isolation',
        `port ${index} of ${endpoint.name} is that of another kind of endpoint`,
        item,
      );
    this.#view.ports.set(index, { endpoint, hop, vids: new Set() });
  }

  readVlan({ subnet }: Known): void {
    const { index, vid } = this.#view.records;
    const port = this.#view.ports.get(index);
    if (port === undefined || port.endpoint.vlans.get(vid) !== subnet.vsid || port.vids.has(vid)) {
      const name = port?.endpoint.name ?? `port ${index}`;
      this.#view.breaks('isolation', `VLAN ${vid} of ${name} is virtual subnet ${subnet.vsid}`);
      return;
    }
    port.vids.add(vid);
  }

  /** Every endpoint of the routing domains here has its port. Returns how many records that takes. */
  checkComplete(domains: Iterable<Domain>): number {
    const { host, ports } = this.#view;
    const portOf = new Map([...ports.values()].map((port) => [port.endpoint, port]));
    let required = 0;
    for (const { domain } of domains)
      for (const endpoint of domain.endpoints)
        if (endpoint.host === host.index) required += this.#checkPortOf(endpoint, portOf.get(endpoint));
    return required;
  }

  #checkPortOf(endpoint: Endpoint, port: Port | undefined): number {
    if (port === undefined) this.#view.breaks('reachability', `${endpoint.name} has no port`);
    else if (port.vids.size !== endpoint.vlans.size)
      this.#view.breaks('reachability', `${endpoint.name} lacks VLANs on its port`);
    return 1 + endpoint.vlans.size;
  }
}

function portFlags({ forwarding, method, useVmMac, vlans }: Endpoint): number {
  return (
    abi.PORT_ACTIVE |
    (forwarding ? abi.PORT_FORWARDING : 0) |
    (method === 'rewrite' ? abi.PORT_REWRITE : 0) |
    (useVmMac ? abi.PORT_VM_MAC : 0) |
    (vlans.size > 0 ? abi.PORT_VLANS : 0)
  );
}
