/** What was measured, as sections of the page. */

import type { Result } from '../results.ts';
import { quantile, round } from '../statistics.ts';
import { FABRICS, type FabricName } from './fabrics.ts';
import { FRAME_BYTES, RATE } from './malformed.ts';
import type { Plan } from './options.ts';
import { type Measured, ratiosOf } from './ratios.ts';
import { SYSTEMS, type SystemName } from './systems.ts';

/** Why something is not measured, by its name. */
export type Absent = Partial<Record<string, string>>;

const NONE = '–';
const COMMAND = '`npm run bench:live`';

export function resultsOf(
  measured: Measured,
  absent: { systems: Absent; fabrics: Absent },
  plan: Plan,
): Result[] {
  return [
    framesResult(measured, absent.systems, plan),
    tcpResult(measured, absent.fabrics, plan),
    latencyResult(measured, absent.fabrics, plan),
    ratiosResult(measured, plan),
  ];
}

function framesResult({ frames }: Measured, absent: Absent, { rounds, lengths, seconds }: Plan): Result {
  const rows = lengths.flatMap((frameBytes) =>
    namesOf(SYSTEMS).map((name) => {
      const own = frames.filter((one) => one.name === name && one.frameBytes === frameBytes);
      const kpps = summary(own.map((one) => one.kpps));
      const offered = summary(own.map((one) => one.offered));
      const cpu = summary(own.flatMap((one) => one.cpu ?? []));
      const machine = summary(own.map((one) => one.machine));
      return {
        system: name,
        frameBytes,
        kpps,
        offered,
        cpuNs: cpu,
        machineNs: machine,
        ...why(absent, name),
      };
    }),
  );
  return {
    section: 'live',
    method: [
      `${COMMAND}; every system is a host in a network namespace of its own between a sender and a sink, with the dataplane on one`,
      `core and the sender on another; ${rounds} rounds of ${seconds} s, system after system in turn, medians and quartiles. Counted is`,
      'what the sink’s interface received, whose number of bytes has to be that of frames in envelopes; a sample of the frames is compared with',
      'what was sent. CPU: the processor time of the system’s process for a frame that arrived, the sink’s kernel in it; the machine’s is of all',
      'cores, the sender in it. VXLAN is done by the kernel, on the dataplane’s core by RPS, and has no process. Where as much arrives as',
      `was offered, the sender was the limit, whose core does what the kernel does of VXLAN before the other one's turn.${absentText(absent, SYSTEMS)}`,
    ].join(' '),
    head: ['frame', 'system', 'kpps', 'quartiles', 'offered kpps', 'CPU ns', 'machine ns'],
    cells: rows.map(({ system, frameBytes, kpps, offered, cpuNs, machineNs }) => [
      `${frameBytes} B`,
      SYSTEMS[system],
      text(kpps?.median, 0),
      kpps === null ? '' : kpps.quartiles.map((value) => value.toFixed(0)).join('–'),
      text(offered?.median, 0),
      text(cpuNs?.median, 0),
      text(machineNs?.median, 0),
    ]),
    rows,
  };
}

function tcpResult({ tcp }: Measured, absent: Absent, { rounds, tcpSeconds }: Plan): Result {
  const rows = namesOf(FABRICS).map((name) => {
    const own = tcp.filter((one) => one.name === name);
    const gbps = summary(
      own.map((one) => one.gbps),
      2,
    );
    const retransmits = summary(own.map((one) => one.retransmits));
    return { fabric: name, gbps, retransmits, ...why(absent, name) };
  });
  return {
    section: 'live-tcp',
    method: [
      `${COMMAND}; one connection from VM to VM on two hosts, iperf3, ${rounds} rounds of ${tcpSeconds} s, in turn. Provider network with an`,
      'MTU of 1,500; the VMs’ is what an envelope leaves of it. Open vSwitch’s userspace datapath takes no offloads: they are off in its VMs.',
      `Both hosts and both VMs share the cores.${absentText(absent, FABRICS)}`,
    ].join(' '),
    head: ['fabric', 'Gbit/s', 'quartiles', 'retransmissions'],
    cells: rows.map(({ fabric, gbps, retransmits }) => [
      FABRICS[fabric],
      text(gbps?.median, 2),
      gbps === null ? '' : gbps.quartiles.map((value) => value.toFixed(2)).join('–'),
      text(retransmits?.median, 0),
    ]),
    rows,
  };
}

function latencyResult({ latency }: Measured, absent: Absent, { rounds, pings }: Plan): Result {
  const rows = namesOf(FABRICS).map((name) => {
    const own = latency.filter((one) => one.name === name);
    const of = (field: 'p50' | 'p99' | 'rate' | 'lost') => summary(own.map((one) => one[field]));
    return {
      fabric: name,
      p50: of('p50'),
      p99: of('p99'),
      rate: of('rate'),
      lost: of('lost'),
      ...why(absent, name),
    };
  });
  return {
    section: 'live-latency',
    method: [
      `${COMMAND}; ping from VM to VM on two hosts, one per millisecond, ${rounds} rounds of ${pings}, in turn; medians of the rounds’ p50 and`,
      `p99, and the questions per second that ping asked.${absentText(absent, FABRICS)}`,
    ].join(' '),
    head: ['fabric', 'p50 µs', 'p99 µs', 'per second', 'lost'],
    cells: rows.map(({ fabric, p50, p99, rate, lost }) => [
      FABRICS[fabric],
      text(p50?.median, 0),
      text(p99?.median, 0),
      text(rate?.median, 0),
      text(lost?.median, 0),
    ]),
    rows,
  };
}

function ratiosResult(measured: Measured, { rounds, lengths }: Plan): Result {
  const rows = ratiosOf(measured, lengths);
  const dropped = summary(measured.malformed.map((one) => one.dropped))?.median;
  return {
    section: 'live-floors',
    method: [
      `${COMMAND}; medians and quartiles of the quotients of ${rounds} rounds. Malformed frames: a VM sends ${RATE.toLocaleString('en-US')} frames`,
      `of ${FRAME_BYTES} B per second by \`--io packet\`, another one malformed ones as fast as it can: ${text(dropped, 0)} kpps of them were`,
      'taken, every one dropped and counted by its reason. Both senders share a core.',
    ].join(' '),
    head: ['what', 'frame', 'ratio', 'quartiles', 'asked for', 'holds'],
    cells: rows.map(({ what, frameBytes, ratio, spread, bound, floor, holds }) => [
      what,
      frameBytes === undefined ? '' : `${frameBytes} B`,
      text(ratio ?? undefined, 2),
      spread === null ? '' : spread.map((value) => value.toFixed(2)).join('–'),
      `${bound} ${floor}`,
      holds === null ? NONE : holds ? 'yes' : 'no',
    ]),
    rows,
  };
}

interface Summary {
  readonly median: number;
  readonly quartiles: readonly [number, number];
}

/** Null: of nothing. */
function summary(values: readonly number[], digits = 0): Summary | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => round(quantile(sorted, part), digits);
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}

function text(value: number | undefined, digits: number): string {
  return value === undefined ? NONE : value.toFixed(digits);
}

const namesOf = <Name extends SystemName | FabricName>(titles: Record<Name, string>) =>
  Object.keys(titles) as Name[];

const why = (absent: Absent, name: string) => (absent[name] === undefined ? {} : { absent: absent[name] });

function absentText(absent: Absent, titles: Record<string, string>): string {
  const reasons = Object.entries(absent).map(([name, reason]) => `${titles[name]} (${reason})`);
  return reasons.length === 0 ? '' : ` Absent: ${reasons.join('; ')}.`;
}
