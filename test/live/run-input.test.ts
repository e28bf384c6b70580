/** What `netvirt run` refuses, and how: one line that says what is wrong, exit code 1 (2 for the command line itself). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { netvirt, run } from '../system/tools.ts';
import { HOSTS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';
import { NO_NAMESPACES } from './tools.ts';

const MAIN = new URL('../../dist/netvirt.js', import.meta.url).pathname;

describe('the command line', () => {
  it.each([
    ['no host', ['p.yaml', '--uplink', 'up0'], "required option '--host <name>' not specified"],
    ['no endpoint', ['--attach', '=eth0'], '--attach: expected ENDPOINT=INTERFACE, got "=eth0"'],
    ['no interface', ['--attach', 'vm'], '--attach: expected ENDPOINT=INTERFACE, got "vm"'],
    [
      'a long name',
      ['--tap', 'vm=averyveryverylongname'],
      '--tap: expected the name of an interface, 1 to 15 bytes',
    ],
    [
      'the uplink again',
      ['--attach', 'vm=up0'],
      '--attach: expected every interface once, got "up0" again (--uplink has it)',
    ],
    ['an interface twice', ['--attach', 'a=e', '--attach', 'b=e'], 'got "e" again (--attach a has it)'],
    [
      'an endpoint twice',
      ['--attach', 'a=e', '--tap', 'a=f'],
      '--tap: expected every endpoint once, got "a" again (it is at e)',
    ],
    ['another backend', ['--io', 'dpdk'], "option '--io <backend>' argument 'dpdk' is invalid"],
    ['no workers', ['--workers', '0'], 'Expected a number from 1 to 63.'],
  ])('%s', (_, args, message) => {
    const complete = args.includes('p.yaml') ? args : ['p.yaml', '--host', 'h1', '--uplink', 'up0', ...args];
    const { status, stderr } = netvirt(['run', ...complete]);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});

describe.skipIf(NO_NAMESPACES !== undefined)('a machine', () => {
  let topology: Topology;
  let policy: string;

  beforeAll(() => {
    topology = new Topology(HOSTS);
    topology.plug('h1', 'net');
    policy = topology.write('policy.yaml', fabricPolicy());
    topology.ip('h1', 'link', 'add', 'name', 'bridge', 'type', 'bridge');
    topology.ip('h1', 'link', 'add', 'name', 'member', 'type', 'veth', 'peer', 'name', 'other');
    topology.ip('h1', 'link', 'set', 'dev', 'member', 'master', 'bridge');
  }, 60_000);

  afterAll(() => topology.remove(), 60_000);

  function attempt(file: string, ...args: string[]): { status: number | null; lines: string[] } {
    const all = ['run', file, '--host', 'h1', '--uplink', 'up0', '--log', 'json', ...args];
    const { status, stderr } = topology.try('h1', process.execPath, MAIN, ...all);
    return { status, lines: stderr.trim().split('\n') };
  }

  it.each([
    [
      'an interface that is missing',
      ['--attach', 'c-sql=other1'],
      '--attach: expected an interface of this machine, got "other1", did you mean "other"?',
    ],
    [
      'an uplink that is missing',
      ['--uplink', 'up1'],
      '--uplink: expected an interface of this machine, got "up1", did you mean "up0"?',
    ],
    [
      'an interface that is no Ethernet',
      ['--attach', 'c-sql=lo'],
      '--attach: expected an Ethernet interface, got "lo", the loopback interface',
    ],
    [
      'a port of a bridge',
      ['--attach', 'c-sql=member'],
      '--attach: expected an interface that nobody else uses, got "member", a port of bridge: ip link set dev member nomaster',
    ],
    [
      'a tap whose name is taken',
      ['--tap', 'c-sql=other'],
      '--tap: expected a name that no interface has, got "other"',
    ],
    [
      'an unknown endpoint',
      ['--attach', 'c-sqll=other'],
      '--attach: expected an endpoint of the policy, got "c-sqll", did you mean "c-sql"?',
    ],
    [
      'an endpoint of another host',
      ['--attach', 'c-web=other'],
      '--attach: expected an endpoint on h1, got "c-web", which is on h2; --await c-web=other attaches it when it comes',
    ],
    [
      'an unknown host',
      ['--host', 'h3'],
      '--host: expected a host of the policy, got "h3", did you mean "h1"?',
    ],
  ])('%s', (_, args, message) => {
    expect(attempt(policy, ...args)).toEqual({ status: 1, lines: [message] });
  });

  it('all that is wrong is told at once', () => {
    expect(attempt(policy, '--attach', 'c-sql=lo', '--attach', 'f-sql=nobody').lines).toHaveLength(2);
  });

  it('an uplink with a MAC that others are not told', () => {
    const given = fabricPolicy({ hasMacs: true }).replace('02:00:00:00:00:01', '02:00:00:00:00:99');
    const file = topology.write('mac.yaml', given);
    const { status, lines } = attempt(file);
    expect(lines).toEqual([
      'up0: expected the MAC that the policy gives h1, 02:00:00:00:00:99, got 02:00:00:00:00:01: ' +
        'ip link set dev up0 address 02:00:00:00:00:99, or leave it out of the policy',
    ]);
    expect(status).toBe(1);
  });

  it('an uplink whose MTU is too small for the policy', () => {
    topology.ip('h1', 'link', 'set', 'dev', 'up0', 'mtu', '1300');
    try {
      const { status, lines } = attempt(policy, '--attach', 'c-sql=other');
      expect(lines).toEqual([
        'up0: expected an MTU of at least 1322, because virtual networks of this host carry IPv6 (RFC 8200 §5) in envelopes of 42 bytes, got 1300: ip link set dev up0 mtu 1500',
      ]);
      expect(status).toBe(1);
    } finally {
      topology.ip('h1', 'link', 'set', 'dev', 'up0', 'mtu', '1500');
    }
  });

  it('a rewrite address that the kernel has', () => {
    const file = topology.write('rewrite.yaml', fabricPolicy({ method: 'rewrite' }));
    topology.ip('h1', 'addr', 'add', '192.0.2.100/32', 'dev', 'lo');
    try {
      const { status, lines } = attempt(file, '--attach', 'c-sql=other');
      expect(lines).toEqual([
        '192.0.2.100, the rewrite address of c-sql, is an address of this machine: its kernel answers what is c-sql’s: ip addr del 192.0.2.100/32 dev lo',
      ]);
      expect(status).toBe(1);
    } finally {
      topology.ip('h1', 'addr', 'del', '192.0.2.100/32', 'dev', 'lo');
    }
  });

  it('a second run on an interface; kill -9 leaves nothing, and it can run again at once', async () => {
    const first = new RunningHost(topology, 'h1', policy, ['--attach', 'c-sql=other']);
    await first.isRunning();
    topology.ip('h1', 'link', 'add', 'name', 'spare', 'type', 'veth', 'peer', 'name', 'spare1');
    const busy = (name: string) => `${name}: another netvirt uses this interface; stop that one first`;
    expect(attempt(policy, '--attach', 'c-sql=spare')).toEqual({ status: 1, lines: [busy('up0')] });
    // The uplink is its own, and has been opened and closed again when the port turns out to be another one's.
    const { status, lines } = attempt(policy, '--uplink', 'spare', '--attach', 'f-sql=other');
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe(busy('other'));
    expect(topology.ip('h1', '-d', 'link', 'show', 'dev', 'spare')).toContain('promiscuity 0');
    const ended = new Promise((resolve) => first.child.once('close', resolve));
    first.child.kill('SIGKILL');
    await ended;
    for (const name of ['up0', 'other'])
      expect(topology.ip('h1', '-d', 'link', 'show', 'dev', name)).not.toMatch(/xdp|promiscuity [1-9]/);
    const again = new RunningHost(topology, 'h1', policy, ['--attach', 'c-sql=other']);
    await again.isRunning();
    await again.stop();
    expect(again.child.exitCode).toBe(0);
  });

  it('no right to do it: one line that says what is missing and how to give it', () => {
    const command = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, MAIN];
    const { status, stderr } = run('setpriv', [...command, 'run', policy, '--host', 'h1', '--uplink', 'up0']);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^missing CAP_NET_RAW \(to open packet sockets\) and CAP_NET_ADMIN \(to change interfaces and make taps\): run it as root, or give it to node: setcap cap_net_raw,cap_net_admin=ep /,
      ),
    ]);
    expect(status).toBe(1);
  });
});
