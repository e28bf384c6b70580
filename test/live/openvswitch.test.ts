/** Open vSwitch as the other host: its userspace datapath speaks NVGRE, as GRE with a key. */

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, VMS, fabricPolicy } from './fabric.ts';
import { startSwitch } from './switch.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_ETHTOOL, NO_NAMESPACES, NO_OPENVSWITCH, NO_TCPDUMP } from './tools.ts';

const REASON = NO_NAMESPACES ?? NO_OPENVSWITCH ?? NO_ETHTOOL ?? NO_TCPDUMP;
const VM_MTU = '1400';

/** VMs of the first two: one with netvirt, one with Open vSwitch. */
const [SQL, WEB] = [VMS[0]!, VMS[1]!];

describe.skipIf(REASON !== undefined).each([
  ['IPv4', '192.0.2.1', '192.0.2.2', '192.0.2.0/24'],
  ['IPv6', 'fd00:a::1', 'fd00:a::2', 'fd00:a::/64'],
] as const)('over %s', (family, ours, theirs, network) => {
  let topology: Topology;
  let policy: string;

  beforeAll(async () => {
    topology = new Topology(HOSTS);
    for (const vm of [SQL, WEB]) topology.vm(vm.host, vm);
    for (const vm of [SQL, WEB]) topology.ip(vm.name, 'link', 'set', 'dev', 'eth0', 'mtu', VM_MTU);
    const [own] = HOSTS.filter(({ name }) => name === 'h2');
    await startSwitch(topology, {
      at: 'h2',
      port: 'c-web',
      own: own!,
      peer: { address: ours, mac: HOSTS[0]!.mac, network },
      vsid: SQL.vsid,
    });
    // It neither completes checksums nor cuts segments of a VM.
    topology.exec('c-web', 'ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off');
    const provider = `{ mtu: 1500, prefer: ${family.toLowerCase()} }`;
    policy = topology.write('policy.yaml', fabricPolicy({ vms: [SQL, WEB], provider, hasMacs: true }));
    await Promise.all([topology.serve('c-web'), topology.serve('c-sql')]);
  }, 90_000);

  afterAll(() => topology.remove(), 60_000);

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
