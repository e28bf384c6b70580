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
import { type KernelTrials, type Trial, UNTRIED, tryKernel } from '../live/probe-kernel.ts';
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

/** What is asked of the machine. */
export interface Probes {
  readonly platform: string;
  readonly arch: string;
  readonly release: string;
  /** Undefined: there is no /proc. */
  readonly capabilities: () => bigint | undefined;
  /** @throws LiveError where the kernel cannot be called. */
  readonly tryKernel: () => Promise<KernelTrials>;
}

const MACHINE: Probes = {
  platform: process.platform,
  arch: process.arch,
  release: release(),
  capabilities: effectiveCapabilities,
  tryKernel,
};

/** @throws InputError after the report where `netvirt run` cannot work at all. */
export async function doctor({ json }: DoctorOptions): Promise<void> {
  const { findings, backends } = await examine(MACHINE);
  console.log(
    json === true ? JSON.stringify({ backends, findings }, null, 2) : doctorText(findings, backends),
  );
  const missing = findings.filter(({ works, isNeeded }) => isNeeded && !works).map(({ name }) => name);
  if (missing.length > 0) throw new InputError(`netvirt run cannot work here: ${missing.join(', ')} missing`);
}

/** @returns what works and what does not, and what `--io` can be. */
export async function examine(probes: Probes): Promise<{ findings: Finding[]; backends: string[] }> {
  const findings = await findingsOf(probes);
  return { findings, backends: backendsOf(findings) };
}

async function findingsOf({ platform, arch, release, capabilities, tryKernel }: Probes): Promise<Finding[]> {
  const isRight = platform === 'linux' && ['x64', 'arm64'].includes(arch);
  const system = platform === 'linux' ? `Linux ${release}, ${arch}` : platform;
  const where = 'live I/O is the Linux kernel’s, on x64 and arm64; captures work everywhere';
  const findings: Finding[] = [finding('Linux', true, isRight, system, where)];
  if (!isRight) return findings;
  const set = capabilities() ?? 0n;
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
  const { packetRing, vnetHeader, fanout, tap, shield, xdpSocket, xdpNative, xdpGeneric } = trials;
  const tried = (name: string, trial: Trial, what: string, fix: string) => {
    if (trial.works) return finding(name, false, true, what, '');
    const hint = FIXES[trial.code] ?? fix;
    return finding(name, false, false, `${what}: ${trial.code}`, hint);
  };
  return [
    tried('packet ring', packetRing, '--io packet (TPACKET_V2)', PACKET_FIX),
    tried('vnet header', vnetHeader, 'segments and partial checksums of VMs', PACKET_FIX),
    tried('fan-out', fanout, '--workers of more than 1', PACKET_FIX),
    tried('tap', tap, '--tap', 'modprobe tun; in a container: --device /dev/net/tun'),
    tried('TCX', shield, 'keeps the host’s stack away from frames of VMs', 'Linux 6.6 or later, or --io xdp'),
    tried('AF_XDP', xdpSocket, '--io xdp', XDP_FIX),
    tried('XDP native', xdpNative, '--io xdp in the driver (tried on veth)', XDP_FIX),
    tried('XDP generic', xdpGeneric, '--io xdp without the driver', XDP_FIX),
  ];
}

const PACKET_FIX = 'a kernel with CONFIG_PACKET';
const XDP_FIX = 'a kernel of 5.9 or later with CONFIG_XDP_SOCKETS and CONFIG_BPF_SYSCALL';
const DENIED = 'see the capabilities above; a container may also need --security-opt seccomp=unconfined';
/** What is not the kernel's fault. */
const FIXES: Partial<Record<string, string>> = {
  EPERM: DENIED,
  EACCES: DENIED,
  [UNTRIED]: 'it is tried in a network namespace of its own: run doctor as root',
};

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
