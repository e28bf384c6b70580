/** Processes the frames in its slots again and again while its gate is open, and counts the packets. Nothing but the engine runs. */

import { workerData } from 'node:worker_threads';

const BATCH = 256;
/** As src/abi/layout.ts. */
const [SLOT_SIZE, SLOT_HEADROOM, INPUT_WORDS] = [2048, 128, 4];

const { attachment, frames, gate, packets } = workerData;
const { module, memory, worker } = attachment;
const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
exports.attach(worker);
const bytes = new Uint8Array(memory.buffer);
const words = new Uint32Array(memory.buffer);
for (const [slot, { frame, port }] of frames.entries()) {
  const address = exports.slotsAddress.value + slot * SLOT_SIZE + SLOT_HEADROOM;
  bytes.set(frame, address);
  words.set([address, frame.length, port, 0], exports.inputsAddress.value / 4 + slot * INPUT_WORDS);
}
const open = new Int32Array(gate);
const counted = new BigInt64Array(packets);
for (;;) {
  Atomics.wait(open, 0, 0);
  // Envelopes go into the headroom and leave the frames as they are: each pass has the same work.
  for (let first = 0; first < frames.length; first += BATCH) exports.process(first, BATCH, 0);
  Atomics.add(counted, 0, BigInt(frames.length));
}
