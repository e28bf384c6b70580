/** Everything that is measured, one after the other, in network namespaces that are gone at the end. */

import { NO_IPERF } from '../../test/live/tools.ts';
import type { Namespaces } from '../../test/live/namespaces.ts';
import { chooseCores } from './cores.ts';
import { FABRICS, type Fabric, type FabricName, pauseFabric, startFabric } from './fabrics.ts';
import { type Sample, measureForwarding } from './forwarding.ts';
import { type LatencySample, measureLatency } from './latency.ts';
import { type MalformedSample, measureMalformed } from './malformed.ts';
import type { Plan } from './options.ts';
import { buildPrograms } from './programs.ts';
import type { Measured } from './ratios.ts';
import type { Absent } from './report.ts';
import { Stage } from './stage.ts';
import { SYSTEMS, type System, type SystemName, pause, startSystem } from './systems.ts';
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
    for (const name of Object.keys(SYSTEMS) as SystemName[]) {
      const system = await startSystem(stage, name);
      if (typeof system === 'string') absent[name] = system;
      else {
        systems.push(system);
        pause(system);
      }
    }
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
    for (const name of Object.keys(FABRICS) as FabricName[]) {
      const fabric = await startFabric(name, (topology) => this.#own(topology));
      if (typeof fabric === 'string') absent[name] = fabric;
      else {
        fabrics.push(fabric);
        pauseFabric(fabric);
      }
    }
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

function allOf(titles: Record<string, string>, reason: string): Absent {
  return Object.fromEntries(Object.keys(titles).map((name) => [name, reason]));
}
