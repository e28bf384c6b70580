/** Two hosts and a VM on each, by every system: what two VMs' kernels get from it. */

import type { ChildProcess } from 'node:child_process';
import { HOSTS, type Method, VMS, fabricPolicy } from '../../test/live/fabric.ts';
import { startSwitch } from '../../test/live/switch.ts';
import { NO_OPENVSWITCH } from '../../test/live/tools.ts';
import { RunningHost, Topology } from '../../test/live/topology.ts';
import { makeVxlan } from './vxlan.ts';

export const FABRICS = {
  rewrite: 'netvirt, IP Rewrite',
  nvgre: 'netvirt, NVGRE',
  vxlan: 'kernel VXLAN',
  ovs: 'Open vSwitch, GRE',
} as const;
export type FabricName = keyof typeof FABRICS;

/** One VM on the first host, one on the second. */
export const [CLIENT, SERVER] = [VMS[0]!, VMS[1]!];
export const SERVER_ADDRESS = '10.1.1.12';

/** What is left of 1,500 bytes in an envelope, as an administrator sets it. */
const MTUS: Record<FabricName, number> = { rewrite: 1500, nvgre: 1458, vxlan: 1450, ovs: 1458 };

export interface Fabric {
  readonly name: FabricName;
  readonly topology: Topology;
  /** Of the dataplanes; none: the kernel's. */
  readonly children: readonly ChildProcess[];
}

/** Returns the reason, a text, where it is not possible. */
export async function startFabric(
  name: FabricName,
  own: (topology: Topology) => void,
): Promise<Fabric | string> {
  if (name === 'ovs' && NO_OPENVSWITCH !== undefined) return NO_OPENVSWITCH;
  const topology = new Topology(HOSTS);
  own(topology);
  for (const vm of [CLIENT, SERVER]) {
    topology.vm(vm.host, vm);
    topology.ip(vm.name, 'link', 'set', 'dev', 'eth0', 'mtu', String(MTUS[name]));
  }
  try {
    return { name, topology, children: await STARTS[name](topology) };
  } catch (error) {
    return (error as Error).message.trim().split('\n')[0]!;
  }
}

/** One whose turn it is not must not run. */
export function pauseFabric({ children }: Fabric): void {
  for (const child of children) child.kill('SIGSTOP');
}

export function resumeFabric({ children }: Fabric): void {
  for (const child of children) child.kill('SIGCONT');
}

const STARTS: Record<FabricName, (topology: Topology) => Promise<ChildProcess[]>> = {
  rewrite: (topology) => startNetvirt(topology, 'rewrite'),
  nvgre: (topology) => startNetvirt(topology, 'nvgre'),
  vxlan: startVxlan,
  ovs: startOpenVSwitch,
};

async function startNetvirt(topology: Topology, method: Method): Promise<ChildProcess[]> {
  const policy = topology.write('policy.yaml', fabricPolicy({ method, vms: [CLIENT, SERVER] }));
  const hosts = [CLIENT, SERVER].map(
    ({ host, name }) =>
      new RunningHost(topology, host, policy, ['--io', 'packet', '--attach', `${name}=${name}`]),
  );
  await Promise.all(hosts.map((host) => host.isRunning()));
  return hosts.map(({ child }) => child);
}

function startVxlan(topology: Topology): Promise<ChildProcess[]> {
  const [first, second] = HOSTS.map(({ addresses }) => addresses[0]!.split('/')[0]!);
  const vni = CLIENT.vsid;
  makeVxlan(topology, CLIENT.host, { port: CLIENT.name, own: first!, peer: second!, vni });
  makeVxlan(topology, SERVER.host, { port: SERVER.name, own: second!, peer: first!, vni });
  return Promise.resolve([]);
}

async function startOpenVSwitch(topology: Topology): Promise<ChildProcess[]> {
  const children: ChildProcess[] = [];
  for (const [vm, peer] of [
    [CLIENT, HOSTS[1]!],
    [SERVER, HOSTS[0]!],
  ] as const) {
    const own = HOSTS.find(({ name }) => name === vm.host)!;
    const address = peer.addresses[0]!.split('/')[0]!;
    const { child } = await startSwitch(topology, {
      at: vm.host,
      port: vm.name,
      own,
      peer: { address, mac: peer.mac, network: '192.0.2.0/24' },
      vsid: vm.vsid,
    });
    children.push(child);
    // It neither completes checksums nor cuts segments of a VM.
    topology.exec(vm.name, 'ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off');
  }
  return children;
}
