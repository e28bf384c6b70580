/** A host whose kernel does what netvirt does: a bridge with the VM's interface and a VXLAN device to the other host. */

import type { Namespaces } from '../../test/live/namespaces.ts';

export interface VxlanSpec {
  /** The interface of the VM. */
  readonly port: string;
  /** Addresses of the hosts. */
  readonly own: string;
  readonly peer: string;
  readonly vni: number;
}

/** The uplink is `up0` and has its address. */
export function makeVxlan(namespaces: Namespaces, at: string, { port, own, peer, vni }: VxlanSpec): void {
  const tunnel = ['id', String(vni), 'local', own, 'remote', peer, 'dstport', '4789', 'dev', 'up0'];
  namespaces.ip(at, 'link', 'add', 'vx0', 'type', 'vxlan', ...tunnel, 'nolearning');
  namespaces.ip(at, 'link', 'add', 'br0', 'type', 'bridge');
  for (const name of [port, 'vx0']) namespaces.ip(at, 'link', 'set', 'dev', name, 'master', 'br0');
  for (const name of ['vx0', 'br0']) namespaces.ip(at, 'link', 'set', 'dev', name, 'up');
}
