/** Proof and trial of a policy: no routing domain reaches another, everybody who should talk can. docs/verify.md says how. */

import type { Policy } from '../policy/model.ts';
import { Broadcasts } from './broadcasts.ts';
import { type Counterexample, traceTrip } from './counterexample.ts';
import { type Domain, Fabric, nameOf } from './fabric.ts';
import { type CheckName, Failures } from './failures.ts';
import { type Finding, findOddities } from './findings.ts';
import { Foreign } from './foreign.ts';
import { type Group, budgets, groupsAmong, groupsOf, pairsOf } from './pairs.ts';
import { DEFAULT_RECORDS, type Part, partOf } from './part.ts';
import { type CreatePlane, Planes, createWasmPlane } from './planes.ts';
import type { HostRecords } from './host-check.ts';
import type { Compile } from './records.ts';
import { checkStructure } from './structure.ts';
import { Traffic } from './traffic.ts';
import { type Trip, routedTrip, subnetTrip } from './trips.ts';

export interface VerifyOptions {
  /** Packets for pairs within routing domains, as many receivers of broadcasts, packets between domains; 0: the proof alone. */
  pairs?: number;
  /** How many records the dataplanes have between which packets are sent, at most: hosts beyond that are left to the proof. */
  records?: number;
  /** For tests: what would compile or process otherwise. */
  compile?: Compile;
  createPlane?: CreatePlane;
}

/** `none`: the policy has no such pairs. */
export type Scope = 'proven' | 'exhaustive' | 'sampled' | 'not run' | 'none';

export interface Check {
  readonly name: CheckName;
  readonly what: string;
  readonly scope: Scope;
  /** Records, identifiers or packets that were looked at. */
  readonly cases: number;
  /** As many as there would be; more than `cases` where it is a sample. */
  readonly of: number;
  readonly failed: number;
}

export interface DomainSummary {
  readonly name: string;
  readonly id: string;
  readonly hosts: number;
  readonly endpoints: number;
  readonly addresses: number;
  /** Ordered pairs of addresses that can talk, within virtual subnets and between them. */
  readonly pairs: { readonly subnet: number; readonly routed: number };
  /** Pairs of one of its addresses and one of another routing domain. */
  readonly kept: number;
}

export interface Failure {
  readonly check: CheckName;
  readonly message: string;
  readonly counterexample: Counterexample | undefined;
}

export interface Verification {
  readonly proven: boolean;
  readonly checks: readonly Check[];
  readonly domains: readonly DomainSummary[];
  readonly hosts: readonly HostRecords[];
  /** How many hosts packets were sent between. */
  readonly trafficHosts: number;
  readonly findings: readonly Finding[];
  /** The first ones of each check. */
  readonly failures: readonly Failure[];
}

export const DEFAULT_PAIRS = 100_000;

/** Of each check: a trace takes a dataplane with tracing on each host. */
const TRACED = 3;

export async function verify(policy: Policy, options: VerifyOptions = {}): Promise<Verification> {
  const fabric = new Fabric(policy);
  const failures = new Failures();
  for (const { kind, message } of fabric.ambiguities)
    failures.add(kind === 'address' ? 'isolation' : 'identifiers', message);
  const structure = checkStructure(fabric, failures, options.compile);
  const groups = fabric.domains.flatMap(groupsOf);
  const part = partOf(fabric, structure.hosts, options.records ?? DEFAULT_RECORDS);
  const planes = new Planes(fabric, options.createPlane ?? createWasmPlane, failures);
  const traffic = new Traffic(fabric, planes, failures, part);
  const sent = await sendTraffic(fabric, groups, part, traffic, options.pairs ?? DEFAULT_PAIRS);
  // Before the counts: a dataplane that a trace needs may turn out to be none.
  const traced = await withTraces(fabric, planes, failures);
  const checks = [
    {
      name: 'identifiers' as const,
      what: 'virtual subnets and provider addresses mean one thing each',
      scope: 'proven' as const,
      cases: fabric.subnets.size + fabric.providerCount,
      of: fabric.subnets.size + fabric.providerCount,
    },
    {
      name: 'isolation' as const,
      what: 'records lead only to endpoints of their routing domain',
      scope: 'proven' as const,
      cases: structure.records,
      of: structure.records,
    },
    {
      name: 'reachability' as const,
      what: 'records that the hosts of a routing domain need are there',
      scope: 'proven' as const,
      cases: structure.required,
      of: structure.required,
    },
    ...sent,
  ].map((check) => ({ ...check, failed: failures.count(check.name) }));
  return {
    proven: failures.total === 0,
    checks,
    domains: summarize(fabric, groups),
    hosts: structure.hosts,
    trafficHosts: part.hosts.length,
    findings: findOddities(fabric),
    failures: traced,
  };
}

