/** The two that are compared. Both copy each frame into a slot, then process a batch, as a program around them would. */

import { type AttachedDataplane, Dataplane, verdicts } from 'netvirt/core';
import { PlainEngine } from '../../bench/plain/engine.ts';
import type { Input, Workload } from './workload.ts';

/** Processes all inputs once. */
export type Pass = () => void;

export async function wasmPass({ policy, host, inputs }: Workload, size: number): Promise<Pass> {
  const dataplane = await Dataplane.create({ policy, host, capacity: { slots: size } });
  return passOf(dataplane, inputs, size);
}

export function passOf(
  dataplane: Dataplane | AttachedDataplane,
  inputs: readonly Input[],
  size: number,
): Pass {
  const { batch } = dataplane;
  return () => {
    for (let first = 0; first < inputs.length; first += size) {
      const end = Math.min(first + size, inputs.length);
      for (let index = first; index < end; index++) {
        const { frame, port } = inputs[index]!;
        batch.push(frame, port);
      }
      dataplane.process(0);
    }
    // A race that nobody runs is won easily.
    if (batch.verdictAt(0) !== verdicts.FORWARD)
      throw new Error(`expected frames to be forwarded, got verdict ${batch.verdictAt(0)}`);
  };
}

export function plainPass({ policy, host, inputs }: Workload, size: number): Pass {
  const own = policy.hosts.find(({ name }) => name === host)!;
  const engine = new PlainEngine(policy, own, size, 0);
  const bytes = new Uint8Array(engine.buffer);
  return () => {
    for (let first = 0; first < inputs.length; first += size) {
      const end = Math.min(first + size, inputs.length);
      for (let index = first; index < end; index++) {
        const { frame, port } = inputs[index]!;
        const slot = index - first;
        const at = engine.frameAt(slot);
        bytes.set(frame, at);
        engine.inputs[slot * 4] = at;
        engine.inputs[slot * 4 + 1] = frame.length;
        engine.inputs[slot * 4 + 2] = port;
      }
      engine.process(0, end - first);
    }
    const verdict = engine.emit.outputs[2]! >>> 16;
    if (verdict !== verdicts.FORWARD)
      throw new Error(`expected frames to be forwarded, got verdict ${verdict}`);
  };
}
