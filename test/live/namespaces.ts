/**
 * Network namespaces, links between them and programs in them, made and removed by a test or a benchmark; nothing of the machine's own
 * network is touched.
 */

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let made = 0;

export class Namespaces {
  readonly folder = mkdtempSync(join(tmpdir(), 'netvirt-live-'));
  /** Names of namespaces are the machine's: those of one user of this class begin with this. */
  readonly #prefix = `nvr-${process.pid}-${made++}-`;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcessWithoutNullStreams[] = [];

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

  /** Starts a program in a namespace; it is ended with them. */
  start(namespace: string, ...command: string[]): ChildProcessWithoutNullStreams {
    const child = spawn('ip', ['netns', 'exec', this.name(namespace), ...command]);
    this.#children.push(child);
    return child;
  }

  /** A file in a folder that goes with the namespaces. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  name(namespace: string): string {
    return this.#prefix + namespace;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#children.map(end));
    for (const namespace of this.#namespaces) run('ip', ['netns', 'del', this.name(namespace)]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes one, its loopback up. */
  add(name: string): void {
    must('ip', ['netns', 'add', this.name(name)]);
    this.#namespaces.push(name);
    this.ip(name, 'link', 'set', 'dev', 'lo', 'up');
    // Addresses are usable at once.
    this.try(name, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0');
  }

  /** A pair of interfaces that are each other's wire, `nameA` in namespace `a`. */
  veth(a: string, nameA: string, b: string, nameB: string, mtu: number): void {
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

  address(namespace: string, link: string, address: string): void {
    this.ip(namespace, 'addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
  }
}

/** In order, and where that takes too long by force. One that is stopped has to go on for it. */
async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
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

/** What a program prints until it ends. */
export async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.on('data', (data: Buffer) => (text += data.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text.trim();
}
