/** One TCP connection from VM to VM by iperf3, fabric after fabric in turn. */

import { setTimeout as sleep } from 'node:timers/promises';
import { outputOf } from '../../test/live/namespaces.ts';
import {
  CLIENT,
  type Fabric,
  type FabricName,
  SERVER,
  SERVER_ADDRESS,
  pauseFabric,
  resumeFabric,
} from './fabrics.ts';
import type { Plan } from './options.ts';

export interface TcpSample {
  readonly name: FabricName;
  readonly round: number;
  readonly gbps: number;
  readonly retransmits: number;
}

interface Iperf {
  readonly error?: string;
  readonly end: {
    readonly sum_sent: { readonly retransmits: number };
    readonly sum_received: { readonly bits_per_second: number };
  };
}

export async function measureTcp(
  fabrics: readonly Fabric[],
  { rounds, tcpSeconds, warmUp }: Plan,
): Promise<TcpSample[]> {
  for (const { topology } of fabrics) topology.start(SERVER.name, 'iperf3', '--server').stdout.resume();
  await sleep(300);
  const samples: TcpSample[] = [];
  for (let round = 0; round < rounds; round++) {
    const inTurn = round % 2 === 0 ? fabrics : fabrics.toReversed();
    for (const fabric of inTurn) {
      resumeFabric(fabric);
      samples.push({ name: fabric.name, round, ...(await connect(fabric, tcpSeconds, warmUp)) });
      pauseFabric(fabric);
    }
  }
  return samples;
}

/** @param warmUp until it is at its speed, which is not counted. */
async function connect(
  { name, topology }: Fabric,
  seconds: number,
  warmUp: number,
): Promise<{ gbps: number; retransmits: number }> {
  const options = [
    '--client',
    SERVER_ADDRESS,
    '--time',
    String(seconds),
    '--omit',
    String(Math.ceil(warmUp)),
    '--json',
  ];
  const result = JSON.parse(await outputOf(topology.start(CLIENT.name, 'iperf3', ...options))) as Iperf;
  if (result.error !== undefined) throw new Error(`${name}: iperf3 says: ${result.error}`);
  const { sum_sent: sent, sum_received: received } = result.end;
  return { gbps: received.bits_per_second / 1e9, retransmits: sent.retransmits };
}
