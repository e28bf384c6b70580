/** A fabric whose VMs move while they send: each host hears of every move, in its own time; frames are under way meanwhile. */

import { FORWARD, PUNT } from '../../src/abi/verdict.ts';
import { Dataplane, verdictOf } from '../../src/index.ts';
import { concat, ethernet, ipv4, ipv6, pattern, u32, udp, vlan } from '../packets/index.ts';
import { u32At } from '../endtoend/parse.ts';
import { Wire, destinationKey } from '../endtoend/wire.ts';
import { type Fabric, ROUTER_MAC, type Station, type Vm } from './fabrics.ts';
import type { Random } from './random.ts';

/** Why a frame may be lost between the first host's update and the last one's: the guard (V7), or nobody there any more. */
const EXCUSES = new Set([
  'DROP_TUNNEL_SOURCE',
  'DROP_TUNNEL_TYPE',
  'DROP_NO_LOCAL_PORT',
  'DROP_VSID_UNKNOWN',
  // A host that shares no routing domain with the sender does not know that it writes keys the old way (N10).
  'DROP_VSID_RESERVED',
  'DROP_VSID_ALL_ONES',
  // Rewritten, and the provider network still leads to the old host, or the sender is not elsewhere yet.
  'DROP_REWRITE_PEER',
  'PUNT',
]);

interface Sent {
  readonly from: Vm;
  readonly to: Vm;
  /** Some host did not know of some move while it was under way. */
  isExcused: boolean;
  fate: string | undefined;
}

interface Move {
  readonly name: string;
  readonly host: string;
  readonly number: number;
}

interface Site {
  readonly name: string;
  readonly dataplane: Dataplane;
  readonly pending: Move[];
}

export class Migration {
  readonly sent: Sent[] = [];
  moves = 0;
  readonly #fabric: Fabric;
  readonly #sites: readonly Site[];
  readonly #wire: Wire;
  readonly #vms: ReadonlyMap<string, Vm>;
  /** Where each VM runs. It is there once that host knows of it. */
  readonly #residence: Map<string, string>;
  /** Number of the last move that led there: a host may be late with an earlier one. */
  readonly #latest = new Map<string, number>();
  readonly #underWay: Uint8Array[] = [];
  #now = 0;

  private constructor(fabric: Fabric, sites: readonly Site[]) {
    this.#fabric = fabric;
    this.#sites = sites;
    this.#wire = new Wire(fabric.document);
    this.#vms = new Map(fabric.vms.map((vm) => [vm.name, vm]));
    this.#residence = new Map(fabric.vms.map(({ name, host }) => [name, host]));
  }

  static async create(fabric: Fabric): Promise<Migration> {
    const sites: Site[] = [];
    for (const { name } of fabric.hosts)
      sites.push({
        name,
        dataplane: await Dataplane.create({ policy: fabric.document, host: name }),
        pending: [],
      });
    return new Migration(fabric, sites);
  }

  /** Everything that a seed may bring. */
  step(random: Random): void {
    const kind = random.below(10);
    if (kind < 4) this.#sendSome(random);
    else if (kind < 5) this.#move(random.pick(this.#fabric.vms), random.pick(this.#sites).name);
    else if (kind < 8) this.#update(random.pick(this.#sites));
    else this.#carry();
  }

