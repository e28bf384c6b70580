/** `--tap`: the kernel's side of a tap that netvirt made becomes the interface of a VM in a namespace, as for a container. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FabricVm, HOSTS, type Method, VMS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_NAMESPACES } from './tools.ts';

const PAIR = VMS.slice(0, 2);
const METHODS: readonly Method[] = ['nvgre', 'rewrite'];

describe.skipIf(NO_NAMESPACES !== undefined)('taps', () => {
  let topology: Topology;
  let hosts: RunningHost[] = [];

  beforeAll(async () => {
    topology = new Topology(HOSTS);
    for (const vm of PAIR) {
      topology.vm(vm.host, vm);
      topology.ip(vm.name, 'link', 'del', 'eth0');
    }
    await topology.serve('c-web');
  }, 60_000);

  afterEach(() => {
    for (const { child } of hosts) child.kill('SIGKILL');
  });
  afterAll(() => topology.remove(), 60_000);

  async function begin(method: Method): Promise<void> {
    const policy = topology.write('policy.yaml', fabricPolicy({ method, vms: PAIR }));
    hosts = PAIR.map(
      ({ name, host }) => new RunningHost(topology, host, policy, ['--tap', `${name}=tap-${name}`]),
    );
    await Promise.all(hosts.map((host) => host.isRunning()));
    PAIR.forEach(enter);
  }

  function enter({ name, host, mac, addresses, gateways = [] }: FabricVm): void {
    topology.ip(host, 'link', 'set', 'dev', `tap-${name}`, 'netns', topology.name(name), 'name', 'eth0');
    topology.ip(name, 'link', 'set', 'dev', 'eth0', 'address', mac);
    topology.ip(name, 'link', 'set', 'dev', 'eth0', 'up');
    for (const address of addresses)
      topology.ip(name, 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
    for (const gateway of gateways)
      topology.ip(
        name,
        ...(gateway.includes(':') ? ['-6'] : []),
        'route',
        'replace',
        'default',
        'via',
        gateway,
      );
  }

  const hasTap = (vm: string) => topology.try(vm, 'ip', 'link', 'show', 'dev', 'eth0').status === 0;

  it.each(METHODS)('%s: pings, TCP in super-segments, UDP; gone when it ends', async (method) => {
    await begin(method);
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
    expect(topology.pings('c-sql', '10.1.1.1')).toBe(true);
    const web = { name: 'c-web', right: true };
    const before = await hosts[0]!.report();
    expect(await topology.ask('c-sql', 'tcp', '10.1.1.12', '3000000')).toEqual(web);
    const after = await hosts[0]!.report();
    expect(await topology.ask('c-sql', 'tcp', 'fd00:1::12', '300000')).toEqual(web);
    expect(await topology.ask('c-sql', 'udp', '10.1.1.12', '4000')).toEqual(web);
    const [, tap] = after.ports;
    expect(tap).toMatchObject({ backend: 'tap', state: 'up', errors: 0 });
    const [frames, bytes] = [
      tap!.received - before.ports[1]!.received,
      tap!.receivedBytes - before.ports[1]!.receivedBytes,
    ];
    // 3 MB and their acknowledgements: in frames of the MTU there would be more than 2,000.
    expect(bytes).toBeGreaterThan(3_000_000);
    expect(frames).toBeLessThan(1500);
    // The uplink gets them whole by IP Rewrite, and cut in envelopes.
    const sent = after.ports[0]!.sent - before.ports[0]!.sent;
    if (method === 'rewrite') expect(sent).toBeLessThan(1500);
    else expect(sent).toBeGreaterThan(2000);
    expect(hasTap('c-sql')).toBe(true);
    const reports = await Promise.all(hosts.map((host) => host.stop()));
    for (const { inputs, outputs, replies, punts, waiting, drops, ports } of reports) {
      const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
      expect(outputs + replies + punts + waiting + dropped).toBe(inputs);
      expect(ports.reduce((sum, { received }) => sum + received, 0)).toBe(inputs);
    }
    expect(PAIR.map(({ name }) => hasTap(name))).toEqual([false, false]);
  });

  it('kill -9: the tap is gone, and another run makes it again at once; so it is when somebody deletes it', async () => {
    await begin('nvgre');
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    const ended = hosts.map(({ child }) => new Promise((resolve) => child.once('close', resolve)));
    for (const { child } of hosts) child.kill('SIGKILL');
    await Promise.all(ended);
    expect(PAIR.map(({ name }) => hasTap(name))).toEqual([false, false]);
    await begin('nvgre');
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    const from = hosts[0]!.lines.length;
    topology.ip('c-sql', 'link', 'del', 'eth0');
    await hosts[0]!.says('tap-c-sql: the interface is gone', from);
    await hosts[0]!.says('tap-c-sql: it is there again', from);
    enter(PAIR[0]!);
    expect(topology.pings('c-sql', '10.1.1.12')).toBe(true);
    topology.ip('c-sql', 'link', 'set', 'dev', 'eth0', 'down');
    await hosts[0]!.says('tap-c-sql: it is down', from);
    await Promise.all(hosts.map((host) => host.stop()));
  });
});
