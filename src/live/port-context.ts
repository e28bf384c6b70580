/** What a backend is given to open a port with. */

import type { Regions } from './regions.ts';
import type { System } from './system.ts';
import type { Umem } from './xdp.ts';

export interface PortContext {
  readonly system: System;
  readonly regions: Regions;
  readonly port: number;
  readonly name: string;
  readonly ifindex: number;
  readonly lane: number;
  /** How many threads there are. */
  readonly threads: number;
  readonly mtu: number;
  /** Receive queues of the interface. */
  readonly queues: number;
  /** Frames come with a virtio_net_hdr, and leave with one. */
  readonly hasVnet: boolean;
  /** OFFLOAD_… that an interface with virtio_net_hdr takes. */
  readonly offloads: number;
  /** Bytes of a packet ring. */
  readonly ringSize: number;
  /** For AF_XDP: the memory of each thread. */
  readonly umems: readonly Umem[];
  /** The BPF map of this host's provider addresses. */
  readonly addresses: () => number;
}
