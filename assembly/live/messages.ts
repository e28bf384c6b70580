// Frames that `recvmmsg` or `read` put into this memory become inputs.

import {
  MESSAGE_CONTROL,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_FLAGS,
  MESSAGE_LENGTH,
  MESSAGE_SIZE,
  MESSAGE_VECTOR,
} from '../../src/abi/live';
import { VNET_SIZE } from '../../src/abi/vnet';
import { base } from './area';
import { beginInputs, describe, inputsDescribed, isForNextBatch, putTagBack } from './describe';

const MSG_TRUNC: u32 = 0x20;
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
const TPID_CUSTOMER: u32 = 0x8100;
const PACKET_AUXDATA: u32 = 8;

/** Bytes of the control message that is read. */
const AUXILIARY_SIZE: u64 = 36;

/**
 * Describes messages from number `first` on up to `end`, as many as fit into a batch. Each has one iovec and room for one control
 * message. Returns how many.
 *
 *  cmsghdr: 0 len u64, 8 level u32, 12 type u32; behind it tpacket_auxdata: 16 status, 20 len, 24 snaplen, 28 mac u16, 30 net u16,
 *  32 vlan_tci u16, 34 vlan_tpid u16
 */
export function describeMessages(messages: usize, first: u32, end: u32, port: u32, hasVnet: bool): u32 {
  beginInputs();
  const offset: u32 = hasVnet ? VNET_SIZE : 0;
  for (let index = first; index < end; index++) {
    const message = messages + <usize>index * MESSAGE_SIZE;
    const received = load<u32>(message, MESSAGE_LENGTH);
    let captured = received - min(offset, received);
    if (isForNextBatch(captured)) break;
    let frame = <usize>(load<u64>(<usize>(load<u64>(message, MESSAGE_VECTOR) - base)) - base) + offset;
    const tag = tagOf(message);
    if (tag != 0) {
      frame = putTagBack(frame, tag >> 16, tag & 0xffff, hasVnet);
      captured += 4;
    }
    const isCut = (load<u32>(message, MESSAGE_FLAGS) & MSG_TRUNC) != 0;
    describe(frame, isCut ? captured + 1 : captured, captured, port, hasVnet);
  }
  return inputsDescribed();
}

/** TPID and TCI of the tag that the kernel took out of the frame; 0: none. */
function tagOf(message: usize): u32 {
  if (load<u64>(message, MESSAGE_CONTROL_LENGTH) < AUXILIARY_SIZE) return 0;
  const auxiliary = <usize>(load<u64>(message, MESSAGE_CONTROL) - base);
  const status = load<u32>(auxiliary, 16);
  if (load<u32>(auxiliary, 12) != PACKET_AUXDATA || (status & TP_STATUS_VLAN_VALID) == 0) return 0;
  const tpid: u32 = status & TP_STATUS_VLAN_TPID_VALID ? load<u16>(auxiliary, 34) : TPID_CUSTOMER;
  return (tpid << 16) | load<u16>(auxiliary, 32);
}

/** Begins a batch of frames that are described one by one. */
export { beginInputs } from './describe';

export function describeFrame(frame: usize, length: u32, port: u32, hasVnet: bool): void {
  describe(frame, length, length, port, hasVnet);
}
