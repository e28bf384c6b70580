/** Open vSwitch as a host of the fabric, its userspace datapath alone: NVGRE as GRE with a key. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespaces } from './namespaces.ts';
import type { HostSpec } from './topology.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

export interface SwitchSpec {
  /** The namespace, which has the uplink, `up0`. */
  readonly at: string;
  /** The interface of the VM. */
  readonly port: string;
  readonly own: HostSpec;
  /** The host that everything of the VM goes to; its address says which family the tunnel is. */
  readonly peer: { readonly address: string; readonly mac: string; readonly network: string };
  readonly vsid: number;
  /** Of the uplink and of the VM's interface, as `type=afxdp`. */
  readonly interfaceOptions?: readonly string[];
  /** Of the switch. */
  readonly config?: readonly string[];
  /** Programs that start it, as `taskset`. */
  readonly prefix?: readonly string[];
}

export interface Switch {
  /** Its datapath. */
  readonly child: ChildProcess;
  /** What it says is wrong with an interface; empty: nothing. */
  readonly problemOf: (name: string) => string;
}

/**
 * The uplink and its address on one bridge, the VM and a tunnel on the other.
 * @throws Error with what a tool said.
 */
export async function startSwitch(namespaces: Namespaces, spec: SwitchSpec): Promise<Switch> {
  const { at, port, own, peer, interfaceOptions = [], config = [], prefix = [] } = spec;
  const folder = join(namespaces.folder, `ovs-${at}`);
  mkdirSync(folder);
  const db = `unix:${folder}/db.sock`;
  const environment = ['env', `OVS_RUNDIR=${folder}`, `OVS_LOGDIR=${folder}`, `OVS_SYSCONFDIR=${folder}`];
  const vsctl = (...args: string[]) =>
    namespaces.exec(at, ...environment, 'ovs-vsctl', `--db=${db}`, '--timeout=20', ...args);
  const appctl = (...args: string[]) =>
    namespaces.exec(at, ...environment, 'ovs-appctl', '-t', `${folder}/switch.ctl`, ...args);
  namespaces.exec(at, 'ovsdb-tool', 'create', `${folder}/conf.db`, SCHEMA);
  const server = ['ovsdb-server', `${folder}/conf.db`, `--remote=p${db}`, `--unixctl=${folder}/db.ctl`];
  namespaces.start(at, ...environment, ...server).stderr.resume();
  const isThere = (file: string) => namespaces.try(at, 'test', '-S', `${folder}/${file}`).status === 0;
  await until(() => isThere('db.sock'));
  vsctl('--no-wait', 'init');
  if (config.length > 0) vsctl('--no-wait', 'set', 'open_vswitch', '.', ...config);
  const daemon = [...environment, ...prefix, 'ovs-vswitchd', db, `--unixctl=${folder}/switch.ctl`];
  const child = namespaces.start(at, ...daemon);
  // It logs there too, and would wait for a reader.
  child.stderr.resume();
  await until(() => isThere('switch.ctl'));
  const isIpv6 = peer.address.includes(':');
  namespaces.ip(at, 'addr', 'flush', 'dev', 'up0');
  const options = interfaceOptions.length === 0 ? [] : ['--', 'set', 'interface'];
  const bridge = (name: string, ...more: string[]) =>
    vsctl('add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev', ...more);
  const add = (name: string, on: string) =>
    vsctl('add-port', on, name, ...options, ...(options.length === 0 ? [] : [name, ...interfaceOptions]));
  bridge('br-u', `other-config:hwaddr=${own.mac}`);
  add('up0', 'br-u');
  bridge('br-i', 'fail-mode=secure');
  add(port, 'br-i');
  const flow = ['options:key=flow', 'options:remote_ip=flow'];
  const type = isIpv6 ? ['type=ip6gre', 'options:packet_type=legacy_l2'] : ['type=gre'];
  vsctl('add-port', 'br-i', 'tunnel', '--', 'set', 'interface', 'tunnel', ...type, ...flow);
  for (const address of own.addresses) namespaces.address(at, 'br-u', address);
  namespaces.ip(at, 'link', 'set', 'dev', 'br-u', 'up');
  appctl('ovs/route/add', peer.network, 'br-u');
  appctl('tnl/arp/set', 'br-u', peer.address, peer.mac);
  // The subnet's VSID and any FlowID.
  const key = `0x${(spec.vsid << 8).toString(16)}`;
  const destination = isIpv6 ? 'tun_ipv6_dst' : 'tun_dst';
  const rule = (text: string) =>
    namespaces.exec(at, ...environment, 'ovs-ofctl', 'add-flow', `unix:${folder}/br-i.mgmt`, text);
  rule(`in_port=tunnel,tun_id=${key}/0xffffff00,actions=output:${port}`);
  const tunnel = `set_field:${peer.address}->${destination},output:tunnel`;
  rule(`in_port=${port},actions=set_field:${key}->tun_id,${tunnel}`);
  // And it sends other FlowIDs than 0: the lower byte of the port.
  const flowId = 'move:NXM_OF_TCP_SRC[0..7]->NXM_NX_TUN_ID[0..7]';
  for (const kind of ['tcp', 'tcp6'])
    rule(`priority=40000,${kind},in_port=${port},actions=set_field:${key}->tun_id,${flowId},${tunnel}`);
  const problemOf = (name: string) => {
    const problem = vsctl('get', 'interface', name, 'error').trim();
    return problem === '[]' ? '' : problem;
  };
  return { child, problemOf };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isTrue(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