  /** All hosts learn of all moves, in any order of hosts, and what is under way arrives. */
  settle(random: Random): void {
    for (let open = this.#open(); open.length > 0; open = this.#open()) this.#update(random.pick(open));
    while (this.#underWay.length > 0) this.#carry();
  }

  #open(): Site[] {
    return this.#sites.filter(({ pending }) => pending.length > 0);
  }

  /** Every VM to every other that it can talk to. */
  sendAll(): void {
    for (const from of this.#fabric.stations)
      for (const to of this.#fabric.stations) if (this.#canTalk(from, to)) this.#send(from, to);
  }

  #sendSome(random: Random): void {
    const from = random.pick(this.#fabric.stations);
    const others = this.#fabric.stations.filter((to) => this.#canTalk(from, to));
    if (others.length > 0) this.#send(from, random.pick(others));
  }

  #canTalk(from: Station, to: Station): boolean {
    if (from.vm === to.vm || from.vm.domain !== to.vm.domain) return false;
    const hasFamily =
      (from.at.ipv4 !== undefined && to.at.ipv4 !== undefined) ||
      (from.at.ipv6 !== undefined && to.at.ipv6 !== undefined);
    const hasGateway = ({ at }: Station) =>
      this.#fabric.subnets.some(({ vsid, hasGateway: has }) => vsid === at.vsid && has);
    return hasFamily && (from.at.vsid === to.at.vsid || (hasGateway(from) && hasGateway(to)));
  }

  #send(from: Station, to: Station): void {
    const site = this.#sites.find(({ name }) => name === this.#residence.get(from.vm.name))!;
    const port = site.dataplane.ports.find(({ endpoint }) => endpoint.name === from.vm.name);
    // On its way: it does not run.
    if (port === undefined) return;
    const isExcused = this.#open().length > 0;
    this.sent.push({ from: from.vm, to: to.vm, isExcused, fate: undefined });
    this.#process(site, port.number, frameBetween(from, to, this.sent.length - 1));
  }

  #move(vm: Vm, host: string): void {
    this.moves++;
    for (const { pending } of this.#sites) pending.push({ name: vm.name, host, number: this.moves });
    for (const frame of this.#underWay) this.sent[idOf(frame)]!.isExcused = true;
  }

  /** A host learns of the next move. */
  #update(site: Site): void {
    const change = site.pending.shift();
    if (change === undefined) return;
    const { name, host } = change;
    site.dataplane.apply([{ op: 'move-endpoint', name, host }]);
    if (host !== site.name || (this.#latest.get(name) ?? 0) > change.number) return;
    this.#residence.set(name, host);
    this.#latest.set(name, change.number);
  }

  /** The provider network takes the oldest frame to where its address is. */
  #carry(): void {
    const frame = this.#underWay.shift();
    if (frame === undefined) return;
    const owner = this.#wire.owners.get(destinationKey(frame))!;
    const host = owner.endpoint === undefined ? owner.host : this.#residence.get(owner.endpoint);
    this.#process(
      this.#sites.find(({ name }) => name === host)!,
      0,
      frame,
    );
  }

  #process({ name: host, dataplane }: Site, port: number, frame: Uint8Array): void {
    dataplane.batch.push(frame, port);
    dataplane.process((this.#now += 1));
    const sent = this.sent[idOf(frame)]!;
    const finish = (fate: string) => {
      if (sent.fate !== undefined) throw new Error(`${describe(sent)}: ${sent.fate}, and then ${fate}`);
      sent.fate = fate;
    };
    for (const { verdict } of dataplane.batch.drops()) finish(verdictOf(verdict).name);
    for (const output of dataplane.batch.outputs()) {
      if (output.verdict === PUNT) finish('PUNT');
      else if (output.verdict !== FORWARD) continue;
      else if (output.port === 0) this.#underWay.push(output.frame.slice());
      else {
        const endpoint = dataplane.ports.find(({ number }) => number === output.port)?.endpoint;
        const vm = endpoint && this.#vms.get(endpoint.name);
        if (vm !== sent.to) throw new Error(`${describe(sent)}: to ${endpoint?.name} on ${host}`);
        finish('FORWARD');
      }
    }
  }

  /** What is wrong with what became of the frames; undefined: nothing. */
  fault(): string | undefined {
    const wrong = this.sent.find(
      ({ fate, isExcused }) => fate !== 'FORWARD' && !(isExcused && fate !== undefined && EXCUSES.has(fate)),
    );
    return (
      wrong && `${describe(wrong)}: ${wrong.fate ?? 'lost'}, ${wrong.isExcused ? '' : 'not '}amid a move`
    );
  }
}

const describe = ({ from, to }: Sent): string => `${from.name} to ${to.name}`;

/** Number of the frame: its last bytes, by either mechanism. */
const idOf = (frame: Uint8Array): number => u32At(frame, frame.length - 4);

function frameBetween(from: Station, to: Station, id: number): Uint8Array {
  const isNear = from.at.vsid === to.at.vsid;
  const macs = { src: from.vm.mac, dst: isNear ? to.vm.mac : ROUTER_MAC };
  const upper = udp({ srcPort: 1000 + (id % 100), dstPort: 2000 }, concat(pattern(id % 50), u32(id)));
  const packet =
    from.at.ipv4 !== undefined && to.at.ipv4 !== undefined && (id % 2 === 0 || to.at.ipv6 === undefined)
      ? ipv4({ src: from.at.ipv4, dst: to.at.ipv4 }, upper)
      : from.at.ipv6 !== undefined && to.at.ipv6 !== undefined
        ? ipv6({ src: from.at.ipv6, dst: to.at.ipv6 }, upper)
        : ipv4({ src: from.at.ipv4!, dst: to.at.ipv4! }, upper);
  const { vid } = from.at;
  return vid === undefined ? ethernet(macs, packet) : vlan({ vid }, ethernet(macs, packet));
}
