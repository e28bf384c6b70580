/** Frames that say which flow they are of and which of its packets: in their last eight bytes, which no envelope moves. */

import { Worker } from 'node:worker_threads';
import {
  WorkerPool,
  type PoolDrop,
  type PoolOutput,
  type WorkerCrash,
  type WorkerPoolOptions,
} from '../../src/index.ts';
import { concat, ethernet, ipv4, ipv6, pattern, u32, udp } from '../packets/index.ts';
import { envelope4 } from '../rules/case.ts';
import { BLUE, VMS, policy } from '../rules/fabric.ts';

/** A frame and the name of its port. */
export interface Sent {
  readonly from: 'a' | 'uplink';
  readonly frame: Uint8Array;
}

/** Whole frames end in the payload. */
const payload = (flow: number, sequence: number, length: number): Uint8Array =>
  concat(pattern(length), u32(flow), u32(sequence));

/** To a VM here, to one on another host, from there; over IPv4 and IPv6. `length` of the payload, bytes, at least 8. */
export function flowFrame(flow: number, sequence: number, length: number): Sent {
  const datagram = udp({ srcPort: 1000 + flow, dstPort: 53 }, payload(flow, sequence, length - 8));
  const to = flow % 4 === 0 ? VMS.a2 : VMS.b;
  const [src, dst] = flow % 4 === 3 ? [VMS.b, VMS.a] : [VMS.a, to];
  const packet =
    flow % 4 === 1
      ? ipv6({ src: src.ipv6, dst: dst.ipv6 }, datagram)
      : ipv4({ src: src.ipv4, dst: dst.ipv4 }, datagram);
  const frame = ethernet({ src: src.mac, dst: dst.mac }, packet);
  return flow % 4 === 3
    ? { from: 'uplink', frame: envelope4('h2', 'h1', BLUE, frame) }
    : { from: 'a', frame };
}

/** The middle of a datagram between the same VMs as those of `flow`: no port in it. */
export function laterFragment(flow: number, sequence: number): Sent {
  const [src, dst] = flow % 4 === 3 ? [VMS.b, VMS.a] : [VMS.a, VMS.a2];
  const packet = ipv4(
    { src: src.ipv4, dst: dst.ipv4, offset: 10, protocol: 17 },
    payload(flow, sequence, 24),
  );
  const frame = ethernet({ src: src.mac, dst: dst.mac }, packet);
  return flow % 4 === 3
    ? { from: 'uplink', frame: envelope4('h2', 'h1', BLUE, frame) }
    : { from: 'a', frame };
}

export function markOf(frame: Uint8Array): { flow: number; sequence: number } {
  const view = new DataView(frame.buffer, frame.byteOffset + frame.length - 8, 8);
  return { flow: view.getUint32(0), sequence: view.getUint32(4) };
}

/** The same sequence of numbers in every run. */
export function generator(seed = 1): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A pool whose outputs are noted: what came of every push. */
export interface Lab {
  readonly pool: WorkerPool;
  readonly outputs: { flow: number; sequence: number; input: number; worker: number }[];
  readonly drops: PoolDrop[];
  readonly crashes: WorkerCrash[];
  /** Threads in the order in which they were started. */
  readonly threads: Worker[];
  send(sent: Sent): Promise<void>;
  trySend(sent: Sent): boolean;
}

export async function createLab(options: Partial<WorkerPoolOptions> & { workers: number }): Promise<Lab> {
  const lab: Pick<Lab, 'outputs' | 'drops' | 'crashes' | 'threads'> = {
    outputs: [],
    drops: [],
    crashes: [],
    threads: [],
  };
  const pool = await WorkerPool.create({
    policy: policy(),
    host: 'h1',
    onOutput: ({ frame, input, worker }: PoolOutput) => {
      lab.outputs.push({ ...markOf(frame), input, worker });
    },
    onDrop: (drop) => {
      lab.drops.push(drop);
    },
    onCrash: (crash) => {
      lab.crashes.push(crash);
    },
    createWorker: () => {
      const thread = new Worker(new URL('../../dist/worker.js', import.meta.url));
      lab.threads.push(thread);
      return thread;
    },
    ...options,
  });
  const port = pool.dataplane.port('a');
  const trySend = ({ from, frame }: Sent) => pool.push(frame, from === 'a' ? port : 0);
  const send = async (sent: Sent) => {
    while (!trySend(sent)) await pool.ready();
  };
  return { ...lab, pool, send, trySend };
}

/** Outputs whose sequence number is lower than one of their flow before. */
export function reordered(outputs: readonly { flow: number; sequence: number }[]): number {
  const last = new Map<number, number>();
  let count = 0;
  for (const { flow, sequence } of outputs) {
    if (sequence < (last.get(flow) ?? -1)) count++;
    else last.set(flow, sequence);
  }
  return count;
}
