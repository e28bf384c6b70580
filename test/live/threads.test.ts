/** I/O threads that die while traffic passes: others take their place, everything is counted, nothing stays on interfaces. */

import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOSTS, VMS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_NAMESPACES } from './tools.ts';

const FAULT = fileURLToPath(new URL('fault.mjs', import.meta.url));
const PAIR = VMS.slice(0, 2);

describe.skipIf(NO_NAMESPACES !== undefined)('an I/O thread dies', () => {
  let topology: Topology;
  let policy: string;
  let hosts: RunningHost[] = [];

  beforeAll(async () => {
    topology = new Topology(HOSTS);
    for (const vm of PAIR) topology.vm(vm.host, vm);
    policy = topology.write('policy.yaml', fabricPolicy({ vms: PAIR }));
    await topology.serve('c-web');
  }, 60_000);

  afterEach(async () => {
    // The next ones use the same interfaces.
    await Promise.all(hosts.map((host) => host.kill()));
  });
  afterAll(() => topology.remove(), 60_000);

  async function begin(...options: string[]): Promise<RunningHost> {
    // Of the processes that are started now; those of the VMs have nothing to do with it.
    process.env.NODE_OPTIONS = `--import ${FAULT}`;
    hosts = PAIR.map(
      ({ name, host }) =>
        new RunningHost(topology, host, policy, ['--attach', `${name}=${name}`, ...options]),
    );
    delete process.env.NODE_OPTIONS;
    await Promise.all(hosts.map((host) => host.isRunning()));
    return hosts[0]!;
  }

  it.each([
    ['packet', '1'],
    ['packet', '2'],
    ['mmsg', '1'],
    ['xdp', '1'],
  ])('--io %s, %s threads: a transfer goes on over two deaths', async (io, workers) => {
    const host = await begin('--io', io, '--workers', workers);
    const before = await host.report();
    const transfer = topology.ask('c-sql', 'stream', '10.1.1.12', '3000');
    await sleep(700);
    host.child.kill('SIGUSR2');
    await host.says('has died: a fault of the test; another one takes its place');
    let between = await host.report();
    for (let tries = 0; tries < 100 && between.restarts === 0; tries++) {
      await sleep(100);
      between = await host.report();
    }
    expect(between.restarts).toBe(1);
    await sleep(700);
    between = await host.report();
    expect(between.lost).toBeGreaterThan(0);
    // What a batch can be.
    expect(between.lost).toBeLessThanOrEqual(256);
    host.child.kill('SIGWINCH');
    await host.says('has died: exit code 1; another one takes its place');
    const result = await transfer;
    expect(result.received).toBe((result.sent as number) + 'c-web\n'.length);
    expect(topology.pings('c-sql', 'fd00:1::12')).toBe(true);
    const after = await host.stop();
    expect(before.inputs).toBeLessThan(between.inputs);
    expect(between.inputs).toBeLessThan(after.inputs);
    const { inputs, outputs, replies, punts, waiting, drops, lost, ports, restarts } = after;
    expect(restarts).toBe(2);
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    expect(outputs + replies + punts + waiting + dropped).toBe(inputs);
    expect(ports.reduce((sum, { received }) => sum + received, 0)).toBe(inputs + lost);
    expect(host.child.exitCode).toBe(0);
    expect(topology.ip('h1', '-d', 'link')).not.toMatch(/xdp|promiscuity [1-9]/);
  });

  it('is given up where none lives: it ends in order, as what has failed', async () => {
    const host = await begin();
    const ended = new Promise((resolve) => host.child.once('close', resolve));
    for (let deaths = 1; deaths <= 6; deaths++) {
      host.child.kill('SIGUSR2');
      while (deathsOf(host) < deaths) {
        topology.try('c-sql', 'ping', '-n', '-c', '1', '-W', '0.1', '10.1.1.12');
        await sleep(50);
      }
    }
    await ended;
    expect(host.child.exitCode).toBe(1);
    const messages = host.lines.map(({ msg }) => msg).filter((text) => text.includes('I/O thread'));
    const died = 'I/O thread 1 has died: a fault of the test';
    const last = `${died}; so did those that took its place: it is given up, and its flows are lost`;
    expect(messages).toEqual([
      `${died}; another one takes its place`,
      ...[100, 200, 400, 800].map((delay) => `${died}; another one takes its place in ${delay} ms`),
      last,
      `${last}: ending`,
      `netvirt run has failed: ${last}`,
    ]);
    expect(topology.ip('h1', '-d', 'link')).not.toMatch(/xdp|promiscuity [1-9]/);
  });

  const deathsOf = ({ lines }: RunningHost) => lines.filter(({ msg }) => msg.includes('has died')).length;
});

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
