/** What happens to interfaces and to processes: load, down, up, gone, there again, two at once, kill -9, no rights. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ethernet, hex, ipv4, pattern, udp } from '../packets/index.ts';
import { type Child, Lab, reasonToSkip } from './lab.ts';
import { POLICY } from './policy.ts';

interface PortReply {
  name: string;
  state: string;
  received: number;
  sent: number;
  kernelDrops: number;
  errors: number;
  down: number;
}

const skip = reasonToSkip();
const vm = (letter: string) => `02:15:5d:00:00:${letter}`;
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(200));
const toOtherHost = hex(
  ethernet({ src: vm('0a'), dst: vm('0c') }, ipv4({ src: '10.1.1.10', dst: '10.1.1.12' }, datagram)),
);
const toNeighbor = hex(
  ethernet({ src: vm('0a'), dst: vm('0b') }, ipv4({ src: '10.1.1.10', dst: '10.1.1.11' }, datagram)),
);
const BACKENDS = ['packet', 'mmsg', 'xdp'];

describe.skipIf(skip !== undefined)(`what live I/O survives${skip === undefined ? '' : `: ${skip}`}`, () => {
  let lab: Lab;

  beforeEach(() => {
    lab = new Lab();
    lab.pair('up0', 'w0', 1600);
    lab.pair('t1', 'v1');
    lab.pair('t2', 'v2');
  });

  afterEach(() => lab.close());

  const options = (io: string) => ({
    policy: POLICY,
    host: 'here',
    io,
    attach: { '': 'up0', a: 't1', b: 't2' },
    taps: { r: 'tapr' },
  });

  const start = async (io: string): Promise<Child> => {
    const child = await lab.child();
    expect(await child.call('start', options(io))).not.toHaveProperty('error');
    return child;
  };

  const ports = async (child: Child): Promise<Record<string, PortReply>> => {
    const { ports } = (await child.call('counters')) as { ports: PortReply[] };
    return Object.fromEntries(ports.map((port) => [port.name, port]));
  };

  /** Waits until the counters are what they should be. */
  const until = async (child: Child, isSo: (ports: Record<string, PortReply>) => boolean) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (isSo(await ports(child))) return;
      await sleep(50);
    }
    expect.fail(JSON.stringify(await ports(child)));
  };

  const eventTypes = async (child: Child) =>
    ((await child.call('events')) as { events: { type: string }[] }).events.map(({ type }) => type);

  test.each(BACKENDS)('%s: 100,000 frames, every one accounted for', async (io) => {
    const child = await start(io);
    const before = Number(lab.run('cat', '/sys/class/net/w0/statistics/rx_packets'));
    const { sent } = (await child.call('flood', { name: 'v1', hex: toOtherHost, count: 100_000 })) as {
      sent: number;
    };
    expect(sent).toBe(100_000);
    await until(
      child,
      ({ t1, up0 }) => t1!.received + t1!.kernelDrops === sent && up0!.sent === t1!.received,
    );
    const { up0, t1 } = await ports(child);
    expect(up0).toMatchObject({ errors: 0, down: 0 });
    expect(t1!.received).toBeGreaterThan(20_000);
    expect(Number(lab.run('cat', '/sys/class/net/w0/statistics/rx_packets')) - before).toBe(up0!.sent);
    await child.call('stop');
  });

  test.each(BACKENDS)(
    '%s: malformed frames at full rate are dropped by name, and the other port goes on',
    async (io) => {
      const child = await start(io);
      const truncated = ipv4({ src: '10.1.1.10', dst: '10.1.1.12', totalLength: 900 }, datagram);
      const malformed = hex(ethernet({ src: vm('0a'), dst: vm('0c') }, truncated));
      const flooder = await lab.child();
      const flooding = flooder.call('flood', { name: 'v1', hex: malformed, count: 40_000 });
      await child.call('listen', ['v1', 'v2']);
      const back = hex(
        ethernet({ src: vm('0b'), dst: vm('0a') }, ipv4({ src: '10.1.1.11', dst: '10.1.1.10' }, datagram)),
      );
      const arrived: string[] = [];
      const exchange = async (send: [string, string][], quiet: number) => {
        const answer = await child.call('exchange', { send, quiet });
        arrived.push(...(answer as { received: Record<string, string[]> }).received['v1']!);
      };
      const during = 10;
      for (let round = 0; round < during; round++) await exchange([['v2', back]], 20);
      const { sent } = (await flooding) as { sent: number };
      await exchange([], 300);
      expect(arrived).toEqual(Array.from({ length: during }, () => back));
      await until(child, ({ t1 }) => t1!.received + t1!.kernelDrops === sent);
      const { drops } = (await child.call('counters')) as { drops: Record<string, number> };
      expect(drops).toEqual({ DROP_INNER_TRUNCATED: (await ports(child))['t1']!.received });
      await child.call('stop');
    },
  );

  test.each(BACKENDS)('%s: an interface goes down, and comes back', async (io) => {
    const child = await start(io);
    await child.call('listen', ['w0', 'v1', 'v2']);
    lab.ip('link', 'set', 'up0', 'down');
    await until(child, ({ up0 }) => up0!.state === 'down');
    const during = await child.call('exchange', {
      send: [
        ['v1', toOtherHost],
        ['v1', toNeighbor],
      ],
    });
    expect(during['received']).toMatchObject({ w0: [], v2: [toNeighbor] });
    await until(child, ({ up0 }) => up0!.down === 1);
    lab.ip('link', 'set', 'up0', 'up');
    await until(child, ({ up0 }) => up0!.state === 'up');
    const after = (await child.call('exchange', { send: [['v1', toOtherHost]] })) as {
      received: Record<string, string[]>;
    };
    expect(after.received['w0']).toHaveLength(1);
    expect(await eventTypes(child)).toEqual(['port-down', 'port-up']);
    await child.call('stop');
  });

  test.each(BACKENDS)('%s: an interface vanishes, and is made again', async (io) => {
    const child = await start(io);
    lab.ip('link', 'del', 't2');
    await until(child, ({ t2 }) => t2!.state === 'gone');
    await child.call('listen', ['w0']);
    const during = (await child.call('exchange', {
      send: [
        ['v1', toNeighbor],
        ['v1', toOtherHost],
      ],
    })) as { received: Record<string, string[]> };
    expect(during.received['w0']).toHaveLength(1);
    await until(child, ({ t2 }) => t2!.down === 1);
    lab.pair('t2', 'v2');
    await until(child, ({ t2 }) => t2!.state === 'up');
    await child.call('listen', ['v2']);
    const after = await child.call('exchange', { send: [['v1', toNeighbor]] });
    expect(after['received']).toMatchObject({ v2: [toNeighbor] });
    const types = await eventTypes(child);
    expect(types[0]).toBe('port-gone');
    expect(types).toContain('backend');
    await child.call('stop');
  });

  test('a tap that somebody deletes is made again', async () => {
    const child = await start('packet');
    lab.ip('link', 'del', 'tapr');
    await until(child, ({ tapr }) => tapr!.state === 'gone');
    await until(child, ({ tapr }) => tapr!.state === 'up');
    expect(lab.ip('link')).toContain('tapr');
    await child.call('stop');
    expect(lab.ip('link')).not.toContain('tapr');
  });

  test('a second one on an interface is refused, and the first goes on', async () => {
    const first = await start('packet');
    const second = await lab.child();
    expect(await second.call('start', options('packet'))).toEqual({
      error: 'up0: another netvirt uses this interface; stop that one first',
      kind: 'busy',
    });
    await first.call('listen', ['w0']);
    const { received } = (await first.call('exchange', { send: [['v1', toOtherHost]] })) as {
      received: Record<string, string[]>;
    };
    expect(received['w0']).toHaveLength(1);
    await first.call('stop');
    expect(await second.call('start', options('packet'))).not.toHaveProperty('error');
    await second.call('stop');
  });

  test.each(BACKENDS)('%s: kill -9 leaves nothing, and it starts again at once', async (io) => {
    const first = await start(io);
    await first.call('flood', { name: 'v1', hex: toOtherHost, count: 500 });
    // So that the question below has another answer while it runs.
    const shields = io === 'xdp' ? 0 : 1;
    const asking = await lab.child();
    expect(await asking.call('programs', ['up0', 't1', 't2'])).toEqual({
      counts: [shields, shields, shields],
    });
    await first.kill();
    expect(lab.ip('-d', 'link')).not.toMatch(/xdp|tapr|promiscuity [1-9]/);
    expect(await asking.call('programs', ['up0', 't1', 't2'])).toEqual({ counts: [0, 0, 0] });
    const second = await start(io);
    await second.call('listen', ['w0']);
    const { received } = (await second.call('exchange', { send: [['v1', toOtherHost]] })) as {
      received: Record<string, string[]>;
    };
    expect(received['w0']).toHaveLength(1);
    await second.call('stop');
  });

  test('what cannot be: a sentence for each', async () => {
    const child = await lab.child();
    const refusal = (io: string, more: object) => child.call('start', { ...options(io), ...more });
    expect(await refusal('packet', { attach: { '': 'none0' } })).toEqual({
      error: 'none0: there is no such interface',
      kind: 'missing',
    });
    expect(await refusal('packet', { attach: { '': 'lo' } })).toEqual({
      error: 'lo: expected an Ethernet interface, this is another kind',
      kind: 'unsupported',
    });
    expect(await refusal('packet', { taps: { r: 't1' }, attach: { '': 'up0' } })).toEqual({
      error: 't1: there is an interface of that name; choose another one for the tap',
      kind: 'busy',
    });
    expect(await refusal('packet', { attach: { '': 'up0', a: 'up0' } })).toMatchObject({ kind: 'busy' });
    const other = await lab.child();
    expect(await other.call('occupy', 't1')).toEqual({});
    expect(await refusal('xdp', {})).toEqual({
      error: 't1: another XDP program is attached (ip link show t1)',
      kind: 'busy',
    });
    await other.kill();
    lab.ip('link', 'set', 'up0', 'mtu', '9000');
    lab.ip('link', 'set', 'w0', 'mtu', '9000');
    expect(await refusal('xdp', {})).toEqual({
      error: 'up0: AF_XDP takes no frames of its MTU, 9000',
      kind: 'unsupported',
    });
    lab.ip('link', 'set', 'w0', 'mtu', '1600');
    lab.ip('link', 'set', 'up0', 'mtu', '1600');
  });

  test('without rights: which, and how to give them', async () => {
    const child = await lab.child(['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--']);
    const answer = await child.call('start', { ...options('packet'), taps: {} });
    expect(answer['kind']).toBe('permission');
    expect(answer['error']).toBe(
      'up0: cannot open a packet socket: operation not permitted (EPERM); run it as root, or give the program the capabilities CAP_NET_RAW, CAP_NET_ADMIN and, for --io xdp, CAP_BPF',
    );
  });
});
