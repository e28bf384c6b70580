/** Everything that is measured, one after the other, in network namespaces that are gone at the end. */

import { NO_IPERF } from '../../test/live/tools.ts';
import type { Namespaces } from '../../test/live/namespaces.ts';
import type { Topology } from '../../test/live/topology.ts';
import { chooseCores } from './cores.ts';
import { FABRICS, type Fabric, pauseFabric, startFabric } from './fabrics.ts';
import { type Sample, measureForwarding } from './forwarding.ts';
import { type LatencySample, measureLatency } from './latency.ts';
import { type MalformedSample, measureMalformed } from './malformed.ts';
import type { Plan } from './options.ts';
import { buildPrograms } from './programs.ts';
import type { Measured } from './ratios.ts';
import type { Absent } from './report.ts';
import { Stage } from './stage.ts';
import { SYSTEMS, type System, pause, startSystem } from './systems.ts';
import { type TcpSample, measureTcp } from './tcp.ts';

export interface Outcome {
  readonly measured: Measured;
  /** Why something is not among it. */
  readonly systems: Absent;
  readonly fabrics: Absent;
}

export class LiveBenchmark {
  readonly #plan: Plan;
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #made: Namespaces[] = [];

  /** @param folder for programs that are built. @param say is told what is measured now. */
  constructor(plan: Plan, folder: string, say: (line: string) => void) {
    this.#plan = plan;
    this.#folder = folder;
    this.#say = say;
  }

  async run(): Promise<Outcome> {
    const { frames, malformed, absent: systems } = await this.#measureFrames();
    const { tcp, latency, absent: fabrics } = await this.#measureFabrics();
    return { measured: { frames, malformed, tcp, latency }, systems, fabrics };
  }

  /** Ends what runs and removes what was made. Can be called at any time. */
  async close(): Promise<void> {
    await Promise.all(this.#made.splice(0).map((namespaces) => namespaces.remove()));
  }

  async #measureFrames(): Promise<{ frames: Sample[]; malformed: MalformedSample[]; absent: Absent }> {
    const cores = chooseCores();
    if (typeof cores === 'string') return { frames: [], malformed: [], absent: allOf(SYSTEMS, cores) };
    const programs = buildPrograms(this.#folder);
    if (typeof programs === 'string') return { frames: [], malformed: [], absent: allOf(SYSTEMS, programs) };
    const stage = this.#own(new Stage(cores, programs));
    const systems: System[] = [];
    const absent: Absent = {};
    const started = await Promise.all(namesOf(SYSTEMS).map((name) => startSystem(stage, name)));
    for (const [index, system] of started.entries())
      if (typeof system === 'string') absent[namesOf(SYSTEMS)[index]!] = system;
      else systems.push(system);
    for (const system of systems) pause(system);
    this.#say('frames');
    const frames = await measureForwarding(stage, systems, this.#plan);
    this.#say('malformed frames');
    const malformed = await measureMalformed(stage, this.#plan);
    await this.close();
    return { frames, malformed, absent };
  }

  async #measureFabrics(): Promise<{ tcp: TcpSample[]; latency: LatencySample[]; absent: Absent }> {
    const fabrics: Fabric[] = [];
    const absent: Absent = {};
    const own = (topology: Topology) => this.#own(topology);
    const started = await Promise.all(namesOf(FABRICS).map((name) => startFabric(name, own)));
    for (const [index, fabric] of started.entries())
      if (typeof fabric === 'string') absent[namesOf(FABRICS)[index]!] = fabric;
      else fabrics.push(fabric);
    for (const fabric of fabrics) pauseFabric(fabric);
    this.#say('round trips');
    const latency = await measureLatency(fabrics, this.#plan);
    this.#say('TCP');
    const tcp = NO_IPERF === undefined ? await measureTcp(fabrics, this.#plan) : [];
    await this.close();
    return { tcp, latency, absent };
  }

  #own<Made extends Namespaces>(made: Made): Made {
    this.#made.push(made);
    return made;
  }
}

const namesOf = <Name extends string>(titles: Record<Name, string>) => Object.keys(titles) as Name[];

function allOf(titles: Record<string, string>, reason: string): Absent {
  return Object.fromEntries(Object.keys(titles).map((name) => [name, reason]));
}
