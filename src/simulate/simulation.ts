/** A policy and frames in; who got what, and what the physical network had to learn for it, out. */

import type { DropName } from '../observe/verdicts.ts';
import type { Policy } from '../policy/model.ts';
import type { PolicyDocument } from './document.ts';
import { type MethodName, type Spread, SpreadProbe } from './ecmp.ts';
import { Fabric, type FabricResult, type Sent } from './fabric.ts';
import { membersOf } from './members.ts';
import { DataplanePool } from './pool.ts';
import { type Report, reportOf } from './report.ts';
import { type Pair, pairTraffic } from './traffic.ts';
import { type Variant, allNvgre, allNvgreOverIpv6, allRewrite } from './variants.ts';

/** Frames that VMs send at one moment. */
export interface Moment {
  /** Milliseconds that never go back. */
  readonly now: number;
  readonly frames: readonly Sent[];
  /** Frames whose sender is no endpoint of the policy. */
  readonly strangers: number;
}

export interface SimulationOptions {
  readonly document: PolicyDocument;
  /** The same document, validated. */
  readonly policy: Policy;
  /** Called once for every run: the same moments each time. */
  readonly traffic: () => AsyncIterable<Moment> | Iterable<Moment>;
  /** Equal-cost paths of the ECMP report. */
  readonly paths: number;
  /** Called for every dataplane that was made. */
  readonly onDataplane?: () => void;
}

/** What is run, one after the other: memory holds one fabric at a time. */
export type RunName = 'asIs' | 'rewrite' | 'nvgre' | 'nvgreOverIpv6';

export interface Run extends FabricResult {
  /** Frames of no endpoint never reach a dataplane; they count as what it would say. */
  readonly strangers: number;
  /** How the router of the ECMP report spreads the flows. */
  readonly traffic: readonly Spread[];
  readonly pair: readonly Spread[];
}

/** What that router may look at. */
const METHODS_OF: Readonly<Record<RunName, readonly MethodName[]>> = {
  asIs: [],
  rewrite: ['rewrite-5-tuple'],
  nvgre: ['nvgre-flowid', 'nvgre-addresses'],
  nvgreOverIpv6: ['nvgre-flow-label'],
};

/** Flows between one pair of VMs: enough that chance moves no path by more than a few percent. */
const PAIR_FLOWS = 4096;

/** Runs the fabric as it is and with one mechanism for everybody, each time with the same frames. */
export async function simulate(options: SimulationOptions): Promise<Report> {
  const { document, policy, paths } = options;
  const uniform = uniformMethod(policy);
  const variants: Record<RunName, () => Variant> = {
    // A policy of one mechanism is one of the variants already, and is not run twice.
    asIs: () => (uniform === undefined ? { policy } : { reason: `the policy is all ${uniform}` }),
    rewrite: () => allRewrite(document, policy),
    nvgre: () => allNvgre(document),
    nvgreOverIpv6: () => allNvgreOverIpv6(document, policy),
  };
  const pool = new DataplanePool(options.onDataplane);
  const pair = pairTraffic(policy, PAIR_FLOWS);
  const runs = new Map<RunName, Run>();
  const reasons = new Map<RunName, string>();
  for (const name of Object.keys(variants) as RunName[]) {
    const variant = variants[name]();
    if ('policy' in variant)
      runs.set(name, await runOne(variant.policy, METHODS_OF[name], pair, pool, options));
    else reasons.set(name, variant.reason);
  }
  return reportOf({ policy, asIs: uniform ?? 'asIs', runs, reasons, paths, pair });
}

async function runOne(
  policy: Policy,
  methods: readonly MethodName[],
  pair: Pair | undefined,
  pool: DataplanePool,
  { traffic, paths }: SimulationOptions,
): Promise<Run> {
  const probed = async (moments: AsyncIterable<Moment> | Iterable<Moment>) => {
    const probe = new SpreadProbe(paths, methods);
    const watch = (sent: Sent, frame: Uint8Array) => {
      probe.add(sent, frame);
    };
    const fabric = new Fabric(policy, pool, methods.length > 0 ? watch : undefined);
    let strangers = 0;
    for await (const moment of moments) {
      strangers += moment.strangers;
      await fabric.run(moment.frames, moment.now);
    }
    return { result: fabric.finish(), spreads: probe.result(), strangers };
  };
  const { result, spreads, strangers } = await probed(traffic());
  const frames = methods.length > 0 ? (pair?.frames ?? []) : [];
  const alone = await probed([{ now: 0, frames, strangers: 0 }]);
  return {
    ...result,
    drops: withStrangers(result.drops, strangers),
    strangers,
    traffic: spreads,
    pair: alone.spreads,
  };
}

type Drops = Partial<Record<DropName, number>>;

function withStrangers(drops: Drops, strangers: number): Drops {
  if (strangers === 0) return drops;
  return { ...drops, DROP_UNKNOWN_PORT: (drops.DROP_UNKNOWN_PORT ?? 0) + strangers };
}

/** The one method of all endpoints; undefined: there are both. */
function uniformMethod(policy: Policy): 'nvgre' | 'rewrite' | undefined {
  const methods = new Set(membersOf(policy).map(({ endpoint }) => endpoint.method));
  if (methods.size > 1) return undefined;
  return methods.has('rewrite') ? 'rewrite' : 'nvgre';
}
