/** Every host's dataplane, joined by a wire, and what each of them must hold to with every frame. */

import { FORWARD, ICMP_ERROR, PUNT, REPLY } from '../../src/abi/verdict.ts';
import { Dataplane, verdictOf } from '../../src/index.ts';
import { destinationKey, sourceKey } from '../endtoend/wire.ts';
import type { Fabric, Vm } from './fabrics.ts';
import { Outer } from './outer.ts';

/** Whose frame it is, wherever it gets to. */
interface Origin {
  /** undefined: it claims to be nobody's, and nobody may get it. */
  readonly domain: number | undefined;
  /** The VM that sent it; undefined: it was forged on the wire. */
  readonly vm: Vm | undefined;
  isDelivered: boolean;
}

interface Waiting {
  readonly port: number;
  readonly frame: Uint8Array;
  readonly origin: Origin;
}

interface HostPlane {
  readonly name: string;
  readonly dataplane: Dataplane;
  /** By port number. */
  readonly vms: ReadonlyMap<number, Vm>;
  waiting: Waiting[];
  /** What it must have counted. */
  pushed: number;
  readonly fates: Map<string, number>;
}

const CAPACITY = { slots: 64, largeSlots: 8, copySlots: 128 };
/** As many as somebody who listens on the wire remembers. */
const REMEMBERED = 64;

export class Mesh {
  readonly fabric: Fabric;
  /** Frames that VMs sent, those of them that reached a VM, and frames forged on the wire. */
  sent = 0;
  delivered = 0;
  forged = 0;
  forgedDelivered = 0;
  readonly heard: Uint8Array[] = [];
  /** Outputs by what they were. */
  readonly kinds = new Map<string, number>();
  readonly #planes: readonly HostPlane[];
  readonly #byName: ReadonlyMap<string, HostPlane>;
  readonly #outer: Outer;
  #now = 0;

  private constructor(fabric: Fabric, planes: readonly HostPlane[]) {
    this.fabric = fabric;
    this.#planes = planes;
    this.#byName = new Map(planes.map((plane) => [plane.name, plane]));
    this.#outer = new Outer(fabric);
  }

  static async create(fabric: Fabric): Promise<Mesh> {
    const vms = new Map(fabric.vms.map((vm) => [vm.name, vm]));
    const planes: HostPlane[] = [];
    for (const { name } of fabric.hosts) {
      const dataplane = await Dataplane.create({ policy: fabric.document, host: name, capacity: CAPACITY });
      const ports = dataplane.ports.map(({ number, endpoint }) => [number, vms.get(endpoint.name)!] as const);
      planes.push({ name, dataplane, vms: new Map(ports), waiting: [], pushed: 0, fates: new Map() });
    }
    return new Mesh(fabric, planes);
  }

  /** A VM sends. Nothing moves before `run`. */
  send(vm: Vm, frame: Uint8Array): void {
    this.sent++;
    const plane = this.#byName.get(vm.host)!;
    const origin = { domain: vm.domain, vm, isDelivered: false };
    plane.waiting.push({ port: plane.dataplane.port(vm.name), frame, origin });
  }

  /** Somebody on the physical network sends to a host. */
  forge(host: string, frame: Uint8Array): void {
    this.forged++;
    const { domain } = this.#outer.named(host, frame);
    this.#byName
      .get(host)!
      .waiting.push({ port: 0, frame, origin: { domain, vm: undefined, isDelivered: false } });
  }