type Sent = Omit<Check, 'failed'>;

async function sendTraffic(
  fabric: Fabric,
  groups: readonly Group[],
  part: Part,
  traffic: Traffic,
  limit: number,
): Promise<Sent[]> {
  const isWhole = part.hosts.length === fabric.policy.hosts.length;
  const sending = isWhole
    ? groups
    : fabric.domains.flatMap((domain) => groupsAmong(domain, domain.domain.endpoints.filter(part.has)));
  const shares = budgets(sending, limit);
  const { routerMac } = fabric.policy.provider;
  const broadcasts = new Broadcasts(fabric, part);
  const foreign = new Foreign(fabric, isWhole ? undefined : part);

  function* trips(): Generator<Trip> {
    let number = 0;
    for (const [index, group] of sending.entries()) {
      for (const [from, to] of pairsOf(group, shares[index]!)) {
        const trip =
          group.kind === 'subnet' ? subnetTrip(from, to, number) : routedTrip(from, to, routerMac, number);
        number++;
        yield trip;
      }
    }
    yield* broadcasts.trips(limit);
    yield* foreign.trips(limit);
  }

  const counts = await traffic.run(trips());
  const sizeOf = (wanted: Group['kind']) =>
    groups.reduce((all, { kind, size }) => all + (kind === wanted ? size : 0), 0);
  const scopeOf = (cases: number, of: number): Scope =>
    of === 0 ? 'none' : cases === of ? 'exhaustive' : cases === 0 ? 'not run' : 'sampled';
  return [
    {
      name: 'traffic',
      what: 'packets within virtual subnets arrive unchanged, once, nowhere else',
      scope: scopeOf(counts.subnet, sizeOf('subnet')),
      cases: counts.subnet,
      of: sizeOf('subnet'),
    },
    {
      name: 'routed',
      what: 'packets between virtual subnets arrive with TTL − 1, once, nowhere else',
      scope: scopeOf(counts.routed, sizeOf('routed')),
      cases: counts.routed,
      of: sizeOf('routed'),
    },
    {
      name: 'broadcast',
      what: 'broadcasts reach everybody else in the virtual subnet, once, nobody else',
      scope: scopeOf(counts.broadcast, broadcasts.size),
      cases: counts.broadcast,
      of: broadcasts.size,
    },
    {
      name: 'foreign',
      what: 'packets to addresses of other routing domains never arrive there',
      scope: scopeOf(counts.foreign, foreign.size),
      cases: counts.foreign,
      of: foreign.size,
    },
  ];
}

function summarize(fabric: Fabric, groups: readonly Group[]): DomainSummary[] {
  const addressesOf = ({ domain }: Domain) =>
    domain.endpoints.reduce((all, { addresses }) => all + addresses.length, 0);
  const total = fabric.domains.reduce((all, domain) => all + addressesOf(domain), 0);
  return fabric.domains.map((entry) => {
    const own = groups.filter(({ domain }) => domain === entry);
    const sizeOf = (wanted: Group['kind']) =>
      own.reduce((all, { kind, size }) => all + (kind === wanted ? size : 0), 0);
    const addresses = addressesOf(entry);
    return {
      name: nameOf(entry),
      id: entry.domain.id,
      hosts: entry.hosts.size,
      endpoints: entry.domain.endpoints.length,
      addresses,
      pairs: { subnet: sizeOf('subnet'), routed: sizeOf('routed') },
      kept: addresses * (total - addresses),
    };
  });
}

async function withTraces(fabric: Fabric, planes: Planes, { kept }: Failures): Promise<Failure[]> {
  const traced = new Map<CheckName, number>();
  const failures: Failure[] = [];
  for (const { check, message, trip, host } of kept) {
    const before = traced.get(check) ?? 0;
    const isTraced = trip !== undefined && before < TRACED;
    if (isTraced) traced.set(check, before + 1);
    failures.push({
      check,
      message,
      counterexample: isTraced ? await traceTrip(fabric, planes, trip, host) : undefined,
    });
  }
  return failures;
}
