/** One of several threads: processes its frames again and again, and says how many it has done. */

import { AttachedDataplane } from 'netvirt/core';
import { passOf } from './engines.ts';
import type { Order } from './several.ts';

interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(count: number): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { attachment, inputs, batch } }) => {
  const pass = passOf(AttachedDataplane.attach(attachment), inputs, batch);
  let done = 0;
  const turn = () => {
    const end = performance.now() + 25;
    while (performance.now() < end) {
      pass();
      done += inputs.length;
    }
    scope.postMessage(done);
    setTimeout(turn);
  };
  turn();
};