  /** Until everything is where it gets to. */
  run(): void {
    while (this.#planes.some(({ waiting }) => waiting.length > 0)) {
      for (const plane of this.#planes) if (plane.waiting.length > 0) this.#process(plane);
    }
  }

  #process(plane: HostPlane): void {
    const { batch } = plane.dataplane;
    let count = 0;
    while (
      count < plane.waiting.length &&
      batch.push(plane.waiting[count]!.frame, plane.waiting[count]!.port)
    )
      count++;
    const inputs = plane.waiting.splice(0, count);
    plane.pushed += count;
    plane.dataplane.process((this.#now += 1));
    const fates = new Array<string | undefined>(count);
    for (const { input, verdict } of batch.drops()) {
      if (fates[input] !== undefined) throw new Error(`${plane.name}: input ${input} was dropped twice`);
      fates[input] = verdictOf(verdict).name;
    }
    const hasLeft = new Array<boolean>(count).fill(false);
    for (const { input, verdict, port, frame } of batch.outputs()) {
      const name = verdictOf(verdict).name;
      this.kinds.set(name, (this.kinds.get(name) ?? 0) + 1);
      // Beside a drop stands its ICMP error, or the answer that a probe gets.
      if (verdict === FORWARD || verdict === PUNT) {
        if (fates[input] !== undefined && fates[input] !== name)
          throw new Error(`${plane.name}: ${name} beside ${fates[input]}`);
        fates[input] = name;
      } else if (verdict === REPLY) fates[input] ??= name;
      hasLeft[input] = true;
      this.#leaves(plane, inputs[input]!, verdict, port, frame);
    }
    for (const [index, fate] of fates.entries()) {
      if (fate === undefined)
        throw new Error(`${plane.name}: no fate for input ${index}, left ${hasLeft[index]}`);
      plane.fates.set(fate, (plane.fates.get(fate) ?? 0) + 1);
    }
  }

  #leaves(plane: HostPlane, from: Waiting, verdict: number, port: number, frame: Uint8Array): void {
    const { origin } = from;
    const wrong = (what: string): never => {
      throw new Error(
        `${plane.name}, port ${from.port} (${origin.vm?.name ?? 'forged'}): ${verdictOf(verdict).name} ${what}\n` +
          `in  ${Buffer.from(from.frame).toString('hex')}\nout ${Buffer.from(frame).toString('hex')}`,
      );
    };
    if (verdict === PUNT) {
      if (from.port !== 0) wrong('of what a VM sent');
      return;
    }
    if ((verdict === REPLY || verdict === ICMP_ERROR) && (port !== from.port || port === 0))
      wrong(`at port ${port}`);
    if (port !== 0) {
      const vm = plane.vms.get(port) ?? wrong(`at port ${port}, which is nobody's`);
      if (vm.domain !== origin.domain) wrong(`to ${vm.name}, another customer's`);
      if (verdict === FORWARD) this.#arrives(origin, frame, wrong);
      return;
    }
    if (from.port === 0) wrong('from the wire back onto it');
    const fault = this.#outer.faultOnWire(plane.name, frame, origin.domain!);
    if (fault !== undefined) wrong(fault);
    const copy = frame.slice();
    this.heard[this.heard.length < REMEMBERED ? this.heard.length : this.#now % REMEMBERED] = copy;
    const to = this.#outer.owners.get(destinationKey(frame))!;
    this.#byName.get(to.host)!.waiting.push({ port: 0, frame: copy, origin });
  }

  #arrives(origin: Origin, frame: Uint8Array, wrong: (what: string) => never): void {
    // V10. A gateway VM may send in anybody's name, and so may who forges envelopes.
    const isGuarded = origin.vm?.forwarding === false;
    if (isGuarded && this.#outer.owners.has(sourceKey(frame))) wrong('with a provider address as its source');
    if (origin.isDelivered) return;
    origin.isDelivered = true;
    if (origin.vm === undefined) this.forgedDelivered++;
    else this.delivered++;
  }

  /** What the dataplanes counted against what was seen: every input once, and each as what it was. */
  audit(): void {
    for (const { name, dataplane, pushed, fates } of this.#planes) {
      const { forwarded, punted, replies, drops } = dataplane.counters();
      const counted = { FORWARD: forwarded, PUNT: punted, REPLY: replies, ...drops };
      const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
      if (total !== pushed) throw new Error(`${name}: counted ${total} of ${pushed}`);
      for (const [fate, count] of Object.entries(counted)) {
        if ((fates.get(fate) ?? 0) !== count)
          throw new Error(`${name}: counted ${count} of ${fate}, seen ${fates.get(fate) ?? 0}`);
      }
    }
  }
}
