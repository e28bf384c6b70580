// Back out of the port that a frame came from: answers and errors, with the tag of the VLAN that the frame had.

import { Port } from '../tables/ports';
import { Subnet } from '../tables/subnets';
import { VLAN_TAG } from '../wire/ethernet';
import { isOnVlan, tagFor } from './deliver';
import { reply, replyBeside, sendError } from './emit';

/** The input is answered by `frame`. */
export function answer(port: Port, subnet: Subnet, frame: usize, length: u32): void {
  if (!isOnVlan(port.index, subnet.index)) return reply(subnet.index, port.index, frame, length);
  reply(subnet.index, port.index, tagFor(port.index, subnet.index, frame), length + VLAN_TAG);
}

/** The input is answered, and dropped all the same. */
export function answerBeside(port: Port, subnet: Subnet, frame: usize, length: u32): void {
  if (!isOnVlan(port.index, subnet.index)) return replyBeside(port.index, frame, length);
  replyBeside(port.index, tagFor(port.index, subnet.index, frame), length + VLAN_TAG);
}

/** An ICMP error about the input. */
export function answerError(port: Port, subnet: Subnet, frame: usize, length: u32): void {
  if (!isOnVlan(port.index, subnet.index)) return sendError(subnet.index, port.index, frame, length);
  sendError(subnet.index, port.index, tagFor(port.index, subnet.index, frame), length + VLAN_TAG);
}
