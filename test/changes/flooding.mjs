/** A worker that floods again and again, one second of its rate limit apart: how many outputs the last frame had. Runs the built package. */

import { parentPort, workerData } from 'node:worker_threads';
import { AttachedDataplane } from '../../dist/index.js';

const { attachment, frame, port } = workerData;
const STOP = new Int32Array(workerData.stop);

const dataplane = await AttachedDataplane.attach(attachment);
let now = 0;
let lengths;
const drops = new Set();
const flood = () => {
  dataplane.batch.push(frame, port);
  dataplane.process((now += 1000));
  lengths = [...dataplane.batch.outputs()].map((output) => output.frame.slice().length);
  for (const { verdict } of dataplane.batch.drops()) drops.add(verdict);
};
flood();
parentPort.postMessage('ready');
while (Atomics.load(STOP, 0) === 0) flood();
flood();
parentPort.postMessage({ lengths, drops: [...drops] });
