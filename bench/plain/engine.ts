/**
 * The same dataplane in plain TypeScript: same checks, same verdicts, same frames, no WebAssembly. It is the rival in the
 * benchmark and a second opinion in the tests. Only FlowID and flow label differ, which are the sender's choice.
 */

import { INPUT_CUT, INPUT_SIZE, LARGE_SLOT_SIZE, SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout.ts';
import { DROP_CUT_CAPTURE, DROP_FRAME_TOO_LONG, DROP_UNKNOWN_PORT } from '../../src/abi/verdict.ts';
import { plan } from '../../src/policy/compile.ts';
import type { Host, Policy } from '../../src/policy/model.ts';
import { Egress } from './egress.ts';
import { Emit } from './emit.ts';
import { Ingress } from './ingress.ts';
import { type State, createState } from './state.ts';

export class PlainEngine {
  /** Slots, then large slots. */
  readonly buffer: ArrayBuffer;
  readonly largeSlots: number;
  /** Input descriptors, four words each, as in src/abi/layout.ts. */
  readonly inputs: Uint32Array;
  readonly emit: Emit;
  readonly #state: State;
  readonly #egress: Egress;
  readonly #ingress: Ingress;
  readonly #mask: number;

  constructor(policy: Policy, host: Host, slots: number, largeSlots: number) {
    const planned = plan(policy, host);
    this.largeSlots = slots * SLOT_SIZE;
    this.buffer = new ArrayBuffer(this.largeSlots + largeSlots * LARGE_SLOT_SIZE);
    let ringEntries = 1;
    while (ringEntries < slots + largeSlots) ringEntries *= 2;
    this.#mask = ringEntries - 1;
    this.inputs = new Uint32Array((ringEntries * INPUT_SIZE) / 4);
    this.emit = new Emit(ringEntries, planned.subnets.size);
    this.#state = createState(policy, planned);
    this.#egress = new Egress(this.buffer, this.#state, this.emit);
    this.#ingress = new Ingress(this.buffer, this.#state, this.emit);
  }

  /** Where the frame of a slot begins. */
  frameAt(slot: number): number {
    return slot * SLOT_SIZE + SLOT_HEADROOM;
  }

  process(first: number, count: number): number {
    const { inputs, emit } = this;
    const { ports } = this.#state;
    emit.begin();
    for (let index = 0; index < count; index++) {
      emit.beginInput(index);
      const at = ((first + index) & this.#mask) * 4;
      const frame = inputs[at]!;
      const length = inputs[at + 1]!;
      const number = inputs[at + 2]! & 0xffff;
      const flags = inputs[at + 2]! >>> 16;
      const port = ports[number];
      if (flags !== 0)
        emit.drop(port?.subnet ?? 0, (flags & INPUT_CUT) !== 0 ? DROP_CUT_CAPTURE : DROP_FRAME_TOO_LONG);
      else if (number === 0) this.#ingress.process(frame, length);
      else if (port !== undefined) this.#egress.process(port, frame, length);
      else emit.drop(0, DROP_UNKNOWN_PORT);
    }
    return emit.count;
  }
}
