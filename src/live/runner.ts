/** A host's dataplane on its interfaces: what belongs together while `netvirt run` runs, and what happens when things change. */

import type { Counters } from '../observe/counters.ts';
import { Dataplane } from '../engine/dataplane.ts';
import { findHost } from '../engine/options.ts';
import { PolicyError } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { parsePolicy } from '../policy/parse.ts';
import { LiveIo, type ThreadCounters } from './io.ts';
import { KEEPER_INTERVAL, Keeper } from './keeper.ts';
import { KernelLoop } from './kernel-loop.ts';
import { type Attached, livePorts } from './port-list.ts';
import { type IoChoice, LiveError, type LiveEvent, type PortCounters } from './types.ts';
import type { Kernel } from './underlay/kernel.ts';
import type { Link } from './underlay/netlink.ts';
import { OwnAddresses } from './underlay/own-addresses.ts';
import { PacketSender } from './underlay/packet-sender.ts';
import { Announcer } from './underlay/announcer.ts';
import { Underlay } from './underlay/underlay.ts';
import { onUplink } from './uplink.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type RunLog = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

export interface RunnerOptions {
  readonly kernel: Kernel;
  /** Parsed as `learnable`. */
  readonly policy: Policy;
  readonly host: string;
  readonly uplink: Link;
  readonly attached: readonly Attached[];
  readonly io: IoChoice;
  readonly workers: number;
  readonly log: RunLog;
  /** It cannot do its work any more, and is to be stopped. */
  readonly onFailure: (failure: string) => void;
}

export interface RunCounters {
  readonly packets: Counters;
  /** What became of the packets that were held. */
  readonly held: { readonly sent: number; readonly dropped: number };
  readonly ports: readonly PortCounters[];
  readonly threads: ThreadCounters;
}

/** Why a policy that was offered is not in force. */
export interface Refusal {
  /** One line each, with its place. */
  readonly lines: readonly string[];
}

const LEVELS: Record<LiveEvent['type'], LogLevel> = {
  backend: 'info',
  'port-up': 'info',
  'port-down': 'warn',
  'port-gone': 'warn',
  thread: 'error',
  error: 'error',
  failed: 'error',
};

