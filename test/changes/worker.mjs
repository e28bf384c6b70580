/**
 * A worker of the concurrency tests: processes the same batch again and again on the memory that the main thread changes, and
 * reports every batch whose outputs no single state of the policy explains. Plain JavaScript: it runs the built package.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { AttachedDataplane } from '../../dist/index.js';

const { attachment, frames, allowed, isOneState } = workerData;
/** Where the FlowID stands in an envelope over IPv4: the sender's choice. */
const FLOW_ID = 41;
const STOP = new Int32Array(workerData.stop);

const dataplane = await AttachedDataplane.attach(attachment);
const states = allowed.map((perFrame) => perFrame.map((texts) => new Set(texts)));
let batches = 0;
const seen = new Set();
const faults = [];

function textOf({ verdict, port, frame }) {
  const bytes = Buffer.from(frame);
  if (port === 0 && bytes[23] === 47) bytes[FLOW_ID] = 0;
  return `${verdict} ${port} ${bytes.toString('hex')}`;
}

parentPort.postMessage('ready');
while (Atomics.load(STOP, 0) === 0) {
  for (const { frame, port } of frames) {
    if (!dataplane.batch.push(frame, port)) throw new Error('the batch is full');
  }
  dataplane.process();
  batches++;
  const got = frames.map(() => []);
  for (const output of dataplane.batch.outputs()) got[output.input].push(textOf(output));
  for (const { input, verdict } of dataplane.batch.drops()) got[input].push(`drop ${verdict}`);
  const texts = got.map((one) => one.join(' + '));
  const explains = states.map((perFrame) => texts.every((text, index) => perFrame[index].has(text)));
  const isEachExplained = texts.every((text, index) => states.some((perFrame) => perFrame[index].has(text)));
  if (!(isOneState ? explains.includes(true) : isEachExplained)) faults.push(texts);
  if (isOneState) seen.add(explains.indexOf(true));
  else for (const [index, text] of texts.entries()) seen.add(`${index} ${text}`);
  if (faults.length > 5) break;
}
parentPort.postMessage({ batches, kinds: seen.size, faults });
