/** `netvirt doctor`: whatever is missing, it says how to get it, and what `--io` can be without it. */

import { describe, expect, it } from 'vitest';
import { type Probes, examine } from '../../src/cli/doctor.ts';
import type { KernelTrials, Trial } from '../../src/live/probe-kernel.ts';
import { LiveError } from '../../src/live/types.ts';

const WORKS: Trial = { works: true };
const ALL: KernelTrials = {
  packetRing: WORKS,
  vnetHeader: WORKS,
  fanout: WORKS,
  tap: WORKS,
  shield: WORKS,
  xdpSocket: WORKS,
  xdpNative: WORKS,
  xdpGeneric: WORKS,
};
const NET_ADMIN = 1n << 12n;
const NET_RAW = 1n << 13n;
const BPF = 1n << 39n;
const SYS_ADMIN = 1n << 21n;

const machine = (more: Partial<Probes> = {}): Probes => ({
  platform: 'linux',
  arch: 'x64',
  release: '6.18.0',
  capabilities: () => NET_ADMIN | NET_RAW | BPF,
  tryKernel: () => Promise.resolve(ALL),
  ...more,
});

const without = (name: keyof KernelTrials, code: string) =>
  machine({ tryKernel: () => Promise.resolve({ ...ALL, [name]: { works: false, code } }) });

/** What does not work, and the fix. */
async function missing(probes: Probes): Promise<Record<string, string>> {
  const { findings } = await examine(probes);
  for (const { works, fix } of findings) expect(fix === '').toBe(works);
  return Object.fromEntries(findings.flatMap(({ name, works, fix }) => (works ? [] : [[name, fix]])));
}

it('nothing is missing: every backend, no advice', async () => {
  expect(await missing(machine())).toEqual({});
  expect((await examine(machine())).backends).toEqual(['packet', 'xdp', 'mmsg']);
  expect(await missing(machine({ capabilities: () => NET_ADMIN | NET_RAW | SYS_ADMIN }))).toEqual({});
});

describe('another system', () => {
  it.each([
    ['darwin', 'arm64', 'darwin'],
    ['linux', 'riscv64', 'Linux 6.18.0, riscv64'],
  ])('%s, %s', async (platform, arch, detail) => {
    const { findings, backends } = await examine(machine({ platform, arch }));
    expect(findings).toEqual([
      {
        name: 'Linux',
        isNeeded: true,
        works: false,
        detail,
        fix: 'live I/O is the Linux kernel’s, on x64 and arm64; captures work everywhere',
      },
    ]);
    expect(backends).toEqual([]);
  });
});

describe('capabilities', () => {
  it.each([
    ['CAP_NET_RAW', NET_ADMIN | BPF, [], 'cap_net_raw'],
    ['CAP_NET_ADMIN', NET_RAW | BPF, [], 'cap_net_admin'],
    ['CAP_BPF', NET_RAW | NET_ADMIN, ['packet', 'mmsg'], 'cap_bpf'],
  ] as const)('without %s', async (name, set, backends, given) => {
    const probes = machine({ capabilities: () => set });
    expect(await missing(probes)).toEqual({
      [name]: `run it as root, or give it to node: setcap ${given}=ep ${process.execPath}`,
    });
    expect((await examine(probes)).backends).toEqual(backends);
    const { findings } = await examine(probes);
    expect(findings.find((one) => one.name === name)!.isNeeded).toBe(name !== 'CAP_BPF');
  });

  it('without /proc: none is known', async () => {
    expect(Object.keys(await missing(machine({ capabilities: () => undefined })))).toEqual([
      'CAP_NET_RAW',
      'CAP_NET_ADMIN',
      'CAP_BPF',
    ]);
  });
});

it('koffi: how to get it, and that nothing works without it', async () => {
  const probes = machine({ tryKernel: () => Promise.reject(new LiveError('unsupported', 'no koffi here')) });
  expect(await missing(probes)).toEqual({ koffi: 'npm install koffi' });
  const { findings, backends } = await examine(probes);
  expect(findings.at(-1)).toMatchObject({ name: 'koffi', isNeeded: true, detail: 'no koffi here' });
  expect(backends).toEqual([]);
});

it('a fault of ours is no finding', async () => {
  await expect(examine(machine({ tryKernel: () => Promise.reject(new TypeError('oops')) }))).rejects.toThrow(
    'oops',
  );
});

describe('the kernel', () => {
  it.each([
    ['packetRing', 'ENOPROTOOPT', 'packet ring', /CONFIG_PACKET/, ['xdp', 'mmsg']],
    ['vnetHeader', 'ENOPROTOOPT', 'vnet header', /CONFIG_PACKET/, ['packet', 'xdp', 'mmsg']],
    ['fanout', 'EINVAL', 'fan-out', /CONFIG_PACKET/, ['packet', 'xdp', 'mmsg']],
    ['tap', 'ENOENT', 'tap', /modprobe tun/, ['packet', 'xdp', 'mmsg']],
    ['shield', 'EINVAL', 'TCX', /Linux 6\.6/, ['packet', 'xdp', 'mmsg']],
    ['xdpSocket', 'EAFNOSUPPORT', 'AF_XDP', /CONFIG_XDP_SOCKETS/, ['packet', 'mmsg']],
    ['xdpNative', 'EOPNOTSUPP', 'XDP native', /CONFIG_BPF_SYSCALL/, ['packet', 'xdp', 'mmsg']],
    ['xdpGeneric', 'EINVAL', 'XDP generic', /CONFIG_BPF_SYSCALL/, ['packet', 'xdp', 'mmsg']],
  ] as const)('%s: %s', async (trial, code, name, fix, backends) => {
    const probes = without(trial, code);
    expect(await missing(probes)).toEqual({ [name]: expect.stringMatching(fix) as string });
    const { findings } = await examine(probes);
    expect(findings.find((one) => one.name === name)!.detail).toContain(code);
    expect((await examine(probes)).backends).toEqual(backends);
  });

  it('neither kind of XDP: no xdp', async () => {
    const no: Trial = { works: false, code: 'EOPNOTSUPP' };
    const trials = { ...ALL, xdpNative: no, xdpGeneric: no };
    const { backends } = await examine(machine({ tryKernel: () => Promise.resolve(trials) }));
    expect(backends).toEqual(['packet', 'mmsg']);
  });

  it('what is forbidden is no fault of the kernel, and what was not tried is said', async () => {
    expect((await missing(without('tap', 'EPERM'))).tap).toMatch(/capabilities above.*seccomp/);
    expect((await missing(without('xdpNative', 'EACCES')))['XDP native']).toMatch(/capabilities above/);
    expect((await missing(without('tap', 'untried'))).tap).toMatch(/run doctor as root/);
  });
});
