/** Open vSwitch as the other host: its userspace datapath speaks NVGRE, as GRE with a key. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, VMS, fabricPolicy } from './fabric.ts';
import { startSwitch } from './switch.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_ETHTOOL, NO_NAMESPACES, NO_OPENVSWITCH } from './tools.ts';

const REASON = NO_NAMESPACES ?? NO_OPENVSWITCH ?? NO_ETHTOOL;
const VM_MTU = '1400';

/** VMs of the first two: one with netvirt, one with Open vSwitch. */
const [SQL, WEB] = [VMS[0]!, VMS[1]!];

describe.skipIf(REASON !== undefined).each([
  ['IPv4', '192.0.2.1', '192.0.2.0/24'],
  ['IPv6', 'fd00:a::1', 'fd00:a::/64'],
] as const)('over %s', (family, ours, network) => {
  let topology: Topology;
  let host: RunningHost;

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
    const policy = topology.write('policy.yaml', fabricPolicy({ vms: [SQL, WEB], provider, hasMacs: true }));
    host = new RunningHost(topology, 'h1', policy, ['--attach', 'c-sql=c-sql']);
    await host.isRunning();
  }, 90_000);

  afterAll(() => topology.remove(), 60_000);

  it('N2: ping and ping6, either way', () => {
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
    expect(topology.pings('c-web', '10.1.1.11')).toBe(true);
    expect(topology.pings('c-web', 'fd00:1::11')).toBe(true);
  });

  it('N2: TCP and UDP, either way, by flows of many FlowIDs', async () => {
    await Promise.all([topology.serve('c-web'), topology.serve('c-sql')]);
    for (let flow = 0; flow < 4; flow++)
      expect(await topology.ask('c-sql', 'tcp', '10.1.1.12', '200000')).toEqual({
        name: 'c-web',
        right: true,
      });
    expect(await topology.ask('c-web', 'tcp', '10.1.1.11', '200000')).toEqual({ name: 'c-sql', right: true });
    expect(await topology.ask('c-sql', 'udp', '10.1.1.12', '4000')).toEqual({ name: 'c-web', right: true });
    expect(await topology.ask('c-web', 'udp', '10.1.1.11', '4000')).toEqual({ name: 'c-sql', right: true });
  });

  it('what went over the provider network was NVGRE to the peer', async () => {
    const { ports, drops } = await host.report();
    expect(ports[0]!.sent).toBeGreaterThan(100);
    expect(drops.DROP_TUNNEL_SOURCE ?? 0).toBe(0);
  });
});
