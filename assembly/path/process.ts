// The loop over a batch: one crossing from the host, at least one output descriptor for every input.

import {
  INPUT_ADDRESS,
  INPUT_CUT,
  INPUT_FLAGS,
  INPUT_LENGTH,
  INPUT_PORT,
  INPUT_SIZE,
  INPUT_TOO_LONG,
} from '../../src/abi/layout';
import { DROP_CUT_CAPTURE, DROP_FRAME_TOO_LONG, DROP_UNKNOWN_PORT } from '../../src/abi/verdict';
import { takeCopyRoom } from '../copies';
import { enterBatch, leaveBatch } from '../epoch';
import { inputs, ringEntries, staged } from '../memory';
import { Port, isPort } from '../tables/ports';
import { egress } from './egress';
import { beginBatch, beginInput, drop, emitted } from './emit';
import { ingress } from './ingress';
import { readOffload } from './offload';
import { agePathMtus } from './pathmtu';
import { GROUP, touch } from './touch';

/** Of the flags those that say that the frame is not there. */
const NOT_WHOLE: u32 = isDefined(NETVIRT_LIVE) ? INPUT_CUT | INPUT_TOO_LONG : 0xffff;

/**
 * Processes `count` input descriptors from number `first` of the ring on, which wraps around. `time`: milliseconds that
 * never go back. Returns the number of output descriptors, which begin at the start of the output ring; their input
 * numbers count from 0.
 */
export function process(first: u32, count: u32, time: f64): u32 {
  enterBatch();
  takeCopyRoom();
  beginBatch(count, time);
  agePathMtus(time);
  for (let index: u32 = 0; index < count; index++) {
    if (staged != 0 && (index & (GROUP - 1)) == 0) touch(first + index, min(GROUP, count - index));
    beginInput(index);
    const descriptor = inputs + <usize>((first + index) & (ringEntries - 1)) * INPUT_SIZE;
    const frame = load<u32>(descriptor, INPUT_ADDRESS);
    const length = load<u32>(descriptor, INPUT_LENGTH);
    const port = <u32>load<u16>(descriptor, INPUT_PORT);
    const flags = <u32>load<u16>(descriptor, INPUT_FLAGS);
    const lie: u32 = isDefined(NETVIRT_LIVE) ? readOffload(frame, length, flags) : 0;
    if ((flags & NOT_WHOLE) != 0)
      drop(knownSubnet(port), flags & INPUT_CUT ? DROP_CUT_CAPTURE : DROP_FRAME_TOO_LONG);
    else if (lie != 0) drop(knownSubnet(port), lie);
    else if (port == 0) ingress(frame, length);
    else if (isPort(port)) egress(port, frame, length);
    else drop(0, DROP_UNKNOWN_PORT);
  }
  leaveBatch();
  return emitted();
}

function knownSubnet(port: u32): u32 {
  return port != 0 && isPort(port) ? Port.at(port).subnet : 0;
}
