/**
 * Two customers with the same addresses on two hosts: kernels' own TCP/IP as the VMs, netvirt between them, by both mechanisms and
 * every I/O backend.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, type Method, VMS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_NAMESPACES } from './tools.ts';

const BACKENDS = ['packet', 'mmsg', 'xdp'] as const;

/** How packets travel between hosts, and the path MTU that a VM is told. IP Rewrite keeps the family of the VM's packet. */
const WAYS = [
  ['nvgre', 'ipv4', 1458],
  ['nvgre', 'ipv6', 1438],
  ['rewrite', 'ipv4', undefined],
] as const satisfies readonly (readonly [Method, string, number | undefined])[];

let topology: Topology;

beforeAll(async () => {
  if (NO_NAMESPACES !== undefined) return;
  topology = new Topology(HOSTS);
  for (const vm of VMS) topology.vm(vm.host, vm);
  await Promise.all(['c-web', 'c-app', 'f-web', 'h1', 'h2'].map((name) => topology.serve(name)));
}, 60_000);

afterAll(() => (NO_NAMESPACES === undefined ? topology.remove() : undefined), 60_000);

describe
  .skipIf(NO_NAMESPACES !== undefined)
  .each(BACKENDS.flatMap((io) => WAYS.map((way) => [io, ...way] as const)))(
  '--io %s, %s over %s',
  (io, method, prefer, pathMtu) => {
    let hosts: RunningHost[];
    let untouched: string;

    beforeAll(async () => {
      // What kernels learnt by another backend counts for nothing.
      for (const { name } of VMS) {
        topology.ip(name, 'neigh', 'flush', 'dev', 'eth0');
        topology.ip(name, 'route', 'flush', 'cache');
      }
      untouched = describeLink();
      const provider = `{ mtu: 1500, prefer: ${prefer} }`;
      const policy = topology.write('policy.yaml', fabricPolicy({ method, provider }));
      hosts = HOSTS.map(({ name }) => {
        const local = VMS.filter(({ host }) => host === name);
        const attach = local.flatMap((vm) => ['--attach', `${vm.name}=${vm.name}`]);
        return new RunningHost(topology, name, policy, ['--io', io, ...attach]);
      });
      await Promise.all(hosts.map((host) => host.isRunning()));
    }, 60_000);

    const describeLink = () => topology.ip('h1', '-d', 'link', 'show', 'dev', 'c-sql');

    afterAll(() => {
      for (const { child } of hosts) child.kill('SIGKILL');
    });

    it('the backend is the one that was asked for', async () => {
      const { ports } = await hosts[0]!.report();
      expect(ports.map(({ backend }) => backend)).toEqual([io, io, io]);
    });

    it('V4: ARP and neighbour discovery answer with the VMs’ own MACs', () => {
      expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
      expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
      const known = topology.ip('c-sql', 'neigh', 'show');
      const web = VMS.find(({ name }) => name === 'c-web')!;
      expect(known).toContain(`10.1.1.12 dev eth0 lladdr ${web.mac}`);
      expect(known).toContain(`fd00:1::12 dev eth0 lladdr ${web.mac}`);
    });

    it('V1: each customer reaches its own VM at the address that both have', async () => {
      expect(await topology.ask('c-sql', 'tcp', '10.1.1.12', '1000000')).toEqual({
        name: 'c-web',
        right: true,
      });
      expect(await topology.ask('f-sql', 'tcp', '10.1.1.12', '1000000')).toEqual({
        name: 'f-web',
        right: true,
      });
      expect(await topology.ask('c-sql', 'tcp', 'fd00:1::12', '1000000')).toEqual({
        name: 'c-web',
        right: true,
      });
      expect(await topology.ask('f-sql', 'tcp', 'fd00:1::12', '1000000')).toEqual({
        name: 'f-web',
        right: true,
      });
    });

    it('V1: what the other customer alone has is not there', () => {
      expect(
        topology.try('f-sql', 'ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', '10.1.2.13').status,
      ).not.toBe(0);
      expect(
        topology.try('f-sql', 'ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', '192.0.2.2').status,
      ).not.toBe(0);
    });

    it('V2: the gateway answers and routes between subnets', async () => {
      expect(topology.pings('c-sql', '10.1.1.1')).toBe(true);
      expect(topology.pings('c-sql', 'fd00:1::1')).toBe(true);
      expect(topology.pings('c-sql', '10.1.2.13')).toBe(true);
      expect(topology.pings('c-sql', 'fd00:2::13')).toBe(true);
      expect(await topology.ask('c-sql', 'tcp', '10.1.2.13', '100000')).toEqual({
        name: 'c-app',
        right: true,
      });
    });

    it('T1: datagrams of 4,000 bytes arrive whole', async () => {
      expect(await topology.ask('c-sql', 'udp', '10.1.1.12', '4000')).toEqual({ name: 'c-web', right: true });
      expect(await topology.ask('c-sql', 'udp', 'fd00:1::12', '4000')).toEqual({
        name: 'c-web',
        right: true,
      });
      expect(await topology.ask('c-sql', 'udp', '10.1.2.13', '4000')).toEqual({ name: 'c-app', right: true });
    });

    it('T2: a VM is told the path MTU', () => {
      const full = topology.try(
        'c-sql',
        'ping',
        '-n',
        '-c',
        '1',
        '-W',
        '2',
        '-M',
        'do',
        '-s',
        '1472',
        '10.1.1.12',
      );
      if (pathMtu === undefined) expect(full.status).toBe(0);
      else
        expect(full.stdout).toContain(`From 10.1.1.1 icmp_seq=1 Frag needed and DF set (mtu = ${pathMtu})`);
      expect(topology.pings('c-sql', '10.1.1.12', '-M', 'do', '-s', '1410')).toBe(true);
      const told = topology.ip('c-sql', 'route', 'get', '10.1.1.12');
      expect(/mtu (\d+)/.exec(told)?.[1]).toBe(pathMtu === undefined ? undefined : String(pathMtu));
    });

    it('PUNT: the host’s own TCP and pings pass while tenants’ traffic does, and its stack does not see theirs', async () => {
      // Both at once: the tenants' transfer begins before and ends after.
      const tenants = topology.ask('c-sql', 'stream', '10.1.1.12', '1200');
      expect(await topology.ask('h1', 'tcp', '192.0.2.2', '1000000')).toEqual({ name: 'h2', right: true });
      expect(await topology.ask('h2', 'tcp', 'fd00:a::1', '100000')).toEqual({ name: 'h1', right: true });
      expect(topology.pings('h1', '192.0.2.2')).toBe(true);
      expect(topology.pings('h1', 'fd00:a::2')).toBe(true);
      const { sent, received } = await tenants;
      expect(received).toBe((sent as number) + 'c-web\n'.length);
      expect(topology.ip('h1', 'neigh', 'show')).not.toContain('10.1.');
    });

    it('every packet is counted, and interfaces are as they were', async () => {
      const reports = await Promise.all(hosts.map((host) => host.stop()));
      for (const { inputs, outputs, replies, punts, waiting, drops, ports } of reports) {
        const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
        expect(outputs + replies + punts + waiting + dropped).toBe(inputs);
        expect(ports.reduce((sum, { received }) => sum + received, 0)).toBe(inputs);
        expect(ports.every(({ errors, down }) => errors + down === 0)).toBe(true);
      }
      expect(hosts.map(({ child }) => child.exitCode)).toEqual([0, 0]);
      expect(describeLink()).toBe(untouched);
    });
  },
);
