/**
 * Where frames are forwarded: one namespace has the VMs' ends of all hosts, one the far ends of their uplinks, and every system is a
 * host between them, in a namespace of its own.
 *
 *   source: v-HOST ═ t0 ─ HOST (dataplane) ─ up0 ═ w-HOST: sink
 *
 * The sink has no address and not the MAC of the frames, so that its kernel counts a frame and drops it at once.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HOSTS, fabricPolicy } from '../../test/live/fabric.ts';
import { Namespaces } from '../../test/live/namespaces.ts';
import type { HostSpec } from '../../test/live/topology.ts';
import type { Cores } from './cores.ts';
import { type LinkCounts, linkCounts } from './counters.ts';
import type { Programs } from './programs.ts';
import { type Traffic, writeTraffic } from './traffic.ts';

const SAMPLER = fileURLToPath(new URL('sampler.ts', import.meta.url));
const MTU = 1500;

/** The hosts with their IPv4 addresses alone: the kernel's neighbour discovery would be counted with the frames. */
export const [OWN, PEER] = [withoutIpv6(HOSTS[0]!), withoutIpv6(HOSTS[1]!)];
export const NETWORK = '192.0.2.0/24';
export const addressOf = ({ addresses }: HostSpec): string => addresses[0]!.split('/')[0]!;

export class Stage extends Namespaces {
  readonly cores: Cores;
  readonly programs: Programs;
  readonly policy: string;
  readonly #sampler: ChildProcessWithoutNullStreams;
  readonly #samples: AsyncIterator<string>;

  constructor(cores: Cores, programs: Programs) {
    super();
    this.cores = cores;
    this.programs = programs;
    for (const name of ['source', 'sink']) this.#addQuiet(name);
    this.policy = this.write('policy.yaml', fabricPolicy({ hosts: [OWN, PEER], hasMacs: true }));
    this.#sampler = this.start('sink', process.execPath, '--import', import.meta.resolve('tsx'), SAMPLER);
    this.#samples = createInterface({ input: this.#sampler.stdout })[Symbol.asyncIterator]();
  }

  /** A host with ends for VMs: `t0`, `t1`, … in it, in the source `v-HOST`, `v1-HOST`, …. */
  host(name: string, vms = 1): void {
    this.#addQuiet(name);
    for (let index = 0; index < vms; index++) {
      this.#wire(name, `t${index}`, 'source', sourceOf(name, index));
    }
    this.#wire(name, 'up0', 'sink', sinkOf(name));
    this.ip(name, 'link', 'set', 'dev', 'up0', 'address', OWN.mac);
    this.address(name, 'up0', OWN.addresses[0]!);
    const peer = [addressOf(PEER), 'lladdr', PEER.mac, 'dev', 'up0', 'nud', 'permanent'];
    this.ip(name, 'neigh', 'replace', ...peer);
  }

  /** Sends frames to a host from now on; `rate`: so many per second. */
  send(host: string, traffic: Traffic, { vm = 0, rate = 0 } = {}): Sender {
    const file = `${this.folder}/${host}-${vm}.frames`;
    writeTraffic(file, traffic);
    const { cores, programs } = this;
    const end = sourceOf(host, vm);
    const command = [...cores.sender, programs.sender, end, file, ...(rate > 0 ? [String(rate)] : [])];
    return new Sender(this.start('source', ...command), end);
  }

  /** What has arrived in the sink. */
  arrived(host: string): LinkCounts {
    return linkCounts(this.#sampler.pid!, sinkOf(host));
  }

  /** Frames that arrive in the sink now, whole: at most `count`, and none where none has arrived after five seconds. */
  async sample(host: string, count: number): Promise<Uint8Array[]> {
    this.#sampler.stdin.write(`${sinkOf(host)} ${count}\n`);
    const line = await this.#samples.next();
    if (line.done === true) throw new Error('the process that reads the sink has ended');
    return (JSON.parse(line.value) as string[]).map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
  }

  /** Without IPv6, whose kernel sends by itself. */
  #addQuiet(name: string): void {
    this.add(name);
    const settings = ['all', 'default'].map((which) => `net.ipv6.conf.${which}.disable_ipv6=1`);
    this.exec(name, 'sysctl', '-qw', ...settings);
  }

  #wire(host: string, port: string, far: string, end: string): void {
    this.veth(host, port, far, end, MTU);
    this.ip(host, 'link', 'set', 'dev', port, 'up');
    this.ip(far, 'link', 'set', 'dev', end, 'up');
    // What the sender leaves to be done is done before the wire: not all can who receive.
    this.exec(far, 'ethtool', '-K', end, 'tx', 'off');
  }
}

function withoutIpv6(host: HostSpec): HostSpec {
  return { ...host, addresses: host.addresses.slice(0, 1) };
}

const sourceOf = (host: string, vm: number) => `v${vm}-${host}`;
const sinkOf = (host: string) => `w-${host}`;

export class Sender {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #interface: string;
  #said = '';

  constructor(child: ChildProcessWithoutNullStreams, name: string) {
    this.#child = child;
    this.#interface = name;
    child.stderr.on('data', (data: Buffer) => (this.#said += data.toString()));
  }

  /** Frames that it has sent by its interface, all senders before it included. @throws Error where it has ended. */
  sent(): number {
    if (this.#child.exitCode !== null) throw new Error(`the sender has ended: ${this.#said}`);
    return linkCounts(this.#child.pid!, this.#interface).sent;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
