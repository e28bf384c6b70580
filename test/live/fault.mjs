// Preloaded by tests (`--import`) in a process that runs netvirt, and with it in its threads: a signal makes the first I/O thread die.
//
//   SIGUSR2   it throws in the middle of its next batch: frames are received, and not processed yet
//   SIGWINCH  the one that was started last is ended from outside, wherever it is

import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'netvirt-test-fault';

if (isMainThread) arm();
else if (getEnvironmentData(KEY) !== undefined) obey(getEnvironmentData(KEY));

function arm() {
  const faults = new Int32Array(new SharedArrayBuffer(4));
  setEnvironmentData(KEY, faults);
  const threads = process.getBuiltinModule('node:worker_threads');
  const alive = [];
  threads.Worker = class extends threads.Worker {
    constructor(...options) {
      super(...options);
      alive.push(this);
      this.once('exit', () => alive.splice(alive.indexOf(this), 1));
    }
  };
  process.on('SIGUSR2', () => Atomics.add(faults, 0, 1));
  process.on('SIGWINCH', () => void alive.at(-1).terminate());
}

/** The loop asks for the time between receiving and processing. */
function obey(faults) {
  const now = performance.now.bind(performance);
  performance.now = () => {
    if (Atomics.load(faults, 0) > 0 && Atomics.sub(faults, 0, 1) > 0) throw new Error('a fault of the test');
    return now();
  };
}
