/** What changes while `netvirt run` runs: the policy, where a VM is, who is next to it on the provider network. */

import { renameSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FabricVm, HOSTS, type Method, ROUTED_HOSTS, VMS, fabricPolicy } from './fabric.ts';
import { type HostSpec, RunningHost, Topology } from './topology.ts';
import { NO_NAMESPACES } from './tools.ts';

const CONTOSO = VMS.filter(({ customer }) => customer === 'contoso');

describe.skipIf(NO_NAMESPACES !== undefined)('while it runs', () => {
  let topology: Topology;
  let policy: string;
  let hosts: RunningHost[];

  afterEach(() => topology.remove(), 60_000);

  async function begin(
    specs: readonly HostSpec[],
    vms: readonly FabricVm[],
    text: string,
    more: Readonly<Record<string, readonly string[]>> = {},
  ): Promise<void> {
    topology = new Topology(specs);
    for (const vm of vms) topology.vm(vm.host, vm);
    policy = topology.write('policy.yaml', text);
    hosts = specs.map(({ name }) => {
      const local = vms.filter(({ host }) => host === name);
      const attach = local.flatMap((vm) => ['--attach', `${vm.name}=${vm.name}`]);
      return new RunningHost(topology, name, policy, [...attach, ...(more[name] ?? [])]);
    });
    await Promise.all(hosts.map((host) => host.isRunning()));
  }

  it('a bad policy is refused with its place, and the old one stays; a good one takes its place', async () => {
    await begin(HOSTS, CONTOSO, fabricPolicy({ vms: CONTOSO }));
    writeFileSync(policy, fabricPolicy({ vms: CONTOSO }).replace('vsid: 5001, mac', 'vsid: 5009, mac'));
    await hosts[0]!.says('is refused: the policy before stays in force');
    const problem = hosts[0]!.lines.find(({ level }) => level === 50)!.msg;
    expect(problem).toMatch(
      /policy\.yaml:\d+:\d+: customers\[0\]\.routingDomains\[0\]\.endpoints\[0\]\.vsid: /,
    );
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    // As editors do it: another file gets the name.
    const without = CONTOSO.filter(({ name }) => name !== 'c-web');
    const next = topology.write('.policy.yaml.swp', fabricPolicy({ vms: without }));
    renameSync(next, policy);
    await Promise.all(hosts.map((host) => host.says('is in force')));
    await hosts[1]!.says('c-web is not on h2 any more: c-web is detached');
    expect(topology.try('c-sql', 'ping', '-c', '1', '-W', '1', '10.1.1.12').status).not.toBe(0);
    expect(topology.pings('c-sql', '10.1.2.13')).toBe(true);
    const from = hosts[1]!.lines.length;
    writeFileSync(policy, fabricPolicy({ vms: CONTOSO }));
    await hosts[1]!.says('c-web is on h2 now: c-web is attached', from);
    await hosts[1]!.says('is in force', from);
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
  });

  it.each<Method>(['nvgre', 'rewrite'])('V9: a VM moves during a TCP transfer, by %s', async (method) => {
    const vms = CONTOSO.filter(({ name }) => name !== 'c-app');
    const [sql, web] = vms as [FabricVm, FabricVm];
    // The third host is where it goes; both interfaces of the VM are there from the start.
    const third = { name: 'h3', addresses: ['192.0.2.3/24', 'fd00:a::3/64'], mac: '02:00:00:00:00:03' };
    const specs = [...HOSTS, third];
    topology = new Topology(specs);
    for (const vm of vms) topology.vm(vm.host, vm);
    policy = topology.write('policy.yaml', fabricPolicy({ method, hosts: specs, vms }));
    hosts = [
      new RunningHost(topology, 'h1', policy, ['--attach', 'c-sql=c-sql']),
      new RunningHost(topology, 'h2', policy, ['--attach', 'c-web=c-web']),
      new RunningHost(topology, 'h3', policy, ['--await', 'c-web=c-web']),
    ];
    await Promise.all(hosts.map((host) => host.isRunning()));
    await topology.serve('c-web');
    const transfer = topology.ask(sql.name, 'stream', '10.1.1.12', '3500');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // The other end of the VM's interface moves to the namespace of the third host: the VM keeps its kernel and its connections.
    const moved = vms.map((vm) => (vm === web ? { ...vm, host: 'h3' } : vm));
    topology.ip('h2', 'link', 'set', 'dev', 'c-web', 'netns', topology.name('h3'));
    topology.ip('h3', 'link', 'set', 'dev', 'c-web', 'up');
    writeFileSync(policy, fabricPolicy({ method, hosts: specs, vms: moved }));
    const result = await transfer;
    console.log(
      `a VM moved (${method}): longest gap ${String(result.gap)} ms of ${String(result.received)} bytes`,
    );
    // The name stands in front of what comes back.
    expect(result.received).toBe((result.sent as number) + 'c-web\n'.length);
    expect(result.gap).toBeLessThan(5000);
    const { ports } = await hosts[2]!.report();
    expect(ports.find(({ name }) => name === 'c-web')!.received).toBeGreaterThan(0);
  });

  it('a router of the kernel’s between the hosts: the next hop and its MAC are learnt, and followed', async () => {
    await begin(ROUTED_HOSTS, CONTOSO, fabricPolicy({ hosts: ROUTED_HOSTS, vms: CONTOSO }));
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
    topology.ip('net', 'link', 'set', 'dev', 'p0', 'address', '02:00:00:00:ff:01');
    topology.try('net', 'ping', '-c', '1', '-W', '1', '192.0.2.1');
    await hosts[0]!.says('198.51.100.2 is reached by 192.0.2.254 at 02:00:00:00:ff:01');
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
  });

  it('W9: a router asks for rewrite addresses, and is told', async () => {
    await begin(
      ROUTED_HOSTS,
      CONTOSO,
      fabricPolicy({ method: 'rewrite', hosts: ROUTED_HOSTS, vms: CONTOSO }),
    );
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
    topology.ip('h1', 'addr', 'add', '192.0.2.100/32', 'dev', 'lo');
    await hosts[0]!.says('192.0.2.100, the rewrite address of c-sql, is an address of this machine');
    topology.ip('h1', 'addr', 'del', '192.0.2.100/32', 'dev', 'lo');
    await hosts[0]!.says('is no address of this machine any more');
  });

  it('T4: the path MTU between hosts is learnt from a router', async () => {
    await begin(ROUTED_HOSTS, CONTOSO, fabricPolicy({ hosts: ROUTED_HOSTS, vms: CONTOSO }));
    topology.ip('net', 'link', 'set', 'dev', 'p1', 'mtu', '1400');
    topology.try('c-sql', 'ping', '-c', '2', '-i', '0.3', '-W', '1', '-M', 'do', '-s', '1430', '10.1.1.12');
    // The first one is too large for the router, which tells the host; the second one for the host, which tells the VM.
    expect(topology.ip('c-sql', 'route', 'get', '10.1.1.12')).toContain('mtu 1358');
    expect(topology.pings('c-sql', '10.1.1.12', '-M', 'do', '-s', '1330')).toBe(true);
    const { drops } = await hosts[0]!.report();
    expect(drops.DROP_PATH_MTU).toBeGreaterThan(0);
  });

  it('T5: a peer that is away: packets wait for a second and are dropped by name; when it comes, they pass', async () => {
    await begin(HOSTS, CONTOSO, fabricPolicy({ vms: CONTOSO }));
    topology.ip('h2', 'link', 'set', 'dev', 'up0', 'arp', 'off');
    topology.ip('h1', 'neigh', 'flush', 'dev', 'up0');
    topology.ip('h1', 'link', 'set', 'dev', 'up0', 'down');
    topology.ip('h1', 'link', 'set', 'dev', 'up0', 'up');
    await hosts[0]!.says('the MAC that leads to 192.0.2.2 is not known: nobody answers');
    topology.try('c-sql', 'ping', '-c', '3', '-i', '0.2', '-W', '2', '10.1.1.12');
    const { drops } = await hosts[0]!.report();
    // The VM's kernel may have sent something of its own meanwhile.
    expect(drops.DROP_UNRESOLVED).toBeGreaterThanOrEqual(3);
    const from = hosts[0]!.lines.length;
    topology.ip('h2', 'link', 'set', 'dev', 'up0', 'arp', 'on');
    await hosts[0]!.says('192.0.2.2 is reached at 02:00:00:00:00:02', from);
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
  });

  it('the uplink’s MTU is used where it is smaller, also when it changes', async () => {
    await begin(HOSTS, CONTOSO, fabricPolicy({ vms: CONTOSO, provider: '{ mtu: 1600 }' }));
    await hosts[0]!.says('up0 has an MTU of 1500: used instead of the policy’s 1600');
    const path = (size: string) =>
      topology.try('c-sql', 'ping', '-c', '1', '-W', '1', '-M', 'do', '-s', size, '10.1.1.12').stdout;
    expect(path('1472')).toContain('mtu = 1458');
    topology.ip('h1', 'link', 'set', 'dev', 'up0', 'mtu', '1450');
    await hosts[0]!.says('up0 has changed');
    topology.ip('c-sql', 'route', 'flush', 'cache');
    expect(path('1430')).toContain('mtu = 1408');
  });

  it('the host’s address goes and comes, and what is wrong with it is said', async () => {
    await begin(HOSTS, CONTOSO, fabricPolicy({ vms: CONTOSO }));
    topology.ip('h1', 'addr', 'del', '192.0.2.1/24', 'dev', 'up0');
    await hosts[0]!.says('192.0.2.1, which the policy gives h1, is not an address of up0');
    topology.ip('h1', 'addr', 'add', '192.0.2.1/24', 'dev', 'up0');
    await hosts[0]!.says('192.0.2.1 is an address of up0 now');
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    expect(hosts[0]!.lines.filter(({ msg }) => msg.includes('is not an address of'))).toHaveLength(1);
    expect(hosts[1]!.lines.filter(({ msg }) => msg.includes('is not an address of'))).toEqual([]);
  });

  it('an interface goes down and comes back, or vanishes: the others go on', async () => {
    await begin(HOSTS, CONTOSO, fabricPolicy({ vms: CONTOSO }));
    topology.ip('h2', 'link', 'set', 'dev', 'c-web', 'down');
    await hosts[1]!.says('c-web: it is down');
    expect(topology.pings('c-sql', '10.1.2.13')).toBe(true);
    topology.ip('h2', 'link', 'set', 'dev', 'c-web', 'up');
    await hosts[1]!.says('c-web: it is up');
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    topology.ip('h2', 'link', 'del', 'c-web');
    await hosts[1]!.says('c-web: the interface is gone');
    expect(topology.pings('c-sql', '10.1.2.13')).toBe(true);
    const { ports } = await hosts[1]!.report();
    expect(ports.find(({ name }) => name === 'c-web')!.state).toBe('gone');
  });
});
