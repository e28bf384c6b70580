/** VMs with a stack of their own, on hosts with a dataplane each, joined by nothing but a wire. */

import { Dataplane } from '../../src/index.ts';
import { PUNT } from '../../src/abi/verdict.ts';
import { Stack, type StackOptions } from './stack.ts';
import { Wire, type WireDocument } from './wire.ts';

interface Waiting {
  readonly host: string;
  readonly port: number;
  readonly frame: Uint8Array;
}

/** A VM that answers itself without end would never be quiet. */
const STEPS = 100_000;

export class Network {
  /** What crossed the wire. */
  readonly carried: Uint8Array[] = [];
  readonly #wire: Wire;
  readonly #dataplanes: ReadonlyMap<string, Dataplane>;
  readonly #stacks = new Map<string, Stack>();
  readonly #queue: Waiting[] = [];
  #now = 0;

  private constructor(wire: Wire, dataplanes: ReadonlyMap<string, Dataplane>) {
    this.#wire = wire;
    this.#dataplanes = dataplanes;
  }

  static async create(document: WireDocument): Promise<Network> {
    const dataplanes = new Map<string, Dataplane>();
    for (const { name: host } of document.hosts)
      dataplanes.set(host, await Dataplane.create({ policy: document, host }));
    return new Network(new Wire(document), dataplanes);
  }

  /** Boots a VM. */
  attach(endpoint: string, options: StackOptions): Stack {
    const [host, dataplane] = [...this.#dataplanes].find(([, { ports }]) =>
      ports.some((port) => port.endpoint.name === endpoint),
    )!;
    const port = dataplane.port(endpoint);
    const stack = new Stack(options, (frame) => this.#queue.push({ host, port, frame }));
    this.#stacks.set(endpoint, stack);
    return stack;
  }

  /** Until nothing is on its way any more. */
  run(): void {
    for (let step = 0; step < STEPS; step++) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#step(next);
    }
    throw new Error(`still busy after ${STEPS} frames`);
  }

  #step({ host, port, frame }: Waiting): void {
    const dataplane = this.#dataplanes.get(host)!;
    dataplane.batch.push(frame, port);
    dataplane.process((this.#now += 1));
    const names = new Map(dataplane.ports.map(({ number, endpoint }) => [number, endpoint.name]));
    const outputs = [...dataplane.batch.outputs()].map((output) => ({
      ...output,
      frame: output.frame.slice(),
    }));
    for (const output of outputs) {
      if (output.verdict === PUNT) throw new Error(`${host} does not take its own frame`);
      if (output.port === 0) this.#carry(output.frame);
      else this.#stacks.get(names.get(output.port)!)?.receive(output.frame);
    }
  }

  #carry(frame: Uint8Array): void {
    this.carried.push(frame);
    const host = this.#wire.hostOf(frame);
    if (host === undefined) throw new Error('a frame to nobody on the wire');
    this.#queue.push({ host, port: 0, frame });
  }
}
