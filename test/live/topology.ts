/**
 * Network namespaces for tests: hosts of a fabric that run netvirt, VMs with kernels' own TCP/IP, and a provider network between the
 * hosts. Made and removed by the test; nothing of the machine's own network is touched.
 *
 *   vm ─ eth0 ═ PORT ─ host (netvirt run) ─ up0 ═ … ─ provider: a bridge, or a router between two networks
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../src/cli/run-report.ts';

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

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let made = 0;

export class Topology {
  readonly folder = mkdtempSync(join(tmpdir(), 'netvirt-live-'));
  /** Names of namespaces are the machine's: those of one test begin with this. */
  readonly #prefix = `nvr-${process.pid}-${made++}-`;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcess[] = [];

  /** A bridge that all hosts are at, or a router where hosts have gateways. */
  constructor(hosts: readonly HostSpec[], mtu = 1500) {
    this.#namespace('net');
    const isRouted = hosts.some(({ gateways }) => gateways !== undefined);
    if (isRouted) {
      this.exec('net', 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    } else {
      this.ip('net', 'link', 'add', 'br0', 'type', 'bridge');
      this.ip('net', 'link', 'set', 'dev', 'br0', 'mtu', String(mtu), 'up');
    }
    for (const [index, { name, addresses, mac, gateways = [] }] of hosts.entries()) {
      this.#namespace(name);
      const port = `p${index}`;
      this.#veth(name, 'up0', 'net', port, mtu);
      this.ip(name, 'link', 'set', 'dev', 'up0', 'address', mac);
      if (!isRouted) this.ip('net', 'link', 'set', 'dev', port, 'master', 'br0');
      this.ip('net', 'link', 'set', 'dev', port, 'up');
      this.ip(name, 'link', 'set', 'dev', 'up0', 'up');
      for (const address of addresses) this.#address(name, 'up0', address);
      for (const gateway of gateways) {
        const length = addresses.find((own) => own.includes(':') === gateway.includes(':'))!.split('/')[1]!;
        this.#address('net', port, `${gateway}/${length}`);
        this.ip(name, ...family(gateway), 'route', 'add', 'default', 'via', gateway);
      }
    }
  }

  /** A VM at an interface of a host that is called like it. */
  vm(host: string, { name, mac, addresses, gateways = [] }: VmSpec): void {
    this.#namespace(name);
    this.plug(host, name);
    this.ip(name, 'link', 'set', 'dev', 'eth0', 'address', mac);
    this.ip(name, 'link', 'set', 'dev', 'eth0', 'up');
    for (const address of addresses) this.#address(name, 'eth0', address);
    for (const gateway of gateways)
      this.ip(name, ...family(gateway), 'route', 'add', 'default', 'via', gateway);
  }

  /** Puts an interface for a VM into a host; the VM's own is called `eth0`. */
  plug(host: string, vm: string): void {
    this.#veth(host, vm, vm, 'eth0', 1500);
    this.ip(host, 'link', 'set', 'dev', vm, 'up');
  }

  /** Runs `ip` in a namespace. @throws Error where it fails. */
  ip(namespace: string, ...args: string[]): string {
    return must('ip', ['-n', this.name(namespace), ...args]);
  }

  /** Runs a program in a namespace to its end. @throws Error where it fails. */
  exec(namespace: string, ...command: string[]): string {
    return must('ip', ['netns', 'exec', this.name(namespace), ...command]);
  }

  /** The same, whatever comes of it. */
  try(namespace: string, ...command: string[]): Ran {
    return run('ip', ['netns', 'exec', this.name(namespace), ...command]);
  }

  /** Starts a program in a namespace; it is ended with the topology. */
  start(namespace: string, ...command: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name(namespace), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
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
    await new Promise((resolve) => child.stdout!.once('data', resolve));
  }

  /** Does a ping come back? */
  pings(vm: string, to: string, ...options: string[]): boolean {
    return this.try(vm, 'ping', '-n', '-c', '3', '-i', '0.2', '-W', '2', ...options, to).status === 0;
  }

  /** A file in a folder that goes with the topology. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  name(namespace: string): string {
    return this.#prefix + namespace;
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    }
    for (const namespace of this.#namespaces) run('ip', ['netns', 'del', this.name(namespace)]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #namespace(name: string): void {
    must('ip', ['netns', 'add', this.name(name)]);
    this.#namespaces.push(name);
    this.ip(name, 'link', 'set', 'dev', 'lo', 'up');
    // Addresses are usable at once.
    this.try(name, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0');
  }

  #veth(a: string, nameA: string, b: string, nameB: string, mtu: number): void {
    const there = ['netns', this.name(b), 'mtu', String(mtu)];
    this.ip(
      a,
      'link',
      'add',
      'name',
      nameA,
      'mtu',
      String(mtu),
      'type',
      'veth',
      'peer',
      'name',
      nameB,
      ...there,
    );
  }

  #address(namespace: string, link: string, address: string): void {
    this.ip(namespace, 'addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
  }
}

/** `netvirt run` in a host of a topology. */
export class RunningHost {
  readonly child: ChildProcess;
  readonly lines: { readonly level: number; readonly msg: string; readonly [name: string]: unknown }[] = [];
  #waiting: (() => void)[] = [];
  #stdout = '';
  #text = '';

  constructor(topology: Topology, host: string, policy: string, args: readonly string[]) {
    const options = ['--host', host, '--uplink', 'up0', '--log', 'json', '--json', '--stats', '0', ...args];
    this.child = topology.start(host, process.execPath, MAIN, 'run', policy, ...options);
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

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (data: Buffer) => (text += data.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text.trim();
}

function run(command: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { timeout: 60_000 });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}
