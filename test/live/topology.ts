/**
 * Network namespaces for tests: hosts of a fabric that run netvirt, VMs with kernels' own TCP/IP, and a provider network between the
 * hosts. Made and removed by the test; nothing of the machine's own network is touched.
 *
 *   vm ─ eth0 ═ PORT ─ host (netvirt run) ─ up0 ═ … ─ provider: a bridge, or a router between two networks
 */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../src/cli/run-report.ts';
import { Namespaces, outputOf } from './namespaces.ts';

const MAIN = fileURLToPath(new URL('../../dist/netvirt.js', import.meta.url));
const VM = fileURLToPath(new URL('vm.mjs', import.meta.url));

export interface HostSpec {
  readonly name: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  readonly mac: string;
  /** Routers, one of a family: then the provider network routes. */
  readonly gateways?: readonly string[];
}

export interface VmSpec {
  readonly name: string;
  readonly mac: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  readonly gateways?: readonly string[];
}

export class Topology extends Namespaces {
  /** A bridge that all hosts are at, or a router where hosts have gateways. */
  constructor(hosts: readonly HostSpec[], mtu = 1500) {
    super();
    this.add('net');
    const isRouted = hosts.some(({ gateways }) => gateways !== undefined);
    if (isRouted) {
      this.exec('net', 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    } else {
      this.ip('net', 'link', 'add', 'br0', 'type', 'bridge');
      this.ip('net', 'link', 'set', 'dev', 'br0', 'mtu', String(mtu), 'up');
    }
    for (const [index, { name, addresses, mac, gateways = [] }] of hosts.entries()) {
      this.add(name);
      const port = `p${index}`;
      this.veth(name, 'up0', 'net', port, mtu);
      this.ip(name, 'link', 'set', 'dev', 'up0', 'address', mac);
      if (!isRouted) this.ip('net', 'link', 'set', 'dev', port, 'master', 'br0');
      this.ip('net', 'link', 'set', 'dev', port, 'up');
      this.ip(name, 'link', 'set', 'dev', 'up0', 'up');
      for (const address of addresses) this.address(name, 'up0', address);
      for (const gateway of gateways) {
        const length = addresses.find((own) => own.includes(':') === gateway.includes(':'))!.split('/')[1]!;
        this.address('net', port, `${gateway}/${length}`);
        this.ip(name, ...family(gateway), 'route', 'add', 'default', 'via', gateway);
      }
    }
  }

  /** A VM at an interface of a host that is called like it. */
  vm(host: string, { name, mac, addresses, gateways = [] }: VmSpec): void {
    this.add(name);
    this.plug(host, name);
    this.ip(name, 'link', 'set', 'dev', 'eth0', 'address', mac);
    this.ip(name, 'link', 'set', 'dev', 'eth0', 'up');
    for (const address of addresses) this.address(name, 'eth0', address);
    for (const gateway of gateways)
      this.ip(name, ...family(gateway), 'route', 'add', 'default', 'via', gateway);
  }

  /** Puts an interface for a VM into a host; the VM's own is called `eth0`. */
  plug(host: string, vm: string): void {
    this.veth(host, vm, vm, 'eth0', 1500);
    this.ip(host, 'link', 'set', 'dev', vm, 'up');
  }

  /** A program of `vm.mjs` in a VM: what it printed, as an object. */
  async ask(vm: string, ...args: string[]): Promise<Record<string, unknown>> {
    const child = this.start(vm, process.execPath, VM, ...args);
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const text = await outputOf(child);
    clearTimeout(timer);
    return text === '' ? { error: 'no answer' } : (JSON.parse(text) as Record<string, unknown>);
  }

  /** A server that tells the VM's name. */
  async serve(vm: string): Promise<void> {
    const child = this.start(vm, process.execPath, VM, 'serve', vm);
    await new Promise((resolve) => child.stdout.once('data', resolve));
  }

  /** Does a ping come back? */
  pings(vm: string, to: string, ...options: string[]): boolean {
    return this.try(vm, 'ping', '-n', '-c', '3', '-i', '0.2', '-W', '2', ...options, to).status === 0;
  }
}

/** `netvirt run` in a host of a topology. */
export class RunningHost {
  readonly child: ChildProcess;
  readonly lines: { readonly level: number; readonly msg: string; readonly [name: string]: unknown }[] = [];
  #waiting: (() => void)[] = [];
  #stdout = '';
  #text = '';

  /** @param host in the policy; its namespace is `at`. `prefix`: programs that start it, as `taskset`. */
  constructor(
    namespaces: Namespaces,
    host: string,
    policy: string,
    args: readonly string[],
    { at = host, prefix = [] }: { at?: string; prefix?: readonly string[] } = {},
  ) {
    const options = ['--host', host, '--uplink', 'up0', '--log', 'json', '--json', '--stats', '0', ...args];
    this.child = namespaces.start(at, ...prefix, process.execPath, MAIN, 'run', policy, ...options);
    this.child.stdout!.on('data', (data: Buffer) => {
      this.#stdout += data.toString();
      this.#wake();
    });
    this.child.stderr!.on('data', (data: Buffer) => {
      this.#text += data.toString();
      const lines = this.#text.split('\n');
      this.#text = lines.pop()!;
      for (const line of lines) this.lines.push(read(line));
      this.#wake();
    });
    this.child.once('exit', () => {
      this.#wake();
    });
  }

  /** Resolves when a line of the log has that text. @throws Error where it ends, or 40 seconds pass. */
  async says(text: string, from = 0): Promise<void> {
    await this.#until(() => this.lines.slice(from).some(({ msg }) => msg.includes(text)), `says "${text}"`);
  }

  async isRunning(): Promise<void> {
    await this.says('runs on up0');
  }

  /** What it counts now. */
  async report(): Promise<RunReport> {
    this.#stdout = '';
    this.child.kill('SIGUSR1');
    await this.#until(() => this.#stdout.endsWith('\n'), 'reports');
    return JSON.parse(this.#stdout) as RunReport;
  }

  /** Ends it in order. @returns its last report. */
  async stop(): Promise<RunReport> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.#stdout = '';
    this.child.kill('SIGTERM');
    await ended;
    return JSON.parse(this.#stdout) as RunReport;
  }

  /** Ends it at once, if it has not ended. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!isTrue()) {
      const isOver = this.child.exitCode !== null || this.child.signalCode !== null;
      if (isOver || Date.now() > deadline)
        throw new Error(
          `expected that netvirt ${what}, got:\n${this.lines.map(({ msg }) => msg).join('\n')}\n${this.#text}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Errors before the log begins are lines of text. */
function read(line: string): RunningHost['lines'][number] {
  try {
    return JSON.parse(line) as RunningHost['lines'][number];
  } catch {
    return { level: 50, msg: line };
  }
}

function family(address: string): string[] {
  return address.includes(':') ? ['-6'] : [];
}
