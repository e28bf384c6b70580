/** What a simulation found, as `netvirt simulate --json` prints it. */

import type { DropName } from '../observe/verdicts.ts';
import type { Policy } from '../policy/model.ts';
import { type Spread, chiSquareLimit } from './ecmp.ts';
import type { Loss, SwitchReport } from './network.ts';
import type { Run, RunName } from './simulation.ts';
import type { Pair } from './traffic.ts';

type Drops = Partial<Record<DropName, number>>;

/** What the physical network learnt in one run; nulls and a reason where it could not be run. */
export interface Learnt {
  /** Frames that left a host. */
  frames: number | null;
  /** Different provider addresses. */
  addresses: number | null;
  /** Different MACs of hosts, and of VMs that keep theirs. */
  macs: number | null;
  received: number | null;
  drops: Drops | null;
  reason?: string;
}

export interface EcmpReport {
  paths: number;
  /** How the router chooses. */
  hash: string;
  degreesOfFreedom: number;
  /** What chi-square exceeds in one of a hundred random spreads. */
  limit: number;
  /** Many flows between two VMs on two hosts; null where no two hosts can talk. */
  pair: { from: string; to: string; methods: readonly Spread[] } | null;
  /** All frames of the simulation. */
  traffic: { methods: readonly Spread[] };
}

export interface Report {
  fabric: { hosts: number; switches: number; customers: number; endpoints: number };
  /** Frames that VMs sent, those of nobody included. */
  inputs: number;
  /** Frames that VMs received; one that is flooded is received by many. */
  received: number;
  /** Of those, answers of the gateway and from the records. */
  replies: number;
  punts: number;
  drops: Drops;
  /** Frames that got lost between hosts. */
  losses: Partial<Record<Loss, number>>;
  /** Frames that reached another routing domain. */
  strays: number;
  /** Links between devices from VM to VM; null when nothing was received. */
  steps: { min: number; median: number; max: number; counts: Record<string, number> } | null;
  endpoints: {
    name: string;
    customer: string;
    host: string;
    sent: number;
    received: number;
    /** Received, bytes. */
    bytes: number;
  }[];
  switches: SwitchReport[];
  learned: {
    /** Provider addresses on the wire with one per VM address (all by IP Rewrite). */
    perVm: number | null;
    /** The same with one per host (all by NVGRE). */
    perHost: number | null;
    factor: number | null;
    asIs: Learnt;
    rewrite: Learnt;
    nvgre: Learnt;
  };
  ecmp: EcmpReport;
}

export interface Findings {
  readonly policy: Policy;
  /** The run that has the policy as it is. */
  readonly asIs: RunName;
  readonly runs: ReadonlyMap<RunName, Run>;
  /** Why a run is missing. */
  readonly reasons: ReadonlyMap<RunName, string>;
  readonly paths: number;
  readonly pair: Pair | undefined;
}

export function reportOf(findings: Findings): Report {
  const { policy, asIs, runs } = findings;
  const run = runs.get(asIs)!;
  const switches = run.network.report();
  const rewrite = learnt(findings, 'rewrite');
  const nvgre = learnt(findings, 'nvgre');
  const factor = (rewrite.addresses ?? 0) / (nvgre.addresses ?? 0);
  return {
    fabric: {
      hosts: policy.hosts.length,
      switches: switches.length - 1,
      customers: policy.customers.length,
      endpoints: run.members.length,
    },
    inputs: run.members.reduce((all, { sent }) => all + sent, run.strangers),
    received: run.received,
    replies: run.replies,
    punts: run.punts,
    drops: run.drops,
    losses: run.network.losses,
    strays: run.strays,
    steps: stepsOf(run.steps),
    endpoints: run.members.map(({ endpoint: { name }, customer, host, sent, received, bytes }) => ({
      name,
      customer,
      host,
      sent,
      received,
      bytes,
    })),
    switches,
    learned: {
      perVm: rewrite.addresses,
      perHost: nvgre.addresses,
      factor: factor > 0 && Number.isFinite(factor) ? factor : null,
      asIs: learnt(findings, asIs),
      rewrite,
      nvgre,
    },
    ecmp: ecmpOf(findings),
  };
}

function learnt({ runs, reasons }: Findings, name: RunName): Learnt {
  const run = runs.get(name);
  if (run === undefined) {
    const reason = reasons.get(name) ?? '';
    return { frames: null, addresses: null, macs: null, received: null, drops: null, reason };
  }
  const { network, received, drops } = run;
  return { frames: network.frames, ...network.learnt(), received, drops };
}

function stepsOf(counts: ReadonlyMap<number, number>): Report['steps'] {
  const steps = [...counts.keys()];
  const [min] = steps;
  const max = steps.at(-1);
  if (min === undefined || max === undefined) return null;
  const total = [...counts.values()].reduce((all, one) => all + one, 0);
  let below = 0;
  const median = steps.find((step) => (below += counts.get(step)!) * 2 >= total)!;
  return { min, median, max, counts: Object.fromEntries(counts) };
}

const ECMP_RUNS = ['nvgre', 'nvgreOverIpv6', 'rewrite'] as const;

function ecmpOf({ runs, paths, pair }: Findings): EcmpReport {
  const found = ECMP_RUNS.flatMap((name) => {
    const run = runs.get(name);
    return run === undefined ? [] : [run];
  });
  return {
    paths,
    hash: 'CRC-32 over the fields, cut into equal regions (RFC 2992)',
    degreesOfFreedom: paths - 1,
    limit: chiSquareLimit(paths - 1),
    pair:
      pair === undefined
        ? null
        : {
            from: pair.sender.name,
            to: pair.receiver.name,
            methods: found.flatMap((run) => run.pair),
          },
    traffic: { methods: found.flatMap((run) => run.traffic) },
  };
}
