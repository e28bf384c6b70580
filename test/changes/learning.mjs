/** A worker that processes one frame from the uplink whenever it is told to, at the time that it is told. Runs the built package. */

import { parentPort, workerData } from 'node:worker_threads';
import { AttachedDataplane } from '../../dist/index.js';

const { attachment, frame, rounds } = workerData;
const [TOLD, DONE] = [0, 1];
const words = new Int32Array(workerData.words);
const time = new Float64Array(workerData.time);

const dataplane = AttachedDataplane.attach(attachment);
parentPort.postMessage('ready');
for (let round = 1; round <= rounds; round++) {
  dataplane.batch.push(frame, 0);
  while (Atomics.load(words, TOLD) < round);
  dataplane.process(time[0]);
  Atomics.store(words, DONE, round);
}
