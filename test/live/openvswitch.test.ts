/** Open vSwitch as the other host: its userspace datapath speaks NVGRE, as GRE with a key. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, VMS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_ETHTOOL, NO_NAMESPACES, NO_OPENVSWITCH, NO_TCPDUMP } from './tools.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const REASON = NO_NAMESPACES ?? NO_OPENVSWITCH ?? NO_ETHTOOL ?? NO_TCPDUMP;
const VM_MTU = '1400';

/** VMs of the first two: one with netvirt, one with Open vSwitch. */
const [SQL, WEB] = [VMS[0]!, VMS[1]!];

describe.skipIf(REASON !== undefined).each([
  ['IPv4', '192.0.2.1', '192.0.2.2', '192.0.2.0/24', 'tun_dst'],
  ['IPv6', 'fd00:a::1', 'fd00:a::2', 'fd00:a::/64', 'tun_ipv6_dst'],
] as const)('over %s', (family, ours, theirs, network, destination) => {
  let topology: Topology;
  let policy: string;

  beforeAll(async () => {
    topology = new Topology(HOSTS);
    for (const vm of [SQL, WEB]) topology.vm(vm.host, vm);
    for (const vm of [SQL, WEB]) topology.ip(vm.name, 'link', 'set', 'dev', 'eth0', 'mtu', VM_MTU);
    await startSwitch(topology);
    const provider = `{ mtu: 1500, prefer: ${family.toLowerCase()} }`;
    policy = topology.write('policy.yaml', fabricPolicy({ vms: [SQL, WEB], provider, hasMacs: true }));
    await Promise.all([topology.serve('c-web'), topology.serve('c-sql')]);
  }, 90_000);

  afterAll(() => topology.remove(), 60_000);

  /** A userspace datapath: the uplink and its address on one bridge, the VM and a GRE port on the other. */
  async function startSwitch(at: Topology): Promise<void> {
    const folder = join(at.folder, 'ovs');
    mkdirSync(folder);
    const db = `unix:${folder}/db.sock`;
    const environment = ['env', `OVS_RUNDIR=${folder}`, `OVS_LOGDIR=${folder}`, `OVS_SYSCONFDIR=${folder}`];
    const vsctl = (...args: string[]) =>
      at.exec('h2', ...environment, 'ovs-vsctl', `--db=${db}`, '--timeout=20', ...args);
    const appctl = (...args: string[]) =>
      at.exec('h2', ...environment, 'ovs-appctl', '-t', `${folder}/switch.ctl`, ...args);
    at.exec('h2', 'ovsdb-tool', 'create', `${folder}/conf.db`, SCHEMA);
    at.start(
      'h2',
      ...environment,
      'ovsdb-server',
      `${folder}/conf.db`,
      `--remote=p${db}`,
      `--unixctl=${folder}/db.ctl`,
    );
    await until(() => at.try('h2', 'test', '-S', `${folder}/db.sock`).status === 0);
    vsctl('--no-wait', 'init');
    at.start('h2', ...environment, 'ovs-vswitchd', db, `--unixctl=${folder}/switch.ctl`);
    await until(() => at.try('h2', 'test', '-S', `${folder}/switch.ctl`).status === 0);
    const [own] = HOSTS.filter(({ name }) => name === 'h2');
    at.ip('h2', 'addr', 'flush', 'dev', 'up0');
    vsctl(
      'add-br',
      'br-u',
      '--',
      'set',
      'bridge',
      'br-u',
      'datapath_type=netdev',
      `other-config:hwaddr=${own!.mac}`,
    );
    vsctl('add-port', 'br-u', 'up0');
    vsctl('add-br', 'br-i', '--', 'set', 'bridge', 'br-i', 'datapath_type=netdev', 'fail-mode=secure');
    vsctl('add-port', 'br-i', 'c-web');
    const flow = ['options:key=flow', 'options:remote_ip=flow'];
    const type = family === 'IPv6' ? ['type=ip6gre', 'options:packet_type=legacy_l2'] : ['type=gre'];
    vsctl('add-port', 'br-i', 'tunnel', '--', 'set', 'interface', 'tunnel', ...type, ...flow);
    for (const address of own!.addresses)
      at.ip('h2', 'addr', 'add', address, 'dev', 'br-u', ...(address.includes(':') ? ['nodad'] : []));
    at.ip('h2', 'link', 'set', 'dev', 'br-u', 'up');
    appctl('ovs/route/add', network, 'br-u');
    appctl('tnl/arp/set', 'br-u', ours, HOSTS[0]!.mac);
    // VSID 5001 and any FlowID.
    const key = `0x${(SQL.vsid << 8).toString(16)}`;
    const ofctl = (rule: string) =>
      at.exec('h2', ...environment, 'ovs-ofctl', 'add-flow', `unix:${folder}/br-i.mgmt`, rule);
    ofctl(`in_port=tunnel,tun_id=${key}/0xffffff00,actions=output:c-web`);
    const tunnel = `set_field:${ours}->${destination},output:tunnel`;
    ofctl(`in_port=c-web,actions=set_field:${key}->tun_id,${tunnel}`);
    // And it sends others than 0: the lower byte of the port.
    for (const kind of ['tcp', 'tcp6'])
      ofctl(
        `priority=40000,${kind},in_port=c-web,actions=set_field:${key}->tun_id,move:NXM_OF_TCP_SRC[0..7]->NXM_NX_TUN_ID[0..7],${tunnel}`,
      );
    // It neither completes checksums nor cuts segments of a VM.
    at.exec('c-web', 'ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off');
  }

  describe.each(['packet', 'mmsg', 'xdp'])('--io %s', (io) => {
    let host: RunningHost;
    let wire: ChildProcess;
    let capture: string;

    beforeAll(async () => {
      capture = join(topology.folder, `${io}.pcap`);
      wire = topology.start('net', 'tcpdump', '-n', '-U', '-s', '128', '-i', 'p0', '-w', capture);
      await new Promise((resolve) => wire.stderr!.once('data', resolve));
      host = new RunningHost(topology, 'h1', policy, ['--io', io, '--attach', 'c-sql=c-sql']);
      await host.isRunning();
    }, 60_000);

    it('N2: ping and ping6, either way', () => {
      expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
      expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
      expect(topology.pings('c-web', '10.1.1.11')).toBe(true);
      expect(topology.pings('c-web', 'fd00:1::11')).toBe(true);
    });

    it('N2: TCP and UDP, either way, by flows of many FlowIDs', async () => {
      const [sql, web] = ['c-sql', 'c-web'].map((name) => ({ name, right: true }));
      for (let flow = 0; flow < 3; flow++) {
        expect(await topology.ask('c-sql', 'tcp', '10.1.1.12', '200000')).toEqual(web);
        expect(await topology.ask('c-web', 'tcp', '10.1.1.11', '200000')).toEqual(sql);
      }
      expect(await topology.ask('c-sql', 'tcp', 'fd00:1::12', '200000')).toEqual(web);
      expect(await topology.ask('c-web', 'tcp', 'fd00:1::11', '200000')).toEqual(sql);
      expect(await topology.ask('c-sql', 'udp', '10.1.1.12', '4000')).toEqual(web);
      expect(await topology.ask('c-web', 'udp', '10.1.1.11', '4000')).toEqual(sql);
    });

    it('what went over the provider network was NVGRE of that subnet, of several FlowIDs either way', async () => {
      const { ports, drops } = await host.stop();
      expect(ports[0]).toMatchObject({ backend: io, errors: 0 });
      expect(drops.DROP_TUNNEL_SOURCE ?? 0).toBe(0);
      const ended = new Promise((resolve) => wire.once('exit', resolve));
      wire.kill('SIGINT');
      await ended;
      const text = topology.exec('net', 'tcpdump', '-n', '-r', capture, 'ip proto 47 or ip6 proto 47');
      const keys = [...text.matchAll(/ ([0-9a-f.:]+) > [0-9a-f.:]+: GREv0, key=0x([0-9a-f]+),/g)];
      expect(keys.length).toBe(text.trim().split('\n').length);
      for (const sender of [ours, theirs]) {
        const sent = keys.filter(([, from]) => from === sender).map(([, , key]) => parseInt(key!, 16));
        expect(sent.every((key) => key >>> 8 === SQL.vsid)).toBe(true);
        expect(new Set(sent).size).toBeGreaterThan(2);
      }
    });
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isTrue(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
