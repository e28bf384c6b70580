/** `netvirt doctor`: what this machine allows of live I/O, and how to get what is missing. */

import { release } from 'node:os';
import pc from 'picocolors';
import {
  BPF,
  type Capability,
  NET_ADMIN,
  NET_RAW,
  effectiveCapabilities,
  hasCapability,
  howToGive,
} from '../live/capabilities.ts';
import { type KernelTrials, type Trial, tryKernel } from '../live/probe-kernel.ts';
import { LiveError } from '../live/types.ts';
import { InputError } from './errors.ts';
import { table } from './report.ts';

export interface DoctorOptions {
  json?: boolean;
}

export interface Finding {
  name: string;
  works: boolean;
  /** `run` cannot do without it. */
  isNeeded: boolean;
  /** What it is, or what is wrong. */
  detail: string;
  /** How to get it; '' where it works. */
  fix: string;
}

/** @throws InputError after the report where `netvirt run` cannot work at all. */
export async function doctor({ json }: DoctorOptions): Promise<void> {
  const findings = await examine();
  const backends = backendsOf(findings);
  console.log(
    json === true ? JSON.stringify({ backends, findings }, null, 2) : doctorText(findings, backends),
  );
  const missing = findings.filter(({ works, isNeeded }) => isNeeded && !works).map(({ name }) => name);
  if (missing.length > 0) throw new InputError(`netvirt run cannot work here: ${missing.join(', ')} missing`);
}

async function examine(): Promise<Finding[]> {
  const isLinux = process.platform === 'linux';
  const system = isLinux ? `Linux ${release()}, ${process.arch}` : process.platform;
  const findings: Finding[] = [
    finding('Linux', true, isLinux, system, 'live I/O is the Linux kernel’s; captures work everywhere'),
  ];
  if (!isLinux) return findings;
  const set = effectiveCapabilities() ?? 0n;
  const capability = (one: Capability, isNeeded: boolean) =>
    finding(one.name, isNeeded, hasCapability(set, one), one.use, howToGive([one]));
  findings.push(capability(NET_RAW, true), capability(NET_ADMIN, true), capability(BPF, false));
  try {
    const trials = await tryKernel();
    findings.push(finding('koffi', true, true, 'calls the kernel', ''), ...judge(trials));
  } catch (error) {
    if (!(error instanceof LiveError)) throw error;
    findings.push(finding('koffi', true, false, error.message, 'npm install koffi'));
  }
  return findings;
}

function judge(trials: KernelTrials): Finding[] {
  const { packetRing, vnetHeader, fanout, tap, xdpSocket, xdpNative, xdpGeneric } = trials;
  const tried = (name: string, isNeeded: boolean, trial: Trial, what: string, fix: string) => {
    if (trial.works) return finding(name, isNeeded, true, what, '');
    const isDenied = trial.code === 'EPERM' || trial.code === 'EACCES';
    return finding(name, isNeeded, false, `${what}: ${trial.code}`, isDenied ? DENIED : fix);
  };
  const xdpFix = 'a kernel of 5.9 or later with CONFIG_XDP_SOCKETS and CONFIG_BPF_SYSCALL';
  return [
    tried('packet ring', false, packetRing, '--io packet (TPACKET_V3)', 'a kernel with CONFIG_PACKET'),
    tried(
      'vnet header',
      false,
      vnetHeader,
      'segments and partial checksums of VMs',
      'a kernel with CONFIG_PACKET',
    ),
    tried('fan-out', false, fanout, '--workers of more than 1', 'a kernel with CONFIG_PACKET'),
    tried('tap', false, tap, '--tap', 'modprobe tun; in a container: --device /dev/net/tun'),
    tried('AF_XDP', false, xdpSocket, '--io xdp', xdpFix),
    tried('XDP native', false, xdpNative, '--io xdp in the driver (tried on veth)', xdpFix),
    tried('XDP generic', false, xdpGeneric, '--io xdp without the driver', xdpFix),
  ];
}

const DENIED = 'see the capabilities above; a container may also need --security-opt seccomp=unconfined';

function finding(name: string, isNeeded: boolean, works: boolean, detail: string, fix: string): Finding {
  return { name, works, isNeeded, detail, fix: works ? '' : fix };
}

/** What `--io` can be here. */
function backendsOf(findings: readonly Finding[]): string[] {
  const works = (...names: string[]) =>
    names.every((name) => findings.some((one) => one.name === name && one.works));
  if (!works('Linux', 'koffi', NET_RAW.name, NET_ADMIN.name)) return [];
  return [
    ...(works('packet ring') ? ['packet'] : []),
    ...(works('AF_XDP', BPF.name) && (works('XDP native') || works('XDP generic')) ? ['xdp'] : []),
    'mmsg',
  ];
}

function doctorText(findings: readonly Finding[], backends: readonly string[]): string {
  const rows = findings.map(({ name, works, isNeeded, detail, fix }) => [
    name,
    works ? pc.green('works') : isNeeded ? pc.red('missing') : pc.yellow('missing'),
    detail,
    fix,
  ]);
  return [
    table(['what', '', 'for', 'how to get it'], rows),
    '',
    backends.length === 0 ? 'netvirt run: not here' : `netvirt run --io: ${backends.join(', ')}`,
  ].join('\n');
}
