/** Those that forward frames: netvirt by each of its ways to the kernel, and who else can. Each is a host of the stage. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { NO_OPENVSWITCH } from '../../test/live/tools.ts';
import { startSwitch } from '../../test/live/switch.ts';
import { RunningHost } from '../../test/live/topology.ts';
import type { Envelope } from './envelope.ts';
import { NETWORK, OWN, PEER, type Stage, addressOf } from './stage.ts';
import { FROM, TO } from './traffic.ts';
import { makeVxlan } from './vxlan.ts';

export const SYSTEMS = {
  packet: 'netvirt, `--io packet`',
  xdp: 'netvirt, `--io xdp`',
  mmsg: 'netvirt, `--io mmsg`',
  ovs: 'Open vSwitch, GRE',
  afxdp: 'Open vSwitch, GRE, `type=afxdp`',
  vxlan: 'kernel VXLAN',
  forwarder: 'C, recvmmsg and sendmmsg',
} as const;
export type SystemName = keyof typeof SYSTEMS;

export interface System {
  readonly name: SystemName;
  readonly envelope: Envelope;
  /** Undefined: the kernel. */
  readonly child: ChildProcess | undefined;
}

/** Returns the reason, a text, where it is not possible. */
export async function startSystem(stage: Stage, name: SystemName): Promise<System | string> {
  const start = STARTS[name];
  try {
    stage.host(name);
    return await start(stage, name);
  } catch (error) {
    return (error as Error).message.trim().split('\n')[0]!;
  }
}

/** Systems that have no turn must not run: some poll all the time. */
export function pause({ child }: System): void {
  child?.kill('SIGSTOP');
}

export function resume({ child }: System): void {
  child?.kill('SIGCONT');
}

type Start = (stage: Stage, name: SystemName) => Promise<System | string>;

const STARTS: Record<SystemName, Start> = {
  packet: startNetvirt,
  xdp: startNetvirt,
  mmsg: startNetvirt,
  ovs: (stage, name) => startOpenVSwitch(stage, name, [], []),
  afxdp: (stage, name) =>
    startOpenVSwitch(
      stage,
      name,
      ['type=afxdp', 'options:n_rxq=1'],
      [`other_config:pmd-cpu-mask=${stage.cores.mask}`],
    ),
  vxlan: startVxlan,
  forwarder: startForwarder,
};

async function startNetvirt(stage: Stage, name: SystemName): Promise<System> {
  const args = ['--io', name, '--attach', `${FROM.name}=t0`];
  const place = { at: name, prefix: stage.cores.dataplane };
  const host = new RunningHost(stage, OWN.name, stage.policy, args, place);
  await host.isRunning();
  return { name, envelope: 'nvgre', child: host.child };
}

async function startOpenVSwitch(
  stage: Stage,
  name: SystemName,
  interfaceOptions: readonly string[],
  config: readonly string[],
): Promise<System | string> {
  if (NO_OPENVSWITCH !== undefined) return NO_OPENVSWITCH;
  const { child, problemOf } = await startSwitch(stage, {
    at: name,
    port: 't0',
    own: OWN,
    peer: { address: addressOf(PEER), mac: PEER.mac, network: NETWORK },
    vsid: FROM.vsid,
    interfaceOptions,
    config,
    prefix: stage.cores.dataplane,
  });
  const problem = problemOf('t0') || problemOf('up0');
  return problem === '' ? { name, envelope: 'nvgre', child } : `Open vSwitch says: ${problem}`;
}

/**
 * What arrives at the VM's interface is spread to the dataplane's core (RPS): by itself the kernel would do everything on the core of
 * whoever sends.
 */
function startVxlan(stage: Stage, name: SystemName): Promise<System> {
  makeVxlan(stage, name, { port: 't0', own: addressOf(OWN), peer: addressOf(PEER), vni: FROM.vsid });
  stage.exec(name, 'bridge', 'fdb', 'replace', TO.mac, 'dev', 'vx0', 'master', 'static');
  stage.exec(name, 'sh', '-c', `echo ${stage.cores.mask} > /sys/class/net/t0/queues/rx-0/rps_cpus`);
  return Promise.resolve({ name, envelope: 'vxlan', child: undefined });
}

async function startForwarder(stage: Stage, name: SystemName): Promise<System> {
  const child = stage.start(name, ...stage.cores.dataplane, stage.programs.forwarder, 't0', 'up0');
  await once(child.stdout, 'data');
  return { name, envelope: 'bytes', child };
}
