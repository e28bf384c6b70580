/** Processes one batch again and again on the memory of the main thread's dataplane, and counts the packets. */

import { workerData } from 'node:worker_threads';
import { AttachedDataplane } from '../dist/index.js';

const { attachment, frames, packets, stop } = workerData;
const count = new BigInt64Array(packets);
const stopped = new Int32Array(stop);
const dataplane = await AttachedDataplane.attach(attachment);
while (Atomics.load(stopped, 0) === 0) {
  for (const { frame, port } of frames) dataplane.batch.push(frame, port);
  dataplane.process();
  Atomics.add(count, 0, BigInt(frames.length));
}
