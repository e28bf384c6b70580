/** A process in a namespace of a test: runs a dataplane with live I/O, or the wires at the other ends. Commands come as lines of JSON. */

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dataplane } from '../../src/index.ts';
import { LiveIo } from '../../src/live/io.ts';
import { Interfaces } from '../../src/live/interfaces.ts';
import { loadSystem } from '../../src/live/system.ts';
import { type IoChoice, LiveError, type LiveEvent } from '../../src/live/types.ts';
import { Wire } from './wire.ts';

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