export class Runner {
  readonly dataplane: Dataplane;
  readonly #options: RunnerOptions;
  readonly #underlay: Underlay;
  readonly #loop: KernelLoop;
  readonly #keeper: Keeper;
  readonly #sender: PacketSender;
  readonly #announcer: Announcer;
  readonly #addresses: OwnAddresses;
  readonly #timers: readonly NodeJS.Timeout[];
  #isStopped = false;
  #io: LiveIo | undefined;
  /** As the file has it; what is in force is fitted to the uplink. */
  #policy: Policy;
  #uplink: Link;
  /** Changes wait for each other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: RunnerOptions, dataplane: Dataplane) {
    const { kernel, uplink, log } = options;
    this.dataplane = dataplane;
    this.#options = options;
    this.#policy = options.policy;
    this.#uplink = uplink;
    this.#underlay = new Underlay(kernel, uplink.index, dataplane, log);
    this.#sender = new PacketSender(kernel.system);
    this.#keeper = new Keeper(dataplane, (bytes) => this.#sender.send(this.#uplink.index, bytes));
    this.#announcer = new Announcer((frame) => this.#sender.send(this.#uplink.index, frame));
    this.#addresses = new OwnAddresses(log);
    this.#loop = new KernelLoop(kernel, () => {
      this.#onNews();
    });
    this.#timers = [
      setInterval(() => {
        this.#guard(() => {
          this.#underlay.tick(performance.now());
        });
      }, Underlay.interval),
      setInterval(() => {
        this.#keeper.look(performance.now());
      }, KEEPER_INTERVAL),
    ];
  }

  /** @throws LiveError, RangeError, PolicyError; then nothing is left open. */
  static async start(options: RunnerOptions): Promise<Runner> {
    const { policy, host, uplink, io, workers, attached, log } = options;
    const fitted = onUplink(policy, findHost(policy, host), uplink);
    if (fitted.provider.mtu < policy.provider.mtu)
      log(
        'warn',
        `${uplink.name} has an MTU of ${fitted.provider.mtu}: used instead of the policy’s ${policy.provider.mtu}`,
      );
    const dataplane = await Dataplane.create({ policy: fitted, host, build: 'live', workers: workers + 1 });
    const runner = new Runner(options, dataplane);
    try {
      const ports = livePorts(uplink.name, attached, portsOf(dataplane));
      runner.#io = await LiveIo.start({
        dataplane,
        ports,
        most: attached.length + 1,
        io,
        workers,
        onEvent: runner.#onEvent,
      });
      runner.#underlay.refresh();
      runner.#checkAddresses();
      runner.#announce();
      return runner;
    } catch (error) {
      await runner.stop();
      throw error;
    }
  }

  /** Of the dataplane, and of every port. */
  counters(): RunCounters {
    return {
      packets: this.dataplane.counters(),
      held: this.#keeper.counters(),
      ports: this.#io?.counters() ?? [],
      threads: this.#io?.threads() ?? { restarts: 0, lost: 0 },
    };
  }

  /**
   * Puts another policy in force, as a whole, while packets are processed.
   * @returns why it is refused; the one before then stays.
   */
  load(text: string, file: string): Promise<Refusal | undefined> {
    return this.#inTurn(() => this.#load(text, file));
  }

  /** Orderly: interfaces are as they were before. Can be called twice. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isStopped) return;
      this.#isStopped = true;
      for (const timer of this.#timers) clearInterval(timer);
      await this.#loop.close();
      await this.#io?.stop();
      this.#keeper.look(performance.now());
      this.#keeper.end();
      this.#sender.close();
    });
  }

  async #load(text: string, file: string): Promise<Refusal | undefined> {
    let policy: Policy;
    try {
      policy = parsePolicy(text, { file, learnable: true });
      findHost(policy, this.#options.host);
    } catch (error) {
      return refusalOf(error);
    }
    return this.#replace(policy);
  }

  /** Ports whose endpoint leaves are closed before: their numbers may be another one's in the new policy. */
  async #replace(policy: Policy): Promise<Refusal | undefined> {
    const { host, attached, log } = this.#options;
    const before = portsOf(this.dataplane);
    let fitted: Policy;
    try {
      fitted = onUplink(policy, findHost(policy, host), this.#uplink);
    } catch (error) {
      return refusalOf(error);
    }
    const here = endpointsOn(fitted, host);
    const staying = new Map([...before].filter(([endpoint]) => here.has(endpoint)));
    if (staying.size < before.size) await this.#setPorts(staying);
    try {
      this.dataplane.load(fitted);
    } catch (error) {
      await this.#setPorts(before);
      return refusalOf(error);
    }
    this.#policy = policy;
    const after = portsOf(this.dataplane);
    for (const { endpoint, name } of attached) {
      if (before.has(endpoint) && !after.has(endpoint))
        log('warn', `${endpoint} is not on ${host} any more: ${name} is detached`);
      if (!before.has(endpoint) && after.has(endpoint))
        log('info', `${endpoint} is on ${host} now: ${name} is attached`);
    }
    for (const endpoint of after.keys()) {
      if (!before.has(endpoint) && !attached.some((one) => one.endpoint === endpoint))
        log('warn', `${endpoint} is on ${host} now, but no interface is attached to it`);
    }
    await this.#setPorts(after);
    this.#io?.refresh();
    this.#underlay.refresh();
    this.#checkAddresses();
    this.#announce();
    return undefined;
  }

  /** Advice only: where the kernel does not answer, that is said and nothing else. */
  #checkAddresses(): void {
    const { policy, host } = this.dataplane;
    this.#guard(() => {
      this.#addresses.look(policy, host, this.#uplink, this.#options.kernel);
    });
  }

  #announce(): void {
    const addresses = this.dataplane.ports.flatMap(({ endpoint }) =>
      endpoint.addresses.flatMap(({ provider }) => provider ?? []),
    );
    this.#announcer.setAddresses(addresses, this.#uplink.mac);
  }

  async #setPorts(portOf: ReadonlyMap<string, number>): Promise<void> {
    const { attached } = this.#options;
    await this.#io?.setPorts(livePorts(this.#uplink.name, attached, portOf));
  }

  readonly #onEvent = (event: LiveEvent): void => {
    this.#options.log(LEVELS[event.type], event.message, {
      event: event.type,
      ...(event.name === '' ? {} : { interface: event.name }),
    });
    if (event.type === 'failed') this.#options.onFailure(event.message);
  };

  #onNews(): void {
    this.#guard(() => {
      if (!this.#underlay.readChanges()) return;
      this.#followUplink();
      this.#checkAddresses();
    });
  }

  /** Its MTU may be another one, and after it vanished it comes back with another number. */
  #followUplink(): void {
    const link = this.#options.kernel.link(this.#uplink.name);
    if (link === undefined) return;
    const { index, mtu, mac } = this.#uplink;
    if (link.index === index && link.mtu === mtu && link.mac === mac) return;
    this.#uplink = link;
    if (link.index !== index) this.#underlay.moveTo(link.index);
    this.#announcer.forget();
    this.#announce();
    if (link.mtu === mtu && link.mac === mac) return;
    this.#options.log('warn', `${link.name} has changed`, { mtu: link.mtu });
    void this.#inTurn(() => this.#replace(this.#policy)).then((refusal) => {
      for (const line of refusal?.lines ?? []) this.#options.log('error', line);
    });
  }

  /** What the kernel answers must not end what runs. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LiveError)) throw error;
      this.#options.log('error', error.message);
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function portsOf({ ports }: Dataplane): Map<string, number> {
  return new Map(ports.map(({ number, endpoint }) => [endpoint.name, number]));
}

function endpointsOn(policy: Policy, host: string): Set<string> {
  const { index } = findHost(policy, host);
  const names = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap(({ endpoints }) =>
      endpoints.filter((endpoint) => endpoint.host === index).map(({ name }) => name),
    ),
  );
  return new Set(names);
}

/** Anything but a fault of the policy is ours. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof PolicyError || error instanceof RangeError || error instanceof LiveError)
    return { lines: error.message.split('\n') };
  throw error;
}
