/** Traffic at full rate for a while: does memory stay flat, is every packet counted? `npm run soak -- SECONDS [packet|mmsg|xdp]` */

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { HOSTS, type Method, VMS, fabricPolicy } from './fabric.ts';
import { RunningHost, Topology } from './topology.ts';

export interface SoakResult {
  /** Of the first host's process, KiB: after the warm-up, and at the end. */
  readonly before: number;
  readonly after: number;
  readonly bitsPerSecond: number;
  readonly frames: number;
}

/** The first seconds fill caches, code and heaps. */
const WARM_UP = 15;

/** @param seconds of TCP at full rate, beyond the warm-up, and datagrams of all sizes beside it. */
export async function soak(seconds: number, io: string, method: Method): Promise<SoakResult> {
  const topology = new Topology(HOSTS);
  try {
    for (const vm of VMS) topology.vm(vm.host, vm);
    const policy = topology.write('policy.yaml', fabricPolicy({ method }));
    const hosts = HOSTS.map(({ name }) => {
      const local = VMS.filter(({ host }) => host === name);
      const attach = local.flatMap((vm) => ['--attach', `${vm.name}=${vm.name}`]);
      return new RunningHost(topology, name, policy, ['--io', io, ...attach]);
    });
    await Promise.all(hosts.map((host) => host.isRunning()));
    for (const vm of ['c-web', 'f-web']) topology.start(vm, 'iperf3', '--server');
    await sleep(1000);
    const time = String(WARM_UP + seconds);
    const child = topology.start('c-sql', 'iperf3', '--client', '10.1.1.12', '--time', time, '--json');
    topology.start(
      'f-sql',
      'iperf3',
      '--client',
      'fd00:1::12',
      '--udp',
      '--bitrate',
      '20M',
      '--length',
      '900',
      '--time',
      time,
    );
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await sleep(WARM_UP * 1000);
    const process = hosts[0]!.child.pid!;
    const before = residentOf(process);
    await ended;
    const after = residentOf(process);
    const reports = await Promise.all(hosts.map((host) => host.stop()));
    for (const { inputs, outputs, replies, punts, waiting, drops } of reports) {
      const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
      if (outputs + replies + punts + waiting + dropped !== inputs)
        throw new Error('a packet is not counted');
    }
    const { end } = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
    const { bits_per_second: bitsPerSecond } = end.sum_received;
    return { before, after, bitsPerSecond, frames: reports[0]!.inputs };
  } finally {
    await topology.remove();
  }
}

/** KiB of a process in memory. */
function residentOf(process: number): number {
  const [, kibibytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8')) ?? [];
  return Number(kibibytes);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [seconds = '600', io = 'packet', method = 'rewrite'] = process.argv.slice(2);
  console.log(JSON.stringify(await soak(Number(seconds), io, method as Method)));
}
