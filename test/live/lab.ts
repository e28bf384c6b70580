/**
 * Network namespaces for the tests of live I/O, made and removed here. A child process in the namespace has both ends of every veth
 * pair: a dataplane's ports and the wires at their other ends. Nothing leaves the namespace.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
let made = 0;

/** Why live I/O cannot be tested here; undefined: it can. */
export function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    import.meta.resolve('koffi');
  } catch {
    return 'no koffi';
  }
  try {
    const name = `nvl-probe-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'no network namespaces';
  }
}

/** One answer of a child: what a command returned. */
export type Reply = Record<string, unknown>;

export class Lab {
  readonly name = `nvl-${process.pid}-${++made}`;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    this.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  }

  /** Runs a program in the namespace. Returns what it prints. */
  run(program: string, ...args: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.name, program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  ip(...args: string[]): string {
    return this.run('ip', ...args);
  }

  /** A pair of interfaces that are each other's wire. */
  pair(port: string, wire: string, mtu = 1500): void {
    this.ip('link', 'add', port, 'mtu', `${mtu}`, 'type', 'veth', 'peer', 'name', wire, 'mtu', `${mtu}`);
    this.ip('link', 'set', port, 'up');
    this.ip('link', 'set', wire, 'up');
  }

  /** @param prefix programs that start it, as `setpriv`. */
  async child(prefix: string[] = []): Promise<Child> {
    const command = [...prefix, process.execPath, '--import', 'tsx', CHILD];
    const process_ = spawn('ip', ['netns', 'exec', this.name, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.add(process_);
    process_.once('exit', () => this.#children.delete(process_));
    const child = new Child(process_);
    await child.answer();
    return child;
  }

  /** Ends what still runs. */
  async endChildren(): Promise<void> {
    for (const child of [...this.#children]) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  /** Removes the namespace and what is in it. */
  async close(): Promise<void> {
    await this.endChildren();
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}

export class Child {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(process_: ChildProcess) {
    this.#process = process_;
    this.#lines = createInterface({ input: process_.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<Reply> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the child has ended');
    return JSON.parse(line.value) as Reply;
  }

  /** Calls one of the functions in `child.ts`. What it throws is an answer too: `error`, and `kind` of a LiveError. */
  async call(command: string, argument: unknown = {}): Promise<Reply> {
    this.#process.stdin!.write(`${JSON.stringify({ command, argument })}\n`);
    return this.answer();
  }

  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
