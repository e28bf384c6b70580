/** Round trips from VM to VM by ping, a thousand per second, fabric after fabric in turn. */

import { outputOf } from '../../test/live/namespaces.ts';
import { quantile } from '../statistics.ts';
import {
  CLIENT,
  type Fabric,
  type FabricName,
  SERVER_ADDRESS,
  pauseFabric,
  resumeFabric,
} from './fabrics.ts';
import type { Plan } from './options.ts';

export interface LatencySample {
  readonly name: FabricName;
  readonly round: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
  /** Questions per second, as they came to be. */
  readonly rate: number;
}

const INTERVAL = '0.001';
/** Seconds that an answer is waited for. */
const PATIENCE = '1';

export async function measureLatency(
  fabrics: readonly Fabric[],
  { rounds, pings }: Plan,
): Promise<LatencySample[]> {
  const samples: LatencySample[] = [];
  for (let round = 0; round < rounds; round++) {
    const inTurn = round % 2 === 0 ? fabrics : fabrics.toReversed();
    for (const fabric of inTurn) {
      resumeFabric(fabric);
      samples.push({ name: fabric.name, round, ...(await ping(fabric, pings)) });
      pauseFabric(fabric);
    }
  }
  return samples;
}

async function ping(
  { name, topology }: Fabric,
  count: number,
): Promise<Omit<LatencySample, 'name' | 'round'>> {
  const options = ['-n', '-i', INTERVAL, '-W', PATIENCE, '-c', String(count)];
  const text = await outputOf(topology.start(CLIENT.name, 'ping', ...options, SERVER_ADDRESS));
  const times = [...text.matchAll(/ time=([\d.]+) ms/g)]
    .map(([, time]) => Number(time) * 1000)
    .sort((a, b) => a - b);
  const milliseconds = Number(/ time (\d+)ms/.exec(text)?.[1]);
  if (times.length === 0) throw new Error(`${name}: no answer to ping: ${text}`);
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    lost: count - times.length,
    rate: (count / milliseconds) * 1000,
  };
}
