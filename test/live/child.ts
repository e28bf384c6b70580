/** A process in a namespace of a test: runs a dataplane with live I/O, or the wires at the other ends. Commands come as lines of JSON. */

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dataplane } from '../../src/index.ts';
import { LiveIo } from '../../src/live/io.ts';
import { Interfaces } from '../../src/live/interfaces.ts';
import { Assembler, createLink, loadProgram } from '../../src/live/bpf.ts';
import {
  BPF_PROG_TYPE_XDP,
  BPF_TCX_INGRESS,
  BPF_XDP,
  XDP_FLAGS_DRV_MODE,
  XDP_PASS,
} from '../../src/live/linux.ts';
import { loadSystem, words } from '../../src/live/system.ts';
import { type IoChoice, LiveError, type LiveEvent } from '../../src/live/types.ts';
import { Wire } from './wire.ts';

const BPF_PROG_QUERY = 16;

const wires = new Map<string, Wire>();
const events: LiveEvent[] = [];
let dataplane: Dataplane | undefined;
let live: LiveIo | undefined;

const system = await loadSystem();

function wire(name: string): Wire {
  let known = wires.get(name);
  if (known === undefined) {
    const interfaces = new Interfaces(system);
    known = new Wire(system, interfaces.require(name).index);
    interfaces.close();
    wires.set(name, known);
  }
  return known;
}

interface StartArgument {
  policy: string;
  host: string;
  io: IoChoice;
  workers?: number;
  /** Interface by endpoint; '' is the uplink. */
  attach: Record<string, string>;
  taps?: Record<string, string>;
}

const commands: Record<string, (argument: never) => unknown> = {
  async start({ policy, host, io, workers = 1, attach, taps = {} }: StartArgument) {
    dataplane = await Dataplane.create({ policy, host, build: 'live', workers: workers + 1 });
    const port = (endpoint: string) => (endpoint === '' ? 0 : dataplane!.port(endpoint));
    const ports = [
      ...Object.entries(attach).map(([endpoint, name]) => ({
        port: port(endpoint),
        kind: 'interface' as const,
        name,
      })),
      ...Object.entries(taps).map(([endpoint, name]) => ({
        port: port(endpoint),
        kind: 'tap' as const,
        name,
      })),
    ];
    live = await LiveIo.start({ dataplane, ports, io, workers, onEvent: (event) => events.push(event) });
    return { events: events.splice(0) };
  },

  async stop() {
    await live!.stop();
    return {};
  },

  listen(names: string[]) {
    for (const name of names) wire(name).receive();
    return {};
  },

  /** Sends frames, waits until nothing arrives any more, and says what did. */
  async exchange({ send, quiet = 300 }: { send: [wire: string, hex: string][]; quiet?: number }) {
    for (const [name, hex] of send) {
      if (!wire(name).send(Buffer.from(hex, 'hex'))) throw new Error(`${name} does not take a frame`);
      // In order, whichever port it is: one after the other has arrived.
      await sleep(2);
    }
    const received: Record<string, string[]> = Object.fromEntries(
      [...wires.keys()].map((name) => [name, []]),
    );
    for (let last = Date.now(); Date.now() - last < quiet;) {
      for (const [name, one] of wires) {
        const frames = one.receive();
        if (frames.length > 0) last = Date.now();
        received[name]!.push(...frames.map((frame) => Buffer.from(frame).toString('hex')));
      }
      await sleep(10);
    }
    return { received };
  },

  /** Sends the same frame so many times, as fast as it goes. */
  async flood({ name, hex, count }: { name: string; hex: string; count: number }) {
    const frame = Buffer.from(hex, 'hex');
    let sent = 0;
    for (let index = 0; index < count; index++) {
      if (wire(name).send(frame)) sent++;
      if (index % 500 === 0) await sleep(1);
    }
    return { sent };
  },

  /** TCX programs on the ingress of interfaces: BPF_PROG_QUERY counts them. */
  programs(names: string[]) {
    const interfaces = new Interfaces(system);
    const counts = names.map((name) => {
      // union bpf_attr, query: target_ifindex, attach_type, query_flags, attach_flags u32, prog_ids u64, count u32
      const attributes = new Uint8Array(64);
      attributes.set(words(interfaces.require(name).index, BPF_TCX_INGRESS));
      if (system.syscall(system.bpfNumber, BPF_PROG_QUERY, attributes, 64) < 0) throw new Error('no query');
      return new DataView(attributes.buffer).getUint32(24, true);
    });
    interfaces.close();
    return { counts };
  },

  /** Attaches an XDP program of somebody else's, for as long as this process lives. */
  occupy(name: string) {
    const interfaces = new Interfaces(system);
    const code = new Assembler().set(0, XDP_PASS).exit().bytes();
    const program = loadProgram(system, BPF_PROG_TYPE_XDP, BPF_XDP, code);
    const link = createLink(system, program, interfaces.require(name).index, BPF_XDP, XDP_FLAGS_DRV_MODE);
    interfaces.close();
    if (link < 0) throw new Error('it does not take a program');
    return {};
  },

  events() {
    return { events: events.splice(0) };
  },

  counters() {
    const { forwarded, drops, punted, replies } = dataplane!.counters();
    return { ports: live!.counters(), forwarded, punted, replies, drops };
  },
};

for await (const line of (process.stdout.write('{}\n'), createInterface({ input: process.stdin }))) {
  const { command, argument } = JSON.parse(line) as { command: string; argument: never };
  let answer: unknown;
  try {
    answer = await commands[command]!(argument);
  } catch (error) {
    const { message } = error as Error;
    answer = { error: message, kind: error instanceof LiveError ? error.kind : (error as Error).stack };
  }
  process.stdout.write(
    `${JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))}\n`,
  );
}
await live?.stop();
